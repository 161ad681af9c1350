//! Columns of a point across the devices that have served it: the new meter's supply temperature goes on where the old
//! meter's ended.

use std::collections::HashMap;

use crate::model::Column;
use crate::store::query::{SeriesRow, Serving};

/// One column of a point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Joined {
    /// As the newest device that has it declares it; decimals are the most of all.
    pub(super) column: Column,
    /// Place among the devices, and the key of the series there.
    pub(super) series: Vec<(usize, i64)>,
}

/// What makes two columns of different devices the same: the name does not, it is the maker's own.
type Kind = (String, String, Option<String>, &'static str, u8, Option<String>);

/// Joins the columns of the devices, which are in the order of time. A column that several of its device are like is
/// only joined under its own name.
pub(super) fn join(parts: &[(Serving, Vec<SeriesRow>)]) -> Vec<Joined> {
    let mut joined: Vec<Joined> = Vec::new();
    let mut places: HashMap<Kind, usize> = HashMap::new();
    // From the newest on: its order and its names are those that people know.
    for (part, (serving, columns)) in parts.iter().enumerate().rev() {
        let mine: Vec<&SeriesRow> = columns
            .iter()
            .filter(|row| row.column.point == serving.input || row.column.point == 0)
            .collect();
        let mut counts: HashMap<Kind, usize> = HashMap::new();
        for row in &mine {
            *counts.entry(kind(&row.column, false)).or_default() += 1;
        }
        for row in mine {
            let alike = kind(&row.column, false);
            let is_one = counts.get(&alike) == Some(&1);
            let key = if is_one { alike } else { kind(&row.column, true) };
            let place = *places.entry(key).or_insert_with(|| {
                joined.push(Joined {
                    column: row.column.clone(),
                    series: Vec::new(),
                });
                joined.len() - 1
            });
            let column = &mut joined[place];
            column.column.decimals = column.column.decimals.max(row.column.decimals);
            column.series.push((part, row.id));
        }
    }
    for column in &mut joined {
        column.series.reverse();
    }
    joined
}

fn kind(column: &Column, by_name: bool) -> Kind {
    (
        column.quantity.clone(),
        column.unit.clone(),
        column.pipe.clone(),
        column.aggregate.word(),
        column.tariff,
        by_name.then(|| column.id.clone()),
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Aggregate, DeviceId};

    fn serving(device: i64, input: u8) -> Serving {
        Serving {
            device: DeviceId(device),
            name: format!("meter {device}"),
            serial: None,
            model: None,
            driver: "hm1".to_owned(),
            input,
            from: Timestamp::UNIX_EPOCH,
            to: None,
        }
    }

    fn row(id: i64, name: &str, unit: &str, point: u8, decimals: Option<u8>) -> SeriesRow {
        SeriesRow {
            id,
            device: DeviceId(1),
            point: None,
            column: Column {
                id: name.to_owned(),
                quantity: "heat-energy".to_owned(),
                unit: unit.to_owned(),
                point,
                tariff: 0,
                pipe: None,
                aggregate: Aggregate::Sum,
                decimals,
            },
            archives: Vec::new(),
        }
    }

    fn shown(joined: &[Joined]) -> Vec<(String, Vec<(usize, i64)>)> {
        joined
            .iter()
            .map(|one| (one.column.id.clone(), one.series.clone()))
            .collect()
    }

    #[test]
    fn a_series_goes_on_with_the_new_meter_whatever_its_maker_calls_it() {
        let old = (
            serving(1, 1),
            vec![row(10, "Q", "Gcal", 1, Some(2)), row(11, "Q", "Gcal", 2, Some(2))],
        );
        let new = (serving(2, 3), vec![row(20, "Qo", "Gcal", 3, Some(3))]);
        let joined = join(&[old, new]);
        assert_eq!(shown(&joined), [("Qo".to_owned(), vec![(0, 10), (1, 20)])]);
        assert_eq!(joined[0].column.decimals, Some(3));
    }

    #[test]
    fn another_unit_is_another_series() {
        let old = (serving(1, 1), vec![row(10, "Q", "GJ", 1, None)]);
        let new = (serving(2, 1), vec![row(20, "Q", "Gcal", 1, None)]);
        let want = [("Q".to_owned(), vec![(1, 20)]), ("Q".to_owned(), vec![(0, 10)])];
        assert_eq!(shown(&join(&[old, new])), want);
    }

    #[test]
    fn columns_that_are_alike_in_one_device_are_joined_by_name_alone() {
        let old = (
            serving(1, 1),
            vec![row(10, "Qa", "Gcal", 1, None), row(11, "Qb", "Gcal", 0, None)],
        );
        let new = (
            serving(2, 1),
            vec![row(20, "Qb", "Gcal", 1, None), row(21, "Qc", "Gcal", 1, None)],
        );
        let want = [
            ("Qb".to_owned(), vec![(0, 11), (1, 20)]),
            ("Qc".to_owned(), vec![(1, 21)]),
            ("Qa".to_owned(), vec![(0, 10)]),
        ];
        assert_eq!(shown(&join(&[old, new])), want);
    }
}
