//! Questions of this maker: function 17 and function 65 (Vzlet note, section 3).

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::modbus::pdu::{Request, Span};

use crate::model::Place;

/// Most bytes of records in one answer.
pub const MOST: usize = 255;

const IDENTIFY: u8 = 0x11;
const ARCHIVE: u8 = 0x41;
const BY_INDEX: u8 = 0;
const BY_TIME: u8 = 1;

/// Who are you.
pub fn identify() -> Request {
    Request::Counted {
        function: IDENTIFY,
        body: Vec::new(),
    }
}

/// Registers.
pub fn registers(place: Place, count: u16) -> Request {
    Request::Read(Span {
        area: place.area,
        at: place.at,
        count,
    })
}

/// `count` records of an array from a time on; none for a year that two digits cannot say.
pub fn by_time(array: u16, count: u16, from: CivilTime) -> Option<Request> {
    if !(1970..2070).contains(&from.year) {
        return None;
    }
    let year = u8::try_from(from.year % 100).ok()?;
    let mut body = head(array, count, BY_TIME);
    body.extend([from.second, from.minute, from.hour, from.day, from.month, year]);
    Some(Request::Counted {
        function: ARCHIVE,
        body,
    })
}

/// `count` records of an array from an index on.
pub fn by_index(array: u16, count: u16, first: u16) -> Request {
    let mut body = head(array, count, BY_INDEX);
    body.extend(first.to_be_bytes());
    Request::Counted {
        function: ARCHIVE,
        body,
    }
}

fn head(array: u16, count: u16, kind: u8) -> Vec<u8> {
    let mut body = array.to_be_bytes().to_vec();
    body.extend(count.to_be_bytes());
    body.push(kind);
    body
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::bytes::hex;
    use uzel_driver_sdk::calendar::civil;
    use uzel_driver_sdk::modbus::frame::rtu;

    use super::*;

    #[test]
    fn questions_are_those_of_the_makers_sheet() {
        // 1998-12-10 13:12:00.
        let by_time = by_time(1, 6, civil(913_295_520)).unwrap();
        assert_eq!(
            hex(&rtu::wrap(17, &by_time.encode())),
            "11 41 00 01 00 06 01 00 0c 0d 0a 0c 62 b4 6f"
        );
        assert_eq!(
            hex(&rtu::wrap(17, &by_index(1, 6, 100).encode())),
            "11 41 00 01 00 06 00 00 64 0f ee"
        );
        assert_eq!(hex(&rtu::wrap(1, &identify().encode())), "01 11 c0 2c");
        assert_eq!(super::by_time(0, 1, civil(-1)), None);
    }
}
