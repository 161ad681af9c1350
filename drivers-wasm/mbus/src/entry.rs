//! A record of the readout as a column and a cell.
//!
//! The id of a column, in this order: the name of the quantity with its modifiers, `@` storage number, `/` tariff, `:`
//! subunit, `#` function, `~` ordinal of records that are otherwise alike (from the second on). Parts that are zero,
//! or instantaneous, are left out: `energy`, `energy@1/2`, `volume:1`, `power#max`, `voltage.ff01#min`, `voltage~3`.
//! In an archive the storage number is left out too: the row stands for it.

use std::borrow::Cow;
use std::fmt::Write;

use uzel_driver_sdk::bytes::digits;
use uzel_driver_sdk::{Aggregate, Column, Fixed, Quality, Value};

use crate::data::{self, Coding, Data};
use crate::header;
use crate::modifier::{self, Modified};
use crate::quantity::{self, Class};
use crate::record::{Function, Record};
use crate::sorted::Sorted;

/// Bytes of a column's id before its ordinal at most; the contract allows 64 with it.
const MAX_ID: usize = 58;
/// Bytes of a text, by the contract.
const MAX_TEXT: usize = 256;
/// Bytes of a binary block that are shown at most: twice as many letters, and a sign that there are more.
const MAX_BLOCK: usize = 126;

/// What a record is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Current values.
    Current,
    /// Totals.
    Total,
    /// Given on request only.
    Extra,
}

/// A record with its meaning and value.
#[derive(Debug)]
pub struct Entry<'a> {
    pub record: &'a Record<'a>,
    pub modified: Modified,
    pub data: Data<'a>,
    /// How many records before it have the same id.
    ordinal: u32,
}

/// A value and, where it is not simply good, the quality and the meter's word for it.
pub type Cell = (Value, Option<(Quality, String)>);

/// All records with meaning, value and place among their likes.
pub fn entries<'a>(records: &'a [Record<'a>]) -> Vec<Entry<'a>> {
    let mut seen = Sorted::default();
    let with_ordinal = |record| {
        let mut entry = Entry::new(record);
        let count = seen.entry(entry.plain_id(true), || 0u32);
        entry.ordinal = *count;
        *count += 1;
        entry
    };
    records.iter().map(with_ordinal).collect()
}

impl<'a> Entry<'a> {
    /// A record with its meaning and value, without regard to its likes.
    pub fn new(record: &'a Record<'a>) -> Self {
        let modified = modifier::apply(&record.vif, quantity::meaning(&record.vif), &record.vifes);
        let data = data::decode(record.coding, &record.data, modified.meaning.expected());
        Self {
            record,
            modified,
            data,
            ordinal: 0,
        }
    }

    /// What the record is read for: a quantity that the tables know for certain, or on request only.
    pub fn role(&self) -> Role {
        let is_number = !matches!(self.record.coding, Coding::Text | Coding::Bytes | Coding::Nothing);
        match (self.modified.meaning.class, self.record.function) {
            _ if !is_number => Role::Extra,
            (Class::Counter, Function::Instant | Function::Error) if !self.modified.mean => Role::Total,
            (Class::Counter | Class::Instant | Class::State, _) => Role::Current,
            _ => Role::Extra,
        }
    }

    fn name(&self) -> String {
        modifier::name(&self.modified.meaning.name, &self.record.vif, &self.record.vifes)
    }

    fn plain_id(&self, with_storage: bool) -> String {
        let Record {
            storage,
            tariff,
            subunit,
            function,
            ..
        } = *self.record;
        let mut id = self.name();
        let parts = [
            ('@', if with_storage { storage } else { 0 }),
            ('/', tariff.into()),
            (':', subunit.into()),
        ];
        for (sign, number) in parts {
            if number != 0 {
                // Writing to a string cannot fail.
                let _ = write!(id, "{sign}{number}");
            }
        }
        id.push_str(match function {
            Function::Instant => "",
            Function::Maximum => "#max",
            Function::Minimum => "#min",
            Function::Error => "#error",
        });
        // Names and numbers are ASCII, so that every byte is a boundary.
        id.truncate(MAX_ID);
        id
    }

    /// The id of the column, see the module.
    pub fn id(&self, with_storage: bool) -> String {
        let id = self.plain_id(with_storage);
        match self.ordinal {
            0 => id,
            before => format!("{id}~{}", before.saturating_add(1)),
        }
    }

    /// The column of this record for a device of this medium.
    pub fn column(&self, with_storage: bool, medium: Option<u8>) -> Column {
        let meaning = &self.modified.meaning;
        let quantity = match meaning.quantity {
            "energy" if self.name() != "energy.backward" => header::energy_of(medium),
            quantity => quantity,
        };
        let point = match meaning.class {
            Class::Counter | Class::Instant => self.record.subunit.saturating_add(1),
            _ => self.record.subunit,
        };
        let decimals = match self.data {
            Data::Number(_) => u8::try_from(-meaning.exponent.min(0)).ok(),
            _ => None,
        };
        Column {
            id: self.id(with_storage),
            quantity: quantity.to_owned(),
            unit: meaning.unit.clone().into_owned(),
            point: u8::try_from(point).unwrap_or(u8::MAX),
            tariff: u8::try_from(self.record.tariff).unwrap_or(u8::MAX),
            pipe: meaning.pipe.map(str::to_owned),
            aggregate: self.aggregate(),
            decimals,
        }
    }

    fn aggregate(&self) -> Aggregate {
        match (self.record.function, self.modified.meaning.class) {
            (Function::Maximum, _) => Aggregate::Maximum,
            (Function::Minimum, _) => Aggregate::Minimum,
            _ if self.modified.mean => Aggregate::Mean,
            (_, Class::Counter) => Aggregate::Total,
            (_, Class::Instant | Class::Other) => Aggregate::Instant,
            _ => Aggregate::State,
        }
    }

    /// The value. What the meter measures while it is in error is doubtful; what it counts in that state is not.
    pub fn cell(&self) -> Cell {
        self.valued(self.data.clone())
    }

    /// The value alone, and its unit.
    pub fn into_value(mut self) -> (Value, Cow<'static, str>) {
        let data = std::mem::replace(&mut self.data, Data::Nothing);
        (self.valued(data).0, self.modified.meaning.unit)
    }

    fn valued(&self, data: Data<'_>) -> Cell {
        let absent = |code: String| (Value::Absent, Some((Quality::Absent, code)));
        let exponent = self.modified.meaning.exponent;
        if let Some(fault) = self.modified.fault {
            return absent(format!("record error {fault:02X}"));
        }
        let value = match data {
            Data::Nothing => return absent("no data".to_owned()),
            Data::Invalid(bytes) => return absent(data::digits(bytes)),
            Data::Unsettled => return absent("unsettled".to_owned()),
            Data::Number(number) => match scaled(number, exponent) {
                Some(fixed) => Value::Fixed(fixed),
                None => return absent(format!("{number} 10^{exponent}")),
            },
            Data::Real(real) => Value::Float(shift(real, exponent)),
            Data::Text(text) => Value::Text(shortened(text)),
            Data::Bytes(bytes) => Value::Text(block(bytes)),
            Data::Bits(bits) => Value::Bits(bits),
            Data::Stamp(stamp) => Value::Text(stamp.text()),
        };
        let in_error = self.record.function == Function::Error && self.modified.meaning.class == Class::Instant;
        (value, in_error.then(|| (Quality::Doubtful, "error state".to_owned())))
    }
}

/// A whole number of 10^exponent units, exactly. None when it needs more digits or decimals than the contract has.
fn scaled(number: i64, exponent: i32) -> Option<Fixed> {
    let power = exponent.unsigned_abs();
    if exponent <= 0 {
        let decimals = u8::try_from(power).ok().filter(|decimals| *decimals <= 15)?;
        return Some(Fixed {
            digits: number,
            decimals,
        });
    }
    let digits = number.checked_mul(10i64.checked_pow(power)?)?;
    Some(Fixed { digits, decimals: 0 })
}

/// The meter's float, in the unit of the column. Powers of ten up to 22 are exact, so the result is the nearest double.
fn shift(real: f64, exponent: i32) -> f64 {
    if exponent < 0 {
        real / 10f64.powi(-exponent)
    } else {
        real * 10f64.powi(exponent)
    }
}

/// At most [`MAX_TEXT`] bytes of a text.
fn shortened(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
    }
    text
}

/// A binary block in hexadecimal, in the order of the line.
fn block(bytes: &[u8]) -> String {
    let (shown, more) = bytes.split_at_checked(MAX_BLOCK).unwrap_or((bytes, &[]));
    let mut text = digits(shown.iter().copied());
    if !more.is_empty() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;
    use uzel_driver_sdk::bytes::unhex;

    fn records(bytes: &str) -> Vec<Record<'static>> {
        let bytes = unhex(bytes).unwrap();
        let records = record::decode(&bytes).unwrap().list;
        records.into_iter().map(Record::into_owned).collect()
    }

    fn told(bytes: &str) -> Vec<String> {
        let records = records(bytes);
        let told = entries(&records).into_iter().map(|entry| {
            let column = entry.column(true, Some(4));
            let (value, mark) = entry.cell();
            let value = match value {
                Value::Absent => "-".to_owned(),
                Value::Fixed(Fixed { digits, decimals }) => format!("{digits}e-{decimals}"),
                Value::Float(float) => format!("{float:?}"),
                Value::Bits(bits) => format!("{bits:b}"),
                Value::Text(text) => format!("{text:?}"),
            };
            let mark = mark.map_or(String::new(), |(quality, code)| format!(" {quality:?} {code}"));
            let Column {
                id,
                quantity,
                unit,
                point,
                tariff,
                aggregate,
                ..
            } = column;
            format!(
                "{id} {quantity} {unit} {point} {tariff} {aggregate:?} {:?} {value}{mark}",
                entry.role()
            )
        });
        told.collect()
    }

    #[test]
    fn records_become_columns_and_cells() {
        let cases = [
            (
                "04 06 e7 91 00 00",
                "energy heat-energy kWh 1 0 Aggregate::Total Total 37351e-0",
            ),
            (
                "84 90 40 05 ae 1e 00 00",
                "energy/1:2 heat-energy kWh 3 1 Aggregate::Total Total 7854e-1",
            ),
            (
                "04 86 3c 00 00 00 00",
                "energy.backward energy kWh 1 0 Aggregate::Total Total 0e-0",
            ),
            (
                "44 13 1f 00 00 00",
                "volume@1 volume m3 1 0 Aggregate::Total Total 31e-3",
            ),
            (
                "14 2d c0 01 00 00",
                "power#max power kW 1 0 Aggregate::Maximum Current 448e-1",
            ),
            (
                "3b 2d 99 99 99",
                "power#error power kW 1 0 Aggregate::Instant Current 999999e-1 Quality::Doubtful error state",
            ),
            (
                "3c 22 09 16 05 00",
                "on-time#error time h 1 0 Aggregate::Total Total 51609e-0",
            ),
            (
                "0a 5a dd dd",
                "flow-temperature temperature Cel 1 0 Aggregate::Instant Current - Quality::Absent DDDD",
            ),
            (
                "02 fd 17 04 00",
                "error-flags abnormal  0 0 Aggregate::State Current 100",
            ),
            (
                "02 6c 00 00",
                "date date  0 0 Aggregate::State Extra - Quality::Absent 0000",
            ),
            ("02 6c bf 15", "date date  0 0 Aggregate::State Extra \"2013-05-31\""),
            (
                "0c 78 23 15 01 09",
                "fabrication-number other  0 0 Aggregate::State Extra \"09011523\"",
            ),
            (
                "04 93 15 1f 00 00 00",
                "volume volume m3 1 0 Aggregate::Total Total - Quality::Absent record error 15",
            ),
            ("04 17 05 00 00 00", "volume volume m3 1 0 Aggregate::Total Total 50e-0"),
            (
                "05 3d 00 00 20 41",
                "volume-flow volume-flow m3/h 1 0 Aggregate::Instant Current 1.0",
            ),
            (
                "00 13",
                "volume volume m3 1 0 Aggregate::Total Extra - Quality::Absent no data",
            ),
            ("0f 43 01", "vendor-data other  0 0 Aggregate::Instant Extra \"4301\""),
            (
                "07 07 ff ff ff ff ff ff ff 7f",
                "energy heat-energy MWh 1 0 Aggregate::Total Total 9223372036854775807e-2",
            ),
            (
                "07 fb 10 ff ff ff ff ff ff ff 7f",
                "volume volume m3 1 0 Aggregate::Total Total - Quality::Absent 9223372036854775807 10^2",
            ),
            (
                "01 90 f0 f0 70 01",
                "volume volume m3 1 0 Aggregate::Total Total - Quality::Absent 1 10^-24",
            ),
        ];
        for (bytes, want) in cases {
            let told = told(bytes);
            assert!(
                told.first().is_some_and(|told| told.starts_with(want)),
                "{bytes}: {told:?}"
            );
        }
    }

    #[test]
    fn records_that_are_alike_are_numbered() {
        let bytes = "0b fd 47 56 34 12 0b fd 47 56 34 12 4b fd 47 56 34 12 0b fd 47 56 34 12";
        let records = records(bytes);
        let entries = entries(&records);
        let ids: Vec<_> = entries.iter().map(|entry| entry.id(true)).collect();
        assert_eq!(ids, ["voltage", "voltage~2", "voltage@1", "voltage~3"]);
        assert_eq!(entries[2].id(false), "voltage");
    }

    #[test]
    fn the_longest_id_has_64_bytes_at_most() {
        let dife = "ff ".repeat(9) + "7f";
        let vife = "ff ".repeat(9) + "7f";
        let bytes = format!("d1 {dife} fc 18 {} {vife} 00", "41 ".repeat(24));
        let record = records(&bytes).remove(0);
        let many = vec![record; 3000];
        for entry in entries(&many) {
            assert!(entry.id(true).len() <= 64, "{}", entry.id(true));
        }
    }
}
