//! The words of the field as types: meters, archives, records, sessions. No input or output, no serde.

mod access;
pub mod archive;
mod caller;
pub mod cause;
mod clock;
pub mod clock_policy;
pub mod control;
pub mod device;
mod driver_state;
pub mod event;
mod figures;
pub mod line;
pub mod outcome;
pub mod place;
pub mod record;
pub mod schedule;
pub mod task;
pub mod time;
pub mod trace;

pub use access::{AccountId, Actor, Right, Role, Scope};
pub use archive::{Absence, ArchiveKind, LabelRule, RecordKind, Span};
pub use caller::{CallerKnown, CallerSeen, CallerState};
pub use cause::Cause;
pub use clock::Clock;
pub use clock_policy::{ClockLimits, ClockOutcome, ClockPolicy};
pub use control::{Act, Acted, Change, ControlId, ControlState, Held, Stage};
pub use device::{DeviceId, LineId, SessionId};
pub use driver_state::DriverState;
pub use event::{DeviceEvent, Setting, Severity};
pub use figures::{Figure, Figures, Point, STEP_S};
pub use line::{Direction, LineAddress, LineOptions, LineSettings, Parity};
pub use outcome::Outcome;
pub use record::{Aggregate, Cell, Column, Condition, Effect, Quality, Record, Table, Value};
pub use schedule::{Rhythm, Schedule};
pub use task::{Reason, Task};
pub use time::{Civil, ClockRule};
