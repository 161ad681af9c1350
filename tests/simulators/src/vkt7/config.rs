//! What is set in one ВКТ-7: identity, measured elements, digits, archive window.

use std::time::Duration;

/// Elements of ТВ1 as a captured device lists them: two pipes with pressures.
pub const ONE_INPUT: [u8; 17] = [0, 1, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 77];

/// The same for both inputs, in the order of the table.
pub const TWO_INPUTS: [u8; 34] = [
    0, 1, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 33, 34, 35, 36, 39, 40,
    41, 42, 77, 78,
];

/// Counts of decimals; index 0 is ТВ1, 1 is ТВ2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    pub temperature: u8,
    pub pressure: u8,
    pub volume: [u8; 2],
    pub mass: [u8; 2],
    pub heat: [u8; 2],
}

impl Default for Digits {
    /// As four captured devices are set: ТВ1 finer than ТВ2.
    fn default() -> Self {
        Self {
            temperature: 2,
            pressure: 2,
            volume: [3, 2],
            mass: [3, 2],
            heat: [4, 3],
        }
    }
}

/// Unit texts, as characters of CP866, with the leading spaces of captured devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    pub flow: String,
    pub volume: String,
    pub mass: String,
    pub pressure: String,
    pub heat: String,
    /// Of the additional input DI.
    pub additional: String,
}

impl Default for Units {
    fn default() -> Self {
        Self {
            flow: "м3/ч".into(),
            volume: " м3".into(),
            mass: " т".into(),
            pressure: "кг/см2".into(),
            heat: "Гкал".into(),
            additional: " м3".into(),
        }
    }
}

/// Until this hour (exclusive) records were kept under another list of elements.
#[derive(Clone, Debug)]
pub struct SchemeChange {
    pub until_hour: i64,
    pub elements: Vec<u8>,
}

/// Settings of one meter.
#[derive(Clone, Debug)]
pub struct Vkt7Config {
    pub address: u8,
    /// Subscriber id, 8 characters, in use as the serial number.
    pub serial: String,
    /// Tenths: 27 is 2.7.
    pub firmware: u8,
    /// 0: unit texts of fixed 7 characters; 1: with a length before them.
    pub server_version: u8,
    /// Report day ДО, 1 to 31; 31 is the last day of a month.
    pub report_day: u8,
    /// Model (исполнение).
    pub model: u8,
    /// Measurement scheme numbers of ТВ1 and ТВ2, 0 to 15.
    pub schemes: [u8; 2],
    pub elements: Vec<u8>,
    pub scheme_change: Option<SchemeChange>,
    pub digits: Digits,
    pub units: Units,
    /// Elements whose sensor is out of range: quality 0C.
    pub failed: Vec<u8>,
    /// Hours (from inclusive, to exclusive) whose hourly records do not exist.
    pub missing: Vec<(i64, i64)>,
    /// The first hour that the meter archived.
    pub installed_hour: i64,
    /// The meter sleeps after this silence and then needs FF FF; `None` for the RS-485 adapter,
    /// which also forbids address 0.
    pub sleeps_after: Option<Duration>,
    /// Discrete outputs, when they may be set remotely.
    pub outputs: Option<[u8; 2]>,
}

impl Default for Vkt7Config {
    fn default() -> Self {
        Self {
            address: 1,
            serial: "00247792".into(),
            firmware: 27,
            server_version: 1,
            report_day: 31,
            model: 4,
            schemes: [3, 1],
            elements: ONE_INPUT.to_vec(),
            scheme_change: None,
            digits: Digits::default(),
            units: Units::default(),
            failed: Vec::new(),
            missing: Vec::new(),
            installed_hour: i64::MIN,
            sleeps_after: Some(Duration::from_secs(5)),
            outputs: None,
        }
    }
}

impl Vkt7Config {
    /// The elements under which the record of this hour was kept.
    pub fn elements_at(&self, hour: i64) -> &[u8] {
        match &self.scheme_change {
            Some(change) if hour < change.until_hour => &change.elements,
            _ => &self.elements,
        }
    }
}
