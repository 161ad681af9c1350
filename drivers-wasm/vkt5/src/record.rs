//! What a heat input measures (array 00) and its abnormal situations (array 04), as the cells of a row.
//!
//! A row has all heat inputs beside one another. Totals that should be zero come as tiny numbers (captured: every hour adds
//! 2^-127), and what is not set as FF FF FF FF.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::{Aggregate, CivilTime, Column, Condition, Fixed, Mark, Quality, Row, Value};

use crate::extra::Extra;
use crate::message::Source;
use crate::scheme::{Input, Measured, Pipe, Purpose};

/// Situations of a pipe in their order, with their categories.
const SITUATIONS: [(&str, &str); 9] = [
    ("Tmax", "out-of-limits"),
    ("Tmin", "out-of-limits"),
    ("Pmax", "out-of-limits"),
    ("Pmin", "out-of-limits"),
    ("Gmax", "flow-above-max"),
    ("Gmin", "flow-below-min"),
    ("GSit", "flow-below-min"),
    ("Sost", "out-of-limits"),
    ("NoPowerCnt", "power-off"),
];

/// Times of a heat input within an interval, minutes: those of all firmware, of 6 and later, of records with a report of
/// the second form.
const TIMES: [(&str, &str); 9] = [
    ("NoCntBySit", "time-stopped"),
    ("NoPowerCnt", "time-power-off"),
    ("Tdisb", "time"),
    ("tнеиспр", "time-failure"),
    ("tG<Gmin", "time-flow-below-min"),
    ("tG>Gmax", "time-flow-above-max"),
    ("tdT<3", "time-dt-below-min"),
    ("tнорм", "time-normal"),
    ("tраб", "time"),
];
/// How many of them firmware from 6 on always has; earlier firmware has two.
const USUAL_TIMES: usize = 3;

/// Numbers smaller than that are zeros of a device whose sums are never quite zero.
const ZERO: f64 = 1e-30;

/// Why data are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Short(#[from] Short),
}

/// A row with its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    source: Source,
    pressure_unit: String,
    pub columns: Vec<Column>,
    pub values: Vec<Value>,
    pub marks: Vec<Mark>,
    pub conditions: Vec<Condition>,
}

/// What a column is of.
struct Of<'a> {
    id: String,
    point: u8,
    pipe: Option<&'a str>,
    quantity: &'a str,
    unit: &'a str,
    aggregate: Aggregate,
}

impl Table {
    /// A row without cells.
    pub fn new(source: Source, pressure_unit: &str) -> Self {
        Self {
            source,
            pressure_unit: pressure_unit.to_owned(),
            columns: Vec::new(),
            values: Vec::new(),
            marks: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// The row under its label.
    pub fn row(self, label: Option<CivilTime>) -> Row {
        Row {
            label,
            other_end: None,
            length_s: None,
            values: self.values,
            marks: self.marks,
            conditions: self.conditions,
        }
    }

    fn push(&mut self, of: Of, value: Value, quality: Option<(Quality, String)>) {
        let column = u16::try_from(self.columns.len()).unwrap_or(u16::MAX);
        self.columns.push(Column {
            id: of.id,
            quantity: of.quantity.to_owned(),
            unit: of.unit.to_owned(),
            point: of.point,
            tariff: 0,
            pipe: of.pipe.map(str::to_owned),
            aggregate: of.aggregate,
            decimals: None,
        });
        self.values.push(value);
        self.marks.extend(quality.map(|(quality, code)| Mark {
            column,
            quality,
            code: Some(code),
        }));
    }

    /// A number of the device's own float.
    fn number(&mut self, of: Of, number: f64, raw: String, measured: Measured) {
        if !number.is_finite() {
            return self.push(of, Value::Absent, Some((Quality::Absent, raw)));
        }
        let number = if number.abs() < ZERO { 0.0 } else { number };
        let is_contract = measured == Measured::Contract;
        let quality = is_contract.then(|| (Quality::Substituted, "contract".to_owned()));
        self.push(of, Value::Float(number), quality);
    }

    fn single(&mut self, of: Of, bits: u32, measured: Measured) {
        self.number(of, f32::from_bits(bits).into(), format!("{bits:08X}"), measured);
    }

    fn level(&self) -> Aggregate {
        match self.source {
            Source::Current | Source::Totals => Aggregate::Instant,
            Source::Hourly | Source::Daily => Aggregate::Mean,
        }
    }

    fn amount(&self) -> Aggregate {
        match self.source {
            Source::Current => Aggregate::Instant,
            Source::Totals => Aggregate::Total,
            Source::Hourly | Source::Daily => Aggregate::Sum,
        }
    }

    /// Array 00: temperature, pressure and mass of each pipe, then mass and heat of the heat input.
    pub fn input(&mut self, input: &Input, data: &[u8]) -> Result<(), RecordError> {
        let mut reader = Reader::new(data);
        let point = input.number;
        let level = self.level();
        for pipe in &input.pipes {
            let (temperature, pressure, mass) = (reader.u32_be()?, reader.u32_be()?, reader.u32_be()?);
            let of = |id, quantity, unit| Of {
                id,
                point,
                pipe: pipe.purpose.pipe(),
                quantity,
                unit,
                aggregate: level,
            };
            let number = pipe.number;
            if pipe.temperature != Measured::No {
                let of = of(format!("T{number}"), "temperature", "Cel");
                self.single(of, temperature, pipe.temperature);
            }
            if pipe.pressure != Measured::No {
                let unit = self.pressure_unit.clone();
                let of = of(format!("P{number}"), "pressure", &unit);
                self.single(of, pressure, pipe.pressure);
            }
            self.single(mass_of(pipe, point, self.amount()), mass, Measured::Yes);
        }
        for of in sums(point, self.amount()) {
            let bits = reader.u32_be()?;
            self.single(of, bits, Measured::Yes);
        }
        Ok(())
    }

    /// Array 00 of totals: masses and heat are doubles.
    pub fn totals(&mut self, input: &Input, data: &[u8]) -> Result<(), RecordError> {
        let mut reader = Reader::new(data);
        let amount = self.amount();
        for pipe in &input.pipes {
            let _temperature_and_pressure = reader.take(8)?;
            let total = reader.array::<8>()?;
            self.double(mass_of(pipe, input.number, amount), total);
        }
        for of in sums(input.number, amount) {
            let total = reader.array::<8>()?;
            self.double(of, total);
        }
        Ok(())
    }

    fn double(&mut self, of: Of, bytes: [u8; 8]) {
        let raw = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        self.number(of, f64::from_be_bytes(bytes), raw, Measured::Yes);
    }

    /// Array 04: nine words of each pipe, then those of the heat input.
    pub fn situations(&mut self, input: &Input, data: &[u8]) -> Result<(), RecordError> {
        let mut reader = Reader::new(data);
        for pipe in &input.pipes {
            for ((code, _), ordinal) in SITUATIONS.iter().zip(1u16..) {
                let word = reader.u16_be()?;
                // A current word names pipe and situation again.
                let expected = u16::from(pipe.number) * 16 + ordinal;
                let id = match code.chars().next() {
                    Some(letter @ ('T' | 'P')) if pipe_measures(pipe, letter) => format!("{letter}{}", pipe.number),
                    _ => format!("M{}", pipe.number),
                };
                self.situation(code, input.number, Some(&id), word, Some(expected));
            }
        }
        for (place, (id, quantity)) in TIMES.iter().enumerate() {
            if reader.is_empty() {
                break;
            }
            let word = reader.u16_be()?;
            if self.source.is_archive() {
                let of = Of {
                    id: (*id).to_owned(),
                    point: input.number,
                    pipe: None,
                    quantity,
                    unit: "min",
                    aggregate: Aggregate::Duration,
                };
                let minutes = Fixed {
                    digits: word.into(),
                    decimals: 0,
                };
                self.push(of, Value::Fixed(minutes), None);
            } else if place < USUAL_TIMES {
                self.situation(id, input.number, None, word, None);
            }
        }
        Ok(())
    }

    /// A situation, if there is one. In archives `word` is how many minutes it lasted, now it is `expected` or, where
    /// nothing is known of it, any number but 0; another number stands behind the code.
    pub fn situation(&mut self, code: &str, point: u8, id: Option<&str>, word: u16, expected: Option<u16>) {
        if word == 0 {
            return;
        }
        let is_archive = self.source.is_archive();
        let is_plain = is_archive || expected == Some(word);
        let known = SITUATIONS.iter().find(|(known, _)| *known == code);
        let category = known.map(|(_, category)| (*category).to_owned());
        let same = |column: &Column| column.point == point && id == Some(&*column.id);
        let column = self.columns.iter().position(same);
        self.conditions.push(Condition {
            code: if is_plain {
                code.to_owned()
            } else {
                format!("{code} {word:04X}h")
            },
            category,
            effect: None,
            point,
            column: column.and_then(|column| u16::try_from(column).ok()),
            duration_s: is_archive.then(|| u32::from(word) * 60),
        });
    }

    /// One value of array 03.
    pub fn extra(&mut self, extra: &Extra, bits: u32) {
        let unit = self.pressure_unit.clone();
        let (quantity, unit) = if extra.is_pressure() {
            ("pressure", &*unit)
        } else {
            ("temperature", "Cel")
        };
        let of = Of {
            id: extra.id.to_owned(),
            point: 0,
            pipe: extra.pipe,
            quantity,
            unit,
            aggregate: self.level(),
        };
        self.single(of, bits, extra.used);
    }
}

fn pipe_measures(pipe: &Pipe, letter: char) -> bool {
    let measured = if letter == 'T' { pipe.temperature } else { pipe.pressure };
    measured != Measured::No
}

/// The counter of a pipe: mass, or what an electricity meter counts, of which the documents do not say the unit.
fn mass_of(pipe: &Pipe, point: u8, aggregate: Aggregate) -> Of<'static> {
    let (quantity, unit) = match pipe.purpose {
        Purpose::Electricity => ("other", ""),
        _ => ("mass", "t"),
    };
    Of {
        id: format!("M{}", pipe.number),
        point,
        pipe: pipe.purpose.pipe(),
        quantity,
        unit,
        aggregate,
    }
}

/// Mass and heat of a heat input; W1 is heat without hot water, W2 that of hot water.
fn sums(point: u8, aggregate: Aggregate) -> [Of<'static>; 4] {
    ["M", "W", "W1", "W2"].map(|id| Of {
        id: id.to_owned(),
        point,
        pipe: None,
        quantity: if id == "M" { "mass" } else { "heat-energy" },
        unit: if id == "M" { "t" } else { "GJ" },
        aggregate,
    })
}
