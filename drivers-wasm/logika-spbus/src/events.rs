//! The meter's journals: 098 НС, 095 diagnostics of older models, 096 changes of settings, 097 power breaks; read as
//! arrays by index, 1 is the newest (SPbus note, section 3.3).

use uzel_driver_sdk::{CivilTime, Event, Failure, Port, Severity, Sink};

use crate::abnormal;
use crate::message::Field;
use crate::number::{cut, is_diagnostic};
use crate::session::Session;
use crate::stamp::stamp;
use uzel_driver_sdk::calendar::seconds;

/// Entries of one question.
const PART: u16 = 25;
/// The contract's bounds.
const CODE_MAX: usize = 32;
const TEXT_MAX: usize = 256;

impl Session {
    /// All entries from `since` on, journal by journal, newest first.
    pub fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let since = since.and_then(seconds).unwrap_or(i64::MIN);
        for journal in self.model.journals {
            self.journal(port, *journal, since, out)?;
        }
        Ok(())
    }

    fn journal(&mut self, port: &mut dyn Port, number: u16, since: i64, out: &mut dyn Sink) -> Result<(), Failure> {
        let depth = u16::try_from(self.model.journal_depth).unwrap_or(u16::MAX);
        for first in (1..=depth).step_by(usize::from(PART)) {
            let fields = self.elements(port, number, first, PART.min(depth - first + 1))?;
            let mut events = Vec::new();
            let mut is_last = fields.len() < usize::from(PART);
            for field in &fields {
                let Some(at) = time(field) else {
                    // Places that were never written.
                    is_last |= is_diagnostic(&field.value) || field.value.is_empty();
                    continue;
                };
                if seconds(at).is_some_and(|at| at < since) {
                    is_last = true;
                    break;
                }
                events.push(event(number, at, field));
            }
            if !events.is_empty() {
                out.events(&events)?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }
}

/// The time of an entry: its third field, or the second where the text between is left out.
fn time(field: &Field) -> Option<CivilTime> {
    field.time.as_deref().and_then(stamp).or_else(|| stamp(&field.unit))
}

fn event(journal: u16, at: CivilTime, field: &Field) -> Event {
    let note = if stamp(&field.unit).is_some() {
        ""
    } else {
        field.unit.as_str()
    };
    let words = |first: &str| format!("{first} {note}").trim().to_owned();
    let plain = |code: &str, text: String| Event {
        at,
        code: code.to_owned(),
        severity: Severity::Info,
        began: None,
        point: 0,
        text: cut(&text, TEXT_MAX),
    };
    match journal {
        96 => plain("ИПа", words(&field.value)),
        97 => plain("tп", words(&field.value)),
        _ => {
            let named = abnormal::named(&field.value);
            Event {
                severity: Severity::Warning,
                began: named.began,
                point: [named.code.as_str(), note]
                    .map(abnormal::channel)
                    .into_iter()
                    .find(|point| *point > 0)
                    .unwrap_or(0),
                ..plain(&cut(&named.code, CODE_MAX), words(&field.value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_the_meters_words() {
        let field = |value: &str, unit: &str, time: Option<&str>| Field {
            value: value.to_owned(),
            unit: unit.to_owned(),
            time: time.map(str::to_owned),
        };
        let told = |journal, field: Field| {
            let event = event(journal, time(&field).unwrap(), &field);
            (event.code, event.began, event.point, event.text)
        };
        let at = Some("10-01-24/08:15:00");
        assert_eq!(
            told(98, field("+40", "т1-РВМ", at)),
            ("40".into(), Some(true), 1, "+40 т1-РВМ".into())
        );
        assert_eq!(
            told(98, field("-в1-03-03", "", at)),
            ("в1-03-03".into(), Some(false), 0, "-в1-03-03".into())
        );
        assert_eq!(told(96, field("024", "8", at)), ("ИПа".into(), None, 0, "024 8".into()));
        assert_eq!(
            told(97, field("1.5", "10-01-24/08:15:00", None)),
            ("tп".into(), None, 0, "1.5".into())
        );
        assert!(time(&field("+40", "", Some("Нет данных?"))).is_none());
    }
}
