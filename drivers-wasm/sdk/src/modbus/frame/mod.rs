//! The three kinds of frames around a request or an answer.

pub mod ascii;
pub mod rtu;
pub mod tcp;

use serde::Deserialize;

use super::pdu::{PduError, Request};

/// How frames are told on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// Binary with CRC-16, on serial lines and through transparent converters.
    Rtu,
    /// Hexadecimal characters with LRC.
    Ascii,
    /// With a transaction number, on TCP.
    Tcp,
}

/// What a look at the bytes that have come gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// So many more bytes are needed, at least.
    Need(usize),
    /// The answer, from the function code on.
    Pdu(Vec<u8>),
    /// A whole frame of an earlier question, so many bytes long: to be dropped.
    Stray(usize),
    /// No answer to this question is in these bytes.
    Bad(FrameError),
}

/// Why bytes are no frame of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("answer comes from unit {got}, asked was {want}")]
    Unit { got: u8, want: u8 },
    #[error("check is {got:#06x}, computed {want:#06x}")]
    Check { got: u16, want: u16 },
    #[error("answer has no frame of this kind: {what}")]
    Form { what: &'static str },
    #[error(transparent)]
    Pdu(#[from] PduError),
}

/// Who is asked and how; a number for each question where the framing has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    pub framing: Framing,
    pub unit: u8,
    pub transaction: u16,
}

impl Envelope {
    /// The bytes of a question on the line.
    pub fn wrap(&self, request: &Request) -> Vec<u8> {
        match self.framing {
            Framing::Rtu => rtu::wrap(self.unit, &request.encode()),
            Framing::Ascii => ascii::wrap(self.unit, &request.encode()),
            Framing::Tcp => tcp::wrap(self.transaction, self.unit, &request.encode()),
        }
    }

    /// Looks for the answer to `request` in the bytes that have come.
    pub fn scan(&self, request: &Request, bytes: &[u8]) -> Scan {
        match self.framing {
            Framing::Rtu => rtu::scan(self.unit, request, bytes),
            Framing::Ascii => ascii::scan(self.unit, bytes),
            Framing::Tcp => tcp::scan(self.transaction, self.unit, bytes),
        }
    }
}
