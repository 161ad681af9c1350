//! One record of an archive: where it is, how it is come by, and which interval it is of.

use std::cell::Cell;

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, Port};

use crate::map::{Access, Archive, Label, Map, Shown, Source};
use crate::number::Number;
use crate::reading::read_all;
use uzel_driver_sdk::calendar;
use uzel_driver_sdk::modbus::pdu::{Request, Span};
use uzel_driver_sdk::modbus::talk::Talk;

/// Wait for a device that has not put the selected record into its window yet, milliseconds.
const SELECT_MS: u32 = 100;

/// The archive as its header describes it at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Place of the newest record in the ring, from 0; none: numbers count from the newest.
    pub newest: Option<u32>,
    /// Records that there can be.
    pub held: u32,
    /// What the meter's clock showed, where records have no date, seconds.
    pub clock: Option<i64>,
}

/// A record by how many are newer.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Dated {
        label: CivilTime,
        begin: i64,
        end: i64,
        bytes: Vec<u8>,
    },
    /// Nothing was ever written there.
    Blank,
    /// Its date is no date.
    Damaged,
}

impl Record {
    pub fn begin(&self) -> i64 {
        match self {
            Self::Dated { begin, .. } => *begin,
            Self::Blank | Self::Damaged => i64::MIN,
        }
    }
}

/// Registers of a record; the map was checked to have them.
pub fn part(bytes: &[u8], at: u16, registers: u16) -> &[u8] {
    let begin = usize::from(at) * 2;
    let end = begin + usize::from(registers) * 2;
    bytes.get(begin..end).unwrap_or_default()
}

/// Where records are: pure in the map, one question at a time.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub map: &'a Map,
    pub archive: &'a Archive,
    /// Records of one question at most.
    pub most: &'a Cell<u32>,
}

impl At<'_> {
    pub fn head(self, talk: &mut Talk, port: &mut dyn Port) -> Result<Head, Failure> {
        let archive = self.archive;
        let sources: Vec<&Source> = archive.newest.iter().chain(&archive.count).collect();
        let found = read_all(talk, port, self.map, &sources)?;
        let mut found = found.iter();
        let mut number = |source: &Option<Source>, name: &str| {
            let Some(source) = source else { return Ok(None) };
            let bytes = found.next().and_then(|bytes| bytes.as_ref().ok());
            match bytes.map(|bytes| source.decode(bytes)) {
                Some(Number::Whole(number)) => Ok(Some(number)),
                _ => Err(Failure::Refused(format!("{name} of the archive shows no number"))),
            }
        };
        let newest = number(&archive.newest, "newest")?;
        let count = number(&archive.count, "count")?;
        let newest = newest.map(|newest| newest - i64::from(archive.first));
        if let Some(newest) = newest.filter(|newest| !(0..i64::from(archive.depth)).contains(newest)) {
            let text = format!("newest record is {newest} of a ring of {}", archive.depth);
            return Err(Failure::Garbled(text));
        }
        let clock = match (&archive.stamp, &self.map.clock) {
            (None, Some(stamp)) => {
                let bytes = talk.read(port, stamp.span())?;
                let bytes = bytes.map_err(|exception| Failure::Refused(format!("clock: {exception}")))?;
                let shown = stamp.decode(&bytes).time();
                let shown = shown.ok_or_else(|| Failure::Refused("the clock shows no date".to_owned()))?;
                Some(floor(archive.kind, calendar::reckon(shown)))
            }
            _ => None,
        };
        Ok(Head {
            newest: newest.and_then(|newest| u32::try_from(newest).ok()),
            held: count.map_or(archive.depth, |count| {
                u32::try_from(count.max(0)).unwrap_or(u32::MAX).min(archive.depth)
            }),
            clock,
        })
    }

    /// Records, by how many are newer, to the first blank one. `newer` is when the record before them began.
    pub fn records(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        head: Head,
        backs: std::ops::Range<u32>,
        newer: Option<i64>,
    ) -> Result<Vec<Record>, Failure> {
        let records = self.gather(talk, port, head, backs)?;
        let mut newer = newer.unwrap_or(i64::MAX);
        let is_ordered = records.iter().all(|record| match record {
            Record::Dated { begin, end, .. } => *end <= std::mem::replace(&mut newer, *begin),
            Record::Blank | Record::Damaged => true,
        });
        if !is_ordered {
            // An answer to another question may have been taken for a record: it looks like one.
            talk.suspect(port, "the dates of records are in disorder");
        }
        if head.clock.is_some() && self.head(talk, port)?.clock != head.clock {
            return Err(Failure::Garbled(
                "an interval ended while its archive was read".to_owned(),
            ));
        }
        Ok(records)
    }

    /// The place of a record, from 0.
    pub fn place(self, head: Head, back: u32) -> u32 {
        let depth = self.archive.depth;
        match head.newest {
            Some(newest) => (newest + depth - back % depth) % depth,
            None => back,
        }
    }

    pub fn record(self, talk: &mut Talk, port: &mut dyn Port, head: Head, back: u32) -> Result<Record, Failure> {
        let bytes = self.bytes(talk, port, self.place(head, back))?;
        Ok(bytes.map_or(Record::Blank, |bytes| self.judge(head, back, &bytes)))
    }

    /// What the registers of a record say of it.
    pub fn judge(self, head: Head, back: u32, bytes: &[u8]) -> Record {
        let archive = self.archive;
        let is_all = |value: u8| bytes.iter().all(|byte| *byte == value);
        if is_all(0) || is_all(0xff) {
            return Record::Blank;
        }
        let shown = match (&archive.stamp, head.clock) {
            (Some(stamp), _) => stamp.decode(part(bytes, stamp.at, stamp.layout.registers())),
            (None, Some(clock)) => {
                let end = back_by(archive.kind, clock, back.into());
                let label = match archive.label {
                    Label::End => end,
                    Label::Start => end.and_then(|end| back_by(archive.kind, end, 1)),
                };
                label.map_or(Shown::Impossible, |label| Shown::Time(calendar::civil(label)))
            }
            (None, None) => Shown::Impossible,
        };
        match shown {
            Shown::Time(label) => dated(archive, label, bytes.to_vec()),
            Shown::Blank => Record::Blank,
            Shown::Impossible => Record::Damaged,
        }
    }

    /// Registers of the table from the place on.
    pub fn span(self, place: u32, count: u16) -> Option<Span> {
        let offset = place.saturating_mul(self.archive.stride.into());
        let at = u16::try_from(u32::from(self.archive.at).saturating_add(offset)).ok()?;
        Some(Span {
            area: self.archive.area,
            at,
            count,
        })
    }

    /// The registers of the record in this place; none where the device has no such record.
    pub fn bytes(self, talk: &mut Talk, port: &mut dyn Port, place: u32) -> Result<Option<Vec<u8>>, Failure> {
        let archive = self.archive;
        let number = || {
            let offset = place.saturating_mul(archive.stride.into());
            u16::try_from(u32::from(archive.first).saturating_add(offset)).ok()
        };
        let answer = match archive.access {
            Access::Registers => match self.span(place, archive.length) {
                Some(span) => talk.read(port, span)?,
                None => return Ok(None),
            },
            Access::File => match number() {
                Some(record) => {
                    let (file, length) = (archive.file, archive.length);
                    talk.data(port, &Request::File { file, record, length })?
                }
                None => return Ok(None),
            },
            Access::Select => match (number(), self.span(0, archive.length)) {
                (Some(number), Some(window)) => return self.selected(talk, port, number, window),
                _ => return Ok(None),
            },
        };
        match answer {
            Ok(bytes) => Ok(Some(bytes)),
            Err(exception) if exception.is_address() => Ok(None),
            Err(exception) => Err(Failure::Refused(format!("record {place}: {exception}"))),
        }
    }

    /// Writes the number and waits until the window shows that number: without it the window may show another record.
    fn selected(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        number: u16,
        window: Span,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let request = Request::WriteOne {
            at: self.archive.select,
            value: number,
        };
        let mut refused = None;
        for attempt in 0..talk.attempts().max(2) {
            if attempt > 0 {
                port.sleep(SELECT_MS * attempt);
            }
            match talk.write(port, &request) {
                // The device may refuse a number that was changed on its way: only what it refuses twice is not there.
                Ok(Err(exception)) if refused.replace(exception) != Some(exception) => continue,
                Ok(Err(exception)) if exception.is_address() => return Ok(None),
                Ok(Err(exception)) => return Err(Failure::Refused(format!("selecting {number}: {exception}"))),
                // Whether a write came through is seen by the window.
                Ok(Ok(())) | Err(Failure::NoAnswer | Failure::Garbled(_)) => {}
                Err(failure) => return Err(failure),
            }
            match talk.read(port, window)? {
                Ok(bytes) if part(&bytes, self.archive.echo, 1) == number.to_be_bytes() => return Ok(Some(bytes)),
                Ok(_) => port.note("the window does not show the selected record yet"),
                Err(exception) if exception.is_address() => return Ok(None),
                Err(exception) => return Err(Failure::Refused(format!("record {number}: {exception}"))),
            }
        }
        Err(Failure::Garbled(format!("the window never showed record {number}")))
    }
}

fn dated(archive: &Archive, label: CivilTime, bytes: Vec<u8>) -> Record {
    let at = calendar::reckon(label);
    let other = match archive.label {
        Label::End => back_by(archive.kind, at, 1),
        Label::Start => back_by(archive.kind, at, -1),
    };
    let (begin, end) = match (archive.label, other) {
        (_, None) => return Record::Damaged,
        (Label::End, Some(begin)) => (begin, at),
        (Label::Start, Some(end)) => (at, end),
    };
    Record::Dated {
        label,
        begin,
        end,
        bytes,
    }
}

/// So many intervals earlier. None where a month has no such day.
fn back_by(kind: ArchiveKind, at: i64, count: i64) -> Option<i64> {
    match kind {
        ArchiveKind::Hourly => Some(at - count * calendar::HOUR),
        ArchiveKind::Daily => Some(at - count * calendar::DAY),
        _ => calendar::add_months(at, -count),
    }
}

/// How many intervals of the kind may begin within so many seconds.
pub fn intervals(kind: ArchiveKind, seconds: i64) -> u32 {
    let shortest = match kind {
        ArchiveKind::Hourly => calendar::HOUR,
        ArchiveKind::Daily => calendar::DAY,
        _ => 28 * calendar::DAY,
    };
    u32::try_from((seconds + shortest - 1) / shortest).unwrap_or(u32::MAX)
}

/// The end of the last whole interval.
fn floor(kind: ArchiveKind, clock: i64) -> i64 {
    let day = clock.div_euclid(calendar::DAY) * calendar::DAY;
    match kind {
        ArchiveKind::Hourly => clock.div_euclid(calendar::HOUR) * calendar::HOUR,
        ArchiveKind::Daily => day,
        _ => day - (i64::from(calendar::civil(day).day) - 1) * calendar::DAY,
    }
}
