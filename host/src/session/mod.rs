//! One conversation with one device: a line, a driver, a list of tasks; records to the sink, a report at the end.

mod act;
mod asked;
mod desk;
mod door;
mod keep;
mod port;
mod replay;
mod report;
mod request;
mod run;
mod script;
mod set_clock;
mod tunnel;

pub use crate::transport::incoming::{Counts as ListenerCounts, Hub};
pub use crate::transport::{BadModems, ModemConfig, ModemPool, Modems, Resting, Transport, Way};
pub use asked::{Asked, AskedFault, AskedSetClock, AskedTask};
pub use desk::{Desk, DeskFull, Turn, sessions_allowed};
pub use door::{Connection, Door, Seen};
pub use keep::{Keep, Taken};
pub use replay::{Mismatch, Replay};
pub use report::{ClockSeen, Phase, Report, Watch};
pub use request::Request;
pub use run::{Assignment, Order, Over, replay, run};
pub use script::{Exchange, Script, ScriptError};
pub use set_clock::{ClockSetting, SetClock};
pub use tunnel::tunnel;
