//! A city's modems call the host at once, each with a ВКТ-7 behind it: until all are registered, and until all are read.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::civil::DateTime;
use meter_sim::Modem;
use sqlx::Row as _;
use sqlx::SqlitePool;
use system_tests::TestHost;

use crate::meters::{self, COLUMNS, HOURS};
use crate::watch::{number, until_read};
use crate::{process, report};

/// How long all may take to be registered, and to be read.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often the host is asked how many are connected.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Has so many modems call, then reads each meter once.
pub fn run(modems: u32) -> Result<()> {
    system_tests::parts::raise_open_files(u64::from(modems) + 1_000)
        .map_err(|have| anyhow!("{modems} modems need {} open files, {have} may be open", modems + 1_000))?;
    // A free port: nobody takes it in the moment between.
    let server = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let clock = meters::clock();
    let mut simulated = Modems::start(server, modems, clock)?;
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..modems {
        let imei = imei(number);
        writeln!(
            devices,
            "meter {number},vkt7,incoming:city/{imei},1440,hourly,address=1"
        )?;
    }
    let listener = format!("[[listeners]]\nname = 'city'\nlisten = '{server}'\ngreeting = 'irz-atm'\n");
    let mut host = TestHost::prepare(&devices, &format!("[polling]\n{ON_DEMAND}\n{listener}"));
    host.spawn();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (pid, pool) = (host.pid(), runtime.block_on(host.pool()));
    let (idle_kib, idle_cpu) = (process::memory_kib(pid, "VmRSS")?, process::cpu(pid)?);
    let begun = Instant::now();
    simulated.call()?;
    runtime.block_on(until_connected(&host, modems))?;
    let registered = begun.elapsed();
    runtime.block_on(until_listed(&host, &pool, modems))?;
    let listed = begun.elapsed();
    let (held_kib, held_cpu) = (process::memory_kib(pid, "VmRSS")?, process::cpu(pid)?);
    let file = host.folder().join("uzel.toml");
    let config = std::fs::read_to_string(&file)?.replace(ON_DEMAND, "scheduled = true");
    std::fs::write(&file, config)?;
    host.signal("HUP");
    runtime.block_on(until_read(&host, &pool, modems, PATIENCE))?;
    let read = runtime.block_on(look(&pool, modems))?;
    let (cpu, peak_kib) = (process::cpu(pid)? - held_cpu, process::memory_kib(pid, "VmHWM")?);
    runtime.block_on(pool.close());
    ensure!(host.stop(), "the host did not end well:\n{}", host.log());
    let each = f64::from(modems.max(1));
    report::head(
        "callers",
        &format!("{modems} iRZ modems call at once, then {HOURS} hours of {COLUMNS} columns of the ВКТ-7 behind each"),
    );
    let seconds = registered.as_secs_f64();
    report::figure(
        "callers.registered",
        seconds,
        "s",
        "from the first call until all are connected and known",
    );
    report::figure(
        "callers.listed",
        listed.as_secs_f64(),
        "s",
        "until all stand in the list of callers, on disk",
    );
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / each;
    report::figure(
        "callers.cpu",
        micros(held_cpu - idle_cpu),
        "us",
        "processor time of the host a call",
    );
    let memory = (held_kib - idle_kib) / each;
    report::figure(
        "callers.memory",
        memory,
        "KiB",
        "resident memory of a caller that is connected",
    );
    report::figure(
        "callers.wall",
        read.wall_s,
        "s",
        "first session's begin to last one's end",
    );
    report::figure("callers.sessions", each / read.wall_s, "1/s", "sessions a second");
    report::figure(
        "callers.session_cpu",
        micros(cpu),
        "us",
        "processor time of the host a session",
    );
    report::figure(
        "callers.retries",
        read.retries,
        "each",
        "questions asked again, of all sessions",
    );
    report::figure(
        "callers.peak",
        peak_kib / 1024.0,
        "MiB",
        "most resident memory of the host",
    );
    Ok(())
}

/// Polls nobody yet.
const ON_DEMAND: &str = "scheduled = false";

fn imei(number: u32) -> String {
    format!("8684410{number:08}")
}

async fn until_connected(host: &TestHost, modems: u32) -> Result<()> {
    let begun = Instant::now();
    loop {
        let listeners = host.get("/api/v1/listeners").await;
        let connected = listeners["items"][0]["connected"]
            .as_u64()
            .context("a listener counts its callers")?;
        if connected >= u64::from(modems) {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{connected} of {modems} are connected; the log:\n{}",
            host.log()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn until_listed(host: &TestHost, pool: &SqlitePool, modems: u32) -> Result<()> {
    let begun = Instant::now();
    loop {
        let listed: i64 = sqlx::query_scalar("select count(*) from caller where connects > 0")
            .fetch_one(pool)
            .await?;
        if listed >= i64::from(modems) {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{listed} of {modems} are listed; the log:\n{}",
            host.log()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What reading all once came to.
struct Read {
    wall_s: f64,
    retries: f64,
}

async fn look(pool: &SqlitePool, modems: u32) -> Result<Read> {
    let row = sqlx::query(
        "select count(*), sum(outcome = 'complete'), sum(records_added), max(ended_at_ms) - min(started_at_ms),
             sum(retries), group_concat(distinct outcome) from session",
    )
    .fetch_one(pool)
    .await?;
    let [sessions, complete, added, wall_ms, retries] = [0, 1, 2, 3, 4].map(|column| row.get::<i64, _>(column));
    let outcomes: String = row.get(5);
    let want = i64::from(modems);
    ensure!(
        (sessions, complete, added) == (want, want, want * i64::try_from(HOURS)?),
        "{complete} of {sessions} sessions are complete with {added} records, outcomes {outcomes}"
    );
    Ok(Read {
        wall_s: number(wall_ms) / 1e3,
        retries: number(retries),
    })
}

/// The process of the modems. It ends when this is dropped.
struct Modems {
    child: Child,
    input: Option<ChildStdin>,
}

impl Modems {
    /// Starts them and waits until they are ready to call.
    fn start(server: SocketAddr, modems: u32, clock: DateTime) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("a running program has a path")?);
        command.args(["modems", "--server", &server.to_string()]);
        command.args(["--modems", &modems.to_string(), "--clock", &clock.to_string()]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start the modems")?;
        let (input, output) = (child.stdin.take(), child.stdout.take().context("its output is piped")?);
        let modems = Self { child, input };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("hear the modems")?;
        ensure!(line.trim() == READY, "the modems said {line:?}, expected {READY:?}");
        Ok(modems)
    }

    /// Has all of them call.
    fn call(&mut self) -> Result<()> {
        let input = self.input.as_mut().context("its input is piped")?;
        input.write_all(b"\n").context("have the modems call")
    }
}

impl Drop for Modems {
    fn drop(&mut self) {
        // Without input the process ends by itself.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// What the process of the modems says when it can call.
const READY: &str = "ready";

/// Is the process of the modems: they call when a line comes, and hang up when the standard input ends.
pub fn serve(server: SocketAddr, modems: u32, clock: DateTime) -> Result<()> {
    system_tests::parts::raise_open_files(u64::from(modems) + 1_000)
        .map_err(|have| anyhow!("{modems} modems need more than {have} open files"))?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let meter = meters::vkt7(clock, true);
    println!("{READY}");
    let mut callers = Vec::new();
    let _entered = runtime.enter();
    for line in std::io::stdin().lines() {
        line.context("read the standard input")?;
        callers.extend((0..modems).map(|number| {
            let [_, a, b, c] = number.to_be_bytes();
            // Each from an address of its own: a listener takes only so many from one.
            let modem = Modem::irz(&imei(number)).from(Ipv4Addr::new(127, a + 1, b, c.max(1)));
            meter.clone().link().call(server, modem)
        }));
    }
    Ok(())
}
