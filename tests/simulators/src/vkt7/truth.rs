//! What the archives of a ВКТ-7 hold, in the words of [`crate::truth`].

use super::archive::{Archive, Content, Selected};
use super::config::Vkt7Config;
use super::data::{Source, Value};
use super::elements::{self, CURRENT, DAILY, HOURLY, MONTHLY, TOTALS_ARCHIVE, TOTALS_NOW};
use super::history::History;
use crate::civil::civil_of_hour;
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// The truth about one meter; follows its clock.
pub struct Vkt7Truth {
    pub config: Arc<Vkt7Config>,
    pub history: Arc<History>,
    pub clock: SimClock,
}

impl Truth for Vkt7Truth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now_hour = self.clock.now_hour();
        let archive = Archive {
            history: &self.history,
            config: &self.config,
            now_hour,
        };
        let all = |value_type| -> Vec<TruthRecord> {
            archive
                .all(value_type)
                .into_iter()
                .map(|selected| self.record(value_type, selected))
                .collect()
        };
        let now = |value_type, content| {
            let mut record = self.record(
                value_type,
                Selected {
                    start_hour: now_hour,
                    end_hour: now_hour,
                    content,
                },
            );
            (record.start, record.end) = (self.clock.now(), self.clock.now());
            vec![record]
        };
        match kind {
            TruthKind::Hourly => all(HOURLY),
            TruthKind::Daily => all(DAILY),
            TruthKind::Monthly => all(MONTHLY),
            TruthKind::TotalsArchive => all(TOTALS_ARCHIVE),
            TruthKind::Current => now(CURRENT, Content::Interval(self.history.current(now_hour))),
            TruthKind::TotalsNow => {
                let (totals, di) = self.history.totals_before(now_hour);
                now(TOTALS_NOW, Content::Totals(totals, di))
            }
        }
    }
}

impl Vkt7Truth {
    fn record(&self, value_type: u8, selected: Selected) -> TruthRecord {
        let active = self.config.elements_at(selected.start_hour);
        let source = Source {
            config: &self.config,
            value_type,
            active,
            content: selected.content,
        };
        let known = || {
            active
                .iter()
                .filter(|index| elements::fits(**index, value_type))
                .filter_map(|index| Some((*index, elements::element(*index)?)))
        };
        let value = |(index, element): (u8, elements::Element)| {
            let decimals = elements::decimals(&element, &self.config.digits);
            let failed = self.config.failed.contains(&index);
            let (value, digits) = match source.value(&element)? {
                _ if failed => (None, None),
                Value::Int(int) => {
                    let decimals = decimals.unwrap_or(0);
                    let divisor = 10f64.powi(decimals.into());
                    (Some(f64::from(int) / divisor), Some((i64::from(int), decimals)))
                }
                Value::Float(float) => (Some(f64::from(float)), None),
                Value::Char(_) | Value::Times(_) => return None,
            };
            Some(TruthValue {
                name: element.name,
                input: element.input,
                value,
                digits,
            })
        };
        let ns = |(_, element): (u8, elements::Element)| {
            let code = source.ns_code(&element)?.into();
            Some(TruthNs {
                input: element.input,
                name: Some(element.name),
                code,
            })
        };
        TruthRecord {
            start: civil_of_hour(selected.start_hour),
            end: civil_of_hour(selected.end_hour),
            values: known().filter_map(value).collect(),
            ns: known().filter_map(ns).collect(),
        }
    }
}
