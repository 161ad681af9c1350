//! The component by itself: that it is one, what it asks for, what it says of itself.

use serde_json::Value;

use super::Subject;
use super::report::{Check, Verdict};
use crate::driver::describe::Text;
use crate::driver::{Describe, Driver, LoadError, Runtime};

/// What `describe()` has to follow.
const SCHEMA: &str = include_str!("../../../wit/v1/describe.schema.json");

/// The driver, when it is one. What was found is added to `checks`.
pub(super) fn check(runtime: &Runtime, subject: &Subject<'_>, checks: &mut Vec<Check>) -> Option<Driver> {
    let mut add = |check: &str, fault: Option<String>, seen: String| {
        checks.push(Check {
            check: check.to_owned(),
            recording: None,
            verdict: if fault.is_some() { Verdict::Failed } else { Verdict::Ok },
            text: fault.unwrap_or(seen),
        });
    };
    let loaded = Driver::load(runtime, subject.component, subject.file);
    let driver = match loaded {
        Ok(driver) => driver,
        Err(error) => {
            let check = match error {
                LoadError::Import { .. } => "no-wasi",
                LoadError::DescribeCall { .. } | LoadError::Describe { .. } => "describe",
                _ => "component",
            };
            add(check, Some(error.to_string()), String::new());
            return None;
        }
    };
    let interfaces = driver.interfaces().join(", ");
    add(
        "component",
        None,
        format!("{} bytes, exports {interfaces}", driver.size_bytes),
    );
    add("no-wasi", None, "imports nothing but uzel:driver".to_owned());
    let models = driver.describe.models.len();
    add(
        "describe",
        schema(&driver.described),
        format!("follows the schema, {models} models"),
    );
    let texts = texts(&driver.describe);
    let count = texts.len();
    add(
        "texts",
        texts.into_iter().find_map(|(place, text)| bilingual(&place, text)),
        format!("{count} texts in Russian and English"),
    );
    Some(driver)
}

/// The first thing that the schema does not allow.
fn schema(text: &str) -> Option<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let judge = || Ok(super::schema::fault(&parse(SCHEMA)?, &parse(text)?));
    judge().unwrap_or_else(Some)
}

/// Every text for people and where it stands.
fn texts(describe: &Describe) -> Vec<(String, &Text)> {
    let mut texts = vec![("title".to_owned(), &describe.title)];
    texts.extend(describe.protocol.iter().map(|text| ("protocol".to_owned(), text)));
    for key in &describe.config {
        texts.push((format!("title of key {}", key.key), &key.title));
        texts.extend(key.hint.iter().map(|text| (format!("hint of key {}", key.key), text)));
    }
    for model in &describe.models {
        texts.push((format!("maker of model {}", model.id), &model.maker));
        texts.extend(
            model
                .notes
                .iter()
                .map(|text| (format!("notes of model {}", model.id), text)),
        );
    }
    for condition in &describe.conditions {
        texts.push((format!("title of condition {}", condition.code), &condition.title));
    }
    texts
}

/// What is missing of a text. A name may be the same in both languages; a sentence may not.
fn bilingual(place: &str, text: &Text) -> Option<String> {
    let cyrillic = |text: &str| text.chars().any(|c| ('\u{400}'..='\u{4ff}').contains(&c));
    for (language, words) in [("ru", &text.ru), ("en", &text.en)] {
        if words.trim().is_empty() {
            return Some(format!("{place}: no text in {language}"));
        }
    }
    let is_sentence = text.ru.split_whitespace().count() > 3;
    (is_sentence && (text.ru == text.en || !cyrillic(&text.ru)))
        .then(|| format!("{place}: {:?} is not Russian, expected both languages", text.ru))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_needs_both_languages() {
        let judge = |ru: &str, en: &str| {
            let (ru, en) = (ru.to_owned(), en.to_owned());
            bilingual("title", &Text { ru, en })
        };
        assert_eq!(judge("M-Bus", "M-Bus"), None);
        assert_eq!(judge("Адрес прибора на линии", "Address on the line"), None);
        assert_eq!(judge("Адрес", " ").unwrap(), "title: no text in en");
        let same = "The address on the line";
        assert!(
            judge(same, same)
                .unwrap()
                .ends_with("is not Russian, expected both languages")
        );
    }
}
