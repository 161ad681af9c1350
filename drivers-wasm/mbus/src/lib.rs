//! M-Bus (EN 13757-2 and EN 13757-3) on wires, for meters of any maker.
//!
//! From the wire up: `frame` is the link layer, `telegram` with `header`, `record`, `data`, `date` and `fixed` the
//! application layer, `quantity` and `modifier` the tables of value information, `entry` a record as a column.
//! `link` and `readout` are the conversation, `archive` sorts kept values by their dates.

mod absence;
mod address;
mod archive;
#[cfg(test)]
mod archive_test;
mod config;
#[cfg(test)]
mod conversation_test;
#[cfg(test)]
mod corpus_test;
mod cycle;
mod data;
mod date;
mod decode;
mod driver;
mod entry;
mod fixed;
mod frame;
mod header;
mod link;
mod modifier;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod noise_test;
mod quantity;
mod readout;
mod record;
mod set_clock;
mod status;
mod table;
mod telegram;
mod verify;

pub use decode::{Decoded, decode};
pub use driver::Mbus;

#[cfg(feature = "component")]
uzel_driver_sdk::export_driver!(Mbus, configure);
