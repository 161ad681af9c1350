//! Who answers: the fixed data headers of EN 13757-3 (section 6.4) and of the old fixed structure.

use uzel_driver_sdk::bytes::{Reader, Short};

use crate::data;

/// What a meter says of itself before its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Identification number: 8 characters, decimal digits but for a few meters that put hexadecimal ones there. Empty
    /// after a short header (CI 7A), which has none.
    pub id: String,
    /// Three letters of 5 bits.
    pub manufacturer: Option<u16>,
    /// The maker's own version number.
    pub version: Option<u8>,
    /// What is measured, by table.
    pub medium: Option<u8>,
    /// Counts the answers of the meter.
    pub access: u8,
    /// Abnormal situations, see [`crate::status`].
    pub status: u8,
    /// Of the old fixed structure (CI 73).
    pub is_fixed: bool,
}

impl Header {
    /// Reads the 12 bytes of the long header (CI 72): number, manufacturer, version, medium, access number, status and
    /// configuration word.
    pub fn long(reader: &mut Reader<'_>) -> Result<(Self, u16), Short> {
        let id = id(reader.array()?);
        let manufacturer = Some(reader.u16_le()?);
        let (version, medium) = (Some(reader.u8()?), Some(reader.u8()?));
        let (short, config) = Self::short(reader)?;
        let header = Self {
            id,
            manufacturer,
            version,
            medium,
            ..short
        };
        Ok((header, config))
    }

    /// Reads the 4 bytes of the short header (CI 7A): access number, status, configuration word.
    pub fn short(reader: &mut Reader<'_>) -> Result<(Self, u16), Short> {
        let (access, status, config) = (reader.u8()?, reader.u8()?, reader.u16_le()?);
        let header = Self {
            id: String::new(),
            manufacturer: None,
            version: None,
            medium: None,
            access,
            status,
            is_fixed: false,
        };
        Ok((header, config))
    }

    /// Whether two headers name the same meter, whatever else they say.
    pub fn is_of_same_meter(&self, other: &Self) -> bool {
        let who = |header: &Self| (header.id.clone(), header.manufacturer, header.version, header.medium);
        who(self) == who(other)
    }

    /// The manufacturer as three letters; what is no letter comes as it does in ASCII.
    pub fn maker(&self) -> Option<String> {
        let code = self.manufacturer?;
        let letter = |shift: u32| {
            let five_bits = code >> shift & 0x1f;
            char::from(u8::try_from(five_bits).unwrap_or(0) + 64)
        };
        Some([10, 5, 0].into_iter().map(letter).collect())
    }
}

/// Four bytes of BCD, least significant first, as 8 characters.
pub fn id([d, c, b, a]: [u8; 4]) -> String {
    data::digits(&[d, c, b, a])
}

/// English words for a medium (EN 13757-3, table of device types).
pub fn medium_name(medium: u8) -> Option<&'static str> {
    Some(match medium {
        0x00 => "other",
        0x01 => "oil",
        0x02 => "electricity",
        0x03 => "gas",
        0x04 => "heat, volume measured in the return",
        0x05 => "steam",
        0x06 => "warm water",
        0x07 => "water",
        0x08 => "heat cost allocator",
        0x09 => "compressed air",
        0x0a => "cooling, volume measured in the return",
        0x0b => "cooling, volume measured in the flow",
        0x0c => "heat, volume measured in the flow",
        0x0d => "heat and cooling",
        0x0e => "bus or system",
        0x0f => "unknown",
        0x15 => "hot water",
        0x16 => "cold water",
        0x18 => "pressure",
        0x19 => "analogue-digital converter",
        0x1a => "smoke detector",
        0x1b => "room sensor",
        0x21 => "valve",
        0x28 => "waste water",
        _ => return None,
    })
}

/// The quantity of an energy register of this medium, by the vocabulary.
pub fn energy_of(medium: Option<u8>) -> &'static str {
    match medium {
        Some(0x04 | 0x0c | 0x0d) => "heat-energy",
        Some(0x0a | 0x0b) => "cooling-energy",
        _ => "energy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_header_says_who_answers() {
        let bytes = [0x17, 0x58, 0x85, 0x06, 0x2d, 0x2c, 8, 4, 5, 6, 0x12, 0x34];
        let (header, config) = Header::long(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(header.id, "06855817");
        assert_eq!(header.maker().as_deref(), Some("KAM"));
        assert_eq!((header.version, header.medium), (Some(8), Some(4)));
        assert_eq!((header.access, header.status, config), (5, 6, 0x3412));
        assert!(Header::long(&mut Reader::new(&bytes[..11])).is_err());
    }

    #[test]
    fn a_number_with_other_digits_stays_eight_characters() {
        assert_eq!(id([0xe5, 0x02, 0x00, 0x05]), "050002E5");
        assert_eq!(id([4, 0, 0, 0]), "00000004");
    }

    #[test]
    fn no_manufacturer_is_three_at_signs() {
        let header = Header {
            manufacturer: Some(0),
            ..Header::short(&mut Reader::new(&[0; 4])).unwrap().0
        };
        assert_eq!(header.maker().as_deref(), Some("@@@"));
    }
}
