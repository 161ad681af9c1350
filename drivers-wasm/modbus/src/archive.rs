//! Archives: records by number, sought by the date in them, from the newest back.

use std::cell::Cell;

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, LabelRule, Port, Row, Sink, Window};

use crate::device::{Device, add, blank_row, column};
use crate::gather;
use crate::map::{Archive, Label};
use crate::record::{At, Head, Record, intervals, part};
use crate::search::Seen;
use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar;
use uzel_driver_sdk::modbus::talk::Talk;

/// Records read before they are given on, and questions for them: what may have to be asked again when the line was not
/// silent behind them, and what is lost when it breaks.
const ROWS: u32 = 16;
const QUESTIONS: u32 = 8;

/// What was read of a window.
#[derive(Default)]
struct Walk {
    /// (begin, end) of the records, newest first.
    intervals: Vec<(i64, i64)>,
    /// Nothing older is held.
    at_end: bool,
    /// Dates went back and forth, or were none: what is not there cannot be told.
    is_uncertain: bool,
}

impl Device {
    /// Reads the records that begin in the windows, and says what the device does not hold.
    pub fn archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let map = &self.map;
        let Some(archive) = map.archives.iter().find(|archive| archive.kind == kind) else {
            return Err(Failure::Unsupported("the map names no such archive".to_owned()));
        };
        let fields = archive.fields.iter();
        let columns: Vec<_> = fields
            .map(|field| column(&field.name, field.source.decimals()))
            .collect();
        let labels = match archive.label {
            Label::Start => LabelRule::IntervalStart,
            Label::End => LabelRule::IntervalEnd,
        };
        out.declare(&columns, labels)?;
        let most = Cell::new(gather::most(map, archive));
        let windows = merged(windows, most.get() > 1);
        let mut reader = Reader {
            talk: &mut self.talk,
            at: At {
                map,
                archive,
                most: &most,
            },
            stand: None,
        };
        windows.iter().try_for_each(|window| reader.window(port, *window, out))
    }
}

/// Windows that touch become one, which is read from its newest record back. Where every record is a question of its own,
/// windows that go forward in time stay as they are: what comes first is lost first.
fn merged(windows: &[Window], is_quick: bool) -> Vec<Window> {
    let mut merged: Vec<Window> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if last.begin == window.end => last.begin = window.begin,
            Some(last) if last.end == window.begin && is_quick => last.end = window.end,
            _ => merged.push(*window),
        }
    }
    merged
}

/// The archive as it was found, and what was seen of it since.
struct Stand {
    head: Head,
    newest: Record,
    seen: Vec<Seen>,
}

struct Reader<'a> {
    talk: &'a mut Talk,
    at: At<'a>,
    /// None: it is to be looked at before the next window.
    stand: Option<Stand>,
}

impl Reader<'_> {
    fn window(&mut self, port: &mut dyn Port, window: Window, out: &mut dyn Sink) -> Result<(), Failure> {
        let at = self.at;
        let limits = (calendar::reckon(window.begin), calendar::reckon(window.end));
        let stand = match self.stand.take() {
            // Without dates in the records the clock is, and it goes on.
            Some(stand) if stand.head.clock.is_none() => stand,
            _ => self.look(port)?,
        };
        let (head, mut seen) = (stand.head, stand.seen);
        let (mut next, probed) = self.talk.proven(port, |talk, port| {
            let mut seen = seen.clone();
            let first = at.first_before(talk, port, head, &mut seen, limits.1)?;
            Ok((first, seen))
        })?;
        let first = next;
        seen = probed;
        let mut walk = Walk::default();
        while next < head.held && !walk.at_end {
            let newest = walk.intervals.last().map_or(limits.1, |(begin, _)| *begin);
            if newest <= limits.0 {
                break;
            }
            let wanted = intervals(at.archive.kind, newest - limits.0).clamp(1, (at.most.get() * QUESTIONS).max(ROWS));
            let until = next.saturating_add(wanted).min(head.held);
            let newer = walk.intervals.last().map(|(begin, _)| *begin);
            let records = self
                .talk
                .proven(port, |talk, port| at.records(talk, port, head, next..until, newer))?;
            let rows = walk.take(at.archive, &records, limits);
            if !rows.is_empty() {
                out.rows(&rows, None)?;
            }
            next = until;
        }
        if !walk.at_end {
            let ends = [
                (first, walk.intervals.first()),
                (next.saturating_sub(1), walk.intervals.last()),
            ];
            let known = ends.map(|(back, interval)| interval.map(|(begin, _)| (back, *begin)));
            seen.extend(known.into_iter().flatten());
        }
        let stand = Stand { seen, ..stand };
        self.absences(port, window, stand, next, walk, out)
    }

    /// Looks at the head and the newest record.
    fn look(&mut self, port: &mut dyn Port) -> Result<Stand, Failure> {
        let at = self.at;
        self.talk.proven(port, |talk, port| {
            let head = at.head(talk, port)?;
            let newest = if head.held > 0 {
                at.record(talk, port, head, 0)?
            } else {
                Record::Blank
            };
            let seen = vec![(0, newest.begin())];
            Ok(Stand { head, newest, seen })
        })
    }

    /// Says what was not there, if the archive stood still meanwhile.
    fn absences(
        &mut self,
        port: &mut dyn Port,
        window: Window,
        stand: Stand,
        next: u32,
        mut walk: Walk,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let Record::Dated { end: until, .. } = stand.newest else {
            return Ok(());
        };
        walk.intervals.reverse();
        let is_full = next >= self.at.archive.depth && !walk.at_end;
        // A window that lies before a full ring holds nothing that was not gone past.
        let oldest = walk.intervals.first().map_or(i64::MAX, |(begin, _)| *begin);
        let lost = if is_full { oldest } else { i64::MIN };
        let gaps = gaps(window, &walk.intervals, lost, until);
        if walk.is_uncertain {
            port.note("the archive's dates are in disorder: nothing is said of what it does not hold");
            return Ok(());
        }
        if !gaps.is_empty() {
            let again = self.look(port)?;
            if (again.head, &again.newest) != (stand.head, &stand.newest) {
                port.note("the archive moved: nothing is said of what it does not hold");
                return Ok(());
            }
        }
        for (gap, why) in gaps {
            out.absent(gap, why)?;
        }
        self.stand = Some(stand);
        Ok(())
    }
}

impl Walk {
    /// The rows of records that lie in the window.
    fn take(&mut self, archive: &Archive, records: &[Record], limits: (i64, i64)) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in records {
            let Record::Dated {
                label,
                begin,
                end,
                bytes,
            } = record
            else {
                self.at_end |= *record == Record::Blank;
                self.is_uncertain |= *record == Record::Damaged;
                continue;
            };
            self.is_uncertain |= self.at_end || self.intervals.last().is_some_and(|(newer, _)| end > newer);
            self.intervals.push((*begin, *end));
            if (limits.0..limits.1).contains(begin) {
                rows.push(fields(archive, *label, bytes));
            }
        }
        rows
    }
}

fn fields(archive: &Archive, label: CivilTime, bytes: &[u8]) -> Row {
    let mut row = blank_row(Some(label), archive.fields.len());
    for field in &archive.fields {
        let source = &field.source;
        add(&mut row, source, Ok(part(bytes, source.at, source.registers)), None);
    }
    row
}
