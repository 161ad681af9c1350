//! The lines of a package back as records, events, settings and absences, checked as a driver's rows are.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Table;
use super::rows::{
    AbsenceLine, ColumnLine, ConditionLine, EventLine, Line, RecordLine, SettingLine, TableLine, ValueLine, usual,
};
use crate::foreign::shown;
use crate::limits;
use crate::model::{
    Absence, ArchiveKind, Cell, Civil, Column, Condition, DeviceEvent, Quality, Record, RecordKind, Setting, Severity,
    Span, Value,
};

/// A line that is wrong: its number from 1, and what is wrong with it.
pub(super) type LineFault = (usize, String);

/// Reads every line with `take`; the number of lines is bounded.
fn each<'a, L: Deserialize<'a>>(text: &'a str, mut take: impl FnMut(L) -> Result<(), String>) -> Result<(), LineFault> {
    for (number, line) in (1..).zip(text.lines()) {
        if number > limits::PACKAGE_ROWS {
            return Err((number, format!("more than {} rows", limits::PACKAGE_ROWS)));
        }
        let read = serde_json::from_str(line).map_err(|error| shown(&error.to_string()));
        read.and_then(&mut take).map_err(|text| (number, text))?;
    }
    Ok(())
}

pub(super) fn tables(text: &str) -> Result<Vec<Table>, LineFault> {
    let mut tables: Vec<Table> = Vec::new();
    each(text, |line| {
        match line {
            Line::Table(line) => tables.push(table(line)?),
            Line::Record(line) => {
                let table = tables.last_mut().ok_or("a record before any table")?;
                let record = record(table.kind, table.columns.len(), line)?;
                table.records.push(record);
            }
        }
        Ok(())
    })?;
    Ok(tables)
}

pub(super) fn events(text: &str) -> Result<Vec<DeviceEvent>, LineFault> {
    let mut events = Vec::new();
    each(text, |line: EventLine| {
        let severity = [Severity::Info, Severity::Warning, Severity::Alarm];
        let severity = severity.into_iter().find(|severity| severity.word() == line.severity);
        events.push(DeviceEvent {
            at: instant(&line.at)?,
            label: civil(&line.label)?,
            code: words(line.code, limits::CODE_BYTES)?,
            severity: severity
                .ok_or_else(|| format!("severity {:?}, expected info, warning or alarm", line.severity))?,
            began: line.began,
            point: line.point,
            text: words(line.text, limits::TEXT_BYTES)?,
        });
        Ok(())
    })?;
    Ok(events)
}

pub(super) fn settings(text: &str) -> Result<Vec<Setting>, LineFault> {
    let mut settings = Vec::new();
    each(text, |line: SettingLine| {
        settings.push(Setting {
            id: words(line.id, limits::TEXT_BYTES)?,
            title: words(line.title, limits::TEXT_BYTES)?,
            value: value(line.value)?,
            unit: line.unit.map(|unit| words(unit, limits::CODE_BYTES)).transpose()?,
            writable: line.writable,
        });
        Ok(())
    })?;
    Ok(settings)
}

pub(super) fn absences(text: &str) -> Result<Vec<(ArchiveKind, Span, Absence)>, LineFault> {
    let mut absent = Vec::new();
    each(text, |line: AbsenceLine| {
        let kind: ArchiveKind = line.archive.parse().map_err(said)?;
        let (start, end) = (instant(&line.start)?, instant(&line.end)?);
        if start >= end {
            return Err(format!("the span from {start} to {end} is empty"));
        }
        absent.push((kind, Span { start, end }, line.why.parse().map_err(said)?));
        Ok(())
    })?;
    Ok(absent)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn table(line: TableLine) -> Result<Table, String> {
    if line.columns.is_empty() || line.columns.len() > limits::COLUMNS {
        let got = line.columns.len();
        return Err(format!("{got} columns, expected 1 to {}", limits::COLUMNS));
    }
    let column = |line: ColumnLine| {
        Ok::<_, String>(Column {
            id: words(line.id, limits::CODE_BYTES)?,
            quantity: words(line.quantity, limits::CODE_BYTES)?,
            unit: words(line.unit, limits::CODE_BYTES)?,
            point: line.point,
            tariff: line.tariff,
            pipe: line.pipe.map(|pipe| words(pipe, limits::CODE_BYTES)).transpose()?,
            aggregate: line.aggregate.parse().map_err(said)?,
            decimals: line.decimals.map(decimals).transpose()?,
        })
    };
    let columns: Arc<[Column]> = line.columns.into_iter().map(column).collect::<Result<_, _>>()?;
    Ok(Table {
        kind: line.archive.parse().map_err(said)?,
        columns,
        records: Vec::new(),
    })
}

fn decimals(got: u8) -> Result<u8, String> {
    if got > 15 {
        return Err(format!("{got} decimals, expected 0 to 15"));
    }
    Ok(got)
}

fn record(kind: RecordKind, columns: usize, line: RecordLine) -> Result<Record, String> {
    if line.values.len() != columns {
        return Err(format!("{} values, {columns} columns are declared", line.values.len()));
    }
    if line.conditions.len() > limits::CONDITIONS_A_ROW {
        return Err(format!(
            "{} conditions, at most {}",
            line.conditions.len(),
            limits::CONDITIONS_A_ROW
        ));
    }
    let (starts_at, ends_at) = (instant(&line.start)?, instant(&line.end)?);
    check_interval(kind, starts_at, ends_at)?;
    let mut cells = Vec::with_capacity(columns);
    for (column, line) in line.values.into_iter().enumerate() {
        let value = value(line).map_err(|text| format!("value {column}: {text}"))?;
        let quality = usual(&value);
        cells.push(Cell {
            value,
            quality,
            code: None,
        });
    }
    for mark in line.marks {
        let cell = cells.get_mut(mark.column);
        let cell = cell.ok_or_else(|| format!("a mark names column {} of {columns}", mark.column))?;
        let quality: Quality = mark.quality.parse().map_err(said)?;
        if (quality == Quality::Absent) != (cell.value == Value::Absent) {
            return Err(format!(
                "value {} is {:?} under the mark {}",
                mark.column, cell.value, mark.quality
            ));
        }
        cell.quality = quality;
        cell.code = mark.code.map(|code| words(code, limits::CODE_BYTES)).transpose()?;
    }
    let conditions = line.conditions.into_iter().map(|line| condition(line, columns));
    Ok(Record {
        kind,
        starts_at,
        ends_at,
        label: line.label.as_deref().map(civil).transpose()?,
        length_s: line.length_s,
        cells,
        conditions: conditions.collect::<Result<_, _>>()?,
    })
}

fn condition(line: ConditionLine, columns: usize) -> Result<Condition, String> {
    if let Some(column) = line.column
        && usize::from(column) >= columns
    {
        return Err(format!("a condition names column {column} of {columns}"));
    }
    Ok(Condition {
        code: words(line.code, limits::CODE_BYTES)?,
        category: line.category.map(|word| words(word, limits::CODE_BYTES)).transpose()?,
        effect: line.effect.map(|word| word.parse().map_err(said)).transpose()?,
        point: line.point,
        column: line.column,
        duration_s: line.duration_s,
    })
}

/// The longest that an interval of an archive may be: twice what the calendar says, as for a driver's rows.
pub fn longest(kind: ArchiveKind) -> SignedDuration {
    SignedDuration::from_hours(match kind {
        ArchiveKind::Hourly => 2,
        ArchiveKind::Daily => 2 * 24,
        ArchiveKind::TenDays => 20 * 24,
        ArchiveKind::Monthly => 62 * 24,
        ArchiveKind::Yearly => 732 * 24,
        ArchiveKind::EveryMinutes(minutes) => return SignedDuration::from_mins(2 * i64::from(minutes)),
    })
}

fn check_interval(kind: RecordKind, start: Timestamp, end: Timestamp) -> Result<(), String> {
    let fits = match kind {
        RecordKind::Archive(archive) => start < end && start.duration_until(end) <= longest(archive),
        RecordKind::Current | RecordKind::Totals => start == end,
    };
    if fits {
        return Ok(());
    }
    Err(format!("the interval from {start} to {end} is none of {kind}"))
}

fn value(line: Option<ValueLine>) -> Result<Value, String> {
    match line {
        None => Ok(Value::Absent),
        Some(ValueLine::Fixed(text)) => fixed(&text).ok_or_else(|| {
            format!("{text:?} is no fixed number, expected digits such as -42.17, at most 15 of them decimals")
        }),
        Some(ValueLine::Float(text)) => {
            let float = text.parse::<f64>().ok().filter(|float| float.is_finite());
            float
                .map(Value::Float)
                .ok_or_else(|| format!("{text:?} is no finite number"))
        }
        Some(ValueLine::Bits(text)) => {
            let bits = text
                .strip_prefix("0x")
                .and_then(|hex| u64::from_str_radix(hex, 16).ok());
            bits.map(Value::Bits)
                .ok_or_else(|| format!("{text:?} are no flags, expected such as 0x1f"))
        }
        Some(ValueLine::Text(text)) => Ok(Value::Text(words(text, limits::TEXT_BYTES)?)),
    }
}

fn fixed(text: &str) -> Option<Value> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = whole.strip_prefix('-').unwrap_or(whole);
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_part = text.contains('.');
    if plain.is_empty() || !is_digits(plain) || !is_digits(part) || part.len() > 15 || has_part == part.is_empty() {
        return None;
    }
    Some(Value::Fixed {
        digits: format!("{whole}{part}").parse().ok()?,
        decimals: u8::try_from(part.len()).ok()?,
    })
}

fn words(text: String, most: usize) -> Result<String, String> {
    if text.len() > most {
        return Err(format!("a text has {} bytes, at most {most} may be", text.len()));
    }
    if text.contains(char::is_control) {
        return Err(format!("text {text:?} has control characters"));
    }
    Ok(text)
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is no instant, expected such as 2026-11-20T11:00:00Z"))
}

fn civil(text: &str) -> Result<Civil, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is no date and time, expected such as 2026-11-20T14:00:00"))
}
