//! The configuration in effect as people may see it: every key, secrets masked.

use toml::{Table, Value};

use super::{Config, LIVE};
use crate::api::ConfigKey;
use crate::session::ModemConfig;
use crate::transport::incoming::ListenerConfig;

/// What stands in the place of a secret.
const MASK: &str = "\u{2022}\u{2022}";

/// Words in names of keys whose values are secrets, unless these are paths or public.
const SECRET: [&str; 5] = ["password", "secret", "token", "passphrase", "api_key"];

/// Every key in the order of the sections; of a list of sections each by its place.
pub fn keys(config: &Config) -> Vec<ConfigKey> {
    let (config, usual) = (table(config), table(&Config::default()));
    let mut keys = Vec::new();
    for (section, value) in &config {
        let usual = usual.get(section);
        match value {
            Value::Array(list) => {
                let usual = usual_item(section);
                for (place, item) in list.iter().enumerate() {
                    add(&mut keys, section, &format!("{section}.{place}"), item, usual.as_ref());
                }
            }
            value => add(&mut keys, section, section, value, usual),
        }
    }
    keys
}

// A configuration is made of what a file can hold.
fn table(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

/// What holds without a key in one of a list of sections.
fn usual_item(section: &str) -> Option<Value> {
    match section {
        "listeners" => Value::try_from(ListenerConfig::default()).ok(),
        "modems" => Value::try_from(ModemConfig::default()).ok(),
        _ => None,
    }
}

fn add(keys: &mut Vec<ConfigKey>, top: &str, section: &str, value: &Value, usual: Option<&Value>) {
    let Value::Table(table) = value else { return };
    for (key, value) in table {
        let usual = usual.and_then(|usual| usual.get(key));
        if matches!(value, Value::Table(_)) {
            add(keys, top, &format!("{section}.{key}"), value, usual);
            continue;
        }
        keys.push(ConfigKey {
            section: section.to_owned(),
            key: key.clone(),
            value: masked(key, value).to_string(),
            is_default: usual == Some(value),
            is_live: LIVE.contains(&top),
        });
    }
}

/// `text`, the value of a key, as it may be shown.
pub fn mask(key: &str, text: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let read: Result<Table, _> = format!("value = {text}").parse();
    match read.as_ref().map(|table| table.get("value")) {
        Ok(Some(value)) => masked(name, value).to_string(),
        _ => masked(name, &Value::String(text.to_owned())).to_string(),
    }
}

fn masked(key: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_text(key, text)),
        Value::Array(list) => Value::Array(list.iter().map(|one| masked(key, one)).collect()),
        Value::Table(table) => Value::Table(table.iter().map(|(key, one)| (key.clone(), masked(key, one))).collect()),
        value if is_secret(key) => Value::String(if value.as_bool().is_some() {
            value.to_string()
        } else {
            MASK.to_owned()
        }),
        value => value.clone(),
    }
}

fn is_secret(key: &str) -> bool {
    let is_path = key.ends_with("_file") || key.ends_with("_path");
    key == "pin" || (!is_path && SECRET.iter().any(|word| key.contains(word)))
}

fn masked_text(key: &str, text: &str) -> String {
    if is_secret(key) && !text.is_empty() {
        return MASK.to_owned();
    }
    // The number of a SIM card stands among the commands of a modem (3GPP TS 27.007, section 8.3).
    if let Some(place) = text.to_ascii_uppercase().find("+CPIN=") {
        let kept = text.get(..place + "+CPIN=".len()).unwrap_or_default();
        return format!("{kept}{MASK}");
    }
    // A login in an address.
    if let Some((scheme, rest)) = text.split_once("://")
        && let Some((_, host)) = rest.split('/').next().unwrap_or_default().rsplit_once('@')
        && let Some(place) = rest.find(host)
    {
        return format!("{scheme}://{MASK}@{}", rest.get(place..).unwrap_or_default());
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_shown_with_whether_it_is_usual() {
        let text =
            "[polling]\nsessions = 7\n[[modems]]\npool = 'gsm'\nports = ['tcp:h:1']\ninit = ['ATZ', 'AT+CPIN=1234']\n";
        let shown = keys(&super::super::parse(text).unwrap());
        let find = |section: &str, key: &str| {
            let mut found = shown.iter().filter(|one| one.section == section && one.key == key);
            found.next().unwrap_or_else(|| panic!("{section}.{key} is not shown"))
        };
        let sessions = find("polling", "sessions");
        assert_eq!(
            (&*sessions.value, sessions.is_default, sessions.is_live),
            ("7", false, true)
        );
        assert!(find("polling", "session_s").is_default);
        assert!(!find("http", "listen").is_live);
        assert!(find("modems.0", "wait_s").is_default && !find("modems.0", "pool").is_default);
        assert_eq!(find("modems.0", "pool").value, "\"gsm\"");
        assert_eq!(
            find("modems.0", "init").value,
            "[\"ATZ\", \"AT+CPIN=\u{2022}\u{2022}\"]"
        );
    }

    #[test]
    fn secrets_are_masked_and_paths_to_them_are_not() {
        for (key, text, want) in [
            ("mail.password", "\"hunter2\"", "\"\u{2022}\u{2022}\""),
            ("client_secret", "\"x\"", "\"\u{2022}\u{2022}\""),
            ("password_file", "\"/etc/uzel/mail\"", "\"/etc/uzel/mail\""),
            ("pin", "1234", "\"\u{2022}\u{2022}\""),
            ("keys", "[\"RWQ\"]", "[\"RWQ\"]"),
            (
                "url",
                "\"https://me:pw@example.org/a@b\"",
                "\"https://\u{2022}\u{2022}@example.org/a@b\"",
            ),
            ("url", "\"https://example.org/a@b\"", "\"https://example.org/a@b\""),
            ("sessions", "7", "7"),
        ] {
            assert_eq!(mask(key, text), want, "{key} = {text}");
        }
    }
}
