//! What a meter holds, in the words of [`crate::truth`].

use super::archive::{Archive, Ring};
use super::builder::M4Config;
use super::device::{live, total};
use super::model::M4Model;
use super::reading::codes;
use super::tags::Tagged;
use crate::civil;
use crate::clock::SimClock;
use crate::spt::{SptHistory, SptRow};
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// The truth about one meter; follows its clock. Settings are those at its start.
pub struct M4Truth {
    pub config: M4Config,
    pub history: Arc<SptHistory>,
    pub clock: SimClock,
}

impl Truth for M4Truth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        match kind {
            TruthKind::Hourly => self.records(Ring::Hours),
            TruthKind::Daily => self.records(Ring::Days),
            TruthKind::Monthly => self.records(Ring::Months),
            TruthKind::TotalsArchive => Vec::new(),
            TruthKind::Current => vec![self.current()],
            TruthKind::TotalsNow => vec![self.totals()],
        }
    }
}

impl M4Truth {
    fn records(&self, ring: Ring) -> Vec<TruthRecord> {
        let archive = Archive {
            config: &self.config,
            history: &self.history,
            now_hour: self.clock.now_hour(),
        };
        let mut records = Vec::new();
        for interval in archive.intervals(ring) {
            let Some(reading) = archive.reading(ring, interval) else {
                continue;
            };
            let mut values = Vec::new();
            for (input, names) in self.config.model.archives().into_iter().flat_map(|(_, parts)| parts) {
                if self.is_used(input) {
                    values.extend(names.iter().map(|name| value(name, input, reading.value(name, input))));
                }
            }
            records.push(TruthRecord {
                start: civil::civil_of_hour(interval.0),
                end: civil::civil_of_hour(interval.1),
                values,
                ns: self.situations(&reading.rows),
            });
        }
        records
    }

    /// An unused input of a СПТ943rev3 has no records worth the name.
    fn is_used(&self, input: u8) -> bool {
        input <= self.config.inputs || self.config.model != M4Model::Spt943rev3
    }

    fn situations(&self, rows: &[SptRow; 2]) -> Vec<TruthNs> {
        let model = self.config.model;
        let inputs = (1..=model.inputs()).filter(|input| self.is_used(*input) && model != M4Model::Lgk410);
        let codes = inputs.flat_map(|input| {
            let codes = codes(model, input, &rows[usize::from(input == 2)]);
            codes.map(move |code| TruthNs {
                input,
                name: None,
                code,
            })
        });
        codes.collect()
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
        let reading = live(&self.config, &self.history, self.clock.now_hour());
        for (_, _, (input, names)) in self.config.model.live() {
            record
                .values
                .extend(names.iter().map(|name| value(name, input, reading.value(name, input))));
        }
        record.ns = self.situations(&reading.rows);
        record
    }

    fn totals(&self) -> TruthRecord {
        let mut record = self.now();
        for (_, (input, names)) in self.config.model.totals() {
            let values = names.iter().map(|name| {
                let total = total(&self.config, &self.history, self.clock.now_s(), name, input);
                value(name, input, total)
            });
            record.values.extend(values);
        }
        record
    }
}

fn value(name: &'static str, input: u8, tagged: Tagged) -> TruthValue {
    let digits = match tagged {
        Tagged::Whole(number) => Some((i64::from(number), 0)),
        _ => None,
    };
    TruthValue {
        name,
        input,
        value: tagged.number(),
        digits,
    }
}
