//! Sets up an M-Bus slave.

use super::content::MbusKind;
use super::device::{Mbus, MbusConfig};
use super::history::MbusHistory;
use super::truth::MbusTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::plant::Plant;
use crate::serve::{Handle, Link};
use std::io;
use std::sync::Arc;

/// Months of history before the clock: the last due date and a few years of months.
const MONTHS_BEHIND: i64 = 40;

/// Days that a running clock may go on before the counters stand still.
const DAYS_AHEAD: i64 = 62;

/// Ends of months that a meter may keep: what the history holds.
const MONTHS_MAX: u32 = 36;

/// Ends of days and of hours that a meter may keep: as many as have storage numbers of their own.
const PROFILE_MAX: u32 = 64;

/// Builds [`Mbus`].
#[derive(Clone)]
pub struct MbusBuilder {
    config: MbusConfig,
    seed: u64,
    clock: SimClock,
    history: Option<Arc<MbusHistory>>,
    faults: Faults,
}

impl Mbus {
    /// A heat meter at primary address 1.
    pub fn heat() -> MbusBuilder {
        Self::builder(MbusKind::Heat)
    }

    /// A cold water meter at primary address 2.
    pub fn water() -> MbusBuilder {
        Self::builder(MbusKind::Water)
    }

    /// An electricity meter with two tariffs at primary address 3.
    pub fn electricity() -> MbusBuilder {
        Self::builder(MbusKind::Electricity)
    }

    pub fn builder(kind: MbusKind) -> MbusBuilder {
        let (primary, id, manufacturer, months) = match kind {
            MbusKind::Heat => (1, 6_855_817, *b"KAM", 24),
            MbusKind::Water => (2, 11_155_185, *b"ACW", 12),
            MbusKind::Electricity => (3, 30_204_505, *b"EMU", 12),
        };
        MbusBuilder {
            config: MbusConfig {
                kind,
                primary,
                id,
                manufacturer,
                version: 8,
                status: 0,
                months,
                days: 0,
                hours: 0,
                seconds: false,
                clock_locked: false,
                compact: false,
                fixed: false,
            },
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            history: None,
            faults: Faults::new(),
        }
    }
}

impl MbusBuilder {
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

    /// Primary address, 0 to 250.
    pub fn primary(mut self, address: u8) -> Self {
        self.config.primary = address;
        self
    }

    /// Identification number of up to 8 digits.
    pub fn id(mut self, id: u32) -> Self {
        self.config.id = id % 100_000_000;
        self
    }

    /// Three capital letters.
    pub fn manufacturer(mut self, letters: [u8; 3]) -> Self {
        self.config.manufacturer = letters;
        self
    }

    pub fn version(mut self, version: u8) -> Self {
        self.config.version = version;
        self
    }

    /// Status byte of the header.
    pub fn status(mut self, status: u8) -> Self {
        self.config.status = status;
        self
    }

    /// The clock is shown to the second, type I instead of F.
    pub fn seconds(mut self) -> Self {
        self.config.seconds = true;
        self
    }

    /// A new time is acknowledged and not taken, as by a sealed meter.
    pub fn clock_locked(mut self) -> Self {
        self.config.clock_locked = true;
        self
    }

    /// Ends of months kept, up to 36. From about 8 on the readout takes several telegrams.
    pub fn months(mut self, count: u32) -> Self {
        self.config.months = count.min(MONTHS_MAX);
        self
    }

    /// Ends of days and of hours kept beside, up to 64 of each; usually none. The readout takes more telegrams.
    pub fn profile(mut self, days: u32, hours: u32) -> Self {
        self.config.days = days.min(PROFILE_MAX);
        self.config.hours = hours.min(PROFILE_MAX);
        self
    }

    /// All kept months but the newest come as an inverse compact profile.
    pub fn compact(mut self) -> Self {
        self.config.compact = true;
        self
    }

    /// The first two counters alone, in the old fixed structure (CI 73). For the heat meter.
    pub fn fixed(mut self) -> Self {
        self.config.fixed = true;
        self
    }

    /// Takes data generated before instead of generating; its seed and kind count.
    pub fn history(mut self, history: Arc<MbusHistory>) -> Self {
        self.history = Some(history);
        self
    }

    /// The data of this slave, to be given to others by [`Self::history`].
    pub fn generate(&self) -> Arc<MbusHistory> {
        let now = self.clock.now_hour();
        let origin = now - MONTHS_BEHIND * 31 * civil::DAY_H;
        let end = now + DAYS_AHEAD * civil::DAY_H;
        let plant = Plant {
            seed: self.seed,
            eventful: true,
        };
        Arc::new(MbusHistory::generate(plant, self.config.kind, origin, end))
    }

    /// The slave without transport, and what it holds.
    pub fn link(self) -> Link {
        let history = self.history.clone().unwrap_or_else(|| self.generate());
        let device = Mbus::with(self.config.clone(), Arc::clone(&history), self.clock.clone());
        let truth = MbusTruth {
            config: self.config,
            history,
            clock: self.clock.clone(),
        };
        Link::new(Box::new(device), self.faults)
            .with_truth(Arc::new(truth))
            .with_clock(self.clock)
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
