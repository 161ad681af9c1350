//! What repeats is written once.

use super::{CellMark, Number, RowVersion, Run};
use crate::api::point::gather::Row;
use crate::api::point::join::Joined;

pub(super) fn differences(values: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut before = 0;
    values
        .map(|value| value - std::mem::replace(&mut before, value))
        .collect()
}

pub(super) fn runs(values: impl Iterator<Item = i64>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some(run) if run.value == value => run.rows += 1,
            _ => runs.push(Run { rows: 1, value }),
        }
    }
    runs
}

pub(super) fn versions(rows: &[Row]) -> Vec<RowVersion> {
    let changed = rows.iter().enumerate().filter(|(_, row)| row.strip.version > 1);
    changed
        .map(|(place, row)| RowVersion {
            row: place,
            version: row.strip.version,
        })
        .collect()
}

pub(super) fn values(columns: &[Joined], rows: &[Row]) -> Vec<Vec<Option<Number>>> {
    let of_column = |(place, joined): (usize, &Joined)| {
        let numbers = rows.iter().map(|row| row.strip.numbers.get(place).copied().flatten());
        numbers
            .map(|number| number.map(|number| Number::of(number, joined.column.decimals)))
            .collect()
    };
    columns.iter().enumerate().map(of_column).collect()
}

/// What is said of cells; the same of cells under one another is said once.
pub(super) fn marks(rows: &[Row]) -> Vec<CellMark> {
    let mut marks: Vec<CellMark> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let mut still = Vec::new();
        for (column, odd) in &row.odd {
            let found = open.iter().copied().find(|mark| {
                let mark = &marks[*mark];
                let is_next = mark.column == *column && mark.row + mark.rows == place;
                is_next && mark.quality == odd.quality.word() && mark.code == odd.code && mark.text == odd.text
            });
            let mark = found.unwrap_or_else(|| {
                marks.push(CellMark {
                    column: *column,
                    row: place,
                    rows: 0,
                    quality: odd.quality.word(),
                    code: odd.code.clone(),
                    text: odd.text.clone(),
                });
                marks.len() - 1
            });
            marks[mark].rows += 1;
            still.push(mark);
        }
        open = still;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quality;
    use crate::store::query::{OddCell, StripRow};

    fn row(record: i64, odd: Vec<(usize, OddCell)>) -> Row {
        Row {
            device: 0,
            strip: StripRow {
                record,
                starts_at: record * 3600,
                ends_at: (record + 1) * 3600,
                version: 1,
                session: 1,
                numbers: Vec::new(),
            },
            odd,
            conditions: Vec::new(),
        }
    }

    fn odd(column: usize, code: &str) -> (usize, OddCell) {
        let cell = OddCell {
            record: 0,
            series: 0,
            text: None,
            quality: Quality::Doubtful,
            code: Some(code.to_owned()),
        };
        (column, cell)
    }

    #[test]
    fn what_repeats_is_written_once() {
        assert_eq!(differences([1_000, 1_003, 1_001].into_iter()), [1_000, 3, -2]);
        let want = [Run { rows: 2, value: 7 }, Run { rows: 1, value: 8 }];
        assert_eq!(runs([7, 7, 8].into_iter()), want);
        let rows = [
            row(1, vec![odd(0, "a"), odd(1, "b")]),
            row(2, vec![odd(0, "a")]),
            row(3, vec![odd(1, "b")]),
        ];
        let shown: Vec<_> = marks(&rows)
            .iter()
            .map(|mark| (mark.column, mark.row, mark.rows))
            .collect();
        assert_eq!(shown, [(0, 0, 2), (1, 0, 1), (1, 2, 1)]);
    }

    #[test]
    fn a_short_float_has_the_digits_that_tell_it() {
        let written = |value, decimals| serde_json::to_string(&Number::of(value, decimals)).unwrap();
        assert_eq!(written(f64::from(64.48f32), None), "64.48");
        assert_eq!(written(0.1, None), "0.1");
        assert_eq!(written(64.48, Some(2)), "64.48");
    }
}
