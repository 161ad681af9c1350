//! Simulated electricity meters that speak DLMS/COSEM with logical names (IEC 62056-46, -47, -53, -62), over HDLC or the
//! wrapper: no password, a password (LLS), or keys (HLS with GMAC, suite 0).
//!
//! Three profiles: hours, days, and months frozen at midnight; stamps are the ends of intervals. An hour without power has
//! no row, and the next one says so in its status. With [`DlmsBuilder::compact`] rows are shortened as the standard allows:
//! nothing stands for the stamp a period later and for a value that stayed. A public client sees identity and clock only
//! where the meter has a password or keys. With [`DlmsBuilder::pushes`] it only sends notifications.

mod apdu;
mod attributes;
mod builder;
mod crypt;
mod data;
mod device;
mod hdlc;
mod history;
mod profile;
mod push;
mod truth;

pub use builder::{DlmsBuilder, DlmsQuirk, DlmsTransport};
pub use device::Dlms;
