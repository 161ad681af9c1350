//! Judges documents that others wrote, whatever they are about.

use serde_json::Value;

/// A text in `value` that would do more than stand there when a log or a terminal shows it: one with control characters.
pub fn unprintable(value: &Value) -> Option<&str> {
    let judge = |text| Some(text).filter(|text: &&str| text.contains(char::is_control));
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
    fn control_characters_are_found_in_every_text() {
        for (value, want) in [
            (json!({"a": ["Котёл", {"b": 1}]}), None),
            (json!({"a": ["plain", {"b": "bell\u{7}"}]}), Some("bell\u{7}")),
            (json!({"two\nlines": null}), Some("two\nlines")),
        ] {
            assert_eq!(unprintable(&value), want, "{value}");
        }
    }
}
