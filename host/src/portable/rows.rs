//! Records, events, settings and absences as JSON, one a line. Numbers are text: `{"fixed": "42.17"}` keeps digits and
//! decimals, `{"float": "0.1"}` the double that it is.

use serde::{Deserialize, Serialize};

use super::Table;
use crate::model::record::fixed_text;
use crate::model::{Absence, ArchiveKind, Cell, Column, Condition, DeviceEvent, Quality, Record, Setting, Span, Value};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Line {
    /// A declaration: the records that follow are under it.
    Table(TableLine),
    Record(RecordLine),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableLine {
    pub(super) archive: String,
    pub(super) columns: Vec<ColumnLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnLine {
    pub(super) id: String,
    pub(super) quantity: String,
    pub(super) unit: String,
    pub(super) point: u8,
    pub(super) tariff: u8,
    pub(super) pipe: Option<String>,
    pub(super) aggregate: String,
    pub(super) decimals: Option<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordLine {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) label: Option<String>,
    pub(super) length_s: Option<u32>,
    pub(super) values: Vec<Option<ValueLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) marks: Vec<MarkLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) conditions: Vec<ConditionLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum ValueLine {
    Fixed(String),
    Float(String),
    Bits(String),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkLine {
    pub(super) column: usize,
    pub(super) quality: String,
    pub(super) code: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionLine {
    pub(super) code: String,
    pub(super) category: Option<String>,
    pub(super) effect: Option<String>,
    pub(super) point: u8,
    pub(super) column: Option<u16>,
    pub(super) duration_s: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub(super) at: String,
    pub(super) label: String,
    pub(super) code: String,
    pub(super) severity: String,
    pub(super) began: Option<bool>,
    pub(super) point: u8,
    pub(super) text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingLine {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) value: Option<ValueLine>,
    pub(super) unit: Option<String>,
    pub(super) writable: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AbsenceLine {
    pub(super) archive: String,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) why: String,
}

pub(super) fn write_tables(tables: &[Table]) -> Vec<u8> {
    lines(tables.iter().flat_map(|table| {
        let head = Line::Table(TableLine {
            archive: table.kind.to_string(),
            columns: table.columns.iter().map(column_line).collect(),
        });
        let records = table.records.iter().map(|record| Line::Record(record_line(record)));
        std::iter::once(head).chain(records)
    }))
}

pub(super) fn write_events(events: &[DeviceEvent]) -> Vec<u8> {
    lines(events.iter().map(|event| EventLine {
        at: event.at.to_string(),
        label: event.label.to_string(),
        code: event.code.clone(),
        severity: event.severity.word().to_owned(),
        began: event.began,
        point: event.point,
        text: event.text.clone(),
    }))
}

pub(super) fn write_settings(settings: &[Setting]) -> Vec<u8> {
    lines(settings.iter().map(|setting| SettingLine {
        id: setting.id.clone(),
        title: setting.title.clone(),
        value: value_line(&setting.value),
        unit: setting.unit.clone(),
        writable: setting.writable,
    }))
}

pub(super) fn write_absences(absent: &[(ArchiveKind, Span, Absence)]) -> Vec<u8> {
    lines(absent.iter().map(|(kind, span, why)| AbsenceLine {
        archive: kind.to_string(),
        start: span.start.to_string(),
        end: span.end.to_string(),
        why: why.word().to_owned(),
    }))
}

fn lines(items: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    let mut text = Vec::new();
    for item in items {
        // Every one of these types has an encoding, and a Vec takes all.
        let _ = serde_json::to_writer(&mut text, &item);
        text.push(b'\n');
    }
    text
}

fn column_line(column: &Column) -> ColumnLine {
    ColumnLine {
        id: column.id.clone(),
        quantity: column.quantity.clone(),
        unit: column.unit.clone(),
        point: column.point,
        tariff: column.tariff,
        pipe: column.pipe.clone(),
        aggregate: column.aggregate.word().to_owned(),
        decimals: column.decimals,
    }
}

fn record_line(record: &Record) -> RecordLine {
    let mark = |(column, cell): (usize, &Cell)| {
        let plain = cell.code.is_none() && cell.quality == usual(&cell.value);
        (!plain).then(|| MarkLine {
            column,
            quality: cell.quality.word().to_owned(),
            code: cell.code.clone(),
        })
    };
    let condition = |condition: &Condition| ConditionLine {
        code: condition.code.clone(),
        category: condition.category.clone(),
        effect: condition.effect.map(|effect| effect.word().to_owned()),
        point: condition.point,
        column: condition.column,
        duration_s: condition.duration_s,
    };
    RecordLine {
        start: record.starts_at.to_string(),
        end: record.ends_at.to_string(),
        label: record.label.map(|label| label.to_string()),
        length_s: record.length_s,
        values: record.cells.iter().map(|cell| value_line(&cell.value)).collect(),
        marks: record.cells.iter().enumerate().filter_map(mark).collect(),
        conditions: record.conditions.iter().map(condition).collect(),
    }
}

/// The quality of a value that nothing is said of.
pub(super) fn usual(value: &Value) -> Quality {
    match value {
        Value::Absent => Quality::Absent,
        _ => Quality::Good,
    }
}

fn value_line(value: &Value) -> Option<ValueLine> {
    match value {
        Value::Absent => None,
        Value::Fixed { digits, decimals } => Some(ValueLine::Fixed(fixed_text(*digits, *decimals))),
        // The shortest text that is this double and no other.
        Value::Float(float) => Some(ValueLine::Float(float.to_string())),
        Value::Bits(bits) => Some(ValueLine::Bits(format!("{bits:#x}"))),
        Value::Text(text) => Some(ValueLine::Text(text.clone())),
    }
}
