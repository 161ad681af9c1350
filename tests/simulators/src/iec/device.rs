//! A meter of mode C in conversation (IEC 62056-21, sections 6.3 to 6.5).

use super::builder::IecConfig;
use super::history::IecHistory;
use super::text::Shown;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

const SOH: u8 = 1;
const STX: u8 = 2;
const ETX: u8 = 3;
const EOT: u8 = 4;
const ACK: u8 = 6;
const NAK: u8 = 0x15;

/// Silence after which a session is over.
const FORGET: Duration = Duration::from_secs(60);
/// A meter changes its speed and waits before it sends at the new one.
const CHANGE: Duration = Duration::from_millis(400);
/// Bytes kept while a message is not whole.
const BUFFER_MAX: usize = 512;
/// Where every sign-on begins.
const SLOW: u32 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Named,
    Programming,
}

/// One meter.
pub struct Device {
    config: IecConfig,
    history: Arc<IecHistory>,
    clock: SimClock,
    disguise: Option<Disguise>,
    stage: Stage,
    is_open: bool,
    /// The line's speed, where it has one, and the meter's.
    line: Option<u32>,
    baud: u32,
    blocks: Vec<Vec<u8>>,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Device {
    pub fn new(config: IecConfig, history: Arc<IecHistory>, clock: SimClock) -> Self {
        Self {
            config,
            history,
            clock,
            disguise: None,
            stage: Stage::Idle,
            is_open: false,
            line: None,
            baud: SLOW,
            blocks: Vec::new(),
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
        }
    }

    fn serial(&self) -> String {
        match self.disguise {
            Some(Disguise::Serial) => "99999999".to_owned(),
            _ => self.config.serial.clone(),
        }
    }

    fn end(&mut self) {
        (self.stage, self.is_open, self.baud) = (Stage::Idle, false, SLOW);
        self.blocks.clear();
    }

    /// The answer to one whole message.
    fn answer(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let text = String::from_utf8_lossy(message).into_owned();
        match (self.stage, message) {
            // In the programming mode a sign-on means nothing.
            (Stage::Idle | Stage::Named, [b'/', b'?', ..]) => {
                self.end();
                let asked = text
                    .trim_end()
                    .trim_start_matches("/?")
                    .trim_end_matches('!')
                    .trim_start_matches('0');
                if !asked.is_empty() && asked != self.config.address.trim_start_matches('0') {
                    return None;
                }
                self.stage = Stage::Named;
                let ident = match self.disguise {
                    Some(Disguise::Model) => "/Els6\\2EK280",
                    _ => "/LGZ5ZMD120",
                };
                Some(format!("{ident}\r\n").into_bytes())
            }
            (Stage::Named, &[ACK, b'0', speed @ b'0'..=b'6', mode, b'\r', b'\n']) => {
                self.baud = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200][usize::from(speed - b'0')];
                if mode == b'1' {
                    self.stage = Stage::Programming;
                    return Some(framed(Some(*b"P0"), "()", true));
                }
                self.stage = Stage::Idle;
                Some(framed(None, &self.shown().readout(&self.serial()), true))
            }
            (Stage::Programming, &[ACK]) => Some(self.blocks.pop().unwrap_or_else(|| vec![NAK])),
            (Stage::Programming, [b'/', ..]) => None,
            (Stage::Programming, &[SOH, c, d, ref rest @ ..]) => self.command([c, d], rest, message),
            _ => {
                self.end();
                None
            }
        }
    }

    fn command(&mut self, command: [u8; 2], rest: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let sum = message.iter().skip(1).fold(0, |sum, byte| sum ^ byte);
        if sum != 0 {
            return Some(vec![NAK]);
        }
        let data = rest.strip_prefix(&[STX]).unwrap_or(rest);
        let data = String::from_utf8_lossy(data.get(..data.len().saturating_sub(2)).unwrap_or_default()).into_owned();
        match &command {
            b"B0" => {
                self.end();
                None
            }
            b"P1" => {
                self.is_open = data == format!("({})", self.config.password);
                Some(if self.is_open {
                    vec![ACK]
                } else {
                    framed(None, "(ERROR01)", true)
                })
            }
            [b'R', number] => {
                let text = match self.is_open || self.config.password.is_empty() {
                    true => self.read(&data),
                    false => "(ERROR02)".to_owned(),
                };
                Some(self.in_blocks(&text, matches!(number, b'3' | b'4' | b'6')))
            }
            _ => Some(vec![NAK]),
        }
    }

    fn read(&self, question: &str) -> String {
        let (name, inside) = question.trim_end_matches(')').split_once('(').unwrap_or((question, ""));
        let (from, to) = inside.split_once(';').unwrap_or((inside, ""));
        let (from, to) = (time(from).unwrap_or(DateTime::MIN), time(to).unwrap_or(DateTime::MAX));
        let shown = self.shown();
        let (from, to) = (from.max(DateTime::constant(1971, 1, 1, 0, 0, 0, 0)), to.min(shown.now));
        match name {
            "P.01" => shown.profile(from, to),
            "P.98" => shown.log(from),
            _ => shown
                .register(&self.serial(), name)
                .unwrap_or_else(|| "(ERROR03)".to_owned()),
        }
    }

    /// Whole, or the first of its blocks.
    fn in_blocks(&mut self, text: &str, wanted: bool) -> Vec<u8> {
        if !wanted {
            return framed(None, text, true);
        }
        let parts: Vec<&[u8]> = text.as_bytes().chunks(self.config.block).collect();
        let last = parts.len().saturating_sub(1);
        let frame = |(at, part): (usize, &&[u8])| framed(None, &String::from_utf8_lossy(part), at == last);
        self.blocks = parts.iter().enumerate().map(frame).collect();
        self.blocks.reverse();
        self.blocks.pop().unwrap_or_else(|| vec![NAK])
    }

    /// Takes the first whole message from the buffer.
    fn message(&mut self) -> Option<Vec<u8>> {
        // Noise in front of a message is nothing to a meter.
        let start = self.buffer.iter().position(|byte| matches!(*byte, b'/' | SOH | ACK))?;
        self.buffer.drain(..start);
        let length = match (self.buffer.first()?, self.stage) {
            (&ACK, Stage::Programming) => 1,
            (&SOH, _) => self.buffer.iter().position(|byte| matches!(*byte, ETX | EOT))? + 2,
            _ => self.buffer.iter().position(|byte| *byte == b'\n')? + 1,
        };
        (length <= self.buffer.len()).then(|| self.buffer.drain(..length).collect())
    }
}

/// `YYMMDDhhmm`, a season in front and seconds behind it as they may be.
fn time(text: &str) -> Option<DateTime> {
    let digits = if matches!(text.len(), 11 | 13) {
        text.get(1..)?
    } else {
        text
    };
    DateTime::strptime("%y%m%d%H%M", digits.get(..10)?).ok()
}

fn framed(command: Option<[u8; 2]>, data: &str, is_last: bool) -> Vec<u8> {
    let mut frame = Vec::new();
    if let Some(command) = command {
        frame.push(SOH);
        frame.extend(command);
    }
    frame.push(STX);
    frame.extend(data.bytes());
    frame.push(if is_last { ETX } else { EOT });
    let check = frame.iter().skip(1).fold(0, |sum, byte| sum ^ byte);
    frame.push(check);
    frame
}

/// The parity bit of seven.
pub fn even(byte: u8) -> u8 {
    byte & 0x7f | u8::from((byte & 0x7f).count_ones() % 2 == 1) << 7
}

impl Meter for Device {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > FORGET {
            self.end();
            self.buffer.clear();
        }
        self.heard_at = now;
        if self.line.is_some_and(|line| line != self.baud) {
            return Vec::new();
        }
        for byte in bytes {
            match self.config.parity_bits {
                true if even(*byte) == *byte => self.buffer.push(byte & 0x7f),
                // What came broken is left out.
                true => {}
                false => self.buffer.push(*byte),
            }
        }
        let mut replies = Vec::new();
        while let Some(message) = self.message() {
            let before = self.baud;
            let Some(answer) = self.answer(&message) else { continue };
            self.requests += 1;
            let bytes = if self.config.parity_bits {
                answer.iter().map(|byte| even(*byte)).collect()
            } else {
                answer
            };
            let changes = self.line.is_some() && before != self.baud;
            let delay = if changes { CHANGE } else { Duration::ZERO };
            replies.push(Reply {
                delay,
                bytes,
                hang_up: false,
            });
            if self.stage == Stage::Idle {
                self.baud = SLOW;
            }
        }
        if self.buffer.len() > BUFFER_MAX {
            self.buffer.clear();
        }
        replies
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }

    fn tune(&mut self, baud: u32) {
        self.line = Some(baud);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil;
    use crate::iec::Iec;
    use jiff::civil::datetime;

    fn say(meter: &mut impl Meter, bytes: &[u8]) -> String {
        let replies = meter.on_bytes(Duration::ZERO, bytes);
        let bytes: Vec<u8> = replies.into_iter().flat_map(|reply| reply.bytes).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn a_meter_talks_as_the_standard_says() {
        let mut meter = Iec::meter()
            .clock(datetime(2026, 3, 10, 0, 20, 0, 0))
            .link()
            .into_meter();
        assert_eq!(say(&mut meter, b"/?87654321!\r\n"), "", "another address");
        assert_eq!(say(&mut meter, b"/?!\r\n"), "/LGZ5ZMD120\r\n");
        let readout = say(&mut meter, b"\x06050\r\n");
        assert!(readout.starts_with("\u{2}F.F(00000000)\r\n0.0.0(12345678)\r\n0.9.1(002000)\r\n0.9.2(260310)\r\n"));
        assert_eq!(readout.matches("0.1.2*").count(), 15);
        assert_eq!(say(&mut meter, b"/?!\r\n"), "/LGZ5ZMD120\r\n");
        assert_eq!(say(&mut meter, b"\x06051\r\n"), "\u{1}P0\u{2}()\u{3}\u{60}");
        assert_eq!(say(&mut meter, b"/?!\r\n"), "", "it is busy");
        let asked = framed(Some(*b"R5"), "P.01(2603092300;2603100000)", true);
        let profile = say(&mut meter, &asked);
        assert!(profile.starts_with("\u{2}P.01(0260309230000)("), "{profile}");
        assert_eq!(profile.matches("\r\n").count(), 3, "{profile}");
        assert_eq!(
            say(&mut meter, &framed(Some(*b"R5"), "P.02(;)", true)),
            "\u{2}(ERROR03)\u{3}Y"
        );
        let mut spoilt = asked;
        spoilt[5] ^= 1;
        assert_eq!(say(&mut meter, &spoilt), "\u{15}");
        assert_eq!(say(&mut meter, b"\x01B0\x03\x71"), "");
        assert_eq!(say(&mut meter, b"/?12345678!\r\n"), "/LGZ5ZMD120\r\n");
        assert_eq!(
            civil::hour_of(time("2603092300").unwrap()),
            civil::hour_of(datetime(2026, 3, 9, 23, 0, 0, 0))
        );
    }
}
