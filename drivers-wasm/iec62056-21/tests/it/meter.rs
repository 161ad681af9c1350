//! A small meter of mode C for tests, and what spoils its line.

use uzel_driver_sdk::calendar::{HOUR, civil, seconds};
use uzel_driver_sdk::{CivilTime, Instant as Ms};

use crate::line::FarEnd;

/// When the test's time begins: 2026-03-10 00:20.
pub const NOW: CivilTime = CivilTime {
    year: 2026,
    month: 3,
    day: 10,
    hour: 0,
    minute: 20,
    second: 0,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    /// It named itself and waits to be told what to do.
    Named,
    Programming,
}

/// Faults: one in so many answers, 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub flip: u64,
    /// Two equal characters are lost: the check character does not see it.
    pub treacherous: u64,
    pub lost: u64,
    pub late: u64,
    pub twice: u64,
    pub seed: u64,
}

/// What the conversation made of it.
#[derive(Debug)]
pub struct State {
    stage: Stage,
    baud: u32,
    blocks: Vec<Vec<u8>>,
    held: Vec<u8>,
    random: u64,
    heard_at: Ms,
}

impl Default for State {
    fn default() -> Self {
        Self {
            stage: Stage::Idle,
            baud: 300,
            blocks: Vec::new(),
            held: Vec::new(),
            random: 0,
            heard_at: 0,
        }
    }
}

pub struct Meter {
    pub ident: &'static str,
    pub address: &'static str,
    pub password: &'static str,
    /// Its characters carry their parity bit, and others are not heard.
    pub with_parity: bool,
    /// Answers in blocks of so many characters.
    pub block: usize,
    /// Hours of the profile that are not there, by number.
    pub missing: Vec<i64>,
    pub period_min: i64,
    pub faults: Faults,
    pub state: State,
}

/// What the hour with this number has in channel 1, thousandths.
pub fn energy(hour: i64) -> i64 {
    hour * 7_919 % 100_000
}

/// Hours of NOW.
pub fn now_hour() -> i64 {
    seconds(NOW).unwrap() / HOUR
}

impl Meter {
    pub fn new() -> Self {
        Self {
            ident: "/ABC5TEST-1",
            address: "12345678",
            password: "",
            with_parity: false,
            block: 0,
            missing: Vec::new(),
            period_min: 60,
            faults: Faults::default(),
            state: State::default(),
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state.random = self
            .state
            .random
            .wrapping_add(self.faults.seed + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state.random ^ (self.state.random >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) % limit.max(1)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        chances > 0 && self.below(chances) == 0
    }

    fn readout(&self, now: Ms) -> String {
        let shown = civil(seconds(NOW).unwrap() + (now - 1_000_000) / 1_000);
        let two = |number: u8| format!("{number:02}");
        let time = [shown.hour, shown.minute, shown.second].map(two).concat();
        let date = format!("26{:02}{:02}", shown.month, shown.day);
        format!(
            "0.0.0({})\r\n0.9.1({time})\r\n0.9.2({date})\r\n0.1.0(07)\r\n1.8.0(0012345.678*kWh)\r\n1.8.1(0002345.678*kWh)\r\n\
             1.8.0*07(0011111.000*kWh)\r\n1.6.0*07(12.50*kW)(2602151815)\r\n0.1.2*07(2603010000)\r\n\
             1.8.0*06(0010000.000*kWh)\r\n1.6.0*06(13.25*kW)(2601201830)\r\n0.1.2*06(2602010000)\r\n\
             1.8.0*01(0000001.000*kWh)\r\n1.7.0({:05.2}*kW)\r\nF.F(00000000)\r\n0.4.2(100)\r\n!\r\n",
            self.address,
            f64::from(u8::try_from(now / 1_000 % 50).unwrap())
        )
    }

    fn profile(&self, question: &str) -> String {
        let inside = question.split_once('(').unwrap().1.trim_end_matches(')');
        let (from, to) = inside.split_once(';').unwrap();
        let time = |text: &str| {
            let part = |at: usize| text[at..at + 2].parse::<u8>().unwrap();
            let at = CivilTime {
                year: 2_000 + u16::from(part(0)),
                month: part(2),
                day: part(4),
                hour: part(6),
                minute: part(8),
                second: 0,
            };
            seconds(at).unwrap()
        };
        let (from, to) = (time(from), time(to));
        let mut text = String::new();
        let mut follows = false;
        for hour in now_hour() - 200..now_hour() {
            let label = (hour + 1) * HOUR;
            if !(from..=to).contains(&label) || self.missing.contains(&hour) {
                follows = false;
                continue;
            }
            let at = civil(label);
            let status = if hour % 24 == 5 { "00000004" } else { "00000000" };
            if !follows || hour % 24 == 5 || hour % 24 == 6 {
                let stamp = format!("0{:02}{:02}{:02}{:02}0000", at.year % 100, at.month, at.day, at.hour);
                text.push_str(&format!(
                    "P.01({stamp})({status})({})(2)(1.29)(kWh)(2.5)(kW)\r\n",
                    self.period_min
                ));
            }
            follows = true;
            let value = energy(hour);
            let second = if hour % 7 == 0 {
                "-----".to_owned()
            } else {
                format!("{hour}.5")
            };
            text.push_str(&format!("({}.{:03})({second})\r\n", value / 1_000, value % 1_000));
        }
        if text.is_empty() { "P.01()".to_owned() } else { text }
    }

    fn frame(data: &str, last: bool) -> Vec<u8> {
        let mut frame = vec![2];
        frame.extend(data.bytes());
        frame.push(if last { 3 } else { 4 });
        let check = frame[1..].iter().fold(0, |sum, byte| sum ^ byte);
        frame.push(check);
        frame
    }

    fn data(&mut self, text: &str) -> Vec<u8> {
        if self.block == 0 || text.len() <= self.block {
            return Self::frame(text, true);
        }
        let parts: Vec<&[u8]> = text.as_bytes().chunks(self.block).collect();
        let count = parts.len();
        let frames = parts.iter().enumerate();
        self.state.blocks = frames
            .map(|(at, part)| Self::frame(std::str::from_utf8(part).unwrap(), at + 1 == count))
            .rev()
            .collect();
        self.state.blocks.pop().unwrap()
    }

    fn answer(&mut self, bytes: &[u8], now: Ms) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if self.state.stage != Stage::Idle && now - self.state.heard_at > 60_000 {
            self.state.stage = Stage::Idle;
            self.state.baud = 300;
        }
        self.state.heard_at = now;
        match (self.state.stage, bytes) {
            (Stage::Idle, _) if text.starts_with("/?") => {
                let asked = text.trim_start_matches("/?").trim_end().trim_end_matches('!');
                if !asked.is_empty() && asked != self.address {
                    return Vec::new();
                }
                self.state.stage = Stage::Named;
                format!("{}\r\n", self.ident).into_bytes()
            }
            (Stage::Named, [6, b'0', speed, mode, b'\r', b'\n']) => {
                self.state.baud = 300 << (speed - b'0');
                if *mode == b'1' {
                    self.state.stage = Stage::Programming;
                    return b"\x01P0\x02()\x03\x60".to_vec();
                }
                self.state.stage = Stage::Idle;
                let readout = self.readout(now);
                self.state.baud = 300;
                Self::frame(&readout, true)
            }
            (Stage::Programming, [1, b'B', b'0', 3, 0x71]) => {
                self.state.stage = Stage::Idle;
                self.state.baud = 300;
                Vec::new()
            }
            (Stage::Programming, [6]) => self.state.blocks.pop().unwrap_or_else(|| vec![0x15]),
            (Stage::Programming, [1, c, d, 2, data @ .., 3, check]) => {
                let sum = bytes[1..bytes.len() - 1].iter().fold(0, |sum, byte| sum ^ byte);
                if sum != *check {
                    return vec![0x15];
                }
                self.command(*c, *d, std::str::from_utf8(data).unwrap(), now)
            }
            (Stage::Named, _) => {
                self.state.stage = Stage::Idle;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn command(&mut self, c: u8, d: u8, data: &str, now: Ms) -> Vec<u8> {
        match (c, d) {
            (b'P', b'1') if data == format!("({})", self.password) => vec![6],
            (b'P', b'1') => Self::frame("(ERROR01)", true),
            (b'R', _) if data.starts_with("P.01") => {
                let text = self.profile(data);
                self.data(&text)
            }
            (b'R', _) if data.starts_with("P.98") => {
                let text = "P.98(0260301000000)(00008020)()(2)(0.9.1)()(0.9.2)()(1235703)(1220826)\r\nP.98(0260302101500)(0080)()(0)";
                self.data(text)
            }
            (b'R', _) => {
                let readout = self.readout(now);
                let name = data.trim_end_matches("()");
                match readout.lines().find(|line| line.split('(').next() == Some(name)) {
                    Some(line) => Self::frame(line, true),
                    None => Self::frame("(ERROR03)", true),
                }
            }
            _ => vec![0x15],
        }
    }

    fn spoil(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        let faults = self.faults;
        if answer.is_empty() || self.one_in(faults.lost) {
            return Vec::new();
        }
        if self.one_in(faults.flip) {
            let place = usize::try_from(self.below(answer.len() as u64)).unwrap();
            answer[place] ^= 1 << self.below(7);
        }
        if self.one_in(faults.treacherous) && answer.len() > 20 {
            let first = 1 + usize::try_from(self.below(answer.len() as u64 - 4)).unwrap();
            let same = answer.iter().skip(first + 1).position(|byte| *byte == answer[first]);
            if let Some(second) = same
                .map(|place| place + first + 1)
                .filter(|place| *place + 2 < answer.len())
            {
                answer.remove(second);
                answer.remove(first);
            }
        }
        if self.one_in(faults.twice) {
            answer.extend(answer.clone());
        }
        if self.one_in(faults.late) {
            self.state.held.extend(answer);
            return Vec::new();
        }
        answer
    }
}

fn even(byte: u8) -> u8 {
    byte | u8::from(byte.count_ones() % 2 == 1) << 7
}

impl FarEnd for Meter {
    fn hear(&mut self, bytes: &[u8], baud: Option<u32>, now: Ms) -> Vec<u8> {
        if baud.is_some_and(|baud| baud != self.state.baud) {
            return Vec::new();
        }
        let is_heard = |byte: &u8| !self.with_parity || even(byte & 0x7f) == *byte;
        let clean: Vec<u8> = match bytes.iter().all(is_heard) {
            true if self.with_parity => bytes.iter().map(|byte| byte & 0x7f).collect(),
            true if bytes.is_ascii() => bytes.to_vec(),
            _ => return Vec::new(),
        };
        let mut all = std::mem::take(&mut self.state.held);
        let answer = self.answer(&clean, now);
        let answer = match self.with_parity {
            true => answer.iter().map(|byte| even(*byte)).collect(),
            false => answer,
        };
        all.extend(self.spoil(answer));
        all
    }
}
