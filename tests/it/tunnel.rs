//! Somebody's own program talks to a meter through the running host.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use meter_sim::{Hayes, Modem, ModemEvent};
use serde_json::json;
use system_tests::{TestHost, parts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::devices::{ON_DEMAND, devices, tcp, word, young};
use crate::telephone::{NUMBER, book, ends, hung_up, pool};

/// How long a line of the command may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// `uzel tunnel` at work.
struct Opened {
    child: Child,
    lines: Receiver<String>,
}

impl Opened {
    fn new(host: &TestHost, arguments: &[&str]) -> Self {
        let mut child = Command::new(parts::uzel())
            .args(["tunnel", "--config", "uzel.toml", "--host", host.address()])
            .args(arguments)
            .current_dir(host.folder())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Who listened may have seen enough.
                let _ = told.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line; it must begin so.
    fn says(&self, start: &str) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("nothing came, expected {start}"));
        assert!(line.starts_with(start), "{line:?}, expected {start}");
        line
    }

    /// Where it says that programs connect.
    fn address(&self, device: &str) -> SocketAddr {
        let line = self.says(&format!("{device}: connect to "));
        let address = line.split(' ').nth(3).unwrap();
        address.trim_end_matches(',').parse().unwrap()
    }

    /// Ctrl-C.
    fn interrupt(&self) {
        let mut kill = Command::new("kill");
        assert!(
            kill.args(["-INT", &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    fn ended_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the meter behind `address`, as its maker's program would.
fn read_at(host: &TestHost, address: SocketAddr) -> serde_json::Value {
    let driver = parts::driver_file("vkt7").display().to_string();
    let line = format!("tcp:{address}");
    let read = ["read", "--driver", &driver, "--line", &line, "--set", "address=1"];
    let what = ["--what", "clock", "--format", "json"];
    let options = ["--options", "silence=500 latency=1500"];
    serde_json::from_str(&host.uzel(&[&read[..], &what, &options].concat())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_who_uses_the_tunnel_and_an_interrupt_closes_it() {
    let meter = young(1).seed(101).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let row = ["boiler-7", "vkt7", &line, "", "clock", "address=1"];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let device = host.device("boiler-7").await;
    // A port that was free a moment ago.
    let wanted = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let tunnel = Opened::new(&host, &["boiler-7", "--minutes", "5", "--listen", &wanted.to_string()]);
    let address = tunnel.address("boiler-7");
    assert_eq!(address, wanted);
    let read = read_at(&host, address);
    assert_eq!(read["outcome"], "complete", "{read}");
    let mut line = tunnel.lines.recv_timeout(PATIENCE).unwrap();
    if line == "waiting for the line" {
        line = tunnel.lines.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!(line, "the line is open");
    let connected = tunnel.says("connected: 127.0.0.1:");
    let gone = tunnel.says(&connected.replace("connected", "disconnected"));
    assert!(gone.ends_with(" from it") && !gone.contains(", 0 bytes"), "{gone}");

    tunnel.interrupt();
    tunnel.says("closing");
    let closed = tunnel.says("closed: ");
    assert!(tunnel.ended_well());
    assert!(TcpStream::connect(address).is_err(), "its port is closed");
    let session = host.session_ended(device).await;
    let reason = session["reason"].as_str().unwrap();
    assert_eq!((reason, word(&session)), ("tunnel", "cancelled"), "{session}");
    let figures = format!(
        "closed: {} bytes to the device, {} from it; session {}",
        session["bytes_sent"], session["bytes_received"], session["id"]
    );
    assert_eq!(closed, figures);
    let unknown = host.try_uzel(&["tunnel", "boiler-8", "--config", "uzel.toml", "--host", host.address()]);
    let error = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        !unknown.status.success() && error.contains("there is no device \"boiler-8\""),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_waits_for_its_line_can_be_closed_too() {
    let meter = young(1).seed(102).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let rows = ["first", "second"].map(|name| [name, "vkt7", &line, "", "clock", "address=1"]);
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let [first, second] = [host.device("first").await, host.device("second").await];
    let path = |device: i64| format!("/api/v1/devices/{device}/tunnel");
    for device in [first, second] {
        let (status, tunnel) = host.post(&path(device), &json!({"minutes": 5})).await;
        assert_eq!(status, 202, "{tunnel}");
    }
    host.until("the first tunnel", async |host| {
        (host.get(&path(first)).await["is_open"] == true).then_some(())
    })
    .await;
    let waiting = host.get(&path(second)).await;
    assert_eq!(
        (&waiting["is_open"], &waiting["session"]),
        (&json!(false), &json!(null)),
        "{waiting}"
    );
    assert_eq!(host.delete(&path(second)).await, 202);
    host.until("the end of the second", async |host| {
        (host.delete(&path(second)).await == 404).then_some(())
    })
    .await;
    let sessions = host.get(&format!("/api/v1/sessions?device={second}")).await;
    assert_eq!(sessions["items"], json!([]), "nothing was begun for it");
    // It may be asked again at once, and is served when the first is closed.
    assert_eq!(host.post(&path(second), &json!({"minutes": 5})).await.0, 202);
    assert_eq!(host.delete(&path(first)).await, 202);
    host.until("the second tunnel", async |host| {
        (host.get(&path(second)).await["is_open"] == true).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_over_a_call_counts_its_seconds() {
    let meter = young(1).seed(103).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&meter)).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let row = ["far", "vkt7", &line, "", "clock", "address=1"];
    let host = TestHost::start_with(
        &devices(&[row]),
        &format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "")),
    );
    let device = host.device("far").await;
    let path = format!("/api/v1/devices/{device}/tunnel");
    let (status, opened) = host.post(&path, &json!({"minutes": 5})).await;
    assert_eq!(status, 202, "{opened}");
    let read = read_at(&host, opened["address"].as_str().unwrap().parse().unwrap());
    assert_eq!(read["outcome"], "complete", "{read}");
    assert_eq!(host.delete(&path).await, 202);
    let session = host.session_ended(device).await;
    let shown = host.get(&format!("/api/v1/sessions/{}", session["id"])).await;
    assert!(shown["on_line_s"].as_u64() >= Some(1), "{shown}");
    assert_eq!(ends(&modem), [hung_up(NUMBER)]);
    assert!(modem.events().contains(&ModemEvent::Escaped), "and not cut");
}

/// A program that sends each byte of a question in a segment of its own, to `far`.
async fn in_segments(far: SocketAddr) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let far = tokio::net::TcpStream::connect(far).await.unwrap();
        far.set_nodelay(true).unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_far, mut to_far) = far.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_far, &mut to_client).await });
        while let Ok(byte) = from_client.read_u8().await {
            to_far.write_all(&[byte]).await.unwrap();
            // Without it the system would make one segment of them.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    near
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_segments_goes_to_an_adapter_as_one() {
    let config = format!("{ON_DEMAND}\n[[listeners]]\nname = 'assv'\nlisten = '127.0.0.1:0'\ngreeting = 'assv-030'\n");
    let row = ["far", "vkt7", "incoming:assv/4040442", "", "clock", "address=1"];
    let host = TestHost::start_with(&devices(&[row]), &config);
    let listeners = host.get("/api/v1/listeners").await;
    let server = listeners["items"][0]["listen"].as_str().unwrap().parse().unwrap();
    let caller = young(1).seed(104).link().call(server, Modem::assv("4040442"));
    let device = host.device("far").await;
    let path = format!("/api/v1/devices/{device}/tunnel");
    let (status, opened) = host.post(&path, &json!({"minutes": 5})).await;
    assert_eq!(status, 202, "{opened}");
    let through = in_segments(opened["address"].as_str().unwrap().parse().unwrap()).await;
    let read = read_at(&host, through);
    assert_eq!(read["outcome"], "complete", "{read}");
    assert_eq!(host.delete(&path).await, 202);
    let session = host.session_ended(device).await;
    let trace = reqwest::get(format!(
        "{}/api/v1/sessions/{}/trace.txt",
        host.address(),
        session["id"]
    ))
    .await;
    let trace = trace.unwrap().text().await.unwrap();
    let questions: Vec<&str> = trace.lines().filter(|line| line.starts_with('>')).collect();
    // Address, function and check of a ВКТ-7 alone are more.
    let halves = questions
        .iter()
        .filter(|question| question.len() < "> ff ff 01 03 00".len());
    assert_eq!((halves.count(), questions.is_empty()), (0, false), "{trace}");
    assert_eq!(caller.calls(), 1);
}
