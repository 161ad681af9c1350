//! Points in time: data types F, G and I of EN 13757-3, annex A, and the time of day, type J.
//!
//! They are the meter's own clock and carry no zone.

use uzel_driver_sdk::CivilTime;

use uzel_driver_sdk::calendar;

/// How much of a point in time the meter gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// The date alone (type G).
    Day,
    /// To the minute (type F).
    Minute,
    /// To the second (type I).
    Second,
}

/// A date, or a date and time, that exists in the calendar.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The time is 00:00:00 where only the date was given.
    pub time: CivilTime,
    /// What was given.
    pub precision: Precision,
}

impl Stamp {
    /// Reads type G (2 bytes), F (4 bytes) or I (6 bytes). None when the meter calls it invalid, when it is not set
    /// (zeros or ones), when there is no such date, and for any other length.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [day, month] => Self::new(date(day, month, 0)?, [0; 3], Precision::Day),
            [minute, hour, day, month] if minute & 0x80 == 0 => Self::new(
                date(day, month, hour >> 5 & 3)?,
                [hour & 0x1f, minute & 0x3f, 0],
                Precision::Minute,
            ),
            [second, minute, hour, day, month, _] if minute & 0x80 == 0 => Self::new(
                date(day, month, 0)?,
                [hour & 0x1f, minute & 0x3f, second & 0x3f],
                Precision::Second,
            ),
            _ => None,
        }
    }

    fn new((year, month, day): (u16, u8, u8), [hour, minute, second]: [u8; 3], precision: Precision) -> Option<Self> {
        let time = CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        };
        (hour < 24 && minute < 60 && second < 60).then_some(Self { time, precision })
    }

    /// `2013-05-31` or `2012-01-13T16:34:00`.
    pub fn text(&self) -> String {
        let time = self.time;
        let [century, year] = [time.year / 100, time.year % 100].map(|part| u8::try_from(part).unwrap_or(99));
        let mut text = String::with_capacity(19);
        let parts = [
            ("", century),
            ("", year),
            ("-", time.month),
            ("-", time.day),
            ("T", time.hour),
            (":", time.minute),
            (":", time.second),
        ];
        let shown = match self.precision {
            Precision::Day => 4,
            Precision::Minute | Precision::Second => parts.len(),
        };
        for (before, number) in parts.into_iter().take(shown) {
            text.push_str(before);
            text.push(char::from(b'0' + number / 10 % 10));
            text.push(char::from(b'0' + number % 10));
        }
        text
    }
}

/// Year, month and day of the two bytes that all types share, with the century bits of type F.
fn date(low: u8, high: u8, century: u8) -> Option<(u16, u8, u8)> {
    let two_digits = u16::from(low >> 5 | high >> 4 << 3);
    let year = match (century, two_digits) {
        (0, 0..=80) => 2000 + two_digits,
        // 100 and more are years since 1900 too; all ones mean "every year".
        (0, 81..=126) => 1900 + two_digits,
        (1..=3, 0..=99) => 1900 + 100 * u16::from(century) + two_digits,
        _ => return None,
    };
    let (month, day) = (high & 0x0f, low & 0x1f);
    let exists = (1..=calendar::days_in_month(year, month)).contains(&day.into());
    exists.then_some((year, month, day))
}

/// The data of a date, or of a date and time: undone by [`Stamp::decode`]. The week of type I is not given.
pub fn encode(time: CivilTime, precision: Precision) -> Vec<u8> {
    let year = u8::try_from(time.year % 100).unwrap_or(0);
    let (day, month) = (time.day | year << 5, time.month | year >> 3 << 4);
    match precision {
        Precision::Day => vec![day, month],
        Precision::Minute => vec![time.minute, time.hour, day, month],
        Precision::Second => vec![time.second, time.minute, time.hour, day, month, 0],
    }
}

/// `13:05:00` of a time of day (type J, 3 bytes). None when there is no such time.
pub fn time_of_day(bytes: &[u8]) -> Option<String> {
    let &[second, minute, hour] = bytes else { return None };
    let (second, minute, hour) = (second & 0x3f, minute & 0x3f, hour & 0x1f);
    (hour < 24 && minute < 60 && second < 60).then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::unhex;

    #[test]
    fn points_in_time_are_read_or_refused() {
        let cases = [
            ("type F, abb_f95", "22 10 8d 11", Some("2012-01-13T16:34:00")),
            ("type F, oms_frame1", "32 37 1f 15", Some("2008-05-31T23:50:00")),
            ("type F, amt_calec_mb", "10 09 05 c5", Some("1996-05-05T09:16:00")),
            ("type G", "bf 15", Some("2013-05-31")),
            ("type I, LGB_G350", "00 00 08 16 27 00", Some("2016-07-22T08:00:00")),
            ("type I with seconds", "1e 05 08 16 27 00", Some("2016-07-22T08:05:30")),
            ("type F marked invalid", "a2 10 8d 11", None),
            ("type I marked invalid", "00 80 08 16 27 00", None),
            ("not set: zeros", "00 00", None),
            ("not set: ones", "ff ff", None),
            ("not set: ones", "ff ff ff ff", None),
            ("31 February", "1f 12", None),
            ("every hour", "00 1f 8d 11", None),
            ("years since 1900", "21 e1", Some("2013-01-01")),
            ("every year", "e1 f1", None),
            ("time of day", "00 00 08", None),
        ];
        for (name, bytes, want) in cases {
            let stamp = Stamp::decode(&unhex(bytes).unwrap());
            assert_eq!(stamp.map(|stamp| stamp.text()).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn times_of_day_are_read_or_refused() {
        assert_eq!(time_of_day(&[1, 2, 3]).as_deref(), Some("03:02:01"));
        assert_eq!(time_of_day(&[0xff, 0xff, 0xff]), None);
        assert_eq!(time_of_day(&[0, 0]), None);
    }
}
