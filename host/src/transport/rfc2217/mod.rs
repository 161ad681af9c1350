//! Serial servers that are set over telnet: the client side of RFC 2217, written by us because no crate has one.
//!
//! `telnet` and `port` turn bytes into events and back and do no I/O, `options` decides what is answered to an offer,
//! `server` is the conversation, `carrier` makes a line of it.

mod carrier;
mod options;
mod port;
mod server;
mod telnet;

pub(super) use carrier::open;
