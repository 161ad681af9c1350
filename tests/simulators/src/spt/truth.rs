//! What the archives of a legacy СПТ hold, in the words of [`crate::truth`].

use super::archive::Archive;
use super::config::SptConfig;
use super::history::{SptHistory, SptRow, total};
use super::model::{Place, Quantity};
use crate::civil::{HOUR_S, civil_of_hour};
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The truth about one meter; follows its clock. Settings are those at its start.
pub struct SptTruth {
    pub config: SptConfig,
    pub history: Arc<SptHistory>,
    pub clock: SimClock,
}

impl Truth for SptTruth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let archive = Archive {
            config: &self.config,
            history: &self.history,
            now_hour: self.clock.now_hour(),
        };
        match kind {
            TruthKind::Hourly => {
                let hours = archive.hours().map(|hour| (hour, hour + 1));
                self.intervals(hours, |input, hour| archive.hour(input, hour.1))
            }
            TruthKind::Daily => self.intervals(archive.days().into_iter(), |input, day| archive.interval(input, day)),
            TruthKind::Monthly => self.intervals(archive.months().into_iter(), |input, month| {
                archive.interval(input, month)
            }),
            TruthKind::TotalsArchive => Vec::new(),
            TruthKind::Current => vec![self.current()],
            TruthKind::TotalsNow => vec![self.totals()],
        }
    }
}

impl SptTruth {
    /// One record per interval that any input has a record of.
    fn intervals(
        &self,
        intervals: impl Iterator<Item = (i64, i64)>,
        row: impl Fn(u8, (i64, i64)) -> Option<SptRow>,
    ) -> Vec<TruthRecord> {
        let mut records = BTreeMap::new();
        for interval in intervals {
            for input in 1..=self.config.inputs {
                let Some(row) = row(input, interval) else { continue };
                let record = records.entry(interval).or_insert_with(|| TruthRecord {
                    start: civil_of_hour(interval.0),
                    end: civil_of_hour(interval.1),
                    values: Vec::new(),
                    ns: Vec::new(),
                });
                self.fill(record, input, &row, self.config.model.archive());
            }
        }
        records.into_values().collect()
    }

    fn fill(&self, record: &mut TruthRecord, input: u8, row: &SptRow, places: &[Place]) {
        for (_, quantity) in places {
            record
                .values
                .push(value(*quantity, input, f64::from(row.value(*quantity))));
        }
        let codes = (0..24u32).filter(|bit| row.ns >> bit & 1 == 1);
        record.ns.extend(codes.map(|code| TruthNs {
            input,
            name: None,
            code,
        }));
    }

    fn now(&self) -> TruthRecord {
        let now = self.clock.now();
        TruthRecord {
            start: now,
            end: now,
            values: Vec::new(),
            ns: Vec::new(),
        }
    }

    fn current(&self) -> TruthRecord {
        let mut record = self.now();
        for input in 1..=self.config.inputs {
            let row = self.history.hour(input, self.clock.now_hour());
            self.fill(&mut record, input, &row, self.config.model.live());
        }
        record
    }

    /// Totals up to this second: the last full hour and what grew since.
    fn totals(&self) -> TruthRecord {
        let mut record = self.now();
        let hour = self.clock.now_hour();
        let share = self.clock.now_s().rem_euclid(HOUR_S) as f64 / HOUR_S as f64;
        for input in 1..=self.config.inputs {
            let totals = self.history.totals_before(input, hour);
            let growth = self.history.growth(input, hour, share);
            for quantity in self.config.model.totals().iter().copied() {
                let sum = total(&totals, quantity) + total(&growth, quantity);
                record.values.push(value(quantity, input, sum));
            }
        }
        record
    }
}

fn value(quantity: Quantity, input: u8, value: f64) -> TruthValue {
    TruthValue {
        name: quantity.name(),
        input,
        value: Some(value),
        digits: None,
    }
}
