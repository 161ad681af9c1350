//! Fields of records, totals and current values by their offsets (VKT-4 note, section 4), as columns and as values.

use uzel_driver_sdk::{Aggregate, Column, Condition, Mark, Quality, Row, Value};

use crate::model::Model;
use crate::number::{fixed, float};

/// How a field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The meter's float.
    Float,
    /// Two bytes, hundredths, signed.
    Temperature,
    /// Two bytes, hundredths.
    Pressure,
    /// The same, set by a person.
    ContractPressure,
    /// Abnormal situations, one bit each: of temperatures, or of pressures and flows.
    Code(Set),
    /// Hours, then minutes.
    HoursMinutes,
    Minutes,
    Scheme,
}

/// A set of abnormal situations (VKT-4 note, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// НС: temperatures.
    Temperatures,
    /// НС2: pressures and flows.
    Others,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    pub id: String,
    pub offset: usize,
    pub kind: Kind,
    /// Heat input.
    pub point: u8,
    quantity: &'static str,
    unit: &'static str,
    pipe: Option<&'static str>,
    aggregate: Aggregate,
}

/// What a field is of.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    Pipe(u8),
    Input(u8),
    Device,
}

impl Field {
    /// A field `name` of a pipe (`V1`), of a heat input, or of the device.
    pub fn new(name: &str, of: Of, offset: usize, kind: Kind, aggregate: Aggregate) -> Self {
        let (quantity, unit) = meaning(name, kind);
        let (id, point, pipe) = match of {
            Of::Pipe(pipe) => {
                let side = if pipe % 2 == 1 { "supply" } else { "return" };
                (format!("{name}{pipe}"), pipe.div_ceil(2), Some(side))
            }
            Of::Input(input) if name == "W" => (format!("{name}{input}"), input, None),
            Of::Input(input) => (name.to_owned(), input, None),
            Of::Device => (name.to_owned(), 0, None),
        };
        Self {
            id,
            offset,
            kind,
            point,
            quantity,
            unit,
            pipe,
            aggregate,
        }
    }

    pub fn column(&self) -> Column {
        let decimals = match self.kind {
            Kind::Temperature | Kind::Pressure | Kind::ContractPressure => Some(2),
            Kind::HoursMinutes | Kind::Minutes | Kind::Scheme => Some(0),
            Kind::Float | Kind::Code(_) => None,
        };
        Column {
            id: self.id.clone(),
            quantity: self.quantity.to_owned(),
            unit: self.unit.to_owned(),
            point: self.point,
            tariff: 0,
            pipe: self.pipe.map(str::to_owned),
            aggregate: self.aggregate,
            decimals,
        }
    }

    /// The value, and what is said of it; none where the data are too short.
    fn value(&self, data: &[u8]) -> Option<(Value, Option<Quality>)> {
        let at = data.get(self.offset..)?;
        let pair = || at.first_chunk::<2>();
        let value = match self.kind {
            Kind::Float => float(*at.first_chunk()?).map(|number| Value::Float(number.into())),
            Kind::Temperature => Some(fixed(i16::from_be_bytes(*pair()?), 2)),
            Kind::Pressure => Some(fixed(u16::from_be_bytes(*pair()?), 2)),
            Kind::ContractPressure => {
                let value = fixed(u16::from_be_bytes(*pair()?), 2);
                return Some((value, Some(Quality::Substituted)));
            }
            Kind::Code(_) => Some(Value::Bits((*at.first()?).into())),
            Kind::HoursMinutes => {
                let &[hours, minutes] = pair()?;
                (hours <= 24 && minutes < 60).then(|| fixed(u16::from(hours) * 60 + u16::from(minutes), 0))
            }
            Kind::Minutes => Some(*at.first()?)
                .filter(|minutes| *minutes <= 60)
                .map(|minutes| fixed(minutes, 0)),
            Kind::Scheme => Some(fixed(*at.first()?, 0)),
        };
        Some(value.map_or((Value::Absent, Some(Quality::Absent)), |value| (value, None)))
    }
}

/// Fields `name` of each pipe, one behind the other.
pub fn of_pipes(model: Model, name: &str, offset: usize, size: usize, kind: Kind, aggregate: Aggregate) -> Vec<Field> {
    let of = |pipe: u8| offset + usize::from(pipe - 1) * size;
    (1..=model.pipes())
        .map(|pipe| Field::new(name, Of::Pipe(pipe), of(pipe), kind, aggregate))
        .collect()
}

/// Fields `name` of each heat input, one behind the other.
pub fn of_inputs(model: Model, name: &str, offset: usize, size: usize, kind: Kind, aggregate: Aggregate) -> Vec<Field> {
    let of = |input: u8| offset + usize::from(input - 1) * size;
    (1..=model.inputs())
        .map(|input| Field::new(name, Of::Input(input), of(input), kind, aggregate))
        .collect()
}

/// A row without a label: a value for each field, and the conditions that the codes hold; none where the data are too
/// short.
pub fn row(fields: &[Field], data: &[u8]) -> Option<Row> {
    let mut row = Row {
        label: None,
        other_end: None,
        length_s: None,
        values: Vec::with_capacity(fields.len()),
        marks: Vec::new(),
        conditions: Vec::new(),
    };
    for (column, field) in (0u16..).zip(fields) {
        let (value, quality) = field.value(data)?;
        if let Some(quality) = quality {
            let size = if field.kind == Kind::Float { 4 } else { 2 };
            let raw = data.get(field.offset..field.offset + size).unwrap_or_default();
            let code = (quality == Quality::Absent).then(|| uzel_driver_sdk::bytes::hex(raw));
            row.marks.push(Mark { column, quality, code });
        }
        row.values.push(value);
    }
    for field in fields {
        if let (Kind::Code(set), Some(code)) = (field.kind, data.get(field.offset)) {
            conditions(set, *code, field.point, fields, &mut row);
        }
    }
    Some(row)
}

/// One condition for each bit of a code, with the time that the record has for it.
fn conditions(set: Set, code: u8, point: u8, fields: &[Field], row: &mut Row) {
    let pipe = |second: u8| point * 2 - 1 + second;
    for bit in (0..8).map(|shift| 1u8 << shift).filter(|bit| code & bit != 0) {
        let (category, column, time) = match (set, bit) {
            (Set::Temperatures, 1) => (Some("out-of-limits"), format!("t{}", pipe(0)), "Tнс".to_owned()),
            (Set::Temperatures, 2) => (Some("out-of-limits"), format!("t{}", pipe(1)), "Tнс".to_owned()),
            (Set::Temperatures, 4) => (Some("dt-below-min"), String::new(), "Tнс".to_owned()),
            (Set::Others, 1) => (Some("out-of-limits"), format!("P{}", pipe(0)), "Tнс2 P".to_owned()),
            (Set::Others, 2) => (Some("out-of-limits"), format!("P{}", pipe(1)), "Tнс2 P".to_owned()),
            (Set::Others, 4) => (
                Some("flow-below-min"),
                format!("V{}", pipe(0)),
                format!("Tнс2 G{}", pipe(0)),
            ),
            (Set::Others, 8) => (
                Some("flow-below-min"),
                format!("V{}", pipe(1)),
                format!("Tнс2 G{}", pipe(1)),
            ),
            _ => (None, String::new(), String::new()),
        };
        let find = |id: &str| {
            fields
                .iter()
                .position(|field| (field.id.as_str(), field.point) == (id, point))
        };
        let minutes = find(&time).and_then(|at| match row.values.get(at) {
            Some(Value::Fixed(minutes)) => u32::try_from(minutes.digits).ok(),
            _ => None,
        });
        row.conditions.push(Condition {
            code: format!("{}.{bit}", name(set)),
            category: category.map(str::to_owned),
            effect: None,
            point,
            column: find(&column).and_then(|at| u16::try_from(at).ok()),
            duration_s: minutes.map(|minutes| minutes * 60),
        });
    }
}

/// The maker's name of a set.
pub fn name(set: Set) -> &'static str {
    match set {
        Set::Temperatures => "НС",
        Set::Others => "НС2",
    }
}

/// Quantity and unit.
fn meaning(name: &str, kind: Kind) -> (&'static str, &'static str) {
    match (name, kind) {
        ("V", _) => ("volume", "m3"),
        ("M", _) => ("mass", "t"),
        ("W", _) => ("heat-energy", "Gcal"),
        (_, Kind::Temperature) => ("temperature", "Cel"),
        (_, Kind::Pressure | Kind::ContractPressure) => ("pressure", "kgf/cm2"),
        (_, Kind::Code(_)) => ("abnormal", ""),
        (_, Kind::Scheme) => ("scheme", "1"),
        ("Tнс2 G", _) => ("time-flow-below-min", "min"),
        _ => ("time", "min"),
    }
}
