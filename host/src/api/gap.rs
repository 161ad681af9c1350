//! Gaps of an archive: what it should hold, minus what the store has.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::Instant;
use super::words;
use crate::model::{ArchiveKind, Span};
use crate::store::Coverage;

/// The most gaps of one answer. An archive with more has a record now and then.
const MOST: usize = 1_000;

/// A span without records.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Gap {
    start: Instant,
    end: Instant,
    /// About how many intervals it has.
    pub(super) intervals: i64,
    /// `not-read`, `never-written`, `overwritten`, `device-off` or `refused`.
    #[schema(schema_with = words::gap_reason)]
    reason: &'static str,
}

/// About how long an interval is, seconds. Months and years are of the mean length.
pub(super) fn interval_s(kind: ArchiveKind) -> i64 {
    const DAY: i64 = 86_400;
    match kind {
        ArchiveKind::Hourly => 3_600,
        ArchiveKind::Daily => DAY,
        ArchiveKind::TenDays => 10 * DAY,
        ArchiveKind::Monthly => 2_629_746,
        ArchiveKind::Yearly => 31_556_952,
        ArchiveKind::EveryMinutes(minutes) => i64::from(minutes) * 60,
    }
}

/// Since when the archive should have records: as far back as the ring reaches or the store has, whichever is earlier.
pub(super) fn horizon(
    kind: ArchiveKind,
    depth: Option<u32>,
    first_start: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let ring = depth.and_then(|depth| {
        let back = i64::from(depth).saturating_mul(interval_s(kind));
        Timestamp::from_second(now.as_second().saturating_sub(back)).ok()
    });
    match (ring, first_start) {
        (Some(ring), Some(first)) => Some(ring.min(first)),
        (one, other) => one.or(other),
    }
}

/// Gaps of `span`, in order. A rest shorter than an interval at the end is an interval that has not ended yet.
pub(super) fn gaps(kind: ArchiveKind, span: Span, coverage: &Coverage) -> Vec<Gap> {
    let length = interval_s(kind);
    let mut found = Vec::new();
    let mut at = span.start.as_second();
    let end = span.end.as_second();
    let edges = coverage
        .records
        .iter()
        .map(|record| (record.start.as_second(), record.end.as_second()));
    for (start, next) in edges.chain([(end, end)]) {
        let until = start.min(end);
        if until > at {
            fill(&mut found, coverage, length, (at, until), until == end);
        }
        at = at.max(next);
        if at >= end || found.len() >= MOST {
            break;
        }
    }
    found.truncate(MOST);
    found
}

/// Cuts one span without records by the reasons that are known for parts of it.
fn fill(found: &mut Vec<Gap>, coverage: &Coverage, length: i64, (mut at, end): (i64, i64), is_last: bool) {
    for (absence, why) in &coverage.absences {
        let (start, until) = (absence.start.as_second().max(at), absence.end.as_second().min(end));
        if start >= until {
            continue;
        }
        push(found, length, (at, start), "not-read", false);
        push(found, length, (start, until), why.word(), false);
        at = until;
    }
    push(found, length, (at, end), "not-read", is_last);
}

fn push(found: &mut Vec<Gap>, length: i64, (start, end): (i64, i64), reason: &'static str, is_last: bool) {
    let seconds = end - start;
    let intervals = if is_last {
        seconds / length
    } else {
        (seconds + length / 2) / length
    };
    // The last interval of the archive has not ended; a rest of a shifted clock is no interval at all.
    if intervals < 1 {
        return;
    }
    let instant = |at| Instant(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH));
    found.push(Gap {
        start: instant(start),
        end: instant(end),
        intervals,
        reason,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Absence;

    fn span(from: i64, to: i64) -> Span {
        let hour = |h: i64| Timestamp::from_second(h * 3600).unwrap();
        Span {
            start: hour(from),
            end: hour(to),
        }
    }

    /// Start and end in hours, intervals, reason.
    type Row<'a> = (i64, i64, i64, &'a str);

    fn shown(gaps: &[Gap]) -> Vec<Row<'_>> {
        let hour = |at: &Instant| at.0.as_second() / 3600;
        gaps.iter()
            .map(|gap| (hour(&gap.start), hour(&gap.end), gap.intervals, gap.reason))
            .collect()
    }

    #[test]
    fn what_is_neither_read_nor_absent_is_a_gap() {
        let coverage = Coverage {
            records: vec![span(2, 3), span(3, 4), span(6, 7)],
            absences: vec![(span(-5, 1), Absence::Overwritten), (span(4, 5), Absence::DeviceOff)],
        };
        let cases: [(&str, Span, &[Row]); 4] = [
            (
                "whole",
                span(0, 9),
                &[
                    (0, 1, 1, "overwritten"),
                    (1, 2, 1, "not-read"),
                    (4, 5, 1, "device-off"),
                    (5, 6, 1, "not-read"),
                    (7, 9, 2, "not-read"),
                ],
            ),
            ("covered", span(2, 4), &[]),
            ("within a gap", span(8, 9), &[(8, 9, 1, "not-read")]),
            ("empty", span(5, 5), &[]),
        ];
        for (name, span, want) in cases {
            assert_eq!(shown(&gaps(ArchiveKind::Hourly, span, &coverage)), want, "{name}");
        }
    }

    #[test]
    fn the_interval_that_has_not_ended_is_no_gap() {
        let coverage = Coverage {
            records: vec![span(0, 1)],
            absences: Vec::new(),
        };
        let until = |second| Span {
            end: Timestamp::from_second(second).unwrap(),
            ..span(0, 0)
        };
        assert_eq!(gaps(ArchiveKind::Hourly, until(7_199), &coverage), []);
        let later = gaps(ArchiveKind::Hourly, until(7_200), &coverage);
        assert_eq!(shown(&later), [(1, 2, 1, "not-read")]);
    }
}
