//! One session with one meter that sends by itself: listening until a whole valid telegram came or the limit passed.

use serde::Deserialize;
use uzel_driver_sdk::{
    Aggregate, Column, Failure, Identity, LabelRule, LineError, Port, Reading, Row, Setting, Sink, Until, Value as Cell,
};

use crate::meaning::{self, Class, cell, class, column, name, plate, text};
use crate::telegram::{Ear, Entry, Telegram, Value};

/// The only model.
const MODEL: &str = "sml-meter";
/// How long one read waits at most, milliseconds.
const READ_MS: u32 = 10_000;
/// Bytes of one read at most.
const READ_BYTES: u32 = 512;
/// Silence between telegrams is longer than within one.
const PAUSE_MS: u32 = 100;
/// Columns of one declaration at most, as the contract has it.
const COLUMNS_MAX: usize = 256;

/// The configuration keys of `driver.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a telegram is waited for, seconds.
    pub listen_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen_s: 30 }
    }
}

/// A meter that was heard.
#[derive(Debug)]
pub struct Session {
    telegram: Telegram,
}

/// Names of the maker.
const MAKERS: [[u8; 6]; 2] = [[129, 129, 199, 130, 3, 255], [1, 0, 96, 50, 1, 1]];
/// Names of the device's own number, in their order.
const NUMBERS: [[u8; 6]; 4] = [
    [1, 0, 0, 0, 9, 255],
    [1, 0, 96, 1, 0, 255],
    [0, 0, 96, 1, 255, 255],
    [1, 0, 0, 0, 0, 255],
];

impl Session {
    /// Listens.
    pub fn identify(port: &mut dyn Port, config: &str) -> Result<(Self, Identity), Failure> {
        let config: Config = serde_json::from_str(config).map_err(|error| Failure::Config(error.to_string()))?;
        let telegram = listen(port, config.listen_s.clamp(1, 600))?;
        let bytes = |wanted: &[[u8; 6]]| {
            let find = |name: &[u8; 6]| {
                telegram.entries.iter().find_map(|entry| match &entry.value {
                    Value::Bytes(bytes) if entry.name == *name && !bytes.is_empty() => Some(bytes.clone()),
                    _ => None,
                })
            };
            wanted.iter().find_map(find)
        };
        let number = bytes(&NUMBERS).unwrap_or_else(|| telegram.server_id.clone());
        let serial = Some(plate(&number)).filter(|serial| !serial.is_empty());
        let mut details = vec![("server".to_owned(), text(&telegram.server_id))];
        details.extend(bytes(&MAKERS).map(|maker| ("maker".to_owned(), text(&maker))));
        port.note(&format!(
            "telegram of {} with {} entries",
            plate(&number),
            telegram.entries.len()
        ));
        let identity = Identity {
            model: MODEL.to_owned(),
            serial,
            firmware: None,
            details,
        };
        Ok((Self { telegram }, identity))
    }

    /// One row of everything of a class.
    pub fn moment(&self, wanted: Class, out: &mut dyn Sink) -> Result<(), Failure> {
        let mut columns: Vec<Column> = Vec::new();
        let mut values: Vec<Cell> = Vec::new();
        let mut push = |column: Column, value: Cell| {
            let is_new = columns.iter().all(|other: &Column| other.id != column.id);
            if is_new && columns.len() < COLUMNS_MAX {
                columns.push(column);
                values.push(value);
            }
        };
        for entry in self.telegram.entries.iter().filter(|entry| class(entry) == wanted) {
            push(column(entry), cell(entry));
            if let Some(status) = entry.status {
                push(status_column(entry), Cell::Bits(status));
            }
        }
        if let Some(seconds) = self.telegram.seconds.filter(|_| wanted == Class::Current) {
            let value = uzel_driver_sdk::Fixed {
                digits: seconds.into(),
                decimals: 0,
            };
            push(state("sensor-time", "time", "s", Aggregate::Total), Cell::Fixed(value));
        }
        if columns.is_empty() {
            return Ok(());
        }
        out.declare(&columns, LabelRule::Moment)?;
        let row = Row {
            label: None,
            other_end: None,
            length_s: None,
            values,
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        out.rows(&[row], None)
    }

    /// Everything that is neither measured nor counted.
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings: Vec<Setting> = Vec::new();
        for entry in self
            .telegram
            .entries
            .iter()
            .filter(|entry| class(entry) == Class::Setting)
        {
            let id = name(entry);
            if settings.iter().any(|setting| setting.id == id) {
                continue;
            }
            let value = match &entry.value {
                Value::Bytes(bytes) if bytes.is_empty() => Cell::Absent,
                Value::Bytes(bytes) => Cell::Text(text(bytes)),
                Value::Bool(value) => Cell::Bits(u64::from(*value)),
                Value::Number(_) => meaning::cell(entry),
                Value::Other => Cell::Absent,
            };
            settings.push(Setting {
                title: id.clone(),
                id,
                value,
                unit: None,
                writable: false,
            });
        }
        settings
    }
}

fn status_column(entry: &Entry) -> Column {
    state(&format!("{} status", name(entry)), "status", "", Aggregate::State)
}

fn state(id: &str, quantity: &str, unit: &str, aggregate: Aggregate) -> Column {
    Column {
        id: id.to_owned(),
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        point: 0,
        tariff: 0,
        pipe: None,
        aggregate,
        decimals: None,
    }
}

/// The first whole valid telegram.
fn listen(port: &mut dyn Port, limit_s: u32) -> Result<Telegram, Failure> {
    let until = port.now().saturating_add(i64::from(limit_s) * 1_000);
    let (mut ear, mut wrong, mut count) = (Ear::default(), None, 0);
    loop {
        let left = u32::try_from(until.saturating_sub(port.now())).unwrap_or(0);
        if left == 0 {
            return Err(match wrong {
                Some(why) => Failure::Garbled(why),
                None if count == 0 => Failure::NoAnswer,
                None => Failure::Garbled(format!("{count} bytes came and no telegram")),
            });
        }
        let how = Reading {
            until: Until::SilenceMs(PAUSE_MS),
            max: READ_BYTES,
            deadline_ms: left.min(READ_MS),
        };
        let came = match port.read(how) {
            Ok(came) | Err(LineError::Timeout(came)) => came,
            Err(LineError::Stopped) => return Err(Failure::Stopped),
            Err(error) => return Err(Failure::Line(error)),
        };
        count += came.len();
        for byte in came {
            match ear.hear(byte) {
                None => {}
                Some(Ok(telegram)) => return Ok(telegram),
                Some(Err(error)) => {
                    port.note(&error.to_string());
                    wrong = Some(error.to_string());
                }
            }
        }
    }
}
