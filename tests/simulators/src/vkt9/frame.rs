//! Requests of ВКТ-9: Modbus RTU with two functions of the maker's own.

/// A whole request: address, function, what stands between function and CRC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub address: u8,
    pub function: u8,
    pub body: Vec<u8>,
}

/// Takes the first whole request out of the bytes that came; what cannot begin one is dropped.
pub fn take(buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        let &[address, function] = buffer.first_chunk::<2>()?;
        let length = match function {
            0x03 | 0x04 | 0x42 => 8,
            0x11 => 4,
            0x41 => 9,
            _ => {
                buffer.remove(0);
                continue;
            }
        };
        let frame = buffer.get(..length)?;
        let (head, check) = frame.split_at(length - 2);
        if crc(head).to_le_bytes() == check {
            let body = head[2..].to_vec();
            buffer.drain(..length);
            return Some(Request {
                address,
                function,
                body,
            });
        }
        buffer.remove(0);
    }
}

/// A frame with its check bytes.
pub fn framed(body: &[u8]) -> Vec<u8> {
    [body, &crc(body).to_le_bytes()].concat()
}

/// CRC-16 of Modbus.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_behind_noise() {
        let mut buffer = vec![0xff, 0x01, 0x03, 0x00, 0x00, 0x00, 0x02, 0xc4, 0x0b, 0x01, 0x42];
        let request = take(&mut buffer).unwrap();
        assert_eq!((request.address, request.function), (1, 3));
        assert_eq!(request.body, [0, 0, 0, 2]);
        assert_eq!((take(&mut buffer), buffer), (None, vec![0x01, 0x42]));
    }
}
