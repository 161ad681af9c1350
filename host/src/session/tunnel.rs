//! A transparent way to a device: somebody's own program talks to it over our line, for a limited time.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::desk::Turn;
use super::run::{CLOSE, Order, Over, Phase, Report, Watch, open_failed};
use crate::driver::Usage;
use crate::limits;
use crate::model::Outcome;
use crate::model::trace::{EntryKind, Trace};
use crate::transport::{Line, ReadFault, Until};

/// How long a read of the line waits before it is asked for again.
const WAIT: Duration = Duration::from_secs(60);

/// Bytes carried at once.
const CHUNK: usize = 4_096;

/// A tunnel at work.
struct Tunnel {
    begun: Instant,
    trace: Trace,
    usage: Usage,
}

/// Why a tunnel ended before its time.
type Ended = (Outcome, String);

/// Opens the line of `order` and lets those who connect to `listener`, one after the other, talk over it until the
/// wall time of the order is over or it is cancelled. `turn` is kept to its end.
pub async fn tunnel(turn: Turn, order: Order, listener: TcpListener, watch: Watch<'_>) -> Report {
    let mut tunnel = Tunnel {
        begun: Instant::now(),
        trace: Trace::default(),
        usage: Usage::default(),
    };
    watch("tunnel", &tunnel.usage);
    let ended = tokio::select! {
        biased;
        () = order.cancel.cancelled() => Err((Outcome::Cancelled, "the tunnel was closed before its time".to_owned())),
        () = tokio::time::sleep(order.budget.wall) => Ok(()),
        ended = tunnel.serve(&order, &listener, watch) => ended,
    };
    tunnel.report(turn, ended)
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
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
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

    async fn serve(&mut self, order: &Order, listener: &TcpListener, watch: Watch<'_>) -> Result<(), Ended> {
        let Over::Line(transport, way) = &order.over else {
            return Err((Outcome::NoRoute, "a trace is no line".to_owned()));
        };
        let mut line = transport.open(way).await.map_err(open_failed)?;
        self.note(&format!("{} is open", way.address));
        let ended = loop {
            let (client, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => break Err((Outcome::LineClosed, format!("nobody can connect: {error}"))),
            };
            self.note(&format!("connected from {from}"));
            if let Err(ended) = self.carry(client, from, &mut line, watch).await {
                break Err(ended);
            }
        };
        // A line that is dropped by the end of the time is cut; this one is given back.
        let _ = tokio::time::timeout(CLOSE, line.close()).await;
        ended
    }

    /// Carries bytes both ways until the client goes; the error is the line's.
    async fn carry(
        &mut self,
        mut client: TcpStream,
        from: SocketAddr,
        line: &mut Line,
        watch: Watch<'_>,
    ) -> Result<(), Ended> {
        let _ = client.set_nodelay(true);
        let mut chunk = vec![0; CHUNK];
        loop {
            tokio::select! {
                read = client.read(&mut chunk) => match read {
                    Ok(count @ 1..) => {
                        let bytes = chunk.get(..count).unwrap_or_default();
                        self.carried(EntryKind::Sent, bytes);
                        line.write(bytes, WAIT).await.map_err(line_ended)?;
                    }
                    _ => break,
                },
                read = line.read(Until::Any, CHUNK, WAIT) => match read {
                    Ok(bytes) => {
                        self.carried(EntryKind::Received, &bytes);
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
                rows: 0,
            }],
            outcome,
            detail,
            usage: self.usage,
            wall,
            trace: self.trace.into_text(),
            ..Report::new()
        }
    }
}

fn line_ended(fault: ReadFault) -> Ended {
    let outcome = match fault {
        ReadFault::Busy(_) => Outcome::LineBusy,
        _ => Outcome::LineClosed,
    };
    (outcome, fault.to_string())
}
