//! Modbus TCP devices, end to end, beside a poller in Python: the ring of hours of РЕГИСТР-1 into SQLite. Beside both, as
//! the floor for the exchange alone, libmodbus by `mbpoll`.

mod mbpoll;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::Row as _;
use system_tests::TestHost;

use crate::meters::{Manner, Meters};
use crate::watch::{number, until_read};
use crate::{process, python, report};

/// Devices; each has a connection of its own.
const DEVICES: u32 = 200;

/// Sockets that listen.
const LISTENERS: u16 = 8;

/// Connections open at once, on both sides.
const OPEN: u32 = 64;

/// The map of the devices.
const MAP: &str = include_str!("../../../examples/modbus-map.toml");

const PATIENCE: Duration = Duration::from_secs(600);

/// How many times as fast as pymodbus it has to be.
const GOAL_TIMES: f64 = 5.0;

/// What a poller came to.
struct Polled {
    values: f64,
    wall_s: f64,
    cpu_s: f64,
}

impl Polled {
    fn rate(&self) -> f64 {
        self.values / self.wall_s
    }

    fn cpu_us(&self) -> f64 {
        self.cpu_s * 1e6 / self.values
    }

    fn print(&self, name: &str, what: &str) {
        report::figure(&format!("modbus.{name}.values"), self.rate(), "1/s", what);
        let text = format!("processor time a value of {} values", self.values);
        report::figure(&format!("modbus.{name}.cpu"), self.cpu_us(), "us", &text);
    }
}

/// Has all of them read the same devices.
pub fn run() -> Result<()> {
    let manner = Manner {
        modbus: true,
        ..Manner::default()
    };
    let mut simulated = Meters::start(LISTENERS, manner)?;
    report::head(
        "modbus",
        &format!("{DEVICES} Modbus TCP devices on the same machine, at most {OPEN} connections at once"),
    );
    let ours = uzel(&simulated)?;
    ours.print("uzel", "values stored a second, Uzel from schedule to SQLite");
    let asked = simulated.questions()?;
    match pymodbus(&simulated) {
        Ok(theirs) => {
            theirs.print("pymodbus", "values stored a second, pymodbus with asyncio and sqlite3");
            let questions = [asked, simulated.questions()? - asked];
            println!("  questions: Uzel {}, pymodbus {}", questions[0], questions[1]);
            let times = ours.rate() / theirs.rate();
            let text = format!("{GOAL_TIMES} times the values a second of pymodbus");
            report::goal("modbus.times", times, "", times >= GOAL_TIMES, &text);
            let times = theirs.cpu_us() / ours.cpu_us();
            report::figure("modbus.cpu_times", times, "", "times its processor time a value");
        }
        Err(error) => println!("  SKIPPED: pymodbus: {error:#}"),
    }
    mbpoll::run(&simulated.address(0))
}

fn uzel(simulated: &Meters) -> Result<Polled> {
    let mut host = TestHost::prepare(
        "name,driver,line,every_minutes,tasks,config\n",
        &format!("[polling]\nsessions = {OPEN}\n"),
    );
    let map = format!("map_text={MAP}");
    for number in 0..DEVICES {
        let (name, line) = (
            format!("register {number}"),
            format!("tcp:{}", simulated.address(number)),
        );
        let words = [
            "device",
            "add",
            "--name",
            &name,
            "--driver",
            "modbus",
            "--config",
            "uzel.toml",
        ];
        let more = [
            "--line",
            &line,
            "--zone",
            crate::meters::ZONE,
            "--every",
            "1440",
            "--what",
            "hourly",
        ];
        let set = ["--set", "map=own", "--set", "framing=tcp", "--set", &map];
        host.uzel(&[&words[..], &more, &set].concat());
    }
    drop(host.launch());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (values, wall_s) = runtime.block_on(stored(&host))?;
    let cpu = process::cpu(host.pid())?;
    ensure!(host.stop(), "the host did not end well:\n{}", host.log());
    Ok(Polled {
        values,
        wall_s,
        cpu_s: cpu.as_secs_f64(),
    })
}

/// Values stored, and seconds from the first session's begin to the last one's end.
async fn stored(host: &TestHost) -> Result<(f64, f64)> {
    let pool = host.pool().await;
    until_read(host, &pool, DEVICES, PATIENCE).await?;
    let row = sqlx::query(
        "select sum(outcome = 'complete'), sum(values_added), max(ended_at_ms) - min(started_at_ms) from session",
    )
    .fetch_one(&pool)
    .await?;
    let [complete, values, wall_ms] = [0, 1, 2].map(|column| row.get::<i64, _>(column));
    ensure!(
        complete == i64::from(DEVICES),
        "{complete} of {DEVICES} sessions are complete"
    );
    pool.close().await;
    Ok((number(values), number(wall_ms) / 1e3))
}

fn pymodbus(simulated: &Meters) -> Result<Polled> {
    let python = python::Python::prepare()?;
    let folder = tempfile::tempdir()?;
    let (list, database) = (folder.path().join("devices.txt"), folder.path().join("values.db"));
    let addresses: Vec<_> = (0..DEVICES).map(|number| simulated.address(number)).collect();
    std::fs::write(&list, addresses.join("\n"))?;
    let open = OPEN.to_string();
    let said = python.run("modbus_poller.py", &[&list, &database, Path::new(&open)])?;
    let figures: Vec<f64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [values, wall_s, cpu_s] = figures[..]
        .try_into()
        .context("values, seconds, seconds of processor")?;
    Ok(Polled { values, wall_s, cpu_s })
}
