//! What a session was asked, as text: with its trace it is all that is needed to hold it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::run::{Assignment, Order, Over};
use super::set_clock::SetClock;
use crate::driver::env::{Budget, Medium};
use crate::driver::{Describe, Driver, secret_keys};
use crate::limits;
use crate::model::{Act, Change, ClockPolicy, ClockRule, Held, Span, Stage, Task};

/// What a session was asked. Secrets are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// When it began: an instant such as `2026-11-20T11:00:00.123Z`.
    pub started_at: String,
    /// Zone of the site, IANA name.
    pub zone: String,
    /// `standard` or `zone`: whether the device follows the zone's summer time.
    pub clock_rule: String,
    /// `serial`, `tcp` or `replay`: what the driver was told that the line is.
    pub medium: String,
    /// The serial number that had to answer.
    pub serial: Option<String>,
    /// The model that had to answer.
    pub model: Option<String>,
    /// The driver's configuration, without its secrets.
    pub config: Value,
    /// Keys of the secrets that are left out.
    pub withheld: Vec<String>,
    /// In order.
    pub tasks: Vec<AskedTask>,
    /// How the clock may be set behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_clock: Option<AskedSetClock>,
    /// The step of changing the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<AskedAct>,
    /// What the driver remembered of the device before: key and hex of the value.
    pub memory: BTreeMap<String, String>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedTask {
    /// Its word.
    pub task: String,
    /// Start and end of each span, instants.
    pub spans: Vec<(String, String)>,
    /// Where an earlier session was cut: hex of the driver's token.
    pub resume: Option<String>,
}

/// That the clock may be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedSetClock {
    /// Its limits, as a policy such as `beyond 30s within 10m every 1d`.
    pub policy: String,
    /// The instant at which that was last tried.
    pub set_at: Option<String>,
}

/// What was shown of a setting: id, title, unit, value.
type AskedHeld = (String, String, Option<String>, String);

/// A step of changing the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedAct {
    /// The setting that gets a value, or none.
    pub setting: Option<String>,
    /// The value, as it was written.
    pub value: Option<String>,
    /// The driver's command, or none.
    pub command: Option<String>,
    /// Of the command.
    pub arguments: BTreeMap<String, String>,
    /// What was shown, when it is written: id, title, unit and value of each setting.
    pub shown: Option<Vec<AskedHeld>>,
}

impl AskedAct {
    fn of(act: &Act) -> Self {
        let (setting, value, command, arguments) = match &act.change {
            Change::Setting { id, value } => (Some(id.clone()), Some(value.clone()), None, BTreeMap::new()),
            Change::Command { name, arguments } => (None, None, Some(name.clone()), arguments.clone()),
        };
        let words = |held: &Held| {
            let held = held.clone();
            (held.id, held.title, held.unit, held.value)
        };
        Self {
            setting,
            value,
            command,
            arguments,
            shown: match &act.stage {
                Stage::Look => None,
                Stage::Write { shown } => Some(shown.iter().map(words).collect()),
            },
        }
    }

    fn act(&self) -> Result<Act, AskedFault> {
        let change = match (&self.setting, &self.value, &self.command) {
            (Some(id), Some(value), None) => Change::Setting {
                id: id.clone(),
                value: value.clone(),
            },
            (None, None, Some(name)) => Change::Command {
                name: name.clone(),
                arguments: self.arguments.clone(),
            },
            _ => {
                return Err(fault(
                    "act",
                    "both or neither",
                    "a setting with its value, or a command",
                ));
            }
        };
        let held = |(id, title, unit, value): &AskedHeld| Held {
            id: id.clone(),
            title: title.clone(),
            unit: unit.clone(),
            value: value.clone(),
        };
        let stage = self.shown.as_ref().map_or(Stage::Look, |shown| Stage::Write {
            shown: shown.iter().map(held).collect(),
        });
        Ok(Act { change, stage })
    }
}

/// What cannot be made out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what the session was asked cannot be used: {what} is {got:?}, expected {want}")]
pub struct AskedFault {
    what: &'static str,
    got: String,
    want: &'static str,
}

impl Asked {
    /// What `order` asks of a device on such a line.
    pub fn of(order: &Order, medium: Medium) -> Self {
        let (zone, rule) = match &order.clock {
            ClockRule::Standard(zone) => (zone, "standard"),
            ClockRule::Zone(zone) => (zone, "zone"),
        };
        let (config, withheld) = without_secrets(&order.driver.describe, &order.config);
        Self {
            started_at: order.started_at.to_string(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            clock_rule: rule.to_owned(),
            medium: medium.word().to_owned(),
            serial: order.serial.clone(),
            model: order.model.clone(),
            config,
            withheld,
            tasks: order.tasks.iter().map(asked_task).collect(),
            set_clock: order.set_clock.map(|set_clock| AskedSetClock {
                policy: ClockPolicy::Set(set_clock.limits).to_string(),
                set_at: set_clock.set_at.map(|at| at.to_string()),
            }),
            act: order.act.as_ref().map(AskedAct::of),
            memory: order
                .memory
                .iter()
                .map(|(key, value)| (key.clone(), hex(value)))
                .collect(),
        }
    }

    /// The order to ask the same again, of `driver` and without waiting in line: `over` a trace, or a line that somebody
    /// made. `config` is what the driver gets, see [`Asked::config_with`].
    ///
    /// # Errors
    /// What of it cannot be made out.
    pub fn order(&self, driver: Arc<Driver>, config: Value, over: Over) -> Result<Order, AskedFault> {
        Ok(Order {
            config,
            over,
            clock: self.clock()?,
            serial: self.serial.clone(),
            model: self.model.clone(),
            tasks: self.assignments()?,
            set_clock: self.set_clock()?,
            act: self.act.as_ref().map(AskedAct::act).transpose()?,
            memory: self.memory()?,
            budget: Budget {
                wall: limits::REPLAY_WALL,
                ..driver.budget()
            },
            answers_within: None,
            cancel: CancellationToken::new(),
            started_at: self.started_at()?,
            driver,
        })
    }

    /// The configuration, with what was left out of it taken from that of the `device`.
    pub fn config_with(&self, device: &Value) -> Value {
        let mut config = self.config.clone();
        if let Value::Object(map) = &mut config {
            for key in &self.withheld {
                map.extend(device.get(key).map(|value| (key.clone(), value.clone())));
            }
        }
        config
    }

    /// One line of JSON.
    pub fn to_text(&self) -> String {
        // Every part has an encoding.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The instant at which it began.
    pub fn started_at(&self) -> Result<Timestamp, AskedFault> {
        instant("started_at", &self.started_at)
    }

    /// How the device's clock relates to UTC.
    pub fn clock(&self) -> Result<ClockRule, AskedFault> {
        let zone = TimeZone::get(&self.zone).map_err(|_| fault("zone", &self.zone, "a name such as Europe/Moscow"))?;
        match self.clock_rule.as_str() {
            "standard" => Ok(ClockRule::Standard(zone)),
            "zone" => Ok(ClockRule::Zone(zone)),
            other => Err(fault("clock_rule", other, "standard or zone")),
        }
    }

    /// What the driver was told that the line is.
    pub fn medium(&self) -> Result<Medium, AskedFault> {
        [Medium::Serial, Medium::Tcp, Medium::Replay]
            .into_iter()
            .find(|medium| medium.word() == self.medium)
            .ok_or_else(|| fault("medium", &self.medium, "serial, tcp or replay"))
    }

    /// The tasks with their spans.
    pub fn assignments(&self) -> Result<Vec<Assignment>, AskedFault> {
        self.tasks.iter().map(assignment).collect()
    }

    /// How the clock may be set.
    pub fn set_clock(&self) -> Result<Option<SetClock>, AskedFault> {
        let Some(asked) = &self.set_clock else { return Ok(None) };
        let limits = match asked.policy.parse() {
            Ok(ClockPolicy::Set(limits)) => limits,
            _ => return Err(fault("policy", &asked.policy, "such as beyond 30s within 10m every 1d")),
        };
        let set_at = asked.set_at.as_deref().map(|at| instant("set_at", at)).transpose()?;
        Ok(Some(SetClock { limits, set_at }))
    }

    /// What the driver remembered.
    pub fn memory(&self) -> Result<BTreeMap<String, Vec<u8>>, AskedFault> {
        let entries = self.memory.iter();
        entries
            .map(|(key, value)| Ok((key.clone(), bytes("memory", value)?)))
            .collect()
    }
}

/// `config` without the values of secret keys, and the keys that it had.
fn without_secrets(describe: &Describe, config: &Value) -> (Value, Vec<String>) {
    let mut config = config.clone();
    let mut withheld = Vec::new();
    if let Value::Object(map) = &mut config {
        for key in secret_keys(describe) {
            withheld.extend(map.remove(key).map(|_| key.to_owned()));
        }
    }
    (config, withheld)
}

fn asked_task(assignment: &Assignment) -> AskedTask {
    let spans = assignment.spans.iter();
    AskedTask {
        task: assignment.task.to_string(),
        spans: spans
            .map(|span| (span.start.to_string(), span.end.to_string()))
            .collect(),
        resume: assignment.resume.as_deref().map(hex),
    }
}

fn assignment(asked: &AskedTask) -> Result<Assignment, AskedFault> {
    let task: Task = asked
        .task
        .parse()
        .map_err(|_| fault("task", &asked.task, "a task such as clock or hourly"))?;
    let mut spans = Vec::with_capacity(asked.spans.len());
    for (start, end) in &asked.spans {
        spans.push(Span {
            start: instant("start of a span", start)?,
            end: instant("end of a span", end)?,
        });
    }
    let resume = asked.resume.as_deref().map(|text| bytes("resume", text)).transpose()?;
    Ok(Assignment { task, spans, resume })
}

fn fault(what: &'static str, got: &str, want: &'static str) -> AskedFault {
    AskedFault {
        what,
        got: got.to_owned(),
        want,
    }
}

fn instant(what: &'static str, text: &str) -> Result<Timestamp, AskedFault> {
    text.parse()
        .map_err(|_| fault(what, text, "an instant such as 2026-11-20T11:00:00Z"))
}

fn bytes(what: &'static str, text: &str) -> Result<Vec<u8>, AskedFault> {
    unhex(text).ok_or_else(|| fault(what, text, "hex digits"))
}

/// Bytes as two hex digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The way back; blanks between digits are passed over.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(high * 16 + low).ok())
        .collect()
}
