//! Simulated ВКТ-4 and ВКТ-4М of Teplocom.
//!
//! Labels are the starts of intervals. An hour without power has no record; the clock is told without minutes. A meter is
//! silent until 16 FF and its number, and forgets that after 30 s. In the truth a code of НС is its bit, of НС2 its bit
//! and 0x200.

mod builder;
mod device;
mod frame;
mod history;
mod knowledge;

pub use builder::{Vkt4Builder, Vkt4Model};
pub use device::Vkt4;
pub(crate) use history::Row as Vkt4Row;
pub use history::Vkt4History;
