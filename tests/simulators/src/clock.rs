//! The clock inside a meter: stands still for tests, or runs with an error like a real one.

use crate::civil;
use jiff::Timestamp;
use jiff::civil::DateTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2200-01-01T00:00. A jump asked for by mistake must not leave the calendar.
const LAST_S: i64 = 7_258_118_400;

/// A meter's clock in civil time. Clones are the same clock.
#[derive(Clone)]
pub struct SimClock(Arc<Hands>);

struct Hands {
    /// UTC seconds as they pass; nothing on a clock that stands.
    passing: Option<Box<dyn Fn() -> i64 + Send + Sync>>,
    /// Running: civil seconds minus UTC seconds. Standing: civil seconds.
    seconds: AtomicI64,
}

impl SimClock {
    /// A clock which stands at `civil` until it is set or advanced.
    pub fn fixed(civil: DateTime) -> Self {
        Self::with(None, civil::seconds_of(civil))
    }

    /// A clock which runs `utc_offset_s` ahead of UTC, plus its error (positive: the clock is fast).
    pub fn running(utc_offset_s: i64, error_s: i64) -> Self {
        Self::following(|| Timestamp::now().as_second(), utc_offset_s.saturating_add(error_s))
    }

    /// A clock which runs `offset_s` ahead of what `utc_s` tells.
    pub fn following(utc_s: impl Fn() -> i64 + Send + Sync + 'static, offset_s: i64) -> Self {
        Self::with(Some(Box::new(utc_s)), offset_s)
    }

    fn with(passing: Option<Box<dyn Fn() -> i64 + Send + Sync>>, seconds: i64) -> Self {
        Self(Arc::new(Hands {
            passing,
            seconds: AtomicI64::new(seconds),
        }))
    }

    /// Civil seconds since 1970-01-01T00:00.
    pub fn now_s(&self) -> i64 {
        let seconds = self.0.seconds.load(Ordering::Relaxed);
        let passed_s = self.0.passing.as_ref().map_or(0, |utc_s| utc_s());
        passed_s.saturating_add(seconds).clamp(0, LAST_S)
    }

    /// What the meter's display shows.
    pub fn now(&self) -> DateTime {
        civil::civil_of(self.now_s())
    }

    /// The running hour: its record does not exist yet.
    pub fn now_hour(&self) -> i64 {
        self.now_s().div_euclid(civil::HOUR_S)
    }

    /// Sets the clock; whether it runs stays as it was.
    pub fn set(&self, civil: DateTime) {
        self.advance(civil::seconds_of(civil).saturating_sub(self.now_s()));
    }

    /// Moves the clock by seconds, backwards when negative.
    pub fn advance(&self, seconds: i64) {
        let moved = |before: i64| Some(before.saturating_add(seconds));
        // The closure always gives a value, so the update cannot fail.
        let _ = self.0.seconds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }
}

/// A civil time stands for a clock which stands there.
impl From<DateTime> for SimClock {
    fn from(civil: DateTime) -> Self {
        Self::fixed(civil)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn a_clock_is_set_and_advanced_for_all_its_clones() {
        let clock = SimClock::fixed(datetime(2026, 1, 31, 23, 59, 30, 0));
        let clone = clock.clone();
        clone.advance(60);
        assert_eq!(clock.now(), datetime(2026, 2, 1, 0, 0, 30, 0));
        clock.set(datetime(2025, 12, 1, 5, 0, 0, 0));
        assert_eq!(clone.now(), datetime(2025, 12, 1, 5, 0, 0, 0));
        clock.advance(i64::MAX);
        assert_eq!(clock.now(), datetime(2200, 1, 1, 0, 0, 0, 0));
    }
}
