//! Abnormal situations (НС): the map of those that are on now, and the names of journal entries (SPbus note, sections
//! 3.3 and 9).

use uzel_driver_sdk::{Condition, Effect};

use crate::category::category;
use crate::message::Field;
use crate::number::is_diagnostic;

/// Elements of 094 and 013: one for each code.
pub const CODES: u16 = 100;

/// What is on in elements of 094 from code `first` on. An element is a digit for the system, or one for each channel,
/// the first on the left.
pub fn conditions(model: &str, first: u16, elements: &[Field]) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (code, field) in (first..).zip(elements) {
        let digits = field.value.as_str();
        if is_diagnostic(digits) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            continue;
        }
        // Sixteen channels a code.
        let before = match (model, code) {
            ("spe543", 15..=22) => (code - 15) * 16,
            _ => 0,
        };
        for (channel, _) in (before + 1..).zip(digits.bytes()).filter(|(_, digit)| *digit != b'0') {
            let point = if digits.len() == 1 { 0 } else { channel };
            conditions.push(Condition {
                code: format!("{code:02}"),
                category: category(model, code).map(str::to_owned),
                effect: None::<Effect>,
                point: u8::try_from(point).unwrap_or(0),
                column: None,
                duration_s: None,
            });
        }
    }
    conditions
}

/// What a journal entry says: whether it began, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub began: Option<bool>,
    pub code: String,
}

/// `+40`, `-в1-03-03`, `Есть НС=к-044`, `Нет НС=к-044`. What has no such sign is kept as it is.
pub fn named(text: &str) -> Named {
    let text = text.trim();
    let signs = [("+", true), ("-", false), ("Есть", true), ("Нет", false)];
    let signed = signs
        .iter()
        .find_map(|(sign, began)| Some((text.strip_prefix(sign)?, *began)));
    let (rest, began) = match signed {
        Some((rest, began)) => (rest.trim(), Some(began)),
        None => (text, None),
    };
    let code = rest.strip_prefix("НС=").unwrap_or(rest).trim();
    Named {
        began,
        code: code.to_owned(),
    }
}

/// The channel of an identifier: `т1-РВМ` is of pipe 1, `к-044` of channel 44, `с-Тайм` of the whole meter.
pub fn channel(identifier: &str) -> u8 {
    let digits = identifier.trim().strip_prefix(['т', 'п', 'к', 'г']);
    let digits = digits.and_then(|rest| rest.split_once('-'));
    let digits = digits.map(|(digits, rest)| if digits.is_empty() { rest } else { digits });
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_digit_of_the_map_is_a_channel() {
        let field = |value: &str| Field {
            value: value.to_owned(),
            unit: String::new(),
            time: None,
        };
        let on_model = |model, first, values: &[&str]| {
            let fields: Vec<_> = values.iter().map(|value| field(value)).collect();
            let conditions = conditions(model, first, &fields);
            conditions
                .into_iter()
                .map(|condition| (condition.code, condition.point))
                .collect::<Vec<_>>()
        };
        let on = |first, values: &[&str]| on_model("spt961.1", first, values);
        assert_eq!(
            on(40, &["000000000000", "000000000000", "001000000001"]),
            [("42".into(), 3), ("42".into(), 12)]
        );
        assert_eq!(
            on_model("spe543", 14, &["1", "0000000000000010", "0000000000000001"]),
            [("14".into(), 0), ("15".into(), 15), ("16".into(), 32)]
        );
        assert_eq!(on(4, &["1", "0"]), [("04".into(), 0)]);
        assert_eq!(on(71, &["010000", "Нет данных?", ""]), [("71".into(), 2)]);
    }

    #[test]
    fn an_entry_says_what_began_or_ended() {
        let cases = [
            ("+40", Some(true), "40"),
            ("-в1-03-03", Some(false), "в1-03-03"),
            ("Есть НС=к-044", Some(true), "к-044"),
            ("Нет НС=к-044", Some(false), "к-044"),
            ("что-то", None, "что-то"),
            ("", None, ""),
        ];
        for (text, began, code) in cases {
            let want = Named {
                began,
                code: code.to_owned(),
            };
            assert_eq!(named(text), want, "{text:?}");
        }
        assert_eq!(
            ["т1-РВМ", "п2-У1", "к-044", "к-001-016", "с-Тайм", "т999-Т", ""].map(channel),
            [1, 2, 44, 0, 0, 0, 0]
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            named(&text);
            channel(&text);
        }
    }
}
