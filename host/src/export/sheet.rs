//! A table before it is a file.

use std::borrow::Cow;
use std::str::FromStr;

use jiff::civil::DateTime;

/// In which language heads are, and how numbers look in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Russian: a comma before decimals, semicolons between cells.
    Ru,
    /// English: a point before decimals, commas between cells.
    En,
}

/// A table with one head.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What it is of.
    pub title: String,
    /// What is said of it: name and text.
    pub facts: Vec<(String, String)>,
    /// Its columns.
    pub heads: Vec<Head>,
    /// Its rows, each with one cell per column.
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What it is called.
    pub name: String,
    /// Its unit; empty for none.
    pub unit: String,
    /// Digits behind the decimal mark; none: as many as the number has.
    pub decimals: Option<u8>,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: no number is not 0.
    Empty,
    /// A number.
    Number(f64),
    /// Words.
    Text(String),
    /// Time of the site.
    Time(DateTime),
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "ru" => Ok(Self::Ru),
            "en" => Ok(Self::En),
            other => Err(format!("{other:?}, expected ru or en")),
        }
    }
}

impl Head {
    /// A column of words or times.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: String::new(),
            decimals: None,
        }
    }
}

/// Text that a spreadsheet takes for text: what a meter, a driver or a person wrote must not become a formula there.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}
