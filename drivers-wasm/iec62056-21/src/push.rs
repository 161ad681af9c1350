//! Meters that send by themselves: mode D and P1. The driver listens until a whole valid telegram came or the limit passed.

use uzel_driver_sdk::{Failure, Identity, Instant, LineError, Parity, Port, Reading, Settings, Until, parity};

use crate::config::{Config, Parity as Kept};
use crate::dataset::{self, Set};
use crate::link::Link;
use crate::model::P1;
use crate::register;
use crate::session::{Session, between};
use crate::settle::{Moving, settle};
use crate::telegram::{Scan, Telegram, scan};

/// Bytes kept while no telegram is whole.
const BUFFER_MAX: usize = 40 * 1024;
/// How long one read waits at most, milliseconds.
const READ_MS: u32 = 10_000;
/// Telegrams without a CRC are compared: so many are waited for.
const UNCHECKED: usize = 3;
/// P1 of DSMR 4 and later; older and mode D have seven bits and even parity.
const FAST: u32 = 115_200;

/// A telegram with the host's times around it.
struct Heard {
    telegram: Telegram,
    begun: Instant,
    ended: Instant,
}

/// Listens, and takes what came for the whole session.
pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Session, Identity), Failure> {
    set_line(port, &config)?;
    let mut ear = Ear {
        until: port.now().saturating_add(i64::from(config.listen_s) * 1_000),
        parity: config.parity,
        buffer: Vec::new(),
        begun: port.now(),
        wrong: None,
    };
    let first = ear.telegram(port)?;
    let ident = first.telegram.ident.clone();
    let (sets, last) = if first.telegram.is_checked {
        (dataset::parse(&first.telegram.text), first)
    } else {
        unchecked(port, &mut ear, first)?
    };
    let registers = register::registers(&sets);
    let serial = register::serial(&registers);
    let clock = register::clock(&registers).map(|shown| between(shown, last.begun, last.ended));
    port.note(&format!(
        "telegram of {ident} serial {}",
        serial.as_deref().unwrap_or("not given")
    ));
    let identity = Identity {
        model: P1.to_owned(),
        serial,
        firmware: None,
        details: vec![("identification".to_owned(), ident)],
    };
    let session = Session {
        link: Link::new(config),
        sets: Some(sets),
        clock,
        periods: Vec::new(),
    };
    Ok((session, identity))
}

/// A line that can be set is set as the meter sends.
fn set_line(port: &mut dyn Port, config: &Config) -> Result<(), Failure> {
    let is_wide = config.baud_start == FAST || config.parity == Kept::Bytes;
    let settings = Settings {
        baud: config.baud_start,
        data_bits: if is_wide { 8 } else { 7 },
        parity: if is_wide { Parity::None } else { Parity::Even },
        stop_bits: 1,
    };
    match port.configure(settings) {
        Ok(()) | Err(LineError::Denied) => Ok(()),
        Err(LineError::Stopped) => Err(Failure::Stopped),
        Err(error) => Err(Failure::Line(error)),
    }
}

/// What several telegrams without a CRC agree on.
fn unchecked(port: &mut dyn Port, ear: &mut Ear, first: Heard) -> Result<(Vec<Set>, Heard), Failure> {
    let mut last = first;
    let mut heard = vec![dataset::parse(&last.telegram.text)];
    loop {
        if heard.len() >= UNCHECKED
            && let Some(settled) = settle(&heard, Moving::Middle)
        {
            return Ok((settled, last));
        }
        last = ear.telegram(port)?;
        heard.push(dataset::parse(&last.telegram.text));
        // What does not agree after so many is told by the limit of time.
        if heard.len() > 2 * UNCHECKED {
            heard.remove(0);
        }
    }
}

struct Ear {
    until: Instant,
    parity: Kept,
    buffer: Vec<u8>,
    /// When the first byte of the buffer came.
    begun: Instant,
    /// What was wrong with the last telegram.
    wrong: Option<String>,
}

impl Ear {
    fn telegram(&mut self, port: &mut dyn Port) -> Result<Heard, Failure> {
        loop {
            let is_line = self.buffer.last() == Some(&b'\n');
            match if is_line {
                scan(&self.characters(), true)
            } else {
                Scan::Need
            } {
                Scan::Whole(telegram, used) => {
                    self.buffer.drain(..used.min(self.buffer.len()));
                    let (begun, ended) = (self.begun, port.now());
                    return Ok(Heard { telegram, begun, ended });
                }
                Scan::Bad(why, used) => {
                    port.note(&why);
                    self.wrong = Some(why);
                    self.buffer.drain(..used.min(self.buffer.len()));
                    continue;
                }
                Scan::Need => {}
            }
            if self.buffer.len() > BUFFER_MAX {
                self.buffer.clear();
            }
            self.more(port)?;
        }
    }

    /// Without a word on parity it is ours when ends of lines carry it.
    fn characters(&self) -> Vec<u8> {
        let is_ours = match self.parity {
            Kept::Bytes => true,
            Kept::Line => false,
            Kept::Auto => self.buffer.windows(2).any(|pair| pair == [0x8d, b'\n']),
        };
        if is_ours {
            parity::strip(&self.buffer)
        } else {
            self.buffer.clone()
        }
    }

    fn more(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let left = self.until.saturating_sub(port.now());
        let deadline_ms = u32::try_from(left).unwrap_or(0).min(READ_MS);
        if left <= 0 || deadline_ms == 0 {
            return Err(match self.wrong.take() {
                Some(why) => Failure::Garbled(why),
                None if self.buffer.is_empty() => Failure::NoAnswer,
                None => Failure::Garbled(format!("{} bytes came and no telegram", self.buffer.len())),
            });
        }
        let how = Reading {
            until: Until::Delimiter(b'\n'),
            max: 4_096,
            deadline_ms,
        };
        let came = match port.read(how) {
            Ok(came) | Err(LineError::Timeout(came)) => came,
            Err(LineError::Stopped) => return Err(Failure::Stopped),
            Err(error) => return Err(Failure::Line(error)),
        };
        if came.first() == Some(&b'/') || self.buffer.is_empty() {
            self.begun = port.now();
        }
        self.buffer.extend(came);
        Ok(())
    }
}
