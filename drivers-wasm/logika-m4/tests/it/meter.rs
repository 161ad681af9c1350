//! A small meter at the end of a line with faults, on a clock of its own. It is no simulator of a whole meter: it holds
//! memory and records, and garbles what passes.

use std::collections::{BTreeMap, VecDeque};

use uzel_driver_sdk::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

use crate::chance::{Chance, Faults, garble};
use crate::tagged::Tagged;

/// The meter, the line and the host's clock.
pub struct Meter {
    pub nt: u8,
    pub ident: [u8; 3],
    pub flash: Vec<u8>,
    pub ram: Vec<u8>,
    /// By function, heat input (0 where there is one) and the four bytes of the label.
    pub records: BTreeMap<(u8, u8, [u8; 4]), Vec<u8>>,
    /// What the clock shows at host time 0, seconds of the meter's scale.
    pub clock: i64,
    /// r32 places of RAM whose lowest byte counts up with every reading.
    pub moving: Vec<usize>,
    /// What a meter of the extended dialect holds.
    pub tagged: Option<Tagged>,
    /// Seconds after which the session is forgotten.
    pub session_s: i64,
    pub write_protected: bool,
    /// Whether it knows function 4D.
    pub has_months: bool,
    pub faults: Faults,
    pub chance: Chance,
    pub medium: Medium,
    /// Speed of the line and of the meter.
    pub bauds: (u32, u32),
    pub notes: Vec<String>,
    /// Requests that the meter understood.
    pub understood: usize,
    now: Instant,
    input: u8,
    writing: Option<u16>,
    awake: bool,
    idle_since: Instant,
    wakes: usize,
    heard: Vec<u8>,
    line: VecDeque<(Instant, u8)>,
}

impl Meter {
    pub fn new(ident: [u8; 3], clock: i64) -> Self {
        Self {
            nt: 5,
            ident,
            flash: vec![0xff; 0x1_0000],
            ram: vec![0; 0x1_0000],
            records: BTreeMap::new(),
            clock,
            moving: Vec::new(),
            tagged: None,
            session_s: 120,
            write_protected: false,
            has_months: false,
            faults: Faults::default(),
            chance: Chance(1),
            medium: Medium::Tcp,
            bauds: (2_400, 2_400),
            notes: Vec::new(),
            understood: 0,
            now: 0,
            input: 1,
            writing: None,
            awake: false,
            idle_since: 0,
            wakes: 0,
            heard: Vec::new(),
            line: VecDeque::new(),
        }
    }

    /// Writes a setting entry as a meter keeps it.
    pub fn set(&mut self, at: usize, text: &str) {
        let mut entry = [0x20; 16];
        entry[..4].copy_from_slice(&[1, 0xff, 0xff, 0xff]);
        entry[12..].fill(0);
        entry[4..4 + text.len()].copy_from_slice(text.as_bytes());
        self.flash[at..at + 16].copy_from_slice(&entry);
    }

    /// What the clock shows, seconds of the meter's scale.
    pub fn shows(&self) -> i64 {
        self.clock + self.now / 1_000
    }

    fn receive(&mut self, byte: u8) {
        self.wakes = if byte == 0xff { self.wakes + 1 } else { 0 };
        if self.wakes >= 10 {
            (self.awake, self.idle_since) = (true, self.now);
            self.heard.clear();
            return;
        }
        self.heard.push(byte);
        while self.heard.first().is_some_and(|first| *first != 0x10) {
            self.heard.remove(0);
        }
        let extended = self.heard.get(2) == Some(&0x90);
        let whole = match self.heard.get(5..7) {
            Some(length) if extended => 9 + usize::from(u16::from_le_bytes([length[0], length[1]])),
            None if extended => usize::MAX,
            _ if self.writing.is_some() => 69,
            _ => 9,
        };
        if self.heard.len() < whole {
            return;
        }
        let frame = std::mem::take(&mut self.heard);
        if frame[1] != self.nt && frame[1] != 0xff {
            self.awake = false;
            return;
        }
        if self.now - self.idle_since > self.session_s * 1_000 {
            self.awake = false;
        }
        if !self.awake {
            return;
        }
        self.idle_since = self.now;
        if extended {
            self.understood += 1;
            let now = self.shows();
            if frame[7] == 0x42 {
                self.set_speed(frame[8]);
            }
            let reply = self.tagged.as_mut().map(|tagged| tagged.reply(&frame, now));
            return reply.into_iter().for_each(|reply| self.send(reply));
        }
        let sum = frame[1..whole - 2]
            .iter()
            .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let good = frame[whole - 2] == !sum && frame[whole - 1] == 0x16;
        let (function, data) = if good {
            self.answer(frame[2], &frame[3..whole - 2])
        } else {
            (0x21, vec![0])
        };
        let mut reply = vec![0x10, frame[1], function];
        reply.extend(data);
        let sum = reply[1..].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        reply.extend([!sum, 0x16]);
        self.send(reply);
    }

    fn answer(&mut self, function: u8, data: &[u8]) -> (u8, Vec<u8>) {
        self.understood += 1;
        let refused = |code: u8| (0x21, vec![code]);
        let place = usize::from(u16::from_le_bytes([data[0], data[1]]));
        if let Some(number) = self.writing.take() {
            let at = 0x200 + 16 * usize::from(number);
            self.flash[at] = u8::from(data[63] == b'*');
            self.flash[at + 4..at + 12].copy_from_slice(&data[..8]);
            self.set_clock(number, &String::from_utf8_lossy(&data[..8]));
            return (0x44, Vec::new());
        }
        match function {
            0x3f => {
                if matches!(data[0], 1 | 2) {
                    self.input = data[0];
                }
                (0x3f, self.ident.to_vec())
            }
            0x45 => match self.flash.get(place * 64..place * 64 + 64) {
                Some(page) => (0x45, page.to_vec()),
                None => refused(0),
            },
            0x52 => {
                let shown = uzel_driver_sdk::calendar::civil(self.shows());
                let year = u8::try_from(shown.year - 2_000).unwrap();
                let clock = [year, shown.month, shown.day, shown.hour, shown.minute, shown.second];
                self.ram[0xf3..0xf9].copy_from_slice(&clock);
                self.ram[0x64..0x6a].copy_from_slice(&clock);
                for at in self.moving.clone() {
                    self.ram[at] = self.ram[at].wrapping_add(1);
                }
                match self.ram.get(place..place + usize::from(data[2])) {
                    Some(bytes) => (0x52, bytes.to_vec()),
                    None => refused(0),
                }
            }
            0x48 | 0x59 | 0x41 | 0x4d if function != 0x4d || self.has_months => {
                let two_inputs = self.ident[0] == 0x54 && self.ident[1] != 0x29;
                let input = if two_inputs { self.input } else { 0 };
                let label = [data[0], data[1], data[2], data[3]];
                match self.records.get(&(function, input, label)) {
                    Some(record) => (function, record.clone()),
                    None => refused(3),
                }
            }
            0x44 if self.write_protected => refused(1),
            0x44 => {
                let number = u16::try_from(place).unwrap();
                self.writing = Some(number);
                (0x44, Vec::new())
            }
            0x42 => {
                self.set_speed(data[0]);
                (0x42, Vec::new())
            }
            0x71 => (0x71, Vec::new()),
            _ => refused(0),
        }
    }

    fn set_speed(&mut self, code: u8) {
        let speeds = [2_400, 4_800, 9_600, 19_200, 38_400, 57_600];
        self.bauds.1 = speeds.get(usize::from(code)).copied().unwrap_or(2_400);
    }

    /// Settings 1 ТО and 2 ДО of СПТ943 are the clock.
    fn set_clock(&mut self, number: u16, text: &str) {
        let part = |at: usize| text.get(at..at + 2).and_then(|two| two.parse::<u8>().ok());
        let (Some(first), Some(second), Some(third)) = (part(0), part(3), part(6)) else {
            return;
        };
        let mut shown = uzel_driver_sdk::calendar::civil(self.shows());
        match number {
            1 => (shown.hour, shown.minute, shown.second) = (first, second, third),
            2 => (shown.day, shown.month, shown.year) = (first, second, 2_000 + u16::from(third)),
            _ => return,
        }
        self.clock = uzel_driver_sdk::calendar::seconds(shown).unwrap() - self.now / 1_000;
    }

    fn send(&mut self, reply: Vec<u8>) {
        if self.chance.hits(self.faults.lost) {
            return;
        }
        let copy = reply.clone();
        let reply = garble(&mut self.chance, self.faults, reply);
        let late = if self.chance.hits(self.faults.late) {
            self.chance.next(3 * 1_000)
        } else {
            0
        };
        self.put(reply, 20 + i64::try_from(late).unwrap());
        if self.chance.hits(self.faults.doubled) {
            let later = self.chance.next(600);
            self.put(copy, 20 + i64::try_from(later).unwrap());
        }
    }

    /// Bytes keep their order on a line.
    fn put(&mut self, bytes: Vec<u8>, delay_ms: i64) {
        let least = self.line.back().map_or(0, |(at, _)| *at);
        let at = (self.now + delay_ms).max(least);
        self.line.extend(bytes.into_iter().map(|byte| (at, byte)));
    }

    fn come(&self) -> usize {
        self.line.iter().take_while(|(at, _)| *at <= self.now).count()
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        self.line.drain(..count).map(|(_, byte)| byte).collect()
    }
}

impl Port for Meter {
    fn medium(&self) -> Medium {
        self.medium
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        let bytes = if bytes.len() >= 9 && bytes[0] == 0x10 {
            garble(&mut self.chance, self.faults, bytes.to_vec())
        } else {
            bytes.to_vec()
        };
        if self.now - self.idle_since > 10_000 {
            self.bauds.1 = 2_400;
        }
        if self.bauds.0 == self.bauds.1 {
            bytes.into_iter().for_each(|byte| self.receive(byte));
        }
        self.now += 1;
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        let end = self.now + i64::from(how.deadline_ms);
        match how.until {
            Until::Length(length) => {
                let length = usize::try_from(length).unwrap();
                match self.line.get(length - 1) {
                    Some((at, _)) if *at <= end => {
                        self.now = self.now.max(*at);
                        Ok(self.give(length))
                    }
                    _ => {
                        self.now = end;
                        let come = self.come();
                        Err(LineError::Timeout(self.give(come)))
                    }
                }
            }
            Until::SilenceMs(silence) => {
                let first = self.line.front().map(|(at, _)| *at).filter(|at| *at <= end);
                let Some(first) = first else {
                    self.now = end;
                    return Err(LineError::Timeout(Vec::new()));
                };
                self.now = self.now.max(first) + i64::from(silence);
                let come = self.come();
                Ok(self.give(come))
            }
            other => panic!("the driver does not read {other:?}"),
        }
    }

    fn exchange(&mut self, _: &[u8], _: Reading) -> Result<Vec<u8>, LineError> {
        panic!("the driver counts what it drops, so it does not use exchange")
    }

    fn purge(&mut self) -> u32 {
        let come = self.come();
        u32::try_from(self.give(come).len()).unwrap()
    }

    fn configure(&mut self, settings: Settings) -> Result<(), LineError> {
        self.bauds.0 = settings.baud;
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += i64::from(ms);
    }

    fn log(&mut self, _: Level, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn recall(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn remember(&mut self, _: &str, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
