//! The binary as a demo or a script meets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A started process whose lines up to `ready` have been read.
struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    lines: Vec<String>,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meter-sim"));
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "ended before it was ready");
            match line.trim() {
                "ready" => return Self { child, out, lines },
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// Sends SIGTERM; gives the last words.
    fn end(mut self) -> String {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "ends well on SIGTERM");
        rest.trim().to_owned()
    }
}

fn ask(addr: &str, request: &[u8], length: usize) -> Vec<u8> {
    let mut line = TcpStream::connect(addr).unwrap();
    line.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    line.write_all(request).unwrap();
    let mut answer = vec![0; length];
    line.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn a_fleet_file_starts_all_lines_and_sigterm_ends_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("session.txt"), "> 01 02\n< 03 04 05\n").unwrap();
    let fleet = format!(
        r#"
[[line]]
listen = "127.0.0.1:0"
count = 3

[[line.meter]]
kind = "vkt7"
serial = "00000042"

[[line]]
listen = "127.0.0.1:0"
each_connection = true

[[line.meter]]
kind = "spt943"
clock = "2026-02-03T10:20:00"

[[line]]
pty = "{link}"

[[line.meter]]
kind = "mbus-heat"

[[line.meter]]
kind = "mbus-water"

[[line]]
listen = "127.0.0.1:0"

[[line.meter]]
kind = "replay"
recording = "{recording}"
"#,
        link = path("tty-basement"),
        recording = path("session.txt"),
    );
    std::fs::write(path("fleet.toml"), fleet).unwrap();
    let process = Process::start(&["fleet", &path("fleet.toml")]);
    assert_eq!(process.lines.len(), 6);
    let addr = |line: usize| process.lines[line].split_whitespace().nth(1).unwrap().to_owned();
    assert!(
        process.lines[2].ends_with("vkt7 serial 00000044"),
        "{}",
        process.lines[2]
    );
    let service = [0xFF, 0xFF, 0x01, 0x03, 0x3F, 0xF9, 0x00, 0x00, 0x99, 0xEF];
    assert_eq!(&ask(&addr(2), &service, 21)[8..16], b"00000044");
    let session = [0x10, 0xFF, 0x3F, 0, 0, 0, 0, 0xC1, 0x16];
    assert_eq!(ask(&addr(3), &session, 8)[3..6], [0x54, 0x2B, 0x03]);
    assert_eq!(ask(&addr(5), &[1, 2], 3), [3, 4, 5]);
    assert!(
        std::fs::symlink_metadata(path("tty-basement"))
            .unwrap()
            .file_type()
            .is_symlink()
    );
    assert_eq!(process.end(), "requests served: 3");
    assert!(
        std::fs::symlink_metadata(path("tty-basement")).is_err(),
        "the link is gone"
    );
}

#[test]
fn a_fleet_has_modems_that_call_its_numbers() {
    let fleet = r#"
[[modem]]
listen = "127.0.0.1:0"

[[number]]
number = "89217776655"
says = "NO ANSWER"
"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.toml");
    std::fs::write(&file, fleet).unwrap();
    let process = Process::start(&["fleet", file.to_str().unwrap()]);
    let addr = process.lines[0].split_whitespace().nth(1).unwrap().to_owned();
    let answer = ask(&addr, b"ATE0V0D89217776655\r", 21);
    assert_eq!(String::from_utf8(answer).unwrap(), "ATE0V0D89217776655\r8\r");
    process.end();
}

#[test]
fn one_meter_starts_from_arguments() {
    let process = Process::start(&["one", "mbus-water", "--listen", "127.0.0.1:0", "--serial", "12345678"]);
    let addr = process.lines[0].split_whitespace().nth(1).unwrap().to_owned();
    let answer = ask(&addr, &[0x10, 0x7B, 0x02, 0x7D, 0x16], 12);
    assert_eq!(answer[7..11], [0x78, 0x56, 0x34, 0x12]);
    assert_eq!(process.end(), "requests served: 1");
}

#[test]
fn a_meter_takes_datagrams() {
    let process = Process::start(&["one", "mbus-water", "--udp", "127.0.0.1:0", "--serial", "12345678"]);
    let addr = process.lines[0]
        .strip_prefix("udp ")
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let line = UdpSocket::bind("127.0.0.1:0").unwrap();
    line.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    line.send_to(&[0x10, 0x7B, 0x02, 0x7D, 0x16], addr).unwrap();
    let mut answer = [0; 512];
    let count = line.recv(&mut answer).unwrap();
    assert_eq!(
        (answer[0], answer[count - 1]),
        (0x68, 0x16),
        "the whole answer is in one datagram"
    );
    assert_eq!(process.end(), "requests served: 1");
}

#[test]
fn wrong_arguments_are_refused_with_the_reason() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_meter-sim"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let refused = run(&["one", "vkt7", "--listen", "127.0.0.1:0", "--faults", "noise=2"]);
    assert!(
        refused.contains("fault noise is \"2\", expected a share from 0 to 1"),
        "{refused}"
    );
    assert!(run(&["one", "replay", "--listen", "127.0.0.1:0"]).contains("meter replay needs a recording"));
    assert!(run(&["one", "vkt7"]).contains("--listen"));
    assert!(run(&["fleet", "/nowhere/fleet.toml"]).contains("read /nowhere/fleet.toml"));
}
