//! The НС journal of a heat system (section 5.5): five bytes an entry, a ring by index.

use super::history::TsrvHistory;
use crate::civil::HOUR_S;
use std::ops::Range;

/// Entries in the ring.
pub const DEPTH: usize = 500;

/// Bit of an entry that says that it is over.
const CLEARED: u8 = 0x80;

/// All entries of a heat system from its first hour on, oldest first.
pub fn entries(history: &TsrvHistory, system: u8, hours: Range<i64>) -> Vec<[u8; 5]> {
    let mut entries = Vec::new();
    for hour in hours.filter(|hour| history.has(*hour)) {
        let now = history.sum(system, hour..hour + 1);
        for (code, minutes) in [(25, now.ns[0]), (26, now.ns[1])] {
            if minutes > 0 {
                let begin = hour * HOUR_S;
                entries.push(entry(begin, code));
                entries.push(entry(begin + minutes * 60 - 1, code | CLEARED));
            }
        }
    }
    entries
}

fn entry(time: i64, event: u8) -> [u8; 5] {
    let [a, b, c, d] = u32::try_from(time).unwrap_or(0).to_be_bytes();
    [a, b, c, d, event]
}

/// The place of the newest entry.
pub fn index(entries: &[[u8; 5]]) -> u16 {
    let newest = entries.len().saturating_sub(1) % DEPTH;
    u16::try_from(newest).unwrap_or(0)
}

/// Entries in these places of the ring; none beyond it.
pub fn read(entries: &[[u8; 5]], first: u16, count: u16) -> Option<Vec<u8>> {
    let (first, count) = (usize::from(first), usize::from(count));
    if first + count > DEPTH {
        return None;
    }
    let newest = entries.len().checked_sub(1);
    let at = |place: usize| {
        // The newest number that falls into this place.
        let newest = newest?;
        let number = newest.checked_sub((newest + DEPTH - place) % DEPTH)?;
        entries.get(number).copied()
    };
    Some(
        (first..first + count)
            .flat_map(|place| at(place).unwrap_or_default())
            .collect(),
    )
}
