//! What a recording says is so: records to the last digit. Whatever a line does, a driver may give less, never else.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::hold::Held;
use super::recording::Recording;
use crate::model::{Cell, Column, Record, RecordKind, Table, Value};
use crate::session::Taken;

/// Of which value.
type Place = (RecordKind, Timestamp, Column);

/// What may be given.
pub(super) struct Truth<'a> {
    recording: &'a Recording,
    cells: HashMap<Place, Vec<Cell>>,
    starts: HashSet<(RecordKind, Timestamp)>,
}

impl<'a> Truth<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let mut truth = Self {
            recording,
            cells: HashMap::new(),
            starts: HashSet::new(),
        };
        for (columns, record) in records(&recording.reading.tables) {
            truth.starts.insert((record.kind, moment(record)));
            for (column, cell) in columns.iter().zip(&record.cells) {
                let place = (record.kind, moment(record), column.clone());
                truth.cells.entry(place).or_default().push(cell.clone());
            }
        }
        truth
    }

    /// The first thing that is not as it was recorded.
    pub(super) fn wrong(&self, held: &Held) -> Option<String> {
        let records = held
            .given
            .records()
            .find_map(|(columns, record)| self.wrong_record(columns, record));
        records.or_else(|| self.wrong_said(held))
    }

    fn wrong_record(&self, columns: &[Column], record: &Record) -> Option<String> {
        let (kind, at) = (record.kind, moment(record));
        if !self.starts.contains(&(kind, at)) {
            return Some(format!(
                "a record of {kind} for {}, which the recording has not",
                record.starts_at
            ));
        }
        for (column, cell) in columns.iter().zip(&record.cells) {
            let known = self.cells.get(&(kind, at, column.clone()));
            if known.is_some_and(|known| known.contains(cell)) {
                continue;
            }
            let (id, got) = (&column.id, shown(cell));
            let want = known.and_then(|known| known.first()).map(shown);
            let want = want.unwrap_or_else(|| "no such column".to_owned());
            return Some(format!("{kind} {}: {id} is {got}, recorded {want}", record.starts_at));
        }
        None
    }

    /// Absences, events and the identity.
    fn wrong_said(&self, held: &Held) -> Option<String> {
        for (kind, span, _) in &held.given.absent {
            let has = |(of, at): &&(RecordKind, Timestamp)| *of == RecordKind::Archive(*kind) && span.contains(*at);
            if let Some((_, at)) = self.starts.iter().find(has) {
                return Some(format!("{kind} {at} is said to be absent, the recording has it"));
            }
        }
        let events = &self.recording.reading.events;
        if let Some(event) = held.given.events.iter().find(|event| !events.contains(event)) {
            return Some(format!(
                "an event {:?} at {}, which the recording has not",
                event.code, event.label
            ));
        }
        let (device, who) = (&self.recording.manifest.device, held.report.identity.as_ref()?);
        if (&who.model, &who.serial) != (&device.model, &device.serial) {
            return Some(format!(
                "the device is {} {:?}, recorded {} {:?}",
                who.model, who.serial, device.model, device.serial
            ));
        }
        None
    }

    /// How many of the recorded records are among those that came.
    pub(super) fn found(&self, given: &[&Taken]) -> usize {
        let came: HashSet<_> = given
            .iter()
            .flat_map(|given| given.records())
            .map(|(_, record)| (record.kind, moment(record)))
            .collect();
        self.starts.intersection(&came).count()
    }

    /// How many records it has, the last of each interval.
    pub(super) fn records(&self) -> usize {
        self.starts.len()
    }
}

/// Records with their columns.
pub(super) fn records(tables: &[Table]) -> impl Iterator<Item = (&[Column], &Record)> {
    tables.iter().flat_map(Table::rows)
}

/// When a record begins. What holds at one moment may be read a little later on a bad line: its time is no measure.
fn moment(record: &Record) -> Timestamp {
    match record.kind {
        RecordKind::Archive(_) => record.starts_at,
        RecordKind::Current | RecordKind::Totals => Timestamp::UNIX_EPOCH,
    }
}

/// A cell for people.
fn shown(cell: &Cell) -> String {
    match &cell.value {
        Value::Absent => "absent".to_owned(),
        Value::Fixed { digits, decimals } => crate::model::record::fixed_text(*digits, *decimals),
        Value::Float(float) => float.to_string(),
        Value::Bits(bits) => format!("bits {bits:x}"),
        Value::Text(text) => format!("{text:?}"),
    }
}
