//! Judges texts and documents that others wrote, whatever they are about.

use serde_json::Value;

/// Whether a character does more than stand there when a log or a terminal shows it: control characters, those that
/// turn the direction of writing, those that nobody sees (Unicode 15, section 23: special areas and format characters).
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as it may be shown, in one line: what is active stands there by its number, as `\u{1b}`.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text in `value` that would do more than stand there when a log or a terminal shows it.
pub fn unprintable(value: &Value) -> Option<&str> {
    let judge = |text| Some(text).filter(|text: &&str| text.contains(is_active));
    match value {
        Value::String(text) => judge(text.as_str()),
        Value::Array(items) => items.iter().find_map(unprintable),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, value)| judge(key.as_str()).or_else(|| unprintable(value))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_more_than_stand_there_is_found_in_every_text() {
        for (value, want) in [
            (json!({"a": ["Котёл", {"b": 1}]}), None),
            (json!({"a": ["plain", {"b": "bell\u{7}"}]}), Some("bell\u{7}")),
            (json!({"two\nlines": null}), Some("two\nlines")),
            (json!(["Gcal \u{202e}lacG"]), Some("Gcal \u{202e}lacG")),
        ] {
            assert_eq!(unprintable(&value), want, "{value}");
        }
    }

    #[test]
    fn what_is_shown_stays_in_its_line_and_is_seen() {
        assert_eq!(shown("СПТ943, 45 °C"), "СПТ943, 45 °C");
        assert_eq!(
            shown("a\n\u{1b}[31m\u{202e}\u{2028}\u{200b}"),
            "a\\n\\u{1b}[31m\\u{202e}\\u{2028}\\u{200b}"
        );
    }
}
