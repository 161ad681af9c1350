//! Dates and times as meters write them: `[s]YYMMDDhhmm[ss]`, `YYMMDDhhmmssX` of P1, `YY-MM-DD hh:mm`, and what requests
//! carry.
//!
//! `s` is 0 for standard time, 1 for summer time, 2 for UTC; `X` is W or S. The time is left as the meter shows it.

use serde::Deserialize;
use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::calendar::{DAY, civil, reckon, seconds};

use crate::number;

/// How times are written in requests for a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Form {
    /// `YYMMDDhhmm`.
    Short,
    /// `YYMMDDhhmmss`.
    Seconds,
    /// `sYYMMDDhhmm`.
    Season,
    /// `sYYMMDDhhmmss`.
    SeasonSeconds,
    /// `YY-MM-DD,hh:mm`.
    Dashes,
}

impl Form {
    /// `at` in this form. Where a season is wanted it is standard time's: meters take it for a mere mark.
    pub fn write(self, at: CivilTime) -> String {
        let CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = at;
        let year = year % 100;
        let short = format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}");
        match self {
            Self::Short => short,
            Self::Seconds => format!("{short}{second:02}"),
            Self::Season => format!("0{short}"),
            Self::SeasonSeconds => format!("0{short}{second:02}"),
            Self::Dashes => format!("{year:02}-{month:02}-{day:02},{hour:02}:{minute:02}"),
        }
    }
}

/// Date and time in one; none where it is neither.
pub fn stamp(text: &str) -> Option<CivilTime> {
    let text = text.trim();
    if text.contains('-') {
        let (date, time) = text.split_once([' ', ','])?;
        return join(parts(date, '-')?, parts(time, ':')?);
    }
    let digits = text.strip_suffix(['S', 'W']).unwrap_or(text);
    let digits = match digits.len() {
        11 | 13 => without_season(digits)?,
        10 | 12 => digits,
        _ => return None,
    };
    let (date, time) = digits.split_at_checked(6)?;
    join(pairs(date)?, pairs(time)?)
}

/// Date and time of two registers, 0.9.2 and 0.9.1.
pub fn date_and_time(date: &str, time: &str) -> Option<CivilTime> {
    let date = match date.contains('-') {
        true => parts(date, '-')?,
        false => pairs(six(date)?)?,
    };
    let time = match time.contains(':') {
        true => parts(time, ':')?,
        false => pairs(six(time)?)?,
    };
    join(date, time)
}

/// Six digits, a season in front of them left out.
fn six(text: &str) -> Option<&str> {
    match text.len() {
        6 => Some(text),
        7 => without_season(text),
        _ => None,
    }
}

fn without_season(digits: &str) -> Option<&str> {
    digits.strip_prefix(['0', '1', '2'])
}

/// Two or three numbers of two digits in a row.
fn pairs(digits: &str) -> Option<Vec<u16>> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pair = |at: usize| small(digits.get(at..at + 2)?);
    (0..digits.len()).step_by(2).map(pair).collect()
}

fn parts(text: &str, between: char) -> Option<Vec<u16>> {
    let numbers = text.trim().split(between);
    numbers.map(small).collect()
}

fn small(text: &str) -> Option<u16> {
    number::whole(text, 9_999).and_then(|number| u16::try_from(number).ok())
}

/// Years of two digits are of this century. 24:00 is the midnight after.
fn join(date: Vec<u16>, time: Vec<u16>) -> Option<CivilTime> {
    let (&[year, month, day], &[hour, minute, ref second @ ..]) = (date.as_slice(), time.as_slice()) else {
        return None;
    };
    let second = match second {
        [] => 0,
        [second] => *second,
        _ => return None,
    };
    let small = |number: u16| u8::try_from(number).ok();
    let at = CivilTime {
        year: if year < 100 { 2_000 + year } else { year },
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    };
    if (hour, minute, second) == (24, 0, 0) {
        let midnight = CivilTime { hour: 0, ..at };
        return seconds(midnight).map(|before| civil(before + DAY));
    }
    seconds(at).map(|_| at).filter(|at| reckon(*at) >= 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(at: Option<CivilTime>) -> String {
        at.map_or("-".to_owned(), |at| Form::Seconds.write(at))
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            ("1220823161500", "220823161500"),
            ("220823161500", "220823161500"),
            ("12208231615", "220823161500"),
            ("2208231615", "220823161500"),
            ("161129200000W", "161129200000"),
            ("22-08-23 16:15", "220823161500"),
            ("2022-08-23,16:15:30", "220823161530"),
            ("2208232400", "220824000000"),
            ("3220823161500", "-"),
            ("632525252525W", "-"),
            ("2213321615", "-"),
            ("0000000000", "-"),
            ("", "-"),
            ("22-08 16:15", "-"),
            ("220823161560", "-"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(stamp(text)), want, "{text}");
        }
        assert_eq!(shown(date_and_time("1220826", "1235703")), "220826235703");
        assert_eq!(shown(date_and_time("22-08-26", "23:57:03")), "220826235703");
        assert_eq!(shown(date_and_time("220826", "2357")), "-");
    }

    #[test]
    fn requests_are_written_in_the_form_of_the_meter() {
        let at = stamp("2208231615").unwrap();
        assert_eq!(Form::Short.write(at), "2208231615");
        assert_eq!(Form::Season.write(at), "02208231615");
        assert_eq!(Form::SeasonSeconds.write(at), "0220823161500");
        assert_eq!(Form::Dashes.write(at), "22-08-23,16:15");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[-: ,0-9SW]{0,20}", other in "[-0-9]{0,9}") {
            stamp(&text);
            date_and_time(&text, &other);
        }
    }
}
