//! Conversations over recorded bytes.

use std::fmt::Write;

use logika_m4::LogikaM4;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Value, Window};

/// Columns and rows as text.
fn shown(collected: &Collected) -> String {
    let mut text = String::new();
    for table in &collected.tables {
        writeln!(text, "labels {:?}", table.labels).unwrap();
        for row in &table.rows {
            let label = row.label.map(|at| {
                format!(
                    "{}-{:02}-{:02} {:02}:{:02}:{:02}",
                    at.year, at.month, at.day, at.hour, at.minute, at.second
                )
            });
            writeln!(text, "{}", label.unwrap_or_default()).unwrap();
            for (number, (column, value)) in table.columns.iter().zip(&row.values).enumerate() {
                let value = match value {
                    Value::Absent => "absent".to_owned(),
                    Value::Fixed(fixed) => fixed.digits.to_string(),
                    Value::Float(float) => format!("{float:.5}"),
                    Value::Bits(bits) => format!("bits {bits:06X}"),
                    Value::Text(text) => text.clone(),
                };
                let mark = row.marks.iter().find(|mark| usize::from(mark.column) == number);
                let mark = mark.map(|mark| format!(" ({:?} {})", mark.quality, mark.code.as_deref().unwrap_or("")));
                let pipe = column.pipe.as_deref().unwrap_or("-");
                writeln!(
                    text,
                    "  ТВ{} {} = {value} {}{} [{} {pipe} {:?}]",
                    column.point,
                    column.id,
                    column.unit,
                    mark.unwrap_or_default(),
                    column.quantity,
                    column.aggregate,
                )
                .unwrap();
            }
            for condition in &row.conditions {
                let column = condition.column.and_then(|at| table.columns.get(usize::from(at)));
                let about = column.map(|column| column.id.as_str()).unwrap_or("-");
                let category = condition.category.as_deref().unwrap_or("-");
                writeln!(
                    text,
                    "  {} of ТВ{}: {category}, {about}",
                    condition.code, condition.point
                )
                .unwrap();
            }
        }
    }
    for (window, why) in &collected.absent {
        writeln!(text, "absent {window:?}: {why:?}").unwrap();
    }
    text
}

fn at(month: u8, day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2015,
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

#[test]
fn a_recorded_spt943_is_identified_and_read() {
    let mut line = Recording::parse(include_str!("../../recordings/spt943.txt")).at(1_428_580_183_000);
    let mut driver = LogikaM4::default();
    let identity = driver.identify(&mut line, r#"{"address": 255}"#).unwrap();
    insta::assert_debug_snapshot!("identity", identity);

    let clock = driver.read_clock(&mut line).unwrap();
    assert_eq!((clock.shown.hour, clock.shown.minute, clock.shown.second), (14, 49, 43));

    let mut current = Collected::default();
    driver.read_current(&mut line, &mut current).unwrap();
    insta::assert_snapshot!("current", shown(&current));

    let mut hours = Collected::default();
    let windows = [
        Window {
            begin: at(4, 5, 17),
            end: at(4, 5, 18),
        },
        Window {
            begin: at(4, 4, 1),
            end: at(4, 4, 2),
        },
    ];
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    insta::assert_snapshot!("hours", shown(&hours));

    driver.close(&mut line);
    line.assert_spent();
    insta::assert_snapshot!("notes", line.notes.join("\n"));
}

#[test]
fn recorded_totals_are_flash_plus_growth() {
    let mut line = Recording::parse(include_str!("../../recordings/spt943-totals.txt")).at(1_428_580_183_000);
    let mut driver = LogikaM4::default();
    driver
        .identify(&mut line, r#"{"address": 255, "inputs": [1]}"#)
        .unwrap();
    let mut totals = Collected::default();
    driver.read_totals(&mut line, &mut totals).unwrap();
    insta::assert_snapshot!("totals", shown(&totals));
    line.assert_spent();
}
