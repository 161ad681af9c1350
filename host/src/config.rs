//! The configuration file: gathers the sections of the modules, tells all faults at once.

mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::ModemConfig;
use crate::transport::incoming::{self, ListenerConfig};
use crate::{api, collect, ops, portable, signing, store};

pub use shown::{keys as shown_keys, mask};

/// The whole file. Paths are relative to the file's folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `[http]`.
    pub http: api::Config,
    /// `[store]`.
    pub store: store::Config,
    /// `[polling]`.
    pub polling: collect::Config,
    /// `[drivers]`.
    pub drivers: Drivers,
    /// `[[modems]]`, a pool each.
    pub modems: Vec<ModemConfig>,
    /// `[retention]`.
    pub retention: ops::keeper::Config,
    /// `[[listeners]]`.
    pub listeners: Vec<ListenerConfig>,
    /// `[import]`.
    pub import: portable::Config,
    /// `[backup]`.
    pub backup: store::copy::Config,
    /// `[webhooks]`.
    pub webhooks: api::WebhookConfig,
}

/// Section `drivers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Drivers {
    /// Every `*.wasm` in it is a driver.
    pub folder: PathBuf,
    /// Compiled code, private to the user that runs Uzel.
    pub cache: PathBuf,
    /// Whether packages that nobody signed are taken: for development. Every screen says so.
    pub unsigned: bool,
    /// Logins at registries of packages, as `docker login` and `podman login` write them.
    pub registry_logins: Option<PathBuf>,
    /// Components and packages that appear in this folder become candidates: for development, with `unsigned`.
    pub watch: Option<PathBuf>,
}

impl Default for Drivers {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("drivers"),
            cache: PathBuf::from("cache"),
            unsigned: false,
            registry_logins: None,
            watch: None,
        }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("configuration {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has faults: all of them.
    #[error("configuration {file} has {} faults:\n  {}", .faults.len(), .faults.join("\n  "))]
    Faults {
        /// Which.
        file: PathBuf,
        /// One sentence each.
        faults: Vec<String>,
    },
}

/// Reads a file, or takes the defaults. Paths come back as they are meant from the current folder.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let Some(file) = file else { return Ok(Config::default()) };
    let text = fs::read_to_string(file).map_err(|source| ConfigError::Read {
        file: file.to_owned(),
        source,
    })?;
    let mut config = parse(&text).map_err(|faults| ConfigError::Faults {
        file: file.to_owned(),
        faults,
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    for path in [
        &mut config.store.path,
        &mut config.drivers.folder,
        &mut config.drivers.cache,
    ] {
        *path = folder.join(&*path);
    }
    if let Some(tls) = &mut config.http.tls {
        tls.certificate = folder.join(&tls.certificate);
        tls.key = folder.join(&tls.key);
    }
    if let Some(oidc) = &mut config.http.oidc {
        oidc.secret_file = oidc.secret_file.take().map(|file| folder.join(file));
    }
    for path in [
        &mut config.drivers.registry_logins,
        &mut config.drivers.watch,
        &mut config.backup.folder,
    ] {
        *path = path.take().map(|path| folder.join(path));
    }
    Ok(config)
}

/// The configuration in `text`, or every fault of it.
fn parse(text: &str) -> Result<Config, Vec<String>> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| vec![one_line(&error.to_string())])?;
    let mut faults = Vec::new();
    let mut config = Config::default();
    // Section by section, so that a fault in one does not hide those of the others.
    for (section, value) in table {
        let mut unknown = |path: serde_ignored::Path| {
            faults.push(format!("key {section}.{path} is not known"));
        };
        macro_rules! take {
            ($into:expr) => {
                match serde_ignored::deserialize(value, &mut unknown) {
                    Ok(read) => $into = read,
                    Err(error) => faults.push(format!("section {section}: {}", one_line(&error.to_string()))),
                }
            };
        }
        match section.as_str() {
            "http" => take!(config.http),
            "store" => take!(config.store),
            "polling" => take!(config.polling),
            "drivers" => take!(config.drivers),
            "modems" => take!(config.modems),
            "retention" => take!(config.retention),
            "listeners" => take!(config.listeners),
            "import" => take!(config.import),
            "backup" => take!(config.backup),
            "webhooks" => take!(config.webhooks),
            _ => faults.push(format!(
                "section {section} is not known, expected http, store, polling, drivers, retention, listeners, modems, import, backup or webhooks"
            )),
        }
    }
    check(&config, &mut faults);
    check_import(&config, &mut faults);
    if faults.is_empty() { Ok(config) } else { Err(faults) }
}

fn check(config: &Config, faults: &mut Vec<String>) {
    if let Err(error @ api::ApiError::Oidc { .. }) = config.http.check() {
        faults.push(error.to_string());
    } else if config.http.check().is_err() {
        faults.push(format!(
            "http.listen is {}, which others can reach, without encryption: expected http.tls with certificate and key, \
             or http.insecure = true where something else encrypts",
            config.http.listen
        ));
    }
    if !(1..=100_000).contains(&config.polling.sessions) {
        faults.push(format!(
            "polling.sessions is {}, expected 1 to 100000",
            config.polling.sessions
        ));
    }
    if !(1..=1_000).contains(&config.polling.big_sessions) {
        faults.push(format!(
            "polling.big_sessions is {}, expected 1 to 1000",
            config.polling.big_sessions
        ));
    }
    if !(10..=86_400).contains(&config.polling.session_s) {
        faults.push(format!(
            "polling.session_s is {}, expected 10 to 86400",
            config.polling.session_s
        ));
    }
    if config.drivers.watch.is_some() && !config.drivers.unsigned {
        faults.push(
            "drivers.watch is given, expected drivers.unsigned = true beside it: nobody signs what is built".to_owned(),
        );
    }
    faults.extend(ModemConfig::faults(&config.modems));
    if !(0..=23).contains(&config.retention.hour) {
        faults.push(format!("retention.hour is {}, expected 0 to 23", config.retention.hour));
    }
    faults.extend(incoming::check(&config.listeners));
    faults.extend(config.webhooks.check().err().map(|error| error.to_string()));
}

/// One key whose value is another than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `section.key`.
    pub key: String,
    /// As the file would have it; empty: not there.
    pub before: String,
    /// As the file would have it; empty: not there.
    pub after: String,
    /// Whether a running host takes it over; otherwise the next start does.
    pub is_live: bool,
}

/// Sections that a running host takes over.
const LIVE: [&str; 2] = ["polling", "retention"];

/// What differs between two configurations.
pub fn changes(before: &Config, after: &Config) -> Vec<Change> {
    let (before, after) = (keys(before), keys(after));
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |keys: &BTreeMap<String, String>, key: &str| keys.get(key).cloned().unwrap_or_default();
    all.into_iter()
        .map(|key| Change {
            key: key.clone(),
            before: text(&before, key),
            after: text(&after, key),
            is_live: key.split('.').next().is_some_and(|section| LIVE.contains(&section)),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

/// Every key of every section as text.
fn keys(config: &Config) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    // A configuration is made of what a file can hold.
    for (section, value) in toml::Table::try_from(config).unwrap_or_default() {
        match value {
            toml::Value::Table(table) => {
                keys.extend(
                    table
                        .iter()
                        .map(|(key, value)| (format!("{section}.{key}"), value.to_string())),
                );
            }
            value => {
                keys.insert(section, value.to_string());
            }
        }
    }
    keys
}

fn check_import(config: &Config, faults: &mut Vec<String>) {
    for key in &config.import.keys {
        faults.extend(
            signing::check_public(key)
                .err()
                .map(|error| format!("import.keys: {error}")),
        );
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = parse(
            "[http]\nlisten = '0.0.0.0:80'\nport = 1\n[polling]\nsessions = 'many'\n[stor]\npath = 'x'\n[drivers]\nfolders = 'd'\nwatch = 'w'\n",
        )
        .unwrap_err();
        let all = faults.join("\n");
        for part in [
            "http.port is not known",
            "section polling",
            "section stor is not known",
            "drivers.folders",
            "drivers.watch is given, expected drivers.unsigned = true",
            "http.listen is 0.0.0.0:80",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
    }

    #[test]
    fn every_fault_of_the_modems_is_told() {
        let faults = parse(
            "[[modems]]\npool = 'gsm/1'\nports = ['serial:/dev/ttyS0', 'udp:h:1']\nsettings = '9600'\ninit = [\"ATZ\\r\"]\n\
             [[modems]]\npool = 'b'\nports = ['serial:/dev/ttyS0']\nguard_ms = 5\npin = 1\n[[modems]]\npool = 'b'\n",
        );
        let all = faults.unwrap_err().join("\n");
        for part in [
            "modems.pool is \"gsm/1\"",
            "pool gsm/1 has \"udp:h:1\", expected serial:PATH or tcp:HOST:PORT",
            "modems.settings of pool gsm/1",
            "command \"ATZ\\r\"",
            "pool b has serial:/dev/ttyS0, which is there before",
            "modems.guard_ms of pool b is 5, expected 20 to 1200",
            "pin is not known",
            "modems.pool is \"b\"",
            "modems.ports of pool b is empty",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
    }

    #[test]
    fn the_effective_configuration_reads_back() {
        let modems = parse("[[modems]]\npool = 'gsm'\nports = ['tcp:h:1']\nprofile = 'gsm-v32'\nhang_up = 'dtr'\n");
        let http = parse("[http]\nlisten = '0.0.0.0:443'\nhosts = ['h']\ntls = { certificate = 'c', key = 'k' }\n");
        for config in [Config::default(), modems.unwrap(), http.unwrap()] {
            let text = toml::to_string(&config).unwrap();
            assert_eq!(parse(&text).unwrap(), config);
        }
    }

    #[test]
    fn what_changed_is_named_and_whether_it_is_taken_over_at_once() {
        let before = Config::default();
        assert_eq!(changes(&before, &before), []);
        let after =
            parse("[http]\nlisten = '127.0.0.1:1'\n[polling]\nsessions = 7\n[retention]\ntraces_days = 7\n").unwrap();
        let found: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|change| (change.key, change.after, change.is_live))
            .collect();
        let want = |key: &str, after: &str, is_live| (key.to_owned(), after.to_owned(), is_live);
        assert_eq!(
            found,
            [
                want("http.listen", "\"127.0.0.1:1\"", false),
                want("polling.sessions", "7", true),
                want("retention.traces_days", "7", true),
            ]
        );
    }

    #[test]
    fn paths_are_meant_from_the_files_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("uzel.toml");
        fs::write(
            &file,
            "[store]\npath = 'data/uzel.sqlite'\n[drivers]\nfolder = '/opt/drivers'\nunsigned = true\nwatch = 'built'\n",
        )
        .unwrap();
        let config = load(Some(&file)).unwrap();
        assert_eq!(config.store.path, folder.path().join("data/uzel.sqlite"));
        assert_eq!(config.drivers.folder, Path::new("/opt/drivers"));
        assert_eq!(config.drivers.watch, Some(folder.path().join("built")));
    }
}
