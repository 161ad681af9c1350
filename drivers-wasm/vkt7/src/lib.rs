//! Driver of the heat calculator ВКТ-7 by Teplocom.
//!
//! [`frame`] bytes and frames · [`message`], [`property`], [`record`] frames and values · [`talk`] one question and
//! its answer · [`meter`] the session · [`reading`], [`archive`], [`moment`], [`clock`], [`settings`] the conversation.

mod archive;
mod calendar;
mod clock;
mod config;
#[cfg(test)]
mod corpus;
mod driver;
mod element;
mod frame;
mod message;
mod meter;
mod moment;
mod output;
mod property;
mod reading;
mod record;
mod settings;
mod talk;

pub use driver::Vkt7;

#[cfg(feature = "component")]
uzel_driver_sdk::export_driver!(Vkt7, diagnostics, control);
