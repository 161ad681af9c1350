//! Meter time: texts, and hours by number (0 is 1970-01-01T00:00), so that they can be counted through.

use uzel_driver_sdk::CivilTime;

/// A time from `2026-02-01T10:20`, with or without seconds. None: the text is none.
pub fn parse(text: &str) -> Option<CivilTime> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let mut time = time.split(':');
    let year = date.next()?.parse().ok()?;
    let part = |parts: &mut std::str::Split<char>| parts.next()?.parse().ok();
    Some(CivilTime {
        year,
        month: part(&mut date)?,
        day: part(&mut date)?,
        hour: part(&mut time)?,
        minute: part(&mut time)?,
        second: part(&mut time).unwrap_or(0),
    })
}

/// The number of the hour in which `time` is.
pub fn hour(time: CivilTime) -> i64 {
    // Days from the civil calendar with years that begin in March, so that a leap day is the last of its year.
    let (year, month) = (i64::from(time.year), i64::from(time.month));
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap_days + (153 * month + 2) / 5 + i64::from(time.day) - 1;
    (days - 719_468) * 24 + i64::from(time.hour)
}

/// The first hour that begins at `time` or later.
pub fn next_hour(time: CivilTime) -> i64 {
    hour(time) + i64::from(time.minute > 0 || time.second > 0)
}

/// The start of the hour with this number.
pub fn start_of(hour: i64) -> CivilTime {
    let days = hour.div_euclid(24) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (shift, next) = if month < 10 { (3, 0) } else { (-9, 1) };
    let small = |number: i64| u8::try_from(number).unwrap_or_default();
    CivilTime {
        year: u16::try_from(year + era * 400 + next).unwrap_or_default(),
        month: small(month + shift),
        day: small(day - (153 * month + 2) / 5 + 1),
        hour: small(hour.rem_euclid(24)),
        minute: 0,
        second: 0,
    }
}

/// As the meter writes it.
pub fn label(hour: i64) -> String {
    let CivilTime {
        year, month, day, hour, ..
    } = start_of(hour);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_their_labels_undo_each_other() {
        for text in [
            "1970-01-01T00:00",
            "2024-02-29T23:00",
            "2026-03-01T00:00",
            "2100-12-31T23:00",
        ] {
            let time = parse(text).unwrap();
            assert_eq!(label(hour(time)), text);
            assert_eq!(start_of(hour(time)), time);
        }
        assert_eq!(hour(parse("1970-01-02T01:00").unwrap()), 25);
        assert_eq!(label(hour(parse("2024-02-28T23:00").unwrap()) + 1), "2024-02-29T00:00");
        assert_eq!(next_hour(parse("1970-01-01T01:00:01").unwrap()), 2);
        for wrong in ["", "2026-02-01", "2026-02T10:00", "2026-02-01Tx:00"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
