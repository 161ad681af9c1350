//! Archive intervals of a meter: hours, days that end at ЧР, decades that end on the 11th, the 21st and the 1st at ЧР, months
//! that end on СР at ЧР (M4 note, section 3.1).

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, Window};

use uzel_driver_sdk::calendar::{DAY, HOUR, civil, date, days, days_in_month, seconds};

/// Which intervals: all times are seconds of the meter's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    Hours,
    /// Days that begin and end at this hour.
    Days {
        hour: i64,
    },
    /// Decades from the 1st, the 11th and the 21st on, at this hour: the last of a month has 8 to 11 days.
    Decades {
        hour: i64,
    },
    /// Months that begin and end on this day (the last of a shorter month) at this hour.
    Months {
        day: i64,
        hour: i64,
    },
}

/// One interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub start: i64,
    pub end: i64,
}

impl Grid {
    /// The grid of an archive kind with the meter's report day and hour.
    pub fn of(kind: ArchiveKind, report_day: u8, report_hour: u8) -> Option<Self> {
        let hour = i64::from(report_hour);
        match kind {
            ArchiveKind::Hourly => Some(Self::Hours),
            ArchiveKind::Daily => Some(Self::Days { hour }),
            ArchiveKind::TenDays => Some(Self::Decades { hour }),
            ArchiveKind::Monthly => Some(Self::Months {
                day: report_day.into(),
                hour,
            }),
            _ => None,
        }
    }

    /// The first interval that begins at `from` or later.
    pub fn at_or_after(self, from: i64) -> Interval {
        let start = match self {
            Self::Hours => up(from, HOUR, 0),
            Self::Days { hour } => up(from, DAY, hour * HOUR),
            Self::Decades { hour } => {
                let this = decade(from, 0, hour);
                if this >= from { this } else { decade(from, 1, hour) }
            }
            Self::Months { day, hour } => {
                let (year, month, _) = date(from.div_euclid(DAY));
                let this = begin(year, month, day, hour);
                if this >= from {
                    this
                } else {
                    begin(year, month + 1, day, hour)
                }
            }
        };
        self.beginning(start)
    }

    /// The interval after this one.
    pub fn next(self, interval: Interval) -> Interval {
        self.beginning(interval.end)
    }

    fn beginning(self, start: i64) -> Interval {
        let end = match self {
            Self::Hours => start + HOUR,
            Self::Days { .. } => start + DAY,
            Self::Decades { hour } => decade(start, 1, hour),
            Self::Months { day, hour } => {
                let (year, month, _) = date(start.div_euclid(DAY));
                begin(year, month + 1, day, hour)
            }
        };
        Interval { start, end }
    }

    /// The end of the interval that is labelled with the date of `at`: the day or the decade that ends on it, the month
    /// that ends in its month; for hours the hour itself. None for a date that cannot be.
    pub fn ending_on(self, at: CivilTime) -> Option<i64> {
        let day = seconds(CivilTime {
            hour: 0,
            minute: 0,
            second: 0,
            ..at
        })?;
        Some(match self {
            Self::Hours => day + i64::from(at.hour) * HOUR,
            Self::Days { hour } | Self::Decades { hour } => day + hour * HOUR,
            Self::Months { day, hour } => begin(at.year.into(), at.month.into(), day, hour),
        })
    }

    /// The end of the last interval that ends at `until` or earlier.
    pub fn at_or_before(self, until: i64) -> i64 {
        let next = self.at_or_after(until + 1);
        match self {
            Self::Hours => next.start - HOUR,
            Self::Days { .. } => next.start - DAY,
            Self::Decades { hour } => decade(next.start, -1, hour),
            Self::Months { day, hour } => {
                let (year, month, _) = date(next.start.div_euclid(DAY));
                begin(year, month - 1, day, hour)
            }
        }
    }

    /// Seconds that `count` intervals take at most; three decades are a month.
    pub fn span(self, count: u32) -> i64 {
        let one = match self {
            Self::Hours => HOUR,
            Self::Days { .. } => DAY,
            Self::Decades { .. } => 31 * DAY / 3,
            Self::Months { .. } => 31 * DAY,
        };
        one * i64::from(count)
    }

    /// How many intervals begin in `from..to`, about: for progress.
    pub fn count(self, from: i64, to: i64) -> u32 {
        u32::try_from((to - from).max(0) / self.span(1)).unwrap_or(u32::MAX)
    }
}

/// A window in seconds; [`Failure::Unsupported`] for dates that cannot be.
pub fn bounds(window: &Window) -> Result<(i64, i64), Failure> {
    let side = |at: CivilTime| {
        seconds(at).ok_or_else(|| Failure::Unsupported(format!("a window has a date that cannot be: {at:?}")))
    };
    Ok((side(window.begin)?, side(window.end)?))
}

/// `from..to` as a window.
pub fn window(from: i64, to: i64) -> Window {
    Window {
        begin: civil(from),
        end: civil(to),
    }
}

/// The least `k * step + phase` that is not less than `from`.
fn up(from: i64, step: i64, phase: i64) -> i64 {
    from + (phase - from).rem_euclid(step)
}

/// Where the decade begins that is `steps` after the one in which the date of `at` lies.
fn decade(at: i64, steps: i64, hour: i64) -> i64 {
    let (year, month, day) = date(at.div_euclid(DAY));
    let third = ((day - 1) / 10).min(2) + steps;
    days(year, month + third.div_euclid(3), 10 * third.rem_euclid(3) + 1) * DAY + hour * HOUR
}

/// Where the month with this number begins; numbers outside 1 to 12 carry into the year.
fn begin(year: i64, month: i64, day: i64, hour: i64) -> i64 {
    let first = days(year, month, 1);
    let (year, month, _) = date(first);
    (first + day.min(days_in_month(year, month)) - 1) * DAY + hour * HOUR
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> i64 {
        seconds(CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second: 0,
        })
        .unwrap()
    }

    #[test]
    fn the_first_interval_begins_at_or_after() {
        let cases = [
            (
                Grid::Hours,
                at(2015, 4, 5, 17, 0),
                at(2015, 4, 5, 17, 0),
                at(2015, 4, 5, 18, 0),
            ),
            (
                Grid::Hours,
                at(2015, 4, 5, 17, 1),
                at(2015, 4, 5, 18, 0),
                at(2015, 4, 5, 19, 0),
            ),
            (
                Grid::Days { hour: 0 },
                at(2015, 4, 6, 0, 0),
                at(2015, 4, 6, 0, 0),
                at(2015, 4, 7, 0, 0),
            ),
            (
                Grid::Days { hour: 23 },
                at(2015, 4, 6, 0, 0),
                at(2015, 4, 6, 23, 0),
                at(2015, 4, 7, 23, 0),
            ),
            (
                Grid::Decades { hour: 10 },
                at(2015, 2, 11, 11, 0),
                at(2015, 2, 21, 10, 0),
                at(2015, 3, 1, 10, 0),
            ),
            (
                Grid::Decades { hour: 0 },
                at(2016, 2, 21, 0, 0),
                at(2016, 2, 21, 0, 0),
                at(2016, 3, 1, 0, 0),
            ),
            (
                Grid::Decades { hour: 23 },
                at(2015, 12, 31, 23, 0),
                at(2016, 1, 1, 23, 0),
                at(2016, 1, 11, 23, 0),
            ),
            (
                Grid::Decades { hour: 0 },
                at(2015, 12, 12, 0, 0),
                at(2015, 12, 21, 0, 0),
                at(2016, 1, 1, 0, 0),
            ),
            (
                Grid::Months { day: 1, hour: 0 },
                at(2015, 3, 1, 0, 0),
                at(2015, 3, 1, 0, 0),
                at(2015, 4, 1, 0, 0),
            ),
            (
                Grid::Months { day: 24, hour: 10 },
                at(2015, 12, 24, 11, 0),
                at(2016, 1, 24, 10, 0),
                at(2016, 2, 24, 10, 0),
            ),
            (
                Grid::Months { day: 31, hour: 0 },
                at(2016, 2, 1, 0, 0),
                at(2016, 2, 29, 0, 0),
                at(2016, 3, 31, 0, 0),
            ),
        ];
        for (grid, from, start, end) in cases {
            assert_eq!(
                grid.at_or_after(from),
                Interval { start, end },
                "{grid:?} from {:?}",
                civil(from)
            );
        }
    }

    proptest! {
        #[test]
        fn intervals_follow_one_another(from in 0i64..4_000_000_000, day in 1i64..=31, hour in 0i64..24) {
            for grid in [Grid::Hours, Grid::Days { hour }, Grid::Decades { hour }, Grid::Months { day, hour }] {
                let first = grid.at_or_after(from);
                prop_assert!(first.start >= from && first.start < first.end);
                prop_assert_eq!(grid.next(first), grid.at_or_after(first.start + 1));
                prop_assert_eq!(grid.ending_on(civil(first.end)), Some(first.end));
                prop_assert_eq!(grid.at_or_before(first.end), first.end);
                prop_assert_eq!(grid.at_or_before(first.end - 1), first.start);
            }
        }
    }
}
