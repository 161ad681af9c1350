//! What the meter's archives do not hold, so that nobody asks for it again.

use uzel_driver_sdk::{Absence, Window};

use crate::archive::{Interval, Kind};
use crate::civil;

/// Intervals that begin before this have ended, and the meter has had time to keep their values.
pub fn settled_until(kind: Kind, clock: i64) -> i64 {
    let day = (clock - civil::DAY).div_euclid(civil::DAY) * civil::DAY;
    match kind {
        Kind::Hourly => (clock - civil::HOUR).div_euclid(civil::HOUR) * civil::HOUR,
        Kind::Daily => day,
        Kind::Monthly => day - (i64::from(civil::civil(day).day) - 1) * civil::DAY,
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
    let mut gaps = Vec::new();
    for window in windows {
        let end = civil::seconds(window.end).min(until);
        let mut cursor = civil::seconds(window.begin);
        let covered = intervals.iter().map(|interval| (interval.begin, interval.end));
        for (begin, covered_until) in covered.chain([(end, end)]) {
            let gap_end = begin.min(end);
            if cursor < gap_end {
                let why = if gap_end <= oldest {
                    Absence::Overwritten
                } else {
                    Absence::NeverWritten
                };
                let gap = Window {
                    begin: civil::civil(cursor),
                    end: civil::civil(gap_end),
                };
                gaps.push((gap, why));
            }
            cursor = cursor.max(covered_until);
        }
    }
    gaps
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
        let records = record::decode(&unhex(bytes).unwrap()).unwrap().list;
        let clock = civil::seconds(month(2014, 3)) + 12 * civil::DAY;
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
        let clock = civil::seconds(month(2014, 3)) + 12 * civil::HOUR;
        let told = [Kind::Hourly, Kind::Daily, Kind::Monthly].map(|kind| civil::civil(settled_until(kind, clock)));
        let told = told.map(|time| (time.month, time.day, time.hour));
        assert_eq!(told, [(3, 1, 11), (2, 28, 0), (2, 1, 0)]);
    }
}
