//! A pool of modems: who may use which, in the order of asking; rest for those at fault, limits for numbers.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex as Turn, Notify};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{info, warn};

use super::config::Config;
use super::fared::{Fared, ModemPool, PoolModem};
use super::held::{GivenUp, HeldCalls, Wanted};
use super::port::{self, Port};
use super::profile::Profile;
use crate::limits;
use crate::model::{LineAddress, LineSettings, Parity};

/// Failed calls count for so long.
const HOUR: Duration = Duration::from_secs(3_600);

/// Modems that can call the same numbers.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) profile: Arc<Profile>,
    settings: LineSettings,
    wait: Duration,
    pause: Duration,
    /// How long a call is held for the next device behind its number.
    pub(super) hold: Duration,
    pub(super) held: HeldCalls,
    pub(super) fared: Fared,
    failed_calls: usize,
    modems: Vec<LineAddress>,
    state: Mutex<State>,
    /// Who holds it is the next to get a modem: a fair queue.
    turn: Turn<()>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    modems: Vec<Place>,
    /// Failed calls of the last hour by number.
    failed: HashMap<String, VecDeque<Failed>>,
}

/// What is known of one modem.
#[derive(Debug)]
struct Place {
    engaged: bool,
    /// It may be used from here on.
    ready_at: Instant,
    /// Faults in a row.
    faults: u32,
    fault: Option<(String, Timestamp)>,
}

/// How a call to a number failed.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    at: Instant,
    pub(super) how: Refusal,
    pub(super) text: String,
}

/// Which failure of the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Busy,
    NoCarrier,
    Silent,
}

/// Why there is no modem.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoModem {
    /// They are in calls for too long.
    AllBusy(String),
    /// They are at fault, all of them.
    AllFaulty(String),
}

/// A modem that rests because it was at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// The pool's name.
    pub pool: String,
    /// Its port.
    pub modem: String,
    /// What was wrong.
    pub fault: String,
    /// When it is tried again.
    pub until: Timestamp,
}

/// The right to use one modem of a pool.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    place: Option<usize>,
}

enum Offer {
    Modem(usize),
    /// None now; one may be ready at this instant, or be given back.
    Wait(Option<Instant>),
    Faulty(String),
}

impl Pool {
    /// A pool whose configuration has no faults.
    pub(super) fn new(config: &Config) -> Self {
        let modems: Vec<LineAddress> = config.ports.iter().filter_map(|port| port.parse().ok()).collect();
        let place = |_: &LineAddress| Place {
            engaged: false,
            ready_at: Instant::now(),
            faults: 0,
            fault: None,
        };
        let usual = LineSettings {
            baud: 9_600,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
        };
        Self {
            name: config.pool.clone(),
            profile: Arc::new(config.profile()),
            settings: config.settings.parse().unwrap_or(usual),
            wait: Duration::from_secs(config.wait_s),
            pause: Duration::from_secs(config.pause_s),
            hold: Duration::from_secs(config.hold_s),
            held: HeldCalls::default(),
            fared: Fared::default(),
            failed_calls: config.failed_calls_an_hour,
            state: Mutex::new(State {
                modems: modems.iter().map(place).collect(),
                failed: HashMap::new(),
            }),
            modems,
            turn: Turn::default(),
            freed: Notify::new(),
        }
    }

    /// How many modems it has.
    pub(super) fn size(&self) -> usize {
        self.modems.len()
    }

    /// Waits for a modem, in the order of asking, for as long as the configuration says.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, NoModem> {
        let until = Instant::now() + self.wait;
        let busy = || {
            let (name, count, waited) = (&self.name, self.modems.len(), self.wait.as_secs());
            NoModem::AllBusy(format!(
                "{count} modems of pool {name} were in other calls for {waited} s"
            ))
        };
        let _turn = timeout_at(until, self.turn.lock()).await.map_err(|_| busy())?;
        let mut gave_up = false;
        loop {
            let wake = match self.offer() {
                Offer::Modem(place) => {
                    return Ok(Lease {
                        pool: self.clone(),
                        place: Some(place),
                    });
                }
                Offer::Faulty(text) => return Err(NoModem::AllFaulty(text)),
                // No call is worth it when a modem is there sooner than the one of that call would be.
                Offer::Wait(Some(wake)) if wake <= Instant::now() + self.pause => Some(wake),
                Offer::Wait(wake) if gave_up => wake,
                Offer::Wait(wake) => match self.held.give_up() {
                    GivenUp::Nothing => wake,
                    GivenUp::Later(at) => Some(wake.map_or(at, |wake| wake.min(at))),
                    GivenUp::One => {
                        gave_up = true;
                        wake
                    }
                },
            };
            if Instant::now() >= until {
                return Err(busy());
            }
            tokio::select! {
                () = self.freed.notified() => {}
                () = sleep_until(wake.map_or(until, |wake| wake.min(until))) => {}
            }
        }
    }

    /// Makes a call to `number` known that is held, also to who waits for a modem.
    pub(super) fn keep(&self, number: &str) -> Wanted {
        let wanted = self.held.keep(number);
        self.freed.notify_one();
        wanted
    }

    /// The modem that has been free for longest.
    fn offer(&self) -> Offer {
        let mut state = self.lock();
        let now = Instant::now();
        let free = state.modems.iter_mut().enumerate().filter(|(_, place)| !place.engaged);
        let Some((index, first)) = free.min_by_key(|(_, place)| place.ready_at) else {
            return Offer::Wait(None);
        };
        if first.ready_at <= now {
            first.engaged = true;
            return Offer::Modem(index);
        }
        let wake = first.ready_at;
        // Waiting for one that pauses or is in a call makes sense; all at fault is for somebody to hear of.
        if state.modems.iter().any(|place| place.engaged || place.fault.is_none()) {
            return Offer::Wait(Some(wake));
        }
        let faults = state.modems.iter().filter_map(|place| place.fault.as_ref());
        let texts: Vec<String> = faults
            .map(|(text, until)| format!("{text}; it rests until {until}"))
            .collect();
        Offer::Faulty(texts.join("; "))
    }

    /// Opens the port of a leased modem.
    pub(super) async fn open(&self, lease: &Lease) -> (String, io::Result<Box<dyn Port>>) {
        match lease.place.and_then(|place| self.modems.get(place)) {
            Some(address) => (address.to_string(), port::open(address, self.settings).await),
            None => (String::new(), Err(io::Error::other("the modem was given back"))),
        }
    }

    fn free(&self, place: usize, fault: Option<String>) {
        {
            let mut state = self.lock();
            let (Some(known), Some(address)) = (state.modems.get_mut(place), self.modems.get(place)) else {
                return;
            };
            known.engaged = false;
            let rest = match fault {
                None => {
                    if known.fault.take().is_some() {
                        info!(pool = self.name, "modem {address} works again");
                    }
                    known.faults = 0;
                    self.pause
                }
                Some(fault) => {
                    let doublings = known.faults.min(16);
                    known.faults = known.faults.saturating_add(1);
                    let rest = limits::MODEM_REST
                        .saturating_mul(1 << doublings)
                        .min(limits::MODEM_REST_MOST);
                    warn!(pool = self.name, rest_s = rest.as_secs(), "modem rests: {fault}");
                    let until =
                        Timestamp::now().saturating_add(jiff::SignedDuration::try_from(rest).unwrap_or_default());
                    known.fault = Some((fault, until.unwrap_or(Timestamp::MAX)));
                    rest
                }
            };
            known.ready_at = Instant::now() + rest;
        }
        // Only who is next waits for this.
        self.freed.notify_one();
    }

    /// The last failed call, when so many calls to the number failed that it is not dialled now; with the count.
    pub(super) fn too_many(&self, number: &str) -> Option<(Failed, usize)> {
        let mut state = self.lock();
        let calls = state.failed.get_mut(number)?;
        calls.retain(|call| call.at.elapsed() < HOUR);
        let (count, last) = (calls.len(), calls.back().cloned());
        if count == 0 {
            state.failed.remove(number);
        }
        last.filter(|_| count >= self.failed_calls).map(|last| (last, count))
    }

    /// Remembers a failed call, or that the number answers again.
    pub(super) fn remember(&self, number: &str, failed: Option<(Refusal, String)>) {
        let mut state = self.lock();
        match failed {
            None => {
                state.failed.remove(number);
            }
            Some((how, text)) => {
                let calls = state.failed.entry(number.to_owned()).or_default();
                calls.push_back(Failed {
                    at: Instant::now(),
                    how,
                    text,
                });
                let surplus = calls.len().saturating_sub(self.failed_calls);
                calls.drain(..surplus);
            }
        }
    }

    /// What is seen of it.
    pub(super) fn shown(&self) -> ModemPool {
        let state = self.lock();
        let modem = |(place, address): (&Place, &LineAddress)| PoolModem {
            port: address.to_string(),
            engaged: place.engaged,
            fault: place.fault.clone(),
        };
        ModemPool {
            name: self.name.clone(),
            modems: state.modems.iter().zip(&self.modems).map(modem).collect(),
            calls: self.fared.calls(),
            on_line_s: self.fared.on_line_s(),
        }
    }

    /// Modems at rest because of a fault.
    pub(super) fn resting(&self) -> Vec<Resting> {
        let state = self.lock();
        let places = state.modems.iter().zip(&self.modems);
        let resting = places.filter_map(|(place, address)| {
            let (fault, until) = place.fault.clone()?;
            Some(Resting {
                pool: self.name.clone(),
                modem: address.to_string(),
                fault,
                until,
            })
        });
        resting.collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole in itself, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The modem's pool.
    pub(super) fn pool(&self) -> Arc<Pool> {
        self.pool.clone()
    }

    /// Gives the modem back, with what was wrong with it.
    pub(super) fn release(mut self, fault: Option<String>) {
        if let Some(place) = self.place.take() {
            self.pool.free(place, fault);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.pool.free(place, None);
        }
    }
}
