//! Turns `driver.toml` into the JSON of `describe()`.

fn main() {
    uzel_driver_build::describe();
}
