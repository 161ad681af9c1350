//! What system tests and benchmarks share: the built program, compiled components, one session over a real line.

pub mod host;
pub mod package;
pub mod parts;
pub mod session;

pub use host::TestHost;
