//! One record of an archive: where it is, how it is come by, and which interval it is of.

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, Port};

use crate::map::{Access, Archive, Label, Map, Shown, Source};
use crate::number::Number;
use crate::reading::read_all;
use uzel_driver_sdk::calendar;
use uzel_driver_sdk::modbus::pdu::{Request, Span};
use uzel_driver_sdk::modbus::talk::Talk;

/// Damaged records in a row that a search steps over.
const STEPS: u32 = 8;
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
pub fn part(bytes: &[u8], at: u16, registers: u16) -> Vec<u8> {
    let begin = usize::from(at) * 2;
    let end = begin + usize::from(registers) * 2;
    bytes.get(begin..end).unwrap_or_default().to_vec()
}

/// Where records are: pure in the map, one question at a time.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub map: &'a Map,
    pub archive: &'a Archive,
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

    /// Records, by how many are newer.
    pub fn records(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        head: Head,
        places: std::ops::Range<u32>,
    ) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        for back in places {
            let record = self.record(talk, port, head, back)?;
            let is_end = record == Record::Blank;
            records.push(record);
            if is_end {
                break;
            }
        }
        let is_ordered = |pair: &[Record]| match pair {
            [Record::Dated { begin, .. }, Record::Dated { end, .. }] => end <= begin,
            _ => true,
        };
        if !records.windows(2).all(is_ordered) {
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

    pub fn record(self, talk: &mut Talk, port: &mut dyn Port, head: Head, back: u32) -> Result<Record, Failure> {
        let archive = self.archive;
        let place = match head.newest {
            Some(newest) => (newest + archive.depth - back % archive.depth) % archive.depth,
            None => back,
        };
        let Some(bytes) = self.bytes(talk, port, place)? else {
            return Ok(Record::Blank);
        };
        let is_all = |value: u8| bytes.iter().all(|byte| *byte == value);
        if is_all(0) || is_all(0xff) {
            return Ok(Record::Blank);
        }
        let shown = match (&archive.stamp, head.clock) {
            (Some(stamp), _) => stamp.decode(&part(&bytes, stamp.at, stamp.layout.registers())),
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
        Ok(match shown {
            Shown::Time(label) => dated(archive, label, bytes),
            Shown::Blank => Record::Blank,
            Shown::Impossible => Record::Damaged,
        })
    }

    /// The registers of the record in this place; none where the device has no such record.
    fn bytes(self, talk: &mut Talk, port: &mut dyn Port, place: u32) -> Result<Option<Vec<u8>>, Failure> {
        let archive = self.archive;
        let offset = place.saturating_mul(archive.stride.into());
        let number = |base: u16| u16::try_from(u32::from(base).saturating_add(offset)).ok();
        let span = |at| Span {
            area: archive.area,
            at,
            count: archive.length,
        };
        let answer = match archive.access {
            Access::Registers => match number(archive.at) {
                Some(at) => talk.read(port, span(at))?,
                None => return Ok(None),
            },
            Access::File => match number(archive.first) {
                Some(record) => {
                    let (file, length) = (archive.file, archive.length);
                    talk.data(port, &Request::File { file, record, length })?
                }
                None => return Ok(None),
            },
            Access::Select => match number(archive.first) {
                Some(number) => return self.selected(talk, port, number, span(archive.at)),
                None => return Ok(None),
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

    /// How many records are newer than the first that begins before `end`.
    pub fn first_before(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        head: Head,
        newest: &Record,
        end: i64,
    ) -> Result<u32, Failure> {
        if newest.begin() < end {
            return Ok(0);
        }
        // Holes only bring an older record nearer: it lies no further back than there are intervals between.
        let between = (newest.begin() - end) / shortest(self.archive.kind) + 1;
        let (mut low, mut high) = (0, head.held.min(u32::try_from(between).unwrap_or(u32::MAX)));
        if high > 1 && self.begin_near(talk, port, head, high - 1)? >= end {
            return Ok(high);
        }
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.begin_near(talk, port, head, middle)? < end {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(high)
    }

    /// Begin of a record, or of the next older one whose date is a date.
    fn begin_near(self, talk: &mut Talk, port: &mut dyn Port, head: Head, back: u32) -> Result<i64, Failure> {
        for back in back..head.held.min(back.saturating_add(STEPS)) {
            let record = self.record(talk, port, head, back)?;
            if record != Record::Damaged {
                return Ok(record.begin());
            }
        }
        Ok(i64::MIN)
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

/// The least seconds that an interval of the kind lasts.
fn shortest(kind: ArchiveKind) -> i64 {
    match kind {
        ArchiveKind::Hourly => calendar::HOUR,
        ArchiveKind::Daily => calendar::DAY,
        _ => 28 * calendar::DAY,
    }
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
