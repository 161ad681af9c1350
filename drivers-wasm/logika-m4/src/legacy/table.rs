//! Blocks of numbers ↔ columns and cells.

use uzel_driver_sdk::{Aggregate, Column, Condition, Fixed, Mark, Quality, Row, Value};

use super::abnormal::{self, About};
use super::model::{Field, Head, Kind, Model};
use crate::numbers::r32;

/// Below this no thermometer measures: it is what an open or shorted input shows (about −238.5 or −242 °C, M4 note,
/// section 7).
const NO_THERMOMETER_C: f32 = -100.0;

/// The units that the setting ЕИ chooses (M4 note, section 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    pub pressure: &'static str,
    pub heat: &'static str,
    /// Pressures of gas meters have a unit each.
    pub own: Vec<(&'static str, &'static str)>,
}

impl Units {
    /// A value above the list works as 0.
    pub fn of_setting(value: u32) -> Self {
        let (pressure, heat) = match value {
            1 => ("MPa", "GJ"),
            2 => ("bar", "MWh"),
            _ => ("kgf/cm2", "Gcal"),
        };
        Self {
            pressure,
            heat,
            own: Vec::new(),
        }
    }

    /// The unit of a pressure of a gas meter. `dP1д` is measured as `dP1`.
    pub fn own(&self, name: &str) -> &'static str {
        let name = name.trim_end_matches('д');
        let found = self.own.iter().find(|(own, _)| *own == name);
        found.map_or("", |(_, unit)| unit)
    }

    /// A value of a gas meter's unit setting; one above the list works as 0.
    pub fn gas(value: u32) -> &'static str {
        match value {
            1 => "MPa",
            2 => "kgf/cm2",
            3 => "kgf/m2",
            _ => "kPa",
        }
    }
}

/// Which block a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Live,
    Hour,
    Record,
    Totals,
}

/// The columns of `inputs`, one after the other.
pub fn columns(model: &Model, block: Block, inputs: &[u8], units: &Units) -> Vec<Column> {
    let mut columns = Vec::new();
    for point in inputs {
        if block != Block::Totals {
            columns.push(column("НС", "abnormal", "", *point, None, Aggregate::State));
            if head(model, block).scheme.is_some() {
                columns.push(column("СП", "scheme", "", *point, None, Aggregate::State));
            }
        }
        for field in fields(model, block) {
            let (quantity, unit, aggregate) = meaning(field, block, units);
            columns.push(column(field.id, quantity, unit, *point, field.pipe, aggregate));
        }
    }
    columns
}

/// Columns of one heat input.
pub fn width(model: &Model, block: Block) -> usize {
    fields(model, block).len() + before(model, block)
}

/// Columns before the numbers: НС, and СП where it stands there.
fn before(model: &Model, block: Block) -> usize {
    match block {
        Block::Totals => 0,
        _ => 1 + usize::from(head(model, block).scheme.is_some()),
    }
}

fn head(model: &Model, block: Block) -> Head {
    if block == Block::Live {
        model.live.head
    } else {
        model.head
    }
}

fn fields(model: &Model, block: Block) -> &'static [Field] {
    match block {
        Block::Live => model.live.fields,
        Block::Hour => model.hour,
        Block::Record => model.record,
        Block::Totals => model.totals.fields,
    }
}

/// A column of an untariffed value.
pub fn column(id: &str, quantity: &str, unit: &str, point: u8, pipe: Option<&str>, aggregate: Aggregate) -> Column {
    Column {
        id: id.to_owned(),
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        point,
        tariff: 0,
        pipe: pipe.map(str::to_owned),
        aggregate,
        decimals: None,
    }
}

fn meaning(field: &Field, block: Block, units: &Units) -> (&'static str, &'static str, Aggregate) {
    let (quantity, unit, over) = match field.kind {
        Kind::Temperature => ("temperature", "Cel", Aggregate::Mean),
        Kind::Difference => ("temperature-difference", "Cel", Aggregate::Mean),
        Kind::Pressure => ("pressure", units.pressure, Aggregate::Mean),
        Kind::OwnPressure => ("pressure", units.own(field.id), Aggregate::Mean),
        Kind::Flow => ("volume-flow", "m3/h", Aggregate::Mean),
        Kind::Volume => ("volume", "m3", Aggregate::Sum),
        Kind::Mass => ("mass", "t", Aggregate::Sum),
        Kind::Heat => ("heat-energy", units.heat, Aggregate::Sum),
        Kind::Time => ("time-normal", "h", Aggregate::Duration),
    };
    let aggregate = match block {
        Block::Live => Aggregate::Instant,
        Block::Hour | Block::Record => over,
        Block::Totals => Aggregate::Total,
    };
    (quantity, unit, aggregate)
}

/// НС of a block, least significant byte first.
pub fn ns_bits(model: &Model, block: Block, bytes: &[u8]) -> u32 {
    let head = head(model, block);
    let ns = bytes.get(head.ns..).unwrap_or_default();
    let mut bits = [0; 4];
    for (place, byte) in bits.iter_mut().zip(ns.iter().take(head.ns_len)) {
        *place = *byte;
    }
    u32::from_le_bytes(bits)
}

/// Adds the cells of one heat input to a row, with their marks and conditions. `ns` are the НС bits of the block.
pub fn fill(model: &Model, block: Block, bytes: &[u8], ns: u32, point: u8, row: &mut Row) {
    let base = row.values.len();
    let at = |offset: usize| u16::try_from(base + offset).unwrap_or(u16::MAX);
    row.values.push(Value::Bits(ns.into()));
    if let Some(scheme) = head(model, block).scheme {
        let scheme = bytes.get(scheme);
        row.values
            .push(scheme.map_or(Value::Absent, |scheme| whole((*scheme).into())));
    }
    let before = before(model, block);
    let fields = fields(model, block);
    let mut thermometers = true;
    for (number, field) in fields.iter().enumerate() {
        let place = at(before + number);
        let word = bytes.get(field.at..).and_then(|rest| rest.first_chunk::<4>());
        let (value, mark) = match word {
            Some(word) if field.kind != Kind::Difference || thermometers => cell(model, field, *word, ns),
            Some(_) => (Value::Absent, Some((Quality::Absent, "t1, t2".to_owned()))),
            None => (Value::Absent, Some((Quality::Absent, "short".to_owned()))),
        };
        if matches!(field.id, "t1" | "t2") && matches!(value, Value::Absent) {
            thermometers = false;
        }
        row.values.push(value);
        if let Some((quality, code)) = mark {
            row.marks.push(Mark {
                column: place,
                quality,
                code: Some(code),
            });
        }
    }
    conditions(
        model,
        block,
        ns,
        point,
        |offset| at(before + offset),
        &mut row.conditions,
    );
}

/// Adds empty cells for a heat input that has no record where another has one.
pub fn fill_absent(model: &Model, block: Block, row: &mut Row) {
    for _ in 0..width(model, block) {
        let column = u16::try_from(row.values.len()).unwrap_or(u16::MAX);
        row.values.push(Value::Absent);
        row.marks.push(Mark {
            column,
            quality: Quality::Absent,
            code: Some("21 03".to_owned()),
        });
    }
}

/// A whole number.
pub fn whole(digits: i64) -> Value {
    Value::Fixed(Fixed { digits, decimals: 0 })
}

/// One number with what is to be said of it.
///
/// An unused quantity is stored as four zero bytes (M4 note, section 9): for a sum that is the truth, for a measured
/// mean it means that there is none.
fn cell(model: &Model, field: &Field, word: [u8; 4], ns: u32) -> (Value, Option<(Quality, String)>) {
    let number = r32(word);
    let measured = matches!(field.kind, Kind::Temperature | Kind::Pressure | Kind::OwnPressure);
    if measured && word == [0; 4] {
        return (Value::Absent, Some((Quality::Absent, "0".to_owned())));
    }
    let said = model
        .abnormal
        .iter()
        .find(|known| {
            let about = known.about == About::Sensor(field.id) && known.category == "functional-failure";
            about && ns & (1 << known.bit) != 0
        })
        .map(|known| abnormal::code(known.bit));
    if field.kind == Kind::Temperature && number < NO_THERMOMETER_C {
        return (
            Value::Absent,
            Some((Quality::Absent, said.unwrap_or_else(|| format!("{number:.1}")))),
        );
    }
    (Value::Float(number.into()), said.map(|code| (Quality::Doubtful, code)))
}

fn conditions(
    model: &Model,
    block: Block,
    ns: u32,
    point: u8,
    place: impl Fn(usize) -> u16,
    conditions: &mut Vec<Condition>,
) {
    for bit in abnormal::bits(ns) {
        let common = bit < model.common_bits;
        let code = abnormal::code(bit);
        // Each heat input repeats the common bits.
        if common && conditions.iter().any(|condition| condition.code == code) {
            continue;
        }
        let known = model.abnormal.iter().find(|known| known.bit == bit);
        let column = known
            .filter(|_| !common)
            .and_then(|known| find(model, block, known.about))
            .map(&place);
        conditions.push(Condition {
            code,
            category: known.map(|known| known.category.to_owned()),
            effect: None,
            point: if common { 0 } else { point },
            column,
            duration_s: None,
        });
    }
}

/// The field that an abnormal situation is about.
fn find(model: &Model, block: Block, about: About) -> Option<usize> {
    let id = match about {
        About::Nothing => None,
        About::Sensor(id) => Some(id),
        About::Flow(pipe) => {
            let names = if block == Block::Live {
                ["G1", "G2", "G3"]
            } else {
                ["V1", "V2", "V3"]
            };
            names.get(pipe.wrapping_sub(1)).copied()
        }
        About::Heat => Some("Q"),
    }?;
    fields(model, block).iter().position(|field| field.id == id)
}
