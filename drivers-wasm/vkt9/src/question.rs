//! What is asked, and whether bytes are the answer to it (VKT-9 note). An envelope of Modbus RTU; registers by functions 03
//! and 04, archives by functions of the maker's own.

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::checksum::crc16_modbus;

/// Finds the page of a date.
pub const FIND: u8 = 0x42;
/// Reads a page.
pub const PAGE: u8 = 0x41;
/// Who answers.
const IDENTIFY: u8 = 0x11;
/// Set in the function of a refusal.
const EXCEPTION: u8 = 0x80;
/// Address, function, code, CRC.
const SHORTEST: usize = 5;
/// Bytes of an answer at most: the longest documented has 221.
pub const LONGEST: usize = 512;

/// A block of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Common,
    /// Heat system 1 or 2.
    First,
    Second,
}

impl Block {
    /// The flag that asks for it.
    pub fn flag(self) -> u8 {
        match self {
            Self::Common => 0x08,
            Self::First => 0x10,
            Self::Second => 0x20,
        }
    }

    /// Bytes of it at least.
    pub fn size(self) -> usize {
        match self {
            Self::Common => 44,
            Self::First | Self::Second => 106,
        }
    }
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Mnemonic, revision, version.
    Who,
    /// So many registers from one on, of function 3 or 4.
    Registers { function: u8, first: u16, count: u16 },
    /// The page of a date in an archive.
    Find { archive: u8, date: [u8; 3] },
    /// One block of one page.
    Page { archive: u8, page: u16, block: Block },
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Data(Vec<u8>),
    /// Modbus' own code.
    Refused(u8),
}

/// What the bytes that came so far are.
#[derive(Debug, PartialEq, Eq)]
pub enum Scan {
    /// So many bytes more are needed.
    Need(usize),
    /// The answer may be longer than documented: whatever comes before a silence belongs to it.
    Rest,
    Whole(Answer),
    Noise(String),
}

impl Question {
    /// Registers by the logical address of the maker's list: 3xxxx and 4xxxx.
    pub const fn registers(logical: u16, count: u16) -> Self {
        Self::Registers {
            function: if logical < 40_000 { 4 } else { 3 },
            first: logical % 10_000 - 1,
            count,
        }
    }

    /// The page of a day.
    pub fn find(archive: u8, day: CivilTime) -> Self {
        let year = u8::try_from(day.year % 100).unwrap_or_default();
        Self::Find {
            archive,
            date: [year, day.month, day.day],
        }
    }

    fn function(&self) -> u8 {
        match self {
            Self::Who => IDENTIFY,
            Self::Registers { function, .. } => *function,
            Self::Find { .. } => FIND,
            Self::Page { .. } => PAGE,
        }
    }

    /// The request, with its CRC.
    pub fn request(&self, address: u8) -> Vec<u8> {
        let mut bytes = vec![address, self.function()];
        match *self {
            Self::Who => {}
            Self::Registers { first, count, .. } => bytes.extend([first.to_be_bytes(), count.to_be_bytes()].concat()),
            Self::Find { archive, date } => {
                bytes.push(archive);
                bytes.extend(date);
            }
            Self::Page { archive, page, block } => {
                bytes.extend([archive, block.flag()]);
                bytes.extend(page.to_le_bytes());
                bytes.push(1);
            }
        }
        let crc = crc16_modbus(&bytes);
        bytes.extend(crc.to_le_bytes());
        bytes
    }

    /// Bytes of the whole answer, and whether it may have more.
    fn length(&self) -> (usize, bool) {
        match self {
            // Whether a count stands before the eight bytes is not documented.
            Self::Who => (12, true),
            Self::Registers { count, .. } => (SHORTEST + 2 * usize::from(*count), false),
            Self::Find { .. } => (10, false),
            Self::Page { block, .. } => (9 + block.size(), true),
        }
    }

    /// Judges the bytes that came. `is_all`: a silence came behind them.
    pub fn scan(&self, bytes: &[u8], address: u8, is_all: bool) -> Scan {
        let (length, may_be_longer) = self.length();
        let Some(&[from, function]) = bytes.first_chunk::<2>() else {
            return Scan::Need(SHORTEST - bytes.len());
        };
        if from != address {
            return Scan::Noise(format!("address {from} answers, expected {address}"));
        }
        let length = if function & EXCEPTION == 0 { length } else { SHORTEST };
        if bytes.len() < length {
            return Scan::Need(length - bytes.len());
        }
        let is_long = may_be_longer && function & EXCEPTION == 0;
        let whole = if is_all && is_long {
            bytes
        } else {
            bytes.get(..length).unwrap_or(bytes)
        };
        let Some((body, crc)) = whole.split_last_chunk::<2>() else {
            return Scan::Need(SHORTEST);
        };
        if crc16_modbus(body) != u16::from_le_bytes(*crc) {
            let can_go_on = is_long && !is_all && bytes.len() < LONGEST;
            return if can_go_on {
                Scan::Rest
            } else {
                Scan::Noise("the check bytes are not those of the frame".to_owned())
            };
        }
        self.judge(function, body.get(2..).unwrap_or_default())
    }

    /// The data of a body whose CRC is right.
    fn judge(&self, function: u8, body: &[u8]) -> Scan {
        let other = || Scan::Noise(format!("an answer of function {function:02X} that is not to {self:?}"));
        if function == self.function() | EXCEPTION {
            return match body {
                [code] => Scan::Whole(Answer::Refused(*code)),
                _ => other(),
            };
        }
        if function != self.function() {
            return other();
        }
        let data = match (self, body) {
            (Self::Who, [8, rest @ ..]) if rest.len() == 8 => rest,
            (Self::Who, rest) if rest.len() == 8 => rest,
            (Self::Registers { count, .. }, [bytes, rest @ ..])
                if usize::from(*bytes) == rest.len() && rest.len() == 2 * usize::from(*count) =>
            {
                rest
            }
            (Self::Find { archive, .. }, [of, rest @ ..]) if of == archive => rest,
            (Self::Page { archive, block, .. }, [of, flags, rest @ ..])
                if (*of, *flags) == (*archive, block.flag()) =>
            {
                rest
            }
            _ => return other(),
        };
        Scan::Whole(Answer::Data(data.to_vec()))
    }
}

/// A refusal in words.
pub fn meaning(code: u8) -> &'static str {
    match code {
        0 => "general error",
        1 => "it does not know the function",
        2 => "no such register",
        3 => "wrong value",
        4 => "internal fault",
        5 => "a long operation has begun",
        6 => "busy with a long operation",
        7 => "access is closed",
        _ => "a code that is not documented",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERIAL: Question = Question::registers(40_001, 2);

    fn framed(body: &[u8]) -> Vec<u8> {
        [body, &crc16_modbus(body).to_le_bytes()].concat()
    }

    fn questions() -> [Question; 5] {
        let page = |block| Question::Page {
            archive: 1,
            page: 42,
            block,
        };
        let find = Question::Find {
            archive: 1,
            date: [24, 3, 21],
        };
        [Question::Who, SERIAL, find, page(Block::Common), page(Block::Second)]
    }

    #[test]
    fn every_condition_of_a_line_is_judged() {
        let whole = framed(&[1, 3, 4, 0, 1, 0xe2, 0x40]);
        assert_eq!(SERIAL.scan(&[], 1, false), Scan::Need(5));
        assert_eq!(SERIAL.scan(&whole[..5], 1, false), Scan::Need(4));
        let data = Answer::Data(vec![0, 1, 0xe2, 0x40]);
        assert_eq!(SERIAL.scan(&whole, 1, false), Scan::Whole(data));
        let refused = framed(&[1, 0x83, 6]);
        assert_eq!(SERIAL.scan(&refused, 1, false), Scan::Whole(Answer::Refused(6)));
        assert!(matches!(SERIAL.scan(&whole, 2, false), Scan::Noise(_)));
        let mut broken = whole.clone();
        broken[4] ^= 1;
        assert!(matches!(SERIAL.scan(&broken, 1, false), Scan::Noise(_)));
        assert!(matches!(
            SERIAL.scan(&framed(&[1, 4, 4, 0, 1, 0xe2, 0x40]), 1, false),
            Scan::Noise(_)
        ));
    }

    #[test]
    fn what_may_be_longer_is_heard_out() {
        for body in [
            &[1, 0x11, b'V', b'K', b'T', b'9', 1, 0, 2, 0][..],
            &[1, 0x11, 8, b'V', b'K', b'T', b'9', 1, 0, 2, 0],
        ] {
            let bytes = framed(body);
            let want = Answer::Data(vec![b'V', b'K', b'T', b'9', 1, 0, 2, 0]);
            let scan = Question::Who.scan(&bytes, 1, bytes.len() > 12);
            assert_eq!(scan, Scan::Whole(want), "{body:02x?}");
        }
        let [.., page, _] = questions();
        let long = framed(&[&[1, 0x41, 1, 8, 43, 0, 1], &[7; 50][..]].concat());
        assert_eq!(page.scan(&long, 1, false), Scan::Rest);
        assert!(matches!(page.scan(&long, 1, true), Scan::Whole(Answer::Data(data)) if data.len() == 53));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_none_are_waited_for_without_end(
            bytes in proptest::collection::vec(any::<u8>(), 0..300), address: u8, is_all: bool,
        ) {
            for question in questions() {
                if let Scan::Need(count) = question.scan(&bytes, address, is_all) {
                    prop_assert!((1..=LONGEST).contains(&count));
                }
            }
        }

        #[test]
        fn a_changed_bit_is_seen(at in 0usize..9, bit in 0u8..8) {
            let mut bytes = framed(&[1, 3, 4, 0, 1, 0xe2, 0x40]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            prop_assert!(!matches!(SERIAL.scan(&bytes, 1, true), Scan::Whole(_)));
        }
    }
}
