//! Sets up a ВКТ-7.

use super::config::{Digits, SchemeChange, TWO_INPUTS, Units, Vkt7Config};
use super::device::Vkt7;
use super::history::History;
use super::truth::Vkt7Truth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Months of history before the clock: one more than the deepest archive needs.
const MONTHS_BEHIND: i64 = 38;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// Builds [`Vkt7`]; every setting has a default taken from a captured device.
#[derive(Clone)]
pub struct Vkt7Builder {
    config: Vkt7Config,
    seed: u64,
    eventful: bool,
    clock: SimClock,
    history: Option<Arc<History>>,
    faults: Faults,
}

impl Vkt7 {
    /// A meter at address 1 with one heat input and a clock of UTC+3.
    pub fn builder() -> Vkt7Builder {
        Vkt7Builder {
            config: Vkt7Config::default(),
            seed: 1,
            eventful: true,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }
}

impl Vkt7Builder {
    /// Seed of the archived data.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Nothing but normal work happens: no НС, no hours without power.
    pub fn uneventful(mut self) -> Self {
        self.eventful = false;
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

    /// Network address, 0 to 240.
    pub fn address(mut self, address: u8) -> Self {
        self.config.address = address;
        self
    }

    /// Subscriber id of up to 8 ASCII characters, in use as the serial number.
    pub fn serial(mut self, serial: impl Into<String>) -> Self {
        self.config.serial = serial.into();
        self
    }

    /// Firmware in tenths, 15 to 27.
    pub fn firmware(mut self, tenths: u8) -> Self {
        self.config.firmware = tenths;
        self
    }

    /// 0 or 1: how unit texts are sent.
    pub fn server_version(mut self, version: u8) -> Self {
        self.config.server_version = version;
        self
    }

    /// Report day ДО, 1 to 31.
    pub fn report_day(mut self, day: u8) -> Self {
        self.config.report_day = day;
        self
    }

    /// Both heat inputs are measured.
    pub fn two_inputs(self) -> Self {
        self.elements(TWO_INPUTS)
    }

    /// The active elements, in the order in which the meter lists them.
    pub fn elements(mut self, elements: impl Into<Vec<u8>>) -> Self {
        self.config.elements = elements.into();
        self
    }

    /// Records that began before `until` were kept under these elements.
    pub fn scheme_change(mut self, until: DateTime, elements: impl Into<Vec<u8>>) -> Self {
        let until_hour = civil::hour_of(until);
        self.config.scheme_change = Some(SchemeChange {
            until_hour,
            elements: elements.into(),
        });
        self
    }

    pub fn digits(mut self, digits: Digits) -> Self {
        self.config.digits = digits;
        self
    }

    pub fn units(mut self, units: Units) -> Self {
        self.config.units = units;
        self
    }

    /// Elements whose sensor is out of range.
    pub fn failed(mut self, elements: impl Into<Vec<u8>>) -> Self {
        self.config.failed = elements.into();
        self
    }

    /// Hourly records from `from` (inclusive) to `to` (exclusive) do not exist.
    pub fn without_hours(mut self, from: DateTime, to: DateTime) -> Self {
        self.config.missing.push((civil::hour_of(from), civil::hour_of(to)));
        self
    }

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.config.installed_hour = civil::hour_of(at);
        self
    }

    /// Behind the RS-485 adapter: no wake bytes needed, address 0 forbidden.
    pub fn rs485(mut self) -> Self {
        self.config.sleeps_after = None;
        self
    }

    /// The silence after which FF FF is needed again; 5 s unless set.
    pub fn sleeps_after(mut self, silence: Duration) -> Self {
        self.config.sleeps_after = Some(silence);
        self
    }

    /// Discrete outputs that may be set remotely.
    pub fn outputs(mut self, states: [u8; 2]) -> Self {
        self.config.outputs = Some(states);
        self
    }

    /// Takes data generated before instead of generating: thousands of meters share one history.
    /// Its seed, digits and report day count.
    pub fn history(mut self, history: Arc<History>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`]. About 8 MB.
    pub fn generate(&self) -> Arc<History> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: self.eventful,
        };
        let origin = now - MONTHS_BEHIND * 31 * civil::DAY_H;
        let end = now + DAYS_AHEAD * civil::DAY_H;
        Arc::new(History::generate(
            &plant,
            &self.config.digits,
            self.config.report_day,
            origin,
            end,
        ))
    }

    /// The meter without transport, and what it holds.
    pub fn link(mut self) -> Link {
        let firmware = self.config.firmware;
        // The НС characters came with firmware 1.9, DI and P3 with 2.0.
        self.config.elements.retain(|index| match index {
            77 | 78 => firmware >= 19,
            81 | 82 => firmware >= 20,
            _ => true,
        });
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let config = Arc::new(self.config);
        let device = Vkt7::with(Arc::clone(&config), Arc::clone(&history), self.clock.clone());
        let truth = Vkt7Truth {
            config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(Box::new(device), self.faults)
            .with_truth(Arc::new(truth))
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
