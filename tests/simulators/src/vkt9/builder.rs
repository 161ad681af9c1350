//! Sets up a ВКТ-9.

use super::device::Vkt9;
use super::knowledge::Knowledge;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use crate::vkt4::Vkt4History;
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// History before the clock: more than the ring of days holds.
const DAYS_BEHIND: i64 = 400;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct Vkt9Config {
    pub address: u8,
    pub serial: u32,
    /// Heat systems, 1 or 2.
    pub systems: usize,
    /// So many questions are answered with "busy" first.
    pub busy: u32,
    /// Hours without a record, the second exclusive.
    pub missing: (i64, i64),
    pub installed_hour: i64,
}

/// Builds [`Vkt9`].
#[derive(Clone)]
pub struct Vkt9Builder {
    config: Vkt9Config,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<Vkt4History>>,
    faults: Faults,
}

impl Vkt9 {
    /// A meter with address 1, number 123456 and two heat systems.
    pub fn builder() -> Vkt9Builder {
        Vkt9Builder {
            config: Vkt9Config {
                address: 1,
                serial: 123_456,
                systems: 2,
                busy: 0,
                missing: (0, 0),
                installed_hour: i64::MIN,
            },
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }
}

impl Vkt9Builder {
    /// Seed of the archived data.
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

    pub fn address(mut self, address: u8) -> Self {
        self.config.address = address;
        self
    }

    pub fn serial(mut self, serial: u32) -> Self {
        self.config.serial = serial;
        self
    }

    /// Heat system 2 is not there.
    pub fn one_system(mut self) -> Self {
        self.config.systems = 1;
        self
    }

    /// The first `count` questions meet a meter with a long operation in hand.
    pub fn busy(mut self, count: u32) -> Self {
        self.config.busy = count;
        self
    }

    /// Hourly records from `from` (inclusive) to `to` (exclusive) do not exist.
    pub fn without_hours(mut self, from: DateTime, to: DateTime) -> Self {
        self.config.missing = (civil::hour_of(from), civil::hour_of(to));
        self
    }

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.config.installed_hour = civil::hour_of(at);
        self
    }

    /// Takes data generated before instead of generating; its seed counts.
    pub fn history(mut self, history: Arc<Vkt4History>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<Vkt4History> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let origin = (civil::day_of(now) - DAYS_BEHIND) * civil::DAY_H;
        Arc::new(Vkt4History::generate(&plant, origin, now + DAYS_AHEAD * civil::DAY_H))
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let knowledge = Knowledge {
            config: self.config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(Box::new(Vkt9::with(knowledge.clone())), self.faults)
            .with_truth(Arc::new(knowledge))
            .with_clock(self.clock)
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
