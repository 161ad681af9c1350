//! Profiles (class 7, IEC 62056-62, section 5.2): what they capture, and their rows without the compressions of the wire.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::{Data, DataBuf};
use uzel_driver_sdk::{Column, Condition, Mark, Quality, Value};

use crate::cell;
use crate::column::{CLOCK, Captured, Scale, tell_apart};
use crate::rows::Rows;
use crate::{stamp, tree};

/// Columns of one profile at most: what the contract takes.
const COLUMNS_MAX: usize = 256;
/// The bit of a profile status that says that the values may not be used (IDIS package 2, section 6.2.1).
const NOT_VALID: u8 = 1 << 2;

/// One profile as it describes itself.
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: Obis,
    /// Seconds between rows; 0 where an event makes them.
    pub period_s: i64,
    /// Rows that it can hold, and holds.
    pub capacity: u32,
    pub in_use: u32,
    /// Whether the newest row comes first.
    pub is_newest_first: bool,
    pub captured: Vec<Captured>,
    pub scales: Vec<Option<Scale>>,
    /// The column of the clock.
    pub clock: usize,
}

/// One row: its stamp in seconds of the meter's scale, and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub stamp: i64,
    pub values: Vec<Value>,
    pub marks: Vec<Mark>,
    pub conditions: Vec<Condition>,
}

/// Reads capture_objects, attribute 3.
pub fn captured(value: &DataBuf) -> Result<Vec<Captured>, String> {
    let objects = tree::parts(value).ok_or("capture_objects is no array")?;
    if objects.len() > COLUMNS_MAX {
        return Err(format!(
            "a profile captures {} objects, at most {COLUMNS_MAX} are taken",
            objects.len()
        ));
    }
    objects
        .iter()
        .map(|object| one(object).ok_or_else(|| "a capture object is none".to_owned()))
        .collect()
}

fn one(object: &DataBuf) -> Option<Captured> {
    let [class, name, attribute, element, ..] = tree::parts(object)? else {
        return None;
    };
    Some(Captured {
        class: tree::number(class)?,
        name: Obis(tree::bytes(name)?.try_into().ok()?),
        attribute: tree::number(attribute)?,
        element: tree::number(element)?,
    })
}

/// Reads scaler_unit: a structure of power and unit.
pub fn scale(value: &DataBuf) -> Option<Scale> {
    match tree::parts(value)? {
        [power, unit] => Some(Scale {
            power: tree::number(power)?,
            unit: tree::number(unit)?,
        }),
        _ => None,
    }
}

/// The column of the clock that stamps rows; one at least beside it.
pub fn clock(captured: &[Captured]) -> Result<usize, String> {
    let clock = captured.iter().position(|one| one.class == CLOCK && one.attribute == 2);
    clock
        .filter(|_| captured.len() > 1)
        .ok_or_else(|| "a profile captures no clock, so its rows have no times".to_owned())
}

impl Profile {
    /// What is captured beside the clock.
    fn beside(&self) -> impl Iterator<Item = (usize, &Captured, Option<Scale>)> {
        let scaled = self.captured.iter().zip(&self.scales).enumerate();
        let clock = self.clock;
        scaled
            .filter(move |(place, _)| *place != clock)
            .map(|(place, (captured, scale))| (place, captured, *scale))
    }

    pub fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = self.beside().map(|(_, one, scale)| one.column(scale)).collect();
        tell_apart(&mut columns);
        columns
    }

    /// The rows of an encoded buffer, in its order. Nothing in the place of a stamp is the one before and a period; nothing
    /// anywhere else is the value before (IEC 62056-62, section 5.2.4).
    pub fn rows(&self, buffer: &[u8]) -> Result<Vec<Row>, String> {
        let buffer = tree::without_compression(buffer)?;
        let mut cells = Rows::open(&buffer, self.captured.len())?;
        let mut before = None;
        let mut rows = Vec::with_capacity(cells.most());
        while cells.next_row()? {
            let row = self.row(&mut cells, before)?;
            before = Some(row.stamp);
            rows.push(row);
        }
        Ok(rows)
    }

    fn row(&self, cells: &mut Rows<'_>, before: Option<i64>) -> Result<Row, String> {
        let mut row = Row {
            stamp: 0,
            values: Vec::with_capacity(self.captured.len()),
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        let mut is_valid = true;
        for (place, (captured, scale)) in self.captured.iter().zip(&self.scales).enumerate() {
            if place == self.clock {
                row.stamp = self.stamp(&cells.next_own()?, before)?;
                continue;
            }
            let value = cells.next_cell(place)?;
            if value.is_delta() {
                return Err("a row has differences, which were not agreed on".to_owned());
            }
            let column = u16::try_from(row.values.len()).unwrap_or(u16::MAX);
            row.conditions.extend(cell::conditions(captured, &value, column));
            is_valid &=
                !(captured.is_profile_status() && matches!(value, Data::Unsigned(status) if status & NOT_VALID != 0));
            row.values.push(cell::cell(captured, *scale, &value));
        }
        if !is_valid {
            row.marks = doubtful(&row.values);
        }
        Ok(row)
    }

    fn stamp(&self, own: &Data<'_>, before: Option<i64>) -> Result<i64, String> {
        match (own, before) {
            (Data::Null, Some(at)) if self.period_s > 0 => Ok(at.saturating_add(if self.is_newest_first {
                -self.period_s
            } else {
                self.period_s
            })),
            (Data::Null, _) => Err("a row has no stamp and none before it".to_owned()),
            (stamped, _) => stamp::moment(stamped).ok_or_else(|| "a row has a stamp that is none".to_owned()),
        }
    }
}

/// The marks of a row whose values may not be used.
fn doubtful(values: &[Value]) -> Vec<Mark> {
    let numbers = (0u16..).zip(values);
    let numbers = numbers.filter(|(_, value)| matches!(value, Value::Fixed(_) | Value::Float(_)));
    let mark = |(column, _)| Mark {
        column,
        quality: Quality::Doubtful,
        code: Some("bit 2".to_owned()),
    };
    numbers.map(mark).collect()
}

#[cfg(test)]
mod tests {
    use dlms_cosem_rs::codec::Encode;
    use proptest::prelude::*;
    use uzel_driver_sdk::Fixed;
    use uzel_driver_sdk::calendar::{HOUR, civil};

    use super::*;
    use crate::column::{DATA, REGISTER};
    use crate::name;

    fn example() -> Profile {
        let object = |class, name: &str| Captured {
            class,
            name: name::parse(name).unwrap(),
            attribute: 2,
            element: 0,
        };
        Profile {
            name: name::parse("1.0.99.1.0").unwrap(),
            period_s: HOUR,
            capacity: 100,
            in_use: 3,
            is_newest_first: false,
            captured: vec![
                object(CLOCK, "0.0.1.0.0"),
                object(DATA, "0.0.96.10.1"),
                object(REGISTER, "1.0.1.8.0"),
            ],
            scales: vec![None, None, Some(Scale { power: 1, unit: 30 })],
            clock: 0,
        }
    }

    const STAMP: [u8; 12] = [0x07, 0xE9, 3, 29, 6, 22, 0, 0, 0, 0, 0, 0];

    fn encoded(value: &DataBuf) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.encode(&mut bytes).unwrap();
        bytes
    }

    fn buffer(rows: &[[DataBuf; 3]]) -> Vec<u8> {
        encoded(&DataBuf::Array(
            rows.iter().map(|row| DataBuf::Structure(row.to_vec())).collect(),
        ))
    }

    #[test]
    fn nothing_is_the_next_stamp_and_the_same_value() {
        let stamp = DataBuf::OctetString(STAMP.to_vec());
        let rows = example().rows(&buffer(&[
            [stamp.clone(), DataBuf::Unsigned(4), DataBuf::Long64(100)],
            [DataBuf::Null, DataBuf::Unsigned(0), DataBuf::Null],
            [DataBuf::Null, DataBuf::Null, DataBuf::Long64(300)],
        ]));
        let rows = rows.unwrap();
        let labels: Vec<_> = rows.iter().map(|row| stamp::text(civil(row.stamp))).collect();
        assert_eq!(
            labels,
            ["2025-03-29 22:00:00", "2025-03-29 23:00:00", "2025-03-30 00:00:00"]
        );
        let tens = |number: i64| {
            Value::Fixed(Fixed {
                digits: number * 10,
                decimals: 0,
            })
        };
        let values: Vec<_> = rows.iter().map(|row| row.values.clone()).collect();
        assert_eq!(
            values,
            [
                [Value::Bits(4), tens(100)],
                [Value::Bits(0), tens(100)],
                [Value::Bits(0), tens(300)]
            ]
        );
        let doubtful: Vec<usize> = rows.iter().map(|row| row.marks.len()).collect();
        assert_eq!(doubtful, [1, 0, 0], "not valid by the status, the number only");
    }

    #[test]
    fn what_cannot_be_placed_is_refused() {
        let stamp = || DataBuf::OctetString(STAMP.to_vec());
        let first = buffer(&[[DataBuf::Null, DataBuf::Null, DataBuf::Null]]);
        assert!(example().rows(&first).unwrap_err().contains("no stamp"));
        let delta = buffer(&[[stamp(), DataBuf::Null, DataBuf::DeltaLong(1)]]);
        assert!(example().rows(&delta).unwrap_err().contains("differences"));
        let short = encoded(&DataBuf::Array(vec![DataBuf::Structure(vec![stamp()])]));
        assert!(example().rows(&short).unwrap_err().contains("1 values, 3"));
        assert!(example().rows(&encoded(&DataBuf::Null)).is_err());
        let mut event = example();
        event.period_s = 0;
        let two = buffer(&[
            [stamp(), DataBuf::Null, DataBuf::Null],
            [DataBuf::Null, DataBuf::Null, DataBuf::Null],
        ]);
        assert!(event.rows(&two).is_err(), "no period to add");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![0u8..34, any::<u8>()], 0..80)) {
            let _ = example().rows(&bytes);
            if let Ok(value) = tree::parse(&bytes) {
                let _ = captured(&value);
                let _ = scale(&value);
            }
        }

        #[test]
        fn mutated_rows_are_rows_or_refused(at in 0usize..60, byte in any::<u8>()) {
            let mut bytes = vec![1, 2];
            for _ in 0..2 {
                bytes.extend([2, 3, 9, 12]);
                bytes.extend(STAMP);
                bytes.extend([0x11, 0, 0x06, 0, 0, 1, 2]);
            }
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            if let Ok(rows) = example().rows(&bytes) {
                prop_assert!(rows.iter().all(|row| row.values.len() == 2));
            }
        }
    }
}
