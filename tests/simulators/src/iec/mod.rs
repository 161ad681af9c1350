//! Electricity meters of IEC 62056-21: one of mode C that is asked, and one of P1 that sends by itself.
//!
//! The profile `P.01` has an hour's energies, `1.29` kWh and `3.29` kvarh, and labels the ends of its hours. An hour without
//! power has no row; the first row behind it has the status of a failure and of the return of power. Months end at
//! midnight of the 1st; their registers carry the billing counter modulo 100 as index, or count from the newest.

mod builder;
mod device;
pub(crate) mod history;
mod push;
mod text;
mod truth;

pub use builder::{Iec, IecBuilder};
pub use history::IecHistory;
