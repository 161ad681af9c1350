//! Lines: bytes to and from a meter, whatever carries them.

mod line;
mod open;
mod owner;

pub use line::{Line, ReadFault, Until};
pub use open::{OpenError, open};
pub use owner::{Lines, Owned};
