//! What a ТСРВ holds, in the words of [`crate::truth`].

use super::device::Knowledge;
use super::name::{Content, Kind, TsrvModel};
use crate::civil;
use crate::truth::{Truth, TruthKind, TruthRecord, TruthValue};
use std::ops::Range;

/// The truth about one meter; follows its clock.
pub struct TsrvTruth(pub Knowledge);

impl Truth for TsrvTruth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        match kind {
            TruthKind::Hourly => self.archive(Kind::Hours),
            TruthKind::Daily => self.archive(Kind::Days),
            TruthKind::Monthly => self.archive(Kind::Months),
            TruthKind::Current => {
                let (fields, ns) = self.0.shown().current();
                vec![self.moment(fields.values, ns)]
            }
            TruthKind::TotalsNow => vec![self.moment(self.0.shown().totals().values, Vec::new())],
            TruthKind::TotalsArchive => Vec::new(),
        }
    }
}

impl TsrvTruth {
    fn moment(&self, values: Vec<TruthValue>, ns: Vec<crate::truth::TruthNs>) -> TruthRecord {
        let now = self.0.clock.now();
        TruthRecord {
            start: now,
            end: now,
            values,
            ns,
        }
    }

    fn archive(&self, kind: Kind) -> Vec<TruthRecord> {
        self.0
            .held(kind)
            .into_iter()
            .map(|hours| self.record(kind, hours))
            .collect()
    }

    /// All that the meter has of an interval, from every array.
    fn record(&self, kind: Kind, hours: Range<i64>) -> TruthRecord {
        let contents: &[Content] = match self.0.config.model {
            TsrvModel::Tsrv024m => &[
                Content::System(1),
                Content::System(2),
                Content::Summary,
                Content::Growing,
            ],
            TsrvModel::Tsrv024mPlus => &[Content::System(1), Content::System(2)],
            _ => &[Content::System(0)],
        };
        let (mut values, mut ns) = (Vec::new(), Vec::new());
        for content in contents {
            let record = self.0.record(kind, *content, hours.clone());
            values.extend(record.fields.values);
            ns.extend(record.ns);
        }
        TruthRecord {
            start: civil::civil_of_hour(hours.start),
            end: civil::civil_of_hour(hours.end),
            values,
            ns,
        }
    }
}
