//! Date-times of 12 bytes (IEC 62056-62, section 4.6.1): a civil time, how far it is behind UTC, and what the clock says of
//! itself.

use dlms_cosem_rs::axdr::{Data, DateTime};
use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::calendar::{DAY, civil, seconds};

/// No number stands there.
const ANY: u8 = 0xFF;
const ANY_YEAR: u16 = 0xFFFF;
const NO_DEVIATION: u16 = 0x8000;

/// What stands in a value: a date-time under its own tag, or 12 bytes of a string, which is usual.
pub fn date_time(value: &Data<'_>) -> Option<DateTime> {
    match value {
        Data::DateTime(stamp) => Some(*stamp),
        Data::OctetString(bytes) => Some(DateTime::from_bytes((*bytes).try_into().ok()?)),
        _ => None,
    }
}

/// The civil time as the meter writes it; none where it writes none, or one that cannot be. Seconds may be left out.
pub fn shown(stamp: &DateTime) -> Option<CivilTime> {
    let at = CivilTime {
        year: stamp.year,
        month: stamp.month,
        day: stamp.day_of_month,
        hour: stamp.hour,
        minute: stamp.minute,
        second: if stamp.second == ANY { 0 } else { stamp.second },
    };
    seconds(at).filter(|_| at.year != ANY_YEAR).map(|_| at)
}

/// [`shown`] of a value, in seconds of the meter's scale.
pub fn moment(value: &Data<'_>) -> Option<i64> {
    seconds(shown(&date_time(value)?)?)
}

/// The 12 bytes of a time of which nothing else is said: what ranges are asked with.
pub fn plain(at: i64) -> [u8; 12] {
    let at_civil = civil(at);
    let weekday = u8::try_from((at.div_euclid(DAY) + 3).rem_euclid(7) + 1).unwrap_or(ANY);
    stamp(at_civil, weekday, NO_DEVIATION, ANY)
}

/// A new time of a clock that showed `before`: its deviation stays, and so does its summer time.
pub fn replaced(before: &DateTime, to: CivilTime) -> [u8; 12] {
    let days = seconds(to).unwrap_or(0).div_euclid(DAY);
    let weekday = u8::try_from((days + 3).rem_euclid(7) + 1).unwrap_or(ANY);
    let [.., high, low, status] = before.to_bytes();
    stamp(to, weekday, u16::from_be_bytes([high, low]), status)
}

fn stamp(at: CivilTime, weekday: u8, deviation: u16, status: u8) -> [u8; 12] {
    let [year_high, year_low] = at.year.to_be_bytes();
    let [dev_high, dev_low] = deviation.to_be_bytes();
    [
        year_high, year_low, at.month, at.day, weekday, at.hour, at.minute, at.second, ANY, dev_high, dev_low, status,
    ]
}

/// `2025-03-30 01:00:00`.
pub fn text(at: CivilTime) -> String {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = at;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    fn of(text: &str) -> Data<'static> {
        Data::OctetString(unhex(text).unwrap().leak())
    }

    #[test]
    fn a_stamp_is_read_as_it_is_written() {
        let at = moment(&of("07E9031D0616000000000000")).map(civil).unwrap();
        assert_eq!(text(at), "2025-03-29 22:00:00");
        for none in [
            "FFFF031D0616000000000000",
            "07E9021E0616000000000000",
            "07E9031D06FF000000000000",
            "07E9",
        ] {
            assert_eq!(moment(&of(none)), None, "{none}");
        }
        assert_eq!(
            moment(&of("07E9031D061600FF00800000")),
            moment(&of("07E9031D0616000000000000"))
        );
    }

    #[test]
    fn a_range_is_asked_with_the_day_of_the_week_and_no_deviation() {
        let at = moment(&of("07E9031E0700000000000000")).unwrap();
        assert_eq!(plain(at).to_vec(), unhex("07E9031E07000000FF8000FF").unwrap());
        let before = date_time(&of("07E9031D0616000000FF4C80")).unwrap();
        let after = replaced(&before, civil(at));
        assert_eq!(after.to_vec(), unhex("07E9031E07000000FFFF4C80").unwrap());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..14)) {
            if let Some(at) = moment(&Data::OctetString(&bytes)) {
                prop_assert_eq!(seconds(civil(at)), Some(at));
            }
        }
    }
}
