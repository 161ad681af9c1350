//! The exchange alone: `mbpoll` asks the same question again and again over one connection and prints what it got.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::report;

/// Questions of one run: it goes through a list of addresses, here always the same one.
const QUESTIONS: u32 = 200;
const RUNS: u32 = 10;

/// Registers of a question: fifteen hours of РЕГИСТР-1, four values each.
const REGISTERS: u32 = 120;
const VALUES: u32 = 60;

/// First register of the ring.
const RING: u32 = 0x1000;

/// Measures it where it is installed.
pub fn run(address: &str) -> Result<()> {
    let (host, port) = address.split_once(':').context("an address has a port")?;
    let units = vec!["1"; QUESTIONS as usize].join(",");
    let (first, count) = (RING.to_string(), REGISTERS.to_string());
    let begun = Instant::now();
    for _ in 0..RUNS {
        let mut command = Command::new("mbpoll");
        command.args([
            "-m", "tcp", "-p", port, "-a", &units, "-0", "-r", &first, "-c", &count, "-1", host,
        ]);
        match command.stdout(Stdio::null()).status() {
            Ok(status) => ensure!(status.success(), "{command:?} ended with {status}"),
            Err(error) => {
                println!("  SKIPPED: mbpoll: {error}; `apt-get install mbpoll` brings it");
                return Ok(());
            }
        }
    }
    let exchange_s = begun.elapsed().as_secs_f64() / f64::from(QUESTIONS * RUNS);
    report::figure(
        "modbus.mbpoll.exchange",
        exchange_s * 1e6,
        "us",
        "a question and its answer, libmodbus by mbpoll, one after another",
    );
    report::figure(
        "modbus.mbpoll.values",
        f64::from(VALUES) / exchange_s,
        "1/s",
        "values a second on the line, none stored",
    );
    Ok(())
}
