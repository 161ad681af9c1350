//! Telegrams as meters make them, byte by byte (BSI TR-03109-1, annex IV).

/// CRC-16/X-25, low byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0xffff_u16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0x8408 } else { sum >> 1 }
        })
    });
    (!sum).to_le_bytes()
}

/// An octet string.
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len() + 1).unwrap();
    let mut all = if length < 16 {
        vec![length]
    } else {
        vec![0x80 | (length + 1) >> 4, (length + 1) & 15]
    };
    all.extend(bytes);
    all
}

/// An entry: name, unit, scaler, a signed number.
pub fn entry(name: [u8; 6], unit: u8, scaler: i8, number: i64) -> Vec<u8> {
    let mut all = vec![0x77];
    all.extend(octets(&name));
    all.extend([0x01, 0x01, 0x62, unit, 0x52]);
    all.extend(scaler.to_be_bytes());
    all.push(0x59);
    all.extend(number.to_be_bytes());
    all.push(0x01);
    all
}

/// An entry of bytes.
pub fn bytes_entry(name: [u8; 6], bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![0x77];
    all.extend(octets(&name));
    all.extend([0x01, 0x01, 0x01, 0x01]);
    all.extend(octets(bytes));
    all.push(0x01);
    all
}

fn message(number: u8, body: &[u8]) -> Vec<u8> {
    let mut all = vec![0x76, 0x02, number, 0x62, 0x00, 0x62, 0x00];
    all.extend(body);
    let check = crc(&all);
    all.push(0x63);
    all.extend(check);
    all.push(0x00);
    all
}

/// A file with an open, a list and a close message.
pub fn file(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut open = vec![0x72, 0x63, 0x01, 0x01, 0x76, 0x01, 0x01];
    open.extend(octets(b"file"));
    open.extend(octets(b"server"));
    open.extend([0x01, 0x01]);
    let mut list = vec![0x72, 0x63, 0x07, 0x01, 0x77, 0x01];
    list.extend(octets(b"server"));
    list.push(0x01);
    // Seconds since the start: 72 62 01 65 …
    list.extend([0x72, 0x62, 0x01, 0x65, 0x00, 0x01, 0x00, 0x00]);
    list.push(0x70 | u8::try_from(entries.len()).unwrap());
    entries.iter().for_each(|entry| list.extend(entry));
    list.extend([0x01, 0x01]);
    let close = [0x72, 0x63, 0x02, 0x01, 0x71, 0x01];
    [message(1, &open), message(2, &list), message(3, &close)].concat()
}

/// The transport around a file.
pub fn telegram(file: &[u8]) -> Vec<u8> {
    let mut all = vec![0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1];
    all.extend(file);
    let padding = (4 - file.len() % 4) % 4;
    all.extend(vec![0; padding]);
    all.extend([0x1b, 0x1b, 0x1b, 0x1b, 0x1a, u8::try_from(padding).unwrap()]);
    let check = crc(&all);
    all.extend(check);
    all
}
