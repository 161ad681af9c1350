//! Frames of ВКТ-4 on the side of the meter: requests of 11 bytes, answers with their length.

const START: u8 = 0x10;
const END: u8 = 0x16;
const REQUEST: usize = 11;

/// A whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub device: u8,
    pub code: u8,
    pub data: [u8; 6],
}

impl Request {
    /// What a refusal repeats.
    pub fn echo(&self) -> [u8; 7] {
        let [a, b, c, d, e, f] = self.data;
        [self.code, a, b, c, d, e, f]
    }
}

/// Takes the first whole request out of the bytes that came; what cannot begin one is dropped.
pub fn take(buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        let start = buffer.iter().position(|byte| *byte == START).unwrap_or(buffer.len());
        buffer.drain(..start);
        let &[_, device, code, d0, d1, d2, d3, d4, d5, _, end] = buffer.first_chunk::<REQUEST>()?;
        let summed = buffer[1..REQUEST - 1]
            .iter()
            .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        if summed == 0 && end == END {
            buffer.drain(..REQUEST);
            let data = [d0, d1, d2, d3, d4, d5];
            return Some(Request { device, code, data });
        }
        buffer.remove(0);
    }
}

/// An answer. `printed` is the length that stands in it.
pub fn answer(device: u8, code: u8, printed: usize, data: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(printed).expect("answers are short").to_be_bytes();
    let mut bytes = vec![START, device, code, high, low];
    bytes.extend_from_slice(data);
    let summed = bytes[1..].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(0u8.wrapping_sub(summed));
    bytes.push(END);
    bytes
}

/// The meter's float: exponent, then sign and mantissa.
pub fn float(value: f32) -> [u8; 4] {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as u8;
    let sign = (bits >> 24) as u8 & 0x80;
    let [_, upper, middle, lower] = bits.to_be_bytes();
    [exponent, sign | upper & 0x7f, middle, lower]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_as_printed() {
        assert_eq!(float(1.0), [0x7f, 0, 0, 0]);
        assert_eq!(float(-2.5), [0x80, 0xa0, 0, 0]);
        assert_eq!(float(3.5), [0x80, 0x60, 0, 0]);
        assert_eq!(float(0.0), [0; 4]);
    }

    #[test]
    fn a_request_is_found_behind_noise() {
        let mut buffer = vec![0xff, 0x10, 0x01, 0x10, 1, 0x41, 0, 0, 0, 0, 0, 0, 0xbe, 0x16, 0x10];
        let request = take(&mut buffer).unwrap();
        assert_eq!((request.device, request.code), (1, 0x41));
        assert_eq!((take(&mut buffer), buffer), (None, vec![0x10]));
    }
}
