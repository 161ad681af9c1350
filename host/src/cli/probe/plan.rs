//! What is tried: each driver, told no more than an address.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cli::args::ProbeArgs;
use crate::driver::describe::{ConfigKey, ConfigType, Describe};
use crate::driver::{Driver, check_config};
use crate::model::LineSettings;

/// What most meters are set to.
const USUAL_LINE: LineSettings = LineSettings {
    baud: 9_600,
    data_bits: 8,
    parity: crate::model::Parity::None,
    stop_bits: 1,
};

/// One question to the line.
#[derive(Debug, Clone)]
pub(super) struct Try {
    pub(super) driver: Arc<Driver>,
    pub(super) settings: LineSettings,
    /// None: the driver has no addresses, or takes its own.
    pub(super) address: Option<i64>,
    /// A key that must be given, and one of its choices.
    pub(super) choice: Option<(String, String)>,
    /// What the driver gets.
    pub(super) config: Value,
}

/// What is tried, in this order, and why some drivers are not.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) tries: Vec<Try>,
    pub(super) left_out: Vec<String>,
}

impl Try {
    /// What of the configuration is to be entered for the device: `address=3 map=sunspec`.
    pub(super) fn entered(&self) -> String {
        let address = self.address.map(|address| format!("address={address}"));
        let choice = self.choice.as_ref().map(|(key, choice)| format!("{key}={choice}"));
        let words: Vec<String> = address.into_iter().chain(choice).collect();
        words.join(" ")
    }

    /// Whether it is another way to ask the same driver at the same place.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.driver.describe.id, self.settings, self.address)
            == (&other.driver.describe.id, other.settings, other.address)
    }
}

/// Who is asked what. The line keeps its settings as long as possible.
pub(super) fn plan(drivers: &[Arc<Driver>], args: &ProbeArgs) -> Plan {
    let mut plan = Plan::default();
    for driver in drivers {
        let describe = &driver.describe;
        if !args.driver.is_empty() && !args.driver.contains(&describe.id) {
            continue;
        }
        match choices(describe, args.guess) {
            Ok(choices) => {
                let settings = if args.settings.is_empty() {
                    vec![driver.line_settings().unwrap_or(USUAL_LINE)]
                } else {
                    args.settings.clone()
                };
                for settings in settings {
                    for address in addresses(describe, args) {
                        for choice in &choices {
                            plan.tries.extend(one(driver, settings, address, choice.as_ref(), args));
                        }
                    }
                }
            }
            Err(why) => plan.left_out.push(format!("{}: {why}", describe.id)),
        }
    }
    plan.tries.sort_by_key(|attempt| attempt.settings.to_string());
    plan
}

/// A try, if the driver takes what it would be told.
fn one(
    driver: &Arc<Driver>,
    settings: LineSettings,
    address: Option<i64>,
    choice: Option<&(String, String)>,
    args: &ProbeArgs,
) -> Option<Try> {
    let mut config = Map::new();
    let mut tell = |name: &str, value: i64| {
        if let Some(key) = whole(&driver.describe, name) {
            let value = value.clamp(key.min.unwrap_or(i64::MIN), key.max.unwrap_or(i64::MAX));
            config.insert(name.to_owned(), value.into());
        }
    };
    // Who is there answers the first time; who is not is asked for nothing.
    tell("attempts", 1);
    tell("timeout_ms", args.answer_ms.into());
    config.extend(address.map(|address| ("address".to_owned(), address.into())));
    config.extend(choice.map(|(key, choice)| (key.clone(), choice.as_str().into())));
    Some(Try {
        driver: driver.clone(),
        settings,
        address,
        choice: choice.cloned(),
        config: check_config(&driver.describe, &Value::Object(config)).ok()?,
    })
}

/// The addresses that a driver can be told. None: as it takes them by itself.
fn addresses(describe: &Describe, args: &ProbeArgs) -> Vec<Option<i64>> {
    let (Some(key), Some(addresses)) = (whole(describe, "address"), &args.addresses) else {
        return vec![None];
    };
    let range = key.min.unwrap_or(i64::MIN)..=key.max.unwrap_or(i64::MAX);
    let within = addresses.0.iter().filter(|address| range.contains(address));
    within.map(|address| Some(*address)).collect()
}

/// What else a driver must be told: nothing, or one of the choices of a key.
///
/// # Errors
/// Why it cannot identify a device by itself.
fn choices(describe: &Describe, guess: bool) -> Result<Vec<Option<(String, String)>>, String> {
    let is_identified = |id: Option<&str>| {
        let models = describe
            .models
            .iter()
            .filter(|model| id.is_none_or(|id| model.id == id));
        let mut evidence = models.map(|model| model.evidence.get("identify"));
        evidence.any(|how| how.is_some_and(|how| guess || how != "experimental"))
    };
    if !is_identified(None) {
        return Err("it identifies its devices by guess only".to_owned());
    }
    let needed = describe
        .config
        .iter()
        .filter(|key| key.required && key.default.is_none());
    let needed: Vec<&ConfigKey> = needed.filter(|key| key.key != "address").collect();
    match needed[..] {
        [] => Ok(vec![None]),
        [key] if !key.secret && !key.choices.is_empty() => {
            let named = |choice: &&String| {
                let is_model = describe.models.iter().any(|model| model.id == **choice);
                !is_model || is_identified(Some(choice))
            };
            let choices = key.choices.iter().filter(named);
            Ok(choices.map(|choice| Some((key.key.clone(), choice.clone()))).collect())
        }
        _ => {
            let keys: Vec<_> = needed.iter().map(|key| key.key.as_str()).collect();
            Err(format!("it must be told {}", keys.join(", ")))
        }
    }
}

/// A key of this name that is a whole number.
fn whole<'a>(describe: &'a Describe, name: &str) -> Option<&'a ConfigKey> {
    let found = describe.config.iter().find(|key| key.key == name);
    found.filter(|key| key.kind == ConfigType::Integer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A driver with these keys, whose models `a` and `b` are identified by these means.
    fn driver(config: &Value, [a, b]: [&str; 2]) -> Describe {
        let text = json!({"ru": "", "en": ""});
        let model = |id: &str, how: &str| json!({"id": id, "maker": text, "names": [id], "resources": [], "archives": [], "evidence": {"identify": how}});
        let described = json!({
            "id": "hm1", "version": "1.0.0", "vendor": "", "title": text, "config": config,
            "line": {"media": [], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
            "models": [model("a", a), model("b", b)],
        });
        serde_json::from_value(described).unwrap()
    }

    #[test]
    fn a_driver_is_tried_that_needs_no_more_than_an_address_or_a_choice() {
        let title = json!({"ru": "", "en": ""});
        let address = json!({"key": "address", "type": "integer", "required": true, "title": title});
        let map =
            json!({"key": "map", "type": "string", "choices": ["own", "a", "b"], "required": true, "title": title});
        let password = json!({"key": "password", "type": "string", "secret": true, "required": true, "title": title});
        let both = ["document", "experimental"];
        let some = |choice: &str| Some(("map".to_owned(), choice.to_owned()));
        let cases = [
            (json!([]), both, false, Ok(vec![None])),
            (json!([address]), both, false, Ok(vec![None])),
            (json!([address, map]), both, false, Ok(vec![some("own"), some("a")])),
            (json!([map]), both, true, Ok(vec![some("own"), some("a"), some("b")])),
            (json!([address, password]), both, false, Err("it must be told password")),
            (json!([map, password]), both, true, Err("it must be told map, password")),
            (
                json!([]),
                ["experimental"; 2],
                false,
                Err("it identifies its devices by guess only"),
            ),
        ];
        for (config, evidence, guess, want) in cases {
            let got = choices(&driver(&config, evidence), guess);
            assert_eq!(got, want.map_err(str::to_owned), "{config} {guess}");
        }
    }
}
