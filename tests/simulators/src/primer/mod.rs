//! ПРИМЕР-1, the invented heat meter of `examples/meter.md`: ASCII questions and answers, an hourly ring.

mod device;
mod frame;
mod ring;

use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::serve::{Handle, Link};
use device::Device;
use jiff::civil::DateTime;
use ring::Ring;
use std::io;
use std::sync::Arc;

/// How long a meter has been in use unless the builder says otherwise, hours.
const IN_USE_H: i64 = 1_000;

/// Builds simulated meters of this kind.
pub struct Primer {
    seed: u64,
    clock: SimClock,
    installed_hour: Option<i64>,
    address: u8,
    serial: u32,
    faults: Faults,
}

impl Primer {
    /// A meter at address 1 with a clock of UTC+3.
    pub fn builder() -> Self {
        Self {
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            installed_hour: None,
            address: 1,
            serial: 12_345,
            faults: Faults::new(),
        }
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

    /// The meter has archived only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.installed_hour = Some(civil::hour_of(at));
        self
    }

    /// Network address, 1 to 99.
    pub fn address(mut self, address: u8) -> Self {
        self.address = address;
        self
    }

    pub fn serial(mut self, serial: u32) -> Self {
        self.serial = serial;
        self
    }

    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let ring = Arc::new(Ring {
            seed: self.seed,
            installed_hour: self.installed_hour.unwrap_or(self.clock.now_hour() - IN_USE_H),
            clock: self.clock.clone(),
        });
        let device = Device::new(self.address, self.serial, Arc::clone(&ring));
        Link::new(Box::new(device), self.faults)
            .with_truth(ring)
            .with_clock(self.clock)
    }

    /// Serves the meter on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }
}
