//! One connection from its first byte to its last: who calls, then waiting for sessions.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::assv;
use super::config::GreetingKind;
use super::filter::Filter;
use super::greeting::{BadGreeting, Named, Recipe, Verdict};
use super::hub::Arrived;
use super::listener::Listener;
use super::octets::hex;
use super::pipe::{Leased, Pipe, Traffic, Wrapping};
use crate::limits;
use crate::model::CallerSeen;
use crate::transport::vanished;

/// Bytes taken at once of a greeting.
const CHUNK: usize = 512;

/// How often a caller that has to be asked is asked.
const HELLOS: u32 = 5;

/// A caller that said who it is, and every byte that it sent so far.
struct Greeted {
    named: Named,
    came: Vec<u8>,
}

/// Serves a connection to its end.
pub(super) async fn serve(listener: &Listener, mut stream: TcpStream, source: IpAddr, cancel: &CancellationToken) {
    let (counts, config) = (&listener.counts, listener.recipe.config());
    vanished::watch(&stream, Duration::from_secs(config.keepalive_s));
    let _ = stream.set_nodelay(true);
    let mut came = Vec::new();
    let greeted = tokio::select! {
        biased;
        () = cancel.cancelled() => return,
        greeted = greet(&listener.recipe, &mut stream, source, &mut came) => greeted,
    };
    let greeted = match greeted {
        Ok(named) => Greeted { named, came },
        Err(bad) => {
            counts.bad_greetings.fetch_add(1, Ordering::Relaxed);
            counter!("uzel_callers_bad_greetings_total", "listener" => counts.name.clone()).increment(1);
            debug!(listener = counts.name, %source, "a caller from {source} was not understood: {bad}");
            // One that connects and leaves is a port scan or a health check, not a modem.
            if !came.is_empty() {
                listener.hub.tell(CallerSeen {
                    identity: format!("?{source}"),
                    fault: Some(bad.to_string()),
                    ..seen(listener, source, &came)
                });
            }
            return;
        }
    };
    let seen = CallerSeen {
        identity: greeted.named.identity.clone(),
        signal_csq: greeted.named.signal_csq,
        ..seen(listener, source, &greeted.came)
    };
    let address = seen.address();
    listener.hub.tell(seen.clone());
    match listener.hub.arrive(&address, counts) {
        Ok(arrived) => {
            let pipe = piped(listener, stream, &greeted);
            stay(listener, pipe, arrived, &seen, cancel).await;
        }
        Err(why) => {
            counts.turn_away("not-known");
            debug!(listener = counts.name, %source, "caller {address} was turned away: {why}");
        }
    }
}

/// What is known of a caller that just greeted.
fn seen(listener: &Listener, source: IpAddr, came: &[u8]) -> CallerSeen {
    let first = came.get(..limits::GREETING_KEPT).unwrap_or(came);
    CallerSeen {
        listener: listener.counts.name.clone(),
        identity: String::new(),
        source: source.to_string(),
        seen_at: Timestamp::now(),
        connects: 1,
        greeting: Some(hex(first)),
        fault: None,
        signal_csq: None,
        bytes_received: u64::try_from(came.len()).unwrap_or(u64::MAX),
        bytes_sent: 0,
    }
}

/// Has the caller say who it is. `came` holds every byte of it, whatever comes of it.
async fn greet(
    recipe: &Recipe,
    stream: &mut TcpStream,
    source: IpAddr,
    came: &mut Vec<u8>,
) -> Result<Named, BadGreeting> {
    let config = recipe.config();
    let deadline = Instant::now() + Duration::from_secs(config.greeting_s);
    let named = match timeout_at(deadline, converse(recipe, stream, source, came)).await {
        Ok(named) => named?,
        Err(_) => {
            return Err(BadGreeting::Late {
                s: config.greeting_s,
                got: came.len(),
            });
        }
    };
    let closed = |_| BadGreeting::Closed { got: came.len() };
    let reply = timeout_at(deadline, stream.write_all(&named.reply)).await;
    reply
        .map_err(|_| BadGreeting::Late {
            s: config.greeting_s,
            got: came.len(),
        })?
        .map_err(|_: io::Error| closed(()))?;
    Ok(named)
}

async fn converse(
    recipe: &Recipe,
    stream: &mut TcpStream,
    source: IpAddr,
    came: &mut Vec<u8>,
) -> Result<Named, BadGreeting> {
    let config = recipe.config();
    let pause = Duration::from_millis(config.pause_ms);
    let hello = recipe.hello();
    let mut hellos = 0;
    if let Some((hello, _)) = &hello {
        stream
            .write_all(hello)
            .await
            .map_err(|_| BadGreeting::Closed { got: 0 })?;
        hellos += 1;
    }
    if config.greeting == GreetingKind::None {
        return Ok(Named {
            identity: source.to_string(),
            ..Named::default()
        });
    }
    let again = hello.and_then(|(hello, again)| again.map(|again| (hello, again)));
    let mut again_at = again.as_ref().map(|(_, again)| Instant::now() + *again);
    let mut pause_at: Option<Instant> = None;
    let mut chunk = [0; CHUNK];
    loop {
        let wake = [again_at, pause_at].into_iter().flatten().min();
        tokio::select! {
            biased;
            read = stream.read(&mut chunk) => {
                let count = read.unwrap_or(0);
                if count == 0 {
                    return Err(BadGreeting::Closed { got: came.len() });
                }
                came.extend(chunk.iter().take(count));
                pause_at = Some(Instant::now() + pause);
            }
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
        }
        let now = Instant::now();
        let paused = pause_at.is_some_and(|at| at <= now);
        match recipe.judge(came, paused) {
            Verdict::Named(named) => return Ok(named),
            Verdict::Bad(bad) => return Err(bad),
            Verdict::More => {}
        }
        if paused {
            pause_at = None;
        }
        if let (Some((hello, every)), Some(at)) = (&again, again_at)
            && at <= now
        {
            hellos += 1;
            again_at = (hellos < HELLOS).then_some(now + *every);
            let sent = stream.write_all(hello).await;
            sent.map_err(|_| BadGreeting::Closed { got: came.len() })?;
        }
    }
}

/// Waits for sessions, until the far end goes, a newer connection comes, or nothing is heard for too long.
async fn stay(listener: &Listener, pipe: Pipe, mut arrived: Arrived, seen: &CallerSeen, cancel: &CancellationToken) {
    let (hub, address) = (&listener.hub, seen.address());
    debug!(
        listener = seen.listener,
        source = seen.source,
        "caller {address} is connected"
    );
    let traffic = pipe.traffic.clone();
    let mut pipe = Some(pipe);
    while let Some(mut idle) = pipe.take() {
        let cut = arrived.cut.clone();
        let silent_at = silent_at(listener, &idle);
        tokio::select! {
            biased;
            () = cut.happens() => {}
            () = cancel.cancelled() => {}
            Some(ask) = arrived.asks.recv() => {
                let (home, back) = oneshot::channel();
                listener.counts.leased.fetch_add(1, Ordering::Relaxed);
                // Who asked may have gone; then the pipe comes home at once.
                drop(ask.send(Leased::new(idle, home, &cut)));
                pipe = tokio::select! {
                    biased;
                    () = cut.happens() => None,
                    () = cancel.cancelled() => None,
                    back = back => back.ok(),
                };
                listener.counts.leased.fetch_sub(1, Ordering::Relaxed);
                hub.tell(counted(seen, &traffic));
            }
            count = idle.hear_nothing() => pipe = (count > 0).then_some(idle),
            () = sleep_until(silent_at.unwrap_or_else(Instant::now)), if silent_at.is_some() => {
                debug!(listener = seen.listener, "caller {address} was silent for too long");
            }
        }
    }
    hub.leave(&address, arrived.number);
    hub.tell(counted(seen, &traffic));
    debug!(listener = seen.listener, "caller {address} is gone");
}

fn silent_at(listener: &Listener, pipe: &Pipe) -> Option<Instant> {
    let idle_s = listener.recipe.config().idle_s;
    (idle_s > 0).then(|| pipe.heard_at + Duration::from_secs(idle_s))
}

/// What moved since it was last told.
fn counted(seen: &CallerSeen, traffic: &Traffic) -> CallerSeen {
    CallerSeen {
        seen_at: Timestamp::now(),
        connects: 0,
        greeting: None,
        bytes_received: traffic.received.swap(0, Ordering::Relaxed),
        bytes_sent: traffic.sent.swap(0, Ordering::Relaxed),
        ..seen.clone()
    }
}

fn piped(listener: &Listener, stream: TcpStream, greeted: &Greeted) -> Pipe {
    let recipe = &listener.recipe;
    let config = recipe.config();
    let wrapping = if config.greeting == GreetingKind::Assv030 {
        Wrapping::Assv {
            decoder: assv::Decoder::default(),
            owes: false,
        }
    } else {
        let registration = greeted.came.get(greeted.named.begin..greeted.named.length);
        let registration = registration.filter(|_| config.strip_each_packet).map(<[u8]>::to_vec);
        let prefix = config.packet_prefix.as_ref().map(|octets| octets.0.clone());
        Wrapping::Plain(Filter::new(recipe.heartbeats(), prefix.or(registration)))
    };
    let rest = greeted.came.get(greeted.named.length..).unwrap_or_default();
    Pipe::new(stream, wrapping, rest)
}
