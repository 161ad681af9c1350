//! Values of arguments.

use jiff::civil::DateTime;

use crate::driver::Describe;
use crate::driver::describe::ConfigType;

/// `KEY=VALUE`.
pub(in crate::cli) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// A day, which begins at midnight, or a moment.
pub(super) fn civil(text: &str) -> Result<DateTime, String> {
    let wrong = |_| format!("{text:?}: expected a date such as 2026-11-19, or a moment such as 2026-11-19T14:00");
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if !text.contains(['T', ' ', ':']) => Ok(date.at(0, 0, 0, 0)),
        _ => text.parse().map_err(wrong),
    }
}

/// `KEY=VALUE` pairs as the JSON that a driver's configuration is: numbers, true and false, lists of numbers separated
/// by `:` and text, as the driver's keys say.
pub fn config_json(describe: &Describe, pairs: &[(String, String)]) -> serde_json::Value {
    let mut map = serde_json::Map::new();
    for (key, value) in pairs {
        let kind = describe
            .config
            .iter()
            .find(|known| known.key == *key)
            .map(|known| known.kind);
        let text = || serde_json::Value::String(value.clone());
        let parsed = match kind {
            Some(ConfigType::Integer) => value.parse::<i64>().map_or_else(|_| text(), Into::into),
            Some(ConfigType::Boolean) => value.parse::<bool>().map_or_else(|_| text(), Into::into),
            Some(ConfigType::Integers) => {
                let numbers: Result<Vec<i64>, _> = value.split(':').map(str::parse).collect();
                numbers.map_or_else(|_| text(), Into::into)
            }
            Some(ConfigType::String) | None => text(),
        };
        map.insert(key.clone(), parsed);
    }
    serde_json::Value::Object(map)
}
