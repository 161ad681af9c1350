//! АССВ-030 of Vzlet («СПДанные»): `10 01 dst src 10 1F FNC code 10 02 data 10 03 CRC`, each 10 of the data doubled; the
//! CRC is CRC-16/XMODEM from `dst` to the last `03`, high byte first. The code is there in questions and not in every
//! answer, so data begin behind `10 02`.

use std::time::Duration;

use crc::{CRC_16_XMODEM, Crc};

use super::greeting::{BadGreeting, Named, Verdict, plain};
use crate::limits;

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

const DLE: u8 = 0x10;
const SOH: u8 = 0x01;
const FUNCTION: u8 = 0x1f;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// Functions: a question to the meter, the adapter's own data, an answer of the adapter itself.
const TRANSPARENT: u8 = 0x28;
const INFO: u8 = 0x3e;
const INFO_ANSWER: u8 = 0x3f;
/// Answers to what others may ask the adapter: EEPROM, messages, flash.
const ADAPTERS_OWN: [u8; 4] = [0x33, INFO_ANSWER, 0x39, 0x3b];
const REPLY: u8 = 0x7f;

/// Where the adapter's data have its identity.
const IDENTITY_BYTES: usize = 9;

/// How long to wait before the adapter is asked again who it is.
pub(super) const HELLO_AGAIN: Duration = Duration::from_secs(2);

/// Texts of the adapter in CP866 between 09 and 0C.
const BUSY: &[u8] = &[0x09, 0x87, 0xa0, 0xad, 0xef, 0xe2, 0xae, 0x0c];
const FAILED: &[u8] = &[0x09, 0x8e, 0xe8, 0xa8, 0xa1, 0xaa, 0xa0, 0x0c];
const OK: &[u8] = &[0x09, 0x0c];

/// The question who the adapter is.
pub(super) fn hello() -> Vec<u8> {
    // As captured: with one byte of data.
    envelope(INFO, &[0])
}

/// A meter's question in its envelope.
pub(super) fn question(data: &[u8]) -> Vec<u8> {
    envelope(TRANSPARENT, data)
}

fn envelope(function: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![DLE, SOH, 0, 0, DLE, FUNCTION, function, 0, DLE, STX];
    for byte in data {
        frame.push(*byte);
        if *byte == DLE {
            frame.push(DLE);
        }
    }
    frame.extend([DLE, ETX]);
    let check = CRC.checksum(frame.get(2..).unwrap_or_default());
    frame.extend(check.to_be_bytes());
    frame
}

/// What an adapter sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The meter's answer.
    Data(Vec<u8>),
    /// Something of the adapter's own that nobody asked for now.
    Own,
    /// «Занято»: another uses its port.
    Busy,
    /// «Ошибка» or another text: the meter does not answer it.
    Failed(String),
}

/// Takes envelopes out of a stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// What `bytes` complete, in order. What is no whole envelope is dropped.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Said> {
        self.held.extend_from_slice(bytes);
        let mut said = Vec::new();
        loop {
            match first(&self.held) {
                First::More(from) => {
                    self.held.drain(..from.min(self.held.len()));
                    return said;
                }
                First::Junk(to) => {
                    self.held.drain(..to.min(self.held.len()));
                }
                First::Frame(frame, to) => {
                    self.held.drain(..to.min(self.held.len()));
                    said.push(frame.said());
                }
            }
        }
    }

    /// Forgets what is not whole.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }
}

/// Judges the answer to [`hello`]: the first envelope that names an adapter.
pub(super) fn judge(bytes: &[u8]) -> Verdict {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match first(rest) {
            First::More(_) => return Verdict::More,
            First::Junk(to) => at += to,
            First::Frame(frame, to) => {
                at += to;
                if frame.function != INFO_ANSWER {
                    continue;
                }
                let identity = frame.data.get(..IDENTITY_BYTES).unwrap_or_default();
                let identity: Vec<u8> = identity.iter().copied().filter(|byte| *byte >= 0x30).collect();
                return match plain(&identity) {
                    Ok(identity) => Verdict::Named(Named {
                        identity,
                        length: at,
                        ..Named::default()
                    }),
                    Err(_) => Verdict::Bad(BadGreeting::Garbled(format!(
                        "{} bytes of the adapter's data hold no identity",
                        frame.data.len()
                    ))),
                };
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Frame {
    function: u8,
    data: Vec<u8>,
}

impl Frame {
    fn said(self) -> Said {
        match self.data.as_slice() {
            BUSY => Said::Busy,
            FAILED => Said::Failed("Ошибка".to_owned()),
            OK if self.function == REPLY => Said::Own,
            [0x09, text @ .., 0x0c] if self.function == REPLY => Said::Failed(cp866(text)),
            _ if self.function == REPLY || ADAPTERS_OWN.contains(&self.function) => Said::Own,
            _ => Said::Data(self.data),
        }
    }
}

/// The beginning of a stream.
enum First {
    /// An envelope may follow; what is before this byte is of no use.
    More(usize),
    /// Of no use up to this byte.
    Junk(usize),
    /// An envelope, up to this byte.
    Frame(Frame, usize),
}

fn first(bytes: &[u8]) -> First {
    let Some(begin) = bytes.windows(2).position(|pair| pair == [DLE, SOH]) else {
        // The last byte may be the first half of the mark.
        return First::More(bytes.len() - usize::from(bytes.last() == Some(&DLE)));
    };
    if begin > 0 {
        return First::Junk(begin);
    }
    let (mut function, mut data, mut in_data, mut at) = (None, Vec::new(), false, 2);
    while at < limits::ENVELOPE_BYTES {
        match (bytes.get(at), bytes.get(at + 1)) {
            (None, _) | (Some(&DLE), None) => return First::More(0),
            // Another envelope begins: this one was cut.
            (Some(&DLE), Some(&SOH)) => return First::Junk(at),
            (Some(&DLE), Some(&FUNCTION)) if !in_data => {
                let Some(code) = bytes.get(at + 2) else {
                    return First::More(0);
                };
                function = Some(*code);
                at += 3;
            }
            (Some(&DLE), Some(&STX)) if !in_data => {
                in_data = true;
                at += 2;
            }
            (Some(&DLE), Some(&ETX)) => return ended(bytes, function, data, at + 2),
            (Some(&DLE), Some(&byte)) => {
                // Doubled, or something that does not belong here and that the check will refuse.
                if in_data {
                    data.push(byte);
                }
                at += 2;
            }
            (Some(&byte), _) => {
                if in_data {
                    data.push(byte);
                }
                at += 1;
            }
        }
    }
    First::Junk(2)
}

/// An envelope whose last `03` stands before `end`.
fn ended(bytes: &[u8], function: Option<u8>, data: Vec<u8>, end: usize) -> First {
    let Some(check) = bytes.get(end..).and_then(|rest| rest.first_chunk::<2>()) else {
        return First::More(0);
    };
    let want = bytes.get(2..end).map(|inside| CRC.checksum(inside));
    match function.filter(|_| want == Some(u16::from_be_bytes(*check))) {
        Some(function) => First::Frame(Frame { function, data }, end + 2),
        None => First::Junk(2),
    }
}

/// Russian text of code page 866.
fn cp866(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match byte {
        0x20..=0x7e => char::from(*byte),
        0x80..=0xaf => char::from_u32(0x0410 + u32::from(*byte) - 0x80).unwrap_or('?'),
        0xe0..=0xef => char::from_u32(0x0440 + u32::from(*byte) - 0xe0).unwrap_or('?'),
        _ => '?',
    };
    bytes.iter().take(limits::SHOWN_BYTES).map(letter).collect()
}
