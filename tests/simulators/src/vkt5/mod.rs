//! A simulated ВКТ-5 of Teplocom ("ВКТ-5 Протокол обмена"): one or two heat inputs, additional temperatures, regulators.
//!
//! Labels are the starts of intervals. An hour without power has a record with 60 minutes of "no power" and no temperatures
//! (FF FF FF FF). A zero comes as 2^-126, a total that never counted grows by 2^-127 an hour, as real devices do. In the
//! truth `input` is the heat input; a НС is named by the column that it is about and has the ordinal of the document.

mod builder;
mod device;
mod frame;
mod history;
mod layout;
mod truth;

pub use builder::{Vkt5Builder, Vkt5Firmware};
pub use device::Vkt5;
pub use history::Vkt5History;
