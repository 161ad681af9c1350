//! Greetings byte by byte, and callers on real sockets.

mod greetings;
mod sockets;
