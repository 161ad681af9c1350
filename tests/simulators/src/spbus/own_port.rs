//! A meter's own RS232 or optical port: it speaks the magistral protocol only after a sign-on of IEC 1107 at 300 baud, seven bits
//! and even parity (docs/protocols: SPbus, section 1.1).

use super::device::Spbus;
use super::model::SpbusModel;
use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

const ACK: u8 = 6;
/// Speeds by their codes.
const SPEEDS: [u32; 10] = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];
/// Between the first CR LF and the sign-on at least.
const WAKES: Duration = Duration::from_millis(2_900);
/// After its ACK the port needs so long.
const CHANGES: Duration = Duration::from_millis(1_400);
/// Silence after which the port is closed again.
const FALLS_BACK: Duration = Duration::from_secs(120);
/// Bytes kept while a line is not whole.
const BUFFER_MAX: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Closed,
    WokenAt(Duration),
    Named,
    OpenFrom(Duration),
}

/// The port and the meter behind it.
pub struct OwnPort {
    meter: Spbus,
    kind: &'static str,
    /// Code of the speed of the magistral protocol.
    code: u8,
    /// The line's speed, where it has one.
    line: Option<u32>,
    stage: Stage,
    heard_at: Duration,
    buffer: Vec<u8>,
}

impl OwnPort {
    /// A port that is set to `baud`; to 300 when there is no such speed.
    pub fn new(meter: Spbus, model: SpbusModel, baud: u32) -> Self {
        let code = SPEEDS.iter().position(|speed| *speed == baud).unwrap_or(0);
        Self {
            meter,
            kind: match model {
                SpbusModel::Spt961_2 => "SPT961",
                SpbusModel::Spt962 => "SPT962",
                SpbusModel::Spg761_2 => "SPG761",
                SpbusModel::Spe543 => "SPE543",
            },
            code: u8::try_from(code).unwrap_or(0),
            line: None,
            stage: Stage::Closed,
            heard_at: Duration::ZERO,
            buffer: Vec::new(),
        }
    }

    fn is_at(&self, code: u8) -> bool {
        let speed = SPEEDS.get(usize::from(code)).copied();
        self.line.is_none_or(|line| Some(line) == speed)
    }

    /// The answer to one line of text.
    fn sign_on(&mut self, now: Duration, text: &[u8]) -> Option<Vec<u8>> {
        let digit = b'0' + self.code;
        match (self.stage, text) {
            (_, b"\r\n") => {
                self.stage = Stage::WokenAt(now);
                None
            }
            (Stage::WokenAt(at), b"/?!\r\n") if now.saturating_sub(at) >= WAKES => {
                self.stage = Stage::Named;
                Some(format!("/LGK5{}1{}123\r\n", self.kind, char::from(digit)).into_bytes())
            }
            (Stage::Named, &[ACK, b'0', speed, b'3', b'\r', b'\n']) if speed == digit => {
                self.stage = Stage::OpenFrom(now + CHANGES);
                Some(vec![ACK])
            }
            _ => {
                self.stage = Stage::Closed;
                None
            }
        }
    }
}

/// Even parity in the highest bit.
fn with_parity(character: u8) -> u8 {
    match character.count_ones() % 2 {
        0 => character,
        _ => character | 0x80,
    }
}

impl Meter for OwnPort {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        let idle = now.saturating_sub(self.heard_at);
        self.heard_at = now;
        if let Stage::OpenFrom(_) = self.stage
            && idle > FALLS_BACK
        {
            self.stage = Stage::Closed;
        }
        if let Stage::OpenFrom(from) = self.stage {
            return match self.is_at(self.code) && now >= from {
                true => self.meter.on_bytes(now, bytes),
                false => Vec::new(),
            };
        }
        if !self.is_at(0) {
            return Vec::new();
        }
        let mut replies = Vec::new();
        for byte in bytes {
            self.buffer.push(*byte);
            if *byte != b'\n' && self.buffer.len() < BUFFER_MAX {
                continue;
            }
            let line = std::mem::take(&mut self.buffer);
            let is_whole = line.iter().all(|byte| byte.count_ones() % 2 == 0);
            let text: Vec<u8> = line.iter().map(|byte| byte & 0x7F).collect();
            let answer = if is_whole { self.sign_on(now, &text) } else { None };
            replies.extend(answer.map(|answer| Reply::now(answer.into_iter().map(with_parity).collect())));
        }
        replies
    }

    fn requests(&self) -> u64 {
        self.meter.requests()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.meter.disguise(as_other);
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.meter.shift_clock(seconds);
    }

    fn tune(&mut self, baud: u32) {
        self.line = Some(baud);
    }
}
