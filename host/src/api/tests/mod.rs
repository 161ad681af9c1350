//! The API over a real socket and a real file.

mod access;
mod attention;
mod callers;
mod connections;
mod document;
mod feed;
mod hostile;
mod journal;
mod keep;
mod live;
mod point;
mod problems;
mod refusals;
mod resources;
mod system;
mod webhook;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{ApiError, ApiState, DriverCatalog, DriverEntry, router, serve};
use crate::collect::{Board, Command, Handle, HandleError};
use crate::driver::describe::Describe;
use crate::model::{
    Aggregate, ArchiveKind, Cell, Column, Condition, DeviceEvent, DeviceId, Effect, LineAddress, LineId, Outcome,
    Quality, Reason, Record, RecordKind, Schedule, SessionId, Setting, Severity, Task, Value,
};
use crate::store::{
    ClockSeen, Config, Counters, IdentitySeen, NewDevice, NewPoint, NewRoute, NewSession, NewSite, Phase, RecordBatch,
    SessionEnd, Store,
};

/// A host with a file, an API on a port of its own, and a collector that only answers.
struct TestApi {
    _dir: TempDir,
    store: Store,
    board: Arc<Board>,
    address: std::net::SocketAddr,
    closing: CancellationToken,
    server: JoinHandle<Result<(), ApiError>>,
}

/// An answer as it came over the socket.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

struct OneDriver;

impl DriverCatalog for OneDriver {
    fn list(&self) -> Vec<DriverEntry> {
        vec![DriverEntry {
            describe: Arc::new(describe()),
            digest: "d1".to_owned(),
            size_bytes: 123,
            interfaces: vec!["meter".to_owned()],
            file: "hm1.wasm".to_owned(),
            loaded_at: Timestamp::UNIX_EPOCH,
        }]
    }
}

fn describe() -> Describe {
    let text = |word: &str| json!({ "ru": word, "en": word });
    serde_json::from_value(json!({
        "id": "hm1", "version": "1.0.0", "vendor": "v", "title": text("HM"),
        "line": { "media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1 },
        "config": [{ "key": "password", "type": "string", "secret": true, "title": text("p") },
                   { "key": "address", "type": "integer", "title": text("a") }],
        "models": [{ "id": "hm1-a", "maker": text("m"), "names": ["HM-1"], "resources": ["heat"],
                     "archives": [{ "kind": "hourly", "depth": 48, "label": "interval-start" }], "evidence": {} }],
        "conditions": [{ "code": "02", "title": text("low flow") }],
    }))
    .unwrap()
}

impl TestApi {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("uzel.sqlite");
        let store = Store::open(&Config { path }).await.unwrap();
        let (handle, board, commands) = Handle::new();
        tokio::spawn(answer_commands(commands));
        let closing = CancellationToken::new();
        let state = ApiState::new(store.clone(), handle, Arc::new(OneDriver), None, closing.clone())
            .with_facts(system::facts(&store, &dir));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, router(state), None, closing.clone()));
        Self {
            _dir: dir,
            store,
            board,
            address,
            closing,
            server,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "").await
    }

    /// The JSON of an answer that must be good.
    async fn json(&self, path: &str) -> Json {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let host = self.address;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        self.raw(&request).await
    }

    async fn post(&self, path: &str, body: &Json) -> Answer {
        self.ask("POST", path, "content-type: application/json\r\n", &body.to_string())
            .await
    }

    async fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that refuses a large body may close before it was sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut text = Vec::new();
        let mut part = [0; 4096];
        while !is_whole(&text) {
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(&part[..count]),
            }
        }
        let text = String::from_utf8_lossy(&text);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let answer = Answer {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap_or(0),
            head: head.to_lowercase(),
            body: body.to_owned(),
        };
        document::has(request, &answer);
        answer
    }

    /// Every page of a list.
    async fn walk(&self, path: &str, limit: usize) -> Vec<Json> {
        let mut all = Vec::new();
        let mut after = String::new();
        for _ in 0..1000 {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = self.json(&format!("{path}{join}limit={limit}{after}")).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            all.extend(items.iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", escaped(next)),
                None => return all,
            }
        }
        panic!("{path} has no last page");
    }
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Whether an answer has come with all of the body that it promised.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let after_head = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(0, |at| at + 4);
    length.is_some_and(|length| bytes.len() >= after_head + length)
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Device 1 can be read, device 2 is being read; session 1 runs.
async fn answer_commands(mut commands: mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::ReadNow(read, reply) => {
                let answer = match read.device {
                    DeviceId(1) => Ok(17),
                    device => Err(HandleError::AlreadyReading(device)),
                };
                let _ = reply.send(answer);
            }
            Command::Tunnel(tunnel, reply) => {
                let answer = match tunnel.device {
                    DeviceId(1) => Ok(([127, 0, 0, 1], 4_001).into()),
                    device => Err(HandleError::AlreadyReading(device)),
                };
                let _ = reply.send(answer);
            }
            Command::Control(control, reply) => {
                let answer = match control.device {
                    DeviceId(1) => Ok(18),
                    device => Err(HandleError::AlreadyReading(device)),
                };
                let _ = reply.send(answer);
            }
            Command::CloseTunnel(device, reply) => {
                let answer = match device {
                    DeviceId(1) => Ok(()),
                    device => Err(HandleError::NoTunnel(device)),
                };
                let _ = reply.send(answer);
            }
            Command::Cancel(session, reply) => {
                let answer = if session.0 == 1 {
                    Ok(())
                } else {
                    Err(HandleError::NoSession(session))
                };
                let _ = reply.send(answer);
            }
            Command::Try(_) | Command::Reload | Command::Configure(_) | Command::CameBack(_) => {}
        }
    }
}

fn new_device(index: u16) -> NewDevice {
    NewDevice {
        name: format!("Котёл {index:03}"),
        driver: "hm1".to_owned(),
        organisation: "Heat".to_owned(),
        site: NewSite {
            name: format!("Школа {}", index / 2),
            address: Some("Лесная, 1".to_owned()),
            time_zone: "Europe/Moscow".to_owned(),
            latitude: Some(55.7),
            longitude: None,
        },
        node: "Подвал".to_owned(),
        routes: vec![NewRoute {
            line: None,
            address: LineAddress::Tcp(format!("127.0.0.1:{index}")),
            settings: Some("9600-8N2".parse().unwrap()),
            options: None,
        }],
        serial: Some(format!("00{index}")),
        model: Some("hm1-a".to_owned()),
        enabled: true,
        clock_rule: None,
        clock_policy: None,
        config: json!({ "address": 1, "password": "secret" }),
        schedule: Schedule::every(60, vec![Task::Archive(ArchiveKind::Hourly)]).ok(),
        group: None,
        points: vec![NewPoint {
            input: 1,
            name: "Отопление".to_owned(),
            resource: "heat".to_owned(),
            purpose: "commercial".to_owned(),
        }],
    }
}

/// The start of the hour `hours` ago.
fn ago(hours: i64) -> Timestamp {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now / 3600 * 3600 - hours * 3600).unwrap()
}

async fn begin(store: &Store, device: DeviceId) -> SessionId {
    let session = NewSession {
        device,
        line: LineId(1),
        driver: "hm1".to_owned(),
        driver_version: "1.0.0".to_owned(),
        driver_digest: "d1".to_owned(),
        reason: Reason::Schedule,
        started_at: ago(1),
    };
    store.begin_session(session).await.unwrap()
}

fn end(session: SessionId) -> SessionEnd {
    SessionEnd {
        session,
        tells_of_device: true,
        schedule_done: None,
        ended_at: ago(0),
        outcome: Outcome::Complete,
        detail: None,
        identity: Some(IdentitySeen {
            model: "hm1-a".to_owned(),
            serial: None,
            firmware: None,
            details: vec![("scheme".to_owned(), "2".to_owned())],
        }),
        phases: vec![Phase {
            name: "open".to_owned(),
            started_ms: 0,
            ended_ms: 7,
            outcome: "ok".to_owned(),
            records: 0,
        }],
        counters: Counters::default(),
        faults: vec!["row 3: 2026-02-30 is no date".to_owned()],
        trace: "0 > fe01\n5 ~ timeout\n9 * understood\n12 < 02\n".into(),
        asked: None,
        clock: Some(ClockSeen {
            shown: "2026-11-20T14:07:00".parse().unwrap(),
            offset_ms: -12_500,
            uncertainty_ms: 400,
        }),
    }
}

/// The hour that began `hours` ago.
fn hour(hours: i64, digits: i64) -> Record {
    let cell = |value| Cell {
        value,
        quality: Quality::Good,
        code: None,
    };
    Record {
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        starts_at: ago(hours),
        ends_at: ago(hours - 1),
        label: Some("2026-11-20T14:00:00".parse().unwrap()),
        length_s: Some(3600),
        cells: vec![
            cell(Value::Fixed { digits, decimals: 2 }),
            Cell {
                value: Value::Absent,
                quality: Quality::Absent,
                code: Some("50".to_owned()),
            },
            cell(Value::Bits(0x1f)),
        ],
        conditions: vec![Condition {
            code: "02".to_owned(),
            category: None,
            effect: Some(Effect::Stopped),
            point: 1,
            column: Some(1),
            duration_s: None,
        }],
    }
}

fn columns() -> Arc<[Column]> {
    let column = |id: &str, quantity: &str| Column {
        id: id.to_owned(),
        quantity: quantity.to_owned(),
        unit: "Cel".to_owned(),
        point: 1,
        tariff: 0,
        pipe: None,
        aggregate: Aggregate::Mean,
        decimals: None,
    };
    Arc::from([
        column("t1", "temperature"),
        column("t2", "temperature"),
        column("s", "abnormal"),
    ])
}

fn batch(device: DeviceId, session: SessionId, records: Vec<Record>) -> RecordBatch {
    RecordBatch {
        device,
        session,
        columns: columns(),
        records,
        resume: None,
    }
}

/// Five devices; of the first one session with records, events, settings.
async fn filled() -> TestApi {
    let api = TestApi::start().await;
    let store = &api.store;
    store.import((1..=5).map(new_device).collect()).await.unwrap();
    let device = DeviceId(1);
    let session = begin(store, device).await;
    let records = (1..=20)
        .filter(|hours| *hours != 5)
        .map(|hours| hour(hours, 4200 + hours))
        .collect();
    store.put_records(batch(device, session, records)).await.unwrap();
    store
        .put_records(batch(device, session, vec![hour(20, 1)]))
        .await
        .unwrap();
    let event = |code: u32| DeviceEvent {
        at: ago(3),
        label: "2026-11-20T14:00:00".parse().unwrap(),
        code: code.to_string(),
        severity: Severity::Alarm,
        began: Some(true),
        point: 0,
        text: String::new(),
    };
    let events: Vec<DeviceEvent> = (0..7).map(event).collect();
    store.put_events(device, session, &events).await.unwrap();
    let setting = Setting {
        id: "g".to_owned(),
        title: "G".to_owned(),
        value: Value::Float(0.25),
        unit: None,
        writable: false,
    };
    store.put_settings(device, session, ago(1), &[setting]).await.unwrap();
    store.put_clock(device, session, ago(1), -12_500, 400).await.unwrap();
    store.end_session(end(session)).await.unwrap();
    for _ in 0..6 {
        begin(store, DeviceId(2)).await;
    }
    api
}
