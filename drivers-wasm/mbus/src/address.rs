//! Which meter: its primary address, its secondary address, or both (EN 13757-2, EN 13757-3 section 11).

use uzel_driver_sdk::bytes::unhex;

use crate::frame;
use crate::header::{self, Header};

/// The address under which a meter answers once it has been selected.
pub const SELECTED: u8 = 253;
/// The address at which every meter answers: for a line with one meter.
pub const ANYBODY: u8 = 254;
/// Control information: selection of slaves by secondary address.
const CI_SELECT: u8 = 0x52;
/// Stands for any digit of the number; twice for any manufacturer byte, version, medium.
const ANY: u8 = 0x0f;

/// Where the digits of the number stand, most significant first: byte and shift.
const DIGITS: [(usize, u32); 8] = [(3, 4), (3, 0), (2, 4), (2, 0), (1, 4), (1, 0), (0, 4), (0, 0)];
const MEDIUM: usize = 7;
/// Behind the digits a search goes through medium, version and the two bytes of the manufacturer.
const BYTES: [usize; 4] = [MEDIUM, 6, 4, 5];

/// Patterns with one thing less left open.
pub struct Narrower {
    /// What meters ought to have there.
    pub usual: Vec<Secondary>,
    /// What a few have all the same: hexadecimal digits.
    pub unusual: Vec<Secondary>,
}

/// Eight digits, least significant pair first, then manufacturer, version, medium: as on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secondary([u8; 8]);

/// The text is no secondary address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secondary is {got:?}, expected 8 or 16 digits 0 to 9, A to F")]
pub struct NoSecondary {
    got: String,
}

impl Secondary {
    /// Reads 8 hexadecimal digits (the identification number) or 16: the number, then manufacturer (low byte first, as
    /// on the line), version and medium. `F` stands for any digit, `FF` for any of the others. Eight digits mean any
    /// manufacturer, version and medium.
    pub fn parse(text: &str) -> Result<Self, NoSecondary> {
        let wrong = || NoSecondary { got: text.to_owned() };
        let bytes = unhex(text).ok_or_else(wrong)?;
        match *bytes.as_slice() {
            [a, b, c, d] => Ok(Self([d, c, b, a, 0xff, 0xff, 0xff, 0xff])),
            [a, b, c, d, low, high, version, medium] => Ok(Self([d, c, b, a, low, high, version, medium])),
            _ => Err(wrong()),
        }
    }

    /// Number, manufacturer, version and medium, as on the line.
    pub fn bytes(&self) -> [u8; 8] {
        self.0
    }

    /// The frame that selects the meters which match, and deselects all others.
    pub fn select(&self) -> Vec<u8> {
        frame::long(frame::SND_UD, SELECTED, CI_SELECT, &self.0)
    }

    /// The address that a meter gives of itself in a long header (CI 72). None where the header does not say it all.
    pub fn of(header: &Header) -> Option<Self> {
        let [low, high] = header.manufacturer?.to_le_bytes();
        Some(Self([0, 0, 0, 0, low, high, header.version?, header.medium?]).with_number(header))
            .filter(|_| header.id.len() == 8)
    }

    /// The same with the number of a meter in place of the digits.
    pub fn with_number(self, header: &Header) -> Self {
        let [_, _, _, _, rest @ ..] = self.0;
        match unhex(&header.id).as_deref() {
            Some(&[a, b, c, d]) => {
                let [low, high, version, medium] = rest;
                Self([d, c, b, a, low, high, version, medium])
            }
            _ => self,
        }
    }

    /// Whether a digit of the number is left open.
    pub fn has_open_digits(&self) -> bool {
        DIGITS.iter().any(|(byte, shift)| self.nibble(*byte, *shift) == ANY)
    }

    /// What a search tries in place of the first thing that is left open: the digits of the number, most significant
    /// first, then medium, version and manufacturer. None when nothing is open.
    pub fn narrower(&self) -> Option<Narrower> {
        if let Some((byte, shift)) = DIGITS.iter().find(|(byte, shift)| self.nibble(*byte, *shift) == ANY) {
            let with = |digit: u8| {
                let around = self.0.get(*byte).copied().unwrap_or(0) & !(ANY << shift);
                self.with(*byte, around | digit << shift)
            };
            return Some(Narrower {
                usual: (0..=9).map(with).collect(),
                unusual: (0xa..ANY).map(with).collect(),
            });
        }
        let byte = *BYTES.iter().find(|byte| self.0.get(**byte) == Some(&0xff))?;
        let is_usual = |value: &u8| byte != MEDIUM || header::medium_name(*value).is_some();
        Some(Narrower {
            usual: (0..0xff).filter(is_usual).map(|value| self.with(byte, value)).collect(),
            unusual: Vec::new(),
        })
    }

    fn nibble(&self, byte: usize, shift: u32) -> u8 {
        self.0.get(byte).map_or(0, |byte| byte >> shift & 0x0f)
    }

    fn with(mut self, byte: usize, value: u8) -> Self {
        if let Some(place) = self.0.get_mut(byte) {
            *place = value;
        }
        self
    }

    /// Whether a meter that says so of itself is meant. An old header says nothing of manufacturer and version: that is
    /// taken as right. A short header has no number: it matches a pattern of wildcards alone.
    pub fn matches(&self, header: &Header) -> bool {
        let [d, c, b, a, low, high, version, medium] = self.0;
        let mut has = header.id.chars().map(|digit| digit.to_digit(16));
        let mut wanted = [a, b, c, d].into_iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        let number = wanted.all(|digit| {
            let has = has.next().flatten();
            digit == ANY || has == Some(u32::from(digit))
        });
        let is = |wanted: u8, has: Option<u8>| wanted == 0xff || has.is_none_or(|has| has == wanted);
        let [has_low, has_high] = header
            .manufacturer
            .map_or([None; 2], |code| code.to_le_bytes().map(Some));
        number && is(low, has_low) && is(high, has_high) && is(version, header.version) && is(medium, header.medium)
    }
}

impl std::fmt::Display for Secondary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [d, c, b, a, rest @ ..] = self.0;
        write!(f, "{a:02X}{b:02X}{c:02X}{d:02X}")?;
        if rest != [0xff; 4] {
            rest.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        }
        Ok(())
    }
}

/// How a meter is spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The address in requests: 0 to 250, 253 after selection, 254.
    pub address: u8,
    /// Sent to select the meter when `address` is 253; in any case what the answers must say.
    pub secondary: Option<Secondary>,
}

impl Target {
    /// Whether an answer with this address field may be the meter's. A selected meter answers with its own primary
    /// address or with 253, and at 254 nobody knows the address.
    pub fn accepts(&self, answered: u8) -> bool {
        matches!(self.address, SELECTED | ANYBODY) || self.address == answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::hex;

    fn kamstrup() -> Header {
        Header {
            id: "06855817".to_owned(),
            manufacturer: Some(0x2c2d),
            version: Some(8),
            medium: Some(4),
            access: 4,
            status: 0,
            is_fixed: false,
        }
    }

    #[test]
    fn selection_frames_are_as_published() {
        let all = Secondary::parse("FFFFFFFF").unwrap().select();
        assert_eq!(hex(&all), "68 0b 0b 68 53 fd 52 ff ff ff ff ff ff ff ff 9a 16");
        let one = Secondary::parse("068558172D2C0804").unwrap().select();
        assert_eq!(hex(&one), "68 0b 0b 68 53 fd 52 17 58 85 06 2d 2c 08 04 01 16");
    }

    #[test]
    fn matching_knows_wildcards() {
        let cases = [
            ("06855817", true),
            ("0685581F", true),
            ("FFFFFFFF", true),
            ("06855818", false),
            ("16855817", false),
            ("068558172D2C0804", true),
            ("06855817FFFFFF04", true),
            ("068558172D2C0904", false),
            ("068558172D2CFF07", false),
            ("06855817 FF2D FF FF", false),
        ];
        for (pattern, want) in cases {
            let secondary = Secondary::parse(pattern).unwrap();
            assert_eq!(secondary.matches(&kamstrup()), want, "{pattern}");
        }
    }

    #[test]
    fn a_search_fills_in_one_place_after_the_other() {
        let narrower = |pattern: &str| {
            let patterns = Secondary::parse(pattern).unwrap().narrower()?;
            let first = |list: &[Secondary]| list.first().map_or(String::new(), ToString::to_string);
            Some((first(&patterns.usual), patterns.usual.len(), first(&patterns.unusual)))
        };
        let cases = [
            ("FFFFFFFF", Some(("0FFFFFFF", 10, "AFFFFFFF"))),
            ("0685F8FF", Some(("068508FF", 10, "0685A8FF"))),
            ("06855817", Some(("06855817FFFFFF00", 24, ""))),
            ("06855817FFFFFF04", Some(("06855817FFFF0004", 255, ""))),
            ("06855817FFFF0804", Some(("0685581700FF0804", 255, ""))),
            ("068558172D2C0804", None),
        ];
        for (pattern, want) in cases {
            let want = want.map(|(usual, count, unusual)| (usual.to_owned(), count, unusual.to_owned()));
            assert_eq!(narrower(pattern), want, "{pattern}");
        }
    }

    #[test]
    fn a_header_gives_the_whole_address_or_its_number() {
        let whole = Secondary::of(&kamstrup()).unwrap();
        assert_eq!(whole.to_string(), "068558172D2C0804");
        let old = Header {
            manufacturer: None,
            ..kamstrup()
        };
        assert_eq!(Secondary::of(&old), None);
        let pattern = Secondary::parse("0FFFFFFF").unwrap();
        assert_eq!(pattern.with_number(&old).to_string(), "06855817");
    }

    #[test]
    fn what_the_header_does_not_say_is_taken_as_right() {
        let header = Header {
            manufacturer: None,
            version: None,
            ..kamstrup()
        };
        assert!(Secondary::parse("06855817 1234 56 04").unwrap().matches(&header));
        let short = Header {
            id: String::new(),
            ..header
        };
        assert!(!Secondary::parse("06855817").unwrap().matches(&short));
        assert!(Secondary::parse("FFFFFFFF").unwrap().matches(&short));
    }

    #[test]
    fn addresses_come_back_as_text_and_others_are_refused() {
        for text in ["06855817", "0685FFFF", "068558172D2C0804"] {
            assert_eq!(Secondary::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "0685581", "068558", "0685581G", "068558172D2C080412"] {
            let error = Secondary::parse(text).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
