//! What requests carry and answers say ("Реализация протокола обмена для связи с ВКТ-7", list of requests).

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::bytes::{Reader, Short};

use crate::calendar;
use crate::config::Listed;
use crate::property::cp866;

/// Registers.
pub mod register {
    pub const SCHEME_1: u16 = 0x3ecd;
    pub const SCHEME_2: u16 = 0x3f5b;
    pub const SUBSCRIBER: u16 = 0x3ea6;
    pub const DATABASE: u16 = 0x3fe9;
    pub const OUTPUTS: u16 = 0x3fee;
    pub const RANGE: u16 = 0x3ff6;
    pub const SERVICE: u16 = 0x3ff9;
    /// Write: the date of the record; read: the clock.
    pub const DATE: u16 = 0x3ffb;
    pub const ACTIVE: u16 = 0x3ffc;
    pub const TYPE: u16 = 0x3ffd;
    pub const DATA: u16 = 0x3ffe;
    /// Write: the read list, or the session start.
    pub const LIST: u16 = 0x3fff;
}

/// Payload of the session start; its declared byte count is false.
pub const SESSION_START: [u8; 4] = [0x80, 0, 0, 0];
/// The byte count that the session start declares.
pub const SESSION_START_DECLARED: u8 = 0xcc;
/// The bit that an element's address carries in lists.
const LISTED: u32 = 0x4000_0000;
/// Where the first answer after the session start has the server version.
const SERVER_VERSION_AT: usize = 61;
const GOOD: u8 = 0xc0;

/// Why the data of an answer are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// They end early.
    #[error("{what}: {source}")]
    Short {
        /// Which answer.
        what: &'static str,
        /// Where it ends.
        source: Short,
    },
    /// Another length than the request gives.
    #[error("{what} has {got} bytes, expected {want}")]
    Length {
        /// Which answer.
        what: &'static str,
        /// Its length.
        got: usize,
        /// Lengths that are right.
        want: &'static str,
    },
    /// A date that no calendar has.
    #[error("{what} has no real date: {bytes}")]
    Date {
        /// Which answer.
        what: &'static str,
        /// Its bytes.
        bytes: String,
    },
    /// An element that no device has, or one that comes twice.
    #[error("active list has element {0:#x} where none can be")]
    Element(u32),
    /// The device does not vouch for its value.
    #[error("{what} comes with quality {quality:02X}, expected C0")]
    Quality {
        /// Which answer.
        what: &'static str,
        /// The quality byte.
        quality: u8,
    },
}

/// Payload of a read list.
pub fn list_payload(list: &[Listed]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(list.len() * 6);
    for element in list {
        payload.extend((u32::from(element.index) | LISTED).to_le_bytes());
        payload.extend(u16::from(element.size).to_le_bytes());
    }
    payload
}

/// Payload of a date; `None` for a year that the device cannot mean.
pub fn date_payload(date: CivilTime) -> Option<[u8; 4]> {
    let year = u8::try_from(date.year.checked_sub(2000)?).ok()?;
    Some([date.day, date.month, year, date.hour])
}

/// The active elements with their sizes, in the device's order.
pub fn active_list(data: &[u8]) -> Result<Vec<Listed>, MessageError> {
    let what = "active list";
    if data.is_empty() || !data.len().is_multiple_of(6) {
        return Err(MessageError::Length {
            what,
            got: data.len(),
            want: "a multiple of 6",
        });
    }
    let mut list: Vec<Listed> = Vec::with_capacity(data.len() / 6);
    let mut reader = Reader::new(data);
    let short = |source| MessageError::Short { what, source };
    while !reader.is_empty() {
        let address = reader.u32_le().map_err(short)?;
        let size = reader.u16_le().map_err(short)?;
        let index = address & !LISTED;
        let wrong = MessageError::Element(address);
        let listed = Listed {
            index: u8::try_from(index).map_err(|_| wrong.clone())?,
            size: u8::try_from(size).map_err(|_| wrong.clone())?,
        };
        if listed.index > 120 || list.iter().any(|known| known.index == listed.index) {
            return Err(wrong);
        }
        list.push(listed);
    }
    Ok(list)
}

/// The server version in the first answer after the session start: 0, 1, or `None` where the answer is another.
pub fn server_version(data: &[u8]) -> Option<u8> {
    data.get(SERVER_VERSION_AT).copied().filter(|version| *version <= 1)
}

/// Service information.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// High nibble . low nibble; absent before 1.5.
    pub firmware: Option<u8>,
    /// Scheme words of both heat inputs.
    pub schemes: Option<[u16; 2]>,
    /// Subscriber id, without padding.
    pub subscriber: Option<String>,
    /// Network number.
    pub network: Option<u8>,
    /// Report day, the last day of the report month.
    pub report_day: u8,
    /// Variant of the device (исполнение).
    pub variant: Option<u8>,
}

/// Reads service information: 1 byte before firmware 1.5, 16 bytes since.
pub fn service(data: &[u8]) -> Result<Service, MessageError> {
    let what = "service information";
    if let &[report_day] = data {
        return Ok(Service {
            report_day,
            ..Service::default()
        });
    }
    let mut reader = Reader::new(data);
    let mut read = || -> Result<Service, Short> {
        Ok(Service {
            firmware: Some(reader.u8()?),
            schemes: Some([reader.u16_le()?, reader.u16_le()?]),
            subscriber: Some(cp866(reader.take(8)?)),
            network: Some(reader.u8()?),
            report_day: reader.u8()?,
            variant: Some(reader.u8()?),
        })
    };
    let service = read().map_err(|source| MessageError::Short { what, source })?;
    if data.len() != 16 {
        return Err(MessageError::Length {
            what,
            got: data.len(),
            want: "1 or 16",
        });
    }
    Ok(service)
}

/// Scheme number, purpose of the third pipe and purpose of t5 in a scheme word.
pub fn scheme(word: u16) -> (u16, u16, u16) {
    (word >> 9 & 0xf, word >> 7 & 3, word >> 5 & 3)
}

/// What the archive holds, as the device says it. Hours are those of record labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first hourly record.
    pub hourly: CivilTime,
    /// Date and hour of the clock.
    pub now: CivilTime,
    /// The first daily record, since firmware 1.7.
    pub daily: Option<CivilTime>,
}

/// Reads the date interval: 8 or 12 bytes.
pub fn range(data: &[u8]) -> Result<Range, MessageError> {
    let what = "date interval";
    let real = |bytes: &[u8; 4]| {
        let &[day, month, year, hour] = bytes;
        let time = CivilTime {
            year: 2000 + u16::from(year),
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        };
        let wrong = || MessageError::Date {
            what,
            bytes: uzel_driver_sdk::bytes::hex(bytes),
        };
        calendar::is_real(time).then_some(time).ok_or_else(wrong)
    };
    let (dates, rest) = data.as_chunks::<4>();
    match (dates, rest) {
        ([hourly, now], []) => Ok(Range {
            hourly: real(hourly)?,
            now: real(now)?,
            daily: None,
        }),
        ([hourly, now, daily], []) => Ok(Range {
            hourly: real(hourly)?,
            now: real(now)?,
            daily: Some(real(daily)?),
        }),
        _ => Err(MessageError::Length {
            what,
            got: data.len(),
            want: "8 or 12",
        }),
    }
}

/// The clock. Minute and second are 0 before firmware 2.7.
pub fn clock(data: &[u8]) -> Result<CivilTime, MessageError> {
    let what = "clock";
    let &[day, month, year, hour, minute, second, quality, _] = data else {
        return Err(MessageError::Length {
            what,
            got: data.len(),
            want: "8",
        });
    };
    if quality != GOOD {
        return Err(MessageError::Quality { what, quality });
    }
    let time = CivilTime {
        year: 2000 + u16::from(year),
        month,
        day,
        hour,
        minute,
        second,
    };
    let wrong = || MessageError::Date {
        what,
        bytes: uzel_driver_sdk::bytes::hex(data),
    };
    calendar::is_real(time).then_some(time).ok_or_else(wrong)
}

/// One byte with quality and НС: a scheme number or the active settings database.
pub fn number(what: &'static str, data: &[u8]) -> Result<u8, MessageError> {
    match *data {
        [number, GOOD, _] => Ok(number),
        [_, quality, _] => Err(MessageError::Quality { what, quality }),
        _ => Err(MessageError::Length {
            what,
            got: data.len(),
            want: "3",
        }),
    }
}

/// A text with its length, quality and НС: the subscriber id.
pub fn text(what: &'static str, data: &[u8]) -> Result<String, MessageError> {
    let mut reader = Reader::new(data);
    let mut read = || -> Result<(String, [u8; 2]), Short> {
        let length = reader.u16_le()?;
        Ok((cp866(reader.take(length.into())?), reader.array()?))
    };
    let (text, [quality, _]) = read().map_err(|source| MessageError::Short { what, source })?;
    match quality {
        GOOD if reader.is_empty() => Ok(text),
        GOOD => Err(MessageError::Length {
            what,
            got: data.len(),
            want: "its own length and 4 more",
        }),
        quality => Err(MessageError::Quality { what, quality }),
    }
}

/// The two discrete outputs.
pub fn outputs(data: &[u8]) -> Result<[bool; 2], MessageError> {
    match data {
        &[first @ 0..=1, second @ 0..=1] => Ok([first == 1, second == 1]),
        _ => Err(MessageError::Length {
            what: "discrete outputs",
            got: data.len(),
            want: "2, each 0 or 1",
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn old_firmware_tells_only_its_report_day() {
        assert_eq!(
            service(&[25]).unwrap(),
            Service {
                report_day: 25,
                ..Service::default()
            }
        );
    }

    #[test]
    fn broken_data_are_refused() {
        let hex = |text| unhex(text).unwrap();
        let cases = [
            ("cut list", active_list(&hex("00000040 02")).is_err()),
            ("empty list", active_list(&[]).is_err()),
            ("element twice", active_list(&hex("000000400200 000000400200")).is_err()),
            ("element 0x123", active_list(&hex("230100400200")).is_err()),
            (
                "element without the bit is taken",
                active_list(&hex("000000000200")).is_ok(),
            ),
            ("date 31.02", range(&hex("1F021011 14081110")).is_err()),
            ("clock 24 h", clock(&hex("010C10180000C000")).is_err()),
            ("clock of quality 04", clock(&hex("010C100F2B030400")).is_err()),
            ("outputs 2", outputs(&[0, 2]).is_err()),
            ("version 7", server_version(&[7; 80]).is_none()),
            ("text too short", text("id", &hex("0800 3030 C000")).is_err()),
        ];
        for (name, refused) in cases {
            assert!(refused, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(data: Vec<u8>) {
            let _ = (active_list(&data), service(&data), range(&data), clock(&data));
            let _ = (number("", &data), text("", &data), outputs(&data), server_version(&data));
        }

        #[test]
        fn a_list_comes_back(indices in proptest::collection::btree_set(0_u8..=82, 1..40)) {
            let list: Vec<_> = indices.into_iter().map(|index| Listed { index, size: index % 11 }).collect();
            prop_assert_eq!(active_list(&list_payload(&list)), Ok(list));
        }
    }
}
