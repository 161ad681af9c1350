//! Simulated ВКТ-7 in a process of their own, so that their processor time is not counted as ours.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use meter_sim::{Faults, Mbus, ModbusFraming, ModbusSlave, SimClock, Spt, Vkt7, Vkt7Builder, serve_many};

/// Elements of both kinds that an hour has: 20 columns.
const ELEMENTS: [u8; 20] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 77];

/// Columns of an hourly record of these meters.
pub const COLUMNS: u64 = ELEMENTS.len() as u64;

/// Hours in the ring of these meters.
pub const HOURS: u64 = 24;

/// Where the meters are.
pub const ZONE: &str = "Europe/Moscow";

/// What the meters' clocks show: they stand in the hour before this one, so that every hour that they hold is over by
/// the host's clock, too.
pub fn clock() -> DateTime {
    let zone = TimeZone::get(ZONE).expect("jiff knows Moscow");
    let now = Timestamp::now().to_zoned(zone).datetime();
    now.date()
        .at(now.hour(), 30, 0, 0)
        .checked_sub(1.hour())
        .expect("the calendar goes back")
}

/// The day that the meters hold, meter time.
pub fn day(clock: DateTime) -> (DateTime, DateTime) {
    let end = clock.date().at(clock.hour(), 0, 0, 0);
    (end.checked_sub(24.hours()).expect("the calendar goes back"), end)
}

/// Days for which the Modbus meters are in use: their ring of hours is full.
const REGISTER_DAYS: i64 = 70;

/// Sockets of the meters' process: ten thousand sessions at once, and a reserve.
const OPEN_FILES: u64 = 11_000;

/// What the meters are like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct Manner {
    /// They take questions and never answer.
    #[arg(long, hide = true)]
    pub silent: bool,
    /// A third each of ВКТ-7, СПТ943 and M-Bus heat meters, by the number of the listener. They hold all that such
    /// meters hold, not only a day.
    #[arg(long, hide = true)]
    pub mixed: bool,
    /// Modbus TCP heat meters (РЕГИСТР-1) instead.
    #[arg(long, hide = true)]
    pub modbus: bool,
    /// Time between a question and its answer, milliseconds.
    #[arg(long, default_value_t = 0, hide = true)]
    pub answer_ms: u64,
}

/// Serves until the standard input ends. Prints its ports, and on each line of the input the questions taken so far.
pub fn serve(listeners: u16, manner: Manner, clock: DateTime) -> Result<()> {
    if let Err(have) = system_tests::parts::raise_open_files(OPEN_FILES) {
        eprintln!("meters: {have} files may be open, {OPEN_FILES} are wanted");
    }
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let faults = Faults::new()
        .silence(if manner.silent { 1.0 } else { 0.0 })
        .delay(Duration::from_millis(manner.answer_ms));
    let vkt7 = vkt7(clock, !manner.mixed).faults(faults.clone());
    let spt943 = Spt::spt943().uneventful().clock(SimClock::fixed(clock));
    let history = spt943.generate();
    let spt943 = spt943.history(history).faults(faults.clone());
    let mbus = Mbus::heat().months(0).profile(2, 24).clock(SimClock::fixed(clock));
    let history = mbus.generate();
    let mbus = mbus.history(history).faults(faults);
    let register = ModbusSlave::heat()
        .framing(ModbusFraming::Tcp)
        .clock(SimClock::fixed(clock));
    let register = register.installed(clock.checked_sub(REGISTER_DAYS.days()).expect("the calendar goes back"));
    let mut lines = Vec::new();
    for number in 0..listeners {
        let (vkt7, spt943, mbus, register) = (vkt7.clone(), spt943.clone(), mbus.clone(), register.clone());
        // On all addresses of the loopback: to the host each of them is a line of its own.
        let at = (Ipv4Addr::UNSPECIFIED, 0).into();
        let served = serve_many(at, move |_| match number % MODELS {
            1 if manner.mixed => spt943.clone().link(),
            2 if manner.mixed => mbus.clone().link(),
            _ if manner.modbus => register.clone().link(),
            _ => vkt7.clone().link(),
        });
        lines.push(runtime.block_on(served).context("listen")?);
    }
    let ports: Vec<String> = lines.iter().map(|line| line.addr().port().to_string()).collect();
    println!("{}", ports.join(" "));
    for line in std::io::stdin().lines() {
        line.context("read the standard input")?;
        println!("{}", lines.iter().map(meter_sim::Many::requests).sum::<u64>());
    }
    Ok(())
}

/// A ВКТ-7 with its data, to be cloned; `young`: it holds no more than a day.
pub fn vkt7(clock: DateTime, young: bool) -> Vkt7Builder {
    let vkt7 = Vkt7::builder()
        .uneventful()
        .elements(ELEMENTS)
        .clock(SimClock::fixed(clock));
    let vkt7 = if young { vkt7.installed(day(clock).0) } else { vkt7 };
    let history = vkt7.generate();
    vkt7.history(history)
}

/// Models of a mixed fleet: meter and listener `n` are of model `n` modulo this.
pub const MODELS: u16 = 3;

/// The process of the meters. It ends when this is dropped.
pub struct Meters {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    ports: Vec<u16>,
    /// What their clocks show.
    pub clock: DateTime,
}

impl Meters {
    /// Starts them and waits until they listen.
    pub fn start(listeners: u16, manner: Manner) -> Result<Self> {
        let clock = clock();
        let program = std::env::current_exe().context("a running program has a path")?;
        let mut command = Command::new(program);
        command.args([
            "meters",
            "--listeners",
            &listeners.to_string(),
            "--clock",
            &clock.to_string(),
        ]);
        if manner.silent {
            command.arg("--silent");
        }
        if manner.mixed {
            command.arg("--mixed");
        }
        if manner.modbus {
            command.arg("--modbus");
        }
        command.args(["--answer-ms", &manner.answer_ms.to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the meters")?;
        let (input, output) = (child.stdin.take(), child.stdout.take().context("its output is piped")?);
        let mut meters = Self {
            child,
            input,
            output: BufReader::new(output),
            ports: Vec::new(),
            clock,
        };
        let ports = meters.line()?.split(' ').map(str::parse).collect::<Result<_, _>>();
        meters.ports = ports.context("the meters did not come up")?;
        Ok(meters)
    }

    /// Address of a meter: the same socket has many.
    pub fn address(&self, number: u32) -> String {
        let [_, a, b, c] = number.to_be_bytes();
        let port = self.ports.iter().cycle().nth(number as usize % self.ports.len().max(1));
        format!(
            "{}:{}",
            Ipv4Addr::new(127, a + 1, b, c),
            port.copied().unwrap_or_default()
        )
    }

    /// Questions that all of them took so far.
    pub fn questions(&mut self) -> Result<u64> {
        let input = self.input.as_mut().context("its input is piped")?;
        input.write_all(b"\n").context("ask the meters")?;
        Ok(self.line()?.parse()?)
    }

    /// Number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("hear the meters")?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Meters {
    fn drop(&mut self) {
        // Without input the process ends by itself.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
