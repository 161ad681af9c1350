//! Sets up a legacy СПТ.

use super::config::SptConfig;
use super::device::Spt;
use super::history::{SptHistory, SptUnits};
use super::model::SptModel;
use super::truth::SptTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// Months of history before the clock: more than the daily ring holds.
const MONTHS_BEHIND: i64 = 15;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// Builds [`Spt`].
#[derive(Clone)]
pub struct SptBuilder {
    config: SptConfig,
    seed: u64,
    eventful: bool,
    clock: SimClock,
    history: Option<Arc<SptHistory>>,
    faults: Faults,
}

impl Spt {
    /// СПТ943 with both inputs in use, network number 1, settlement at the 1st, 0 h.
    pub fn spt943() -> SptBuilder {
        Self::builder(SptModel::Spt943)
    }

    /// СПТ942 with both inputs in use.
    pub fn spt942() -> SptBuilder {
        Self::builder(SptModel::Spt942)
    }

    /// СПТ941.10.
    pub fn spt941_10() -> SptBuilder {
        Self::builder(SptModel::Spt941_10)
    }

    pub fn builder(model: SptModel) -> SptBuilder {
        SptBuilder {
            config: SptConfig {
                model,
                network: 1,
                serial: 12345,
                model_character: if model == SptModel::Spt941_10 { b'0' } else { b'1' },
                inputs: model.inputs(),
                scheme: 0,
                units: SptUnits::KgfGcal,
                report_day: 1,
                report_hour: 0,
                missing: Vec::new(),
                installed_hour: i64::MIN,
                month_archive: false,
                writable: false,
                settings: Vec::new(),
            },
            seed: 1,
            eventful: true,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }
}

impl SptBuilder {
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

    /// Network number NT, 0 to 99.
    pub fn network(mut self, number: u8) -> Self {
        self.config.network = number;
        self
    }

    /// Serial number of 24 bits; the identifier ИД follows it unless set.
    pub fn serial(mut self, serial: u32) -> Self {
        self.config.serial = serial & 0x00FF_FFFF;
        self
    }

    /// Heat inputs in use; the other one answers that it has no records.
    pub fn inputs(mut self, count: u8) -> Self {
        self.config.inputs = count.clamp(1, self.config.model.inputs());
        self
    }

    /// Units of pressure and heat, ЕИ.
    pub fn units(mut self, units: SptUnits) -> Self {
        self.config.units = units;
        self
    }

    /// Settlement day СР, 1 to 31, and hour ЧР, 0 to 23.
    pub fn settlement(mut self, day: u8, hour: u8) -> Self {
        (self.config.report_day, self.config.report_hour) = (day, hour);
        self
    }

    /// The text of a setting; `input` 0 for common ones.
    pub fn setting(mut self, number: u16, input: u8, text: impl Into<String>) -> Self {
        self.config.set(number, input, text.into());
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

    /// Function 4D answers months.
    pub fn month_archive(mut self) -> Self {
        self.config.month_archive = true;
        self
    }

    /// The protection switch is off: settings, the clock among them, may be written.
    pub fn writable(mut self) -> Self {
        self.config.writable = true;
        self
    }

    /// Takes data generated before instead of generating; its seed, model and units count.
    pub fn history(mut self, history: Arc<SptHistory>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<SptHistory> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: self.eventful,
        };
        let origin = civil::day_of(now - MONTHS_BEHIND * 31 * civil::DAY_H) * civil::DAY_H;
        let end = now + DAYS_AHEAD * civil::DAY_H;
        Arc::new(SptHistory::generate(
            &plant,
            self.config.model,
            self.config.units,
            origin,
            end,
        ))
    }

    /// The meter without transport, and what it holds.
    pub fn link(mut self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        self.config.fill_settings();
        let device = Spt::with(self.config.clone(), Arc::clone(&history), self.clock.clone());
        let truth = SptTruth {
            config: self.config,
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
