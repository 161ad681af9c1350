//! What the meter's archives do not hold, so that nobody asks for it again.

use uzel_driver_sdk::{Absence, Window, absence, calendar};

use crate::archive::{Interval, Kind};

/// Intervals that begin before this have ended, and the meter has had time to keep their values.
pub fn settled_until(kind: Kind, clock: i64) -> i64 {
    let day = (clock - calendar::DAY).div_euclid(calendar::DAY) * calendar::DAY;
    match kind {
        Kind::Hourly => (clock - calendar::HOUR).div_euclid(calendar::HOUR) * calendar::HOUR,
        Kind::Daily => day,
        Kind::Monthly => day - (i64::from(calendar::civil(day).day) - 1) * calendar::DAY,
    }
}

/// The parts of `windows` before `until` that no interval covers, in their order. `intervals` are all that the meter
/// holds of this kind, oldest first. Before the oldest of several the ring has gone past; elsewhere the meter keeps
/// nothing.
pub fn gaps(windows: &[Window], intervals: &[&Interval], until: i64) -> Vec<(Window, Absence)> {
    let oldest = match intervals {
        [oldest, _, ..] => oldest.begin,
        _ => i64::MIN,
    };
    let held: Vec<_> = intervals
        .iter()
        .map(|interval| (interval.begin, interval.end))
        .collect();
    windows
        .iter()
        .flat_map(|window| absence::gaps(*window, &held, oldest, until))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive;
    use crate::entry::entries;
    use crate::record;
    use uzel_driver_sdk::CivilTime;
    use uzel_driver_sdk::bytes::unhex;

    fn month(year: u16, month: u8) -> CivilTime {
        CivilTime {
            year,
            month,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
        }
    }

    /// Gaps of the year 2013 and 2014 as `year-month to year-month why` for a meter with these due dates (type G).
    fn told(bytes: &str) -> Vec<String> {
        let bytes = unhex(bytes).unwrap();
        let records = record::decode(&bytes).unwrap().list;
        let clock = calendar::reckon(month(2014, 3)) + 12 * calendar::DAY;
        let archives = archive::build(&entries(&records), Some(clock), clock);
        let window = Window {
            begin: month(2013, 1),
            end: month(2015, 1),
        };
        let intervals = archives.intervals(Kind::Monthly);
        let gaps = gaps(&[window], &intervals, settled_until(Kind::Monthly, clock));
        let told = gaps.into_iter().map(|(window, why)| {
            let (begin, end) = (window.begin, window.end);
            format!("{}-{} to {}-{} {why:?}", begin.year, begin.month, end.year, end.month)
        });
        told.collect()
    }

    #[test]
    fn what_is_not_kept_is_said_once_and_only_of_the_past() {
        let cases = [
            (
                "nothing kept",
                "01 06 05",
                vec!["2013-1 to 2014-3 Absence::NeverWritten"],
            ),
            (
                "one due date",
                "42 6c bf 1c 41 06 05",
                vec![
                    "2013-1 to 2013-12 Absence::NeverWritten",
                    "2014-1 to 2014-3 Absence::NeverWritten",
                ],
            ),
            (
                "a ring of two months",
                "42 6c c1 13 41 06 05 82 01 6c c1 12 81 01 06 04",
                vec!["2013-1 to 2014-1 Absence::Overwritten"],
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(told(bytes), want, "{name}");
        }
    }

    #[test]
    fn the_running_interval_and_the_one_just_ended_are_not_judged() {
        let clock = calendar::reckon(month(2014, 3)) + 12 * calendar::HOUR;
        let told = [Kind::Hourly, Kind::Daily, Kind::Monthly].map(|kind| calendar::civil(settled_until(kind, clock)));
        let told = told.map(|time| (time.month, time.day, time.hour));
        assert_eq!(told, [(3, 1, 11), (2, 28, 0), (2, 1, 0)]);
    }
}
