//! From the start of the program to the first byte at a meter, with drivers that were compiled before.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use system_tests::TestHost;

use crate::report;

/// Starts that are measured: the middle one counts.
const STARTS: usize = 7;

/// Starts the host with one device that it has never read.
pub fn run() -> Result<()> {
    let meter = TcpListener::bind("127.0.0.1:0").context("listen")?;
    let devices = format!(
        "name,driver,line,config\nfirst,vkt7,tcp:{},address=1\n",
        meter.local_addr()?
    );
    let mut host = TestHost::prepare(&devices, "");
    std::fs::remove_dir_all(host.folder().join("cache")).context("forget the compiled code")?;
    let new = std::fs::read(host.database()).context("read the database")?;
    let first = first_byte(&mut host, &meter)?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        for ending in ["-wal", "-shm"] {
            let mut name = host.database().into_os_string();
            name.push(ending);
            // A host that was killed early has made neither.
            let _ = std::fs::remove_file(name);
        }
        std::fs::write(host.database(), &new).context("write the database")?;
        times.push(first_byte(&mut host, &meter)?);
    }
    times.sort();
    let middle = times.get(STARTS / 2).copied().unwrap_or_default().as_secs_f64();
    report::head("start", "from the start of uzel serve to the first byte at a meter");
    report::goal(
        "start.warm",
        middle,
        "s",
        middle < 1.0,
        &format!("below 1 s, the middle of {STARTS} starts"),
    );
    report::figure(
        "start.cold",
        first.as_secs_f64(),
        "s",
        "once, with every driver still to be compiled",
    );
    Ok(())
}

fn first_byte(host: &mut TestHost, meter: &TcpListener) -> Result<Duration> {
    let begun = Instant::now();
    drop(host.launch());
    let (mut line, _) = meter.accept().context("accept the host")?;
    line.read_exact(&mut [0]).context("hear the host")?;
    let took = begun.elapsed();
    host.kill();
    Ok(took)
}
