//! One conversation with one device: a line, a driver, a list of tasks; records to the sink, a report at the end.

mod asked;
mod desk;
mod port;
mod replay;
mod run;
mod script;
mod tunnel;

pub use crate::transport::incoming::{Counts as ListenerCounts, Hub};
pub use crate::transport::{BadModems, ModemConfig, Modems, Resting, Transport, Way};
pub use asked::{Asked, AskedFault, AskedTask};
pub use desk::{Desk, DeskFull, Turn, sessions_allowed};
pub use replay::{Mismatch, Replay};
pub use run::{Assignment, ClockSeen, Order, Over, Phase, Report, Watch, replay, run};
pub use script::{Exchange, Script, ScriptError};
pub use tunnel::tunnel;
