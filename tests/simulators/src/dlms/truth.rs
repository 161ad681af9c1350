//! What the meter holds, for tests to compare a database with.

use super::history::History;
use super::profile::{Profile, Record};
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// Names of counters in the order of [`super::profile::COUNTERS`].
const NAMES: [&str; 4] = ["1.0.1.8.0", "1.0.1.8.1", "1.0.1.8.2", "1.0.3.8.0"];
/// Volts, amperes, Hz, W: names and decimals.
const NOW: [(&str, u8); 4] = [
    ("1.0.32.7.0", 1),
    ("1.0.31.7.0", 2),
    ("1.0.14.7.0", 2),
    ("1.0.1.7.0", 0),
];
/// The bit of a status that tells of a break of power.
const POWER_DOWN: u32 = 7;

/// The truth about one meter; follows its clock.
pub struct DlmsTruth {
    pub history: Arc<History>,
    pub clock: SimClock,
    /// It only sends what it measures and counts now.
    pub is_pushed: bool,
}

fn value(name: &'static str, digits: i64, decimals: u8) -> TruthValue {
    TruthValue {
        name,
        input: 0,
        value: Some(digits as f64 / 10f64.powi(decimals.into())),
        digits: Some((digits, decimals)),
    }
}

fn told(record: &Record, status: Option<&'static str>) -> TruthRecord {
    let mut values = Vec::new();
    let mut ns = Vec::new();
    if let (Some(name), Some(bits)) = (status, record.status) {
        values.push(value(name, bits.into(), 0));
        if bits & 1 << POWER_DOWN != 0 {
            ns.push(TruthNs {
                input: 0,
                name: Some(name),
                code: POWER_DOWN,
            });
        }
    }
    values.extend(
        record
            .counters
            .iter()
            .map(|(place, count)| value(NAMES[*place], i64::from(*count), 0)),
    );
    TruthRecord {
        start: record.start,
        end: record.end,
        values,
        ns,
    }
}

impl Truth for DlmsTruth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now = self.clock.now();
        let hour = self.clock.now_hour();
        let archive = |profile: Profile, status| -> Vec<TruthRecord> {
            if self.is_pushed {
                return Vec::new();
            }
            let records = profile.records(&self.history, now);
            records.iter().map(|record| told(record, status)).collect()
        };
        let moment = |values| {
            vec![TruthRecord {
                start: now,
                end: now,
                values,
                ns: Vec::new(),
            }]
        };
        match kind {
            TruthKind::Hourly => archive(Profile::Hours, Some("0.0.96.10.1")),
            TruthKind::Daily => archive(Profile::Days, Some("0.0.96.10.2")),
            TruthKind::Monthly => archive(Profile::Months, None),
            TruthKind::Current => {
                let numbers = NOW.iter().zip(self.history.now(hour));
                moment(
                    numbers
                        .map(|((name, decimals), digits)| value(name, digits.into(), *decimals))
                        .collect(),
                )
            }
            TruthKind::TotalsNow => {
                let counters = self.history.counters(hour - 1).unwrap_or_default();
                moment(
                    NAMES
                        .iter()
                        .zip(counters)
                        .map(|(name, count)| value(name, count.into(), 0))
                        .collect(),
                )
            }
            TruthKind::TotalsArchive => Vec::new(),
        }
    }
}
