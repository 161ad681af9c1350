//! Arithmetic of civil time: seconds since 1970-01-01 00:00 of the meter's own calendar, without any zone.

use uzel_driver_sdk::CivilTime;

/// Seconds of a minute, an hour and a day.
pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Number of days of a month; 0 when there is no such month.
pub fn month_length(year: u16, month: u8) -> u8 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// The seconds at which a clock shows `time`.
pub fn seconds(time: CivilTime) -> i64 {
    let date = days(time.year.into(), time.month.into(), time.day.into());
    date * DAY + i64::from(time.hour) * HOUR + i64::from(time.minute) * MINUTE + i64::from(time.second)
}

/// What a clock shows at `seconds`: undoes [`seconds`]. Years outside 0 to 65535 become the nearest of them.
pub fn civil(seconds: i64) -> CivilTime {
    let shifted = seconds.div_euclid(DAY) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let time = seconds.rem_euclid(DAY);
    let small = |number: i64| u8::try_from(number).unwrap_or(0);
    CivilTime {
        year: u16::try_from(year.clamp(0, i64::from(u16::MAX))).unwrap_or(0),
        month: small(month),
        day: small(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        hour: small(time / HOUR),
        minute: small(time % HOUR / MINUTE),
        second: small(time % MINUTE),
    }
}

/// The same day and time `count` months later (earlier when negative). None where that month has no such day.
pub fn add_months(seconds: i64, count: i64) -> Option<i64> {
    let time = civil(seconds);
    let months = i64::from(time.year) * 12 + i64::from(time.month) - 1 + count;
    let year = u16::try_from(months.div_euclid(12)).ok()?;
    let month = u8::try_from(months.rem_euclid(12) + 1).ok()?;
    let day = days(year.into(), month.into(), time.day.into());
    (time.day <= month_length(year, month)).then(|| day * DAY + seconds.rem_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(year: u16, month: u8, day: u8, hour: u8) -> i64 {
        seconds(CivilTime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        })
    }

    #[test]
    fn known_days_lie_where_they_should() {
        assert_eq!(at(1970, 1, 1, 0), 0);
        assert_eq!(at(2000, 3, 1, 0), 951_868_800);
        assert_eq!(at(2024, 2, 29, 1), 1_709_168_400);
        assert_eq!(month_length(2100, 2), 28);
        assert_eq!(month_length(2000, 2), 29);
        assert_eq!(month_length(2000, 13), 0);
    }

    #[test]
    fn months_go_over_the_year_and_stop_at_days_that_are_not() {
        assert_eq!(add_months(at(2014, 1, 1, 6), -1), Some(at(2013, 12, 1, 6)));
        assert_eq!(add_months(at(2013, 12, 25, 0), 1), Some(at(2014, 1, 25, 0)));
        assert_eq!(add_months(at(2014, 1, 31, 0), 1), None);
    }

    proptest! {
        #[test]
        fn civil_undoes_seconds(at in -2_000_000_000i64..40_000_000_000) {
            prop_assert_eq!(seconds(civil(at)), at);
        }
    }
}
