//! The program: arguments, then [`uzel::app::run`].

use std::process::ExitCode;

/// Thousands of sessions ask for memory and give it back at once, on every thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match uzel::app::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("uzel: {error:#}");
            ExitCode::FAILURE
        }
    }
}
