//! Sets up a Modbus slave.

use super::device::{Kind, ModbusSlave};
use super::frame::ModbusFraming;
use super::heat::Heat;
use super::regulator::Regulator;
use super::truth::{HeatTruth, History};
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::sync::Arc;

/// How long a meter has been in use unless the builder says otherwise, days.
const IN_USE_DAYS: i64 = 430;

/// Days that a running clock may go on before nothing more is counted.
const DAYS_AHEAD: i64 = 62;

/// Which device is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModbusKind {
    /// РЕГИСТР-1 of `examples/modbus-map.toml`.
    Heat,
    /// ECL Comfort 310, A266.1.
    Regulator,
}

/// Builds [`ModbusSlave`].
#[derive(Clone)]
pub struct ModbusBuilder {
    kind: ModbusKind,
    framing: ModbusFraming,
    address: u8,
    serial: u32,
    seed: u64,
    clock: SimClock,
    installed_hour: Option<i64>,
    faults: Faults,
    clips: bool,
}

impl ModbusSlave {
    /// A heat meter at address 1, spoken to in RTU.
    pub fn heat() -> ModbusBuilder {
        Self::builder(ModbusKind::Heat)
    }

    /// A weather controller at address 1, spoken to in RTU.
    pub fn regulator() -> ModbusBuilder {
        Self::builder(ModbusKind::Regulator)
    }

    pub fn builder(kind: ModbusKind) -> ModbusBuilder {
        ModbusBuilder {
            kind,
            framing: ModbusFraming::Rtu,
            address: 1,
            serial: 123_456,
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            installed_hour: None,
            faults: Faults::new(),
            clips: false,
        }
    }
}

impl ModbusBuilder {
    pub fn framing(mut self, framing: ModbusFraming) -> Self {
        self.framing = framing;
        self
    }

    pub fn address(mut self, address: u8) -> Self {
        self.address = address;
        self
    }

    pub fn serial(mut self, serial: u32) -> Self {
        self.serial = serial;
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

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.installed_hour = Some(civil::hour_of(at));
        self
    }

    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// A regulator that takes a little less than it is given.
    pub fn clipping(mut self) -> Self {
        self.clips = true;
        self
    }

    /// The slave without transport, and what it holds.
    pub fn link(self) -> Link {
        let (framing, address, clock) = (self.framing, self.address, self.clock.clone());
        if self.kind == ModbusKind::Regulator {
            let mut regulator = Regulator::new(self.serial, self.clock.clone());
            regulator.clips = self.clips;
            let slave = ModbusSlave::new(framing, address, Kind::Regulator(Box::new(regulator)));
            return Link::new(Box::new(slave), self.faults).with_clock(clock);
        }
        let now = self.clock.now_hour();
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        let origin = self.installed_hour.unwrap_or(now - IN_USE_DAYS * civil::DAY_H);
        let history = Arc::new(History::generate(plant, origin, now + DAYS_AHEAD * civil::DAY_H));
        let heat = Heat {
            serial: self.serial,
            clock: self.clock.clone(),
            history: Arc::clone(&history),
            disguise: None,
            selected: 0,
            report_day: 25,
        };
        let truth = HeatTruth {
            history,
            clock: self.clock,
        };
        let slave = ModbusSlave::new(framing, address, Kind::Heat(Box::new(heat)));
        Link::new(Box::new(slave), self.faults)
            .with_truth(Arc::new(truth))
            .with_clock(clock)
    }

    /// Serves the slave alone on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }

    /// Serves the slave alone on a new pseudo-terminal.
    pub fn start_pty(self) -> io::Result<Handle> {
        self.link().start_pty()
    }
}
