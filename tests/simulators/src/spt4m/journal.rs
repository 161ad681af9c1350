//! The journals: when a situation came and went, what was changed (docs/protocols: Logika M4, sections 4.4 and 11).

use super::archive::{Archive, Ring};
use super::reading::codes;
use crate::civil;
use jiff::civil::DateTime;
use std::collections::BTreeSet;

/// Days of which situations are remembered.
const DAYS: i64 = 30;

/// The journals of one channel.
pub struct Journal<'a> {
    pub archive: &'a Archive<'a>,
    pub channel: u8,
}

impl Journal<'_> {
    /// `НСnn+` and `НСnn-` at the hours at which they came and went, oldest first.
    pub fn situations(&self) -> Vec<(DateTime, String)> {
        let archive = self.archive;
        let inputs: Vec<u8> = match self.channel {
            0 => (1..=archive.config.model.inputs()).collect(),
            input => vec![input],
        };
        let mut entries = Vec::new();
        let mut before = BTreeSet::new();
        let first = archive.now_hour - DAYS * civil::DAY_H;
        for (from, to) in archive.intervals(Ring::Hours) {
            let Some(reading) = archive.reading(Ring::Hours, (from, to)).filter(|_| from >= first) else {
                continue;
            };
            let now: BTreeSet<u32> = inputs
                .iter()
                .flat_map(|input| codes(reading.model, *input, &reading.rows[usize::from(*input == 2)]))
                .collect();
            let at = civil::civil_of_hour(from);
            entries.extend(before.difference(&now).map(|code| (at, format!("НС{code:02}-"))));
            // A moment has one entry: what comes is a second behind what goes, and each has its own.
            let came = now.difference(&before).enumerate();
            entries.extend(came.map(|(place, code)| {
                let seconds = i64::try_from(place + 1).unwrap_or(1);
                let at = civil::civil_of(civil::seconds_of(at) + seconds);
                (at, format!("НС{code:02}+"))
            }));
            before = now;
        }
        entries
    }

    /// The start of the meter's work.
    pub fn changes(&self) -> Vec<(DateTime, String)> {
        let archive = self.archive;
        let first = archive.config.installed_hour.max(archive.history.origin_hour);
        vec![(civil::civil_of_hour(first), "Выполнен ПУСК".to_owned())]
    }
}
