//! The status word of load profiles and logs: hex digits, eight of EMH, two of Metcom. The low byte is that of the German
//! specification (VDEW-Lastenheft 2.1); what is above it each maker decides, so it keeps its code without a meaning.

use uzel_driver_sdk::{Condition, Effect, Severity};

/// A bit that is known: code, category, effect, what an event of it says.
struct Known {
    bit: u64,
    category: &'static str,
    effect: Effect,
    severity: Severity,
    began: Option<bool>,
    text: &'static str,
}

const fn known(bit: u64, category: &'static str, severity: Severity, began: Option<bool>, text: &'static str) -> Known {
    Known {
        bit,
        category,
        effect: Effect::Information,
        severity,
        began,
        text,
    }
}

/// Measured values were disturbed.
const DISTURBED: u64 = 0x04;

const KNOWN: [Known; 8] = [
    known(0x01, "functional-failure", Severity::Alarm, None, "device fault"),
    known(
        0x02,
        "clock",
        Severity::Warning,
        None,
        "running reserve of the clock lost",
    ),
    known(
        DISTURBED,
        "functional-failure",
        Severity::Warning,
        None,
        "measured value disturbed",
    ),
    known(0x08, "clock", Severity::Info, None, "change of season"),
    known(0x10, "config", Severity::Info, None, "reset or settings changed"),
    known(0x20, "clock", Severity::Info, None, "clock set"),
    known(0x40, "power-off", Severity::Info, Some(false), "power returned"),
    known(0x80, "power-off", Severity::Warning, Some(true), "power failed"),
];

/// One bit of a status, as an event says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub code: String,
    pub severity: Severity,
    pub began: Option<bool>,
    pub text: &'static str,
}

/// The word; none where it is no hex number.
pub fn word(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'))
}

/// Whether the values beside it were disturbed.
pub fn is_disturbed(word: u64) -> bool {
    word & DISTURBED != 0
}

/// Its bits as conditions of an interval.
pub fn conditions(word: u64) -> Vec<Condition> {
    let condition = |bit: u64| {
        let known = KNOWN.iter().find(|known| known.bit == bit);
        Condition {
            code: code(bit),
            category: known.map(|known| known.category.to_owned()),
            effect: known.map(|known| known.effect),
            point: 0,
            column: None,
            duration_s: None,
        }
    };
    bits(word).map(condition).collect()
}

/// Its bits as entries of a log.
pub fn said(word: u64) -> Vec<Said> {
    let said = |bit: u64| {
        let known = KNOWN.iter().find(|known| known.bit == bit);
        Said {
            code: code(bit),
            severity: known.map_or(Severity::Info, |known| known.severity),
            began: known.and_then(|known| known.began),
            text: known.map_or("", |known| known.text),
        }
    };
    bits(word).map(said).collect()
}

fn bits(word: u64) -> impl Iterator<Item = u64> {
    (0..64).map(|place| 1u64 << place).filter(move |bit| word & bit != 0)
}

/// A bit as people read it in the status word.
fn code(bit: u64) -> String {
    format!("{bit:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_keep_their_codes_and_known_ones_their_meaning() {
        let told: Vec<_> = conditions(word("00008020").unwrap())
            .into_iter()
            .map(|condition| (condition.code, condition.category))
            .collect();
        assert_eq!(
            told,
            [("20".to_owned(), Some("clock".to_owned())), ("8000".to_owned(), None)]
        );
        let told: Vec<_> = said(0xC0).into_iter().map(|said| (said.code, said.began)).collect();
        assert_eq!(told, [("40".to_owned(), Some(false)), ("80".to_owned(), Some(true))]);
        assert_eq!((conditions(0).len(), word("xyz"), word("+1")), (0, None, None));
        assert!(is_disturbed(0x84) && !is_disturbed(0x80));
    }
}
