//! The meter's logs: P.98, and the list of power failures of P1.

use uzel_driver_sdk::calendar::reckon;
use uzel_driver_sdk::{CivilTime, Event, Failure, Port, Severity, Sink};

use crate::dataset::{self, Set};
use crate::obis::Address;
use crate::profile::{self, Entry};
use crate::register::merged;
use crate::session::Session;
use crate::stamp::stamp;
use crate::status;
use crate::trouble::Trouble;

/// Events of one call.
const EVENTS: usize = 256;
const TEXT_MAX: usize = 240;

impl Session {
    /// The log from `since` on, or all of it.
    pub fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let events = match self.is_listened() {
            true => self.failures(),
            false => self.log(port, since)?,
        };
        let is_new = |event: &Event| since.is_none_or(|since| reckon(event.at) >= reckon(since));
        let events: Vec<Event> = events.into_iter().filter(is_new).collect();
        events.chunks(EVENTS).try_for_each(|part| out.events(part))
    }

    fn failures(&self) -> Vec<Event> {
        merged(self.sets.as_deref().unwrap_or_default())
            .iter()
            .flat_map(failures)
            .collect()
    }

    fn log(&mut self, port: &mut dyn Port, since: Option<CivilTime>) -> Result<Vec<Event>, Failure> {
        let config = &self.link.config;
        let (name, command) = (config.log.clone(), config.command());
        let from = since.map(|since| config.profile_time.write(since)).unwrap_or_default();
        let question = format!("{name}({from};)");
        let mut judge = |answer: &str| match dataset::error(answer) {
            Some(_) => Ok(()),
            None => profile::decode(&name, &dataset::parse(answer))
                .map(|_| ())
                .map_err(|error| error.to_string()),
        };
        let answer = match self.link.ask(port, command, &question, &mut judge) {
            Ok(answer) => answer,
            Err(Trouble::Nak(_)) => return Err(Failure::Unsupported(format!("the meter has no log {name}"))),
            Err(trouble) => return Err(trouble.into()),
        };
        if let Some(error) = dataset::error(&answer) {
            port.note(&format!("{question}: {error}"));
            return Ok(Vec::new());
        }
        let entries = profile::decode(&name, &dataset::parse(&answer));
        let entries = entries.map_err(|error| Failure::Garbled(error.to_string()))?;
        Ok(entries.iter().flat_map(events).collect())
    }
}

/// An entry is an event for each bit of its status.
pub fn events(entry: &Entry) -> Vec<Event> {
    let values: Vec<String> = entry
        .channels
        .iter()
        .zip(&entry.values)
        .map(|(channel, value)| format!("{} {value}", channel.id))
        .collect();
    let values = values.join(", ");
    let event = |code: String, severity, began, text: &str| {
        let text = [text, values.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        Event {
            at: entry.label,
            code,
            severity,
            began,
            point: 0,
            text: text.join(": ").chars().take(TEXT_MAX).collect(),
        }
    };
    match status::word(&entry.status) {
        Some(word) if word != 0 => status::said(word)
            .into_iter()
            .map(|said| event(said.code, said.severity, said.began, said.text))
            .collect(),
        _ => vec![event(entry.status.chars().take(32).collect(), Severity::Info, None, "")],
    }
}

/// `99.97.0(count)(id)(end)(seconds)…`: power failures with their ends (DSMR 5, section 6.12).
fn failures(set: &Set) -> Vec<Event> {
    let is_list = Address::parse(&set.id).is_some_and(|address| (address.c, address.d) == (Some(99), Some(97)));
    let [_, id, entries @ ..] = set.values.as_slice() else {
        return Vec::new();
    };
    let entries = entries.chunks_exact(2).filter(|_| is_list);
    let event = |pair: &[dataset::Item]| {
        let [end, lasted] = pair else { return None };
        Some(Event {
            at: stamp(&end.text)?,
            code: id.text.chars().take(32).collect(),
            severity: Severity::Warning,
            began: Some(false),
            point: 0,
            text: format!(
                "power failed for {} {}",
                lasted.text.trim_start_matches('0'),
                lasted.unit
            )
            .chars()
            .take(TEXT_MAX)
            .collect(),
        })
    };
    entries.filter_map(event).collect()
}
