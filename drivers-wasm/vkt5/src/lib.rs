//! Driver of the heat calculator ВКТ-5 by Teplocom: up to eight heat inputs and two regulators.
//!
//! [`frame`] bytes and frames · [`message`], [`scheme`], [`plan`], [`record`], [`extra`] frames and
//! values · [`talk`] one question
//! and its answer, and what makes it believable · [`meter`], [`answers`] the session · [`moment`], [`archive`], [`settings`],
//! [`control`] the conversation. Sections named here are those of the maker's "ВКТ-5 Протокол обмена".

mod answers;
mod archive;
mod config;
mod control;
mod driver;
pub mod extra;
pub mod frame;
pub mod message;
mod meter;
mod moment;
pub mod plan;
pub mod record;
pub mod scheme;
mod settings;
mod talk;

pub use driver::Vkt5;

uzel_driver_sdk::export_driver!(Vkt5, diagnostics, control);
