//! Places a record in time: its label, in meter time, becomes an interval in UTC.

use jiff::{Span as Duration, Timestamp, ToSpan as _};

use super::archive::{ArchiveKind, LabelRule, RecordKind};
use super::time::{Civil, ClockRule};

/// Why a label gives no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// An archive record without one.
    #[error("an archive record has no label")]
    NoLabel,
    /// Archive labels are declared as ends of intervals, moments as moments.
    #[error("records of {kind} cannot have labels of this rule")]
    Rule {
        /// What was read.
        kind: RecordKind,
    },
    /// The interval has no length, runs backward, or is longer than twice its kind.
    #[error("the interval from {start} to {end} is none of {kind}")]
    Interval {
        /// Its start.
        start: Timestamp,
        /// Its end.
        end: Timestamp,
        /// What was read.
        kind: ArchiveKind,
    },
    /// Beyond what the calendar holds.
    #[error("{0} is beyond the calendar")]
    Range(Civil),
}

/// The interval of a record labelled `label`. `other_end` is the far end where the calendar does not give it.
/// Of a moment start and end are the same; without a label it is `now`.
pub fn interval(
    kind: RecordKind,
    rule: LabelRule,
    label: Option<Civil>,
    other_end: Option<Civil>,
    clock: &ClockRule,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), PlaceError> {
    let instant = |civil: Civil| clock.instant(civil).ok_or(PlaceError::Range(civil));
    let archive = match (kind, rule) {
        (RecordKind::Archive(archive), LabelRule::IntervalStart | LabelRule::IntervalEnd) => archive,
        (RecordKind::Current | RecordKind::Totals, LabelRule::Moment) => {
            let moment = label.map_or(Ok(now), instant)?;
            return Ok((moment, moment));
        }
        _ => return Err(PlaceError::Rule { kind }),
    };
    let label = label.ok_or(PlaceError::NoLabel)?;
    let step = length(archive);
    let (start, end) = match rule {
        LabelRule::IntervalStart => (label, other_end.map_or_else(|| label.checked_add(step), Ok)),
        _ => (
            match other_end {
                Some(start) => start,
                None => label.checked_sub(step).map_err(|_| PlaceError::Range(label))?,
            },
            Ok(label),
        ),
    };
    let end = end.map_err(|_| PlaceError::Range(label))?;
    // By the clock's own count: a half-hour that ends when the clock is put forward ends at 02:00, which it never shows.
    let longest = step.checked_mul(2).ok().and_then(|twice| start.checked_add(twice).ok());
    let is_too_long = longest.is_some_and(|longest| end > longest);
    let (start, end) = (instant(start)?, instant(end)?);
    if start >= end || is_too_long {
        return Err(PlaceError::Interval {
            start,
            end,
            kind: archive,
        });
    }
    Ok((start, end))
}

/// The length of one interval in the calendar.
pub fn length(kind: ArchiveKind) -> Duration {
    match kind {
        ArchiveKind::Hourly => 1.hour(),
        ArchiveKind::Daily => 1.day(),
        ArchiveKind::TenDays => 10.days(),
        ArchiveKind::Monthly => 1.month(),
        ArchiveKind::Yearly => 1.year(),
        ArchiveKind::EveryMinutes(minutes) => i64::from(minutes).minutes(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn an_interval_may_end_when_the_clock_is_put_forward() {
        let clock = ClockRule::Zone(TimeZone::get("Europe/Berlin").unwrap());
        let civil = |text: &str| -> Option<Civil> { Some(text.parse().unwrap()) };
        let kind = RecordKind::Archive(ArchiveKind::EveryMinutes(30));
        let (start, end) = (civil("2026-03-29T01:30"), civil("2026-03-29T02:00"));
        let want: (Timestamp, Timestamp) = (
            "2026-03-29T00:30:00Z".parse().unwrap(),
            "2026-03-29T01:00:00Z".parse().unwrap(),
        );
        for (rule, label, other) in [
            (LabelRule::IntervalEnd, end, start),
            (LabelRule::IntervalEnd, end, None),
            (LabelRule::IntervalStart, start, None),
        ] {
            let got = interval(kind, rule, label, other, &clock, Timestamp::UNIX_EPOCH);
            assert_eq!(got.unwrap(), want, "{rule:?}");
        }
    }

    #[test]
    fn labels_become_intervals() {
        use ArchiveKind::{Daily, Hourly, Monthly};
        use LabelRule::{IntervalEnd, IntervalStart};
        let clock = ClockRule::Standard(TimeZone::get("Europe/Moscow").unwrap());
        let civil = |text: &str| text.parse::<Civil>().unwrap();
        let cases = [
            (
                "hour by its start",
                Hourly,
                IntervalStart,
                "2016-12-01T00:00",
                None,
                "2016-11-30T21:00Z",
                "2016-11-30T22:00Z",
            ),
            (
                "hour by its end, at midnight",
                Hourly,
                IntervalEnd,
                "2016-12-01T00:00",
                None,
                "2016-11-30T20:00Z",
                "2016-11-30T21:00Z",
            ),
            (
                "day by its end, report hour 10",
                Daily,
                IntervalEnd,
                "2016-12-01T10:00",
                None,
                "2016-11-30T07:00Z",
                "2016-12-01T07:00Z",
            ),
            (
                "month end",
                Monthly,
                IntervalStart,
                "2016-02-01T00:00",
                None,
                "2016-01-31T21:00Z",
                "2016-02-29T21:00Z",
            ),
            (
                "report month that ends on the last of February",
                Monthly,
                IntervalEnd,
                "2017-03-01T00:00",
                Some("2017-01-31T00:00"),
                "2017-01-30T21:00Z",
                "2017-02-28T21:00Z",
            ),
        ];
        for (name, kind, rule, label, other, start, end) in cases {
            let got = interval(
                RecordKind::Archive(kind),
                rule,
                Some(civil(label)),
                other.map(civil),
                &clock,
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(got, Ok((start.parse().unwrap(), end.parse().unwrap())), "{name}");
        }
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        let clock = ClockRule::Standard(TimeZone::UTC);
        let hourly = RecordKind::Archive(ArchiveKind::Hourly);
        let label: Civil = "2016-12-01T00:00".parse().unwrap();
        let far: Civil = "2017-12-01T00:00".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let place = |kind, rule, label, other| interval(kind, rule, label, other, &clock, now);
        assert_eq!(
            place(hourly, LabelRule::IntervalStart, None, None),
            Err(PlaceError::NoLabel)
        );
        assert_eq!(
            place(hourly, LabelRule::Moment, Some(label), None),
            Err(PlaceError::Rule { kind: hourly })
        );
        for other in [label, far] {
            let got = place(hourly, LabelRule::IntervalStart, Some(label), Some(other));
            assert!(matches!(got, Err(PlaceError::Interval { .. })), "{got:?}");
        }
        assert_eq!(
            place(RecordKind::Current, LabelRule::Moment, None, None),
            Ok((now, now))
        );
    }
}
