//! The 4L meters: legacy frames, functions 3F 42 44 45 48 4D 52 59 71.

pub mod abnormal;
pub mod archive;
pub mod clock;
pub mod current;
pub mod frame;
pub mod interval;
pub mod link;
pub mod lists;
pub mod memory;
pub mod model;
mod odd;
pub mod question;
pub mod session;
pub mod settings;
mod speed;
pub mod table;
pub mod totals;
pub mod trouble;
pub mod write;
