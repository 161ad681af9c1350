//! What a driver says of itself: the JSON of `describe()`, after `wit/v1/describe.schema.json`.

use serde::{Deserialize, Serialize};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    /// The driver's name for ever.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// Who makes it.
    pub vendor: String,
    /// For people.
    pub title: Text,
    /// The protocol's name.
    #[serde(default)]
    pub protocol: Option<Text>,
    /// Line defaults.
    pub line: Line,
    /// Keys of the configuration.
    #[serde(default)]
    pub config: Vec<ConfigKey>,
    /// Models, told apart by identification.
    pub models: Vec<Model>,
    /// Abnormal situations by the meter's own code.
    #[serde(default)]
    pub conditions: Vec<ConditionText>,
}

/// Line defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// `serial`, `tcp`, `udp`, `modem`.
    pub media: Vec<String>,
    /// Bits per second.
    pub baud: u32,
    /// Other speeds that occur.
    #[serde(default)]
    pub baud_choices: Vec<u32>,
    /// 5 to 8.
    pub data_bits: u8,
    /// `none`, `odd`, `even`, `mark`, `space`.
    pub parity: String,
    /// 1 or 2.
    pub stop_bits: u8,
}

/// Type of a configuration value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigType {
    /// A whole number.
    Integer,
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A list of whole numbers.
    Integers,
}

/// One key of the configuration that `identify` gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigKey {
    /// Its name.
    pub key: String,
    /// Type of its value.
    #[serde(rename = "type")]
    pub kind: ConfigType,
    /// Least value, or length of text.
    #[serde(default)]
    pub min: Option<i64>,
    /// Greatest value, or length of text.
    #[serde(default)]
    pub max: Option<i64>,
    /// The texts that may stand.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Filled in where the key is missing.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// Whether it is masked wherever it is shown.
    #[serde(default)]
    pub secret: bool,
    /// For people.
    pub title: Text,
    /// For people: what to enter.
    #[serde(default)]
    pub hint: Option<Text>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What identification answers.
    pub id: String,
    /// The maker.
    pub maker: Text,
    /// Spellings, the official one first.
    pub names: Vec<String>,
    /// `heat`, `cold-water`, …
    pub resources: Vec<String>,
    /// How its clock relates to the zone.
    #[serde(default)]
    pub clock_rule: ClockRuleWord,
    /// Its archives.
    pub archives: Vec<Archive>,
    /// How well each capability is known.
    pub evidence: std::collections::BTreeMap<String, String>,
    /// For people.
    #[serde(default)]
    pub notes: Option<Text>,
}

/// How a model's clock relates to the zone of its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockRuleWord {
    /// Standard time all year.
    #[default]
    Standard,
    /// Follows summer time by itself.
    Zone,
}

/// One archive of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// `hourly`, `daily`, …
    pub kind: String,
    /// Records in the ring.
    pub depth: u32,
    /// `interval-start` or `interval-end`.
    pub label: String,
}

/// What an abnormal situation's code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionText {
    /// The meter's own code.
    pub code: String,
    /// Only of these models; empty: of all.
    #[serde(default)]
    pub models: Vec<String>,
    /// From the vocabulary.
    #[serde(default)]
    pub category: Option<String>,
    /// What it does to the counting.
    #[serde(default)]
    pub effect: Option<String>,
    /// For people.
    pub title: Text,
}
