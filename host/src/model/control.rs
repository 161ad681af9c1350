//! Changing a device on somebody's order, in two steps: it is looked at and shown, then confirmed and written.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::archive::UnknownWord;
use super::event::Setting;
use super::record::{Value, fixed_text};

/// Key of an order to change a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ControlId(pub i64);

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// One setting gets a value.
    Setting {
        /// Its stable name.
        id: String,
        /// As a person writes it: `21.5`.
        value: String,
    },
    /// A command of the driver's own, such as `curve`.
    Command {
        /// Its name.
        name: String,
        /// What is a decimal number is given as one, everything else as text.
        arguments: BTreeMap<String, String>,
    },
}

/// What a device holds, in words: what is shown to a person and compared later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Stable name of the setting.
    pub id: String,
    /// For people.
    pub title: String,
    /// The meter's unit.
    pub unit: Option<String>,
    /// With the decimals that the device has.
    pub value: String,
}

impl From<&Setting> for Held {
    fn from(setting: &Setting) -> Self {
        Self {
            id: setting.id.clone(),
            title: setting.title.clone(),
            unit: setting.unit.clone(),
            value: value_text(&setting.value),
        }
    }
}

/// Which of the two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The device is looked at; nothing is written.
    Look,
    /// The change is written, if the device still holds what was shown.
    Write {
        /// What was shown.
        shown: Vec<Held>,
    },
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What is to be changed.
    pub change: Change,
    /// Which step.
    pub stage: Stage,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// How the order stands.
    pub state: ControlState,
    /// What the device held of what the order touches.
    pub before: Vec<Held>,
    /// What it held afterwards; empty: it was not written or not read again.
    pub after: Vec<Held>,
    /// When the write was begun; none: nothing was written.
    pub written_at: Option<Timestamp>,
    /// In words.
    pub text: String,
}

macro_rules! states {
    ($($(#[$doc:meta])* $member:ident = $word:literal,)+) => {
        /// How an order stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ControlState { $($(#[$doc])* $member,)+ }

        impl ControlState {
            /// Every state.
            pub const ALL: &[Self] = &[$(Self::$member,)+];

            /// The word that store, API and screen use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$member => $word,)+ }
            }
        }
    };
}

states! {
    /// The device is still to be looked at.
    Asked = "asked",
    /// What it holds is shown, and waits to be confirmed.
    Shown = "shown",
    /// Confirmed, and still to be written.
    Confirmed = "confirmed",
    /// Written, and read back as wanted.
    Done = "done",
    /// Not done for a reason: the device holds what it held.
    Refused = "refused",
    /// The device was not reached or did not speak: nothing was written.
    Failed = "failed",
    /// Written, and read back otherwise than wanted: somebody must look.
    Differs = "differs",
    /// It may be written or not: the session ended in between.
    Unknown = "unknown",
}

impl std::str::FromStr for ControlState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.iter().copied().find(|state| state.word() == word);
        found.ok_or_else(|| UnknownWord {
            what: "state of an order",
            got: word.to_owned(),
            expected: "one of the list in model/control.rs",
        })
    }
}

/// A value in words that say it whole, so that two are equal when their words are.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Absent => "—".to_owned(),
        Value::Fixed { digits, decimals } => fixed_text(*digits, *decimals),
        Value::Float(float) => float.to_string(),
        Value::Bits(bits) => format!("{bits:#x}"),
        Value::Text(text) => text.clone(),
    }
}

/// What a person wrote as a value of the kind, and with the decimals, that the device has now.
///
/// # Errors
/// What was expected instead.
pub fn value_like(present: &Value, text: &str) -> Result<Value, String> {
    let text = text.trim();
    match present {
        Value::Fixed { decimals, .. } => {
            let digits = decimal(text).and_then(|(digits, given)| scaled(digits, given, *decimals));
            let digits = digits.ok_or_else(|| format!("{text:?} is no number with {decimals} decimals"))?;
            let decimals = *decimals;
            Ok(Value::Fixed { digits, decimals })
        }
        Value::Float(_) => {
            let float = text
                .replace(',', ".")
                .parse()
                .ok()
                .filter(|float: &f64| float.is_finite());
            float.map(Value::Float).ok_or_else(|| format!("{text:?} is no number"))
        }
        Value::Bits(_) => {
            let bits = match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => text.parse(),
            };
            let expected = |_| format!("{text:?} is no set of flags, expected a number such as 5 or 0x5");
            bits.map(Value::Bits).map_err(expected)
        }
        Value::Text(_) => Ok(Value::Text(text.to_owned())),
        Value::Absent => Err("the device says that it has no value there".to_owned()),
    }
}

/// An argument of a command: a decimal number is one, everything else text.
pub fn argument(text: &str) -> Value {
    match decimal(text) {
        Some((digits, decimals)) => Value::Fixed { digits, decimals },
        None => Value::Text(text.to_owned()),
    }
}

/// `-21.50` or `-21,50` is -2150 with 2 decimals. At most 15 decimals.
fn decimal(text: &str) -> Option<(i64, u8)> {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.is_empty() == number.contains(['.', ',']) {
        return None;
    }
    let decimals = u8::try_from(part.len()).ok().filter(|decimals| *decimals <= 15)?;
    Some((format!("{sign}{whole}{part}").parse().ok()?, decimals))
}

/// Digits with other decimals, if that loses nothing.
fn scaled(digits: i64, given: u8, wanted: u8) -> Option<i64> {
    let power = 10i64.checked_pow(u32::from(given.abs_diff(wanted)))?;
    if wanted >= given {
        digits.checked_mul(power)
    } else {
        (digits % power == 0).then_some(digits / power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_as_the_device_has_it_or_not_at_all() {
        let fixed = |digits, decimals| Value::Fixed { digits, decimals };
        let cases = [
            (fixed(200, 1), "21", Ok("21.0")),
            (fixed(200, 1), "21,50", Ok("21.5")),
            (fixed(200, 1), "-0.5", Ok("-0.5")),
            (fixed(200, 1), "21.05", Err("\"21.05\" is no number with 1 decimals")),
            (fixed(4, 0), "4.0", Ok("4")),
            (fixed(4, 0), "1e3", Err("\"1e3\" is no number with 0 decimals")),
            (fixed(4, 0), "4.", Err("\"4.\" is no number with 0 decimals")),
            (fixed(4, 0), "", Err("\"\" is no number with 0 decimals")),
            (
                fixed(4, 9),
                "9999999999999",
                Err("\"9999999999999\" is no number with 9 decimals"),
            ),
            (Value::Float(1.5), "2,25", Ok("2.25")),
            (Value::Float(1.5), "inf", Err("\"inf\" is no number")),
            (Value::Bits(1), "0x1f", Ok("0x1f")),
            (Value::Text("a".to_owned()), " b ", Ok("b")),
            (Value::Absent, "1", Err("the device says that it has no value there")),
        ];
        for (present, text, want) in cases {
            let got = value_like(&present, text).map(|value| value_text(&value));
            assert_eq!(got.as_deref().map_err(String::as_str), want, "{present:?} {text}");
        }
        assert_eq!(argument("-1.50"), fixed(-150, 2));
        assert_eq!(argument("1.5.0"), Value::Text("1.5.0".to_owned()));
    }

    #[test]
    fn words_come_back() {
        for state in ControlState::ALL {
            assert_eq!(state.word().parse(), Ok(*state));
        }
    }
}
