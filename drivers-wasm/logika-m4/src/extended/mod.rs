//! The 4M meters: extended frames with tagged values, functions 42 61 72 77. The session request is the legacy one.

pub mod abnormal;
pub mod archive;
pub mod events;
pub mod frame;
mod lists;
pub mod model;
pub mod names;
pub mod page;
pub mod session;
pub mod settings;
pub mod table;
pub mod tags;
pub mod talk;
pub mod units;
pub mod values;
