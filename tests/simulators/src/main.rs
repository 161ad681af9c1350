//! `meter-sim`: simulated meters to try a collector on.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use jiff::civil::DateTime;
use meter_sim::fleet::{Fleet, Kind, Line, MeterConfig};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "Examples:
  meter-sim one vkt7 --listen 127.0.0.1:20001 --inputs 2
  meter-sim one mbus-heat --udp 127.0.0.1:20002
  meter-sim one spt943 --pty /tmp/tty-heat --faults noise=0.05,late=0.02,seed=7
  meter-sim one replay --listen 127.0.0.1:0 --recording session.txt
  meter-sim one vkt7 --call 127.0.0.1:5000 --modem irz:868441036775234,heartbeat_s=50
  meter-sim fleet fleet.toml

A line is printed for each started line, then `ready`. Ctrl-C or SIGTERM ends all.

Faults: seed, deaf, silence, noise, noise_in, sly, cut, late, duplicate (shares 0 to 1), drop_after and
drop_every (bytes), delay_ms, baud, wrong=serial|model, clock_s with clock_after (requests).";

/// Simulated heat, water and electricity meters on TCP, UDP and pseudo-terminals.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the lines and meters that a TOML file describes.
    Fleet { file: PathBuf },
    /// Starts one meter.
    One(Box<One>),
}

#[derive(Args)]
struct One {
    kind: Kind,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, conflicts_with_all = ["pty", "udp", "call"], required_unless_present_any = ["pty", "udp", "call"])]
    listen: Option<SocketAddr>,
    /// Address to take datagrams on; port 0 takes a free one.
    #[arg(long, conflicts_with = "pty")]
    udp: Option<SocketAddr>,
    /// Serve on a pseudo-terminal, with a link of this name unless it is empty.
    #[arg(long)]
    pty: Option<PathBuf>,
    /// Stand behind a modem that calls this address.
    #[arg(long, conflicts_with = "pty", requires = "modem")]
    call: Option<SocketAddr>,
    /// That modem: none, text:ID, dtu:TEXT, irz:IMEI, wrx:IMEI or assv:ID, and how it behaves.
    #[arg(long, default_value = "")]
    modem: String,
    /// Every connection finds a meter of its own.
    #[arg(long)]
    each_connection: bool,
    /// What goes wrong on the line.
    #[arg(long, default_value = "")]
    faults: String,
    /// Seed of the archived data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Network address of the meter.
    #[arg(long)]
    address: Option<u8>,
    #[arg(long)]
    serial: Option<String>,
    /// How a Modbus slave is spoken to: rtu, ascii or tcp; a DLMS meter: hdlc or wrapper.
    #[arg(long)]
    framing: Option<String>,
    /// Heat inputs in use, 1 or 2.
    #[arg(long)]
    inputs: Option<u8>,
    /// Report day, 1 to 31.
    #[arg(long)]
    report_day: Option<u8>,
    /// Report hour of an СПТ, 0 to 23.
    #[arg(long, default_value_t = 0)]
    report_hour: u8,
    /// Civil time at which the clock stands; without it the clock runs.
    #[arg(long)]
    clock: Option<DateTime>,
    /// Zone of the running clock.
    #[arg(long, default_value_t = 3, allow_negative_numbers = true)]
    utc_offset_h: i8,
    /// How much the running clock is fast.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    clock_error_s: i64,
    /// Recording to replay: text, or JSON of recorded sessions.
    #[arg(long)]
    recording: Option<PathBuf>,
    /// Which session of a JSON recording.
    #[arg(long, default_value_t = 0)]
    session: usize,
}

impl One {
    fn fleet(self) -> Fleet {
        let meter = MeterConfig {
            kind: self.kind,
            seed: self.seed,
            address: self.address,
            serial: self.serial,
            framing: self.framing,
            inputs: self.inputs,
            report_day: self.report_day,
            report_hour: self.report_hour,
            clock: self.clock,
            utc_offset_h: self.utc_offset_h,
            clock_error_s: self.clock_error_s,
            recording: self.recording,
            session: self.session,
        };
        let line = Line {
            listen: self.listen,
            udp: self.udp,
            pty: self.pty,
            call: self.call,
            modem: self.modem,
            count: 1,
            each_connection: self.each_connection,
            faults: self.faults,
            meters: vec![meter],
        };
        Fleet {
            lines: vec![line],
            ..Fleet::default()
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let fleet = match Cli::parse().command {
        Command::One(one) => one.fleet(),
        Command::Fleet { file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
            Fleet::parse(&text).with_context(|| format!("use {}", file.display()))?
        }
    };
    // Signals are listened to before `ready` is printed, so that whoever waits for it may end us at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = fleet.start().await.context("start the fleet")?;
    let mut out = std::io::stdout();
    for started in &running.started {
        writeln!(out, "{}", started.text)?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let requests = running.requests();
    running.shutdown().await;
    writeln!(out, "requests served: {requests}")?;
    Ok(())
}
