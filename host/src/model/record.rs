//! What a device gives: columns, cells, records.

use std::sync::Arc;

use jiff::Timestamp;

use super::archive::{RecordKind, UnknownWord};
use super::time::Civil;

/// How a column's values relate to the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// At one moment.
    Instant,
    /// Mean over the interval.
    Mean,
    /// Amount over the interval.
    Sum,
    /// The least over the interval.
    Minimum,
    /// The most over the interval.
    Maximum,
    /// Running total since the meter was started or reset.
    Total,
    /// Time within the interval during which something held.
    Duration,
    /// A code or flags.
    State,
}

/// One column of an archive. Shape and codes as `column` of `wit/v1/driver.wit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// The maker's own name.
    pub id: String,
    /// From the vocabulary.
    pub quantity: String,
    /// The unit in which the meter keeps it; empty for none.
    pub unit: String,
    /// Heat input, from 1; 0 is the device as a whole.
    pub point: u8,
    /// Tariff zone, from 1; 0 is all together.
    pub tariff: u8,
    /// From the vocabulary.
    pub pipe: Option<String>,
    /// How the values relate to the interval.
    pub aggregate: Aggregate,
    /// Decimals that the meter shows.
    pub decimals: Option<u8>,
}

/// A value as the meter keeps it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The meter has no number here.
    Absent,
    /// `digits` × 10^-`decimals`.
    Fixed {
        /// The meter's integer.
        digits: i64,
        /// 0 to 15.
        decimals: u8,
    },
    /// The meter's own float, finite.
    Float(f64),
    /// Flags, least significant bit first.
    Bits(u64),
    /// Text without control characters.
    Text(String),
}

/// How good a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Measured.
    Good,
    /// Measured, doubtful by the meter's own word.
    Doubtful,
    /// A constant or a calculated value stands in for the measurement.
    Substituted,
    /// There is none.
    Absent,
}

/// What an abnormal situation does to the counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Counting went on.
    Counted,
    /// Counting stopped.
    Stopped,
    /// A constant was used.
    ConstantUsed,
    /// Nothing: it is said for information.
    Information,
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What it is.
    pub value: Value,
    /// How good it is.
    pub quality: Quality,
    /// The meter's own word for why it is not good.
    pub code: Option<String>,
}

/// An abnormal situation (НС) that the meter recorded for an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The meter's own code.
    pub code: String,
    /// From the vocabulary; none when undocumented.
    pub category: Option<String>,
    /// None when undocumented.
    pub effect: Option<Effect>,
    /// Heat input; 0 is the device as a whole.
    pub point: u8,
    /// Index of the one column it belongs to.
    pub column: Option<u16>,
    /// How long it held, seconds.
    pub duration_s: Option<u32>,
}

/// One interval (or moment) of a device, decoded and placed in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which archive, or current values, or totals.
    pub kind: RecordKind,
    /// Start of the interval; of a moment the moment.
    pub starts_at: Timestamp,
    /// End of the interval; of a moment the moment.
    pub ends_at: Timestamp,
    /// The device's own label, verbatim; none when it has no clock.
    pub label: Option<Civil>,
    /// Real length of the interval where the meter gives it, seconds.
    pub length_s: Option<u32>,
    /// One per column, in the columns' order.
    pub cells: Vec<Cell>,
    /// Abnormal situations of the interval.
    pub conditions: Vec<Condition>,
}

/// Records under one declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Of what.
    pub kind: RecordKind,
    /// As declared.
    pub columns: Arc<[Column]>,
    /// In the order given.
    pub records: Vec<Record>,
}

impl Table {
    /// Records with their columns.
    pub fn rows(&self) -> impl Iterator<Item = (&[Column], &Record)> {
        self.records.iter().map(|record| (&*self.columns, record))
    }
}

impl Value {
    /// The number as a double: what the store keeps. A fixed number of up to 15 digits comes back exactly with its
    /// decimals. None for flags, text and absence.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Fixed { digits, decimals } => Some(fixed_to_f64(*digits, *decimals)),
            Self::Float(float) => Some(*float),
            Self::Absent | Self::Bits(_) | Self::Text(_) => None,
        }
    }
}

/// The double nearest to `digits` × 10^-`decimals`: an exact integer divided once by an exact power of ten.
#[allow(
    clippy::cast_precision_loss,
    reason = "up to 15 digits a double is exact; beyond, the nearest is meant"
)]
pub fn fixed_to_f64(digits: i64, decimals: u8) -> f64 {
    digits as f64 / 10f64.powi(i32::from(decimals))
}

/// 4217 with 2 decimals is `42.17`.
pub fn fixed_text(digits: i64, decimals: u8) -> String {
    let places = usize::from(decimals);
    let sign = if digits < 0 { "-" } else { "" };
    let plain = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
    let (whole, part) = plain.split_at(plain.len() - places);
    if places == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

macro_rules! words {
    ($type:ident, $what:literal, $expected:literal, $($member:ident = $word:literal),+) => {
        impl $type {
            /// The word that store, API and screen use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$member => $word),+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$member),)+
                    _ => Err(UnknownWord { what: $what, got: word.to_owned(), expected: $expected }),
                }
            }
        }
    };
}

words!(
    Aggregate,
    "aggregate",
    "instant, mean, sum, minimum, maximum, total, duration or state",
    Instant = "instant",
    Mean = "mean",
    Sum = "sum",
    Minimum = "minimum",
    Maximum = "maximum",
    Total = "total",
    Duration = "duration",
    State = "state"
);
words!(
    Quality,
    "quality",
    "good, doubtful, substituted or absent",
    Good = "good",
    Doubtful = "doubtful",
    Substituted = "substituted",
    Absent = "absent"
);
words!(
    Effect,
    "effect",
    "counted, stopped, constant-used or information",
    Counted = "counted",
    Stopped = "stopped",
    ConstantUsed = "constant-used",
    Information = "information"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fifteen_digits_come_back_exactly(digits in -999_999_999_999_999i64..=999_999_999_999_999, decimals in 0u8..=15) {
            let shown = format!("{:.*}", usize::from(decimals), fixed_to_f64(digits, decimals));
            let back: String = shown.chars().filter(|c| *c != '.').collect();
            let want = if digits == 0 { 0 } else { digits };
            prop_assert_eq!(back.parse::<i64>().unwrap(), want, "{} with {} decimals", digits, decimals);
        }
    }
}
