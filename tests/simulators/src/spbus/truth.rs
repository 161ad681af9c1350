//! What a meter of the magistral protocol holds, in the words of [`crate::truth`].

use super::builder::SpbusConfig;
use super::history::{Row, SpbusHistory};
use super::model::{Live, Source, SpbusModel};
use super::question::{Knowledge, Record, Ring};
use crate::civil;
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// The truth about one meter; follows its clock.
pub struct SpbusTruth {
    pub config: SpbusConfig,
    pub history: Arc<SpbusHistory>,
    pub clock: SimClock,
}

impl Truth for SpbusTruth {
    /// It keeps no totals in its archives beside their running columns.
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        if self.config.model == SpbusModel::Spe543 {
            return self.electric(kind);
        }
        let ring = match kind {
            TruthKind::Hourly => Ring::Hours,
            TruthKind::Daily => Ring::Days,
            TruthKind::Monthly => Ring::Months,
            TruthKind::TotalsArchive => return Vec::new(),
            TruthKind::Current => return vec![self.moment(self.config.model.live(), true)],
            TruthKind::TotalsNow => return vec![self.moment(self.config.model.totals(), false)],
        };
        let knowledge = self.knowledge();
        let mut records: Vec<_> = knowledge
            .records(ring)
            .iter()
            .map(|record| self.record(&knowledge, record))
            .collect();
        records.reverse();
        records
    }
}

impl SpbusTruth {
    fn electric(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let knowledge = self.knowledge();
        match kind {
            TruthKind::Hourly => knowledge.electric_records(0),
            TruthKind::Daily => knowledge.electric_records(1),
            TruthKind::Monthly => knowledge.electric_records(2),
            TruthKind::TotalsArchive => Vec::new(),
            TruthKind::Current => vec![knowledge.electric_moment(true)],
            TruthKind::TotalsNow => vec![knowledge.electric_moment(false)],
        }
    }

    fn knowledge(&self) -> Knowledge<'_> {
        Knowledge {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
        }
    }

    fn record(&self, knowledge: &Knowledge<'_>, record: &Record) -> TruthRecord {
        let mut ns = Vec::new();
        let mut values = Vec::new();
        for column in self.config.model.columns() {
            if column.source == Source::Summary {
                let code = knowledge.summary(&record.row).parse().unwrap_or(0);
                ns.push(TruthNs {
                    input: column.channel,
                    name: Some(column.name),
                    code,
                });
                continue;
            }
            let digits = record.row.digits(column.source, &record.after);
            values.push(value(column.name, column.channel, digits, column.source));
            if knowledge.is_starred(column, &record.row) {
                ns.push(TruthNs {
                    input: column.channel,
                    name: Some(column.name),
                    code: u32::from(b'*'),
                });
            }
        }
        TruthRecord {
            start: civil::civil_of_hour(record.from),
            end: civil::civil_of_hour(record.to),
            values,
            ns,
        }
    }

    fn moment(&self, list: &[Live], is_now: bool) -> TruthRecord {
        let now = self.clock.now();
        let hour = civil::hour_of(now);
        let (row, before) = (self.history.hour(hour), self.history.totals_before(hour));
        let values = list.iter().map(|(_, channel, name, _, source)| {
            let digits = if is_now {
                row.digits(*source, &before)
            } else {
                before.digits(*source)
            };
            value(name, *channel, digits, *source)
        });
        TruthRecord {
            start: now,
            end: now,
            values: values.collect(),
            ns: if is_now { self.on_now(&row) } else { Vec::new() },
        }
    }

    fn on_now(&self, row: &Row) -> Vec<TruthNs> {
        let codes = self.config.model.codes();
        let on = codes.iter().zip(row.ns).filter(|(_, is_on)| *is_on);
        on.map(|((code, _), _)| TruthNs {
            input: 1,
            name: None,
            code: *code,
        })
        .collect()
    }
}

fn value(name: &'static str, channel: u8, digits: i64, source: Source) -> TruthValue {
    let decimals = source.decimals();
    TruthValue {
        name,
        input: channel,
        value: Some(digits as f64 / 10f64.powi(decimals.into())),
        digits: Some((digits, decimals)),
    }
}
