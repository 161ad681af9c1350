//! `cargo xtask bench`: measures the release build. The benchmarks themselves are the program `bench` of system-tests.

use anyhow::Result;

use crate::host;
use crate::packages::{self, BROWSER, MBPOLL, PYTHON};
use crate::process::{self, say};
use crate::wasm;
use crate::web;
use crate::workspace::Workspace;

/// A benchmark of its own: its time is not the machine's.
const CITY: &str = "city";

/// The benchmarks beside other programs.
const DRIVERS: &str = "drivers";
const MODBUS: &str = "modbus";

/// The benchmark of the client: it is built into the host, and a browser shows it.
const WEB: &str = "web";

/// Builds what is measured and hands `arguments` to the program `bench`.
///
/// # Errors
/// A build or a benchmark fails.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    wasm::run(workspace, &[], None, false)?;
    if let [name] = arguments
        && name == CITY
    {
        say("building the simulated city");
        let mut city = process::command("cargo", &workspace.root);
        city.args([
            "run",
            "--release",
            "--package",
            "system-tests",
            "--features",
            "virtual-time",
            "--bin",
            CITY,
        ]);
        return process::run(&mut city, "look at the words above");
    }
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    if asked(WEB) {
        packages::ensure(BROWSER, "the browser that shows the client")?;
        web::run(workspace, false)?;
    }
    say("building the host, the simulators and the benchmarks");
    let programs = host::release(workspace)?;
    let mut bench = process::command(programs.bench(), &workspace.root);
    bench.args(arguments).envs(programs.variables(workspace));
    if asked(DRIVERS) {
        bench.env("UZEL_DECODER", wasm::module(workspace, "decoder")?);
    }
    if asked(DRIVERS) || asked(MODBUS) {
        packages::ensure(PYTHON, "the readers in Python that Uzel is measured beside")?;
    }
    if asked(MODBUS) {
        packages::ensure(MBPOLL, "the floor of the Modbus exchange")?;
    }
    process::run(&mut bench, "look at the benchmark's words above")
}
