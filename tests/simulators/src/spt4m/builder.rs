//! Sets up a meter of the extended dialect.

use super::device::M4;
use super::model::M4Model;
use super::truth::M4Truth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use crate::spt::{SptHistory, SptModel, SptUnits};
use jiff::civil::DateTime;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Months of history before the clock: more than the daily ring holds.
const MONTHS_BEHIND: i64 = 15;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct M4Config {
    pub model: M4Model,
    /// Network number NT, 0 to 99.
    pub network: u8,
    /// Serial number, 24 bits.
    pub serial: u32,
    /// Heat inputs in use.
    pub inputs: u8,
    pub report_day: u8,
    pub report_hour: u8,
    /// Hours without a record, the second exclusive.
    pub missing: (i64, i64),
    pub installed_hour: i64,
    pub writable: bool,
    /// Texts by channel and number.
    pub settings: BTreeMap<(u8, u16), String>,
}

impl M4Config {
    /// Writes the settings that follow from the other fields; pressures are in kgf/cm², heat in Gcal.
    fn fill_settings(&mut self) {
        let mut texts: Vec<((u8, u16), String)> = Vec::new();
        if let Some([time, date, day, hour, network]) = self.model.numbers() {
            texts.push(((0, time), "13-45-00".into()));
            texts.push(((0, date), "08-10-13".into()));
            texts.push(((0, day), format!("{:02}", self.report_day)));
            texts.push(((0, hour), format!("{:02}", self.report_hour)));
            texts.push(((0, network), self.network.to_string()));
            texts.push(((0, network + 1), self.serial.to_string()));
        }
        match self.model {
            M4Model::Spt940 | M4Model::Spt941_20 => {
                texts.extend((0..3).map(|number| ((0, number), "0".to_owned())));
            }
            M4Model::Spt943rev3 => {
                texts.push(((0, 0), "0".into()));
                let unused = if self.inputs == 1 { "99" } else { "0" };
                texts.extend([((1, 0), "0".to_owned()), ((2, 0), unused.to_owned())]);
            }
            M4Model::Spt944 => texts.extend([0, 5, 6].map(|number| ((0, number), "0".to_owned()))),
            M4Model::Lgk410 => texts.extend([((1, 0), self.serial.to_string()), ((1, 1), self.network.to_string())]),
            M4Model::Spg740 | M4Model::Spg742 => texts.push(((0, 0), "0".into())),
        }
        texts.extend(self.model.unit_settings().iter().map(|place| (*place, "2".to_owned())));
        for (place, text) in texts {
            self.settings.entry(place).or_insert(text);
        }
    }
}

/// Builds [`M4`].
#[derive(Clone)]
pub struct M4Builder {
    config: M4Config,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<SptHistory>>,
    faults: Faults,
}

impl M4 {
    /// A meter of network number 1 with all its inputs in use, settlement on the 1st at 0 h.
    pub fn builder(model: M4Model) -> M4Builder {
        M4Builder {
            config: M4Config {
                model,
                network: 1,
                serial: 55150,
                inputs: model.inputs(),
                report_day: 1,
                report_hour: 0,
                missing: (0, 0),
                installed_hour: i64::MIN,
                writable: false,
                settings: BTreeMap::new(),
            },
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }

    /// СПТ941.20.
    pub fn spt941_20() -> M4Builder {
        Self::builder(M4Model::Spt941_20)
    }

    /// СПТ943rev3.
    pub fn spt943rev3() -> M4Builder {
        Self::builder(M4Model::Spt943rev3)
    }
}

impl M4Builder {
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

    /// Network number NT, 0 to 99.
    pub fn network(mut self, number: u8) -> Self {
        self.config.network = number;
        self
    }

    /// Serial number of 24 bits; the identifier ИД follows it.
    pub fn serial(mut self, serial: u32) -> Self {
        self.config.serial = serial & 0x00FF_FFFF;
        self
    }

    /// Heat inputs in use. The other one of a СПТ943rev3 has records of scheme 99.
    pub fn inputs(mut self, count: u8) -> Self {
        self.config.inputs = count.clamp(1, self.config.model.inputs());
        self
    }

    /// Settlement day СР, 1 to 31, and hour ЧР, 0 to 23.
    pub fn settlement(mut self, day: u8, hour: u8) -> Self {
        (self.config.report_day, self.config.report_hour) = (day, hour);
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

    /// The protection switch is off: settings, the clock among them, may be written.
    pub fn writable(mut self) -> Self {
        self.config.writable = true;
        self
    }

    /// Takes data generated before instead of generating.
    pub fn history(mut self, history: Arc<SptHistory>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<SptHistory> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let origin = civil::day_of(now - MONTHS_BEHIND * 31 * civil::DAY_H) * civil::DAY_H;
        let end = now + DAYS_AHEAD * civil::DAY_H;
        let history = SptHistory::generate(&plant, SptModel::Spt943, SptUnits::KgfGcal, origin, end);
        Arc::new(history)
    }

    /// The meter without transport, and what it holds.
    pub fn link(mut self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        self.config.fill_settings();
        let device = M4::with(self.config.clone(), Arc::clone(&history), self.clock.clone());
        let truth = M4Truth {
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
