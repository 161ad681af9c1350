//! Meters behind `ser2net`, a serial server that many sites run: raw TCP and RFC 2217, over a pseudo-terminal.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use meter_sim::Handle;
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Taken};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uzel::model::{ArchiveKind, LineAddress, Outcome, Task};
use uzel::session::Report;

use crate::devices::{standing_clock, young};
use crate::judge::{Judge, Model, from_taken};

/// A running `ser2net` with one port. Killed when dropped.
struct Ser2net {
    child: Child,
    port: u16,
    rfc2217: bool,
    _folder: TempDir,
}

impl Ser2net {
    /// Serves the serial port at `path`, which it sets to 9600-8N1 itself.
    fn start(path: &Path, rfc2217: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let telnet = if rfc2217 { "telnet(rfc2217)," } else { "" };
        let config = format!(
            "%YAML 1.1\n---\nconnection: &meter\n  accepter: {telnet}tcp,127.0.0.1,{port}\n  connector: \
             serialdev,{},9600n81,local\n  options:\n    kickolduser: false\n    max-connections: 1\n",
            path.display()
        );
        let file = folder.path().join("ser2net.yaml");
        std::fs::write(&file, config).unwrap();
        let program = ["/usr/sbin/ser2net", "/usr/bin/ser2net"]
            .into_iter()
            .find(|path| Path::new(path).is_file());
        let program = program.expect(
            "ser2net is not installed, and serial servers cannot be tested without: `cargo xtask test` installs it, or \
             `apt-get install ser2net`",
        );
        let child = Command::new(program)
            .args(["-n", "-d", "-u", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            port,
            rfc2217,
            _folder: folder,
        };
        server.wait();
        server
    }

    /// Until the port is listened to. A connection would tell too, but it would be somebody's.
    fn wait(&self) {
        let wanted = format!(":{:04X} 00000000:0000 0A", self.port);
        let begun = Instant::now();
        while !std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&wanted) {
            assert!(begun.elapsed() < Duration::from_secs(60), "ser2net does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn line(&self) -> LineAddress {
        let host = format!("127.0.0.1:{}", self.port);
        if self.rfc2217 {
            LineAddress::Rfc2217(host)
        } else {
            LineAddress::Tcp(host)
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap()
    }
}

impl Drop for Ser2net {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn read(line: LineAddress, settings: &str, options: &str) -> (Report, Taken) {
    let day = standing_clock().date().at(0, 0, 0, 0);
    Read::new(parts::driver("vkt7"), line, json!({"address": 1}))
        .settings(settings)
        .options(options)
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals)
        .archive(ArchiveKind::Hourly, day, standing_clock())
        .run()
        .await
}

fn assert_read(report: &Report, taken: &Taken, meter: &Handle) {
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    assert_eq!(report.usage.retries, 0, "{}", report.trace);
    let seen = from_taken(taken);
    assert!(seen.len() >= 3, "{seen:?}");
    assert_eq!(Judge::of(Model::Vkt7, meter).wrong(&seen), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_behind_a_raw_port_is_read_at_the_servers_settings() {
    let meter = young(1).link().baud(9_600).start_pty().unwrap();
    let server = Ser2net::start(meter.path(), false);
    // Sessions follow one another as fast as they may; the server needs a moment for each.
    for _ in 0..3 {
        let (report, taken) = read_when_free(&server, "9600-8N1").await;
        assert_read(&report, &taken, &meter);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_rfc2217_the_line_gets_the_meters_settings() {
    let meter = young(1).link().baud(2_400).start_pty().unwrap();
    let server = Ser2net::start(meter.path(), true);
    let (report, taken) = read_when_free(&server, "2400-8N2").await;
    assert_read(&report, &taken, &meter);
}

/// Reads; a server that has not let go of the last client yet is asked again.
async fn read_when_free(server: &Ser2net, settings: &str) -> (Report, Taken) {
    let begun = Instant::now();
    loop {
        let (report, taken) = read(server.line(), settings, "").await;
        if report.outcome != Outcome::LineBusy || begun.elapsed() > Duration::from_secs(60) {
            return (report, taken);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_client_is_told_that_the_line_is_busy() {
    for rfc2217 in [false, true] {
        let meter = young(1).link().start_pty().unwrap();
        let server = Ser2net::start(meter.path(), rfc2217);
        let mut other = server.connect().await;
        // It is served: its question is answered.
        other
            .write_all(b"\xFF\xFF\xFF\xFF\x01\x03\x3F\xF9\x00\x00\x99\xEF")
            .await
            .unwrap();
        while meter.requests() == 0 {
            other.readable().await.unwrap();
            tokio::task::yield_now().await;
        }
        let (report, _) = read(server.line(), "9600-8N1", "settle=2000").await;
        let detail = report.detail.unwrap_or_default();
        assert_eq!(report.outcome, Outcome::LineBusy, "{detail}");
        // A server that closes before its words are read is busy all the same.
        assert!(detail.contains(" is busy: "), "{detail}");
        drop(other);
        let (report, taken) = read_when_free(&server, "9600-8N1").await;
        assert_read(&report, &taken, &meter);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_for_a_client_that_left_are_no_answer() {
    const LEFT: &[u8] = b"an answer to somebody else";
    for rfc2217 in [false, true] {
        let meter = young(1).link().start_pty_after(LEFT).unwrap();
        let server = Ser2net::start(meter.path(), rfc2217);
        let (report, taken) = read(server.line(), "9600-8N1", "").await;
        assert_read(&report, &taken, &meter);
        let hex: String = LEFT.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        assert!(!report.trace.to_lowercase().contains(&hex), "{}", report.trace);
    }
    // They do come, so that there was something to drop.
    let meter = young(1).link().start_pty_after(LEFT).unwrap();
    let server = Ser2net::start(meter.path(), false);
    let mut heard = vec![0; LEFT.len()];
    let mut client = server.connect().await;
    tokio::time::timeout(Duration::from_secs(60), client.read_exact(&mut heard))
        .await
        .expect("the bytes come")
        .unwrap();
    assert_eq!(heard, LEFT);
}
