//! Cyclic storage (EN 13757-3, VIF FD 20 to FD 29): the meter names the storage numbers of a ring and the interval
//! between them, and dates only one of them.

use crate::archive::Kind;
use crate::data::Data;
use crate::entry::Entry;
use crate::record::Vif;
use uzel_driver_sdk::calendar;

/// Kept values that lie at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle {
    first: u64,
    last: u64,
    /// What the interval makes of the values.
    pub kind: Kind,
}

/// The cycle that the meter describes, if it does so once and without contradiction.
pub fn find(entries: &[Entry<'_>]) -> Option<Cycle> {
    let first = u64::try_from(only(entries, |code| code == 0x20)?.1).ok()?;
    let last = u64::try_from(only(entries, |code| code == 0x21)?.1).ok()?;
    let kind = match only(entries, |code| (0x24..=0x29).contains(&code))? {
        (0x24, 3_600) | (0x25, 60) | (0x26, 1) => Kind::Hourly,
        (0x24, 86_400) | (0x25, 1_440) | (0x26, 24) | (0x27, 1) => Kind::Daily,
        (0x28, 1) => Kind::Monthly,
        _ => return None,
    };
    let count = i64::try_from(last.checked_sub(first)?).ok()?.checked_add(1)?;
    // A block of another size than the range would mean several values an interval.
    let has_block = entries.iter().any(|entry| entry.record.vif == Vif::Fd(0x22));
    let fits = !has_block || only(entries, |code| code == 0x22).is_some_and(|(_, size)| size == count);
    (fits && first > 0 && count > 1).then_some(Cycle { first, last, kind })
}

/// The one number under codes of the FD table, with its code. None when there is none, or several differ.
fn only(entries: &[Entry<'_>], is_wanted: impl Fn(u8) -> bool) -> Option<(u8, i64)> {
    let mut found = entries
        .iter()
        .filter_map(|entry| match (&entry.record.vif, &entry.data) {
            (Vif::Fd(code), Data::Number(number)) if is_wanted(*code) => Some((*code, *number)),
            _ => None,
        });
    let one = found.next()?;
    found.all(|other| other == one).then_some(one)
}

impl Cycle {
    /// Whether a storage number is of the ring.
    pub fn holds(&self, storage: u64) -> bool {
        (self.first..=self.last).contains(&storage)
    }

    /// Which way the ring runs: the time of any of its numbers, by one that is dated. The newest value is the one at
    /// the first number or at the last, and it is less than an interval old at `clock`; where that fits both ways, or
    /// neither, or not all of the dates, there is no answer.
    pub fn times(&self, dated: &[(u64, i64)], clock: i64) -> Option<impl Fn(u64) -> Option<i64>> {
        let &(anchor, anchor_at) = dated.first()?;
        let kind = self.kind;
        let at = move |storage: u64, newest_last: bool| {
            let distance = i64::try_from(storage).ok()?.checked_sub(i64::try_from(anchor).ok()?)?;
            kind.after(anchor_at, if newest_last { distance } else { distance.checked_neg()? })
        };
        let fits = |newest_last: bool| {
            let newest = at(if newest_last { self.last } else { self.first }, newest_last);
            let is_fresh = newest.is_some_and(|newest| {
                let next = kind.after(newest, 1);
                newest <= clock && next.is_some_and(|next| clock < next)
            });
            is_fresh
                && dated
                    .iter()
                    .all(|(storage, time)| at(*storage, newest_last) == Some(*time))
        };
        let newest_last = match (fits(false), fits(true)) {
            (true, false) => false,
            (false, true) => true,
            _ => return None,
        };
        Some(move |storage| at(storage, newest_last))
    }
}

impl Kind {
    /// `count` intervals after `at`. None where the calendar has no such day, and for numbers beyond any archive.
    pub fn after(self, at: i64, count: i64) -> Option<i64> {
        let length = match self {
            Self::Hourly => calendar::HOUR,
            Self::Daily => calendar::DAY,
            Self::Monthly if count.abs() < 12_000 => return calendar::add_months(at, count),
            Self::Monthly => return None,
        };
        at.checked_add(count.checked_mul(length)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::entries;
    use crate::record;
    use uzel_driver_sdk::bytes::unhex;

    fn cycle(bytes: &str) -> Option<Cycle> {
        let bytes = unhex(bytes).unwrap();
        let records = record::decode(&bytes).unwrap().list;
        find(&entries(&records))
    }

    #[test]
    fn a_cycle_is_described_whole_or_not_at_all() {
        let monthly = Some(Cycle {
            first: 1,
            last: 12,
            kind: Kind::Monthly,
        });
        let cases = [
            ("months", "01 fd 20 01 01 fd 21 0c 01 fd 28 01", monthly),
            (
                "with its size",
                "01 fd 20 01 01 fd 21 0c 01 fd 28 01 01 fd 22 0c",
                monthly,
            ),
            (
                "of another size",
                "01 fd 20 01 01 fd 21 0c 01 fd 28 01 01 fd 22 04",
                None,
            ),
            ("no interval", "01 fd 20 01 01 fd 21 0c", None),
            ("two intervals", "01 fd 20 01 01 fd 21 0c 01 fd 28 01 01 fd 27 01", None),
            ("quarters", "01 fd 20 01 01 fd 21 0c 01 fd 28 03", None),
            ("backwards", "01 fd 20 0c 01 fd 21 01 01 fd 28 01", None),
            ("with the running value", "01 fd 20 00 01 fd 21 0c 01 fd 28 01", None),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(cycle(bytes), want, "{name}");
        }
    }

    #[test]
    fn the_clock_decides_which_way_the_ring_runs() {
        let cycle = Cycle {
            first: 1,
            last: 24,
            kind: Kind::Hourly,
        };
        let hour = |count: i64| count * calendar::HOUR;
        let clock = hour(1_000) + 600;
        let cases = [
            ("newest first, first dated", vec![(1, hour(1_000))], Some(hour(999))),
            ("newest last, last dated", vec![(24, hour(1_000))], Some(hour(978))),
            ("newest last, first dated", vec![(1, hour(977))], Some(hour(978))),
            ("two dates", vec![(1, hour(1_000)), (3, hour(998))], Some(hour(999))),
            ("dates that disagree", vec![(1, hour(1_000)), (3, hour(997))], None),
            ("stale either way", vec![(1, hour(990))], None),
            ("no date", vec![], None),
        ];
        for (name, dated, want) in cases {
            let second = cycle.times(&dated, clock).and_then(|at| at(2));
            assert_eq!(second, want, "{name}");
        }
    }
}
