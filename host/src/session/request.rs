//! What a driver sent when a trace was made: bytes, and places where a secret stood.

use std::fmt;

use super::asked::unhex;
use crate::model::trace::MASKED;

/// Bytes at the end of a request with a secret that are let pass: a check computed over it, and the end mark behind it
/// (M-Bus has one byte of each, the protocols of Logika a CRC of two).
const CHECK_BYTES: usize = 2;

/// A recorded request. None: a byte of a secret, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request(Vec<Option<u8>>);

impl Request {
    /// Reads hex with [`MASKED`] in the place of masked bytes; blanks are passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        let mut rest = digits.as_str();
        while !rest.is_empty() {
            let (pair, behind) = rest.split_at_checked(2)?;
            bytes.push(if pair == MASKED {
                None
            } else {
                unhex(pair)?.first().copied()
            });
            rest = behind;
        }
        Some(Self(bytes))
    }

    /// The bytes that are known; 0 in the place of those that are not.
    pub(super) fn known(&self) -> Vec<u8> {
        self.0.iter().map(|byte| byte.unwrap_or(0)).collect()
    }

    /// Whether `bytes` may be the same request: alike wherever the trace shows what was sent.
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        let has_secret = self.0.contains(&None);
        let compared = self.0.len().saturating_sub(if has_secret { CHECK_BYTES } else { 0 });
        let alike = |(recorded, byte): (&Option<u8>, &u8)| recorded.is_none_or(|recorded| recorded == *byte);
        self.0.len() == bytes.len() && self.0.iter().zip(bytes).take(compared).all(alike)
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| match byte {
            Some(byte) => write!(f, "{byte:02x}"),
            None => f.write_str(MASKED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_compared_where_the_trace_shows_it() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("10 5b", &[0x10, 0x5b], true),
            ("10 5b", &[0x10, 0x5c], false),
            ("10 5b", &[0x10], false),
            ("10 ** ** 07 3c 16", &[0x10, 1, 2, 7, 0x3c, 0x16], true),
            // Another secret, and so another check.
            ("10 ** ** 07 3c 16", &[0x10, 9, 9, 7, 0x4b, 0x16], true),
            ("10 ** ** 07 3c 16", &[0x10, 1, 2, 8, 0x3c, 0x16], false),
            ("10 ** ** 07 3c 16", &[0x11, 1, 2, 7, 0x3c, 0x16], false),
            ("10 ** ** 07 3c 16", &[0x10, 1, 2, 3, 7, 0x3c, 0x16], false),
            ("** **", &[1, 2], true),
        ];
        for (text, bytes, want) in cases {
            let request = Request::parse(text).unwrap();
            assert_eq!(request.matches(bytes), *want, "{text} {bytes:02x?}");
            assert_eq!(request.to_string(), text.replace(' ', ""));
        }
        for text in ["1", "1*", "*1", "***", "zz", "1é"] {
            assert_eq!(Request::parse(text), None, "{text}");
        }
    }
}
