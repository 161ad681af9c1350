//! Intervals of the archives. A label is the end of its interval (SPbus note, section 3.1); its hour and day are the
//! meter's own and are never computed here.

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, Window};

use uzel_driver_sdk::calendar::{DAY, HOUR, civil, date, days, days_in_month, seconds};

pub const HALF_HOUR: i64 = HOUR / 2;

/// Kinds of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    HalfHour,
    Hour,
    Day,
    /// From the 1st, 11th and 21st on.
    Decade,
    /// `day` is the settlement day, which a shorter month cuts.
    Month {
        day: i64,
    },
}

impl Step {
    /// The step of an archive.
    pub fn of(kind: ArchiveKind, report_day: u8) -> Option<Self> {
        match kind {
            ArchiveKind::EveryMinutes(30) => Some(Self::HalfHour),
            ArchiveKind::Hourly => Some(Self::Hour),
            ArchiveKind::Daily => Some(Self::Day),
            ArchiveKind::TenDays => Some(Self::Decade),
            ArchiveKind::Monthly => Some(Self::Month { day: report_day.into() }),
            _ => None,
        }
    }

    /// Seconds that an interval lasts at most.
    pub fn longest(self) -> i64 {
        match self {
            Self::HalfHour => HALF_HOUR,
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Decade => 11 * DAY,
            Self::Month { .. } => 31 * DAY,
        }
    }

    /// Seconds that an interval lasts at least.
    fn shortest(self) -> i64 {
        match self {
            Self::HalfHour | Self::Hour | Self::Day => self.longest(),
            Self::Decade => 8 * DAY,
            Self::Month { .. } => 28 * DAY,
        }
    }

    /// How many intervals lie in `from..to` at most.
    pub fn count(self, from: i64, to: i64) -> i64 {
        to.saturating_sub(from).max(0) / self.shortest() + 1
    }

    /// Where the interval with this label begins.
    pub fn start(self, label: i64) -> i64 {
        let (year, month, day) = date(label.div_euclid(DAY));
        let hour = label.rem_euclid(DAY);
        match self {
            Self::HalfHour | Self::Hour | Self::Day => label - self.longest(),
            Self::Decade => match day {
                ..=10 => days(year, month - 1, 21) * DAY + hour,
                11..=20 => days(year, month, 1) * DAY + hour,
                _ => days(year, month, 11) * DAY + hour,
            },
            Self::Month { .. } => self.month(year, month - 1, day, days_in_month(year, month)) * DAY + hour,
        }
    }

    /// The label behind this one.
    fn next(self, label: i64) -> i64 {
        let (year, month, day) = date(label.div_euclid(DAY));
        let hour = label.rem_euclid(DAY);
        match self {
            Self::HalfHour | Self::Hour | Self::Day => label + self.longest(),
            Self::Decade => match day {
                ..=10 => days(year, month, 11) * DAY + hour,
                11..=20 => days(year, month, 21) * DAY + hour,
                _ => days(year, month + 1, 1) * DAY + hour,
            },
            Self::Month { .. } => self.month(year, month + 1, day, days_in_month(year, month)) * DAY + hour,
        }
    }

    /// The day of a month for a label on `day` of a month of `length` days.
    fn month(self, year: i64, month: i64, day: i64, length: i64) -> i64 {
        let wanted = match self {
            Self::Month { day: report } if day == length => report.max(day),
            _ => day,
        };
        let first = days(year, month, 1);
        let (year, month, _) = date(first);
        first + wanted.min(days_in_month(year, month)) - 1
    }

    /// The last label at or before `until`, counted on from a label: how far the intervals behind it have ended.
    pub fn ended(self, label: i64, until: i64) -> i64 {
        match self {
            Self::HalfHour | Self::Hour | Self::Day => {
                label + (until - label).max(0).div_euclid(self.longest()) * self.longest()
            }
            _ => {
                let mut last = label;
                // Within a window of a century.
                for _ in 0..self.count(label, until) {
                    let next = self.next(last);
                    if next > until {
                        break;
                    }
                    last = next;
                }
                last
            }
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(month: i64, day: i64, hour: i64) -> i64 {
        days(2024, month, day) * DAY + hour * HOUR
    }

    #[test]
    fn an_interval_begins_where_the_one_before_ended() {
        let cases = [
            (Step::HalfHour, at(3, 1, 0), at(2, 29, 23) + HALF_HOUR),
            (Step::Hour, at(3, 1, 0), at(2, 29, 23)),
            (Step::Day, at(3, 1, 10), at(2, 29, 10)),
            (Step::Decade, at(3, 1, 0), at(2, 21, 0)),
            (Step::Decade, at(3, 11, 0), at(3, 1, 0)),
            (Step::Decade, at(3, 21, 8), at(3, 11, 8)),
            (Step::Month { day: 1 }, at(3, 1, 0), at(2, 1, 0)),
            (
                Step::Month { day: 25 },
                at(1, 25, 10),
                days(2023, 12, 25) * DAY + 10 * HOUR,
            ),
            (Step::Month { day: 31 }, at(2, 29, 0), at(1, 31, 0)),
            (Step::Month { day: 31 }, at(3, 31, 0), at(2, 29, 0)),
        ];
        for (step, label, start) in cases {
            assert_eq!(step.start(label), start, "{step:?} {:?}", civil(label));
            assert_eq!(step.next(start), label, "{step:?} {:?}", civil(start));
        }
    }

    proptest! {
        #[test]
        fn what_has_ended_has_ended(label in 0i64..3_000_000_000, more in 0i64..40_000_000, day in 1i64..=31) {
            for step in [Step::HalfHour, Step::Hour, Step::Day, Step::Decade, Step::Month { day }] {
                let last = step.ended(label, label + more);
                prop_assert!(label <= last && last <= label + more);
                prop_assert!(step.next(last) > label + more, "{:?}", step);
                // Decades have labels on three days of a month.
                let is_label = step != Step::Decade || step.next(step.start(label)) == label;
                prop_assert!(step.start(label) < label);
                prop_assert!(!is_label || label - step.start(label) <= step.longest());
            }
        }
    }
}
