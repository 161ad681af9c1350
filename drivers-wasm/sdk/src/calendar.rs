//! Meter time as seconds from 1970-01-01 00:00 of the meter's own civil scale, so that intervals can be counted. No zone
//! anywhere.

use crate::CivilTime;

/// Seconds in a minute.
pub const MINUTE: i64 = 60;
/// Seconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Seconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// Days of a month; 0 for a month that is none.
pub fn days_in_month(year: impl Into<i64>, month: impl Into<i64>) -> i64 {
    let year = year.into();
    match month.into() {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days from 1970-01-01 to the given date of the Gregorian calendar. A month outside 1 to 12 carries into the year.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
    // Counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_400 = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + of_400 + i64::from(month <= 2), month, day)
}

/// The seconds at which a clock shows `at`; none for a date or time that cannot be.
pub fn seconds(at: CivilTime) -> Option<i64> {
    let is_day = (1..=days_in_month(at.year, at.month)).contains(&at.day.into());
    (is_day && at.hour < 24 && at.minute < 60 && at.second < 60).then(|| reckon(at))
}

/// [`seconds`] of a time that is known to exist. One that does not is counted on: 24:00 is the midnight after.
pub fn reckon(at: CivilTime) -> i64 {
    let [hour, minute, second] = [at.hour, at.minute, at.second].map(i64::from);
    days(at.year.into(), at.month.into(), at.day.into()) * DAY + hour * HOUR + minute * MINUTE + second
}

/// The civil time of `seconds`; the nearest that can be written for years outside 0 to 65535.
pub fn civil(seconds: i64) -> CivilTime {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    let small = |number: i64| u8::try_from(number).unwrap_or(u8::MAX);
    CivilTime {
        year: u16::try_from(year.max(0)).unwrap_or(u16::MAX),
        month: small(month),
        day: small(day),
        hour: small(of_day / HOUR),
        minute: small(of_day / MINUTE % 60),
        second: small(of_day % 60),
    }
}

/// The same day and time `count` months later (earlier when negative); none where that month has no such day.
pub fn add_months(seconds: i64, count: i64) -> Option<i64> {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let months = (year * 12 + month - 1).checked_add(count)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let is_year = u16::try_from(year).is_ok();
    (is_year && day <= days_in_month(year, month)).then(|| days(year, month, day) * DAY + seconds.rem_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: u16, month: u8, day: u8, hour: u8) -> CivilTime {
        CivilTime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        }
    }

    #[test]
    fn known_days_have_their_numbers() {
        let cases = [
            ((1970, 1, 1), 0),
            ((2000, 2, 29), 11_016),
            ((2015, 4, 5), 16_530),
            ((1969, 12, 31), -1),
        ];
        for ((year, month, day), want) in cases {
            assert_eq!(days(year, month, day), want, "{year}-{month}-{day}");
            assert_eq!(date(want), (year, month, day));
        }
        assert_eq!(days(2015, 13, 1), days(2016, 1, 1), "a month carries into the year");
        assert_eq!(days(2015, 0, 1), days(2014, 12, 1));
    }

    #[test]
    fn a_time_that_cannot_be_has_no_seconds() {
        for wrong in [
            at(2015, 2, 29, 0),
            at(2015, 13, 1, 0),
            at(2015, 0, 1, 0),
            at(2015, 1, 1, 24),
        ] {
            assert_eq!(seconds(wrong), None, "{wrong:?}");
        }
        assert!(seconds(at(2016, 2, 29, 23)).is_some());
    }

    #[test]
    fn there_and_back() {
        for number in (-2_000_000_000..7_000_000_000).step_by(9_999_991) {
            assert_eq!(seconds(civil(number)), Some(number));
            assert_eq!(reckon(civil(number)), number);
        }
    }

    #[test]
    fn what_is_no_time_is_counted_on() {
        assert_eq!(civil(reckon(at(2015, 12, 31, 24))), at(2016, 1, 1, 0));
        assert_eq!(civil(reckon(at(2015, 2, 29, 0))), at(2015, 3, 1, 0));
    }

    #[test]
    fn months_go_over_the_year_and_stop_at_days_that_are_not() {
        let moved = |year, month, day, count| add_months(reckon(at(year, month, day, 6)), count).map(civil);
        assert_eq!(moved(2014, 1, 1, -1), Some(at(2013, 12, 1, 6)));
        assert_eq!(moved(2013, 12, 25, 1), Some(at(2014, 1, 25, 6)));
        assert_eq!(moved(2014, 1, 31, 1), None);
        assert_eq!(moved(2014, 1, 1, i64::MAX), None);
    }
}
