//! Archives: interval by interval, all arrays of an interval in one row. The label of a row is the end of its interval, a
//! second behind the time that the meter writes into the record.

use uzel_driver_sdk::calendar::{civil, seconds};
use uzel_driver_sdk::modbus::pdu::Exception;
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{
    Absence, ArchiveKind, Column, Failure, LabelRule, Mark, Port, Quality, Row, Sink, Value, Window,
};

use crate::cells::absent;
use crate::interval::{Grid, Interval};
use crate::layout::{Layout, Run, conditions};
use crate::model::{Archive, Part};
use crate::record::{Slot, slots};
use crate::session::Session;

/// How many ring depths back a record is asked for: where a ring counts records and not hours, an outage makes it reach
/// further back than its depth.
const REACH: u32 = 2;
/// Of an interval that ended less than this ago nothing is said to be absent, seconds; nor to be refused, which may mean
/// that it is not written yet.
const FRESH_S: i64 = 300;
const REFUSED_S: i64 = 3_600;
/// Intervals of one piece of work, which is repeated as a whole when the line proves to be doubtful.
const CHUNK: usize = 8;
/// Name and number of the form of its resume tokens.
const RESUME: &str = "vzlet/1";

/// One array, with the columns that it has in a row.
struct Used {
    part: Part,
    columns: Vec<(Column, &'static Run, usize)>,
    /// The meter has no such array.
    is_missing: bool,
}

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    grid: Grid,
    depth: u32,
    used: Vec<Used>,
    /// The meter's clock when the call began.
    clock: i64,
    /// Neighbouring intervals without a record, from when to when, that are not said yet.
    missing: Option<(i64, i64, Absence)>,
    done: u32,
    total: u32,
}

/// Reads the records whose intervals begin within `windows`.
pub fn read(
    session: &mut Session,
    port: &mut dyn Port,
    kind: ArchiveKind,
    windows: &[Window],
    resume: Option<&[u8]>,
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let (Some(archive), Some(grid)) = (session.model.archive(kind), Grid::of(kind, session.contract)) else {
        return Err(Failure::Unsupported(format!(
            "of {} no such archive is known",
            session.model.id
        )));
    };
    let bounds: Vec<(i64, i64)> = windows.iter().map(bounds).collect::<Result<_, _>>()?;
    let clock = session.clock_now(port)?;
    let total = bounds
        .iter()
        .map(|(from, to)| grid.count(*from, (*to).min(clock)))
        .fold(0, u32::saturating_add);
    let used = used(session, archive);
    let columns: Vec<Column> = used
        .iter()
        .flat_map(|used| used.columns.iter().map(|(column, ..)| column.clone()))
        .collect();
    out.declare(&columns, LabelRule::IntervalEnd)?;
    let mut reader = Reader {
        session,
        port,
        out,
        grid,
        depth: archive.depth,
        used,
        clock,
        missing: None,
        done: 0,
        total,
    };
    reader.windows(&bounds, resume.and_then(|token| Token::parse(RESUME, token)))
}

fn bounds(window: &Window) -> Result<(i64, i64), Failure> {
    match (seconds(window.begin), seconds(window.end)) {
        (Some(begin), Some(end)) => Ok((begin, end)),
        _ => Err(Failure::Unsupported("a window has a date that cannot be".to_owned())),
    }
}

fn used(session: &Session, archive: &Archive) -> Vec<Used> {
    let parts = archive.parts.iter().filter(|part| session.context.has(part.point));
    parts
        .map(|part| Used {
            part: *part,
            columns: session.context.columns(part.layout.runs, part.point),
            is_missing: false,
        })
        .collect()
}

/// What came of one interval: a slot for each array in use.
type Gathered = Vec<Vec<Slot>>;

impl Reader<'_> {
    fn windows(&mut self, bounds: &[(i64, i64)], resume: Option<Token>) -> Result<(), Failure> {
        for (number, (from, to)) in bounds.iter().enumerate() {
            let from = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (*from..*to).contains(&token.start) => token.start + 1,
                _ => *from,
            };
            let read = self.window(number, from, *to);
            // What is known is known, whatever ended the call.
            read.and(self.say_missing())?;
        }
        Ok(())
    }

    fn window(&mut self, number: usize, from: i64, to: i64) -> Result<(), Failure> {
        let oldest = self.clock - self.grid.span(self.depth.saturating_mul(REACH));
        let mut next = self.grid.at_or_after(from.max(oldest));
        if from < next.start.min(to) && from < oldest {
            self.miss(from, next.start.min(to), Absence::Overwritten)?;
        }
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            // The running interval is never asked for.
            while chunk.len() < CHUNK && next.start < to && next.end <= self.clock {
                chunk.push(next);
                next = self.grid.next(next);
            }
            if chunk.is_empty() {
                return Ok(());
            }
            self.chunk(number, from, &chunk)?;
            self.done = self.done.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
            self.out.progress(self.done, self.total.max(self.done));
        }
    }

    fn chunk(&mut self, number: usize, from: i64, chunk: &[Interval]) -> Result<(), Failure> {
        let gathered = self.gather(chunk)?;
        let mut rows = Vec::new();
        let mut last = None;
        for (place, interval) in chunk.iter().enumerate() {
            let slots: Vec<&Slot> = gathered.iter().filter_map(|slots| slots.get(place)).collect();
            match self.judge(interval, &slots) {
                Some(Ok(row)) => {
                    rows.push(row);
                    last = Some(interval.start);
                }
                // No other interval begins on the same day, or in the same month: it has no record at all.
                Some(Err(why)) => self.miss(self.grid.unit(interval.start).max(from), interval.end, why)?,
                None => {}
            }
        }
        if let Some(start) = last {
            let token = Token { window: number, start };
            self.out.rows(&rows, Some(&token.write(RESUME)))?;
        }
        Ok(())
    }

    /// The slots of each array in use for these intervals.
    fn gather(&mut self, chunk: &[Interval]) -> Result<Gathered, Failure> {
        let (grid, used) = (self.grid, &mut self.used);
        self.session.talk.proven(self.port, |talk, port| {
            let mut gathered = Vec::with_capacity(used.len());
            for one in used.iter_mut() {
                if one.is_missing {
                    gathered.push(vec![Slot::None; chunk.len()]);
                    continue;
                }
                match slots(talk, port, &one.part, grid, chunk)? {
                    Ok(slots) => gathered.push(slots),
                    Err(Exception(1 | 2)) if one.part.is_extra => {
                        port.note(&format!("the meter has no array {}", one.part.array));
                        one.is_missing = true;
                        gathered.push(vec![Slot::None; chunk.len()]);
                    }
                    Err(exception) => {
                        let array = one.part.array;
                        return Err(Failure::Refused(format!("array {array}: {exception}")));
                    }
                }
            }
            Ok(gathered)
        })
    }

    /// The row of an interval, or why there is none; nothing where neither is certain.
    fn judge(&self, interval: &Interval, slots: &[&Slot]) -> Option<Result<Row, Absence>> {
        let is_younger = |than: i64| interval.end + than > self.clock;
        let arrays = || self.used.iter().zip(slots).filter(|(used, _)| !used.is_missing);
        // The meter writes its arrays one after another.
        let is_open = arrays().any(|(_, slot)| match slot {
            Slot::Record(_) => false,
            Slot::None => is_younger(FRESH_S),
            Slot::Refused(_) => is_younger(REFUSED_S),
            Slot::Later => true,
        });
        if is_open {
            return None;
        }
        let main = || arrays().filter(|(used, _)| !used.part.is_extra);
        if main().any(|(_, slot)| matches!(slot, Slot::Record(_))) {
            return self.row(slots).map(Ok);
        }
        if main().any(|(_, slot)| matches!(slot, Slot::Refused(_))) {
            return Some(Err(Absence::Refused));
        }
        let is_old = interval.end + self.grid.span(self.depth) <= self.clock;
        Some(Err(if is_old {
            Absence::Overwritten
        } else {
            Absence::NeverWritten
        }))
    }

    fn row(&self, slots: &[&Slot]) -> Option<Row> {
        let time = slots.iter().find_map(|slot| match slot {
            Slot::Record(record) => Layout::time(record),
            _ => None,
        })?;
        let interval = self.grid.before(time + 1);
        let mut row = Row {
            label: Some(civil(interval.end)),
            other_end: matches!(self.grid, Grid::Months { .. }).then(|| civil(interval.start)),
            length_s: None,
            values: Vec::new(),
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        for (used, slot) in self.used.iter().zip(slots) {
            put(&mut row, used, slot);
        }
        Some(row)
    }

    /// Adds a span without records to its neighbour: who asks next time asks by the calendar, and a span that ends within a
    /// day would leave that day open.
    fn miss(&mut self, from: i64, to: i64, why: Absence) -> Result<(), Failure> {
        match &mut self.missing {
            Some((_, end, same)) if from <= *end && *same == why => *end = to,
            _ => {
                self.say_missing()?;
                self.missing = Some((from, to, why));
            }
        }
        Ok(())
    }

    fn say_missing(&mut self) -> Result<(), Failure> {
        let Some((from, to, why)) = self.missing.take() else {
            return Ok(());
        };
        let window = Window {
            begin: civil(from),
            end: civil(to),
        };
        self.out.absent(window, why)
    }
}

/// Adds the cells of one array to a row.
fn put(row: &mut Row, used: &Used, slot: &Slot) {
    let layout = used.part.layout;
    let Slot::Record(record) = slot else {
        let code = match slot {
            Slot::Refused(Exception::RETURNED) => Some("C1".to_owned()),
            Slot::Refused(exception) => Some(exception.0.to_string()),
            _ => None,
        };
        for _ in &used.columns {
            let (value, mark) = absent(row.values.len(), code.clone());
            row.values.push(value);
            row.marks.push(mark);
        }
        return;
    };
    let is_damaged = layout.is_damaged(record);
    for (_, run, at) in &used.columns {
        let value = run.form.value(record, *at);
        let column = u16::try_from(row.values.len()).unwrap_or(u16::MAX);
        let mark = |quality, code: Option<&str>| Mark {
            column,
            quality,
            code: code.map(str::to_owned),
        };
        if value == Value::Absent {
            row.marks.push(mark(Quality::Absent, None));
        } else if is_damaged {
            row.marks.push(mark(Quality::Doubtful, Some("СОСТ7")));
        }
        row.values.push(value);
    }
    row.conditions
        .extend(conditions(layout.signs, layout.meanings, record, used.part.point));
}
