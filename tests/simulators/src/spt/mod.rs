//! Simulated legacy (4L) heat calculators of Logika: СПТ943, СПТ942 and СПТ941.10/.11.
//!
//! Hours in which the plant had no power have no record (answer 21 03). The speed change of function
//! 42 is answered but does not change anything: sockets and pseudo-terminals have no speed.

mod archive;
mod builder;
mod config;
mod device;
pub(crate) mod ear;
pub(crate) mod frame;
mod history;
mod memory;
mod model;
mod truth;

pub use builder::SptBuilder;
pub use device::Spt;
pub use history::{SptHistory, SptUnits};
pub(crate) use history::{SptRow, Sums};
pub use model::SptModel;
