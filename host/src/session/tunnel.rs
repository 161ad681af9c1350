//! A transparent way to a device: somebody's own program talks to it over our line, for a limited time.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::desk::Turn;
use super::door::Door;
use super::report::{Phase, Report, Watch};
use super::run::{CLOSE, Order, Over, open_failed};
use crate::driver::Usage;
use crate::limits;
use crate::model::Outcome;
use crate::model::trace::{EntryKind, Trace};
use crate::transport::{Line, ReadFault, Until, watch_far_end};

/// How long a read of the line waits before it is asked for again.
const WAIT: Duration = Duration::from_secs(60);

/// Bytes carried at once.
const CHUNK: usize = 4_096;

/// A tunnel at work.
struct Tunnel {
    begun: Instant,
    trace: Trace,
    usage: Usage,
    on_line: Duration,
}

/// Why a tunnel ended before its time.
type Ended = (Outcome, String);

/// Opens the line of `order` and lets those who connect at `door`, one after the other, talk over it until the
/// wall time of the order is over or it is cancelled. `turn` is kept to its end.
pub async fn tunnel(turn: Turn, order: Order, door: &Door, watch: Watch<'_>) -> Report {
    let mut tunnel = Tunnel {
        begun: Instant::now(),
        trace: Trace::default(),
        usage: Usage::default(),
        on_line: Duration::ZERO,
    };
    watch("tunnel", &tunnel.usage);
    let ended = tunnel.hold(&order, door, watch).await;
    tunnel.report(turn, ended)
}

/// What `work` gives, unless the time of the order is over before (none), or it is cancelled.
async fn within<T>(
    order: &Order,
    begun: Instant,
    work: impl Future<Output = Result<T, Ended>>,
) -> Result<Option<T>, Ended> {
    let left = order.budget.wall.saturating_sub(begun.elapsed());
    tokio::select! {
        biased;
        () = order.cancel.cancelled() => Err((Outcome::Cancelled, "the tunnel was closed before its time".to_owned())),
        () = tokio::time::sleep(left) => Ok(None),
        done = work => done.map(Some),
    }
}

impl Tunnel {
    fn at_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn note(&mut self, text: &str) {
        let at_ms = self.at_ms();
        if self.trace.len() < limits::TRACE_BYTES {
            self.trace.text(at_ms, EntryKind::Note, text);
        }
    }

    fn carried(&mut self, kind: EntryKind, bytes: &[u8]) {
        let count = length(bytes);
        if kind == EntryKind::Sent {
            self.usage.exchanges = self.usage.exchanges.saturating_add(1);
            self.usage.bytes_sent = self.usage.bytes_sent.saturating_add(count);
        } else {
            self.usage.bytes_received = self.usage.bytes_received.saturating_add(count);
        }
        let at_ms = self.at_ms();
        if self.trace.len() + bytes.len() * 2 < limits::TRACE_BYTES {
            self.trace.bytes(at_ms, kind, bytes);
        }
    }

    /// Opens the line, serves, gives the line back whatever ended it.
    async fn hold(&mut self, order: &Order, door: &Door, watch: Watch<'_>) -> Result<(), Ended> {
        let Over::Line(transport, way) = &order.over else {
            return Err((Outcome::NoRoute, "a trace is no line".to_owned()));
        };
        let lost = |error| (Outcome::LineClosed, format!("the port of the tunnel is lost: {error}"));
        let listener = door.listener().map_err(lost)?;
        let open = async { transport.open(way).await.map_err(open_failed) };
        let Some(mut line) = within(order, self.begun, open).await? else {
            return Ok(());
        };
        self.note(&format!("{} is open", way.address));
        door.line_opened();
        let begun = self.begun;
        let ended = within(order, begun, self.serve(&listener, door, &mut line, watch)).await;
        let _ = timeout(CLOSE, line.close()).await;
        self.on_line = line.on_line();
        ended.map(drop)
    }

    async fn serve(
        &mut self,
        listener: &TcpListener,
        door: &Door,
        line: &mut Line,
        watch: Watch<'_>,
    ) -> Result<(), Ended> {
        loop {
            let (client, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => return Err((Outcome::LineClosed, format!("nobody can connect: {error}"))),
            };
            self.note(&format!("connected from {from}"));
            door.connected(from);
            let ended = self.carry(client, from, door, line, watch).await;
            door.change(|connection| connection.is_over = true);
            ended?;
        }
    }

    /// Carries bytes both ways until the client goes; the error is the line's.
    async fn carry(
        &mut self,
        mut client: TcpStream,
        from: SocketAddr,
        door: &Door,
        line: &mut Line,
        watch: Watch<'_>,
    ) -> Result<(), Ended> {
        let _ = client.set_nodelay(true);
        // A program that vanished would keep everybody else out.
        watch_far_end(&client, limits::TCP_IDLE);
        let mut chunk = vec![0; CHUNK];
        loop {
            tokio::select! {
                read = client.read(&mut chunk) => match read {
                    Ok(count @ 1..) => {
                        let count = if line.has_packets() { gather(&mut client, &mut chunk, count).await } else { count };
                        let bytes = chunk.get(..count).unwrap_or_default();
                        self.carried(EntryKind::Sent, bytes);
                        door.change(|connection| connection.bytes_sent += length(bytes));
                        line.write(bytes, WAIT).await.map_err(line_ended)?;
                    }
                    _ => break,
                },
                read = line.read(Until::Any, CHUNK, WAIT) => match read {
                    Ok(bytes) => {
                        self.carried(EntryKind::Received, &bytes);
                        door.change(|connection| connection.bytes_received += length(&bytes));
                        if client.write_all(&bytes).await.is_err() {
                            break;
                        }
                    }
                    Err(ReadFault::Timeout(_) | ReadFault::Silent(_)) => {}
                    Err(fault) => return Err(line_ended(fault)),
                },
            }
            watch("tunnel", &self.usage);
        }
        self.note(&format!("disconnected: {from}"));
        Ok(())
    }

    fn report(self, turn: Turn, ended: Result<(), Ended>) -> Report {
        let wall = self.begun.elapsed();
        drop(turn);
        let (outcome, detail) = match ended {
            Ok(()) => (Outcome::Complete, None),
            Err((outcome, text)) => (outcome, Some(text)),
        };
        let ended_ms = self.at_ms();
        Report {
            phases: vec![Phase {
                name: "tunnel".to_owned(),
                started_ms: 0,
                ended_ms,
                failed: detail.clone().map(|text| (outcome, text)),
                said: None,
                rows: 0,
            }],
            outcome,
            detail,
            usage: self.usage,
            wall,
            on_line: self.on_line,
            trace: self.trace.into_text(),
            ..Report::new()
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The rest of a question of which `count` bytes came: a line of packets needs it whole, and a program may send it in
/// several segments. Gives the count of all bytes in `chunk`.
async fn gather(client: &mut TcpStream, chunk: &mut [u8], mut count: usize) -> usize {
    let silence = Duration::from_millis(limits::TUNNEL_GATHER_MS);
    while count < chunk.len() {
        let rest = chunk.get_mut(count..).unwrap_or_default();
        match timeout(silence, client.read(rest)).await {
            Ok(Ok(more @ 1..)) => count += more,
            // Silence, or the end: that is for who reads next.
            _ => break,
        }
    }
    count
}

fn line_ended(fault: ReadFault) -> Ended {
    let outcome = match fault {
        ReadFault::Busy(_) => Outcome::LineBusy,
        _ => Outcome::LineClosed,
    };
    (outcome, fault.to_string())
}
