//! How APDUs travel: in HDLC frames on a serial line (or through a converter), or in the wrapper on TCP and UDP.

pub mod ear;
mod hdlc;
pub mod scan;
pub mod wrapper;

use uzel_driver_sdk::Port;

use crate::config::{Config, Framing};
use crate::trouble::Trouble;

pub use hdlc::Hdlc;
pub use wrapper::Wrapper;

/// Bytes of one APDU at most: what a wrapper's length can say.
pub const APDU_MAX: usize = 65_535;

/// Takes an APDU that came whole, or says why it is no answer to what was asked.
pub type Judge<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), String>;

/// The way to one meter.
pub enum Link {
    Hdlc(Hdlc),
    Wrapper(Wrapper),
}

impl Link {
    pub fn new(config: &Config) -> Self {
        match config.framing {
            Framing::Hdlc => Self::Hdlc(Hdlc::new(config)),
            Framing::Wrapper => Self::Wrapper(Wrapper::new(config)),
        }
    }

    /// Opens the link: SNRM and UA where there is such a thing.
    pub fn open(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        match self {
            Self::Hdlc(hdlc) => hdlc.open(port),
            Self::Wrapper(_) => {
                port.purge();
                Ok(())
            }
        }
    }

    /// Sends an APDU and hears until `judge` takes what comes.
    pub fn ask(&mut self, port: &mut dyn Port, apdu: &[u8], judge: Judge<'_>) -> Result<(), Trouble> {
        match self {
            Self::Hdlc(hdlc) => hdlc.ask(port, apdu, judge),
            Self::Wrapper(wrapper) => wrapper.ask(port, apdu, judge),
        }
    }

    /// Leaves the meter disconnected. What it says to that changes nothing any more.
    pub fn close(&mut self, port: &mut dyn Port) {
        if let Self::Hdlc(hdlc) = self {
            hdlc.close(port);
        }
    }

    /// Whether a question that failed leaves both ends at odds, so that the link has to be opened again.
    pub fn has_state(&self) -> bool {
        matches!(self, Self::Hdlc(_))
    }
}
