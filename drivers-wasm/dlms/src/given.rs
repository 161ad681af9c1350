//! The configuration as it comes: pairs of a key and a plain value, read without a type for each key. A derived reader of so
//! many keys would be a tenth of the component.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use uzel_driver_sdk::Failure;

/// What a key may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plain {
    Number(i64),
    Text(String),
    /// As good as missing.
    Nothing,
    Other,
}

/// All keys that were given.
#[derive(Debug)]
pub struct Given(Vec<(String, Plain)>);

struct PlainVisitor;

impl Visitor<'_> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number or a text")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Plain, E> {
        Ok(i64::try_from(number).map_or(Plain::Other, Plain::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain::Other)
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain::Nothing)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Given(pairs))
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(GivenVisitor)
    }
}

impl Given {
    /// Reads the JSON object; every key has to be one of `known`.
    pub fn parse(json: &str, known: &[&str]) -> Result<Self, Failure> {
        let given: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        match given.0.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => Err(Failure::Config(format!("key {key} is not known"))),
            None => Ok(given),
        }
    }

    fn find(&self, key: &str) -> Option<&Plain> {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.map(|(_, plain)| plain).filter(|plain| **plain != Plain::Nothing)
    }

    /// A whole number within bounds; none where the key is missing.
    pub fn number(&self, key: &str, least: i64, most: i64) -> Result<Option<i64>, Failure> {
        match self.find(key) {
            None => Ok(None),
            Some(Plain::Number(number)) if (least..=most).contains(number) => Ok(Some(*number)),
            Some(Plain::Number(number)) => Err(Failure::Config(format!(
                "{key} is {number}, expected {least} to {most}"
            ))),
            Some(_) => Err(Failure::Config(format!("{key} is no whole number"))),
        }
    }

    /// A text; empty where the key is missing.
    pub fn text(&self, key: &str) -> Result<&str, Failure> {
        match self.find(key) {
            None => Ok(""),
            Some(Plain::Text(text)) => Ok(text),
            Some(_) => Err(Failure::Config(format!("{key} is no text"))),
        }
    }

    /// One of the words; the first where the key is missing.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)], first: T) -> Result<T, Failure> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(first);
        }
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, choice)| *choice)
            .ok_or_else(|| Failure::Config(format!("{key} is {text:?}, which is no choice")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_null_is_missing_and_what_is_neither_is_named() {
        let given = Given::parse(r#"{"a": null, "b": 7, "c": "x", "d": true}"#, &["a", "b", "c", "d"]).unwrap();
        assert_eq!(given.number("a", 0, 9), Ok(None));
        assert_eq!(given.number("b", 0, 9), Ok(Some(7)));
        assert_eq!(given.text("c"), Ok("x"));
        assert!(given.text("d").is_err() && given.number("c", 0, 9).is_err());
        assert_eq!(given.choice("c", &[("x", 1)], 0), Ok(1));
        assert!(Given::parse(r#"{"a": [1]}"#, &["a"]).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Given::parse(&text, &["a"]);
        }
    }
}
