//! Wire traces as the store keeps them: compressed, for they are most of a journal.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::error::StoreError;
use crate::limits;

/// The wire trace of a session, in zlib's format. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedTrace(Arc<[u8]>);

impl PackedTrace {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes in the store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for PackedTrace {
    /// Nothing stays nothing.
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        // Writing to a Vec cannot fail.
        let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
        Self(packed.unwrap_or_default().into())
    }
}

/// The text of a trace that was kept as `packed`, at most [`limits::TRACE_FILE_BYTES`] of it.
///
/// # Errors
/// It is not in zlib's format, or no text.
pub fn unpack(packed: &[u8]) -> std::io::Result<String> {
    let most = u64::try_from(limits::TRACE_FILE_BYTES).unwrap_or(u64::MAX);
    let mut text = String::new();
    ZlibDecoder::new(packed).take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// The text of a row of `trace`: packed, or from before traces were.
///
/// # Errors
/// `Malformed` when it cannot be unpacked.
pub(super) fn text_of(text: String, packed: Option<&[u8]>) -> Result<String, StoreError> {
    let Some(packed) = packed else { return Ok(text) };
    unpack(packed).map_err(|error| StoreError::Malformed {
        what: "trace of a session",
        got: error.to_string(),
        want: "text in zlib's format".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_comes_back_as_it_was_and_is_smaller() {
        let text = "0 > 105b015c16\n184 < 68acac6808015b72\n".repeat(200);
        let packed = PackedTrace::from(text.as_str());
        assert!(packed.as_bytes().len() * 4 < text.len(), "{}", packed.as_bytes().len());
        assert_eq!(unpack(packed.as_bytes()).unwrap(), text);
        assert!(PackedTrace::from("").is_empty());
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        assert!(unpack(b"0 > 10").is_err());
        let packed = PackedTrace::from("0 > 105b015c16\n");
        assert!(unpack(&packed.as_bytes()[..8]).is_err());
    }
}
