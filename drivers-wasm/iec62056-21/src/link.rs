//! The conversation with one meter: sign-on, speeds, readout.
//!
//! Questions have no numbers, and the check character lets two equal errors pass, so a readout is taken and a question
//! asked until two answers are alike; a line that was disturbed is let fall silent first.

use uzel_driver_sdk::{Instant, LineError, Parity, Port, Reading, Settings, Until, parity};

use crate::config::{BaudChange, Config, Parity as Kept};
use crate::frame::{self, Answer, Block, EOT, ETX, Scan};
use crate::ident::{self, Ident, Mode};
use crate::trouble::Trouble;

/// Characters of one answer at most: the longest readouts have some 50 KB.
pub const ANSWER_MAX: usize = 256 * 1024;
/// Lines in front of an identification: an optical head gives back what it sent.
const LINES_MAX: u32 = 4;
/// Silence in which nothing is under way any more.
const QUIET_MS: u32 = 100;
/// Reads of a line that does not fall silent.
const QUIET_READS: u32 = 50;
/// Both sides change their speed so long after the last character (section 6.4.3.2).
const CHANGE_MS: u32 = 250;
/// A meter that was told that the session is over needs this before it listens again.
const BREAK_MS: u32 = 100;
/// Where it is remembered whether this line wants parity bits.
const PARITY: &str = "parity";
/// Silence that ends one part of an answer in parts.
const PART_MS: u32 = 50;

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A readout, line by line, so that the time of each is known.
    Lines,
    /// One frame.
    Block,
    /// A frame that another may follow.
    Part,
    /// ACK, NAK or a frame.
    Short,
}

/// A readout as it came.
#[derive(Debug, Clone)]
pub struct Readout {
    pub text: String,
    pub asked: Instant,
    /// Where the text was at which host time.
    pub marks: Vec<(usize, Instant)>,
}

impl Readout {
    /// When the character at `place` had come.
    pub fn heard(&self, place: usize) -> Instant {
        let mark = self.marks.iter().find(|(length, _)| *length > place);
        mark.or(self.marks.last()).map_or(self.asked, |(_, at)| *at)
    }
}

/// The line to one meter.
#[derive(Debug)]
pub struct Link {
    pub config: Config,
    /// The parity bit is ours; none while that is not known.
    own_parity: Option<bool>,
    /// Whether the last sign-on carried parity bits.
    trial: Option<bool>,
    /// The line's speed where it can be set.
    baud: Option<u32>,
    pub in_programming: bool,
    /// Who was identified: a line that says another name is damaged.
    pub known: Option<String>,
    /// Something went wrong: what comes next may be late.
    pub is_disturbed: bool,
}

impl Link {
    pub fn new(config: Config) -> Self {
        Self {
            own_parity: match config.parity {
                Kept::Auto => None,
                Kept::Line => Some(false),
                Kept::Bytes => Some(true),
            },
            config,
            trial: None,
            baud: None,
            in_programming: false,
            known: None,
            is_disturbed: false,
        }
    }

    /// Whether answers have to be alike.
    pub fn proves(&self) -> bool {
        self.config.verify || self.is_disturbed
    }

    /// Signs on and takes the readout, once.
    pub fn readout(&mut self, port: &mut dyn Port) -> Result<(Ident, Readout), Trouble> {
        let ident = self.sign_on(port)?;
        let asked = port.now();
        match ident.mode() {
            Mode::C(baud) => self.select(port, baud, b'0')?,
            Mode::B(baud) => self.change_speed(port, baud)?,
            Mode::A => {}
        }
        let mut marks = Vec::new();
        match self.answer(port, Expect::Lines, &mut marks)? {
            Answer::Block(Block { data, .. }) => {
                let text = data;
                Ok((ident, Readout { text, asked, marks }))
            }
            other => Err(Trouble::Garbled(format!("{} came in place of a readout", other.word()))),
        }
    }

    /// Leaves the programming mode and puts the line back to the speed of the sign-on.
    pub fn leave(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        if self.in_programming {
            self.in_programming = false;
            self.send(port, &frame::BREAK)?;
            port.sleep(BREAK_MS);
        }
        self.set_line(port, self.config.baud_start)
    }

    /// Asks who is there.
    pub fn sign_on(&mut self, port: &mut dyn Port) -> Result<Ident, Trouble> {
        self.leave(port)?;
        self.settle(port)?;
        let trial = self.own_parity.unwrap_or_else(|| self.next_trial(port));
        self.trial = Some(trial);
        let request = frame::sign_on(&self.config.address);
        port.purge();
        port.write(&if trial { parity::add(&request) } else { request })?;
        let how = Reading {
            until: Until::Delimiter(b'\n'),
            max: 128,
            deadline_ms: self.config.timeout_ms,
        };
        for _ in 0..LINES_MAX {
            let raw = port.read(how)?;
            // CR has three bits: with its parity bit it is another byte.
            let is_ours = raw.ends_with(&[0x8d, b'\n']);
            let characters = if is_ours { parity::strip(&raw) } else { raw };
            let line: String = characters.iter().map(|byte| char::from(*byte)).collect();
            if let Some(ident) = Ident::parse(&line) {
                if let Some(known) = self.known.as_ref().filter(|known| **known != ident.text()) {
                    return Err(Trouble::Garbled(format!("{} came, expected {known}", ident.text())));
                }
                if self.own_parity.is_none() {
                    self.own_parity = Some(is_ours);
                    // Lost when there is no place for it: then it is found out again.
                    let _ = port.remember(PARITY, &[u8::from(trial)]);
                }
                return Ok(ident);
            }
        }
        Err(Trouble::Garbled("no line is an identification".to_owned()))
    }

    /// Whether the next sign-on carries parity bits. A line of seven bits drops them, so they come first.
    fn next_trial(&mut self, port: &mut dyn Port) -> bool {
        if self.baud.is_some() {
            return false;
        }
        match self.trial {
            None => port.recall(PARITY) != Some(vec![0]),
            Some(before) => !before,
        }
    }

    /// Tells the meter speed and mode, and changes the line's speed.
    pub fn select(&mut self, port: &mut dyn Port, offered: u32, mode: u8) -> Result<(), Trouble> {
        let follows = self.config.baud_change == BaudChange::Follow && self.baud.is_some();
        let (baud, character) = match self.config.baud_change {
            BaudChange::Stay => ident::speed(self.config.baud_start),
            _ if follows => ident::speed(offered.min(self.config.baud_max)),
            _ => ident::speed(offered),
        };
        self.send(port, &frame::select(character, mode))?;
        if follows { self.change_speed(port, baud) } else { Ok(()) }
    }

    fn change_speed(&mut self, port: &mut dyn Port, baud: u32) -> Result<(), Trouble> {
        if self.baud.is_none_or(|now| now == baud) || self.config.baud_change != BaudChange::Follow {
            return Ok(());
        }
        port.sleep(CHANGE_MS);
        self.set_line(port, baud)
    }

    /// Sets the line, where it can be set; a line that cannot stays as it is.
    fn set_line(&mut self, port: &mut dyn Port, baud: u32) -> Result<(), Trouble> {
        if self.baud == Some(baud) {
            return Ok(());
        }
        let is_ours = self.own_parity == Some(true);
        let settings = Settings {
            baud,
            data_bits: if is_ours { 8 } else { 7 },
            parity: if is_ours { Parity::None } else { Parity::Even },
            stop_bits: 1,
        };
        match port.configure(settings) {
            Ok(()) => self.baud = Some(baud),
            Err(LineError::Denied) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub fn send(&mut self, port: &mut dyn Port, bytes: &[u8]) -> Result<(), Trouble> {
        port.purge();
        let is_ours = self.own_parity.or(self.trial).unwrap_or(false);
        let sent = if is_ours {
            port.write(&parity::add(bytes))
        } else {
            port.write(bytes)
        };
        sent.map_err(Trouble::from)
    }

    /// After trouble: waits until nothing comes any more.
    pub fn settle(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        if !self.is_disturbed {
            return Ok(());
        }
        for _ in 0..QUIET_READS {
            match port.read(Reading::until_silence(QUIET_MS, 4_096, QUIET_MS)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => return Ok(()),
                Ok(_) | Err(LineError::Timeout(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Trouble::Garbled("the line does not fall silent".to_owned()))
    }

    pub fn answer(
        &mut self,
        port: &mut dyn Port,
        expect: Expect,
        marks: &mut Vec<(usize, Instant)>,
    ) -> Result<Answer, Trouble> {
        let mut characters: Vec<u8> = Vec::new();
        // So many of them hold no end: a readout may come byte by byte.
        let mut looked = 0;
        loop {
            let new = characters.get(looked..).unwrap_or_default();
            if !new.iter().any(|byte| frame::may_end(*byte)) {
                looked = characters.len();
            } else {
                match frame::scan(&characters) {
                    Scan::Whole(answer, _) => return Ok(answer),
                    Scan::Bad(error) => {
                        self.is_disturbed = true;
                        return Err(Trouble::Garbled(error.to_string()));
                    }
                    Scan::Need => {}
                }
            }
            if characters.len() > ANSWER_MAX {
                return Err(Trouble::Garbled(format!(
                    "{} characters came and no end",
                    characters.len()
                )));
            }
            match port.read(self.reading(expect, &characters)) {
                Ok(raw) => self.take(&raw, &mut characters),
                // Slow lines pause: as long as something comes it is waited for.
                Err(LineError::Timeout(raw)) if !raw.is_empty() => self.take(&raw, &mut characters),
                Err(LineError::Timeout(_)) if !characters.is_empty() => {
                    self.is_disturbed = true;
                    return Err(Trouble::Garbled(format!(
                        "an answer ends after {} characters",
                        characters.len()
                    )));
                }
                Err(error) => return Err(error.into()),
            }
            marks.push((characters.len(), port.now()));
        }
    }

    fn take(&self, raw: &[u8], characters: &mut Vec<u8>) {
        match self.own_parity {
            Some(true) => characters.extend(parity::strip(raw)),
            _ => characters.extend(raw),
        }
    }

    /// How to read on behind these characters.
    fn reading(&self, expect: Expect, characters: &[u8]) -> Reading {
        let deadline_ms = self.config.timeout_ms;
        let until = |until| Reading {
            until,
            max: 4_096,
            deadline_ms,
        };
        let is_readout_over = expect == Expect::Lines && characters.ends_with(b"!\r\n");
        match expect {
            // The check character.
            _ if characters.ends_with(&[ETX]) || characters.ends_with(&[EOT]) => Reading::exactly(1, deadline_ms),
            _ if is_readout_over => Reading::exactly(2, deadline_ms),
            Expect::Short if characters.is_empty() => Reading::exactly(1, deadline_ms),
            Expect::Lines => until(Until::Delimiter(b'\n')),
            Expect::Part => until(Until::SilenceMs(PART_MS)),
            Expect::Block | Expect::Short => until(Until::Delimiter(ETX)),
        }
    }
}
