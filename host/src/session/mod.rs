//! One conversation with one device: a line, a driver, a list of tasks; records to the sink, a report at the end.

mod desk;
mod port;
mod run;
mod tunnel;

pub use crate::transport::{BadModems, ModemConfig, Modems, Resting, Transport, Way};
pub use desk::{Desk, DeskFull, Turn, sessions_allowed};
pub use run::{Assignment, ClockSeen, Order, Phase, Report, Watch, run};
pub use tunnel::tunnel;
