//! A device's configuration against the keys that its driver declares.

use serde_json::{Map, Value};

use super::describe::{ConfigKey, ConfigType, Describe};

/// What is wrong with a configuration: every fault at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .faults.join("; "))]
pub struct ConfigFault {
    /// One sentence each: key, what it is, what was expected.
    pub faults: Vec<String>,
}

/// Checks `config` and fills in defaults. The result is what `identify` gets.
pub fn check_config(describe: &Describe, config: &Value) -> Result<Value, ConfigFault> {
    let empty = Map::new();
    let given = match config {
        Value::Null => &empty,
        Value::Object(map) => map,
        other => {
            let fault = format!("configuration is {other}, expected an object of keys");
            return Err(ConfigFault { faults: vec![fault] });
        }
    };
    let mut faults = Vec::new();
    let mut whole = Map::new();
    for key in given.keys() {
        if !describe.config.iter().any(|known| known.key == *key) {
            let known: Vec<_> = describe.config.iter().map(|known| known.key.as_str()).collect();
            faults.push(format!(
                "key {key:?} is not known to driver {}, it has {}",
                describe.id,
                known.join(", ")
            ));
        }
    }
    for key in &describe.config {
        match given.get(&key.key).or(key.default.as_ref()) {
            Some(value) => match check_value(key, value) {
                Ok(()) => {
                    whole.insert(key.key.clone(), value.clone());
                }
                Err(text) => faults.push(format!("key {:?}: {text}", key.key)),
            },
            None if key.required => faults.push(format!("key {:?} is missing: {}", key.key, key.title.en)),
            None => {}
        }
    }
    if faults.is_empty() {
        Ok(Value::Object(whole))
    } else {
        Err(ConfigFault { faults })
    }
}

/// Checks one value. The error says what it is and what was expected.
pub(super) fn check_value(key: &ConfigKey, value: &Value) -> Result<(), String> {
    let (min, max) = (key.min.unwrap_or(i64::MIN), key.max.unwrap_or(i64::MAX));
    let in_range = |number: &Value| number.as_i64().is_some_and(|number| (min..=max).contains(&number));
    let range = match (key.min, key.max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" from {min}"),
        (None, Some(max)) => format!(" up to {max}"),
        (None, None) => String::new(),
    };
    match (key.kind, value) {
        (ConfigType::Integer, number) if in_range(number) => Ok(()),
        (ConfigType::Integer, other) => Err(format!("is {other}, expected a whole number{range}")),
        (ConfigType::Integers, Value::Array(items)) if items.len() <= 256 && items.iter().all(in_range) => Ok(()),
        (ConfigType::Integers, other) => Err(format!("is {other}, expected a list of whole numbers{range}")),
        (ConfigType::Boolean, Value::Bool(_)) => Ok(()),
        (ConfigType::Boolean, other) => Err(format!("is {other}, expected true or false")),
        (ConfigType::String, Value::String(text)) => {
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            if !key.choices.is_empty() && !key.choices.contains(text) {
                return Err(format!("is {text:?}, expected one of {}", key.choices.join(", ")));
            }
            if !(min.max(0)..=max.min(4_096)).contains(&length) {
                return Err(format!("has {length} characters, expected{range}"));
            }
            Ok(())
        }
        (ConfigType::String, other) => Err(format!("is {other}, expected text")),
    }
}

/// Keys whose values are nobody's business.
pub fn secret_keys(describe: &Describe) -> impl Iterator<Item = &str> {
    let secret = describe.config.iter().filter(|key| key.secret);
    secret.map(|key| key.key.as_str())
}

/// `config` with the values of secret keys masked; without a description every text is masked.
pub fn masked(describe: Option<&Describe>, config: &Value) -> Value {
    let mut config = config.clone();
    if let Value::Object(map) = &mut config {
        for (key, value) in map.iter_mut() {
            let secret = describe
                .and_then(|describe| describe.config.iter().find(|known| known.key == *key))
                .map_or(value.is_string(), |known| known.secret);
            if secret {
                *value = Value::String("••".to_owned());
            }
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn describe() -> Describe {
        let title = json!({"ru": "т", "en": "t"});
        serde_json::from_value(json!({
            "id": "hm1", "version": "1.0.0", "vendor": "v", "title": title,
            "line": {"media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
            "models": [],
            "config": [
                {"key": "address", "type": "integer", "min": 0, "max": 240, "default": 0, "title": title},
                {"key": "password", "type": "string", "max": 8, "secret": true, "required": true, "title": title},
                {"key": "mode", "type": "string", "choices": ["a", "b"], "title": title},
                {"key": "inputs", "type": "integers", "min": 1, "max": 2, "title": title}
            ]
        }))
        .unwrap()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let config = json!({"address": 300, "mode": "c", "inputs": [3], "speed": 1});
        let fault = check_config(&describe(), &config).unwrap_err();
        assert_eq!(
            fault.faults,
            [
                "key \"speed\" is not known to driver hm1, it has address, password, mode, inputs",
                "key \"address\": is 300, expected a whole number from 0 to 240",
                "key \"password\" is missing: t",
                "key \"mode\": is \"c\", expected one of a, b",
                "key \"inputs\": is [3], expected a list of whole numbers from 1 to 2",
            ]
        );
    }

    #[test]
    fn defaults_are_filled_in_and_secrets_masked() {
        let whole = check_config(&describe(), &json!({"password": "x"})).unwrap();
        assert_eq!(whole, json!({"address": 0, "password": "x"}));
        assert_eq!(
            masked(Some(&describe()), &whole),
            json!({"address": 0, "password": "••"})
        );
    }
}
