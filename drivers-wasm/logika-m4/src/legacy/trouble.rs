//! What can go wrong with one question.

use uzel_driver_sdk::{Failure, LineError};

use crate::ident::Ident;

/// Why a question has no answer that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("no answer")]
    Silent,
    #[error("{0}")]
    Garbled(String),
    /// The meter said 21 with this code. Code 0 may be the fault of the line: the request came broken.
    #[error("the meter refused with 21 {0:02X}: {text}", text = meaning(*.0))]
    Refused(u8),
    #[error("{0} answered in the middle of the session")]
    Other(Ident),
    #[error("the line ended the session: {0:?}")]
    Line(LineError),
}

/// What a refusal code means (M4 note, section 3).
fn meaning(code: u8) -> &'static str {
    match code {
        0 => "request malformed or not known",
        1 => "write protected",
        2 => "value not accepted",
        3 => "no such record",
        _ => "meaning not known",
    }
}

impl Trouble {
    /// Whether asking again can help.
    pub fn can_pass(&self) -> bool {
        match self {
            Self::Silent | Self::Garbled(_) | Self::Other(_) => true,
            Self::Refused(code) => *code == 0,
            Self::Line(_) => false,
        }
    }
}

impl From<LineError> for Trouble {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Timeout(bytes) if bytes.is_empty() => Self::Silent,
            LineError::Timeout(bytes) => Self::Garbled(format!("{} bytes came and no frame", bytes.len())),
            other => Self::Line(other),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Silent => Self::NoAnswer,
            Trouble::Garbled(what) => Self::Garbled(what),
            Trouble::Refused(_) => Self::Refused(trouble.to_string()),
            Trouble::Other(_) => Self::WrongDevice(trouble.to_string()),
            Trouble::Line(LineError::Stopped) => Self::Stopped,
            Trouble::Line(error) => Self::Line(error),
        }
    }
}
