//! The program: arguments, then [`uzel::app::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    match uzel::app::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("uzel: {error:#}");
            ExitCode::FAILURE
        }
    }
}
