//! What is asked, and whether an answer is to it (VKT-4 note, section 3). Answers with records carry the date of the
//! record, refusals what was asked; the others only the code.

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::calendar::seconds;

use crate::frame::REFUSAL;

/// Device type.
pub const TYPE: Question = Question::plain(0x41);
/// Totals.
pub const TOTALS: Question = Question::plain(0x44);
/// Start of the archive, clock, pressures.
pub const CURRENT: Question = Question::plain(0x45);
/// Settings.
pub const SETTINGS: Question = Question::plain(0x46);

const HOURLY: u8 = 0x42;
const DAILY: u8 = 0x43;
/// The code of an answer without a record is this much above that of the question.
const WITHOUT: u8 = 0x80;
/// Year, month, day, hour.
pub const DATE: usize = 5;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    pub code: u8,
    pub data: [u8; 6],
}

/// What the meter said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub code: u8,
    pub data: Vec<u8>,
}

impl Question {
    const fn plain(code: u8) -> Self {
        Self { code, data: [0; 6] }
    }

    /// The record of one hour, by its label.
    pub fn hour(label: CivilTime) -> Self {
        Self::record(HOURLY, label, label.hour)
    }

    /// The record of one day. The meter does not look at the hour.
    pub fn day(label: CivilTime) -> Self {
        Self::record(DAILY, label, 0)
    }

    /// One record a question: whether others follow one that is missing is not documented.
    fn record(code: u8, label: CivilTime, hour: u8) -> Self {
        let [high, low] = label.year.to_be_bytes();
        Self {
            code,
            data: [high, low, label.month, label.day, hour, 1],
        }
    }

    /// Whether it asks for a record, which may take long.
    pub fn is_record(&self) -> bool {
        matches!(self.code, HOURLY | DAILY)
    }

    /// Whether an answer can be to this question.
    pub fn fits(&self, said: &Said) -> bool {
        // A day's hour is given back, but nothing depends on it.
        let date = if self.code == DAILY { DATE - 1 } else { DATE };
        let is_dated = || said.data.get(..date) == self.data.get(..date) && said.data.len() >= DATE;
        match said.code {
            REFUSAL => {
                let asked = [&[self.code][..], &self.data].concat();
                said.data.len() + 1 >= asked.len() && asked.starts_with(&said.data)
            }
            code if code == self.code => !self.is_record() || is_dated(),
            code if self.is_record() && code == self.code | WITHOUT => said.data.len() == DATE && is_dated(),
            _ => false,
        }
    }
}

impl Said {
    /// Whether the meter has no such record.
    pub fn is_without(&self) -> bool {
        matches!(self.code, code if code == HOURLY | WITHOUT || code == DAILY | WITHOUT)
    }

    /// Whether the meter does not understand the question.
    pub fn is_refusal(&self) -> bool {
        self.code == REFUSAL
    }
}

/// Seconds of a date and hour as they stand in frames; none for what is no date.
pub fn date(bytes: &[u8]) -> Option<i64> {
    let &[high, low, month, day, hour] = bytes.first_chunk::<DATE>()?;
    seconds(CivilTime {
        year: u16::from_be_bytes([high, low]),
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: CivilTime = CivilTime {
        year: 2024,
        month: 3,
        day: 21,
        hour: 12,
        minute: 0,
        second: 0,
    };
    const LABEL: [u8; 5] = [0x07, 0xe8, 3, 21, 12];

    fn said(code: u8, data: &[u8]) -> Said {
        Said {
            code,
            data: data.to_vec(),
        }
    }

    #[test]
    fn only_an_answer_to_the_question_fits() {
        let hour = Question::hour(NOON);
        assert_eq!(hour.data, [0x07, 0xe8, 3, 21, 12, 1]);
        let other = [0x07, 0xe8, 3, 21, 13];
        let cases = [
            ("its record", said(0x42, &LABEL), true),
            ("the next record", said(0x42, &other), false),
            ("a day", said(0x43, &LABEL), false),
            ("no record", said(0xc2, &LABEL), true),
            ("no record of another hour", said(0xc2, &other), false),
            ("no day", said(0xc3, &LABEL), false),
            ("its refusal", said(0xc4, &[0x42, 0x07, 0xe8, 3, 21, 12, 1]), true),
            (
                "its refusal of six bytes",
                said(0xc4, &[0x42, 0x07, 0xe8, 3, 21, 12]),
                true,
            ),
            ("another refusal", said(0xc4, &[0x42, 0x07, 0xe8, 3, 21, 13, 1]), false),
            ("an empty refusal", said(0xc4, &[]), false),
            ("totals", said(0x44, &[0; 48]), false),
        ];
        for (name, said, want) in &cases {
            assert_eq!(hour.fits(said), *want, "{name}");
        }
        assert!(Question::day(NOON).fits(&said(0x43, &LABEL)), "whatever its hour is");
        assert!(SETTINGS.fits(&said(0x46, &[])) && !SETTINGS.fits(&said(0x45, &[])));
        assert!(!TYPE.fits(&said(0xc1, &LABEL)));
    }

    proptest! {
        #[test]
        fn no_answer_panics(code: u8, data in proptest::collection::vec(any::<u8>(), 0..20)) {
            let said = Said { code, data };
            for question in [TYPE, CURRENT, Question::hour(NOON), Question::day(NOON)] {
                question.fits(&said);
            }
            date(&said.data);
        }
    }
}
