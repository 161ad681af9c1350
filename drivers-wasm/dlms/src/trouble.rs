//! What can go wrong with one question.

use uzel_driver_sdk::{Failure, LineError};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("no answer")]
    Silent,
    #[error("{0}")]
    Garbled(String),
    /// The meter does not want it: no repetition helps.
    #[error("{0}")]
    Refused(String),
    #[error("the line ended the session: {0:?}")]
    Line(LineError),
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
            Trouble::Refused(what) => Self::Refused(what),
            Trouble::Line(LineError::Stopped) => Self::Stopped,
            Trouble::Line(error) => Self::Line(error),
        }
    }
}
