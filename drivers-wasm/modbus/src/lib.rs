//! Modbus (RTU, ASCII, TCP): any device by a register map.
//!
//! Frames, requests and answers are the SDK's; [`number`] and [`map`] say what registers mean, [`maps`] are those that are
//! shipped; [`reading`] and [`device`] read what a map names, [`archive`] its records by date ([`search`] finds
//! where, [`gather`] asks for several at once, [`record`] judges each), [`control`]
//! changes settings, [`curve`] six of them at once. [`ecl`] and [`sunspec`] complete a
//! map by what the device itself says.

mod archive;
mod config;
mod control;
mod curve;
mod device;
mod driver;
mod ecl;
mod gather;
mod identification;
pub mod map;
mod maps;
pub mod number;
mod reading;
mod record;
mod search;
mod sunspec;

pub use driver::Modbus;

uzel_driver_sdk::export_driver!(Modbus, diagnostics, control);
