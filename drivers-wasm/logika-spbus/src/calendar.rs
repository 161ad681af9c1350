//! Meter time as seconds on the meter's own civil scale, so that intervals can be counted. No zone anywhere.

use uzel_driver_sdk::CivilTime;

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;
/// Seconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// Days of a month; 0 for a month that is none.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
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

/// Seconds from 1970-01-01 00:00:00 of the meter's own scale; none for a date or time that cannot be.
pub fn seconds(at: CivilTime) -> Option<i64> {
    let [month, day] = [at.month, at.day].map(i64::from);
    let fits = (1..=days_in_month(at.year.into(), month)).contains(&day);
    (fits && at.hour < 24 && at.minute < 60 && at.second < 60).then(|| {
        days(at.year.into(), month, day) * DAY
            + i64::from(at.hour) * HOUR
            + i64::from(at.minute) * 60
            + i64::from(at.second)
    })
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
        minute: small(of_day / 60 % 60),
        second: small(of_day % 60),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn there_and_back(number in 0i64..7_000_000_000) {
            prop_assert_eq!(seconds(civil(number)), Some(number));
        }
    }
}
