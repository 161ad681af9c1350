//! Civil time as a meter counts it: whole seconds and whole hours since 1970-01-01T00:00 of the
//! meter's own clock. No zone takes part: a meter does not know one.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

/// Seconds of an hour.
pub const HOUR_S: i64 = 3600;

/// Hours of a day. A meter's clock does not change to summer time here.
pub const DAY_H: i64 = 24;

/// Seconds since 1970-01-01T00:00 of the same clock.
pub fn seconds_of(civil: DateTime) -> i64 {
    Offset::UTC
        .to_timestamp(civil)
        .expect("a civil time within jiff's range")
        .as_second()
}

/// Undoes [`seconds_of`].
pub fn civil_of(seconds: i64) -> DateTime {
    let instant = Timestamp::from_second(seconds).expect("seconds within jiff's range");
    Offset::UTC.to_datetime(instant)
}

/// The start of the hour with this number.
pub fn civil_of_hour(hour: i64) -> DateTime {
    civil_of(hour * HOUR_S)
}

/// The number of the hour which contains this civil time.
pub fn hour_of(civil: DateTime) -> i64 {
    seconds_of(civil).div_euclid(HOUR_S)
}

/// The number of the day which contains this hour.
pub fn day_of(hour: i64) -> i64 {
    hour.div_euclid(DAY_H)
}

/// A date from numbers that came from outside; `None` when there is no such day.
pub fn checked_date(year: i16, month: u8, day: u8) -> Option<Date> {
    let month = i8::try_from(month).ok()?;
    let day = i8::try_from(day).ok()?;
    Date::new(year, month, day).ok()
}

/// The report day of a month: `day`, or the last day when the month is shorter.
pub fn report_date(year: i16, month: i8, day: u8) -> Date {
    let first = date(year, month, 1);
    let last = first.last_of_month();
    let day = i8::try_from(day).unwrap_or(31).clamp(1, last.day());
    date(year, month, day)
}

/// The same day number one month earlier, cut to that month's end; only year and month matter to callers.
pub fn previous_month(date: Date) -> Date {
    date.first_of_month().saturating_sub(1.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn hours_and_civil_times_undo_each_other() {
        let hour = hour_of(datetime(2026, 2, 28, 23, 59, 59, 0));
        assert_eq!(civil_of_hour(hour), datetime(2026, 2, 28, 23, 0, 0, 0));
        assert_eq!(civil_of_hour(hour + 1), datetime(2026, 3, 1, 0, 0, 0, 0));
        assert_eq!(day_of(hour) + 1, day_of(hour + 1));
    }

    #[test]
    fn a_report_day_past_the_month_is_its_last_day() {
        assert_eq!(report_date(2026, 2, 31), date(2026, 2, 28));
        assert_eq!(report_date(2026, 2, 25), date(2026, 2, 25));
        assert_eq!(previous_month(date(2026, 3, 31)), date(2026, 2, 28));
    }
}
