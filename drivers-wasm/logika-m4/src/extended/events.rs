//! The meter's journals: archives of НС (6) and of changed settings, ИЗМ (4), with a text for each moment (M4 note,
//! sections 4.4 and 11).

use uzel_driver_sdk::calendar::seconds;
use uzel_driver_sdk::{CivilTime, Event, Failure, Port, Severity, Sink};

use super::model::Group;
use super::session::Session;
use super::tags;
use super::talk::ARCHIVE;
use crate::legacy::trouble::Trouble;

const ABNORMAL: u8 = 6;
const CHANGES: u8 = 4;
/// Entries of one answer: as many as the maker's own program was seen to ask for.
const COUNT: u8 = 80;
/// Answers of one journal: more than the largest ring of 4 000 takes in answers of half of [`COUNT`].
const ANSWERS: usize = 120;
/// Code of a changed setting.
const CHANGE: &str = "ИЗМ";

impl Session {
    /// The journals from `since` on.
    pub fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        if !self.has_clock() {
            return Err(Failure::Unsupported("this model keeps no journals".to_owned()));
        }
        for channel in self.model.archive_channels() {
            for kind in [ABNORMAL, CHANGES] {
                self.journal(port, channel, kind, since, out)?;
            }
        }
        Ok(())
    }

    fn journal(
        &mut self,
        port: &mut dyn Port,
        channel: u8,
        kind: u8,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let mut next = from_label(since);
        let mut last = None;
        for _ in 0..ANSWERS {
            let mut data = Vec::new();
            tags::put(&mut data, tags::OCTETS, &[0xff, 0xff, channel, kind, COUNT]);
            tags::put(&mut data, tags::LABEL, &next);
            let reply = self.talk.ask(port, ARCHIVE, &data)?;
            let (events, pointer) = entries(&reply, self.point(channel))?;
            let newest = events.iter().filter_map(|event| seconds(event.at)).max();
            if !events.is_empty() {
                out.events(&events)?;
            }
            // Some meters point back to what was read.
            match pointer {
                Some(pointer) if pointer != next && (newest > last || last.is_none()) => next = pointer,
                _ => return Ok(()),
            }
            last = newest.max(last);
        }
        port.note("a journal goes on for longer than the ring is");
        Ok(())
    }

    fn point(&self, channel: u8) -> u8 {
        let group = |group: &&Group| group.channel == channel;
        self.model
            .record
            .iter()
            .find(group)
            .map_or(0, |group| if channel == 0 { 0 } else { group.point })
    }
}

/// A label of eight bytes, or the beginning of the meter's time.
fn from_label(since: Option<CivilTime>) -> Vec<u8> {
    let year = since.and_then(|since| u8::try_from(since.year.checked_sub(2_000)?).ok());
    match (since, year) {
        (Some(at), Some(year)) => vec![year, at.month, at.day, at.hour, at.minute, at.second, 0, 0],
        _ => vec![0, 1, 1, 0, 0, 0, 0, 0],
    }
}

/// Entries, and the label of the next one.
type Entries = (Vec<Event>, Option<Vec<u8>>);

/// Reads one answer.
pub fn entries(reply: &[u8], point: u8) -> Result<Entries, Trouble> {
    let wrong = || Trouble::Garbled("a journal's answer is no list of labels and texts".to_owned());
    let found = tags::all(reply).ok_or_else(wrong)?;
    let (pairs, []) = found.as_chunks::<2>() else {
        return Err(wrong());
    };
    let mut events = Vec::new();
    for [label, entry] in pairs {
        if label.kind != tags::LABEL {
            return Err(wrong());
        }
        if entry.bytes.is_empty() {
            return Ok((events, Some(label.bytes.to_vec()).filter(|label| !label.is_empty())));
        }
        let at = label.label().filter(|at| seconds(*at).is_some()).ok_or_else(wrong)?;
        events.push(event(at, entry.text(), point));
    }
    Err(wrong())
}

/// `НС05+` began, `НС05-` ended; anything else is a change, in the meter's words.
fn event(at: CivilTime, text: String, point: u8) -> Event {
    let sign = text.strip_suffix(['+', '-']).filter(|code| {
        let number = code.strip_prefix("НС").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let (code, severity, began) = match sign {
        Some(code) => (code.to_owned(), Severity::Warning, Some(text.ends_with('+'))),
        None => (CHANGE.to_owned(), Severity::Info, None),
    };
    Event {
        at,
        code,
        severity,
        began,
        point,
        text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn entries_are_situations_and_changes() {
        let reply = "49 08 18 01 0F 09 1E 00 00 00 16 05 CD D1 30 35 2B 49 08 18 01 0F 09 2A 0A 00 00 16 05 CD D1 30 35 2D 49 00 30 00";
        let (events, next) = entries(&unhex(reply).unwrap(), 2).unwrap();
        let said: Vec<_> = events
            .iter()
            .map(|event| (event.code.as_str(), event.began, event.at.minute))
            .collect();
        assert_eq!(said, [("НС05", Some(true), 30), ("НС05", Some(false), 42)]);
        assert_eq!((next, events[0].point), (None, 2));
        let reply = "49 08 0F 09 1D 0F 0F 01 00 00 16 0D C2 FB EF EE EB ED E5 ED 20 CF D3 D1 CA 49 08 0F 09 1E 00 00 00 00 00 30 00";
        let (events, next) = entries(&unhex(reply).unwrap(), 0).unwrap();
        assert_eq!(
            (events[0].code.as_str(), events[0].text.as_str()),
            ("ИЗМ", "Выполнен ПУСК")
        );
        assert_eq!(next, Some(vec![0x0f, 9, 0x1e, 0, 0, 0, 0, 0]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = entries(&bytes, 0);
        }
    }
}
