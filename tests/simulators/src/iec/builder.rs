//! Sets up a meter of IEC 62056-21.

use super::device::Device;
use super::history::IecHistory;
use super::push::Pusher;
use super::truth::IecTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Hours of history before the clock: more than ring and months reach.
const BEHIND_H: i64 = 500 * civil::DAY_H;
/// Hours that a running clock may go on before the history ends.
const AHEAD_H: i64 = 62 * civil::DAY_H;

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct IecConfig {
    pub address: String,
    pub serial: String,
    /// Empty: none is wanted.
    pub password: String,
    /// Characters carry their parity bit, as behind a converter of eight bits.
    pub parity_bits: bool,
    /// Characters of one block of a long answer.
    pub block: usize,
    /// Index 01 is the newest month; otherwise it is the billing counter.
    pub newest_first: bool,
    /// Telegrams have no CRC.
    pub unchecked: bool,
    pub installed_hour: i64,
}

/// The kinds of meters.
#[derive(Clone, Copy, Debug)]
pub struct Iec;

/// Builds a meter of IEC 62056-21.
#[derive(Clone)]
pub struct IecBuilder {
    config: IecConfig,
    every: Option<Duration>,
    seed: u64,
    clock: SimClock,
    faults: Faults,
}

impl Iec {
    /// A meter of mode C with the number 12345678, which is also its address.
    pub fn meter() -> IecBuilder {
        IecBuilder {
            config: IecConfig {
                address: "12345678".to_owned(),
                serial: "12345678".to_owned(),
                password: String::new(),
                parity_bits: false,
                block: 128,
                newest_first: false,
                unchecked: false,
                installed_hour: i64::MIN,
            },
            every: None,
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            faults: Faults::new(),
        }
    }

    /// A meter that sends a telegram of P1 every second.
    pub fn p1() -> IecBuilder {
        IecBuilder {
            every: Some(Duration::from_secs(1)),
            ..Self::meter()
        }
    }
}

impl IecBuilder {
    /// Seed of the counted data.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A civil time (the clock stands) or a [`SimClock`].
    pub fn clock(mut self, clock: impl Into<SimClock>) -> Self {
        self.clock = clock.into();
        self
    }

    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Number and address.
    pub fn serial(mut self, serial: impl Into<String>) -> Self {
        self.config.serial = serial.into();
        self.config.address.clone_from(&self.config.serial);
        self
    }

    /// Nothing is read without it.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.config.password = password.into();
        self
    }

    /// Characters carry their parity bit, and others are not heard.
    pub fn parity_bits(mut self) -> Self {
        self.config.parity_bits = true;
        self
    }

    /// Months are counted from the newest.
    pub fn newest_first(mut self) -> Self {
        self.config.newest_first = true;
        self
    }

    /// Telegrams have no CRC, as before DSMR 4.
    pub fn unchecked(mut self) -> Self {
        self.config.unchecked = true;
        self
    }

    /// How often telegrams are sent.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    /// The meter has counted only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.config.installed_hour = civil::hour_of(at);
        self
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let now = self.clock.now_hour();
        let history = Arc::new(IecHistory::generate(self.seed, now - BEHIND_H, now + AHEAD_H));
        let truth = IecTruth {
            config: self.config.clone(),
            history: Arc::clone(&history),
            clock: self.clock.clone(),
            is_pushed: self.every.is_some(),
        };
        let link = match self.every {
            Some(every) => Link::new(
                Box::new(Pusher {
                    config: self.config,
                    history,
                    clock: self.clock.clone(),
                    every,
                    disguise: None,
                    sent: 0,
                }),
                self.faults,
            ),
            None => Link::new(
                Box::new(Device::new(self.config, history, self.clock.clone())),
                self.faults,
            ),
        };
        link.with_truth(Arc::new(truth)).with_clock(self.clock)
    }

    /// Serves the meter on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }

    /// Serves the meter on a new pseudo-terminal.
    pub fn start_pty(self) -> io::Result<Handle> {
        self.link().start_pty()
    }
}
