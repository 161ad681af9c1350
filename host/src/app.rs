//! Builds every part and wires them; nothing else knows everyone.

use clap::Parser as _;

use crate::cli::args::{Arguments, Command, DriverCommand};
use crate::cli::{driver, read};

/// Does what the arguments say. Gives the exit code.
pub fn run() -> anyhow::Result<u8> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    match arguments.command {
        Command::Read(args) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            Ok(runtime.block_on(read::read(*args, &mut out))?)
        }
        Command::Driver(DriverCommand::Inspect { file, json }) => {
            driver::inspect(&file, json, &mut out)?;
            Ok(0)
        }
        _ => anyhow::bail!("not yet"),
    }
}
