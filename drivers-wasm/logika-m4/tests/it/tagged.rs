//! What a small meter of the extended dialect holds and answers, beside [`crate::meter::Meter`].

use std::collections::BTreeMap;

use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::checksum::crc16_xmodem;

/// Tags by channel and ordinal, archives by channel and type.
#[derive(Debug, Clone, Default)]
pub struct Tagged {
    pub values: BTreeMap<(u8, u16), Vec<u8>>,
    /// Labels with what stands under each.
    pub archives: BTreeMap<(u8, u8), BTreeMap<Vec<u8>, Vec<u8>>>,
    pub write_protected: bool,
    /// Tags of one answer; more are left out.
    pub most: usize,
    /// Records of one answer at most, whatever is asked for.
    pub page: usize,
}

impl Tagged {
    /// The answer to a whole frame.
    pub fn reply(&mut self, frame: &[u8], now: i64) -> Vec<u8> {
        let (body, crc) = frame.split_at(frame.len() - 2);
        let good = crc == crc16_xmodem(&body[1..]).to_be_bytes();
        let (function, data) = if good {
            self.answer(body[7], &body[8..], now)
        } else {
            (0x21, vec![0])
        };
        let [low, high] = u16::try_from(data.len() + 1).unwrap().to_le_bytes();
        let mut reply = vec![0x10, frame[1], 0x90, frame[3], 0, low, high, function];
        reply.extend(data);
        let crc = crc16_xmodem(&reply[1..]);
        reply.extend(crc.to_be_bytes());
        reply
    }

    fn answer(&mut self, function: u8, data: &[u8], now: i64) -> (u8, Vec<u8>) {
        match function {
            0x72 => (0x72, self.read(data, now)),
            0x77 => (0x77, self.write(data)),
            0x61 => (0x61, self.archive(data)),
            0x42 => (0x42, Vec::new()),
            _ => (0x21, vec![0]),
        }
    }

    fn read(&self, data: &[u8], now: i64) -> Vec<u8> {
        let at = civil(now);
        let year = u8::try_from(at.year - 2_000).unwrap();
        let mut reply = Vec::new();
        for asked in data.chunks(5).take(self.most) {
            let place = (asked[2], u16::from_le_bytes([asked[3], asked[4]]));
            match place {
                (0, 1_024) => reply.extend([0x47, 4, 0, at.second, at.minute, at.hour]),
                (0, 1_025) => reply.extend([0x48, 4, at.day, at.month, year, 0]),
                _ => reply.extend(self.values.get(&place).map_or(&[5, 0][..], Vec::as_slice)),
            }
        }
        reply
    }

    fn write(&mut self, data: &[u8]) -> Vec<u8> {
        let place = (data[2], u16::from_le_bytes([data[3], data[4]]));
        if self.write_protected {
            return vec![0x55, 1, 1];
        }
        self.values.insert(place, data[5..].to_vec());
        vec![0x46, 0]
    }

    fn archive(&self, data: &[u8]) -> Vec<u8> {
        let (channel, kind, count) = (data[4], data[5], usize::from(data[6]).min(self.page));
        let from = &data[9..9 + usize::from(data[8])];
        let empty = BTreeMap::new();
        let records = self.archives.get(&(channel, kind)).unwrap_or(&empty);
        let mut reply = Vec::new();
        let mut later = records.range(from.to_vec()..);
        for (label, record) in later.by_ref().take(count) {
            put(&mut reply, 0x49, label);
            reply.extend(record);
        }
        put(&mut reply, 0x49, later.next().map_or(&[][..], |(label, _)| label));
        reply.extend([0x30, 0]);
        reply
    }
}

/// Adds a tag.
pub fn put(bytes: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    bytes.push(kind);
    match u8::try_from(payload.len()).unwrap_or(u8::MAX) {
        len @ 0..0x80 => bytes.push(len),
        _ => {
            bytes.push(0x82);
            bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    bytes.extend(payload);
}

/// A tag with a text, as a setting has it.
pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, 0x16, text.as_bytes());
    bytes
}
