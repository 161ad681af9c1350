//! Intervals of archives on the meter's scale: where one begins whose stamp is known, and which stamps a span has.

use uzel_driver_sdk::ArchiveKind;
use uzel_driver_sdk::calendar::{DAY, HOUR, MINUTE, add_months};

use crate::config::Stamp;

/// The longest month.
const MONTH_MAX: i64 = 31 * DAY;

/// How long an interval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many seconds, counted from midnight.
    Seconds(i64),
    /// From one freezing to the same day of the next month.
    Month,
}

/// Intervals and the end of them that stamps name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    pub step: Step,
    pub stamp: Stamp,
}

impl Step {
    /// None for archives that no profile holds.
    pub fn of(kind: ArchiveKind) -> Option<Self> {
        Some(match kind {
            ArchiveKind::Hourly => Self::Seconds(HOUR),
            ArchiveKind::Daily => Self::Seconds(DAY),
            ArchiveKind::EveryMinutes(minutes) if minutes > 0 => Self::Seconds(i64::from(minutes) * MINUTE),
            ArchiveKind::Monthly => Self::Month,
            _ => return None,
        })
    }

    /// Seconds of the longest interval.
    pub fn longest(self) -> i64 {
        match self {
            Self::Seconds(step) => step,
            Self::Month => MONTH_MAX,
        }
    }
}

fn month(at: i64, count: i64) -> i64 {
    add_months(at, count).unwrap_or(at + count * MONTH_MAX)
}

impl Intervals {
    /// Begin and end of the interval with this stamp, and whether the stamp is where it should be: after a change of the
    /// clock some are not.
    pub fn of(self, stamp: i64) -> (i64, i64, bool) {
        match (self.step, self.stamp) {
            (Step::Seconds(step), Stamp::End) => {
                let begin = (stamp - 1).div_euclid(step) * step;
                (begin, stamp, stamp.rem_euclid(step) == 0)
            }
            (Step::Seconds(step), Stamp::Start) => {
                let end = (stamp.div_euclid(step) + 1) * step;
                (stamp, end, stamp.rem_euclid(step) == 0)
            }
            (Step::Month, Stamp::End) => (month(stamp, -1), stamp, stamp.rem_euclid(DAY) == 0),
            (Step::Month, Stamp::Start) => (stamp, month(stamp, 1), stamp.rem_euclid(DAY) == 0),
        }
    }

    /// First and last stamp that intervals can have which begin in `begin..end`.
    pub fn stamps(self, begin: i64, end: i64) -> (i64, i64) {
        match (self.stamp, self.step) {
            (Stamp::Start, _) => (begin, end - 1),
            (Stamp::End, Step::Seconds(step)) => (begin + 1, ((end - 1).div_euclid(step) + 1) * step),
            (Stamp::End, Step::Month) => (begin + 1, end - 1 + MONTH_MAX),
        }
    }

    /// Before this everything has ended that began, seconds of the meter's scale at `clock`.
    pub fn settled(self, clock: i64) -> i64 {
        match self.step {
            Step::Seconds(step) => clock.div_euclid(step) * step,
            // On whichever day it is frozen.
            Step::Month => month(clock.div_euclid(DAY) * DAY, -1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::calendar::days;

    use super::*;

    fn at(month: i64, day: i64, hour: i64) -> i64 {
        days(2025, month, day) * DAY + hour * HOUR
    }

    const fn ends(step: Step) -> Intervals {
        Intervals {
            step,
            stamp: Stamp::End,
        }
    }

    #[test]
    fn a_stamp_ends_its_interval_unless_it_is_said_to_begin_it() {
        let hours = ends(Step::Seconds(HOUR));
        assert_eq!(hours.of(at(3, 1, 0)), (at(2, 28, 23), at(3, 1, 0), true));
        assert_eq!(hours.of(at(3, 1, 0) + 623), (at(3, 1, 0), at(3, 1, 0) + 623, false));
        let begun = Intervals {
            stamp: Stamp::Start,
            ..hours
        };
        assert_eq!(begun.of(at(3, 1, 0)), (at(3, 1, 0), at(3, 1, 1), true));
        let months = ends(Step::Month);
        assert_eq!(months.of(at(3, 1, 0)), (at(2, 1, 0), at(3, 1, 0), true));
        assert_eq!(months.of(at(3, 25, 0)), (at(2, 25, 0), at(3, 25, 0), true));
        assert!(months.of(at(3, 31, 0)).0 < at(3, 1, 0), "February has no 31st");
    }

    proptest! {
        #[test]
        fn every_interval_that_begins_in_a_span_has_a_stamp_in_what_is_asked(
            begin in 1_700_000_000i64..1_800_000_000,
            length in 1i64..4_000_000,
            stamp in 1_690_000_000i64..1_810_000_000,
        ) {
            for step in [Step::Seconds(HOUR), Step::Seconds(DAY), Step::Seconds(900), Step::Month] {
                for side in [Stamp::End, Stamp::Start] {
                    let intervals = Intervals { step, stamp: side };
                    let (first, last) = intervals.stamps(begin, begin + length);
                    for stamp in [stamp, begin + length / 2, begin + length] {
                        let (from, to, _) = intervals.of(stamp);
                        prop_assert!(from < to);
                        if (begin..begin + length).contains(&from) {
                            prop_assert!((first..=last).contains(&stamp), "{:?} {}", intervals, stamp);
                        }
                    }
                }
            }
        }
    }
}
