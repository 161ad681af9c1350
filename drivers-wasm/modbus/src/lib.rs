//! Modbus (RTU, ASCII, TCP): any device by a register map.
//!
//! From the wire up: [`pdu`] and [`frame`] are requests, answers and what is around them, [`talk`] one question and its
//! answer; [`number`] and [`map`] say what registers mean, [`maps`] are those that are shipped; [`reading`] and [`device`]
//! read what a map names, [`archive`] and [`record`] its records by date, [`control`] changes settings, [`curve`] six of them at once. [`ecl`] and [`sunspec`] complete a
//! map by what the device itself says.

mod archive;
mod config;
mod control;
mod curve;
mod device;
mod driver;
mod ecl;
pub mod frame;
pub mod map;
mod maps;
pub mod number;
pub mod pdu;
mod reading;
mod record;
mod sunspec;
mod talk;

pub use driver::Modbus;

uzel_driver_sdk::export_driver!(Modbus, diagnostics, control);
