//! One response frame by itself, without the conversation: for who has a frame and wants its values.

use std::borrow::Cow;

use uzel_driver_sdk::Value;

use crate::entry::Entry;
use crate::frame;
use crate::telegram::{self, Context};

/// A record of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Storage number: 0 is now.
    pub storage: u64,
    /// Unit of the value, empty where it has none.
    pub unit: Cow<'static, str>,
    /// The value in that unit.
    pub value: Value,
}

/// Every record of a response frame (EN 13757-2 long frame, CI 72, 73, 78, 7A).
///
/// # Errors
/// What is wrong with the frame or its telegram.
pub fn decode(bytes: &[u8]) -> Result<Vec<Decoded>, String> {
    let response = frame::decode(bytes).map_err(|error| error.to_string())?;
    let telegram = telegram::decode(&response, &Context::default()).map_err(|error| error.to_string())?;
    let decoded = telegram.records.iter().map(|record| {
        let (value, unit) = Entry::new(record).into_value();
        Decoded {
            storage: record.storage,
            unit,
            value,
        }
    });
    Ok(decoded.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::unhex;

    #[test]
    fn a_frame_gives_its_records_and_a_damaged_one_says_why() {
        // Ours: header of a heat meter, energy 1234 kWh, at storage 1 volume 56.78 m³.
        let body = "08 01 72 78 56 34 12 2d 2c 01 04 00 00 00 00 04 06 d2 04 00 00 44 14 2e 16 00 00";
        let body = unhex(body).unwrap();
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let length = u8::try_from(body.len()).unwrap();
        let mut frame = [&[0x68, length, length, 0x68][..], &body, &[sum, 0x16]].concat();
        let decoded = decode(&frame).unwrap();
        let told: Vec<_> = decoded.iter().map(|one| (one.storage, &*one.unit)).collect();
        assert_eq!(told, [(0, "kWh"), (1, "m3")]);
        frame[20] ^= 1;
        assert!(decode(&frame).is_err());
    }
}
