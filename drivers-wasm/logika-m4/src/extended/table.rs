//! Groups of names and tags ↔ columns and cells.

use uzel_driver_sdk::{Aggregate, Column, Condition, Fixed, Mark, Quality, Row, Value};

use super::model::{Group, Medium, Model, places_of};
use super::names::{Block, column_of};
use super::tags::{self, Tag, low_64};
use crate::legacy::abnormal::code;
use crate::legacy::table::{Units, column};

/// НС bits of one heat input where they stand behind the 64th (`Model::wide`).
const WIDE_BITS: u32 = 16;

/// Which heat inputs are shown; groups of the device and gas pipes always are.
pub fn is_shown(model: &Model, inputs: &[u8], group: &Group) -> bool {
    model.medium != Medium::Heat || group.point == 0 || inputs.contains(&group.point)
}

/// The columns of `groups`, one after the other.
pub fn columns<'a>(model: &Model, block: Block, groups: impl Iterator<Item = &'a Group>, units: &Units) -> Vec<Column> {
    let mut columns = Vec::new();
    for group in groups {
        columns.extend(places_of(group).map(|(_, name)| column_of(name, group.point, model.medium, block, units)));
        if has_wide(model, block, group) {
            for (id, quantity) in WIDE {
                columns.push(column(id, quantity, "", group.point, None, Aggregate::State));
            }
        }
    }
    columns
}

const WIDE: [(&str, &str); 2] = [("НС", "abnormal"), ("ДС", "status")];

/// A heat input whose flags stand behind the 64th of the device gets them as columns of its own.
fn has_wide(model: &Model, block: Block, group: &Group) -> bool {
    model.wide && block != Block::Totals && group.point > 0
}

/// Flags of the device that were seen so far in a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flags {
    pub ns: u128,
    pub ds: u128,
}

/// Adds the cells of one group. `found` are the values of the group, one for each name.
pub fn fill(model: &Model, block: Block, group: &Group, found: &[Tag], flags: &mut Flags, row: &mut Row) {
    for ((_, name), tag) in places_of(group).zip(found) {
        let set = tag.flags().unwrap_or_default();
        match name {
            "НС" => flags.ns = set,
            "ДС" => flags.ds = set,
            _ => {}
        }
        push(row, tag.value(), tag);
    }
    if has_wide(model, block, group) {
        let shift = 64 + WIDE_BITS * u32::from(group.point - 1);
        for set in [flags.ns, flags.ds] {
            let own = low_64(set >> shift) & ((1 << WIDE_BITS) - 1);
            row.values.push(Value::Bits(own));
        }
    }
}

fn push(row: &mut Row, value: Value, tag: &Tag) {
    if matches!(value, Value::Absent) {
        let code = if tag.kind == tags::NULL { "05 00" } else { "no number" };
        absent(row, code);
    } else {
        row.values.push(value);
    }
}

fn absent(row: &mut Row, code: &str) {
    row.marks.push(Mark {
        column: u16::try_from(row.values.len()).unwrap_or(u16::MAX),
        quality: Quality::Absent,
        code: Some(code.to_owned()),
    });
    row.values.push(Value::Absent);
}

/// Adds empty cells for a heat input that has no record where another has one.
pub fn fill_absent(group: &Group, row: &mut Row) {
    for _ in places_of(group) {
        absent(row, "no record");
    }
}

/// Whether a record says that its heat input is not in use: СП 99 (M4 note, section 4.4).
pub fn is_unused(found: &[Tag]) -> bool {
    matches!(
        found.first().map(Tag::value),
        Some(Value::Fixed(Fixed { digits: 99, .. }))
    )
}

/// Adds what НС `ns` of metering point `point` (0: of a device with one list) says, and marks what it is about.
pub fn conditions(model: &Model, block: Block, ns: u128, point: u8, columns: &[Column], row: &mut Row) {
    for bit in (0..u128::BITS).filter(|bit| ns & (1 << bit) != 0) {
        let said = meaning(model, bit);
        let of = point_of(model, bit, point);
        let code = code(bit);
        // Each heat input repeats the common bits.
        if row
            .conditions
            .iter()
            .any(|known| known.code == code && known.point == of)
        {
            continue;
        }
        let about = said.and_then(|(_, about)| about);
        let place = about.and_then(|about| find(columns, &name_in(block, about), of));
        // A gas pipe has no list of its own: what is said of it names its column.
        let of = match place.and_then(|place| columns.get(place)) {
            Some(column) if model.medium == Medium::Gas => column.point,
            _ => of,
        };
        let place = place.and_then(|place| u16::try_from(place).ok());
        if let (Some(("functional-failure", _)), Some(place)) = (said, place) {
            doubt(row, place, &code);
        }
        row.conditions.push(Condition {
            code,
            category: said.map(|(category, _)| category.to_owned()),
            effect: None,
            point: of,
            column: place,
            duration_s: None,
        });
    }
}

/// Category of a bit and the name of the column it is about.
fn meaning(model: &Model, bit: u32) -> Option<(&'static str, Option<&'static str>)> {
    model.abnormal.lines().find_map(|line| {
        let mut words = line.split(' ');
        (words.next()?.parse() == Ok(bit)).then_some(())?;
        Some((words.next()?, words.next()))
    })
}

fn point_of(model: &Model, bit: u32, point: u8) -> u8 {
    match bit {
        64..80 if model.wide => 1,
        80.. if model.wide => 2,
        _ if bit < model.common_bits => 0,
        _ if model.inputs == 1 => 1,
        _ => point,
    }
}

/// In a record, what flowed stands for the flow.
fn name_in(block: Block, about: &str) -> String {
    match about
        .strip_prefix(['G', 'Q'])
        .filter(|rest| block == Block::Record && !rest.is_empty())
    {
        Some(rest) => format!("V{rest}"),
        None => about.to_owned(),
    }
}

/// The column of a name, that of the metering point first.
fn find(columns: &[Column], name: &str, point: u8) -> Option<usize> {
    let of = |point: Option<u8>| {
        columns
            .iter()
            .position(|column| column.id == name && point.is_none_or(|point| column.point == point))
    };
    if point > 0 { of(Some(point)) } else { of(None) }
}

fn doubt(row: &mut Row, place: u16, code: &str) {
    let is_absent = row
        .values
        .get(usize::from(place))
        .is_none_or(|value| matches!(value, Value::Absent));
    if let Some(mark) = row.marks.iter_mut().find(|mark| mark.column == place) {
        mark.code = Some(code.to_owned());
    } else if !is_absent {
        row.marks.push(Mark {
            column: place,
            quality: Quality::Doubtful,
            code: Some(code.to_owned()),
        });
    }
}
