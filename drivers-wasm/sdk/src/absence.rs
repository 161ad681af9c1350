//! What an archive does not hold, so that nobody asks for it again.

use crate::calendar::{civil, reckon};
use crate::{Absence, Window};

/// The parts of `window` before `until` that no interval covers. `intervals` are all that the device holds of the window,
/// as (begin, end) in seconds of [`crate::calendar`], oldest first. Up to `oldest` the ring has gone past; elsewhere
/// nothing was written.
pub fn gaps(window: Window, intervals: &[(i64, i64)], oldest: i64, until: i64) -> Vec<(Window, Absence)> {
    let end = reckon(window.end).min(until);
    let mut cursor = reckon(window.begin);
    let mut gaps = Vec::new();
    for (begin, covered_until) in intervals.iter().copied().chain([(end, end)]) {
        let gap_end = begin.min(end);
        // A gap that reaches over the oldest record has two reasons.
        for (from, to, why) in [
            (cursor, gap_end.min(oldest), Absence::Overwritten),
            (cursor.max(oldest), gap_end, Absence::NeverWritten),
        ] {
            if from < to {
                let gap = Window {
                    begin: civil(from),
                    end: civil(to),
                };
                gaps.push((gap, why));
            }
        }
        cursor = cursor.max(covered_until);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(intervals: &[(i64, i64)], oldest: i64, until: i64) -> Vec<(i64, i64, Absence)> {
        let window = Window {
            begin: civil(100),
            end: civil(200),
        };
        let gaps = gaps(window, intervals, oldest, until).into_iter();
        gaps.map(|(gap, why)| (reckon(gap.begin), reckon(gap.end), why))
            .collect()
    }

    #[test]
    fn what_is_not_held_is_said_with_its_reason() {
        let (lost, never) = (Absence::Overwritten, Absence::NeverWritten);
        assert_eq!(told(&[(100, 200)], i64::MIN, 300), []);
        assert_eq!(told(&[], i64::MIN, 300), [(100, 200, never)]);
        assert_eq!(
            told(&[], i64::MIN, 150),
            [(100, 150, never)],
            "the future is not judged"
        );
        assert_eq!(
            told(&[(130, 160), (170, 200)], 130, 300),
            [(100, 130, lost), (160, 170, never)]
        );
        assert_eq!(told(&[], 150, 300), [(100, 150, lost), (150, 200, never)]);
    }
}
