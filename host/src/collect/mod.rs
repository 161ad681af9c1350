//! The loop: schedule → session → store.

mod handle;

pub use handle::{Board, Command, Handle, HandleError, Live, LiveEvent, ReadNow};
