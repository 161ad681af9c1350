//! Sets up a ВКТ-5.

use super::device::Vkt5;
use super::history::Vkt5History;
use super::truth::Vkt5Truth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// How long a meter has been in use unless the builder says otherwise, days.
const IN_USE_DAYS: i64 = 400;

/// Days that a running clock may go on before nothing more is counted.
const DAYS_AHEAD: i64 = 62;

/// Firmware on which the forms of answers depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vkt5Firmware {
    /// Before 4: no version is told, no regulators, no requisites.
    Old,
    /// The captured one.
    V7_13,
}

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct Vkt5Config {
    pub address: u8,
    pub firmware: Vkt5Firmware,
    /// Number of the device among the requisites.
    pub number: u8,
    pub inputs: u8,
    pub regulators: bool,
    /// Records carry the times of the report's second form.
    pub second_report: bool,
    /// Hours without a record, the second exclusive.
    pub missing: (i64, i64),
    /// The archives begin here.
    pub installed_hour: i64,
    /// The totals begin here.
    pub origin_hour: i64,
}

/// Builds [`Vkt5`].
#[derive(Clone)]
pub struct Vkt5Builder {
    config: Vkt5Config,
    installed_hour: Option<i64>,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<Vkt5History>>,
    faults: Faults,
}

impl Vkt5 {
    /// A meter of firmware 7.13 at address 1, with one heat input and no regulators.
    pub fn builder() -> Vkt5Builder {
        Vkt5Builder {
            config: Vkt5Config {
                address: 1,
                firmware: Vkt5Firmware::V7_13,
                number: 7,
                inputs: 1,
                regulators: false,
                second_report: false,
                missing: (0, 0),
                installed_hour: 0,
                origin_hour: 0,
            },
            installed_hour: None,
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }
}

impl Vkt5Builder {
    /// Network address; 0 is answered by every device.
    pub fn address(mut self, address: u8) -> Self {
        self.config.address = address;
        self
    }

    pub fn firmware(mut self, firmware: Vkt5Firmware) -> Self {
        self.config.firmware = firmware;
        self
    }

    /// Number of the device, which its owner entered.
    pub fn number(mut self, number: u8) -> Self {
        self.config.number = number;
        self
    }

    /// Heating and hot water.
    pub fn two_inputs(mut self) -> Self {
        self.config.inputs = 2;
        self
    }

    /// Both regulators are in use, the second of type 5.
    pub fn regulators(mut self) -> Self {
        self.config.regulators = true;
        self
    }

    /// Report of the second form.
    pub fn second_report(mut self) -> Self {
        self.config.second_report = true;
        self
    }

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

    /// Hourly records from `from` (inclusive) to `to` (exclusive) do not exist.
    pub fn without_hours(mut self, from: DateTime, to: DateTime) -> Self {
        self.config.missing = (civil::hour_of(from), civil::hour_of(to));
        self
    }

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.installed_hour = Some(civil::hour_of(at));
        self
    }

    /// Takes data generated before instead of generating; its seed counts.
    pub fn history(mut self, history: Arc<Vkt5History>) -> Self {
        self.history = Some(history);
        self
    }

    fn begin(&self) -> i64 {
        let begin = self.clock.now_hour() - IN_USE_DAYS * civil::DAY_H;
        self.installed_hour.unwrap_or(begin)
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<Vkt5History> {
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let end = self.clock.now_hour() + DAYS_AHEAD * civil::DAY_H;
        Arc::new(Vkt5History::generate(&plant, self.begin()..end.max(self.begin())))
    }

    /// The meter without transport, and what it holds.
    pub fn link(mut self) -> Link {
        (self.config.installed_hour, self.config.origin_hour) = (self.begin(), self.begin());
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let device = Vkt5::with(self.config.clone(), Arc::clone(&history), self.clock.clone());
        let truth = Vkt5Truth {
            config: self.config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(Box::new(device), self.faults)
            .with_truth(Arc::new(truth))
            .with_clock(self.clock)
    }

    /// Serves the meter alone on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }

    /// Serves the meter alone on a new pseudo-terminal.
    pub fn start_pty(self) -> io::Result<Handle> {
        self.link().start_pty()
    }
}
