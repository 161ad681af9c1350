//! Dates and times as the protocol writes them (SPbus note, section 3).

use uzel_driver_sdk::CivilTime;

use crate::text::Block;
use uzel_driver_sdk::calendar;

/// Two-digit years from this one on are of the last century.
const LAST_CENTURY: u16 = 95;

/// `dd-mm-yy/hh:mm:ss`, padded with spaces or zeros: the time of a record.
pub fn stamp(text: &str) -> Option<CivilTime> {
    let (day, hour) = text.split_once('/')?;
    joined(&three(day, '-')?, &three(hour, ':')?)
}

/// What parameters 060 and 061 show.
pub fn date_and_time(day: &str, hour: &str) -> Option<CivilTime> {
    joined(&three(day, '-')?, &three(hour, ':')?)
}

/// A pointer to a time: day, month, year, hour, minute, second; an empty seventh field is seen.
pub fn pointer(block: &Block) -> Option<CivilTime> {
    let fields = match block.as_slice() {
        [fields @ .., last] if fields.len() == 6 && last.trim().is_empty() => fields,
        fields => fields,
    };
    let [day, month, year, hour, minute, second] = fields else {
        return None;
    };
    let number = |text: &String| text.trim().parse::<u16>().ok();
    joined(
        &[number(day)?, number(month)?, number(year)?],
        &[number(hour)?, number(minute)?, number(second)?],
    )
}

/// Whether a block has the shape of a pointer to a time, with a time that cannot be among them: `0 0 0 0 0 0`.
pub fn is_pointer(block: &Block) -> bool {
    let is_number = |text: &String| text.trim().parse::<u16>().is_ok();
    match block.as_slice() {
        [fields @ .., last] if fields.len() == 6 => last.trim().is_empty() && fields.iter().all(is_number),
        fields => fields.len() == 6 && fields.iter().all(is_number),
    }
}

/// The fields of a pointer to a time.
pub fn block(at: CivilTime) -> Block {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = at;
    let fields = [
        day.into(),
        month.into(),
        year,
        hour.into(),
        minute.into(),
        second.into(),
    ];
    fields.iter().map(u16::to_string).collect()
}

fn three(text: &str, between: char) -> Option<[u16; 3]> {
    let mut parts = text.split(between).map(|part| part.trim().parse::<u16>().ok());
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        (Some(first), Some(second), Some(third), None) => Some([first, second, third]),
        _ => None,
    }
}

fn joined(&[day, month, year]: &[u16; 3], &[hour, minute, second]: &[u16; 3]) -> Option<CivilTime> {
    let year = match year {
        0..LAST_CENTURY => 2_000 + year,
        LAST_CENTURY..=99 => 1_900 + year,
        _ => year,
    };
    let small = |number: u16| u8::try_from(number).ok();
    let at = CivilTime {
        year,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    };
    calendar::seconds(at).map(|_| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> CivilTime {
        CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        }
    }

    #[test]
    fn captured_times_read_as_they_are() {
        assert_eq!(stamp(" 9-10-13/ 0:00:00"), Some(at(2013, 10, 9, 0, 0, 0)));
        assert_eq!(stamp("14-02-14/17:00:00"), Some(at(2014, 2, 14, 17, 0, 0)));
        assert_eq!(stamp("31-12-95/23:59:59"), Some(at(1995, 12, 31, 23, 59, 59)));
        assert_eq!(date_and_time("27-05-11", "11:30:40"), Some(at(2011, 5, 27, 11, 30, 40)));
        for wrong in [
            "",
            "14-02-14",
            "30-02-14/17:00:00",
            "14-02-14/24:00:00",
            "1-2-3-4/1:1:1",
            "a-b-c/1:1:1",
        ] {
            assert_eq!(stamp(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_pointer_has_six_fields_or_an_empty_seventh() {
        let block = |text: &str| -> Block { text.split(' ').map(str::to_owned).collect() };
        assert_eq!(pointer(&block("14 10 2013 0 0 0")), Some(at(2013, 10, 14, 0, 0, 0)));
        assert_eq!(pointer(&block("14 10 13 0 0 0 ")), Some(at(2013, 10, 14, 0, 0, 0)));
        assert_eq!(pointer(&block("0 0 0 0 0 0")), None);
        assert!(is_pointer(&block("0 0 0 0 0 0")));
        assert!(!is_pointer(&block("20 'C")));
        assert!(!is_pointer(&block("1 2 3 4 5 6 7")));
        assert_eq!(super::block(at(2024, 1, 5, 13, 0, 9)), block("5 1 2024 13 0 9"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}|[-/: 0-9]{0,24}") {
            stamp(&text);
            pointer(&text.split(' ').map(str::to_owned).collect());
        }
    }
}
