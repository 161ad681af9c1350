//! A fleet of simulated meters described in TOML: lines, and the meters on each.
//!
//! ```toml
//! [[line]]
//! listen = "127.0.0.1:20001"   # port 0: a free one
//! count = 10                   # so many such lines; ports, seeds and serial numbers count up
//! faults = "noise=0.02,seed=7"
//!
//! [[line.meter]]
//! kind = "vkt7"
//! serial = "00247792"
//!
//! [[line]]
//! pty = "/tmp/tty-basement"    # a link to the pseudo-terminal, or "" for none
//!
//! [[line.meter]]
//! kind = "mbus-heat"
//!
//! [[line.meter]]
//! kind = "mbus-water"
//!
//! [[modem]]
//! pty = "/tmp/tty-modem"
//!
//! [[number]]
//! number = "89217776655"
//! meter = "127.0.0.1:20001"    # or says = "BUSY"
//! after_ms = 2000
//! ```

mod config;
mod modem;
mod start;
mod teplocom;
mod tsrv;

pub use config::{Fleet, FleetError, Kind, Line, MeterConfig, ModemConfig, NumberConfig};
pub use start::{Running, Started};
