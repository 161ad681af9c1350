//! Simulated meters of Logika that speak in tagged values (extended M4, "4M"): СПТ940, СПТ941.20, СПТ943rev3, СПТ944,
//! СПГ740, СПГ742 and the flow meter ЛГК410.
//!
//! They answer the legacy session request as all meters of the family do. Hours in which the plant had no power have no
//! record. A speed is agreed to and changes nothing: sockets and pseudo-terminals have no speed.

mod archive;
mod builder;
mod device;
mod journal;
mod model;
mod reading;
mod tags;
mod truth;

pub use builder::M4Builder;
pub use device::M4;
pub use model::M4Model;
