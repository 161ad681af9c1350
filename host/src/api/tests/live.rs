//! The live stream.

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::tcp::OwnedReadHalf;

use super::*;
use crate::collect::{Live, LiveEvent};

/// A stream as a watcher sees it.
struct Stream {
    lines: Lines<BufReader<OwnedReadHalf>>,
    _write: tokio::net::tcp::OwnedWriteHalf,
}

impl Stream {
    async fn open(api: &TestApi) -> Self {
        let (read, mut write) = TcpStream::connect(api.address).await.unwrap().into_split();
        let request = format!("GET /api/v1/live HTTP/1.1\r\nhost: {}\r\n\r\n", api.address);
        write.write_all(request.as_bytes()).await.unwrap();
        Self {
            lines: BufReader::new(read).lines(),
            _write: write,
        }
    }

    /// Name and data of the next event; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Json)> {
        let mut name = String::new();
        while let Ok(Some(line)) = self.lines.next_line().await {
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
        None
    }
}

fn live(done: u32, outcome: Option<Outcome>) -> Live {
    Live {
        session: SessionId(7),
        device: (DeviceId(1), "boiler".into()),
        line: (LineId(1), "line".into()),
        driver: ("hm1".into(), "1.0.0".into()),
        reason: Reason::ReadNow,
        started_at: ago(0),
        phase: "hourly".into(),
        done,
        total: 1000,
        bytes_sent: 1,
        bytes_received: 2,
        exchanges: 3,
        records_added: 4,
        outcome,
        detail: None,
        ended_at: None,
    }
}

#[tokio::test]
async fn a_watcher_sees_start_progress_records_and_end() {
    let api = TestApi::start().await;
    let mut stream = Stream::open(&api).await;
    assert_eq!(
        stream.next().await.unwrap(),
        ("sessions".to_owned(), json!({ "running": [] }))
    );
    for done in 0..500 {
        api.board.show(live(done, None));
    }
    let (name, first) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &first["done"]), ("session", &json!(0)));
    assert_eq!(first["driver"], json!({ "id": "hm1", "version": "1.0.0" }));
    let mut told = 0;
    loop {
        let (_, progress) = stream.next().await.unwrap();
        told += 1;
        if progress["done"] == 499 {
            break;
        }
    }
    assert!(told < 10, "progress was told {told} times for 499 steps");
    api.board.tell(LiveEvent::Records {
        device: DeviceId(1),
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        added: 24,
        last_end: ago(0),
        session: SessionId(7),
    });
    let (name, records) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &records["archive"]), ("records", &json!("hourly")));
    let mut late = Stream::open(&api).await;
    assert_eq!(late.next().await.unwrap().1["running"][0]["session"], 7);
    api.board.show(live(1000, Some(Outcome::Complete)));
    let (_, end) = stream.next().await.unwrap();
    assert_eq!((&end["done"], &end["outcome"]), (&json!(1000), &json!("complete")));
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_told_so_and_starts_anew() {
    let api = TestApi::start().await;
    let mut stream = Stream::open(&api).await;
    stream.next().await.unwrap();
    // The server's task cannot run in between on this one thread: all but the newest are lost to the stream.
    for done in 0..5000 {
        api.board.show(live(done, None));
    }
    let (name, lagged) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), lagged["missed"].as_u64() > Some(0)), ("lagged", true));
    let (name, snapshot) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &snapshot["running"][0]["done"]),
        ("sessions", &json!(4999))
    );
}

#[tokio::test]
async fn streams_end_when_the_host_goes_down() {
    let api = TestApi::start().await;
    let mut stream = Stream::open(&api).await;
    stream.next().await.unwrap();
    api.closing.cancel();
    assert_eq!(stream.next().await, None);
    api.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn more_watchers_than_there_is_room_for_are_sent_away() {
    let api = TestApi::start().await;
    let mut streams = Vec::new();
    for _ in 0..crate::limits::LIVE_STREAMS {
        let mut stream = Stream::open(&api).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    let answer = api.get("/api/v1/live").await;
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("busy")));
}
