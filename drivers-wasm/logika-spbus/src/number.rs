//! Values of the protocol are text: a number with a point, a diagnostic that ends with `?`, or something else.

use uzel_driver_sdk::{Fixed, Quality, Value};

/// The contract's bounds: decimals of a fixed number, bytes of a text and of a code.
const DECIMALS_MAX: i32 = 15;
const TEXT_MAX: usize = 256;
const CODE_MAX: usize = 32;

/// A value with what is to be said of it when it is not simply good.
#[derive(Debug, Clone)]
pub struct Cell {
    pub value: Value,
    /// The quality and the meter's own word for it.
    pub mark: Option<(Quality, Option<String>)>,
}

impl Cell {
    /// A cell of which the meter said nothing.
    pub fn absent(code: Option<&str>) -> Self {
        Self {
            value: Value::Absent,
            mark: Some((Quality::Absent, code.map(|code| cut(code, CODE_MAX)))),
        }
    }
}

/// Whether the meter says why it has no value: `Нет данных?`, `Дата/время?`.
pub fn is_diagnostic(text: &str) -> bool {
    text.trim_end().ends_with('?')
}

/// Reads a value field. A star means that an abnormal situation was on while the value was archived (SPbus note, section
/// 3.3). Digits leave as they came.
pub fn cell(text: &str) -> Cell {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Cell::absent(None);
    }
    let unsigned = trimmed.trim_start_matches(['+', '-']);
    let is_finite = !["nan", "inf"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    if is_diagnostic(trimmed) || !is_finite {
        return Cell::absent(Some(trimmed));
    }
    let plain = trimmed.trim_matches('*').trim();
    let is_starred = plain.len() < trimmed.len();
    let value = number(plain).unwrap_or_else(|| Value::Text(cut(trimmed, TEXT_MAX)));
    Cell {
        value,
        mark: is_starred.then(|| (Quality::Doubtful, Some("*".to_owned()))),
    }
}

/// A field that is text whatever stands in it.
pub fn text_cell(text: &str) -> Cell {
    let trimmed = text.trim();
    if trimmed.is_empty() || is_diagnostic(trimmed) {
        return Cell::absent(Some(trimmed).filter(|text| !text.is_empty()));
    }
    Cell {
        value: Value::Text(cut(trimmed, TEXT_MAX)),
        mark: None,
    }
}

/// `12.5`, `-0.03`, `1.2E+03`; none for anything else, and for more digits or decimals than the contract has.
fn number(text: &str) -> Option<Value> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once(['.', ',']).unwrap_or((unsigned, ""));
    let all_digits = [whole, fraction]
        .iter()
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !all_digits || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    fixed(mantissa.starts_with('-'), whole, fraction, exponent)
}

fn fixed(negative: bool, whole: &str, fraction: &str, exponent: i32) -> Option<Value> {
    let magnitude: i64 = format!("0{whole}{fraction}").parse().ok()?;
    let decimals = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let (magnitude, decimals) = match decimals {
        ..0 => {
            let zeros = 10i64.checked_pow(decimals.unsigned_abs())?;
            (magnitude.checked_mul(zeros)?, 0)
        }
        0..=DECIMALS_MAX => (magnitude, u8::try_from(decimals).ok()?),
        _ => return None,
    };
    let digits = if negative { -magnitude } else { magnitude };
    Some(Value::Fixed(Fixed { digits, decimals }))
}

/// At most so many bytes of a text, whole characters.
pub fn cut(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let cell = cell(text);
        format!("{:?} {:?}", cell.value, cell.mark)
    }

    #[test]
    fn values_read_as_they_are_written() {
        let fixed = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
        let cases: &[(&str, Value)] = &[
            ("20", fixed(20, 0)),
            ("2.874", fixed(2874, 3)),
            (" -0.030", fixed(-30, 3)),
            (".5", fixed(5, 1)),
            ("1,5", fixed(15, 1)),
            ("1.25E+03", fixed(1250, 0)),
            ("1.25e-02", fixed(125, 4)),
            ("123456789012345678901", Value::Text("123456789012345678901".to_owned())),
            ("1e-20", Value::Text("1e-20".to_owned())),
            ("1.2.3", Value::Text("1.2.3".to_owned())),
            ("11:30:40", Value::Text("11:30:40".to_owned())),
            ("-", Value::Text("-".to_owned())),
            ("1e400", Value::Text("1e400".to_owned())),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), format!("{want:?} None"), "{text:?}");
        }
        assert_eq!(
            shown("12.5*"),
            format!("{:?} Some((Quality::Doubtful, Some(\"*\")))", fixed(125, 1))
        );
        assert_eq!(
            shown("Нет данных?"),
            "Value::Absent Some((Quality::Absent, Some(\"Нет данных?\")))"
        );
        for text in ["", " ", "NaN", "-inf"] {
            assert!(matches!(cell(text).value, Value::Absent), "{text:?}");
        }
        assert!(matches!(text_cell("32").value, Value::Text(text) if text == "32"));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("Нет", 3), "Н");
        assert_eq!(cut("Нет", 6), "Нет");
        assert_eq!(cut("Нет", 60), "Нет");
    }

    proptest! {
        #[test]
        fn digits_stay(digits in -1_000_000_000i64..1_000_000_000, decimals in 0u8..9) {
            let sign = if digits < 0 { "-" } else { "" };
            let all = format!("{:0width$}", digits.abs(), width = usize::from(decimals) + 1);
            let (whole, fraction) = all.split_at(all.len() - usize::from(decimals));
            let text = format!("{sign}{whole}.{fraction}");
            let is_same = matches!(
                cell(&text).value,
                Value::Fixed(fixed) if (fixed.digits, fixed.decimals) == (digits, decimals)
            );
            prop_assert!(is_same, "{}", text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[-+0-9.,eE*? ]{0,30}") {
            cell(&text);
            text_cell(&text);
        }
    }
}
