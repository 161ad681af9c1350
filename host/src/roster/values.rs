//! A driver's configuration as a person writes it.

use serde_json::Value as Json;

use crate::driver::Describe;
use crate::driver::describe::ConfigType;

/// Stands for a secret that is not shown. Whoever gives it back means what is kept.
pub const MASK: &str = "••";

/// A JSON object, or `KEY=VALUE` pairs between spaces.
pub(super) fn configuration(text: &str, describe: &Describe) -> Result<Json, String> {
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("{text:?} is no JSON object: {error}"));
    }
    let pairs: Result<Vec<_>, String> = text
        .split_whitespace()
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("{pair:?}: expected KEY=VALUE"))?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect();
    Ok(config_json(describe, &pairs?))
}

/// Puts the secrets of `kept` in the place of masks, and with `left_out` also where nothing is said. Null empties one.
pub fn keep_secrets(config: &mut Json, kept: Option<&Json>, describe: &Describe, left_out: bool) {
    let Some(config) = config.as_object_mut() else { return };
    for key in describe.config.iter().filter(|key| key.secret).map(|key| &key.key) {
        let said = config.get(key).cloned();
        let means_kept = match &said {
            Some(Json::String(text)) => text == MASK,
            Some(_) => false,
            None => left_out,
        };
        if said == Some(Json::Null) {
            config.remove(key);
        } else if means_kept {
            config.remove(key);
            if let Some(secret) = kept.and_then(|kept| kept.get(key)) {
                config.insert(key.clone(), secret.clone());
            }
        }
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
