//! Archives: records by number, sought by the date in them, from the newest back.

use uzel_driver_sdk::{ArchiveKind, CivilTime, Failure, LabelRule, Port, Row, Sink, Window};

use crate::device::{Device, column, row};
use crate::map::{Archive, Label, Map, Source};
use crate::reading::Bytes;
use crate::record::{At, Head, Record, part};
use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar;
use uzel_driver_sdk::modbus::talk::Talk;

/// Records read before they are given on: as many as may have to be read again when the line was not silent behind them.
const ROWS: u32 = 16;

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
        let mut reader = Reader {
            talk: &mut self.talk,
            map,
            archive,
        };
        windows.iter().try_for_each(|window| reader.window(port, *window, out))
    }
}

struct Reader<'a> {
    talk: &'a mut Talk,
    map: &'a Map,
    archive: &'a Archive,
}

impl Reader<'_> {
    fn window(&mut self, port: &mut dyn Port, window: Window, out: &mut dyn Sink) -> Result<(), Failure> {
        let (map, archive) = (self.map, self.archive);
        let limits = (calendar::reckon(window.begin), calendar::reckon(window.end));
        let (head, newest, first) = self.talk.proven(port, |talk, port| {
            let at = At { map, archive };
            let head = at.head(talk, port)?;
            let newest = if head.held > 0 {
                at.record(talk, port, head, 0)?
            } else {
                Record::Blank
            };
            let first = at.first_before(talk, port, head, &newest, limits.1)?;
            Ok((head, newest, first))
        })?;
        let mut walk = Walk::default();
        let mut next = first;
        while next < head.held && !walk.at_end {
            let until = (next + ROWS).min(head.held);
            let records = self.talk.proven(port, |talk, port| {
                At { map, archive }.records(talk, port, head, next..until)
            })?;
            let rows = walk.take(archive, &records, limits);
            if !rows.is_empty() {
                out.rows(&rows, None)?;
            }
            next = until;
            if walk.intervals.last().is_some_and(|(begin, _)| *begin < limits.0) {
                break;
            }
        }
        self.absences(port, window, head, &newest, next, walk, out)
    }

    /// Says what was not there, if the archive stood still meanwhile.
    #[allow(clippy::too_many_arguments, reason = "what one window came to")]
    fn absences(
        &mut self,
        port: &mut dyn Port,
        window: Window,
        head: Head,
        newest: &Record,
        next: u32,
        mut walk: Walk,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let (map, archive) = (self.map, self.archive);
        let again = self.talk.proven(port, |talk, port| {
            let at = At { map, archive };
            let head = at.head(talk, port)?;
            let record = if head.held > 0 {
                at.record(talk, port, head, 0)?
            } else {
                Record::Blank
            };
            Ok((head, record))
        })?;
        if walk.is_uncertain || (again.0, &again.1) != (head, newest) {
            port.note("the archive moved or its dates are in disorder: nothing is said of what it does not hold");
            return Ok(());
        }
        let Record::Dated { end: until, .. } = newest else {
            return Ok(());
        };
        walk.intervals.reverse();
        let is_full = next >= archive.depth && !walk.at_end;
        // A window that lies before a full ring holds nothing that was not gone past.
        let oldest = walk.intervals.first().map_or(i64::MAX, |(begin, _)| *begin);
        let lost = if is_full { oldest } else { i64::MIN };
        for (gap, why) in gaps(window, &walk.intervals, lost, *until) {
            out.absent(gap, why)?;
        }
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
    let cells: Vec<(&Source, (Bytes, Option<Bytes>))> = archive
        .fields
        .iter()
        .map(|field| {
            (
                &field.source,
                (Ok(part(bytes, field.source.at, field.source.registers)), None),
            )
        })
        .collect();
    row(Some(label), cells.iter().map(|(source, cell)| (*source, cell)))
}
