//! What a meter of IEC 62056-21 holds, in the words of [`crate::truth`]. НС are bits of the status word.

use super::builder::IecConfig;
use super::history::{IecHistory, Totals};
use super::text::{MONTHS, Shown};
use crate::civil;
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// The truth about one meter; follows its clock.
pub struct IecTruth {
    pub config: IecConfig,
    pub history: Arc<IecHistory>,
    pub clock: SimClock,
    /// It sends telegrams, which show less.
    pub is_pushed: bool,
}

impl Truth for IecTruth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let shown = Shown {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
        };
        match kind {
            TruthKind::Hourly if !self.is_pushed => hours(&shown),
            TruthKind::Monthly if !self.is_pushed => months(&shown),
            TruthKind::Current => {
                let name = if self.is_pushed { "1-0:1.7.0" } else { "1.7.0" };
                vec![moment(&shown, vec![value(name, shown.power_w())])]
            }
            TruthKind::TotalsNow => {
                let totals = shown.totals();
                let values = match self.is_pushed {
                    true => vec![value("1-0:1.8.1", totals.night), value("1-0:1.8.2", totals.day)],
                    false => registers(&totals),
                };
                vec![moment(&shown, values)]
            }
            _ => Vec::new(),
        }
    }
}

fn hours(shown: &Shown<'_>) -> Vec<TruthRecord> {
    let record = |hour: i64| {
        let row = shown.history.hour(hour)?;
        let bits = (0..32).map(|place| 1 << place).filter(|bit| row.status & bit != 0);
        let ns = |code| TruthNs {
            input: 0,
            name: None,
            code,
        };
        Some(TruthRecord {
            start: civil::civil_of_hour(hour),
            end: civil::civil_of_hour(hour + 1),
            values: vec![value("1.29", row.active_wh), value("3.29", row.reactive_varh)],
            ns: bits.map(ns).collect(),
        })
    };
    shown.hours().filter_map(record).collect()
}

fn months(shown: &Shown<'_>) -> Vec<TruthRecord> {
    let months = shown.history.months(shown.now, shown.config.installed_hour, MONTHS);
    let record = |month: &super::history::Month| {
        let mut values = registers(&month.totals);
        values.push(value("1.6.0", month.maximum.0));
        TruthRecord {
            start: civil::civil_of_hour(month.start_hour),
            end: civil::civil_of_hour(month.end_hour),
            values,
            ns: Vec::new(),
        }
    };
    months.iter().rev().map(record).collect()
}

fn registers(totals: &Totals) -> Vec<TruthValue> {
    vec![
        value("1.8.0", totals.active),
        value("1.8.1", totals.day),
        value("1.8.2", totals.night),
        value("3.8.0", totals.reactive),
    ]
}

fn moment(shown: &Shown<'_>, values: Vec<TruthValue>) -> TruthRecord {
    TruthRecord {
        start: shown.now,
        end: shown.now,
        values,
        ns: Vec::new(),
    }
}

fn value(name: &'static str, digits: i64) -> TruthValue {
    TruthValue {
        name,
        input: 0,
        value: Some(digits as f64 / 1_000.0),
        digits: Some((digits, 3)),
    }
}
