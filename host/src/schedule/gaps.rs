//! The gap set of an archive: what the device should hold minus what the store has.

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::model::{ArchiveKind, Civil, ClockRule, Span, place};

/// An interval is asked for when it has been over for so long by the device's clock: it may still be writing it.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// What is wanted of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// Which.
    pub kind: ArchiveKind,
    /// Intervals from the oldest that the device may hold to the newest: [`reach`].
    pub depth: u32,
    /// How its clock relates to UTC.
    pub clock: &'a ClockRule,
    /// Our clock.
    pub now: Timestamp,
    /// Device minus host, milliseconds.
    pub offset_ms: i64,
}

impl Want<'_> {
    fn device_now(self) -> Option<Timestamp> {
        let offset = SignedDuration::from_millis(self.offset_ms);
        self.now.checked_add(offset).ok()
    }
}

/// The part of a ring, from its oldest interval on, that the device overwrites next: a tenth.
const LOST_SOON: usize = 10;

/// A ring is full when it holds one of so many of its oldest intervals, counted from none: its clock may be behind ours.
const OLDEST: usize = 2;

/// How many intervals back a ring of `depth` records reaches, at most twice its depth: intervals without a record, between
/// those that have one, take no room in it. `want` says how far back `covered` and `absent` are known.
///
/// What is absent before the oldest record was never written, and says nothing of the ring; one that is not full has nothing
/// further back.
pub fn reach(want: Want<'_>, depth: u32, covered: &[Span], absent: &[Span]) -> u32 {
    let first = covered.first().filter(|_| !absent.is_empty());
    let Some((first, device_now)) = first.zip(want.device_now()) else {
        return depth;
    };
    let units = units(want.kind, want.depth, want.clock, device_now).unwrap_or_default();
    let depth_units = usize::try_from(depth).unwrap_or(usize::MAX);
    let oldest = units
        .get(units.len().saturating_sub(depth_units)..)
        .and_then(|ring| ring.get(OLDEST));
    if oldest.is_none_or(|oldest| first.start > oldest.start) {
        return depth;
    }
    let without = units
        .iter()
        .filter(|unit| unit.start > first.start && absent.iter().any(|span| span.covers(**unit)))
        .count();
    let without = u32::try_from(without).unwrap_or(u32::MAX);
    depth.saturating_add(without.min(depth))
}

/// Spans to ask for, each at most a day of hours, a month of days, a year of months: first what the device overwrites
/// next, the oldest first, then the rest, the newest first. `covered` are the intervals in the store and `absent` those
/// that the device said it has not, both in order of their starts.
///
/// An interval counts as there when one that *begins* within it is: a device's day may run from its report hour.
pub fn gaps(want: Want<'_>, covered: &[Span], absent: &[Span]) -> Vec<Span> {
    let Want { kind, depth, clock, .. } = want;
    let units = want.device_now().and_then(|now| units(kind, depth, clock, now));
    let Some(units) = units else {
        return Vec::new();
    };
    let mut have = Merged { spans: covered, at: 0 };
    let most = match kind {
        ArchiveKind::Hourly => 24,
        ArchiveKind::Daily => 31,
        ArchiveKind::TenDays => 36,
        ArchiveKind::Monthly | ArchiveKind::Yearly => 12,
        ArchiveKind::EveryMinutes(_) => 96,
    };
    let kept = units.get(units.len() / LOST_SOON).map(|unit| unit.start);
    let mut spans: Vec<Span> = Vec::new();
    let mut length = 0;
    for unit in units {
        if have.begins_in(unit) || absent.iter().any(|span| span.covers(unit)) {
            continue;
        }
        match spans.last_mut() {
            Some(last) if last.end == unit.start && length < most && Some(unit.start) != kept => {
                last.end = unit.end;
                length += 1;
            }
            _ => {
                spans.push(unit);
                length = 1;
            }
        }
    }
    let lost_soon = spans
        .iter()
        .take_while(|span| kept.is_some_and(|kept| span.start < kept))
        .count();
    if let Some(rest) = spans.get_mut(lost_soon..) {
        rest.reverse();
    }
    spans
}

/// Walks along ordered spans with ordered questions.
struct Merged<'a> {
    spans: &'a [Span],
    at: usize,
}

impl Merged<'_> {
    fn begins_in(&mut self, unit: Span) -> bool {
        while let Some(span) = self.spans.get(self.at) {
            if span.start >= unit.start {
                return span.start < unit.end;
            }
            self.at += 1;
        }
        false
    }
}

/// The closed intervals of the ring, oldest first, in the device's calendar; of days and longer ones one more.
fn units(kind: ArchiveKind, depth: u32, clock: &ClockRule, device_now: Timestamp) -> Option<Vec<Span>> {
    let settled = device_now.checked_sub(SETTLE).ok()?;
    let running = floor(kind, clock.civil(settled))?;
    let depth = i64::from(depth.min(100_000));
    let minutes = match kind {
        ArchiveKind::Hourly => Some(60),
        ArchiveKind::EveryMinutes(minutes) => Some(i64::from(minutes)),
        _ => None,
    };
    if let Some(minutes) = minutes {
        // These are of one length whatever the calendar does.
        let step = SignedDuration::from_mins(minutes);
        let last_end = clock.instant(running)?;
        let mut units = Vec::new();
        for back in (0..depth).rev() {
            let end = last_end
                .checked_sub(SignedDuration::from_mins(minutes.checked_mul(back)?))
                .ok()?;
            units.push(Span {
                start: end.checked_sub(step).ok()?,
                end,
            });
        }
        return Some(units);
    }
    // A device's own interval may begin later than the calendar's, and end so much later: the newest is not closed then,
    // and the ring holds one that begins before the oldest.
    let mut units = Vec::new();
    let mut end = running;
    for _ in 0..=depth {
        let start = floor(kind, end.checked_sub(1.second()).ok()?)?;
        units.push(Span {
            start: clock.instant(start)?,
            end: clock.instant(end)?,
        });
        end = start;
    }
    units.reverse();
    Some(units)
}

/// The start of the interval in which `civil` lies.
fn floor(kind: ArchiveKind, civil: Civil) -> Option<Civil> {
    let midnight = civil.date().at(0, 0, 0, 0);
    Some(match kind {
        ArchiveKind::Hourly => civil.date().at(civil.hour(), 0, 0, 0),
        ArchiveKind::Daily => midnight,
        ArchiveKind::TenDays => {
            let day = [21, 11, 1].into_iter().find(|day| *day <= civil.day())?;
            midnight.with().day(day).build().ok()?
        }
        ArchiveKind::Monthly => midnight.first_of_month(),
        ArchiveKind::Yearly => midnight.first_of_year(),
        ArchiveKind::EveryMinutes(minutes) => {
            let of_day = i64::from(civil.hour()) * 60 + i64::from(civil.minute());
            let minutes = i64::from(minutes.max(1));
            midnight.checked_add((of_day / minutes * minutes).minutes()).ok()?
        }
    })
}

/// How long one interval of `kind` lasts at least; what is younger than this is not called absent for ever.
pub fn shortest(kind: ArchiveKind) -> SignedDuration {
    let unit = place::length(kind);
    let start = jiff::civil::date(2026, 2, 1).at(0, 0, 0, 0);
    start
        .checked_add(unit)
        .ok()
        .map_or(SignedDuration::ZERO, |end| end.duration_since(start))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn clock() -> ClockRule {
        ClockRule::Standard(TimeZone::get("Europe/Moscow").unwrap())
    }

    fn span(start: &str, end: &str) -> Span {
        Span {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        }
    }

    fn find(kind: ArchiveKind, depth: u32, now: &str, covered: &[Span], absent: &[Span]) -> Vec<Span> {
        let clock = clock();
        gaps(
            Want {
                kind,
                depth,
                clock: &clock,
                now: now.parse().unwrap(),
                offset_ms: 0,
            },
            covered,
            absent,
        )
    }

    #[test]
    fn only_closed_intervals_are_asked_for() {
        let hours = |now| find(ArchiveKind::Hourly, 2, now, &[], &[]);
        assert_eq!(
            hours("2026-11-20T11:01:59Z"),
            [span("2026-11-20T08:00Z", "2026-11-20T10:00Z")]
        );
        assert_eq!(
            hours("2026-11-20T11:02:00Z"),
            [span("2026-11-20T09:00Z", "2026-11-20T11:00Z")]
        );
        let months = find(ArchiveKind::Monthly, 2, "2026-03-15T00:00Z", &[], &[]);
        assert_eq!(months, [span("2025-11-30T21:00Z", "2026-02-28T21:00Z")]);
    }

    /// Two months to the 25th: that of February runs on the 15th of March, and the oldest began in December.
    #[test]
    fn the_oldest_of_a_ring_whose_newest_still_runs_is_asked_for() {
        let months = find(ArchiveKind::Monthly, 2, "2026-03-15T00:00Z", &[], &[]);
        let oldest: Timestamp = "2025-12-25T21:00Z".parse().unwrap();
        assert!(months.iter().any(|span| span.contains(oldest)), "{months:?}");
    }

    #[test]
    fn what_is_overwritten_next_goes_first() {
        let got = find(ArchiveKind::Hourly, 100, "2026-11-20T11:30Z", &[], &[]);
        let want = [
            span("2026-11-16T07:00Z", "2026-11-16T17:00Z"),
            span("2026-11-19T17:00Z", "2026-11-20T11:00Z"),
            span("2026-11-18T17:00Z", "2026-11-19T17:00Z"),
        ];
        assert_eq!(&got[..3], &want);
        let there = [span("2026-11-16T07:00Z", "2026-11-16T08:00Z")];
        let all: Vec<Span> = (0..100)
            .map(|hour| {
                let start = there[0].start + SignedDuration::from_hours(hour);
                Span {
                    start,
                    end: start + SignedDuration::from_hours(1),
                }
            })
            .filter(|span| span.start != there[0].start)
            .collect();
        assert_eq!(find(ArchiveKind::Hourly, 100, "2026-11-20T11:30Z", &all, &[]), there);
    }

    #[test]
    fn newest_first_a_day_at_a_time_and_what_is_there_is_left_out() {
        let there = [span("2026-11-19T12:00Z", "2026-11-19T13:00Z")];
        let gone = [span("2026-11-18T00:00Z", "2026-11-18T18:00Z")];
        let got = find(ArchiveKind::Hourly, 59, "2026-11-20T11:30Z", &there, &gone);
        let want = [
            span("2026-11-19T13:00Z", "2026-11-20T11:00Z"),
            span("2026-11-18T18:00Z", "2026-11-19T12:00Z"),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn a_ring_without_the_intervals_of_no_power_reaches_further_back_by_them() {
        let clock = clock();
        let want = Want {
            kind: ArchiveKind::Hourly,
            depth: 24,
            clock: &clock,
            now: "2026-11-20T11:30Z".parse().unwrap(),
            offset_ms: 0,
        };
        let there = [
            span("2026-11-19T12:00Z", "2026-11-19T13:00Z"),
            span("2026-11-20T10:00Z", "2026-11-20T11:00Z"),
        ];
        let off = span("2026-11-19T13:00Z", "2026-11-20T10:00Z");
        let of = |covered, absent: &[Span]| reach(want, 24, covered, absent);
        assert_eq!(of(&there, &[off]), 24 + 21);
        assert_eq!(of(&there, &[]), 24);
        assert_eq!(of(&there[1..], &[off]), 24, "before it was installed");
        let young = [span("2026-11-19T16:00Z", "2026-11-19T17:00Z"), there[1]];
        assert_eq!(
            of(&young, &[span("2026-11-19T17:00Z", "2026-11-20T10:00Z")]),
            24,
            "not full"
        );
        assert_eq!(of(&[], &[off]), 24);
        let (wide, long) = (
            Want { depth: 5_000, ..want },
            span("2026-06-01T00:00Z", "2026-11-20T00:00Z"),
        );
        let old = [span("2026-05-31T00:00Z", "2026-05-31T01:00Z")];
        assert_eq!(reach(wide, 24, &old, &[long]), 48, "at most twice as far");
    }

    #[test]
    fn a_day_from_its_report_hour_counts_as_that_day() {
        let there = [
            span("2026-11-17T07:00Z", "2026-11-18T07:00Z"),
            span("2026-11-18T07:00Z", "2026-11-19T07:00Z"),
        ];
        assert_eq!(find(ArchiveKind::Daily, 1, "2026-11-19T11:00Z", &there, &[]), []);
    }

    #[test]
    fn the_devices_clock_decides() {
        let clock = clock();
        let now = "2026-11-20T11:30:00Z".parse().unwrap();
        let behind = Want {
            kind: ArchiveKind::Hourly,
            depth: 1,
            clock: &clock,
            now,
            offset_ms: -3_600_000,
        };
        assert_eq!(gaps(behind, &[], &[]), [span("2026-11-20T09:00Z", "2026-11-20T10:00Z")]);
    }

    proptest! {
        /// Whatever is in the store, gaps and store together are the ring, and never overlap.
        #[test]
        fn gaps_and_store_make_the_ring(have in proptest::collection::vec(any::<bool>(), 1..200), minute in 0i64..60) {
            let clock = clock();
            let first: Timestamp = "2026-03-01T00:00Z".parse().unwrap();
            let hour = |n: usize| first + SignedDuration::from_hours(i64::try_from(n).unwrap());
            let now = hour(have.len()) + SignedDuration::from_mins(minute);
            let covered: Vec<Span> = have.iter().enumerate().filter(|(_, have)| **have)
                .map(|(n, _)| Span { start: hour(n), end: hour(n + 1) }).collect();
            let depth = u32::try_from(have.len()).unwrap();
            let want = Want { kind: ArchiveKind::Hourly, depth, clock: &clock, now, offset_ms: 0 };
            let found = gaps(want, &covered, &[]);
            let closed = if minute >= 2 { have.len() } else { have.len() - 1 };
            for (n, have) in have.iter().enumerate().take(closed) {
                let asked = found.iter().filter(|span| span.contains(hour(n))).count();
                prop_assert_eq!(asked, usize::from(!have), "hour {}", n);
            }
            prop_assert!(found.iter().all(|span| span.end <= now));
            let lost_soon = hour(0) - SignedDuration::from_hours(1) + SignedDuration::from_hours(i64::try_from(have.len() / LOST_SOON).unwrap());
            let lost_soon = if closed == have.len() { lost_soon + SignedDuration::from_hours(1) } else { lost_soon };
            let (first, rest) = found.split_at(found.iter().take_while(|span| span.start < lost_soon).count());
            prop_assert!(first.windows(2).all(|pair| pair[0].end <= pair[1].start), "oldest first: {:?}", first);
            prop_assert!(rest.windows(2).all(|pair| pair[1].end <= pair[0].start), "newest first: {:?}", rest);
            prop_assert!(rest.iter().all(|span| span.start >= lost_soon), "{:?}", rest);
        }
    }
}
