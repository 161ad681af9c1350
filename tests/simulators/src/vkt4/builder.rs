//! Sets up a ВКТ-4 or ВКТ-4М.

use super::device::Vkt4;
use super::history::Vkt4History;
use super::knowledge::Knowledge;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// History before the clock: a year, more than the rings hold.
const DAYS_BEHIND: i64 = 366;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// Which meter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vkt4Model {
    Vkt4,
    /// ВКТ-4М-1.2.
    TwoPipes,
    /// ВКТ-4М-2.2: its pressures are settings.
    FourPipes,
    /// ВКТ-4М-3.2.
    Pressures,
}

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct Vkt4Config {
    pub model: Vkt4Model,
    pub device: u8,
    /// Hardware and program, one decimal digit each.
    pub version: u8,
    /// Object code, six decimal digits.
    pub object: [u8; 3],
    pub report_day: u8,
    /// Records have five bytes more behind them.
    pub longer: bool,
    /// Hours without a record, the second exclusive.
    pub missing: (i64, i64),
    pub installed_hour: i64,
}

/// Builds [`Vkt4`].
#[derive(Clone)]
pub struct Vkt4Builder {
    config: Vkt4Config,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<Vkt4History>>,
    faults: Faults,
}

impl Vkt4 {
    /// A meter with number 1 and object code 004711.
    pub fn builder(model: Vkt4Model) -> Vkt4Builder {
        Vkt4Builder {
            config: Vkt4Config {
                model,
                device: 1,
                version: match model {
                    Vkt4Model::Vkt4 => 0x12,
                    Vkt4Model::TwoPipes => 0x22,
                    Vkt4Model::FourPipes => 0x32,
                    Vkt4Model::Pressures => 0x42,
                },
                object: [0x00, 0x47, 0x11],
                report_day: 25,
                longer: false,
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

impl Vkt4Builder {
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

    /// Device number.
    pub fn number(mut self, device: u8) -> Self {
        self.config.device = device;
        self
    }

    /// Object code: its last six digits count.
    pub fn object(mut self, code: u32) -> Self {
        let pair = |at: u32| {
            let number = code / at % 100;
            (((number / 10) << 4) | (number % 10)) as u8
        };
        self.config.object = [pair(10_000), pair(100), pair(1)];
        self
    }

    /// Version byte: two decimal digits.
    pub fn version(mut self, version: u8) -> Self {
        self.config.version = version;
        self
    }

    pub fn report_day(mut self, day: u8) -> Self {
        self.config.report_day = day;
        self
    }

    /// Firmware whose records have five bytes more.
    pub fn longer(mut self) -> Self {
        self.config.longer = true;
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
        Link::new(Box::new(Vkt4::with(knowledge.clone())), self.faults)
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
