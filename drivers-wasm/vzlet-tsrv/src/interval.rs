//! Intervals of the archives: where days and months begin is set in the meter (Vzlet note, section 5.8).

use uzel_driver_sdk::ArchiveKind;
use uzel_driver_sdk::calendar::{DAY, HOUR, add_months, date, days};

/// One interval, seconds of the meter's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub start: i64,
    pub end: i64,
}

/// How intervals follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    Hours,
    /// From an hour of the day on.
    Days {
        hour: i64,
    },
    /// From an hour of a day, 1 to 28, on.
    Months {
        day: i64,
        hour: i64,
    },
}

impl Grid {
    /// The grid of an archive; none for a kind that no meter here keeps.
    pub fn of(kind: ArchiveKind, (hour, day): (u8, u8)) -> Option<Self> {
        let (hour, day) = (i64::from(hour), i64::from(day));
        match kind {
            ArchiveKind::Hourly => Some(Self::Hours),
            ArchiveKind::Daily => Some(Self::Days { hour }),
            ArchiveKind::Monthly => Some(Self::Months { day, hour }),
            _ => None,
        }
    }

    /// Seconds of so many intervals, at least.
    pub fn span(self, count: u32) -> i64 {
        let one = match self {
            Self::Hours => HOUR,
            Self::Days { .. } => DAY,
            Self::Months { .. } => 31 * DAY,
        };
        one * i64::from(count)
    }

    /// How many intervals lie in `from..to`, about.
    pub fn count(self, from: i64, to: i64) -> u32 {
        u32::try_from(to.saturating_sub(from).max(0) / self.span(1)).unwrap_or(u32::MAX)
    }

    /// The first interval that begins at or after `from`.
    pub fn at_or_after(self, from: i64) -> Interval {
        let start = match self {
            Self::Hours => up(from, HOUR),
            Self::Days { hour } => up(from - hour * HOUR, DAY) + hour * HOUR,
            Self::Months { day, hour } => {
                let (year, month, _) = date(from.div_euclid(DAY));
                let start = days(year, month, day) * DAY + hour * HOUR;
                if start < from { self.after(start) } else { start }
            }
        };
        Interval {
            start,
            end: self.after(start),
        }
    }

    /// Where the hour, the calendar day or the calendar month of a moment begins.
    pub fn unit(self, at: i64) -> i64 {
        match self {
            Self::Hours => at - at.rem_euclid(HOUR),
            Self::Days { .. } => at - at.rem_euclid(DAY),
            Self::Months { .. } => {
                let (year, month, _) = date(at.div_euclid(DAY));
                days(year, month, 1) * DAY
            }
        }
    }

    /// The interval behind.
    pub fn next(self, interval: Interval) -> Interval {
        Interval {
            start: interval.end,
            end: self.after(interval.end),
        }
    }

    /// The interval that ends there.
    pub fn before(self, end: i64) -> Interval {
        let start = match self {
            Self::Months { .. } => add_months(end, -1).unwrap_or(end - 31 * DAY),
            _ => end - self.span(1),
        };
        Interval { start, end }
    }

    fn after(self, start: i64) -> i64 {
        match self {
            // Days up to the 28th are in every month.
            Self::Months { .. } => add_months(start, 1).unwrap_or(start + 31 * DAY),
            _ => start + self.span(1),
        }
    }
}

fn up(seconds: i64, step: i64) -> i64 {
    (seconds + step - 1).div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::CivilTime;
    use uzel_driver_sdk::calendar::{civil, reckon};

    use super::*;

    fn at(month: u8, day: u8, hour: u8) -> i64 {
        reckon(CivilTime {
            year: 2024,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        })
    }

    #[test]
    fn days_and_months_begin_where_the_meter_says() {
        let day = Grid::of(ArchiveKind::Daily, (8, 1)).unwrap();
        assert_eq!(day.at_or_after(at(3, 1, 0)).start, at(3, 1, 8));
        assert_eq!(day.at_or_after(at(3, 1, 9)).start, at(3, 2, 8));
        let month = Grid::of(ArchiveKind::Monthly, (8, 25)).unwrap();
        let first = month.at_or_after(at(2, 25, 9));
        assert_eq!((first.start, first.end), (at(3, 25, 8), at(4, 25, 8)));
        assert_eq!(
            month.before(first.start),
            Interval {
                start: at(2, 25, 8),
                end: at(3, 25, 8)
            }
        );
        assert_eq!(Grid::of(ArchiveKind::Yearly, (0, 1)), None);
    }

    proptest! {
        #[test]
        fn intervals_follow_without_gaps(from in 0i64..4_000_000_000, hour in 0u8..24, day in 1u8..=28) {
            for kind in [ArchiveKind::Hourly, ArchiveKind::Daily, ArchiveKind::Monthly] {
                let grid = Grid::of(kind, (hour, day)).unwrap();
                let first = grid.at_or_after(from);
                prop_assert!(first.start >= from && first.start - from < grid.span(1), "{:?}", civil(from));
                prop_assert_eq!(grid.next(first).start, first.end);
                prop_assert_eq!(grid.before(first.end), first);
                prop_assert_eq!(grid.at_or_after(first.start), first);
            }
        }
    }
}
