//! Archives: slices, one record with all its values, asked for from the newest label back (SPbus note, sections 3.1 and
//! 10). A label is the end of its interval and is taken from the answer, never from the question.

use uzel_driver_sdk::{
    Absence, ArchiveKind, Batch, CivilTime, Column, Failure, LabelRule, Mark, Port, Row, Sink, Value, Window,
};

use crate::column::column;
use crate::interval::{HALF_HOUR, Step, bounds, window};
use crate::message::{self, Slice};
use crate::model::{Archive, Known};
use crate::number::{self, Cell};
use crate::session::{Part, Session};
use uzel_driver_sdk::calendar::{HOUR, civil, seconds};
use uzel_driver_sdk::resume::Token;

/// An interval that ended less than this ago may not be written yet, seconds.
const FRESH_S: i64 = 60;
/// Meters take the year 00 for 2100 (SPbus note, section 3): nothing before is asked for.
const FIRST_YEAR: u16 = 2001;
/// A gateway sometimes answers that it has no data, once or twice (SPbus note, section 4).
const TRIES: u32 = 3;
const PAUSE_MS: u32 = 500;
/// What a meter says of a label that it does not have.
const NO_DATA: &str = "Нет данных";
/// Records beyond what a window can hold before the meter's labels are not believed.
const STRAY: i64 = 16;

/// The contract's bound.
const COLUMNS_MAX: usize = 256;
/// Half-hours at whose labels a meter is asked whether it keeps half-hours.
const PROBES: i64 = 4;

/// Name and number of the form of its resume tokens.
const RESUME: &str = "spbus/1";

/// A label, and the values of each part of the archive.
type Labelled = (i64, Vec<Vec<String>>);

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    archive: &'static Archive,
    step: Step,
    parts: Vec<Part>,
    /// Whether a record came.
    has_read: bool,
    /// The meter's clock when the call began.
    clock: i64,
    batch: Batch,
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
    let archive = session.model.archive_of(kind);
    let step = Step::of(kind, session.report_day);
    let (Some(archive), Some(step)) = (archive, step) else {
        return Err(Failure::Unsupported(format!(
            "{} keeps no such archive",
            session.model.id
        )));
    };
    let bounds: Vec<(i64, i64)> = windows.iter().map(bounds).collect::<Result<_, _>>()?;
    let parts = session.parts(port, archive)?;
    let columns = columns(session, archive, &parts)?;
    let clock = session.clock_now(port)?;
    let total = bounds
        .iter()
        .map(|(from, to)| step.count(*from, (*to).min(clock)))
        .sum::<i64>();
    out.declare(&columns, LabelRule::IntervalEnd)?;
    let mut reader = Reader {
        session,
        port,
        out,
        archive,
        step,
        parts,
        has_read: false,
        clock,
        batch: Batch::default(),
        done: 0,
        total: u32::try_from(total).unwrap_or(u32::MAX),
    };
    let read = reader.windows(&bounds, resume.and_then(|token| Token::parse(RESUME, token)));
    // What was read whole is good, whatever ended the call.
    let flushed = reader.batch.flush(reader.out);
    read.and(flushed)
}

fn columns(session: &Session, archive: &Archive, parts: &[Part]) -> Result<Vec<Column>, Failure> {
    let slots = parts.iter().flat_map(|part| &part.slots);
    let columns = slots.filter(|slot| session.wants(slot)).map(|slot| {
        let known = known(session, archive, slot.number);
        column(session.model, known, slot.number, slot.channel, &slot.unit)
    });
    let columns: Vec<Column> = columns.collect();
    match columns.len() {
        0 => Err(Failure::Unsupported(format!(
            "the meter has no archive {:?}",
            archive.references
        ))),
        1..=COLUMNS_MAX => Ok(columns),
        count => Err(Failure::Config(format!(
            "a record has {count} values, {COLUMNS_MAX} at most can be kept: name fewer in channels"
        ))),
    }
}

fn known(session: &Session, archive: &Archive, number: u16) -> Option<&'static Known> {
    let hours = number.checked_sub(archive.offset)?;
    session.model.known(session.model.archive, hours)
}

impl Reader<'_> {
    fn windows(&mut self, bounds: &[(i64, i64)], resume: Option<Token>) -> Result<(), Failure> {
        if self.step == Step::HalfHour {
            self.check_half_hours()?;
        }
        for (number, (from, to)) in bounds.iter().enumerate() {
            let to = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (*from..*to).contains(&token.start) => token.start,
                _ => *to,
            };
            self.window(number, *from, to)?;
        }
        Ok(())
    }

    /// Goes from the newest label of a window back to the oldest. `explained` is the start of what was told so far.
    fn window(&mut self, number: usize, from: i64, to: i64) -> Result<(), Failure> {
        let mut explained = to;
        // Labels lie on whole hours, or half ones.
        let grain = self.step.longest().min(HOUR);
        let mut ask = to
            .saturating_add(self.step.longest() - 1)
            .min(self.clock)
            .div_euclid(grain)
            * grain;
        for _ in 0..self.step.count(from, ask) + STRAY {
            if ask <= from || civil(ask).year < FIRST_YEAR {
                return self.absent(from, explained, None);
            }
            let (record, older) = self.record(ask)?;
            match record.map(|(label, values)| (label, self.step.start(label), values)) {
                Some((label, start, values)) if label <= ask && start < explained => {
                    if start < from {
                        return self.absent(from, explained, Some(label));
                    }
                    self.absent(label, explained, Some(label))?;
                    let row = self.row(label, start, &values);
                    let token = Token { window: number, start }.write(RESUME);
                    self.batch.push(row, Some(token), self.port.now(), self.out)?;
                    explained = start;
                    self.done = self.done.saturating_add(1);
                    self.out.progress(self.done, self.total.max(self.done));
                }
                // Newer than asked for, or no record at this label.
                _ => {}
            }
            match older {
                Some(older) => ask = older,
                None => return self.absent(from, explained, None),
            }
        }
        Err(Failure::Garbled("the labels of the archive lead nowhere".to_owned()))
    }

    /// A meter can be set to keep hours in the place of half-hours; its labels tell.
    fn check_half_hours(&mut self) -> Result<(), Failure> {
        let newest = (self.clock - HALF_HOUR).div_euclid(HOUR) * HOUR + HALF_HOUR;
        let mut hours = 0;
        for back in 0..PROBES {
            match self.slice(0, newest - back * HOUR)? {
                Slice::Record { label, .. } if label.minute == 0 => hours += 1,
                _ => return Ok(()),
            }
        }
        Err(Failure::Unsupported(format!(
            "the last {hours} records end with whole hours, expected half-hours"
        )))
    }

    /// The newest label at or before a time with its values, part by part, and the label before. A part that has nothing
    /// at the label is empty.
    fn record(&mut self, at: i64) -> Result<(Option<Labelled>, Option<i64>), Failure> {
        let mut found = Vec::with_capacity(self.parts.len());
        for part in 0..self.parts.len() {
            found.push(match self.slice(part, at)? {
                Slice::Record {
                    label,
                    previous,
                    values,
                } => (seconds(label), previous, values),
                Slice::None { previous } => (None, previous, Vec::new()),
                Slice::Refused(_) => (None, None, Vec::new()),
            });
        }
        let newest = found.iter().filter_map(|(label, ..)| *label).max();
        let mut older = None;
        let mut values = Vec::with_capacity(found.len());
        for (label, previous, of_part) in found {
            let is_of_newest = label.is_some() && label == newest;
            let behind = if label.is_some() && !is_of_newest {
                label
            } else {
                previous.and_then(seconds)
            };
            older = older.max(behind.filter(|behind| *behind < at));
            values.push(if is_of_newest { of_part } else { Vec::new() });
        }
        // One part has no record where another has none either but leads to a newer one: that one is asked for.
        let newest = newest.filter(|newest| older.is_none_or(|older| older < *newest));
        Ok((newest.map(|newest| (newest, values)), older))
    }

    /// What a part of the archive has at or before a time.
    fn slice(&mut self, part: usize, at: i64) -> Result<Slice, Failure> {
        let Some(part) = self.parts.get(part) else {
            return Ok(Slice::None { previous: None });
        };
        let asked = message::ask_slice(part.reference, civil(at));
        let count = part.slots.len();
        let mut said = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.port.sleep(PAUSE_MS);
            }
            let link = &mut self.session.link;
            let slice = link.ask(self.port, &asked, |answer| {
                message::slice(&asked, count, &answer.blocks)
            })?;
            match &slice {
                Slice::Record { label, .. } => {
                    self.has_read = true;
                    self.port.note(&format!("record {}", shown(*label)));
                }
                Slice::None { .. } => self.port.note(&format!("no record at {}", shown(civil(at)))),
                Slice::Refused(text) => {
                    said.clone_from(text);
                    continue;
                }
            }
            return Ok(slice);
        }
        // Believed of what is older than a record, not of the whole archive.
        if self.has_read && said.starts_with(NO_DATA) {
            return Ok(Slice::None { previous: None });
        }
        let at = shown(civil(at));
        Err(Failure::Refused(format!("the meter says {said:?} to a record at {at}")))
    }

    /// Says that `from..to` has no records, as far as its intervals have ended: counted on from a label where one is
    /// known.
    fn absent(&mut self, from: i64, to: i64, label: Option<i64>) -> Result<(), Failure> {
        let settled = self.clock - FRESH_S;
        let to = match label {
            Some(label) => to.min(self.step.ended(label, settled)),
            None => to.min(settled - self.step.longest()),
        };
        if from >= to {
            return Ok(());
        }
        let ring = self.step.longest() * i64::from(self.archive.depth);
        let edge = (self.clock - ring).clamp(from, to);
        if from < edge {
            self.out.absent(window(from, edge), Absence::Overwritten)?;
        }
        if edge < to {
            self.out.absent(window(edge, to), Absence::NeverWritten)?;
        }
        Ok(())
    }

    fn row(&self, label: i64, start: i64, values: &[Vec<String>]) -> Row {
        let is_month = matches!(self.step, Step::Month { .. } | Step::Decade);
        let mut row = Row {
            label: Some(civil(label)),
            other_end: is_month.then(|| civil(start)),
            length_s: None,
            values: Vec::new(),
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        let parts = self.parts.iter().zip(values);
        let cells =
            parts.flat_map(|(part, values)| part.slots.iter().enumerate().map(|(at, slot)| (slot, values.get(at))));
        for (slot, text) in cells.filter(|(slot, _)| self.session.wants(slot)) {
            let text = text.map_or("", String::as_str);
            let is_text =
                known(self.session, self.archive, slot.number).is_some_and(|known| known.quantity == "abnormal");
            put(
                &mut row,
                if is_text {
                    number::text_cell(text)
                } else {
                    number::cell(text)
                },
            );
        }
        row
    }
}

/// Adds a cell to a row.
pub fn put(row: &mut Row, cell: Cell) {
    let column = u16::try_from(row.values.len()).unwrap_or(u16::MAX);
    let value: Value = cell.value;
    row.values.push(value);
    if let Some((quality, code)) = cell.mark {
        row.marks.push(Mark { column, quality, code });
    }
}

fn shown(at: CivilTime) -> String {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = at;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
