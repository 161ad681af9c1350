//! The text of a map as TOML has it (docs/modbus-maps.md). Nothing is checked here but names and types.

use serde::Deserialize;
use uzel_driver_sdk::Aggregate;

use crate::number::{Order, Type};

/// A map file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub version: u32,
    pub name: String,
    #[serde(default = "max_registers")]
    pub max_registers: u16,
    #[serde(default)]
    pub gap: u16,
    #[serde(default = "pause_ms")]
    pub pause_ms: u32,
    #[serde(default)]
    pub write: WriteFunction,
    #[serde(default)]
    pub identify: Vec<Entry>,
    pub serial: Option<Entry>,
    pub firmware: Option<Entry>,
    pub clock: Option<StampEntry>,
    #[serde(default)]
    pub value: Vec<Entry>,
    #[serde(default)]
    pub archive: Vec<ArchiveEntry>,
    #[serde(default)]
    pub setting: Vec<Entry>,
}

/// Three and a half characters at 9600 bits per second, and a little.
fn pause_ms() -> u32 {
    5
}

fn max_registers() -> u16 {
    120
}

/// Which function writes a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteFunction {
    /// 06.
    #[default]
    One,
    /// 16.
    Many,
}

/// Whether a value is asked for with the current ones or with the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    #[default]
    Current,
    Total,
}

/// Which end of the interval a record is labelled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    Start,
    End,
}

/// How a record is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Each has its registers.
    Registers,
    /// Its number is written to a register, then a window shows it.
    Select,
    /// Function 20.
    File,
}

/// What an archived or present number says of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AggregateWord {
    Instant,
    Mean,
    Sum,
    Minimum,
    Maximum,
    Total,
    Duration,
    State,
}

impl From<AggregateWord> for Aggregate {
    fn from(word: AggregateWord) -> Self {
        match word {
            AggregateWord::Instant => Self::Instant,
            AggregateWord::Mean => Self::Mean,
            AggregateWord::Sum => Self::Sum,
            AggregateWord::Minimum => Self::Minimum,
            AggregateWord::Maximum => Self::Maximum,
            AggregateWord::Total => Self::Total,
            AggregateWord::Duration => Self::Duration,
            AggregateWord::State => Self::State,
        }
    }
}

/// An address: `"h:0x10"`, or within a record a number of registers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Place {
    Offset(u16),
    Address(String),
}

/// A number of the device: a rule, a value, a field of a record, a setting.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub id: Option<String>,
    pub title: Option<String>,
    pub quantity: Option<String>,
    pub unit: Option<String>,
    pub pipe: Option<String>,
    #[serde(default)]
    pub point: u8,
    #[serde(default)]
    pub tariff: u8,
    #[serde(default)]
    pub class: Class,
    pub aggregate: Option<AggregateWord>,
    pub at: Option<Place>,
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub order: Order,
    pub length: Option<u16>,
    #[serde(default)]
    pub bit: u8,
    #[serde(default)]
    pub decimals: u8,
    pub multiply: Option<i64>,
    pub decimals_at: Option<Place>,
    pub power_at: Option<Place>,
    #[serde(default)]
    pub power_add: i16,
    #[serde(default)]
    pub absent: Vec<i64>,
    pub is: Option<Vec<i64>>,
    pub text: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub min_at: Option<Place>,
    pub max_at: Option<Place>,
}

/// A date and time of the device.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampEntry {
    pub at: Place,
    #[serde(rename = "as")]
    pub layout: String,
    #[serde(default)]
    pub order: Order,
}

/// A stamp in the record, or the word `"clock"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum StampPlace {
    Word(String),
    Entry(StampEntry),
}

/// An archive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveEntry {
    pub kind: String,
    pub depth: u32,
    pub label: Label,
    pub access: Access,
    pub at: Option<Place>,
    pub stride: Option<u16>,
    pub length: u16,
    pub file: Option<u16>,
    #[serde(default)]
    pub first: u16,
    pub newest: Option<Entry>,
    pub count: Option<Entry>,
    pub select: Option<Place>,
    pub echo: Option<u16>,
    pub stamp: Option<StampPlace>,
    #[serde(default)]
    pub field: Vec<Entry>,
}
