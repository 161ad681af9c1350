//! What an honest driver would do, and the pieces that wrong calls are put together from.

use uzel_driver_sdk::bindings::uzel::driver::host::{self, Level, Sink};
use uzel_driver_sdk::bindings::uzel::driver::line::Port;
use uzel_driver_sdk::{Aggregate, CivilTime, Column, Failure, Fixed, Identity, LabelRule, Row, Value};

/// The one model that `describe.json` has.
pub fn identity() -> Identity {
    Identity {
        model: "plain".to_owned(),
        serial: Some("1".to_owned()),
        firmware: None,
        details: Vec::new(),
    }
}

/// One row of one column.
pub fn current(_port: &Port, out: &Sink) -> Result<(), Failure> {
    let stored = out
        .declare(&[column("t1")], LabelRule::Moment)
        .and_then(|()| out.rows(&[row(None, vec![number(1)])], None));
    stored.map(drop).map_err(Failure::Unsupported)
}

/// The three hours from 2026-01-01T05:00 on.
pub fn archive(out: &Sink) -> Result<(), Failure> {
    let rows: Vec<_> = (5..8).map(|h| row(Some(hour(h)), vec![number(h.into())])).collect();
    let stored = out
        .declare(&[column("t1")], LabelRule::IntervalStart)
        .and_then(|()| out.rows(&rows, None));
    stored.map(drop).map_err(Failure::Unsupported)
}

/// A column of temperatures.
pub fn column(id: &str) -> Column {
    Column {
        id: id.to_owned(),
        quantity: "temperature".to_owned(),
        unit: "Cel".to_owned(),
        point: 1,
        tariff: 0,
        pipe: None,
        aggregate: Aggregate::Mean,
        decimals: None,
    }
}

/// A row without marks.
pub fn row(label: Option<CivilTime>, values: Vec<Value>) -> Row {
    Row {
        label,
        other_end: None,
        length_s: None,
        values,
        marks: Vec::new(),
        conditions: Vec::new(),
    }
}

/// A whole number.
pub fn number(digits: i64) -> Value {
    Value::Fixed(Fixed { digits, decimals: 0 })
}

/// An hour of 2026-01-01.
pub fn hour(hour: u8) -> CivilTime {
    CivilTime {
        year: 2026,
        month: 1,
        day: 1,
        hour,
        minute: 0,
        second: 0,
    }
}

/// Logs what the host said to a call that it had to refuse.
pub fn tell<T>(answer: Result<T, String>) {
    match answer {
        Ok(_) => host::log(Level::Error, "told: nothing"),
        Err(text) => host::log(Level::Info, &format!("told: {text}")),
    }
}
