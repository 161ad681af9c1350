//! Compact profiles (EN 13757-3, VIFE 1F, 1E and 13): values at equal distances in one record of variable length.
//!
//! The record begins with a control byte (how the values are given, the unit of their distance, their coding) and the
//! distance; the values follow, oldest first behind VIFE 1F and 1E, newest first behind VIFE 13. The date of the same
//! storage number is that of a base value, which is a record of its own; the first value of the profile lies one distance
//! from it. (Public telegrams of water meters: with VIFE 13 the base of 1 June is followed by the value of 1 May; with 1E
//! the base of 1 September 2021 by fourteen values that grow up to 1 November 2022, and the readout is of that month.)

use uzel_driver_sdk::calendar;

use crate::data::{self, Coding, Data, Expected, Length};
use crate::date::{self, Precision, Stamp};
use crate::record::{Function, Record, Vif};

/// The values of profiles get storage numbers from here on: beyond all that a record can say.
pub const FIRST_STORAGE: u64 = 1 << 41;
/// Oldest value first.
const PROFILE: u8 = 0x1f;
/// Oldest value first, each in a storage number of its own.
const WITH_REGISTERS: u8 = 0x1e;
/// Newest value first.
const INVERSE: u8 = 0x13;
/// The distance is a month, where its unit is "days or months".
const A_MONTH: u8 = 254;

/// Between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    Seconds(i64),
    Month,
}

/// How a value comes from the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Absolute,
    Increase,
    Decrease,
    Change,
}

/// The values of all compact profiles among `records` as records of their own, each with its date. What a profile does
/// not say plainly is left: it stays a block of bytes.
pub fn expand<'a>(records: &[Record<'a>]) -> Vec<Record<'a>> {
    let mut expanded = Vec::new();
    let mut storage = FIRST_STORAGE;
    for record in records {
        for (date, value) in values(record, records).unwrap_or_default() {
            expanded.extend([Record { storage, ..date }, Record { storage, ..value }]);
            storage += 1;
        }
    }
    expanded
}

/// Dates and values of a profile; none where the record is no profile, or its base is not there.
fn values<'a>(record: &Record<'a>, records: &[Record<'a>]) -> Option<Vec<(Record<'a>, Record<'a>)>> {
    let is_profile = |vife: &&u8| matches!(**vife & 0x7f, PROFILE | WITH_REGISTERS | INVERSE);
    let mut kinds = record.vifes.iter().filter(is_profile);
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return None;
    };
    let newest_first = kind & 0x7f == INVERSE;
    let vifes: Vec<u8> = record.vifes.iter().filter(|vife| !is_profile(vife)).copied().collect();
    if !matches!(record.coding, Coding::Text | Coding::Bytes) {
        return None;
    }
    let &[control, spacing, ref elements @ ..] = &*record.data else {
        return None;
    };
    let Length::Fixed(coding, length @ 1..) = data::coding(control & 0x0f) else {
        return None;
    };
    let (mode, distance) = (mode(control), distance(control, spacing)?);
    let base_date = only(records, |other| is_date_of(record, other))?;
    let Data::Stamp(base_at) = data::decode(base_date.coding, &base_date.data, Expected::AnyDate) else {
        return None;
    };
    let mut last = match mode {
        Mode::Absolute => 0,
        _ => {
            let base = only(records, |other| is_base_of(record, &vifes, other))?;
            number(base.coding, &base.data)?
        }
    };
    let mut values = Vec::new();
    for (count, element) in (1i64..).zip(elements.chunks_exact(length)) {
        let value = match (mode, number(coding, element)) {
            // A slot that the meter has not filled yet.
            (Mode::Absolute, None) => continue,
            (Mode::Absolute, Some(_)) => (coding, element.to_vec()),
            (_, None) => break,
            (mode, Some(change)) => {
                let Some(next) = follow(last, mode, change, newest_first) else {
                    break;
                };
                last = next;
                (Coding::Integer, next.to_le_bytes().to_vec())
            }
        };
        let Some(stamp) = distant(base_at, distance, if newest_first { -count } else { count }) else {
            break;
        };
        let date = Record {
            data: date::encode(stamp.time, stamp.precision).into(),
            ..base_date.clone()
        };
        let value = Record {
            vifes: vifes.clone().into(),
            coding: value.0,
            data: value.1.into(),
            ..record.clone()
        };
        values.push((date, value));
    }
    Some(values)
}

fn mode(control: u8) -> Mode {
    match control >> 6 {
        0 => Mode::Absolute,
        1 => Mode::Increase,
        2 => Mode::Decrease,
        _ => Mode::Change,
    }
}

/// None for half months and for what is reserved.
fn distance(control: u8, spacing: u8) -> Option<Distance> {
    let unit = match (control >> 4 & 3, spacing) {
        (3, A_MONTH) => return Some(Distance::Month),
        (_, 0 | 251..) => return None,
        (0, _) => 1,
        (1, _) => calendar::MINUTE,
        (2, _) => calendar::HOUR,
        _ => calendar::DAY,
    };
    Some(Distance::Seconds(unit * i64::from(spacing)))
}

/// The value before or behind `last`. Changes are those in the course of time, whichever way the values are given.
fn follow(last: i64, mode: Mode, change: i64, newest_first: bool) -> Option<i64> {
    let change = match mode {
        Mode::Increase | Mode::Decrease if change < 0 => return None,
        Mode::Decrease => change.checked_neg()?,
        _ => change,
    };
    if newest_first {
        last.checked_sub(change)
    } else {
        last.checked_add(change)
    }
}

/// `count` distances from a date. A last day of a month stays one.
fn distant(from: Stamp, distance: Distance, count: i64) -> Option<Stamp> {
    let at = calendar::reckon(from.time);
    let is_last_day = i64::from(from.time.day) == calendar::days_in_month(from.time.year, from.time.month);
    let at = match distance {
        Distance::Seconds(seconds) => at.checked_add(seconds.checked_mul(count)?)?,
        Distance::Month if is_last_day => calendar::add_months(at + calendar::DAY, count)? - calendar::DAY,
        Distance::Month => calendar::add_months(at, count)?,
    };
    let time = calendar::civil(at);
    let is_whole_day = from.precision != Precision::Day || at.rem_euclid(calendar::DAY) == 0;
    ((2_000..=2_080).contains(&time.year) && is_whole_day).then_some(Stamp { time, ..from })
}

fn number(coding: Coding, bytes: &[u8]) -> Option<i64> {
    match data::decode(coding, bytes, Expected::Number) {
        Data::Number(number) => Some(number),
        _ => None,
    }
}

/// The date of the base value: the one of the storage number.
fn is_date_of(profile: &Record<'_>, other: &Record<'_>) -> bool {
    other.storage == profile.storage
        && matches!(other.vif, Vif::Primary(0x6c | 0x6d))
        && other.vifes.is_empty()
        && other.function == Function::Instant
        && (other.tariff, other.subunit) == (0, 0)
}

fn is_base_of(profile: &Record<'_>, vifes: &[u8], other: &Record<'_>) -> bool {
    let place = |record: &Record<'_>| (record.storage, record.tariff, record.subunit, record.function);
    let same = other
        .vifes
        .iter()
        .map(|vife| vife & 0x7f)
        .eq(vifes.iter().map(|vife| vife & 0x7f));
    place(other) == place(profile) && other.vif == profile.vif && same
}

/// The one record that is wanted. None where there is none, or another one beside it.
fn only<'a, 'b>(records: &'b [Record<'a>], is_wanted: impl Fn(&Record<'a>) -> bool) -> Option<&'b Record<'a>> {
    let mut wanted = records.iter().filter(|record| is_wanted(record));
    let one = wanted.next()?;
    wanted.next().is_none().then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{self, Kind};
    use crate::data::Data;
    use crate::entry::entries;
    use crate::record;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    /// The intervals of all archives by their begin, with the value, for a readout on 20 June 2026.
    fn told(bytes: &str) -> Vec<String> {
        let bytes = unhex(bytes).unwrap();
        let mut records = record::decode(&bytes).unwrap().list;
        records.extend(expand(&records));
        let entries = entries(&records);
        let clock = calendar::days(2026, 6, 20) * calendar::DAY;
        let archives = archive::build(&entries, Some(clock), clock);
        let mut told = Vec::new();
        for kind in [Kind::Hourly, Kind::Daily, Kind::Monthly] {
            for interval in archives.intervals(kind) {
                let time = calendar::civil(interval.begin);
                let value = interval
                    .values
                    .iter()
                    .map(|at| match (&entries[*at].data, entries[*at].id(false)) {
                        (Data::Number(number), id) => format!("{id}={number}"),
                        (data, id) => format!("{id}={data:?}"),
                    });
                let value = value.collect::<Vec<_>>().join(" ");
                told.push(format!(
                    "{kind:?} {}-{:02}-{:02} {:02}h {value}",
                    time.year, time.month, time.day, time.hour
                ));
            }
        }
        told.extend(archives.remarks);
        told
    }

    #[test]
    fn values_of_profiles_are_archived_by_their_dates() {
        let base = "82 04 6c 41 36 84 04 13 0a 00 00 00 ";
        let cases = [
            // As public telegrams of water meters have it: 1 June 2026, then the months before, most of them empty.
            (
                "inverse, absolute, months",
                format!("{base} 8d 04 93 13 0e 34 fe 07 00 00 00 05 00 00 00 00 00 00 80"),
                vec![
                    "Monthly 2026-03-01 00h volume=5",
                    "Monthly 2026-04-01 00h volume=7",
                    "Monthly 2026-05-01 00h volume=10",
                ],
            ),
            (
                "inverse, increase",
                format!("{base} 8d 04 93 13 04 71 fe 02 03"),
                vec![
                    "Monthly 2026-03-01 00h volume=5",
                    "Monthly 2026-04-01 00h volume=8",
                    "Monthly 2026-05-01 00h volume=10",
                ],
            ),
            (
                "oldest first, change, hours",
                "44 6d 00 0a 4d 36 44 13 64 00 00 00 4d 93 1f 04 e1 01 05 ff".to_owned(),
                vec![
                    "Hourly 2026-06-13 09h volume=100",
                    "Hourly 2026-06-13 10h volume=105",
                    "Hourly 2026-06-13 11h volume=104",
                ],
            ),
            (
                "with registers",
                "42 6c 41 34 44 13 03 00 00 00 4d 93 1e 0a 3c fe 05 00 00 00 09 00 00 00".to_owned(),
                vec![
                    "Monthly 2026-03-01 00h volume=3",
                    "Monthly 2026-04-01 00h volume=5",
                    "Monthly 2026-05-01 00h volume=9",
                ],
            ),
            (
                "end of the last day",
                "44 6d 3b 17 5f 35 44 13 09 00 00 00 4d 93 13 05 32 fe 08 00 07".to_owned(),
                vec!["Monthly 2026-04-01 00h volume=8", "Monthly 2026-05-01 00h volume=9"],
            ),
            (
                "no date",
                "44 13 0a 00 00 00 4d 93 13 03 31 fe 07".to_owned(),
                vec!["storage 1: no date"],
            ),
            (
                "changes without a base",
                "42 6c 41 36 4d 93 13 03 71 fe 07".to_owned(),
                vec![],
            ),
            (
                "half months",
                format!("{base} 8d 04 93 13 03 31 fd 07"),
                vec!["Monthly 2026-05-01 00h volume=10"],
            ),
            (
                "empty",
                format!("{base} 8d 04 93 13 01 31"),
                vec!["Monthly 2026-05-01 00h volume=10"],
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(told(&bytes), want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_profile_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut readout = unhex("42 6c 41 36 44 13 0a 00 00 00 4d 93 13").unwrap();
            readout.push(u8::try_from(bytes.len()).unwrap());
            readout.extend(&bytes);
            let records = record::decode(&readout).unwrap().list;
            prop_assert!(expand(&records).len() <= 2 * bytes.len());
        }
    }
}
