//! Journals, which are read by index from the current one back (Vzlet note, section 5.5).

use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::calendar::{civil, seconds};
use uzel_driver_sdk::{CivilTime, Event, Failure, Port, Severity, Sink};

use crate::ask;
use crate::model::{Entries, Journal, Place};
use crate::session::Session;

/// Entries of one question: of five bytes, or of six where a mode has two.
const PART: u16 = 42;

/// All entries from `since` on, journal by journal, newest first.
pub fn read(
    session: &mut Session,
    port: &mut dyn Port,
    since: Option<CivilTime>,
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let since = since.and_then(seconds).unwrap_or(i64::MIN);
    let Some(indexes) = session.model.indexes else {
        return Err(Failure::Unsupported(format!(
            "of {} no journal is known",
            session.model.id
        )));
    };
    let journals = session.model.journals.iter();
    let journals: Vec<Journal> = journals
        .filter(|journal| session.context.has(journal.point))
        .copied()
        .collect();
    journals
        .into_iter()
        .try_for_each(|journal| read_one(session, port, indexes, journal, since, out))
}

fn read_one(
    session: &mut Session,
    port: &mut dyn Port,
    indexes: Place,
    journal: Journal,
    since: i64,
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let place = Place {
        at: indexes.at.saturating_add(journal.array),
        ..indexes
    };
    let index = session
        .talk
        .proven(port, |talk, port| talk.data(port, &ask::registers(place, 1)))?;
    let Some(current) = index
        .ok()
        .and_then(|data| data.first_chunk::<2>().map(|data| u16::from_be_bytes(*data)))
    else {
        port.note(&format!("the meter has no journal {}", journal.array));
        return Ok(());
    };
    // Whether the current index is the newest entry or the place behind it is not documented: so it is read, too.
    let mut last = current.min(journal.depth.saturating_sub(1));
    let mut left = journal.depth;
    while left > 0 {
        let count = PART.min(left).min(last + 1);
        let first = last + 1 - count;
        let question = ask::by_index(journal.array, count, first);
        let data = match session.talk.proven(port, |talk, port| talk.data(port, &question))? {
            Ok(data) => data,
            Err(exception) => {
                port.note(&format!("journal {}: {exception}", journal.array));
                return Ok(());
            }
        };
        let is_newest = left == journal.depth;
        let (events, is_done) = entries(journal, &data, count, since, is_newest);
        if !events.is_empty() {
            out.events(&events)?;
        }
        if is_done {
            return Ok(());
        }
        left -= count;
        last = first.checked_sub(1).unwrap_or(journal.depth - 1);
    }
    Ok(())
}

/// Entries of one answer, newest first, and whether nothing older is wanted.
fn entries(journal: Journal, data: &[u8], count: u16, since: i64, is_newest: bool) -> (Vec<Event>, bool) {
    let size = data.len() / usize::from(count.max(1));
    if size < 5 {
        return (Vec::new(), true);
    }
    let mut events = Vec::new();
    for (place, entry) in data.chunks_exact(size).rev().enumerate() {
        let Some(event) = event(journal, entry) else {
            // The end of the journal; in the place of the current index it may only be the next one to be written.
            if is_newest && place == 0 {
                continue;
            }
            return (events, true);
        };
        if seconds(event.at).is_some_and(|at| at < since) {
            return (events, true);
        }
        events.push(event);
    }
    (events, false)
}

/// One entry; none where there is none.
pub fn event(journal: Journal, entry: &[u8]) -> Option<Event> {
    let mut reader = Reader::new(entry);
    let time = reader.u32_be().ok()?;
    if time == 0 || time == u32::MAX {
        return None;
    }
    let word = reader
        .rest()
        .iter()
        .fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let number = usize::try_from(word & 0x1f).unwrap_or_default();
    let began = Some(word & 0x80 == 0);
    let named = |names: &[&str]| {
        names
            .get(number)
            .map_or(format!("№ {number}"), |name| (*name).to_owned())
    };
    let (code, began, severity, text) = match journal.kind {
        Entries::Abnormal => (format!("НС{number}"), began, Severity::Warning, format!("НС {number}")),
        Entries::Device(names) => (number.to_string(), began, Severity::Warning, named(names)),
        Entries::Mode(names) => (number.to_string(), None, Severity::Info, named(names)),
    };
    Some(Event {
        at: civil(time.into()),
        code,
        severity,
        began,
        point: journal.point,
        text,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JOURNAL: Journal = Journal {
        array: 12,
        depth: 500,
        point: 1,
        kind: Entries::Abnormal,
    };

    #[test]
    fn a_journal_ends_where_nothing_was_written() {
        let data = [[0, 0, 0, 0, 0], [0, 0, 0, 9, 3], [0, 0, 0, 10, 0x83], [0xff; 5]].concat();
        let (events, is_done) = entries(JOURNAL, &data, 4, i64::MIN, true);
        let told: Vec<_> = events.iter().map(|event| (event.code.as_str(), event.began)).collect();
        assert_eq!(
            (told.as_slice(), is_done),
            (&[("НС3", Some(false)), ("НС3", Some(true))][..], true)
        );
        let (events, is_done) = entries(JOURNAL, &data[5..15], 2, 10, false);
        assert_eq!((events.len(), is_done), (1, true), "what is older is not wanted");
        let mode = Journal {
            kind: Entries::Mode(&["Работа", "Настройка"]),
            ..JOURNAL
        };
        let shown = event(mode, &[0, 0, 0, 9, 0, 1]).unwrap();
        assert_eq!((shown.text.as_str(), shown.began), ("Настройка", None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_entries_or_none(data in proptest::collection::vec(any::<u8>(), 0..256), count in 0u16..60) {
            let _ = entries(JOURNAL, &data, count, 0, true);
        }
    }
}
