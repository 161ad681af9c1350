//! Whether a device's clock is set, and what forbids it.
//!
//! A clock is set only where a person has said so, in words: `beyond 30s within 10m every 24h`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::time::{Civil, ClockRule};

/// Seconds between two settings where the policy does not say.
const USUAL_EVERY_S: u32 = 24 * 3_600;
/// Limits of a policy's figures, seconds. Clocks show whole seconds, so less than 2 is no error; a clock that is off by
/// more than half an hour was set wrong by somebody, or follows another zone.
const BEYOND_S: (u32, u32) = (2, 1_800);
const WITHIN_S: (u32, u32) = (2, 1_800);
const EVERY_S: (u32, u32) = (3_600, 366 * 86_400);
/// How far from an hour's begin and end a clock must be, seconds: the meter writes its archives there, and a slow line
/// or a driver that waits for a whole minute must not carry the setting into it.
const MARGIN_S: i64 = 120;
/// By how much the time to set is later than the host's at most, milliseconds: a clock of which more than this is open
/// is shown in minutes or hours, and whoever writes whole minutes waits for one.
const LATER_MS: u32 = 2_000;

/// Whether a device's clock is set when it is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClockPolicy {
    /// Never.
    #[default]
    Off,
    /// Within these limits.
    Set(ClockLimits),
}

/// The limits within which a clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockLimits {
    /// It is set when it is certainly off by more.
    beyond_s: u32,
    /// It is never set when it seems off by more: a person has to look.
    within_s: u32,
    /// Least time between two settings.
    every_s: u32,
}

/// What is to be done with a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockVerdict {
    /// It is not off by so much that anything is to be done.
    Right,
    /// It is set to this time now.
    Set(Civil),
    /// It is left as it is.
    Left(ClockOutcome, String),
}

/// What came of a clock that had to be set: a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockOutcome {
    /// It was set, and shows so.
    Set,
    /// It was set, and does not show so.
    NotHeld,
    /// The meter, or the line, did not take it, or it could not be read again.
    Failed,
    /// The driver or the model cannot set a clock.
    Unsupported,
    /// It is off by more than the policy allows.
    TooFar,
    /// It was set before, and not long enough ago.
    TooSoon,
    /// The change would come near the begin or the end of an hour, or over it.
    NearHour,
}

impl ClockOutcome {
    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::NotHeld => "not-held",
            Self::Failed => "failed",
            Self::Unsupported => "unsupported",
            Self::TooFar => "too-far",
            Self::TooSoon => "too-soon",
            Self::NearHour => "near-hour",
        }
    }
}

impl fmt::Display for ClockOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A device's clock as it was measured, and when it was set before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockState {
    /// Device minus host, milliseconds.
    pub offset_ms: i64,
    /// Give or take, milliseconds.
    pub uncertainty_ms: u32,
    /// When somebody last tried to set it from here.
    pub set_at: Option<Timestamp>,
}

impl ClockLimits {
    /// What is to be done with a clock now. `rule` makes meter time of instants.
    ///
    /// The time to set is that of the host at `now`, later by half of what the measurement leaves open: the way of the
    /// question, and half a second, as a clock that is set goes on from the begin of one.
    pub fn judge(&self, clock: ClockState, rule: &ClockRule, now: Timestamp) -> ClockVerdict {
        let off_ms = clock.offset_ms.saturating_abs();
        if off_ms.saturating_sub(clock.uncertainty_ms.into()) <= i64::from(self.beyond_s) * 1_000 {
            return ClockVerdict::Right;
        }
        let left = |outcome, text| ClockVerdict::Left(outcome, text);
        let off = offset_text(clock.offset_ms);
        if off_ms > i64::from(self.within_s) * 1_000 {
            let text = format!(
                "the clock is off by {off}, more than {}: a person has to look",
                Seconds(self.within_s)
            );
            return left(ClockOutcome::TooFar, text);
        }
        if let Some(set_at) = clock.set_at
            && now.duration_since(set_at) < SignedDuration::from_secs(self.every_s.into())
        {
            let text = format!(
                "the clock is off by {off}, and was set at {set_at:.0}, less than {} ago",
                Seconds(self.every_s)
            );
            return left(ClockOutcome::TooSoon, text);
        }
        let later = |ms: i64| now.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(now);
        let shown = rule.civil(later(clock.offset_ms));
        let to = whole_second(rule.civil(later((clock.uncertainty_ms / 2).min(LATER_MS).into())));
        let margin_s = MARGIN_S + i64::from(clock.uncertainty_ms.div_ceil(1_000));
        if !same_hour(shown, to, margin_s) {
            let text = format!("{} to {to} would come near an hour's end", whole_second(shown));
            return left(ClockOutcome::NearHour, text);
        }
        ClockVerdict::Set(to)
    }
}

/// Whether both times lie in one hour, and `margin_s` from its begin and end.
fn same_hour(one: Civil, other: Civil, margin_s: i64) -> bool {
    let into_s = |civil: Civil| i64::from(civil.minute()) * 60 + i64::from(civil.second());
    let inside = |civil: Civil| (margin_s..=3_600 - margin_s).contains(&into_s(civil));
    one.date() == other.date() && one.hour() == other.hour() && inside(one) && inside(other)
}

fn whole_second(civil: Civil) -> Civil {
    civil.with().subsec_nanosecond(0).build().unwrap_or(civil)
}

/// `+90.0 s`: positive is ahead.
pub fn offset_text(offset_ms: i64) -> String {
    let sign = if offset_ms < 0 { '-' } else { '+' };
    let tenths = offset_ms.unsigned_abs().saturating_add(50) / 100;
    format!("{sign}{}.{} s", tenths / 10, tenths % 10)
}

/// So many seconds, in the largest unit that holds them whole.
struct Seconds(u32);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
        let whole = units.into_iter().find(|(length, _)| self.0.is_multiple_of(*length));
        let (length, unit) = whole.unwrap_or((1, 's'));
        write!(f, "{}{unit}", self.0 / length)
    }
}

/// A policy could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "clock policy {got:?}: {reason}; expected `off` or such as `beyond 30s within 10m every 24h` (s, m, h or d; every is \
     24h without it)"
)]
pub struct BadClockPolicy {
    got: String,
    reason: String,
}

impl fmt::Display for ClockPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Set(limits) => {
                let [beyond, within, every] = [limits.beyond_s, limits.within_s, limits.every_s].map(Seconds);
                write!(f, "beyond {beyond} within {within} every {every}")
            }
        }
    }
}

impl FromStr for ClockPolicy {
    type Err = BadClockPolicy;

    fn from_str(text: &str) -> Result<Self, BadClockPolicy> {
        let bad = |reason: String| BadClockPolicy {
            got: text.to_owned(),
            reason,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (beyond, within, every) = match *words {
            ["off"] => return Ok(Self::Off),
            ["beyond", beyond, "within", within] => (beyond, within, None),
            ["beyond", beyond, "within", within, "every", every] => (beyond, within, Some(every)),
            _ => return Err(bad("the words are others".to_owned())),
        };
        let figure = |name: &str, text: &str, (least, most): (u32, u32)| {
            let got = seconds(text).filter(|got| (least..=most).contains(got));
            let (least, most) = (Seconds(least), Seconds(most));
            got.ok_or_else(|| bad(format!("{name} is {text}, {least} to {most} may be")))
        };
        let limits = ClockLimits {
            beyond_s: figure("beyond", beyond, BEYOND_S)?,
            within_s: figure("within", within, WITHIN_S)?,
            every_s: every.map_or(Ok(USUAL_EVERY_S), |every| figure("every", every, EVERY_S))?,
        };
        if limits.beyond_s >= limits.within_s {
            return Err(bad("beyond is not less than within: nothing would be set".to_owned()));
        }
        Ok(Self::Set(limits))
    }
}

/// `30s`, `10m`, `24h`, `7d` as seconds.
fn seconds(text: &str) -> Option<u32> {
    let (number, length) = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)]
        .into_iter()
        .find_map(|(unit, length)| Some((text.strip_suffix(unit)?, length)))?;
    number.parse::<u32>().ok()?.checked_mul(length)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn limits() -> ClockLimits {
        match "beyond 30s within 10m".parse() {
            Ok(ClockPolicy::Set(limits)) => limits,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_is_words() {
        for (text, want) in [
            ("off", "off"),
            ("beyond 30s within 10m", "beyond 30s within 10m every 1d"),
            ("beyond 90s within 600s every 36h", "beyond 90s within 10m every 36h"),
            ("beyond 2s within 30m every 1h", "beyond 2s within 30m every 1h"),
        ] {
            let policy: ClockPolicy = text.parse().unwrap();
            assert_eq!(policy.to_string(), want, "{text}");
            assert_eq!(want.parse(), Ok(policy), "{text}");
        }
        for (text, words) in [
            ("", "the words are others"),
            ("beyond 30s", "the words are others"),
            ("beyond 30 within 10m", "beyond is 30, 2s to 30m may be"),
            ("beyond 30s within 31m", "within is 31m, 2s to 30m may be"),
            ("beyond 30s within 10m every 59m", "every is 59m, 1h to 366d may be"),
            ("beyond 30s within 99999999999m", "within is 99999999999m"),
            ("beyond 10m within 10m", "beyond is not less than within"),
        ] {
            let error = text.parse::<ClockPolicy>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    /// What `beyond 30s within 10m` says of a clock that is off by so many seconds at a time of meter time in Moscow.
    fn judged(off_s: i64, uncertainty_ms: u32, now: &str, set_at: Option<&str>) -> String {
        let rule = ClockRule::Standard(TimeZone::get("Europe/Moscow").unwrap());
        let clock = ClockState {
            offset_ms: off_s * 1_000,
            uncertainty_ms,
            set_at: set_at.map(|at| at.parse().unwrap()),
        };
        match limits().judge(clock, &rule, rule.instant(now.parse().unwrap()).unwrap()) {
            ClockVerdict::Right => "right".to_owned(),
            ClockVerdict::Set(to) => to.to_string(),
            ClockVerdict::Left(outcome, text) => format!("{outcome}: {text}"),
        }
    }

    #[test]
    fn a_clock_is_set_within_its_limits_only() {
        let at = "2026-11-20T14:20:30.200";
        for (name, off_s, uncertainty_ms, want) in [
            ("ahead", 90, 1_000, "2026-11-20T14:20:30"),
            ("behind", -90, 1_000, "2026-11-20T14:20:30"),
            ("the way of the question counts", 90, 1_600, "2026-11-20T14:20:31"),
            ("as far as it may", 600, 1_000, "2026-11-20T14:20:30"),
            ("shown to the minute", 120, 60_100, "2026-11-20T14:20:32"),
            ("right", 3, 1_000, "right"),
            ("not certainly off", 31, 1_000, "right"),
            ("shown to the hour only", 300, 3_600_000, "right"),
            (
                "too far",
                900,
                1_000,
                "too-far: the clock is off by +900.0 s, more than 10m: a person has to look",
            ),
        ] {
            assert_eq!(judged(off_s, uncertainty_ms, at, None), want, "{name}");
        }
        assert!(judged(i64::MIN / 1_000, 0, at, None).starts_with("too-far"));
    }

    #[test]
    fn a_clock_is_not_set_near_an_hour_or_over_it() {
        let near = |off_s, now: &str| judged(off_s, 1_000, now, None).starts_with("near-hour");
        for (name, off_s, now, want) in [
            ("in the middle", 90, "2026-11-20T14:30:00", false),
            ("shown in the next hour", 90, "2026-11-20T14:59:00", true),
            ("both before the hour", 90, "2026-11-20T14:57:00", true),
            ("shown in the hour before", -90, "2026-11-20T15:01:00", true),
            ("both behind the hour", -90, "2026-11-20T15:03:00", true),
            ("far over the hour", 600, "2026-11-20T14:55:00", true),
            ("over midnight", 590, "2026-11-20T23:51:00", true),
            ("as near as may be", 90, "2026-11-20T15:02:01", false),
            ("too near", 90, "2026-11-20T15:01:59", true),
        ] {
            assert_eq!(near(off_s, now), want, "{name}");
        }
    }

    #[test]
    fn a_clock_is_not_set_twice_in_a_short_time() {
        let at = "2026-11-20T14:20:30";
        let day_before = |set_at| judged(90, 1_000, at, Some(set_at));
        assert_eq!(
            day_before("2026-11-19T11:21:00Z"),
            "too-soon: the clock is off by +90.0 s, and was set at 2026-11-19T11:21:00Z, less than 1d ago"
        );
        assert_eq!(day_before("2026-11-19T11:20:30Z"), "2026-11-20T14:20:30");
    }

    #[test]
    fn offsets_have_a_sign_and_tenths() {
        for (ms, want) in [
            (90_040, "+90.0 s"),
            (-450, "-0.5 s"),
            (0, "+0.0 s"),
            (-12_449, "-12.4 s"),
        ] {
            assert_eq!(offset_text(ms), want);
        }
    }
}
