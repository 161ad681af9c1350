//! Decides what to read and when. Pure: time and state come in, spans and instants go out.

mod gaps;
mod next;

pub use gaps::{Want, gaps, reach, shortest};
pub use next::{Due, Past, Read};
