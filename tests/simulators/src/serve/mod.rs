//! Meters on real parts: TCP sockets and pseudo-terminals.

mod datagrams;
mod handle;
mod link;
mod many;
mod serial_server;
mod talk;
mod wire;

pub use datagrams::WHOLE;
pub use handle::{Endpoint, Handle};
pub use link::Link;
pub use many::{Many, serve_many};
pub use serial_server::{Quirk, Told};
pub(crate) use talk::{Shared, lock};
pub use wire::Wire;
