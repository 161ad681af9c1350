//! Sets up a ТСРВ.

use super::device::{Knowledge, Tsrv};
use super::history::TsrvHistory;
use super::name::TsrvModel;
use super::truth::TsrvTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::modbus::ModbusFraming;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// How long a meter has been in use unless the builder says otherwise, days: more than a year.
const IN_USE_DAYS: i64 = 430;
/// Days that a running clock may go on before nothing more is counted.
const DAYS_AHEAD: i64 = 62;

/// How a meter is set up.
#[derive(Clone, Debug)]
pub struct TsrvConfig {
    pub model: TsrvModel,
    pub framing: ModbusFraming,
    pub address: u8,
    pub serial: u32,
    /// Where days and months begin; meters without such settings leave them at the first and midnight.
    pub contract_day: u8,
    pub contract_hour: u8,
    /// So many questions are answered with exception 6 first.
    pub busy: u32,
    /// Hours without a record, as after a clock that was moved forward.
    pub missing: Range<i64>,
    pub installed_hour: i64,
}

/// Builds [`Tsrv`].
#[derive(Clone)]
pub struct TsrvBuilder {
    config: TsrvConfig,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<TsrvHistory>>,
    faults: Faults,
}

impl Tsrv {
    /// A meter at address 1, spoken to in RTU.
    pub fn builder(model: TsrvModel) -> TsrvBuilder {
        TsrvBuilder {
            config: TsrvConfig {
                model,
                framing: ModbusFraming::Rtu,
                address: 1,
                serial: 802_485,
                contract_day: 1,
                contract_hour: 0,
                busy: 0,
                missing: 0..0,
                installed_hour: i64::MIN,
            },
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }

    /// ТСРВ-024М with two heat systems.
    pub fn tsrv024m() -> TsrvBuilder {
        Self::builder(TsrvModel::Tsrv024m)
    }

    /// ТСРВ-024М+ with two heat systems.
    pub fn tsrv024m_plus() -> TsrvBuilder {
        Self::builder(TsrvModel::Tsrv024mPlus)
    }

    /// ТСРВ-034.
    pub fn tsrv034() -> TsrvBuilder {
        Self::builder(TsrvModel::Tsrv034)
    }

    /// ТСРВ-043 with two heat systems of four.
    pub fn tsrv043() -> TsrvBuilder {
        Self::builder(TsrvModel::Tsrv043)
    }

    /// ТСРВ-023 with one heat system of three.
    pub fn tsrv023() -> TsrvBuilder {
        Self::builder(TsrvModel::Tsrv023)
    }
}

impl TsrvBuilder {
    pub fn framing(mut self, framing: ModbusFraming) -> Self {
        self.config.framing = framing;
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

    /// Seed of the counted amounts.
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

    /// Contract day, 1 to 28, and hour, 0 to 23, of a ТСРВ-024М or 024М+.
    pub fn contract(mut self, day: u8, hour: u8) -> Self {
        (self.config.contract_day, self.config.contract_hour) = (day, hour);
        self
    }

    /// The first `count` questions are answered as busy.
    pub fn busy(mut self, count: u32) -> Self {
        self.config.busy = count;
        self
    }

    /// Hourly records from `from` (inclusive) to `to` (exclusive) do not exist.
    pub fn without_hours(mut self, from: DateTime, to: DateTime) -> Self {
        self.config.missing = civil::hour_of(from)..civil::hour_of(to);
        self
    }

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.config.installed_hour = civil::hour_of(at);
        self
    }

    /// Takes data generated before instead of generating; its seed counts.
    pub fn history(mut self, history: Arc<TsrvHistory>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this meter, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<TsrvHistory> {
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let origin = civil::day_of(now - IN_USE_DAYS * civil::DAY_H) * civil::DAY_H;
        Arc::new(TsrvHistory::generate(&plant, origin, now + DAYS_AHEAD * civil::DAY_H))
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let knowledge = Knowledge {
            config: self.config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(Box::new(Tsrv::new(knowledge.clone())), self.faults)
            .with_truth(Arc::new(TsrvTruth(knowledge)))
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
