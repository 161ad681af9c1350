//! Sets up a meter of the magistral protocol.

use super::device::Spbus;
use super::history::SpbusHistory;
use super::model::SpbusModel;
use super::own_port::OwnPort;
use super::truth::SpbusTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::meter::Meter;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// Months of history before the clock: more than any ring holds.
const MONTHS_BEHIND: i64 = 26;

/// Days that a running clock may go on before the history ends.
const DAYS_AHEAD: i64 = 62;

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct SpbusConfig {
    pub model: SpbusModel,
    /// Address on the magistral, 0 to 29.
    pub address: u8,
    pub serial: String,
    pub report_day: u8,
    pub report_hour: u8,
    /// Answers requests without addresses: it is at the end of the line.
    pub answers_all: bool,
    /// 099 is an array only.
    pub array_type: bool,
    /// So many questions about parameters are answered with no data first, as gateways do.
    pub reluctant: u32,
    pub writable: bool,
    /// Hours without a record, the second exclusive.
    pub missing: (i64, i64),
    pub installed_hour: i64,
}

/// Builds [`Spbus`].
#[derive(Clone)]
pub struct SpbusBuilder {
    config: SpbusConfig,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<SpbusHistory>>,
    faults: Faults,
    /// The line ends at the meter's own port, which is set to this speed.
    own_port: Option<u32>,
}

impl Spbus {
    /// A meter of address 1 at the end of the line, settlement on the 1st at 0 h.
    pub fn builder(model: SpbusModel) -> SpbusBuilder {
        SpbusBuilder {
            config: SpbusConfig {
                model,
                address: 1,
                serial: "1-00123-0000".to_owned(),
                report_day: 1,
                report_hour: 0,
                answers_all: true,
                array_type: matches!(model, SpbusModel::Spt962 | SpbusModel::Spe543),
                reluctant: 0,
                writable: false,
                missing: (0, 0),
                installed_hour: i64::MIN,
            },
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
            own_port: None,
        }
    }

    /// СПТ961.2.
    pub fn spt961() -> SpbusBuilder {
        Self::builder(SpbusModel::Spt961_2)
    }

    /// СПТ962.
    pub fn spt962() -> SpbusBuilder {
        Self::builder(SpbusModel::Spt962)
    }

    /// СПГ761.2.
    pub fn spg761() -> SpbusBuilder {
        Self::builder(SpbusModel::Spg761_2)
    }

    /// СПЕ543.
    pub fn spe543() -> SpbusBuilder {
        Self::builder(SpbusModel::Spe543)
    }
}

impl SpbusBuilder {
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

    /// Address on the magistral, 0 to 29.
    pub fn address(mut self, address: u8) -> Self {
        self.config.address = address % 30;
        self
    }

    /// Serial number as in 099н01: `k-nnnnn-ffff`.
    pub fn serial(mut self, serial: impl Into<String>) -> Self {
        self.config.serial = serial.into();
        self
    }

    /// Settlement day, 1 to 28, and hour, 0 to 23.
    pub fn settlement(mut self, day: u8, hour: u8) -> Self {
        (self.config.report_day, self.config.report_hour) = (day, hour);
        self
    }

    /// Another meter is at the end of the line: only requests to its address reach this one.
    pub fn behind_gateway(mut self) -> Self {
        self.config.answers_all = false;
        self
    }

    /// The first `count` questions about parameters are answered with no data.
    pub fn reluctant(mut self, count: u32) -> Self {
        self.config.reluctant = count;
        self
    }

    /// Data protection is off: clock and settings may be written.
    pub fn writable(mut self) -> Self {
        self.config.writable = true;
        self
    }

    /// The line ends at the meter's own RS232 or optical port, which has to be opened and is set to `baud`.
    pub fn own_port(mut self, baud: u32) -> Self {
        self.own_port = Some(baud);
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
    pub fn history(mut self, history: Arc<SpbusHistory>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<SpbusHistory> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let origin = civil::day_of(now - MONTHS_BEHIND * 31 * civil::DAY_H) * civil::DAY_H;
        Arc::new(SpbusHistory::generate(&plant, origin, now + DAYS_AHEAD * civil::DAY_H))
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let device = Spbus::with(self.config.clone(), Arc::clone(&history), self.clock.clone());
        let device: Box<dyn Meter> = match self.own_port {
            Some(baud) => Box::new(OwnPort::new(device, self.config.model, baud)),
            None => Box::new(device),
        };
        let truth = SpbusTruth {
            config: self.config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(device, self.faults)
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
