//! What a meter driver is written with.
//!
//! A driver is a type that implements [`Driver`] (and [`Diagnostics`], [`Configure`], [`Control`] where its meter has
//! them) and one line that exports it: [`export_driver!`]. Its conversation talks to the meter through [`Port`] and
//! gives results to [`Sink`]. Inside the host these are the host's own; in a test they are a [`recording::Recording`]
//! and a [`recording::Collected`], so the same code runs natively over recorded bytes.
//!
//! The contract itself, item by item: `wit/v1/driver.wit`.

pub mod absence;
mod adapter;
pub mod bindings;
pub mod bytes;
pub mod calendar;
pub mod checksum;
mod driver;
pub mod modbus;
pub mod packed;
pub mod parity;
mod port;
pub mod recording;
pub mod resume;
mod sink;
pub mod wire;
pub mod writes;

pub use adapter::{Instance, Shell, Slot};
pub use bindings::exports::uzel::driver::meter::{ClockReading, Identity};
pub use bindings::uzel::driver::host::{Level, Verdict};
pub use bindings::uzel::driver::line::{Medium, Parity, Reading, Settings, Until};
pub use bindings::uzel::driver::types::{
    Absence, Aggregate, ArchiveKind, CivilTime, Column, Condition, Effect, Event, Failure, Fixed, Instant, LabelRule,
    LineError, Mark, Quality, Row, Setting, Severity, Value, Window,
};
pub use driver::{Configure, Control, Diagnostics, Driver};
pub use port::Port;
pub use sink::{Batch, Sink};
