//! Lines: bytes to and from a meter, whatever carries them.

mod carrier;
pub mod incoming;
mod line;
mod modem;
mod network;
mod open;
mod owner;
mod rfc2217;
mod serial;
mod vanished;

pub use carrier::Carrier;
pub use line::{Line, ReadFault, Until};
pub use modem::{BadModems, Config as ModemConfig, ModemPool, Modems, Resting};
pub use network::Network;
pub use open::{OpenError, Transport, Way};
pub use owner::{Lines, Owned};
pub use vanished::watch as watch_far_end;
