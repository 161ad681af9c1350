//! Simulated M-Bus slaves (EN 13757-2 and -3): a heat meter, a water meter, an electricity meter.
//!
//! All keep their history under storage numbers: 0 is now, 1 the last due date (31 December), 2 and
//! up the ends of the last months, newest first. The heat meter stamps a month with its last minute
//! (type F), the others with the first day of the next month (type G). A long readout comes in
//! several telegrams. A heat meter may give its months as a compact profile, or answer with the old fixed structure.
//!
//! In the truth a record's `end` is the stamp on the wire, `input` is the tariff (0: total), and the
//! names end with the unit of the value: `energy_kwh`, `volume_m3`.

mod builder;
mod content;
mod device;
mod frame;
mod history;
mod record;
mod truth;

pub use builder::MbusBuilder;
pub use content::MbusKind;
pub use device::Mbus;
pub use history::MbusHistory;
