//! Meter time and world time.
//!
//! A meter shows civil time without a zone. [`ClockRule::instant`] is the one place where it becomes UTC, and
//! [`ClockRule::civil`] the way back.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A date and time as a meter shows it.
pub type Civil = DateTime;

/// How a device's clock relates to the zone of its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockRule {
    /// The device keeps the zone's standard time all year.
    Standard(TimeZone),
    /// The device follows the zone's summer time by itself.
    Zone(TimeZone),
}

impl ClockRule {
    /// The instant at which the device shows `civil`. None outside the years -9999 to 9999 of UTC.
    ///
    /// Of an hour that comes twice the first is meant: a device cannot say which. An hour that never comes is taken
    /// as if the clock had not yet been put forward, so that intervals stay in order and of full length.
    pub fn instant(&self, civil: Civil) -> Option<Timestamp> {
        match self {
            Self::Standard(zone) => {
                // The standard offset may itself change by law: take the one in force about that time.
                let near = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
                let info = zone.to_offset_info(near);
                let offset = match info.dst() {
                    jiff::tz::Dst::No => info.offset(),
                    jiff::tz::Dst::Yes => standard_offset(zone, near),
                };
                offset.to_timestamp(civil).ok()
            }
            Self::Zone(zone) => zone.to_ambiguous_timestamp(civil).compatible().ok(),
        }
    }

    /// What the device shows at `instant` when its clock is right.
    pub fn civil(&self, instant: Timestamp) -> Civil {
        match self {
            Self::Standard(zone) => {
                let info = zone.to_offset_info(instant);
                match info.dst() {
                    jiff::tz::Dst::No => info.offset().to_datetime(instant),
                    jiff::tz::Dst::Yes => standard_offset(zone, instant).to_datetime(instant),
                }
            }
            Self::Zone(zone) => zone.to_datetime(instant),
        }
    }
}

/// The standard offset of a zone that has summer time at `instant`: that of the last time before it without.
fn standard_offset(zone: &TimeZone, instant: Timestamp) -> jiff::tz::Offset {
    zone.preceding(instant)
        .take(4)
        .map(|transition| zone.to_offset_info(transition.timestamp()))
        .find(|info| info.dst() == jiff::tz::Dst::No)
        .map_or_else(|| zone.to_offset(instant), |info| info.offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(zone: &str, standard: bool) -> ClockRule {
        let zone = TimeZone::get(zone).unwrap();
        if standard {
            ClockRule::Standard(zone)
        } else {
            ClockRule::Zone(zone)
        }
    }

    #[test]
    fn meter_time_becomes_utc() {
        let cases = [
            (
                "no summer time",
                "Europe/Moscow",
                true,
                "2026-11-20T14:00",
                "2026-11-20T11:00:00Z",
            ),
            (
                "Moscow before October 2014",
                "Europe/Moscow",
                true,
                "2014-01-01T00:00",
                "2013-12-31T20:00:00Z",
            ),
            (
                "summer, device stays on standard time",
                "Europe/Berlin",
                true,
                "2026-07-01T12:00",
                "2026-07-01T11:00:00Z",
            ),
            (
                "summer, device follows",
                "Europe/Berlin",
                false,
                "2026-07-01T12:00",
                "2026-07-01T10:00:00Z",
            ),
            (
                "hour that comes twice: the first",
                "Europe/Berlin",
                false,
                "2026-10-25T02:30",
                "2026-10-25T00:30:00Z",
            ),
            (
                "the same hour on standard time",
                "Europe/Berlin",
                true,
                "2026-10-25T02:30",
                "2026-10-25T01:30:00Z",
            ),
            (
                "hour that never comes",
                "Europe/Berlin",
                false,
                "2026-03-29T02:30",
                "2026-03-29T01:30:00Z",
            ),
            (
                "the same hour on standard time",
                "Europe/Berlin",
                true,
                "2026-03-29T02:30",
                "2026-03-29T01:30:00Z",
            ),
        ];
        for (name, zone, standard, civil, want) in cases {
            let instant = rule(zone, standard).instant(civil.parse().unwrap()).unwrap();
            assert_eq!(instant, want.parse::<Timestamp>().unwrap(), "{name}");
        }
    }

    #[test]
    fn the_way_back_agrees_away_from_changes() {
        for zone in ["Europe/Moscow", "Asia/Yekaterinburg", "Europe/Berlin"] {
            for standard in [true, false] {
                let rule = rule(zone, standard);
                for text in ["2026-01-15T07:00Z", "2026-07-15T23:00Z"] {
                    let instant: Timestamp = text.parse().unwrap();
                    assert_eq!(
                        rule.instant(rule.civil(instant)),
                        Some(instant),
                        "{zone} {standard} {text}"
                    );
                }
            }
        }
    }
}
