//! What may be wrong with a modem of ours, or with a call.

use std::io;

/// What is wrong with our own modem.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Its port is not there, is taken, or ended.
    #[error("modem {modem}: the port fails: {source}")]
    Port { modem: String, source: io::Error },
    /// Nothing came that ends a reply.
    #[error("modem {modem} does not reply to {command}: got {got:?} within {limit_ms} ms, expected OK")]
    Silent {
        modem: String,
        command: String,
        got: String,
        limit_ms: u128,
    },
    /// It said something else than OK.
    #[error("modem {modem} answers {command} with {got:?}, expected OK")]
    Refused {
        modem: String,
        command: String,
        got: String,
    },
    /// It is in no network.
    #[error("modem {modem} has no network: got {got:?} within {limit_s} s, expected +CREG: 0,1 or 0,5")]
    NoNetwork { modem: String, got: String, limit_s: u64 },
    /// It cannot call.
    #[error("modem {modem} cannot call: it said {got:?}, expected CONNECT")]
    NoCall { modem: String, got: String },
}

/// Why there is no call. The texts say what which modem said, and when.
#[derive(Debug)]
pub(super) enum NoCall {
    /// Our modem's fault.
    Own(Fault),
    /// The number is engaged.
    Busy(String),
    /// The far modem gave no carrier.
    NoCarrier(String),
    /// Nobody took the call.
    Silent(String),
}

impl From<Fault> for NoCall {
    fn from(fault: Fault) -> Self {
        Self::Own(fault)
    }
}
