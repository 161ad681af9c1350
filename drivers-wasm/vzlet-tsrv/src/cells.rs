//! Columns and values of a record or a block, as one meter is set.

use uzel_driver_sdk::{Column, Mark, Quality, Value};

use crate::layout::Run;

/// What of a meter's settings decides about its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Heat systems that are on; none: nobody says, so all.
    pub systems: Option<Vec<u8>>,
    /// Channels that archive their volume, from 1.
    pub volumes: Vec<u8>,
    /// Heat is kept in Gcal, not in GJ.
    pub is_gcal: bool,
    /// Units are a thousand times greater.
    pub is_thousand: bool,
}

impl Context {
    /// Whether a heat system is on; 0 is the device.
    pub fn has(&self, system: u8) -> bool {
        system == 0 || self.systems.as_ref().is_none_or(|on| on.contains(&system))
    }

    fn unit(&self, unit: &'static str) -> &'static str {
        match (unit, self.is_gcal, self.is_thousand) {
            ("GJ", true, false) => "Gcal",
            ("GJ", true, true) => "Tcal",
            ("GJ", false, true) => "TJ",
            ("t", _, true) => "kt",
            ("MW", _, true) => "GW",
            _ => unit,
        }
    }

    /// The columns of runs, and where their values stand.
    pub fn columns(&self, runs: &'static [Run], point: u8) -> Vec<(Column, &'static Run, usize)> {
        let mut columns = Vec::new();
        for run in runs {
            for (number, at) in run.places() {
                if !run.is_by_system || self.has(number) {
                    columns.push((self.column(run, number, point), run, at));
                }
            }
        }
        columns
    }

    fn column(&self, run: &Run, number: u8, point: u8) -> Column {
        let is_volume = run.or_volume && self.volumes.contains(&number);
        let (id, quantity, unit) = if is_volume {
            ("V", "volume", "m3")
        } else {
            (run.id, run.what.quantity, self.unit(run.what.unit))
        };
        let is_numbered = !run.is_by_system && (run.count > 1 || run.first > 0);
        Column {
            id: if is_numbered {
                format!("{id}{number}")
            } else {
                id.to_owned()
            },
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            point: if run.is_by_system { number } else { point },
            tariff: 0,
            pipe: run.what.pipe.map(str::to_owned),
            aggregate: run.what.aggregate,
            decimals: run.form.decimals(),
        }
    }
}

/// A cell that the meter has no value for.
pub fn absent(column: usize, code: Option<String>) -> (Value, Mark) {
    let mark = Mark {
        column: u16::try_from(column).unwrap_or(u16::MAX),
        quality: Quality::Absent,
        code,
    };
    (Value::Absent, mark)
}
