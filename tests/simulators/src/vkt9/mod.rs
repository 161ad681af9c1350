//! A simulated ВКТ-9 of Teplocom, after the one public program that reads it: the same heat point as that of a ВКТ-4.
//!
//! Labels are the starts of intervals. Archives are rings of pages, one of which is always empty; an hour without power has
//! no page. In the truth a code of НС is the number that its column holds.

mod builder;
mod device;
mod frame;
mod knowledge;

pub use builder::Vkt9Builder;
pub use device::Vkt9;
