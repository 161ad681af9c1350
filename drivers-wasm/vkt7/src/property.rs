//! Units and numbers of decimals, which a ВКТ-7 tells as properties, and its character set.

use uzel_driver_sdk::bytes::{Reader, Short};

use crate::element::{DIGITS, Element};

/// The list that the document recommends: the units, then the decimals, in this order.
pub const RECOMMENDED: [u8; 16] = [44, 45, 46, 47, 48, 53, 55, 56, 57, 59, 60, 61, 66, 70, 69, 76];
/// Units are the properties up to this one.
const LAST_UNIT: u8 = 56;
/// Size of a unit in a read list.
pub const UNIT_SIZE: u8 = 7;
/// More decimals than any device shows: a greater number is no number of decimals.
const MOST_DIGITS: u8 = 9;

/// Why an answer is no answer to the properties list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// It ends early.
    #[error("properties: {0}")]
    Short(#[from] Short),
    /// It goes on.
    #[error("properties: {0} bytes behind the last element")]
    Rest(usize),
    /// No unit is that long.
    #[error("unit of element {index} has {got} characters, expected at most 16")]
    Unit {
        /// Property.
        index: u8,
        /// Length it claims.
        got: u16,
    },
    /// No device shows so many decimals.
    #[error("element {index} says {got} decimals, expected at most 9")]
    Digits {
        /// Property.
        index: u8,
        /// Number it claims.
        got: u8,
    },
    /// No quality byte of the document: these are other data.
    #[error("element {index} comes with quality {got:02X}")]
    Quality {
        /// Property.
        index: u8,
        /// Its quality byte.
        got: u8,
    },
    /// The device has another value type than properties: then it calls all of them senseless.
    #[error("none of {0} properties is good")]
    NoneGood(usize),
    /// Two readings of one property differ.
    #[error("element {index} says {got} decimals, said {before} before")]
    Differs {
        /// Property.
        index: u8,
        /// Number it says now.
        got: u8,
        /// Number it said before.
        before: u8,
    },
}

/// What the device says of its units and decimals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    units: Vec<(u8, String)>,
    digits: Vec<(u8, u8)>,
}

impl Properties {
    /// The units of every published device.
    pub fn usual() -> Self {
        let units = [
            (44, "°C"),
            (45, "м3/ч"),
            (46, "м3"),
            (47, "т"),
            (48, "кг/см2"),
            (53, "Гкал"),
            (55, "ч"),
            (56, "ч"),
        ];
        Self {
            units: units.map(|(index, text)| (index, text.to_owned())).to_vec(),
            digits: Vec::new(),
        }
    }

    /// Adds what an answer to the list `indices` says. `counted`: units come with their length (server version 1).
    pub fn add(&mut self, indices: &[u8], data: &[u8], counted: bool) -> Result<(), PropertyError> {
        let mut reader = Reader::new(data);
        let mut told = self.clone();
        for &index in indices {
            if index <= LAST_UNIT {
                told.unit(index, &mut reader, counted)?;
            } else {
                told.decimals(index, &mut reader)?;
            }
        }
        if !reader.is_empty() {
            return Err(PropertyError::Rest(reader.rest().len()));
        }
        if !indices.iter().any(|index| told.has(*index)) {
            return Err(PropertyError::NoneGood(indices.len()));
        }
        *self = told;
        Ok(())
    }

    fn unit(&mut self, index: u8, reader: &mut Reader, counted: bool) -> Result<(), PropertyError> {
        let got = if counted { reader.u16_le()? } else { UNIT_SIZE.into() };
        if got > 16 {
            return Err(PropertyError::Unit { index, got });
        }
        let text = cp866(reader.take(got.into())?);
        let [quality, _] = reader.array()?;
        if is_good(index, quality)? {
            self.units.push((index, text));
        }
        Ok(())
    }

    fn decimals(&mut self, index: u8, reader: &mut Reader) -> Result<(), PropertyError> {
        let [got, quality, _] = reader.array()?;
        if !is_good(index, quality)? {
            return Ok(());
        }
        if got > MOST_DIGITS {
            return Err(PropertyError::Digits { index, got });
        }
        match self.digits.iter().find(|(known, _)| *known == index) {
            Some(&(_, before)) if before != got => Err(PropertyError::Differs { index, got, before }),
            Some(_) => Ok(()),
            None => {
                self.digits.push((index, got));
                Ok(())
            }
        }
    }

    /// The decimals of an element: `None` when the device tells neither its own nor those that serve instead.
    pub fn digits_of(&self, element: &Element) -> Option<u8> {
        element.digits?.iter().find_map(|index| self.digits(*index))
    }

    /// The unit of an element as a code of the vocabulary, or in the device's own words; empty when it tells none.
    /// `extra`: element 81 is active, so property 56 is the unit of DI and not that of ВОС.
    pub fn unit_of(&self, element: &Element, extra: bool) -> &str {
        let told = |index: u8| self.units.iter().find(|(known, _)| *known == index);
        let own = element
            .unit
            .iter()
            .filter(|index| !(extra && **index == 56 && element.index != 81));
        own.copied().find_map(told).map_or("", |(_, text)| code(text))
    }

    /// One number of decimals.
    pub fn digits(&self, index: u8) -> Option<u8> {
        self.digits
            .iter()
            .find(|(known, _)| *known == index)
            .map(|(_, digits)| *digits)
    }

    fn has(&self, index: u8) -> bool {
        self.digits(index).is_some() || self.units.iter().any(|(known, _)| *known == index)
    }

    /// All units in the device's own words.
    pub fn units(&self) -> &[(u8, String)] {
        &self.units
    }

    /// The properties that tell decimals.
    pub fn all_digits() -> Vec<u8> {
        DIGITS.collect()
    }
}

fn is_good(index: u8, quality: u8) -> Result<bool, PropertyError> {
    match quality {
        0xc0 => Ok(true),
        0x00 | 0x04 | 0x0c | 0x40 | 0x50 => Ok(false),
        got => Err(PropertyError::Quality { index, got }),
    }
}

/// The vocabulary's code of a unit in the device's words; other words stay as they are.
pub fn code(text: &str) -> &str {
    match text {
        "°C" | "°С" => "Cel",
        "м3/ч" => "m3/h",
        "т/ч" => "t/h",
        "л/ч" => "l/h",
        "м3" => "m3",
        "л" => "l",
        "т" => "t",
        "кг" => "kg",
        "кг/см2" | "кгс/см2" => "kgf/cm2",
        "МПа" => "MPa",
        "кПа" => "kPa",
        "бар" => "bar",
        "Гкал" => "Gcal",
        "ГДж" => "GJ",
        "МДж" => "MJ",
        "МВтч" | "МВт*ч" | "МВт·ч" => "MWh",
        "кВтч" | "кВт*ч" | "кВт·ч" => "kWh",
        "ч" | "час" => "h",
        "мин" => "min",
        other => other,
    }
}

/// Text in code page 866, without the padding of spaces and zeros.
pub fn cp866(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| cp866_char(*byte)).collect();
    text.trim_matches([' ', '\0']).to_owned()
}

fn cp866_char(byte: u8) -> char {
    let cyrillic = |from: u8, first: char| char::from_u32(u32::from(first) + u32::from(byte - from)).unwrap_or('?');
    match byte {
        0 | 0x20..=0x7e => char::from(byte),
        0x80..=0xaf => cyrillic(0x80, 'А'),
        0xe0..=0xef => cyrillic(0xe0, 'р'),
        0xf0 => 'Ё',
        0xf1 => 'ё',
        0xf8 => '°',
        0xf9 | 0xfa => '·',
        0xfc => '№',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;
    use crate::element::find;

    #[test]
    fn twenty_decimals_come_in_one_list() {
        let data = unhex(
            "02C000 00C000 02C000 02C000 02C000 02C000 02C000 02C000 02C000 03C000 02C000 00C000 02C000 02C000 02C000 \
             02C000 02C000 02C000 02C000 03C000",
        );
        let mut properties = Properties::usual();
        properties.add(&Properties::all_digits(), &data.unwrap(), true).unwrap();
        let cases = [
            (0, "Cel", Some(2)),
            (12, "Gcal", Some(3)),
            (19, "m3/h", None),
            (17, "h", None),
            (31, "kgf/cm2", Some(2)),
        ];
        for (index, unit, digits) in cases {
            let element = find(index).unwrap();
            assert_eq!(
                (properties.unit_of(element, false), properties.digits_of(element)),
                (unit, digits),
                "{index}"
            );
        }
    }

    #[test]
    fn the_unit_of_the_additional_input_is_not_that_of_time() {
        let mut properties = Properties::default();
        properties
            .add(&[55, 56], &unhex("0100E7C000 0300 20AC33 C000").unwrap(), true)
            .unwrap();
        let (vos, extra) = (find(18).unwrap(), find(81).unwrap());
        assert_eq!(
            (properties.unit_of(vos, true), properties.unit_of(extra, true)),
            ("h", "m3")
        );
    }

    #[test]
    fn a_broken_answer_is_refused_and_changes_nothing() {
        let mut properties = Properties::default();
        properties.add(&[57], &[2, 0xc0, 0], true).unwrap();
        let cases: [(&[u8], &[u8], PropertyError); 6] = [
            (
                &[57],
                &[3, 0xc0, 0],
                PropertyError::Differs {
                    index: 57,
                    got: 3,
                    before: 2,
                },
            ),
            (&[59], &[77, 0xc0, 0], PropertyError::Digits { index: 59, got: 77 }),
            (&[44], &[0xff, 0xff], PropertyError::Unit { index: 44, got: 0xffff }),
            (&[60], &[2, 0xc0, 0, 1], PropertyError::Rest(1)),
            (&[60, 61], &[2, 4, 0, 1, 4, 0], PropertyError::NoneGood(2)),
            (&[60], &[2, 0xc1, 0], PropertyError::Quality { index: 60, got: 0xc1 }),
        ];
        for (list, data, want) in cases {
            assert_eq!(properties.add(list, data, true), Err(want));
        }
        assert_eq!((properties.digits(57), properties.digits(60)), (Some(2), None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(data: Vec<u8>, counted: bool) {
            let _ = Properties::default().add(&RECOMMENDED, &data, counted);
            let _ = cp866(&data);
        }
    }
}
