//! A driver's rows become records: checked, placed in time, nothing guessed.

use std::sync::Arc;

use jiff::Timestamp;

use super::bindings::uzel::driver::types;
use super::convert::{civil_from, column_from, condition_from, labels_from, quality_from, text_from, value_from};
use crate::driver::context::{Context, Declared};
use crate::limits;
use crate::model::{Cell, Column, Quality, Record, Value, place};

/// Takes a declaration.
pub fn declare(context: &mut Context, columns: Vec<types::Column>, labels: types::LabelRule) -> Result<(), String> {
    if columns.is_empty() || columns.len() > limits::COLUMNS {
        return Err(format!(
            "{} columns declared, 1 to {} may be",
            columns.len(),
            limits::COLUMNS
        ));
    }
    let columns = columns.into_iter().map(column_from).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<_> = columns.iter().map(|c| (c.point, c.tariff, c.id.as_str())).collect();
    names.sort_unstable();
    if let Some([(point, tariff, id), _]) = names.array_windows().find(|[a, b]| a == b) {
        return Err(format!(
            "column {id:?} of point {point}, tariff {tariff} is declared twice"
        ));
    }
    let labels = labels_from(labels);
    let same = context
        .declared
        .as_ref()
        .filter(|declared| *declared.columns == *columns);
    // The same columns again keep their list: the store knows it already.
    let columns: Arc<[Column]> = same.map_or_else(|| columns.into(), |declared| declared.columns.clone());
    context.declared = Some(Declared { columns, labels });
    Ok(())
}

/// The records of `rows`. A row that is wrong in itself (an impossible date) is left out and named as a fault; a call
/// that is wrong in shape gives an error and stores nothing.
pub fn records(context: &mut Context, rows: Vec<types::Row>) -> Result<Vec<Record>, String> {
    let declared = context.declared.clone().ok_or("rows before columns are declared")?;
    if rows.len() > limits::ROWS_A_CALL {
        return Err(format!(
            "{} rows in a call, at most {} may be",
            rows.len(),
            limits::ROWS_A_CALL
        ));
    }
    let want = declared.columns.len();
    for (index, row) in rows.iter().enumerate() {
        if row.values.len() != want {
            return Err(format!(
                "row {index} has {} values, {want} columns are declared",
                row.values.len()
            ));
        }
        if row.marks.len() > want || row.conditions.len() > limits::CONDITIONS_A_ROW {
            return Err(format!(
                "row {index} has more marks than columns or too many conditions"
            ));
        }
    }
    // Rows without a label hold now; of the others the time is of no use.
    let now = rows.iter().any(|row| row.label.is_none()).then(|| context.now());
    let now = now.unwrap_or_default();
    let mut records = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        match record(context, &declared, row, now) {
            Ok(record) => records.push(record),
            Err(text) => {
                let kind = context.kind;
                context.fault(format!("{kind} row {index}: {text}"));
            }
        }
    }
    Ok(records)
}

fn record(context: &mut Context, declared: &Declared, row: types::Row, now: Timestamp) -> Result<Record, String> {
    let types::Row {
        label,
        other_end,
        length_s,
        values,
        marks,
        conditions,
    } = row;
    let label = label.map(civil_from).transpose()?;
    let other_end = other_end.map(civil_from).transpose()?;
    let (starts_at, ends_at) = place::interval(context.kind, declared.labels, label, other_end, &context.clock, now)
        .map_err(|error| error.to_string())?;
    let mut cells = Vec::with_capacity(values.len());
    for (column, value) in declared.columns.iter().zip(values) {
        let cell = match value_from(value) {
            Ok(Value::Absent) => Cell {
                value: Value::Absent,
                quality: Quality::Absent,
                code: None,
            },
            Ok(value) => Cell {
                value,
                quality: Quality::Good,
                code: None,
            },
            Err(text) => {
                context.fault(format!("column {:?}: {text}", column.id));
                Cell {
                    value: Value::Absent,
                    quality: Quality::Absent,
                    code: None,
                }
            }
        };
        cells.push(cell);
    }
    for mark in marks {
        set_mark(&mut cells, mark)?;
    }
    let columns = declared.columns.len();
    let conditions = conditions
        .into_iter()
        .map(|condition| condition_from(condition, columns))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        kind: context.kind,
        starts_at,
        ends_at,
        label,
        length_s,
        cells,
        conditions,
    })
}

fn set_mark(cells: &mut [Cell], mark: types::Mark) -> Result<(), String> {
    let types::Mark { column, quality, code } = mark;
    let count = cells.len();
    let Some(cell) = cells.get_mut(usize::from(column)) else {
        return Err(format!("a mark names column {column} of {count}"));
    };
    let quality = quality_from(quality);
    match (quality, &cell.value) {
        // A value under a mark that says there is none: which of the two is right cannot be known.
        (Quality::Absent, value) if *value != Value::Absent => {
            return Err(format!("column {column} has a value and a mark that says it has none"));
        }
        (_, Value::Absent) => cell.quality = Quality::Absent,
        (quality, _) => cell.quality = quality,
    }
    cell.code = code.map(|code| text_from(&code, limits::CODE_BYTES));
    Ok(())
}
