//! Civil hours, days and report months, without any zone.

use uzel_driver_sdk::CivilTime;

/// Hours since 1970-01-01 00:00 in the meter's own calendar; minutes and seconds are left off.
pub fn hours(time: CivilTime) -> i64 {
    days(time.year.into(), time.month.into(), time.day.into()) * 24 + i64::from(time.hour)
}

/// The civil hour that `hours` counts.
pub fn civil(hours: i64) -> CivilTime {
    let (year, month, day) = date(hours.div_euclid(24));
    CivilTime {
        year,
        month,
        day,
        hour: u8::try_from(hours.rem_euclid(24)).unwrap_or_default(),
        minute: 0,
        second: 0,
    }
}

/// Days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date(days: i64) -> (u16, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        u16::try_from(year).unwrap_or_default(),
        u8::try_from(month).unwrap_or_default(),
        u8::try_from(day).unwrap_or_default(),
    )
}

/// The day number on which the report month `month` (months since year 0) ends: its last day is the report day, or
/// the last of the month where the month is shorter. The day number is that of the day after, at 0:00.
pub fn report_month_end(month: i64, report_day: u8) -> i64 {
    let (year, index) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let (next_year, next_index) = ((month + 1).div_euclid(12), (month + 1).rem_euclid(12) + 1);
    let first = days(year, index, 1);
    (first + i64::from(report_day.max(1))).min(days(next_year, next_index, 1))
}

/// Months since year 0 of a civil time.
pub fn months(time: CivilTime) -> i64 {
    i64::from(time.year) * 12 + i64::from(time.month) - 1
}

/// Whether the device can mean this date: a real one of this century.
pub fn is_real(time: CivilTime) -> bool {
    let on_the_clock = time.hour < 24 && time.minute < 60 && time.second < 60;
    let plausible = (2000..2100).contains(&time.year) && (1..=12).contains(&time.month) && (1..=31).contains(&time.day);
    on_the_clock && plausible && {
        let back = civil(hours(time));
        (back.year, back.month, back.day) == (time.year, time.month, time.day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(year: u16, month: u8, day: u8) -> CivilTime {
        CivilTime {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        }
    }

    #[test]
    fn report_months_end_where_the_document_says() {
        let cases = [
            ("last day", (2016, 11), 31, day(2016, 12, 1)),
            ("the 25th", (2016, 11), 25, day(2016, 11, 26)),
            ("30 in February", (2016, 2), 30, day(2016, 3, 1)),
            ("30 in a long month", (2016, 3), 30, day(2016, 3, 31)),
            ("31 in December", (2016, 12), 31, day(2017, 1, 1)),
            ("a broken 0 is the first", (2016, 12), 0, day(2016, 12, 2)),
        ];
        for (name, (year, month), report_day, want) in cases {
            let end = report_month_end(year * 12 + month - 1, report_day);
            assert_eq!(civil(end * 24), want, "{name}");
        }
    }

    #[test]
    fn impossible_dates_are_seen() {
        let cases = [
            (day(2016, 2, 29), true),
            (day(2015, 2, 29), false),
            (day(2016, 13, 1), false),
            (day(2016, 0, 1), false),
            (day(1999, 12, 31), false),
            (
                CivilTime {
                    hour: 24,
                    ..day(2016, 1, 1)
                },
                false,
            ),
        ];
        for (time, want) in cases {
            assert_eq!(is_real(time), want, "{time:?}");
        }
    }

    proptest! {
        #[test]
        fn hours_there_and_back(count in 262_968_i64..1_139_544) {
            let time = civil(count);
            prop_assert_eq!(hours(time), count);
            prop_assert!(is_real(time));
        }
    }
}
