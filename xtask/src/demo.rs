//! `cargo xtask demo`: a fleet of simulated meters and a host that reads them, from nothing, with one command.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::children::Children;
use crate::host::{self, Programs};
use crate::process::{self, say};
use crate::wasm;
use crate::web;
use crate::workspace::Workspace;

/// The folder of the configuration, the fleet and the devices.
const SOURCE: &str = "examples/demo";

/// Answers with 200 when the host serves.
const HEALTH: &str = "/api/v1/health";

/// Asks for a read of the first device of `devices.csv`: the recorded ВКТ-7, which the schedule only asks for its clock.
const READ_RECORDED: &str = "/api/v1/devices/1/read-now";

/// The day that was recorded, Moscow time.
const RECORDED_DAY: &str =
    r#"{"what": ["clock", "hourly"], "from": "2016-11-30T21:00:00Z", "to": "2016-12-01T21:00:00Z"}"#;

/// A fleet computes its archives before it listens.
const FLEET_LIMIT: Duration = Duration::from_secs(120);

/// The host compiles its drivers at the first start.
const HOST_LIMIT: Duration = Duration::from_secs(120);

/// Prepares everything, starts the fleet and the host, and stays until Ctrl-C.
///
/// # Errors
/// A build fails, or a program does not come up or ends before it should.
pub fn run(workspace: &Workspace, port: u16, no_web: bool) -> Result<()> {
    check_free(port)?;
    if no_web {
        say("the web client is left as it is");
    } else {
        web::run(workspace, false)?;
    }
    wasm::run(workspace, &[], None, false)?;
    say("building the host and the simulators as users run them");
    let programs = host::release(workspace)?;
    let files = Files::prepare(workspace, port)?;
    let mut children = Children::new()?;
    start(workspace, &programs, &files, port, &mut children)?;
    say(format!(
        "open http://127.0.0.1:{port}/ (Ctrl-C ends the demo; logs are in {})",
        files.dir.display()
    ));
    children.wait_for_signal()?;
    say("ending");
    Ok(())
}

fn start(workspace: &Workspace, programs: &Programs, files: &Files, port: u16, children: &mut Children) -> Result<()> {
    say("starting the simulated meters");
    let mut fleet = process::command(programs.meter_sim(), &workspace.root);
    fleet.arg("fleet").arg(&files.fleet);
    children.start_until(
        "the fleet",
        fleet,
        &files.dir.join("meter-sim.log"),
        "ready",
        FLEET_LIMIT,
    )?;
    say(format!("importing {}", files.devices.display()));
    let mut import = process::command(programs.uzel(), &workspace.root);
    import
        .args(["device", "import"])
        .arg(&files.devices)
        .arg("--config")
        .arg(&files.config);
    process::run(&mut import, "look at the host's words above")?;
    say("starting the host");
    let mut serve = process::command(programs.uzel(), &workspace.root);
    serve
        .args(["serve", "--without-accounts", "--config"])
        .arg(&files.config);
    children.start("the host", serve, &files.dir.join("uzel.log"))?;
    let failure = format!("http://127.0.0.1:{port}{HEALTH} did not answer 200");
    children.wait_until(HOST_LIMIT, &failure, || is_healthy(port))?;
    say("reading the recorded ВКТ-7 of 2016");
    let failure = format!("http://127.0.0.1:{port}{READ_RECORDED} did not answer 202");
    children.wait_until(HOST_LIMIT, &failure, || {
        answers(port, &format!("POST {READ_RECORDED}"), RECORDED_DAY, b"HTTP/1.1 202")
    })
}

/// The files of one run, in a folder that is made anew each time.
struct Files {
    dir: PathBuf,
    config: PathBuf,
    fleet: PathBuf,
    devices: PathBuf,
}

impl Files {
    fn prepare(workspace: &Workspace, port: u16) -> Result<Self> {
        let source = workspace.root.join(SOURCE);
        let dir = workspace.target().join("demo");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        let data = dir.join("data");
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let template = source.join("uzel.toml");
        let text = fs::read_to_string(&template).with_context(|| format!("cannot read {}", template.display()))?;
        let config = dir.join("uzel.toml");
        fs::write(&config, fill(&text, port, &data, &wasm::drivers_dir(workspace)))
            .with_context(|| format!("cannot write {}", config.display()))?;
        Ok(Self {
            devices: devices(&source)?,
            fleet: source.join("fleet.toml"),
            config,
            dir,
        })
    }
}

/// Puts what is known only now into the configuration: `{port}`, `{data_dir}` and `{drivers_dir}`.
fn fill(template: &str, port: u16, data: &Path, drivers: &Path) -> String {
    template
        .replace("{port}", &port.to_string())
        .replace("{data_dir}", &data.to_string_lossy())
        .replace("{drivers_dir}", &drivers.to_string_lossy())
}

/// The one file `devices.*`; its ending says its format to the import.
fn devices(source: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))?;
    let mut found = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem == "devices"));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        (first, _) => bail!(
            "{} must hold one file devices.*, it holds {}",
            source.display(),
            if first.is_some() { "several" } else { "none" }
        ),
    }
}

/// Another program on the port would be taken for our host, and that is better said before everything is built.
fn check_free(port: u16) -> Result<()> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound
        .map(drop)
        .with_context(|| format!("port {port} is taken: choose another one with --port"))
}

/// Whether the host answers the health question with 200.
fn is_healthy(port: u16) -> bool {
    answers(port, &format!("GET {HEALTH}"), "", b"HTTP/1.1 200")
}

/// Whether the host answers a request with a status line that begins with `want`.
fn answers(port: u16, request: &str, body: &str, want: &[u8]) -> bool {
    ask(port, request, body).is_ok_and(|status| status.starts_with(want))
}

fn ask(port: u16, request: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    // One write: a host that answers before it has read all of several would reset the connection.
    let request = format!(
        "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut status = Vec::new();
    stream.take(64).read_to_end(&mut status)?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_gets_this_runs_port_and_folders() {
        let filled = fill(
            "listen = \"127.0.0.1:{port}\"\nfile = \"{data_dir}/uzel.sqlite\"\ndrivers = \"{drivers_dir}\"",
            81,
            Path::new("/d"),
            Path::new("/w"),
        );
        assert_eq!(
            filled,
            "listen = \"127.0.0.1:81\"\nfile = \"/d/uzel.sqlite\"\ndrivers = \"/w\""
        );
    }

    #[test]
    fn only_the_status_200_is_healthy() {
        for (answer, want) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 Not yet\r\n\r\n", false),
            ("", false),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                // Reads the whole question: closing with a byte of it unread would reset the connection.
                let mut question = Vec::new();
                while !question.ends_with(b"\r\n\r\n") {
                    let mut part = [0; 1024];
                    let length = stream.read(&mut part).unwrap();
                    assert!(length > 0, "the question ends early");
                    question.extend_from_slice(&part[..length]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(is_healthy(port), want, "{answer}");
            server.join().unwrap();
        }
    }
}
