//! Makes the answer of `describe` of driver.toml.

fn main() {
    uzel_driver_build::describe();
}
