//! Numbers as meters write them.

use uzel_driver_sdk::{Fixed, Value};

/// A whole number of at most `max`; digits only.
pub fn whole(text: &str, max: u32) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_digits && *number <= max)
}

/// The digits of a number and their decimals; none for what is no number.
pub fn fixed(text: &str) -> Option<Fixed> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    Some(Fixed {
        digits: format!("{sign}{whole}{part}").parse().ok()?,
        decimals: u8::try_from(part.len()).ok().filter(|decimals| *decimals <= 15)?,
    })
}

/// A value of a register: empty or dashes are none, what is no number stays text.
pub fn value(text: &str) -> Value {
    if text.trim_matches('-').trim_ascii().is_empty() {
        return Value::Absent;
    }
    match fixed(text) {
        Some(number) => Value::Fixed(number),
        None => Value::Text(text.chars().take(250).collect()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_leave_as_they_came() {
        let told = |text| fixed(text).map(|number| (number.digits, number.decimals));
        let cases = [
            ("00052185.7825309", Some((521_857_825_309, 7))),
            ("-120.1", Some((-1_201, 1))),
            ("000*", None),
            ("", None),
            (".", None),
            (".5", Some((5, 1))),
            ("1.", Some((1, 0))),
            ("99999999999999999999", None),
            ("0.0000000000000001", None),
        ];
        for (text, want) in cases {
            assert_eq!(told(text), want, "{text:?}");
        }
        assert_eq!([value("-----"), value("")], [Value::Absent, Value::Absent]);
        assert_eq!(value("ABC"), Value::Text("ABC".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[-+.0-9]{0,30}") {
            value(&text);
        }
    }
}
