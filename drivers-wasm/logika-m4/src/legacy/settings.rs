//! Settings: 16-byte entries in flash from 0x200 (M4 note, sections 5.2 and 6).

use uzel_driver_sdk::{Failure, Fixed, Port, Setting, Value};

use super::memory;
use super::model::Kept;
use super::session::Session;
use super::table::Units;
use crate::numbers::r32;
use crate::titles::title;

/// Bytes of an entry.
pub const ENTRY: u16 = 16;
const FIRST: u16 = 0x200;
/// From the settings of heat input 1 to those of 2.
const INPUT_STEP: u16 = 800;
/// Text of an entry.
const TEXT: std::ops::Range<usize> = 4..12;
/// Longest text of an entry.
pub const TEXT_LEN: usize = 8;

/// The unit of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    None,
    Pressure,
    Heat,
    Celsius,
    M3,
    M3PerHour,
    Tonne,
    Second,
    /// That of a pressure of a gas meter.
    Own(&'static str),
    Other(&'static str),
}

/// One setting of a model. Numbers from 50 on belong to a heat input on models that have two.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub number: u16,
    pub name: &'static str,
    pub unit: Unit,
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Shown on the meter's list of operative settings.
    pub operative: bool,
    /// As it was typed, without the blanks around it.
    pub text: String,
}

/// Where entry `number` of heat input `input` (0: of the device) is.
pub fn address(number: u16, input: u8) -> u16 {
    let step = if input > 1 { INPUT_STEP } else { 0 };
    FIRST + ENTRY * number + step
}

/// Entry `number`, counted from the start of `bytes`; none for one that was never set (its text begins with 0xFF).
pub fn entry(bytes: &[u8], number: u16) -> Option<Entry> {
    let start = usize::from(number) * usize::from(ENTRY);
    let bytes = bytes.get(start..)?.get(..usize::from(ENTRY))?;
    let text = bytes.get(TEXT).filter(|text| text.first() != Some(&0xff))?;
    let flags = *bytes.first()?;
    let text: String = text
        .iter()
        .map(|byte| {
            if byte.is_ascii_graphic() {
                char::from(*byte)
            } else {
                ' '
            }
        })
        .collect();
    Some(Entry {
        operative: flags & 1 == 1,
        text: text.trim().to_owned(),
    })
}

impl Entry {
    /// The text as a whole number.
    pub fn number(&self) -> Option<u32> {
        self.text.parse().ok()
    }

    /// The text as the number that it is, with the decimals that were typed; else as text.
    pub fn value(&self) -> Value {
        match decimal(&self.text) {
            Some(fixed) => Value::Fixed(fixed),
            None if self.text.is_empty() => Value::Absent,
            None => Value::Text(self.text.clone()),
        }
    }
}

/// Digits and decimals of `-1.250`; none for anything else.
pub fn decimal(text: &str) -> Option<Fixed> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let good = !unsigned.is_empty() && all_digits(unsigned) && all_digits(fraction);
    let digits = good.then(|| format!("{whole}{fraction}").parse().ok())??;
    Some(Fixed {
        digits,
        decimals: u8::try_from(fraction.len()).ok()?,
    })
}

/// Whether writing it changes the clock or cuts the conversation.
pub fn keeps_the_line(name: &str) -> bool {
    !matches!(name, "ТО" | "ДО" | "NT" | "КИ")
}

/// The id of a setting: `СР`, `ТВ2.СП`.
pub fn id(name: &str, input: u8) -> String {
    if input == 0 {
        name.to_owned()
    } else {
        format!("ТВ{input}.{name}")
    }
}

impl Unit {
    fn code(self, units: &Units) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Pressure => Some(units.pressure),
            Self::Heat => Some(units.heat),
            Self::Celsius => Some("Cel"),
            Self::M3 => Some("m3"),
            Self::M3PerHour => Some("m3/h"),
            Self::Tonne => Some("t"),
            Self::Second => Some("s"),
            Self::Own(name) => Some(units.own(name)),
            Self::Other(unit) => Some(unit),
        }
    }
}

impl Session {
    /// Every setting of the public list, the device's own first, then those of each heat input.
    pub fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        if self.model.kept == Kept::Words {
            return self.read_words(port);
        }
        let groups = std::iter::once(0).chain(self.inputs.clone().into_iter().filter(|_| self.model.inputs > 1));
        let mut all = Vec::new();
        for input in groups {
            let known: Vec<&Known> = self.known_of(input).collect();
            let (Some(first), Some(last)) = (known.first(), known.last()) else {
                continue;
            };
            let (from, len) = (address(first.number, input), ENTRY * (last.number - first.number + 1));
            let bytes = memory::flash(&mut self.link, port, from, len)?;
            for known in &known {
                let entry = entry(&bytes, known.number - first.number);
                all.push(Setting {
                    id: id(known.name, input),
                    title: title(known.name),
                    value: entry.map_or(Value::Absent, |entry| entry.value()),
                    unit: known.unit.code(&self.units).map(str::to_owned),
                    writable: keeps_the_line(known.name),
                });
            }
        }
        Ok(all)
    }

    /// Settings of 4 bytes from the start of flash (M4 note, section 6.4).
    fn read_words(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let known = self.model.settings;
        let len = u16::try_from(known.len() * 4).unwrap_or(u16::MAX);
        let bytes = memory::flash(&mut self.link, port, 0, len)?;
        let words = known.iter().zip(bytes.as_chunks::<4>().0);
        Ok(words
            .map(|(known, word)| Setting {
                id: known.name.to_owned(),
                title: title(known.name),
                value: word_value(known.name, *word),
                unit: known.unit.code(&self.units).map(str::to_owned),
                writable: false,
            })
            .collect())
    }

    /// The settings of one heat input, or of the device.
    pub fn known_of(&self, input: u8) -> impl Iterator<Item = &'static Known> + use<> {
        let model = self.model;
        model
            .settings
            .iter()
            .filter(move |known| model.inputs == 1 || (known.number >= 50) == (input > 0))
    }
}

/// A number, or parts of a date or a time as they are typed (M4 note, section 5.2).
fn word_value(name: &str, word: [u8; 4]) -> Value {
    let [first, second, third, _] = word;
    match name {
        "ТО" => Value::Text(format!("{second:02}-{first:02}")),
        "ДО" => Value::Text(format!("{third:02}-{second:02}-{first:02}")),
        "ДЛ" | "ДЗ" => Value::Text(format!("{second:02}-{first:02}")),
        _ => Value::Float(r32(word).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_the_numbers_they_are() {
        let cases = [
            ("350", Some((350, 0))),
            ("-1.258", Some((-1258, 3))),
            ("00", Some((0, 0))),
            ("0.50", Some((50, 2))),
            ("-0.5", Some((-5, 1))),
            ("00-00", None),
            ("", None),
            (".5", None),
            ("1.2.3", None),
            ("-", None),
            ("99999999999999999999", None),
        ];
        for (text, want) in cases {
            assert_eq!(
                decimal(text).map(|fixed| (fixed.digits, fixed.decimals)),
                want,
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_entry_that_was_never_set_is_none() {
        assert_eq!(entry(&[0xff; 16], 0), None);
        assert_eq!(entry(&[0; 8], 0), None);
        let set = *b"\x01\xff\xff\xff24      \x18\0\0\0";
        assert_eq!(
            entry(&set, 0),
            Some(Entry {
                operative: true,
                text: "24".to_owned()
            })
        );
    }

    #[test]
    fn entries_of_the_second_heat_input_lie_800_bytes_on() {
        assert_eq!((address(0, 0), address(50, 1), address(50, 2)), (0x200, 0x520, 0x840));
    }
}
