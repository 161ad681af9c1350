//! A host, its store and its meters in virtual time: hours pass as fast as they are worked through.
//!
//! Everything but three things is real: time ([`Time`]), the network ([`Net`]: wires within the process), and the meters.

mod host;
mod meters;
mod net;
mod time;

pub use host::{Host, Storage};
pub use meters::{Kind, Metered, Spec, Town};
pub use net::{Net, Trouble};
pub use time::Time;
