//! Turns `driver.toml` into what `describe()` returns.

fn main() {
    uzel_driver_build::describe();
}
