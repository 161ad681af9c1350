//! The keys of one table of a map's text: each is taken once, and what is left over is unknown.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::MapError;

/// A table whose keys are being taken.
pub struct Keys<'a> {
    table: &'a DeTable<'a>,
    text: &'a str,
    at: usize,
    taken: RefCell<Vec<&'static str>>,
}

type Checked<T> = Result<T, MapError>;
type Value<'a> = Spanned<DeValue<'a>>;

/// The number of the line in which a byte of the text is.
fn line(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or_default().matches('\n').count()
}

fn fault(text: &str, at: usize, what: String) -> MapError {
    MapError::Text {
        line: line(text, at),
        what,
    }
}

/// Reads the text and hands its keys to `read`.
pub fn parse<T>(text: &str, read: impl FnOnce(&Keys<'_>) -> Checked<T>) -> Checked<T> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        fault(text, at, error.message().lines().next().unwrap_or_default().to_owned())
    })?;
    let keys = Keys {
        table: table.get_ref(),
        text,
        at: 0,
        taken: RefCell::default(),
    };
    let read = read(&keys)?;
    keys.finish()?;
    Ok(read)
}

impl<'a> Keys<'a> {
    fn get(&self, key: &'static str) -> Option<&'a Value<'a>> {
        self.taken.borrow_mut().push(key);
        let mut pairs = self.table.iter();
        pairs
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    fn wrong(&self, key: &str, value: &Value<'_>, want: &str) -> MapError {
        let got = value.get_ref().type_str();
        fault(
            self.text,
            value.span().start,
            format!("{key} is a {got}, expected {want}"),
        )
    }

    /// Refuses a table with keys that nobody took.
    pub fn finish(&self) -> Checked<()> {
        let taken = self.taken.borrow();
        match self
            .table
            .iter()
            .find(|(name, _)| !taken.contains(&name.get_ref().as_ref()))
        {
            None => Ok(()),
            Some((name, _)) => {
                let what = format!("key `{}` is not known here", name.get_ref());
                Err(fault(self.text, name.span().start, what))
            }
        }
    }

    /// A key that must be there.
    pub fn need<T>(&self, key: &'static str, value: Option<T>) -> Checked<T> {
        value.ok_or_else(|| fault(self.text, self.at, format!("{key} is missing")))
    }

    pub fn text(&self, key: &'static str) -> Checked<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref() {
                DeValue::String(text) => Ok(Some(text.to_string())),
                _ => Err(self.wrong(key, value, "a text")),
            },
        }
    }

    /// One of a list of words.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Checked<Option<T>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                let at = self.get(key).map_or(self.at, |value| value.span().start);
                let what = format!("{key} is {text:?}, expected one of {}", known.join(", "));
                Err(fault(self.text, at, what))
            }
        }
    }

    fn integer(&self, key: &str, value: &Value<'_>) -> Checked<i64> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong(key, value, "a whole number"))
    }

    /// A whole number within the type's range.
    pub fn number<T: TryFrom<i64>>(&self, key: &'static str) -> Checked<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = self.integer(key, value)?;
        let small = T::try_from(number).ok();
        let wrong = || {
            fault(
                self.text,
                value.span().start,
                format!("{key} is {number}, which is out of range"),
            )
        };
        small.map(Some).ok_or_else(wrong)
    }

    /// A number with or without a fraction.
    pub fn float(&self, key: &'static str) -> Checked<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok();
                number.map(Some).ok_or_else(|| self.wrong(key, value, "a number"))
            }
            _ => self.integer(key, value).map(|number| Some(number as f64)),
        }
    }

    /// A list of whole numbers.
    pub fn numbers(&self, key: &'static str) -> Checked<Option<Vec<i64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let DeValue::Array(list) = value.get_ref() else {
            return Err(self.wrong(key, value, "a list of whole numbers"));
        };
        list.iter()
            .map(|number| self.integer(key, number))
            .collect::<Checked<_>>()
            .map(Some)
    }

    /// Whether a key holds a text, and no table or number.
    pub fn is_text(&self, key: &'static str) -> bool {
        self.get(key).is_some_and(|value| value.get_ref().is_str())
    }

    fn inner<T>(&self, key: &str, value: &'a Value<'a>, read: impl Fn(&Self) -> Checked<T>) -> Checked<T> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong(key, value, "a table"));
        };
        let keys = Self {
            table,
            text: self.text,
            at: value.span().start,
            taken: RefCell::default(),
        };
        let read = read(&keys)?;
        keys.finish()?;
        Ok(read)
    }

    /// A table.
    pub fn table<T>(&self, key: &'static str, read: impl Fn(&Self) -> Checked<T>) -> Checked<Option<T>> {
        self.get(key).map(|value| self.inner(key, value, read)).transpose()
    }

    /// A list of tables; none is an empty list.
    pub fn tables<T>(&self, key: &'static str, read: impl Fn(&Self) -> Checked<T>) -> Checked<Vec<T>> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(list) = value.get_ref() else {
            return Err(self.wrong(key, value, "a list of tables"));
        };
        list.iter().map(|value| self.inner(key, value, &read)).collect()
    }
}
