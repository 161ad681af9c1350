//! What an entry means: its OBIS name (EN 62056-61), its unit (IEC 62056-62, table 4), its number.

use uzel_driver_sdk::{Aggregate, Column, Fixed, Value as Cell};

use crate::telegram::{Entry, Value};

/// Where a value belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Current,
    Total,
    /// Numbers of the device, keys, texts.
    Setting,
}

/// The name as people write it, `1-0:1.8.0`; hex where it has not six bytes. `*255`, which means now, is left out.
pub fn name(entry: &Entry) -> String {
    match *entry.name.as_slice() {
        [a, b, c, d, e, u8::MAX] => format!("{a}-{b}:{c}.{d}.{e}"),
        [a, b, c, d, e, f] => format!("{a}-{b}:{c}.{d}.{e}*{f}"),
        ref other => uzel_driver_sdk::bytes::hex(other).chars().take(60).collect(),
    }
}

/// Unit and quantity by the number of the unit; an unknown unit keeps its number.
fn unit(entry: &Entry) -> (String, &'static str) {
    let (unit, quantity) = match entry.unit {
        None | Some(255) => ("", "other"),
        Some(8) => ("deg", "other"),
        Some(9) => ("Cel", "temperature"),
        Some(13 | 14) => ("m3", "volume"),
        Some(27) => ("W", "power"),
        Some(28) => ("VA", "other"),
        Some(29) => ("var", "other"),
        Some(30) => ("Wh", "energy"),
        Some(31) => ("VAh", "other"),
        Some(32) => ("varh", "reactive-energy"),
        Some(33) => ("A", "current"),
        Some(35) => ("V", "voltage"),
        Some(44) => ("Hz", "frequency"),
        Some(other) => return (format!("dlms-{other}"), "other"),
    };
    (unit.to_owned(), quantity)
}

/// Where an entry belongs.
pub fn class(entry: &Entry) -> Class {
    match (entry.name.as_slice(), &entry.value) {
        // Numbers without a unit are of the device, as the firmware is.
        (_, Value::Bytes(_) | Value::Bool(_) | Value::Other) => Class::Setting,
        (_, Value::Number(_)) if entry.unit.is_none() => Class::Setting,
        ([_, _, _, 8, ..], _) => Class::Total,
        _ => Class::Current,
    }
}

/// The column of a value.
pub fn column(entry: &Entry) -> Column {
    let (unit, quantity) = unit(entry);
    let is_total = class(entry) == Class::Total;
    Column {
        id: name(entry),
        quantity: quantity.to_owned(),
        unit,
        point: 0,
        tariff: match *entry.name.as_slice() {
            [_, _, _, 8, tariff, _] if tariff < 64 => tariff,
            _ => 0,
        },
        pipe: None,
        aggregate: if is_total { Aggregate::Total } else { Aggregate::Instant },
        decimals: None,
    }
}

/// The digits as the meter has them, with its scaler as decimals; none where that is no number of the contract.
pub fn fixed(entry: &Entry) -> Option<Fixed> {
    let Value::Number(number) = entry.value else {
        return None;
    };
    let scaler = i32::from(entry.scaler);
    let power = u32::try_from(scaler.max(0)).ok()?;
    let digits = number.checked_mul(10i128.checked_pow(power)?)?;
    Some(Fixed {
        digits: i64::try_from(digits).ok()?,
        decimals: u8::try_from((-scaler).max(0)).ok().filter(|decimals| *decimals <= 15)?,
    })
}

/// The cell of an entry.
pub fn cell(entry: &Entry) -> Cell {
    fixed(entry).map_or(Cell::Absent, Cell::Fixed)
}

/// Bytes as text where they are one, else as hex.
pub fn text(bytes: &[u8]) -> String {
    let is_text = !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    match is_text {
        true => bytes.iter().map(|byte| char::from(*byte)).take(250).collect(),
        false => uzel_driver_sdk::bytes::hex(bytes.get(..80).unwrap_or(bytes)),
    }
}

/// The number on the name plate by DIN 43863-5: `1DZG0060694612`; else the bytes as text or hex.
pub fn plate(id: &[u8]) -> String {
    match *id {
        [0x0a, medium, a, b, c, block, n3, n2, n1, n0] if [a, b, c].iter().all(u8::is_ascii_uppercase) => {
            let maker: String = [a, b, c].map(char::from).iter().collect();
            let number = u32::from_be_bytes([n3, n2, n1, n0]);
            format!("{medium}{maker}{block:02X}{number:08}")
        }
        _ => text(id),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(name: [u8; 6], unit: Option<u8>, scaler: i8, value: Value) -> Entry {
        Entry {
            name: name.to_vec(),
            status: None,
            unit,
            scaler,
            value,
        }
    }

    #[test]
    fn entries_have_their_meaning() {
        let energy = entry([1, 0, 1, 8, 2, 255], Some(30), -1, Value::Number(20_124));
        let shown = column(&energy);
        assert_eq!(
            (shown.id.as_str(), shown.unit.as_str(), shown.tariff),
            ("1-0:1.8.2", "Wh", 2)
        );
        assert_eq!(
            (class(&energy), cell(&energy)),
            (
                Class::Total,
                Cell::Fixed(Fixed {
                    digits: 20_124,
                    decimals: 1
                })
            )
        );
        let power = entry([1, 0, 16, 7, 0, 255], Some(27), 2, Value::Number(-3));
        assert_eq!(
            (class(&power), cell(&power)),
            (
                Class::Current,
                Cell::Fixed(Fixed {
                    digits: -300,
                    decimals: 0
                })
            )
        );
        let key = entry([129, 129, 199, 130, 5, 1], None, 0, Value::Bytes(vec![1, 255]));
        assert_eq!(
            (class(&key), name(&key).as_str()),
            (Class::Setting, "129-129:199.130.5*1")
        );
    }

    #[test]
    fn the_number_of_the_name_plate_is_written_as_on_it() {
        let id = [0x0a, 0x01, 0x44, 0x5a, 0x47, 0x00, 0x03, 0x9e, 0x20, 0x54];
        assert_eq!(plate(&id), "1DZG0060694612");
        assert_eq!(
            (plate(b"02280816").as_str(), plate(&[6, 0x45]).as_str()),
            ("02280816", "06 45")
        );
    }

    proptest! {
        #[test]
        fn no_number_panics(number in any::<i64>(), scaler in any::<i8>(), unit in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut any = entry([1, 0, 1, 8, 0, 255], Some(unit), scaler, Value::Number(number.into()));
            cell(&any);
            column(&any);
            plate(&bytes);
            any.name = bytes;
            column(&any);
        }
    }
}
