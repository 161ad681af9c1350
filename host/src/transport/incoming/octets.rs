//! Bytes as a configuration has them: text, or `hex:` and their hexadecimal digits.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a greeting, a heartbeat, a packet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Vec<u8>);

/// A text behind `hex:` is no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes {got:?}: expected hex: and pairs of hexadecimal digits, blanks between them allowed")]
pub struct BadOctets {
    got: String,
}

const HEX: &str = "hex:";

impl std::str::FromStr for Octets {
    type Err = BadOctets;

    fn from_str(text: &str) -> Result<Self, BadOctets> {
        let Some(digits) = text.strip_prefix(HEX) else {
            return Ok(Self(text.as_bytes().to_vec()));
        };
        let bad = || BadOctets { got: text.to_owned() };
        let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let pair = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            let both = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(pair, 16).ok().filter(|_| both)
        };
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
        bytes.map(Self).ok_or_else(bad)
    }
}

impl std::fmt::Display for Octets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with(HEX) && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => {
                f.write_str(text)
            }
            _ => write!(f, "{HEX}{}", hex(&self.0)),
        }
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Hexadecimal digits, a blank between bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let blank = if index > 0 { " " } else { "" };
        // Writing into a string cannot fail.
        let _ = write!(text, "{blank}{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_and_shown_alike() {
        for (text, bytes) in [
            ("LOGIN:1001", b"LOGIN:1001".to_vec()),
            ("hex:B5 BC BD", vec![0xb5, 0xbc, 0xbd]),
            ("hex:0D 0A", b"\r\n".to_vec()),
            ("hex:68 65 78 3A", b"hex:".to_vec()),
            ("", Vec::new()),
        ] {
            assert_eq!(text.parse(), Ok(Octets(bytes.clone())), "{text}");
            assert_eq!(Octets(bytes).to_string(), text);
        }
        assert_eq!("\r\n".parse(), Ok(Octets(b"\r\n".to_vec())));
        assert_eq!("hex:b5BC".parse(), Ok(Octets(vec![0xb5, 0xbc])));
        for text in ["hex:B", "hex:+1", "hex:GG", "hex:ё"] {
            assert!(text.parse::<Octets>().is_err(), "{text}");
        }
    }
}
