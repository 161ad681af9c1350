//! What an M-Bus slave holds, in the words of [`crate::truth`].

use super::content::{Content, Reading};
use super::device::MbusConfig;
use super::history::MbusHistory;
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthRecord, TruthValue};
use jiff::civil::DateTime;
use std::sync::Arc;

/// The truth about one slave; follows its clock.
pub struct MbusTruth {
    pub config: MbusConfig,
    pub history: Arc<MbusHistory>,
    pub clock: SimClock,
}

impl Truth for MbusTruth {
    /// The last due date is `TotalsArchive`.
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now = self.clock.now();
        let content = Content {
            kind: self.config.kind,
            history: &self.history,
            now,
            id: self.config.id,
            months: self.config.months,
            days: self.config.days,
            hours: self.config.hours,
            seconds: self.config.seconds,
            compact: self.config.compact,
        };
        if matches!(kind, TruthKind::Current | TruthKind::TotalsNow) {
            return vec![record(now, &content.current())];
        }
        let mut periods = content.periods();
        periods.retain(|period| period.kind() == kind);
        periods.sort_by_key(|period| period.stamp);
        periods
            .iter()
            .map(|period| record(period.stamp, &period.readings))
            .collect()
    }
}

fn record(at: DateTime, readings: &[Reading]) -> TruthRecord {
    let value = |reading: &Reading| TruthValue {
        name: reading.name,
        input: u8::try_from(reading.tariff).unwrap_or(0),
        value: Some(reading.digits as f64 / 10f64.powi(reading.decimals.into())),
        digits: Some((reading.digits, reading.decimals)),
    };
    TruthRecord {
        start: at,
        end: at,
        values: readings.iter().map(value).collect(),
        ns: Vec::new(),
    }
}
