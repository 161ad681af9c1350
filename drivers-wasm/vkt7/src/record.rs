//! One answer to a read list: for each element its value, a quality byte and an НС byte, without element numbers.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::{Column, Condition, Fixed, Mark, Quality, Value};

use crate::config::Listed;
use crate::element::{self, DURATIONS, Element, Kind, Source};
use crate::property::Properties;

const GOOD: u8 = 0xc0;
/// "Uncertain, sensor calibration": a record with any НС has it on all elements.
const CALIBRATED: u8 = 0x50;
/// "Configuration error": the bytes are leftovers of other fields.
const SENSELESS: u8 = 0x04;
/// НС byte: none in the list.
const NONE: u8 = 0x00;
/// НС byte: none of this element, but others have one.
const NOT_MINE: u8 = 0xff;
/// The letter of an НС.
const STAR: u8 = b'*';

/// Why an answer does not fit its list, or a list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It ends early.
    #[error("record: {0}")]
    Short(#[from] Short),
    /// It goes on.
    #[error("record of {want} bytes has {got}")]
    Length {
        /// Its length.
        got: usize,
        /// Length of the list's answer.
        want: usize,
    },
    /// No number is that long.
    #[error("element {index} has {size} bytes, which is no number")]
    Size {
        /// Element.
        index: u8,
        /// Its size.
        size: u8,
    },
    /// Without decimals an integer is worth nothing.
    #[error("the device does not tell the decimals of element {0}")]
    Digits(u8),
}

#[derive(Debug)]
struct Planned {
    element: &'static Element,
    size: usize,
    decimals: u8,
    column: u16,
}

/// A read list with its columns.
#[derive(Debug)]
pub struct Plan {
    /// What is written to the device.
    pub list: Vec<Listed>,
    /// One per element, five for the durations of НС.
    pub columns: Vec<Column>,
    /// Bytes of the answer.
    pub length: usize,
    planned: Vec<Planned>,
    hours_known: bool,
}

/// A record taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// One per column.
    pub values: Vec<Value>,
    /// What is said of single cells.
    pub marks: Vec<Mark>,
    /// НС of elements, and durations of НС.
    pub conditions: Vec<Condition>,
    /// ВНР + ВОС of each heat input that has both, hours; empty where the unit is another.
    pub counted_h: Vec<i64>,
}

impl Plan {
    /// Lays out what `source` answers to `list`.
    pub fn new(list: Vec<Listed>, source: Source, properties: &Properties) -> Result<Self, RecordError> {
        let extra = list.iter().any(|listed| listed.index == 81);
        let mut plan = Self {
            columns: Vec::new(),
            length: 0,
            planned: Vec::new(),
            hours_known: false,
            list,
        };
        for listed in &plan.list {
            let Some(element) = element::find(listed.index) else {
                continue;
            };
            // A size of 0 is answered by the native one; the size of DI is not to be trusted.
            let size = if listed.size == 0 || element.kind == Kind::Extra {
                element.size
            } else {
                listed.size
            };
            let fits = match element.kind {
                Kind::Mean | Kind::Amount | Kind::Time => matches!(size, 1 | 2 | 4 | 8),
                Kind::Flow | Kind::Extra | Kind::Sign | Kind::Durations => size == element.size,
            };
            if !fits {
                return Err(RecordError::Size {
                    index: listed.index,
                    size,
                });
            }
            let decimals = match element.digits {
                Some(_) => properties.digits_of(element).ok_or(RecordError::Digits(listed.index))?,
                None => 0,
            };
            let column = u16::try_from(plan.columns.len()).unwrap_or(u16::MAX);
            let unit = properties.unit_of(element, extra);
            plan.hours_known |= element.kind == Kind::Time && unit == "h";
            declare(element, source, unit, decimals, &mut plan.columns);
            plan.length += usize::from(size) + 2;
            plan.planned.push(Planned {
                element,
                size: size.into(),
                decimals,
                column,
            });
        }
        Ok(plan)
    }

    /// Takes an answer apart. `interval_h`: length of the record, which no duration within it exceeds.
    pub fn cells(&self, data: &[u8], interval_h: Option<i64>) -> Result<Cells, RecordError> {
        if data.len() != self.length {
            return Err(RecordError::Length {
                got: data.len(),
                want: self.length,
            });
        }
        let mut reader = Reader::new(data);
        let mut cells = Cells {
            values: Vec::with_capacity(self.columns.len()),
            marks: Vec::new(),
            conditions: Vec::new(),
            counted_h: Vec::new(),
        };
        for planned in &self.planned {
            let raw = reader.take(planned.size)?;
            let [quality, code] = reader.array()?;
            self.cell(planned, raw, quality, code, interval_h, &mut cells)?;
        }
        self.judge_times(&mut cells);
        Ok(cells)
    }

    fn cell(
        &self,
        planned: &Planned,
        raw: &[u8],
        quality: u8,
        code: u8,
        interval_h: Option<i64>,
        cells: &mut Cells,
    ) -> Result<(), RecordError> {
        let element = planned.element;
        if quality != SENSELESS && code != NONE && code != NOT_MINE {
            cells
                .conditions
                .push(condition(element.point, format!("{code:02X}"), Some(planned.column)));
        }
        let width = if element.kind == Kind::Durations {
            DURATIONS.len()
        } else {
            1
        };
        let judged = judge(quality, code);
        if judged == Some(Quality::Absent) {
            cells.values.extend(std::iter::repeat_n(Value::Absent, width));
        } else if element.kind == Kind::Durations {
            self.durations(planned, raw, interval_h, cells)?;
        } else {
            cells.values.push(value(planned, raw)?);
        }
        if let Some(judged) = judged {
            for column in (planned.column..).take(width) {
                cells.marks.push(Mark {
                    column,
                    quality: judged,
                    code: Some(format!("{quality:02X}")),
                });
            }
        } else if width == 1 && matches!(cells.values.last(), Some(Value::Absent)) {
            let code = Some(uzel_driver_sdk::bytes::hex(raw));
            cells.marks.push(Mark {
                column: planned.column,
                quality: Quality::Absent,
                code,
            });
        }
        Ok(())
    }

    fn durations(
        &self,
        planned: &Planned,
        raw: &[u8],
        interval_h: Option<i64>,
        cells: &mut Cells,
    ) -> Result<(), RecordError> {
        let mut reader = Reader::new(raw);
        for (column, (code, _, _, category)) in (planned.column..).zip(DURATIONS) {
            let count = reader.u16_le()?;
            cells.values.push(fixed(count.into(), 0));
            if count == 0 {
                continue;
            }
            let unit_s = match self.columns.get(usize::from(column)).map(|column| column.unit.as_str()) {
                Some("h") => 3600,
                Some("min") => 60,
                _ => 0,
            };
            let duration = u32::from(count) * unit_s;
            // The document leaves the unit open; a duration longer than the record shows that it is another one.
            let fits = duration > 0 && interval_h.is_some_and(|hours| i64::from(duration) <= hours * 3600);
            cells.conditions.push(Condition {
                category: Some(category.to_owned()),
                duration_s: fits.then_some(duration),
                ..condition(planned.element.point, code.to_owned(), Some(column))
            });
        }
        Ok(())
    }

    /// Sums ВНР and ВОС, and takes the means of a heat input that was off all the time for what they are: no values.
    fn judge_times(&self, cells: &mut Cells) {
        for point in 1..=2 {
            let times: Vec<_> = self
                .own(point, Kind::Time)
                .filter_map(|at| number(cells.values.get(at)))
                .collect();
            let &[normal, stopped] = times.as_slice() else { continue };
            if self.hours_known {
                cells.counted_h.push(normal.saturating_add(stopped));
            }
            let mut amounts = self
                .own(point, Kind::Amount)
                .filter_map(|at| number(cells.values.get(at)));
            if normal != 0 || stopped != 0 || amounts.any(|amount| amount != 0) {
                continue;
            }
            for at in self.own(point, Kind::Mean) {
                let Some(value) = cells.values.get_mut(at) else {
                    continue;
                };
                let column = u16::try_from(at).unwrap_or(u16::MAX);
                if !matches!(value, Value::Absent) {
                    *value = Value::Absent;
                    cells.marks.retain(|mark| mark.column != column);
                    cells.marks.push(Mark {
                        column,
                        quality: Quality::Absent,
                        code: Some("ВНР 0".to_owned()),
                    });
                }
            }
        }
    }

    /// Columns of one kind at one heat input of an archive.
    fn own(&self, point: u8, kind: Kind) -> impl Iterator<Item = usize> {
        let own = move |planned: &&Planned| planned.element.point == point && planned.element.kind == kind;
        self.planned.iter().filter(own).map(|planned| planned.column.into())
    }
}

fn condition(point: u8, code: String, column: Option<u16>) -> Condition {
    Condition {
        code,
        category: None,
        effect: None,
        point,
        column,
        duration_s: None,
    }
}

fn declare(element: &Element, source: Source, unit: &str, decimals: u8, columns: &mut Vec<Column>) {
    let column = |id: String, quantity: &str, unit: &str, decimals| Column {
        id,
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        point: element.point,
        tariff: 0,
        pipe: element.pipe.map(str::to_owned),
        aggregate: element.kind.aggregate(source),
        decimals,
    };
    // The total archive stands beside the monthly one, whose columns have the plain names.
    let totals = source == Source::TotalArchive;
    let id = if totals {
        format!("{} итог", element.id)
    } else {
        element.id.to_owned()
    };
    match element.kind {
        Kind::Durations => {
            let five = DURATIONS.iter();
            columns.extend(five.map(|(_, id, quantity, _)| column((*id).to_owned(), quantity, unit, Some(0))));
        }
        Kind::Flow | Kind::Extra => columns.push(column(id, quantity(element, unit), unit, None)),
        Kind::Sign => columns.push(column(id, element.quantity, "", None)),
        Kind::Mean | Kind::Amount | Kind::Time => columns.push(column(id, element.quantity, unit, Some(decimals))),
    }
}

/// What an element measures whose unit the owner chooses.
fn quantity(element: &Element, unit: &str) -> &'static str {
    match unit {
        "t/h" | "kg/h" => "mass-flow",
        "m3" | "l" => "volume",
        "t" | "kg" => "mass",
        "Gcal" | "GJ" | "MWh" => "heat-energy",
        "kWh" => "energy",
        _ => element.quantity,
    }
}

/// What the quality and НС bytes make of a cell; `None`: simply good.
fn judge(quality: u8, code: u8) -> Option<Quality> {
    match quality {
        GOOD => None,
        // With any НС in the record all its elements have 50; only those with a code of their own are concerned.
        CALIBRATED if code == NOT_MINE => None,
        0x00..=0x3f => Some(Quality::Absent),
        _ => Some(Quality::Doubtful),
    }
}

fn value(planned: &Planned, raw: &[u8]) -> Result<Value, RecordError> {
    let size = || RecordError::Size {
        index: planned.element.index,
        size: u8::try_from(raw.len()).unwrap_or(u8::MAX),
    };
    match planned.element.kind {
        Kind::Mean | Kind::Amount => Ok(fixed(integer(raw).ok_or_else(size)?, planned.decimals)),
        Kind::Time => Ok(fixed(hours(raw).ok_or_else(size)?, 0)),
        Kind::Flow | Kind::Extra => {
            let number = f32::from_le_bytes(raw.try_into().map_err(|_| size())?);
            Ok(if number.is_finite() {
                Value::Float(number.into())
            } else {
                Value::Absent
            })
        }
        Kind::Sign => Ok(match raw {
            [STAR] => Value::Bits(1),
            [b' '] => Value::Bits(0),
            _ => Value::Absent,
        }),
        Kind::Durations => Err(size()),
    }
}

/// A signed little-endian integer of 1, 2, 4 or 8 bytes.
fn integer(raw: &[u8]) -> Option<i64> {
    Some(match *raw {
        [a] => i8::from_le_bytes([a]).into(),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => return None,
    })
}

/// ВНР or ВОС: some devices leave FF FF in the upper half.
fn hours(raw: &[u8]) -> Option<i64> {
    match *raw {
        [low, high, 0xff, 0xff] => Some(u16::from_le_bytes([low, high]).into()),
        _ => integer(raw),
    }
}

fn fixed(digits: i64, decimals: u8) -> Value {
    Value::Fixed(Fixed { digits, decimals })
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Fixed(fixed)) => Some(fixed.digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
