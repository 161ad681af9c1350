//! Meters on real parts: TCP sockets and pseudo-terminals.

mod handle;
mod link;
mod many;
mod talk;

pub use handle::{Endpoint, Handle};
pub use link::Link;
pub use many::{Many, serve_many};
pub(crate) use talk::{Shared, lock};
