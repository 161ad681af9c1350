//! Benchmarks of the release build: each prints its figures with their units and what they are.
//!
//! `cargo xtask bench` runs all of them, `cargo xtask bench NAME…` those that are named. Simulated meters run in a
//! process of their own, on the same machine.

mod api;
mod bare;
mod callers;
mod drivers;
mod earlier;
mod exchange;
mod fleet;
mod languages;
mod made;
mod meters;
mod modbus;
mod native;
mod parked;
mod poll;
mod process;
mod python;
mod report;
mod start;
mod store;
mod swap;
mod watch;
mod web;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use jiff::civil::DateTime;

/// Measures the release build of Uzel.
#[derive(Parser)]
#[command(
    name = "bench",
    after_help = "Examples:\n  bench\n  bench exchange store\n  bench fleet --meters 2000"
)]
struct Arguments {
    /// What to measure; everything when nothing is named.
    names: Vec<Name>,
    /// Meters of the fleet.
    #[arg(long, default_value_t = 10_000)]
    meters: u32,
    /// Sessions of each kind in `exchange`.
    #[arg(long, default_value_t = 1_200)]
    sessions: u32,
    /// Sessions open at once in `exchange`.
    #[arg(long, default_value_t = 16)]
    at_once: u32,
    /// Sessions that wait in `parked`.
    #[arg(long, default_value_t = 5_000)]
    waiting: u32,
    /// Devices that are stored in `store`.
    #[arg(long, default_value_t = 1_000)]
    devices: u32,
    /// Modems that call in `callers`.
    #[arg(long, default_value_t = 5_000)]
    modems: u32,
    /// For the process of the modems: whom they call.
    #[arg(long, hide = true)]
    server: Option<SocketAddr>,
    /// For the process of the meters: sockets that listen.
    #[arg(long, default_value_t = 1, hide = true)]
    listeners: u16,
    /// For the process of the meters: what they are like.
    #[command(flatten)]
    manner: meters::Manner,
    /// For the process of the meters: what their clocks show.
    #[arg(long, hide = true)]
    clock: Option<DateTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Processor time of a question and its answer: the driver natively and in the sandbox.
    Exchange,
    /// A fleet of ВКТ-7, from polling to SQLite.
    Fleet,
    /// A mixed fleet on TCP, at once and with answers that take 400 ms; only when it is named.
    Poll,
    /// Modems that call the host, all at once, and are read; only when it is named.
    Callers,
    /// Values into the store, beside a bare prepared statement.
    Store,
    /// Drivers that change places under load.
    Swap,
    /// Memory and mappings of sessions that wait for their meters.
    Parked,
    /// From the start of the program to its first question.
    Start,
    /// Decoding: each driver natively and in the sandbox, M-Bus telegrams beside other decoders; only when it is named.
    Drivers,
    /// Modbus TCP devices, from polling to SQLite, beside pymodbus and mbpoll; only when it is named.
    Modbus,
    /// A month of hours of a point for fifty clients at once, at rest and while a fleet is polled; only when it is named.
    Api,
    /// The client's budgets: 10,000 nodes, and a year of hours of one point in a headless browser; only when it is named.
    Web,
    /// The example drivers by their languages; only when it is named, for they are built apart.
    Languages,
    /// The process of the simulated meters.
    #[value(hide = true)]
    Meters,
    /// The process of the simulated modems.
    #[value(hide = true)]
    Modems,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.names == [Name::Meters] {
        let clock = arguments.clock.unwrap_or_else(meters::clock);
        return meters::serve(arguments.listeners, arguments.manner, clock);
    }
    if let ([Name::Modems], Some(server)) = (arguments.names.as_slice(), arguments.server) {
        let clock = arguments.clock.unwrap_or_else(meters::clock);
        return callers::serve(server, arguments.modems, clock);
    }
    report::machine();
    let asked = |name| arguments.names.is_empty() || arguments.names.contains(&name);
    if asked(Name::Exchange) {
        exchange::run(arguments.sessions, arguments.at_once)?;
    }
    if asked(Name::Store) {
        store::run(arguments.devices)?;
    }
    if asked(Name::Parked) {
        parked::run(arguments.waiting)?;
    }
    if asked(Name::Start) {
        start::run()?;
    }
    if asked(Name::Swap) {
        swap::run()?;
    }
    if asked(Name::Fleet) {
        fleet::run(arguments.meters)?;
    }
    if arguments.names.contains(&Name::Drivers) {
        drivers::run()?;
    }
    if arguments.names.contains(&Name::Modbus) {
        modbus::run()?;
    }
    if arguments.names.contains(&Name::Web) {
        web::run(arguments.meters)?;
    }
    if arguments.names.contains(&Name::Api) {
        api::run(arguments.meters)?;
    }
    if arguments.names.contains(&Name::Languages) {
        languages::run()?;
    }
    // These take minutes, so only when they are named.
    if arguments.names.contains(&Name::Callers) {
        callers::run(arguments.modems)?;
    }
    if arguments.names.contains(&Name::Poll) {
        poll::run(arguments.meters, 0)?;
        poll::run(arguments.meters, 400)?;
    }
    Ok(())
}
