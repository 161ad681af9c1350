//! The element table of the ВКТ-7 protocol (docs/protocols: ВКТ-7, section 4).

use super::config::{Digits, Vkt7Config};

/// The highest element index; a list with a higher one is refused.
pub const LAST_ELEMENT: u8 = 82;

/// Value types of the 3FFD write (section 3.4).
pub const HOURLY: u8 = 0;
pub const DAILY: u8 = 1;
pub const MONTHLY: u8 = 2;
pub const TOTALS_ARCHIVE: u8 = 3;
pub const CURRENT: u8 = 4;
pub const TOTALS_NOW: u8 = 5;
pub const PROPERTIES: u8 = 6;

/// What an element is. Array indices count pipes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    T(usize),
    V(usize),
    M(usize),
    P(usize),
    Mg,
    Qo,
    Qg,
    Dt,
    Tx,
    Ta,
    Vnr,
    Vos,
    G(usize),
    Reserved,
    Unit,
    Decimals,
    NsChar,
    NsTimes,
    Di,
    P3,
}

/// One row of the element table.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    pub field: Field,
    /// Heat input 1 or 2; 0 is common.
    pub input: u8,
    /// Bytes of the value, whatever size the list declares (section 3.3).
    pub size: usize,
    /// The maker's name.
    pub name: &'static str,
}

/// The row of an index up to [`LAST_ELEMENT`].
pub fn element(index: u8) -> Option<Element> {
    let (field, input, name) = match index {
        0..=14 | 17..=21 | 77 | 79 => of_input(index, 1)?,
        22..=36 => of_input(index - 22, 2)?,
        39..=43 => of_input(index - 22, 2)?,
        78 | 80 => of_input(index - 1, 2)?,
        15 => (Field::Tx, 0, "tх"),
        16 => (Field::Ta, 0, "ta"),
        37 | 38 => (Field::Reserved, 0, ""),
        44..=56 => (Field::Unit, 0, ""),
        57..=76 => (Field::Decimals, 0, ""),
        81 => (Field::Di, 0, "DI"),
        82 => (Field::P3, 0, "P3"),
        _ => return None,
    };
    let size = match field {
        Field::T(_) | Field::P(_) | Field::Dt | Field::Tx | Field::Ta | Field::P3 | Field::Reserved => 2,
        Field::Decimals | Field::NsChar => 1,
        Field::Unit => 7,
        Field::NsTimes => 10,
        _ => 4,
    };
    Some(Element {
        field,
        input,
        size,
        name,
    })
}

/// Indices of ТВ1; those of ТВ2 run the same way, 22 higher.
fn of_input(index: u8, input: u8) -> Option<(Field, u8, &'static str)> {
    let (field, name) = match index {
        0 => (Field::T(0), "t1"),
        1 => (Field::T(1), "t2"),
        2 => (Field::T(2), "t3"),
        3 => (Field::V(0), "V1"),
        4 => (Field::V(1), "V2"),
        5 => (Field::V(2), "V3"),
        6 => (Field::M(0), "M1"),
        7 => (Field::M(1), "M2"),
        8 => (Field::M(2), "M3"),
        9 => (Field::P(0), "P1"),
        10 => (Field::P(1), "P2"),
        11 => (Field::Mg, "Мг"),
        12 => (Field::Qo, "Qо"),
        13 => (Field::Qg, "Qг"),
        14 => (Field::Dt, "dt"),
        17 => (Field::Vnr, "ВНР"),
        18 => (Field::Vos, "ВОС"),
        19 => (Field::G(0), "G1"),
        20 => (Field::G(1), "G2"),
        21 => (Field::G(2), "G3"),
        77 => (Field::NsChar, "НС"),
        79 => (Field::NsTimes, "НС"),
        _ => return None,
    };
    Some((field, input, name))
}

/// Whether the element makes sense under the value type (section 3.5).
pub fn fits(index: u8, value_type: u8) -> bool {
    match value_type {
        CURRENT => matches!(index, 0..=2 | 9 | 10 | 14..=16 | 19..=24 | 31 | 32 | 36 | 41..=43 | 77 | 78 | 81 | 82),
        TOTALS_NOW | TOTALS_ARCHIVE => {
            matches!(index, 3..=8 | 11..=13 | 17 | 18 | 25..=30 | 33..=35 | 39 | 40 | 81)
        }
        HOURLY | DAILY | MONTHLY => matches!(index, 0..=18 | 22..=36 | 39 | 40 | 77..=82),
        _ => matches!(index, 44..=76),
    }
}

/// Count of decimals that the properties state for a unit-less digits element, 57 to 76.
///
/// Reserved places answer what captured devices answer: 58 and 68 zero, 67 the digits of t.
pub fn decimals_property(index: u8, digits: &Digits) -> u8 {
    match index {
        59 => digits.volume[0],
        60 => digits.mass[0],
        65 => digits.mass[0],
        66 => digits.heat[0],
        69 => digits.volume[1],
        70 | 75 => digits.mass[1],
        76 => digits.heat[1],
        61 | 71 => digits.pressure,
        58 | 68 => 0,
        _ => digits.temperature,
    }
}

/// Decimals of an element's integer; `None` for floats, hours and characters.
pub fn decimals(element: &Element, digits: &Digits) -> Option<u8> {
    let input = usize::from(element.input == 2);
    match element.field {
        Field::T(_) | Field::Dt | Field::Tx | Field::Ta => Some(digits.temperature),
        Field::V(_) => Some(digits.volume[input]),
        Field::M(_) | Field::Mg => Some(digits.mass[input]),
        Field::Qo | Field::Qg => Some(digits.heat[input]),
        Field::P(_) | Field::P3 => Some(digits.pressure),
        Field::Vnr | Field::Vos => Some(0),
        _ => None,
    }
}

/// The unit text of elements 44 to 56, without padding.
pub fn unit_property(index: u8, config: &Vkt7Config) -> &str {
    let units = &config.units;
    match index {
        45 => &units.flow,
        46 => &units.volume,
        47 | 52 => &units.mass,
        48 => &units.pressure,
        53 | 54 => &units.heat,
        55 => "ч",
        56 if config.elements.contains(&81) => &units.additional,
        56 => "ч",
        _ => "°C",
    }
}

/// CP866, the code page of the meter; a character that it does not have becomes `?`.
pub fn cp866(text: &str) -> Vec<u8> {
    let byte = |character: char| -> u8 {
        let code = u32::from(character);
        let place = match character {
            ' '..='~' => code,
            'А'..='Я' => code - 0x410 + 0x80,
            'а'..='п' => code - 0x430 + 0xA0,
            'р'..='я' => code - 0x440 + 0xE0,
            '°' => 0xF8,
            '·' => 0xFA,
            _ => 0x3F,
        };
        u8::try_from(place).unwrap_or(b'?')
    };
    text.chars().map(byte).collect()
}
