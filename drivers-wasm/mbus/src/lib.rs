//! M-Bus (EN 13757-2 and EN 13757-3) on wires, for meters of any maker, and telegrams of wireless M-Bus (EN 13757-4).
//!
//! From the wire up: `frame` is the link layer, `telegram` with `header`, `record`, `data`, `date` and `fixed` the
//! application layer, `quantity` and `modifier` the tables of value information, `entry` a record as a column.
//! `link`, `readout` and `search` are the conversation, `archive` sorts kept values by their dates, `profile` those of
//! compact profiles. Wireless are `radio` (the conversation), `wireless` (the link layer), `layer` and `cipher`.

mod absence;
mod address;
mod archive;
#[cfg(test)]
mod archive_test;
mod cipher;
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
#[cfg(test)]
mod fuzz_test;
mod header;
mod judge;
mod layer;
mod link;
mod modifier;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod noise_test;
mod profile;
mod quantity;
mod radio;
mod readout;
mod record;
mod search;
#[cfg(test)]
mod search_test;
mod set_clock;
mod sorted;
mod status;
mod table;
mod telegram;
mod verify;
mod wireless;
#[cfg(test)]
mod wireless_test;

pub use decode::{Decoded, decode};
pub use driver::Mbus;

#[cfg(feature = "component")]
uzel_driver_sdk::export_driver!(Mbus, configure);
