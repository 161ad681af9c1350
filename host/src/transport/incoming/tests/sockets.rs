//! Callers on real sockets: leases, replacement, refusal, limits.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::{CallerKnown, CallerSeen, CallerState, LineAddress, LineOptions, LineSettings, Parity};
use crate::transport::incoming::{GreetingKind, Hub, ListenerConfig, Octets, listen};
use crate::transport::{Line, OpenError, ReadFault, Transport, Until, Way};

struct Server {
    hub: Arc<Hub>,
    transport: Transport,
    address: SocketAddr,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    fn start(change: impl FnOnce(&mut ListenerConfig)) -> Self {
        let mut config = ListenerConfig {
            name: "l".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            greeting: GreetingKind::Text,
            delimiter: Some(Octets(b"\n".to_vec())),
            return_s: 0,
            ..ListenerConfig::default()
        };
        change(&mut config);
        let (hub, cancel) = (Arc::new(Hub::default()), CancellationToken::new());
        let tasks = listen(&[config], &hub, &cancel).unwrap();
        Self {
            transport: Transport::default().with_callers(hub.clone()),
            address: hub.listeners()[0].address,
            hub,
            cancel,
            tasks,
        }
    }

    async fn call(&self, greeting: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(greeting).await.unwrap();
        stream
    }

    /// Calls and waits until the caller is the one that is connected.
    async fn connect(&self, identity: &str) -> TcpStream {
        let accepted = self.counts(|counts| counts.accepted.load(Ordering::Relaxed));
        let stream = self.call(format!("{identity}\n").as_bytes()).await;
        let replaced = self.counts(|counts| counts.replaced.load(Ordering::Relaxed));
        let was = self.hub.is_connected(&format!("l/{identity}"));
        self.until(|server| {
            let is = server.hub.is_connected(&format!("l/{identity}"));
            is && (!was || server.counts(|counts| counts.replaced.load(Ordering::Relaxed)) > replaced)
        })
        .await;
        assert!(self.counts(|counts| counts.accepted.load(Ordering::Relaxed)) > accepted);
        stream
    }

    fn counts<T>(&self, look: impl Fn(&super::super::Counts) -> T) -> T {
        look(&self.hub.listeners()[0])
    }

    /// Looks again until it is so.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.expect("it becomes so");
    }

    async fn open(&self, identity: &str) -> Result<Line, OpenError> {
        let way = Way {
            address: LineAddress::Incoming(format!("l/{identity}")),
            settings: LineSettings {
                baud: 9_600,
                data_bits: 8,
                parity: Parity::None,
                stop_bits: 1,
            },
            options: LineOptions {
                latency_ms: 1,
                silence_ms: 1,
                ..LineOptions::default()
            },
        };
        self.transport.open(&way).await
    }
}

async fn ask(line: &mut Line, far: &mut TcpStream, question: &[u8], answer: &[u8]) -> Vec<u8> {
    line.write(question, Duration::from_secs(5)).await.unwrap();
    let mut asked = vec![0; question.len()];
    far.read_exact(&mut asked).await.unwrap();
    assert_eq!(asked, question);
    far.write_all(answer).await.unwrap();
    line.read(Until::Length(4), 100, Duration::from_secs(5)).await.unwrap()
}

/// The host closes the connection. It may also be reset: the caller had more to say.
async fn assert_ended(far: &mut TcpStream) {
    let read = tokio::time::timeout(Duration::from_secs(30), far.read_u8()).await;
    assert!(read.expect("an end in time").is_err());
}

#[tokio::test]
async fn a_caller_serves_one_session_after_the_other() {
    let server = Server::start(|_| {});
    let mut far = server.connect("a").await;
    let mut line = server.open("a").await.unwrap();
    assert!(matches!(server.open("a").await, Err(OpenError::Busy { .. })));
    assert_eq!(ask(&mut line, &mut far, b"one?", b"one!").await, b"one!");
    line.close().await;
    server
        .until(|server| server.counts(|counts| counts.leased.load(Ordering::Relaxed)) == 0)
        .await;
    // A line that is dropped goes back too: a cancelled session costs no connection.
    drop(server.open("a").await.unwrap());
    server
        .until(|server| server.counts(|counts| counts.leased.load(Ordering::Relaxed)) == 0)
        .await;
    let mut line = server.open("a").await.unwrap();
    assert_eq!(ask(&mut line, &mut far, b"two?", b"two!").await, b"two!");
}

#[tokio::test]
async fn bytes_behind_the_greeting_belong_to_the_stream() {
    let server = Server::start(|_| {});
    let _far = server.call(b"a\nmore").await;
    server.until(|server| server.hub.is_connected("l/a")).await;
    let mut line = server.open("a").await.unwrap();
    let came = line.read(Until::Length(4), 100, Duration::from_secs(5)).await.unwrap();
    assert_eq!(came, b"more");
}

#[tokio::test]
async fn the_newest_connection_wins() {
    let server = Server::start(|_| {});
    let _old = server.connect("a").await;
    let mut old_line = server.open("a").await.unwrap();
    let mut new = server.connect("a").await;
    let cut = old_line.read(Until::Length(1), 1, Duration::from_secs(30)).await;
    assert!(
        matches!(&cut, Err(ReadFault::Closed(text)) if text.contains("replaced by a newer connection")),
        "{cut:?}"
    );
    let mut line = server.open("a").await.unwrap();
    // What the old session leaves behind must not take the new connection along.
    old_line.close().await;
    drop(old_line);
    assert_eq!(ask(&mut line, &mut new, b"new?", b"new!").await, b"new!");
    assert_eq!(server.counts(|counts| counts.connected.load(Ordering::Relaxed)), 1);
}

#[tokio::test]
async fn a_late_answer_is_dropped_before_the_next_question() {
    let server = Server::start(|_| {});
    let mut far = server.connect("a").await;
    let mut line = server.open("a").await.unwrap();
    line.write(b"one?", Duration::from_secs(5)).await.unwrap();
    let silent = line.read(Until::Length(4), 4, Duration::from_millis(1)).await;
    assert!(matches!(silent, Err(ReadFault::Timeout(_))), "{silent:?}");
    drop(line);
    // The next session begins before the late answer comes.
    let opening = async {
        let line = server.open("a").await.unwrap();
        (line, tokio::time::Instant::now())
    };
    let late = async {
        let mut asked = [0; 4];
        far.read_exact(&mut asked).await.unwrap();
        far.write_all(b"one!").await.unwrap();
        far
    };
    let ((mut line, _), mut far) = tokio::join!(opening, late);
    assert_eq!(ask(&mut line, &mut far, b"two?", b"two!").await, b"two!");
}

#[tokio::test]
async fn what_nobody_asked_for_is_dropped_and_what_went_away_is_known() {
    let server = Server::start(|config| config.heartbeats = vec![Octets(b"ping".to_vec())]);
    let mut far = server.connect("a").await;
    far.write_all(b"pingjunkping").await.unwrap();
    let mut line = server.open("a").await.unwrap();
    far.write_all(b"ping").await.unwrap();
    assert_eq!(line.purge().await % 4, 0);
    line.write(b"one?", Duration::from_secs(5)).await.unwrap();
    far.write_all(b"ping").await.unwrap();
    far.flush().await.unwrap();
    let mut asked = [0; 4];
    far.read_exact(&mut asked).await.unwrap();
    far.write_all(b"one!").await.unwrap();
    let came = line
        .read(Until::Silence(Duration::from_millis(50)), 100, Duration::from_secs(5))
        .await
        .unwrap();
    assert!(came.ends_with(b"one!"), "{came:?}");
    line.close().await;
    drop(far);
    server.until(|server| !server.hub.is_connected("l/a")).await;
    assert!(matches!(server.open("a").await, Err(OpenError::ModemSilent { .. })));
}

#[tokio::test]
async fn who_is_refused_is_sent_away_and_not_let_in_again() {
    let server = Server::start(|_| {});
    let mut far = server.connect("a").await;
    let refused = CallerKnown {
        state: CallerState::Refused,
        ..CallerKnown::default()
    };
    server.hub.set_known(HashMap::from([("l/a".to_owned(), refused)]));
    assert_ended(&mut far).await;
    assert!(matches!(server.open("a").await, Err(OpenError::Refused { .. })));
    let mut again = server.call(b"a\n").await;
    assert_ended(&mut again).await;
    assert_eq!(server.counts(|counts| counts.turned_away.load(Ordering::Relaxed)), 1);
}

#[tokio::test]
async fn stalling_and_lying_callers_are_cut_and_remembered() {
    let server = Server::start(|config| {
        config.greeting_s = 1;
        config.greeting_bytes = 16;
    });
    let mut silent = server.call(b"ab").await;
    let mut long = server.call(&[b'x'; 64]).await;
    for far in [&mut silent, &mut long] {
        assert_ended(far).await;
    }
    let mut seen: Vec<CallerSeen> = Vec::new();
    while seen.iter().map(|seen| seen.connects).sum::<u64>() < 2 {
        server.hub.has_news().await;
        seen.extend(server.hub.take_news());
    }
    assert!(
        seen.iter()
            .all(|seen| seen.identity == "?127.0.0.1" && seen.fault.is_some()),
        "{seen:?}"
    );
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let server = Server::start(|config| config.connections_per_address = 2);
    let _first = server.connect("a").await;
    let second = server.connect("b").await;
    let mut third = server.call(b"c\n").await;
    assert_ended(&mut third).await;
    drop(second);
    server.until(|server| !server.hub.is_connected("l/b")).await;
    server
        .until(|server| server.counts(|counts| counts.open.load(Ordering::Relaxed)) == 1)
        .await;
    let _fourth = server.connect("d").await;
}

#[tokio::test]
async fn a_session_waits_for_callers_that_come_back_after_the_start() {
    let server = Server::start(|config| config.return_s = 30);
    let come = async {
        // The session looks first.
        tokio::task::yield_now().await;
        server.call(b"a\n").await
    };
    let (line, _far) = tokio::join!(server.open("a"), come);
    line.unwrap();
}

#[tokio::test]
async fn the_end_of_the_host_ends_every_connection() {
    let server = Server::start(|_| {});
    let mut far = server.connect("a").await;
    server.cancel.cancel();
    server.tasks.close();
    server.tasks.wait().await;
    assert_ended(&mut far).await;
}
