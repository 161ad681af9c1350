//! Teleofis WRX: the server asks first, in frames `C0 … C2`; inside, C0 becomes C4 C1, C2 becomes C4 C3, C4 becomes C4 C4.
//! A body is protocol (0 or 1), action, command (one byte, or two in protocol 1, low byte first), length, data, and
//! CRC-16/CCITT-FALSE of the body, low byte first.

use crc::{CRC_16_IBM_3740, Crc};

use super::greeting::{BadGreeting, Named, Verdict, bad_start, plain};

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);

const BEGIN: u8 = 0xc0;
const END: u8 = 0xc2;
const ESCAPE: u8 = 0xc4;

/// Actions.
const AUTHORIZE: u8 = 0x06;
const AUTHORIZED: u8 = 0x07;

/// Data of the two messages of the server: zeros.
const SERVER_DATA: [u8; 20] = [0; 20];

/// Where the answer's data have the IMEI and the channel.
const IMEI: std::ops::Range<usize> = 1..16;
const CHANNEL: usize = 62;

/// The request to say who calls.
pub(super) fn hello() -> Vec<u8> {
    frame(AUTHORIZE, 0)
}

/// The acknowledgement, after which the connection is transparent.
fn acknowledgement() -> Vec<u8> {
    frame(AUTHORIZE, 1)
}

fn frame(action: u8, command: u8) -> Vec<u8> {
    let mut body = vec![0, action, command, 20];
    body.extend(SERVER_DATA);
    body.extend(CRC.checksum(&body).to_le_bytes());
    let mut frame = vec![BEGIN];
    for byte in body {
        match byte {
            BEGIN => frame.extend([ESCAPE, 0xc1]),
            END => frame.extend([ESCAPE, 0xc3]),
            ESCAPE => frame.extend([ESCAPE, ESCAPE]),
            byte => frame.push(byte),
        }
    }
    frame.push(END);
    frame
}

/// Judges the answer to [`hello`].
pub(super) fn judge(bytes: &[u8]) -> Verdict {
    if bytes.first() != Some(&BEGIN) {
        return bad_start(bytes, "a frame C0 … C2");
    }
    let Some(end) = bytes.iter().position(|byte| *byte == END) else {
        return Verdict::More;
    };
    let inside = bytes.get(1..end).unwrap_or_default();
    match read(inside) {
        Ok((identity, signal_csq)) => Verdict::Named(Named {
            identity,
            begin: 0,
            length: end + 1,
            signal_csq,
            reply: acknowledgement(),
        }),
        Err(text) => Verdict::Bad(BadGreeting::Garbled(text)),
    }
}

fn read(inside: &[u8]) -> Result<(String, Option<u8>), String> {
    let body = unstuffed(inside)?;
    let (body, check) = body
        .split_last_chunk::<2>()
        .ok_or_else(|| format!("the frame has {} bytes", body.len()))?;
    let (got, want) = (u16::from_le_bytes(*check), CRC.checksum(body));
    if got != want {
        return Err(format!("check {got:#06x}, computed {want:#06x}"));
    }
    let (action, length, data) = match body {
        [0, action, _, length, data @ ..] | [1, action, _, _, length, data @ ..] => (*action, *length, data),
        _ => return Err(format!("protocol {:?}, expected 0 or 1", body.first())),
    };
    if action != AUTHORIZED || data.len() != usize::from(length) {
        return Err(format!(
            "action {action:#04x} with {} bytes of data of {length}, expected 0x07",
            data.len()
        ));
    }
    let (Some(imei), Some(channel)) = (data.get(IMEI), data.get(CHANNEL)) else {
        return Err(format!("{} bytes of data, expected 63", data.len()));
    };
    let imei = plain(imei).map_err(|bad| bad.to_string())?;
    // The service channel is no way to the meter and must not replace the main one.
    let identity = if *channel == 0 { format!("{imei}.service") } else { imei };
    Ok((identity, None))
}

fn unstuffed(inside: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter();
    while let Some(byte) = bytes.next() {
        body.push(match byte {
            &ESCAPE => match bytes.next() {
                Some(0xc1) => BEGIN,
                Some(0xc3) => END,
                Some(&ESCAPE) => ESCAPE,
                other => return Err(format!("C4 is followed by {other:02x?}, expected C1, C3 or C4")),
            },
            byte => *byte,
        });
    }
    Ok(body)
}
