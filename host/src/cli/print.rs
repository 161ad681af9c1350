//! What was read, for people and programs.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::args::Format;
use crate::driver::Describe;
use crate::model::record::fixed_text;
use crate::model::{Cell, ClockRule, Column, Quality, Record, Table, Value};
use crate::session::{Report, Taken};

/// Prints all of it.
pub(super) fn result(
    out: &mut (dyn Write + Send),
    format: Format,
    report: &Report,
    taken: &Taken,
    describe: &Describe,
    clock: &ClockRule,
) -> io::Result<()> {
    match format {
        Format::Table => table(out, report, taken, describe, clock),
        Format::Csv => csv(out, taken),
        Format::Json => {
            let document = document(report, taken);
            serde_json::to_writer_pretty(&mut *out, &document)?;
            writeln!(out)
        }
    }
}

/// A value as text: its own decimals, never rounded.
pub(super) fn shown(cell: &Cell) -> String {
    match &cell.value {
        Value::Absent => "—".to_owned(),
        Value::Fixed { digits, decimals } => fixed_text(*digits, *decimals),
        Value::Float(float) => float_shown(*float),
        Value::Bits(bits) => format!("{bits:#x}"),
        Value::Text(text) => text.clone(),
    }
}

/// The shortest text that is this number. Most meters store single precision: its shortest text is meant then.
#[allow(clippy::cast_possible_truncation, reason = "compared with the whole number at once")]
fn float_shown(float: f64) -> String {
    let single = float as f32;
    if f64::from(single) == float {
        single.to_string()
    } else {
        float.to_string()
    }
}

fn head(column: &Column) -> String {
    let point = if column.point > 0 {
        format!("{}.", column.point)
    } else {
        String::new()
    };
    let tariff = if column.tariff > 0 {
        format!("/T{}", column.tariff)
    } else {
        String::new()
    };
    let unit = if column.unit.is_empty() || column.unit == "1" {
        String::new()
    } else {
        format!(", {}", column.unit)
    };
    format!("{point}{}{tariff}{unit}", column.id)
}

fn conditions(record: &Record) -> String {
    let codes: Vec<_> = record
        .conditions
        .iter()
        .map(|condition| match &condition.category {
            Some(category) => format!("{} {category}", condition.code),
            None => condition.code.clone(),
        })
        .collect();
    codes.join("; ")
}

fn table(
    out: &mut (dyn Write + Send),
    report: &Report,
    taken: &Taken,
    describe: &Describe,
    clock: &ClockRule,
) -> io::Result<()> {
    if let Some(identity) = &report.identity {
        let model = describe.models.iter().find(|model| model.id == identity.model);
        let name = model.and_then(|model| model.names.first()).unwrap_or(&identity.model);
        write!(out, "{name}")?;
        if let Some(serial) = &identity.serial {
            write!(out, ", No. {serial}")?;
        }
        if let Some(firmware) = &identity.firmware {
            write!(out, ", firmware {firmware}")?;
        }
        writeln!(out)?;
        for (key, value) in &identity.details {
            writeln!(out, "  {key}: {value}")?;
        }
    }
    if let Some(clock) = &report.clock {
        let seconds = clock.offset_ms as f64 / 1_000.0;
        let give = f64::from(clock.uncertainty_ms) / 1_000.0;
        writeln!(
            out,
            "clock shows {}, {seconds:+.1} s against ours, give or take {give:.1} s",
            clock.shown
        )?;
    }
    for part in &taken.tables {
        writeln!(out, "\n{}", part.kind)?;
        grid(out, part, clock)?;
    }
    for (kind, span, why) in &taken.absent {
        let (start, end) = (clock.civil(span.start), clock.civil(span.end));
        writeln!(out, "{kind}: nothing from {start} to {end}: {}", why.word())?;
    }
    for event in &taken.events {
        let began = event.began.map_or("", |began| if began { " began" } else { " ended" });
        writeln!(
            out,
            "{} {} {}{began} {}",
            event.label,
            event.severity.word(),
            event.code,
            event.text
        )?;
    }
    for setting in report.settings.iter().flatten() {
        let unit = setting.unit.as_deref().unwrap_or_default();
        let cell = Cell {
            value: setting.value.clone(),
            quality: Quality::Good,
            code: None,
        };
        writeln!(out, "{} ({}): {} {unit}", setting.title, setting.id, shown(&cell))?;
    }
    summary(out, report, taken)
}

fn summary(out: &mut (dyn Write + Send), report: &Report, taken: &Taken) -> io::Result<()> {
    let records: usize = taken.tables.iter().map(|table| table.records.len()).sum();
    let values: usize = taken
        .tables
        .iter()
        .map(|table| table.records.len() * table.columns.len())
        .sum();
    for fault in &report.faults {
        writeln!(out, "fault of the driver: {fault}")?;
    }
    for phase in &report.phases {
        // What ended the session is said once, in the last line but one.
        if let Some((outcome, text)) = &phase.failed
            && report.detail.as_ref() != Some(text)
        {
            writeln!(out, "{}: {outcome}: {text}", phase.name)?;
        }
    }
    let detail = report
        .detail
        .as_deref()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    writeln!(
        out,
        "\n{}{detail}\n{records} records, {values} values in {:.1} s; {} exchanges, {} bytes sent, {} received",
        report.outcome,
        report.wall.as_secs_f64(),
        report.usage.exchanges,
        report.usage.bytes_sent,
        report.usage.bytes_received,
    )
}

fn grid(out: &mut (dyn Write + Send), part: &Table, clock: &ClockRule) -> io::Result<()> {
    let mut rows = vec![vec!["start".to_owned(), "end".to_owned()]];
    if let Some(first) = rows.first_mut() {
        first.extend(part.columns.iter().map(head));
        first.push("НС".to_owned());
    }
    for record in &part.records {
        let mut row = vec![
            clock.civil(record.starts_at).to_string(),
            clock.civil(record.ends_at).to_string(),
        ];
        row.extend(record.cells.iter().map(|cell| match cell.quality {
            Quality::Doubtful => format!("{}?", shown(cell)),
            Quality::Substituted => format!("{}*", shown(cell)),
            Quality::Good | Quality::Absent => shown(cell),
        }));
        row.push(conditions(record));
        rows.push(row);
    }
    // Few rows with many columns are read downwards.
    if rows.len() <= 3 {
        rows = transposed(&rows);
    }
    let widths: Vec<usize> = (0..rows.iter().map(Vec::len).max().unwrap_or(0))
        .map(|at| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&" ".repeat(width - cell.chars().count()));
            line.push_str(cell);
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn transposed(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..columns)
        .map(|at| {
            rows.iter()
                .map(|row| row.get(at).cloned().unwrap_or_default())
                .collect()
        })
        .collect()
}

fn csv(out: &mut (dyn Write + Send), taken: &Taken) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    for part in &taken.tables {
        let mut row: Vec<String> = ["archive", "start_utc", "end_utc", "label"].map(str::to_owned).into();
        row.extend(part.columns.iter().map(head));
        row.push("conditions".to_owned());
        writer.write_record(&row)?;
        for record in &part.records {
            let mut row = vec![
                part.kind.to_string(),
                record.starts_at.to_string(),
                record.ends_at.to_string(),
                record.label.map(|label| label.to_string()).unwrap_or_default(),
            ];
            row.extend(record.cells.iter().map(|cell| match cell.value {
                Value::Absent => String::new(),
                _ => shown(cell),
            }));
            row.push(conditions(record));
            writer.write_record(&row)?;
        }
    }
    writer.flush()
}

fn document(report: &Report, taken: &Taken) -> Json {
    let value = |cell: &Cell| match &cell.value {
        Value::Absent => Json::Null,
        Value::Fixed { .. } | Value::Float(_) => json!(cell.value.number()),
        Value::Bits(bits) => json!(format!("{bits:#x}")),
        Value::Text(text) => json!(text),
    };
    let record = |record: &Record| {
        let marks: Vec<_> = record
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.quality != Quality::Good)
            .map(|(column, cell)| json!({"column": column, "quality": cell.quality.word(), "code": cell.code}))
            .collect();
        let conditions: Vec<_> = record
            .conditions
            .iter()
            .map(|condition| {
                json!({
                    "code": condition.code, "category": condition.category, "point": condition.point,
                    "effect": condition.effect.map(crate::model::Effect::word),
                    "column": condition.column, "duration_s": condition.duration_s,
                })
            })
            .collect();
        json!({
            "start": record.starts_at.to_string(), "end": record.ends_at.to_string(), "label": record.label.map(|label| label.to_string()),
            "length_s": record.length_s, "values": record.cells.iter().map(value).collect::<Vec<_>>(),
            "marks": marks, "conditions": conditions,
        })
    };
    let tables: Vec<_> = taken
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<_> = table
                .columns
                .iter()
                .map(|column| {
                    json!({
                        "id": column.id, "quantity": column.quantity, "unit": column.unit, "point": column.point,
                        "tariff": column.tariff, "pipe": column.pipe, "aggregate": column.aggregate.word(),
                        "decimals": column.decimals,
                    })
                })
                .collect();
            json!({
                "archive": table.kind.to_string(), "columns": columns,
                "records": table.records.iter().map(record).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "outcome": report.outcome.word(), "detail": report.detail,
        "identity": report.identity.as_ref().map(|identity| json!({
            "model": identity.model, "serial": identity.serial, "firmware": identity.firmware,
            "details": identity.details,
        })),
        "clock": report.clock.as_ref().map(|clock| json!({
            "shown": clock.shown.to_string(), "offset_ms": clock.offset_ms, "uncertainty_ms": clock.uncertainty_ms,
        })),
        "settings": report.settings.as_ref().map(|settings| settings.iter().map(|setting| {
            let cell = Cell { value: setting.value.clone(), quality: Quality::Good, code: None };
            json!({"id": setting.id, "title": setting.title, "value": value(&cell), "unit": setting.unit})
        }).collect::<Vec<_>>()),
        "tables": tables,
        "faults": report.faults,
        "usage": {
            "exchanges": report.usage.exchanges, "bytes_sent": report.usage.bytes_sent,
            "bytes_received": report.usage.bytes_received, "wall_ms": report.wall.as_millis(),
            "on_line_ms": report.on_line.as_millis(),
            "busy_us": report.busy.as_micros(), "memory_peak_bytes": report.usage.memory_peak_bytes,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_numbers_keep_their_decimals() {
        let cases = [
            (4217, 2, "42.17"),
            (-7, 2, "-0.07"),
            (0, 3, "0.000"),
            (15, 0, "15"),
            (i64::MIN, 1, "-922337203685477580.8"),
        ];
        for (digits, decimals, want) in cases {
            assert_eq!(fixed_text(digits, decimals), want);
        }
        assert_eq!(float_shown(f64::from(102.68f32)), "102.68");
        assert_eq!(float_shown(102.68), "102.68");
    }
}
