//! Fields of answers as columns and rows of the contract.

use uzel_driver_sdk::{
    Aggregate, CivilTime, Column, Condition, Effect, Failure, Fixed, Mark, Quality, Row, Value, Window,
};

use crate::civil;

/// Columns of what is measured now.
pub fn current() -> Vec<Column> {
    vec![
        column("t1", "temperature", "Cel", 2, Some("supply"), Aggregate::Instant),
        column("t2", "temperature", "Cel", 2, Some("return"), Aggregate::Instant),
        column("G", "volume-flow", "m3/h", 3, Some("supply"), Aggregate::Instant),
    ]
}

/// Columns of the integrators.
pub fn totals() -> Vec<Column> {
    vec![
        column("Q", "heat-energy", "Gcal", 4, None, Aggregate::Total),
        column("V", "volume", "m3", 3, Some("supply"), Aggregate::Total),
        column("T", "time-normal", "h", 0, None, Aggregate::Total),
    ]
}

/// Columns of an hour.
pub fn hourly() -> Vec<Column> {
    vec![
        column("t1", "temperature", "Cel", 2, Some("supply"), Aggregate::Mean),
        column("t2", "temperature", "Cel", 2, Some("return"), Aggregate::Mean),
        column("V", "volume", "m3", 3, Some("supply"), Aggregate::Sum),
        column("Q", "heat-energy", "Gcal", 4, None, Aggregate::Sum),
    ]
}

fn column(id: &str, quantity: &str, unit: &str, decimals: u8, pipe: Option<&str>, aggregate: Aggregate) -> Column {
    Column {
        id: id.to_owned(),
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        point: 1,
        tariff: 0,
        pipe: pipe.map(str::to_owned),
        aggregate,
        decimals: Some(decimals),
    }
}

/// The hours from number `begin` to `end`, `end` not included.
pub fn hours(begin: i64, end: i64) -> Window {
    Window {
        begin: civil::start_of(begin),
        end: civil::start_of(end),
    }
}

/// A row of numbers: a field `-` is no value.
pub fn row(label: CivilTime, fields: &[String]) -> Result<Row, Failure> {
    let values = fields.iter().map(|field| value(field)).collect::<Result<_, _>>()?;
    Ok(Row {
        label: Some(label),
        other_end: None,
        length_s: None,
        values,
        marks: Vec::new(),
        conditions: Vec::new(),
    })
}

/// The row of the hour whose label has this number: four numbers and the letters of its conditions.
pub fn hour_row(label: i64, fields: &[String]) -> Result<Row, Failure> {
    let [numbers @ .., letters] = fields else {
        return Err(Failure::Garbled("an hour without fields".to_owned()));
    };
    let mut row = row(civil::start_of(label), numbers)?;
    if row.values.len() != 4 {
        return Err(Failure::Garbled(format!(
            "an hour has {} numbers, expected 4",
            row.values.len()
        )));
    }
    for letter in letters.chars().filter(|letter| *letter != '-') {
        let (category, effect, column) = match letter {
            'G' => (Some("flow-below-min"), Some(Effect::Information), Some(2)),
            'T' => (Some("functional-failure"), Some(Effect::Stopped), Some(0)),
            // The meter's word is kept, whatever it means.
            _ => (None, None, None),
        };
        row.conditions.push(Condition {
            code: letter.to_string(),
            category: category.map(str::to_owned),
            effect,
            point: 1,
            column,
            duration_s: None,
        });
        if letter == 'T' {
            row.marks.push(Mark {
                column: 0,
                quality: Quality::Absent,
                code: Some("T".to_owned()),
            });
        }
    }
    Ok(row)
}

/// `81.25` is 8125 with 2 decimals: a number leaves as the meter keeps it.
fn value(field: &str) -> Result<Value, Failure> {
    if field == "-" {
        return Ok(Value::Absent);
    }
    let decimals = field.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits = field.replacen('.', "", 1).parse().ok();
    match (digits, u8::try_from(decimals)) {
        (Some(digits), Ok(decimals @ 0..=15)) => Ok(Value::Fixed(Fixed { digits, decimals })),
        _ => Err(Failure::Garbled(format!("{field:?} is no number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_leaves_as_the_meter_keeps_it() {
        let fixed = |digits, decimals| Ok(Value::Fixed(Fixed { digits, decimals }));
        assert_eq!(value("81.25"), fixed(8125, 2));
        assert_eq!(value("-0.50"), fixed(-50, 2));
        assert_eq!(value("8760"), fixed(8760, 0));
        assert_eq!(value("-"), Ok(Value::Absent));
        for wrong in ["", "1.2.3", "x", "1.0000000000000000"] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn letters_become_conditions_and_a_failed_sensor_marks_its_column() {
        let fields = ["-", "49.52", "1.230", "0.0000", "GT"].map(str::to_owned);
        let row = hour_row(0, &fields).unwrap();
        let codes: Vec<_> = row.conditions.iter().map(|condition| condition.code.as_str()).collect();
        assert_eq!((codes, row.marks.len()), (vec!["G", "T"], 1));
        assert_eq!(row.values.first(), Some(&Value::Absent));
        assert!(hour_row(0, &fields[1..]).is_err());
        assert!(hour_row(0, &[]).is_err());
    }
}
