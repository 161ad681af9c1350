//! Simulated meters of the magistral protocol: СПТ961.2, СПТ962, СПГ761.2, each with two pipes and one magistral
//! (consumer), and СПЕ543 with three channels and a group.
//!
//! Labels are the ends of intervals; days end at the settlement hour, months on the settlement day. An hour without
//! power has no record. While an abnormal situation is on, values of its channel are marked with a star. In the truth
//! `input` is the channel and the names are those of the display: `т1.M`, `п1.dM`. An НС whose name is a value marks that
//! value; one without a name is on now; those named `т1.НСо` are the text of that column.

mod builder;
mod device;
mod electricity;
mod frame;
mod history;
mod model;
mod own_port;
mod question;
mod truth;

pub use builder::SpbusBuilder;
pub use device::Spbus;
pub use history::SpbusHistory;
pub use model::SpbusModel;
