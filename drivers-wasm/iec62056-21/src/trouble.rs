//! What can go wrong with one question.

use uzel_driver_sdk::{Failure, LineError};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("no answer")]
    Silent,
    #[error("{0}")]
    Garbled(String),
    #[error("the meter does not take {0}")]
    Nak(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("the line ended the session")]
    Line(LineError),
}

impl Trouble {
    /// Whether the same may go well when it is tried again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Silent | Self::Garbled(_) | Self::Nak(_))
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
            nak @ Trouble::Nak(_) => Self::Refused(nak.to_string()),
            Trouble::Refused(what) => Self::Refused(what),
            Trouble::Unsupported(what) => Self::Unsupported(what),
            Trouble::Line(LineError::Stopped) => Self::Stopped,
            Trouble::Line(error) => Self::Line(error),
        }
    }
}
