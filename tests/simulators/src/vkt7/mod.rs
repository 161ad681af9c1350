//! A simulated ВКТ-7 of Teplocom.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use jiff::civil::datetime;
//! use meter_sim::{Faults, TruthKind, Vkt7};
//!
//! let meter = Vkt7::builder()
//!     .seed(1)
//!     .clock(datetime(2026, 2, 3, 10, 20, 0, 0))
//!     .faults(Faults::new().noise(0.05).seed(7))
//!     .start_tcp()
//!     .await?;
//! println!("{} holds {} hours", meter.addr(), meter.truth(TruthKind::Hourly).len());
//! meter.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod archive;
mod builder;
mod config;
mod data;
mod device;
mod elements;
mod frame;
mod history;
mod info;
mod truth;

pub use builder::Vkt7Builder;
pub use config::{Digits, ONE_INPUT, TWO_INPUTS, Units, Vkt7Config};
pub use device::Vkt7;
pub use history::History as Vkt7History;
