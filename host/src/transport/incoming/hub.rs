//! Who is connected: finds the connection of a caller for a session, keeps the newest of each, turns away whom it must.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, gauge};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::config::{GreetingKind, ListenerConfig};
use super::pipe::{Cut, Leased};
use crate::limits;
use crate::model::{CallerKnown, CallerSeen, CallerState, LineAddress};
use crate::transport::open::OpenError;

/// How often a session that waits for its caller looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a connection may take to come back from the session before.
const LEASE: Duration = Duration::from_secs(2);

/// Every caller that is connected, at all listeners.
#[derive(Debug, Default)]
pub struct Hub {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    listeners: Vec<Arc<Counts>>,
    present: HashMap<String, Present>,
    /// How many of them nobody knows.
    strangers: usize,
    known: HashMap<String, CallerKnown>,
    news: HashMap<String, CallerSeen>,
    connections: u64,
}

#[derive(Debug)]
struct Present {
    number: u64,
    asks: mpsc::Sender<oneshot::Sender<Leased>>,
    cut: Cut,
    stranger: bool,
    counts: Arc<Counts>,
}

/// One listener and what happened at it since it opened.
#[derive(Debug)]
pub struct Counts {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How its callers greet.
    pub greeting: GreetingKind,
    /// Until when sessions wait for callers that have not come back since the start.
    return_until: Instant,
    /// Connections taken.
    pub accepted: AtomicU64,
    /// Connections open.
    pub open: AtomicU64,
    /// Callers connected that said who they are.
    pub connected: AtomicU64,
    /// Those of them that a session uses.
    pub leased: AtomicU64,
    /// Connections whose greeting was none.
    pub bad_greetings: AtomicU64,
    /// Connections turned away: refused callers, too many.
    pub turned_away: AtomicU64,
    /// Connections that a newer one of the same caller replaced.
    pub replaced: AtomicU64,
}

impl Counts {
    pub(super) fn new(config: &ListenerConfig, address: SocketAddr) -> Self {
        Self {
            name: config.name.clone(),
            address,
            greeting: config.greeting,
            return_until: Instant::now() + Duration::from_secs(config.return_s),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            leased: AtomicU64::new(0),
            bad_greetings: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
        }
    }

    fn set_connected(&self, by: i64) {
        let now = if by > 0 {
            self.connected.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            self.connected.fetch_sub(1, Ordering::Relaxed) - 1
        };
        #[allow(clippy::cast_precision_loss, reason = "a gauge of connections")]
        gauge!("uzel_callers_connected", "listener" => self.name.clone()).set(now as f64);
    }

    pub(super) fn turn_away(&self, why: &'static str) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        counter!("uzel_callers_turned_away_total", "listener" => self.name.clone(), "why" => why).increment(1);
    }
}

/// A caller that is connected from now on.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) number: u64,
    pub(super) cut: Cut,
    /// Sessions that want it.
    pub(super) asks: mpsc::Receiver<oneshot::Sender<Leased>>,
}

/// Why a caller may not stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TurnedAway {
    #[error("it was refused in the list of callers")]
    Refused,
    #[error("{} callers that no device names are connected, no more may", limits::STRANGERS)]
    Strangers,
}

/// What came of asking for a caller.
enum Asked {
    Wait(oneshot::Receiver<Leased>),
    Absent(Option<CallerKnown>),
    Failed(OpenError),
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before anything can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, counts: Arc<Counts>) {
        self.lock().listeners.push(counts);
    }

    /// The listeners, in the order of the configuration.
    pub fn listeners(&self) -> Vec<Arc<Counts>> {
        self.lock().listeners.clone()
    }

    /// Whether the caller of `LISTENER/IDENTITY` is connected.
    pub fn is_connected(&self, address: &str) -> bool {
        self.lock().present.contains_key(address)
    }

    /// Takes over what is known of callers, by `LISTENER/IDENTITY`. Those that are refused are sent away.
    pub fn set_known(&self, known: HashMap<String, CallerKnown>) {
        let mut inner = self.lock();
        inner.known = known;
        let Inner {
            present,
            known,
            strangers,
            ..
        } = &mut *inner;
        *strangers = 0;
        for (address, caller) in present {
            let standing = known.get(address);
            caller.stranger = is_stranger(standing);
            *strangers += usize::from(caller.stranger);
            if standing.is_some_and(|known| known.state == CallerState::Refused) {
                caller.cut.cut("it was refused in the list of callers");
            }
        }
    }

    /// What was seen of callers since this was last asked.
    pub fn take_news(&self) -> Vec<CallerSeen> {
        self.lock().news.drain().map(|(_, seen)| seen).collect()
    }

    /// Comes back when there is news.
    pub async fn has_news(&self) {
        self.news.notified().await;
    }

    /// Keeps what was seen until somebody asks for it.
    pub(super) fn tell(&self, seen: CallerSeen) {
        let mut inner = self.lock();
        let address = seen.address();
        if let Some(known) = inner.known.get_mut(&address) {
            known.seen_at = Some(seen.seen_at);
        }
        if let Some(before) = inner.news.get_mut(&address) {
            before.add(seen);
        } else if inner.news.len() < limits::CALLER_NEWS {
            inner.news.insert(address, seen);
        }
        drop(inner);
        self.news.notify_one();
    }

    /// A caller said who it is. Its connection before this one is over.
    pub(super) fn arrive(&self, address: &str, counts: &Arc<Counts>) -> Result<Arrived, TurnedAway> {
        let mut inner = self.lock();
        let known = inner.known.get(address).copied();
        if known.is_some_and(|known| known.state == CallerState::Refused) {
            return Err(TurnedAway::Refused);
        }
        let stranger = is_stranger(known.as_ref());
        let before = inner.present.get(address).map(|before| before.stranger);
        if stranger && before.is_none() && inner.strangers >= limits::STRANGERS {
            return Err(TurnedAway::Strangers);
        }
        inner.connections += 1;
        let number = inner.connections;
        let (sender, asks) = mpsc::channel(1);
        let cut = Cut::default();
        let caller = Present {
            number,
            asks: sender,
            cut: cut.clone(),
            stranger,
            counts: counts.clone(),
        };
        inner.strangers += usize::from(stranger);
        counts.set_connected(1);
        if let Some(old) = inner.present.insert(address.to_owned(), caller) {
            inner.strangers -= usize::from(old.stranger);
            old.counts.set_connected(-1);
            old.counts.replaced.fetch_add(1, Ordering::Relaxed);
            counter!("uzel_callers_replaced_total", "listener" => counts.name.clone()).increment(1);
            old.cut.cut("it was replaced by a newer connection of the same caller");
        }
        Ok(Arrived { number, cut, asks })
    }

    /// The connection is over.
    pub(super) fn leave(&self, address: &str, number: u64) {
        let mut inner = self.lock();
        if inner.present.get(address).is_some_and(|caller| caller.number == number)
            && let Some(caller) = inner.present.remove(address)
        {
            inner.strangers -= usize::from(caller.stranger);
            caller.counts.set_connected(-1);
        }
    }

    /// Has a caller's connection for a session. Waits for it only while callers come back after the start.
    pub(in crate::transport) async fn lease(&self, address: &LineAddress) -> Result<Leased, OpenError> {
        loop {
            let (known, until) = match self.ask(address) {
                (Asked::Failed(error), _) => return Err(error),
                (Asked::Absent(known), until) => (known, until),
                (Asked::Wait(leased), _) => match timeout(LEASE, leased).await {
                    Ok(Ok(leased)) => return Ok(leased),
                    // It went in this moment, and is no longer listed.
                    Ok(Err(_)) => continue,
                    Err(_) => return Err(in_use(address)),
                },
            };
            if Instant::now() >= until {
                return Err(OpenError::ModemSilent {
                    address: address.clone(),
                    text: silent(known),
                });
            }
            sleep_until(until.min(Instant::now() + LOOK_EVERY)).await;
        }
    }

    fn ask(&self, address: &LineAddress) -> (Asked, Instant) {
        let (listener, _) = address.parts();
        let inner = self.lock();
        let Some(until) = inner.listeners.iter().find(|counts| counts.name == listener) else {
            let text = format!("no listener {listener:?} is configured");
            let address = address.clone();
            return (Asked::Failed(OpenError::NoRoute { address, text }), Instant::now());
        };
        let until = until.return_until;
        let known = inner.known.get(address.address()).copied();
        if known.is_some_and(|known| known.state == CallerState::Refused) {
            let (address, text) = (address.clone(), TurnedAway::Refused.to_string());
            return (Asked::Failed(OpenError::Refused { address, text }), until);
        }
        let Some(caller) = inner.present.get(address.address()) else {
            return (Asked::Absent(known), until);
        };
        let (sender, leased) = oneshot::channel();
        if caller.asks.try_send(sender).is_err() {
            return (Asked::Failed(in_use(address)), until);
        }
        (Asked::Wait(leased), until)
    }
}

fn is_stranger(known: Option<&CallerKnown>) -> bool {
    known.is_none_or(|known| !known.routed && known.state == CallerState::New)
}

fn in_use(address: &LineAddress) -> OpenError {
    OpenError::Busy {
        address: address.clone(),
        text: "another session uses the connection".to_owned(),
    }
}

fn silent(known: Option<CallerKnown>) -> String {
    match known.and_then(|known| known.seen_at) {
        Some(at) => {
            let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
            format!("the modem is not connected, it was last heard at {at}")
        }
        None => "the modem is not connected and was never heard".to_owned(),
    }
}
