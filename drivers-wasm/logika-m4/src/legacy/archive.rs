//! Archives: one question a record, by its label (M4 note, section 3.1). A label is the end of the interval.

use uzel_driver_sdk::{Absence, ArchiveKind, Batch, Failure, LabelRule, Port, Row, Sink, Window};

use super::current::empty_row;
use super::interval::{Grid, Interval, bounds, window};
use super::question::{Question, Reply};
use super::session::Session;
use super::table::{self, Block};
use super::trouble::Trouble;
use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::resume::Token;

/// How many ring depths back a record is asked for. A ring counts records, not hours: an outage makes it reach
/// further back than its depth.
const REACH: u32 = 2;
/// A record this fresh may not be written yet: the meter closes an hour within 15 s (M4 note, section 5.3).
const FRESH_S: i64 = 30;
/// Refusal: no such record.
const NO_RECORD: u8 = 3;

/// Name and number of the form of its resume tokens.
const RESUME: &str = "m4/1";

/// The record of each heat input for one interval, where there is one.
type Records = Vec<(u8, Option<Vec<u8>>)>;

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    grid: Grid,
    function: u8,
    depth: u32,
    /// The meter's clock when the call began.
    clock: i64,
    batch: Batch,
    /// Neighbouring intervals without a record, not yet said.
    missing: Option<(Interval, Absence)>,
    /// Months that were refused before any month was read: perhaps the meter has no such archive.
    unproven: bool,
    /// Heat inputs that are declared.
    declared: Vec<u8>,
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
    let grid = Grid::of(kind, session.report_day, session.report_hour);
    let [hours, days, decades, months] = session.model.depths;
    let (grid, function, depth) = match grid {
        Some(grid @ Grid::Hours) => (grid, 0x48, hours),
        Some(grid @ Grid::Days { .. }) => (grid, 0x59, days),
        Some(grid @ Grid::Decades { .. }) if decades > 0 => (grid, 0x41, decades),
        Some(grid @ Grid::Months { .. }) => (grid, 0x4d, months),
        _ => return Err(Failure::Unsupported("the meter keeps no such archive".to_owned())),
    };
    let bounds: Vec<(i64, i64)> = windows.iter().map(bounds).collect::<Result<_, _>>()?;
    let clock = session.clock_now(port)?;
    let total = bounds
        .iter()
        .map(|(from, to)| grid.count(*from, (*to).min(clock)))
        .fold(0, u32::saturating_add);
    let mut reader = Reader {
        session,
        port,
        out,
        grid,
        function,
        depth,
        clock,
        batch: Batch::default(),
        missing: None,
        unproven: false,
        declared: Vec::new(),
        done: 0,
        total,
    };
    let read = reader.windows(&bounds, resume.and_then(|token| Token::parse(RESUME, token)));
    // What was read whole is good, whatever ended the call.
    let (flushed, said) = (reader.batch.flush(reader.out), reader.say_missing());
    let guessed = reader.unproven && reader.declared.is_empty();
    read.and(flushed).and(said)?;
    if guessed {
        let why = "no month answered 4D, which is not documented for this model: it may have no month archive";
        return Err(Failure::Unsupported(why.to_owned()));
    }
    Ok(())
}

impl Reader<'_> {
    fn windows(&mut self, bounds: &[(i64, i64)], resume: Option<Token>) -> Result<(), Failure> {
        for (number, (from, to)) in bounds.iter().enumerate() {
            let from = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (*from..*to).contains(&token.start) => token.start + 1,
                _ => *from,
            };
            self.window(number, from, *to)?;
        }
        Ok(())
    }

    fn window(&mut self, number: usize, from: i64, to: i64) -> Result<(), Failure> {
        let oldest = self.clock - self.grid.span(self.depth.saturating_mul(REACH));
        let mut next = self.grid.at_or_after(from.max(oldest));
        let unreachable = Interval {
            start: from,
            end: next.start.min(to),
        };
        if from < oldest && unreachable.start < unreachable.end {
            self.miss(unreachable, Absence::Overwritten)?;
        }
        // The running interval is never asked for.
        while next.start < to && next.end <= self.clock {
            self.interval(number, next)?;
            next = self.grid.next(next);
            self.done = self.done.saturating_add(1);
            self.out.progress(self.done, self.total.max(self.done));
        }
        Ok(())
    }

    fn interval(&mut self, number: usize, interval: Interval) -> Result<(), Failure> {
        let mut records = self.records(interval)?;
        if matches!(records.as_slice(), [(_, Some(first)), (_, Some(second))] if first == second) {
            // The answer to 3F does not say which input it selected; two inputs measure the same only when both idle.
            self.port.note("both heat inputs gave one record: once more");
            records = self.records(interval)?;
        }
        let found = records.iter().filter(|(_, record)| record.is_some()).count();
        let fresh = interval.end + FRESH_S > self.clock;
        if fresh && found < records.len() {
            return Ok(());
        }
        if found == 0 {
            let old = interval.end + self.grid.span(self.depth) <= self.clock;
            return self.miss(
                interval,
                if old {
                    Absence::Overwritten
                } else {
                    Absence::NeverWritten
                },
            );
        }
        self.declare(&records)?;
        let row = self.row(interval, &records);
        let token = Token {
            window: number,
            start: interval.start,
        }
        .write(RESUME);
        self.batch.push(row, Some(token), self.port.now(), self.out)
    }

    fn records(&mut self, interval: Interval) -> Result<Records, Failure> {
        let inputs = self.session.inputs.clone();
        inputs
            .into_iter()
            .map(|input| Ok((input, self.record(input, interval)?)))
            .collect()
    }

    /// The record of one heat input, the same in two rounds; none when the meter twice says that there is none.
    fn record(&mut self, input: u8, interval: Interval) -> Result<Option<Vec<u8>>, Failure> {
        let by_start = self.session.model.day_by_start && matches!(self.grid, Grid::Days { .. });
        let label = civil(if by_start { interval.start } else { interval.end });
        let Some(year) = label.year.checked_sub(1_900).and_then(|year| u8::try_from(year).ok()) else {
            return Ok(None);
        };
        let model = self.session.model;
        let (data, name) = match self.grid {
            Grid::Hours => ([year, label.month, label.day, label.hour], "hour"),
            Grid::Days { .. } => ([year, label.month, label.day, 0], "day"),
            Grid::Decades { .. } => ([year, label.month, label.day, 0], "ten days"),
            Grid::Months { .. } => ([year, label.month, 0, 0], "month"),
        };
        let question = Question {
            function: self.function,
            data,
            len: if self.block() == Block::Hour {
                model.hour_len
            } else {
                model.record_len
            },
        };
        let select = if self.session.model.inputs > 1 { input } else { 0 };
        let reply = self.session.link.twice(self.port, select, &question);
        let label = format_args!(
            "{:04}-{:02}-{:02} {:02}",
            label.year, label.month, label.day, label.hour
        );
        match reply {
            Ok(Reply::Data(record)) => {
                let ns = table::ns_bits(model, self.block(), &record);
                self.port.note(&format!("{name} {label} ТВ{input}: whole, НС {ns:06X}"));
                Ok(Some(record))
            }
            Ok(Reply::Refused(NO_RECORD)) => {
                self.port.note(&format!("{name} {label} ТВ{input}: no record"));
                Ok(None)
            }
            Ok(Reply::Refused(code)) => Err(Trouble::Refused(code).into()),
            // Function 4D is documented for СПГ741 only.
            Err(Trouble::Refused(code)) if matches!(self.grid, Grid::Months { .. }) => Err(Failure::Unsupported(
                format!("this meter has no month archive: it answers 4D with 21 {code:02X}"),
            )),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Declares the columns of the heat inputs that gave a record in this session: one that is not in use gives none
    /// and gets no columns.
    fn declare(&mut self, records: &Records) -> Result<(), Failure> {
        for (input, record) in records {
            if record.is_some() && !self.session.seen.contains(input) {
                self.session.seen.push(*input);
                self.session.seen.sort_unstable();
            }
        }
        if self.declared == self.session.seen {
            return Ok(());
        }
        self.batch.flush(self.out)?;
        self.declared.clone_from(&self.session.seen);
        let columns = table::columns(self.session.model, self.block(), &self.declared, &self.session.units);
        self.out.declare(&columns, LabelRule::IntervalEnd)
    }

    /// Hours may have a form of their own.
    fn block(&self) -> Block {
        if self.grid == Grid::Hours {
            Block::Hour
        } else {
            Block::Record
        }
    }

    fn row(&self, interval: Interval, records: &Records) -> Row {
        let (model, block) = (self.session.model, self.block());
        let mut row = empty_row(interval.end);
        row.other_end = matches!(self.grid, Grid::Decades { .. } | Grid::Months { .. }).then(|| civil(interval.start));
        row.values.reserve(self.declared.len() * table::width(model, block));
        for input in &self.declared {
            let record = records
                .iter()
                .find(|(number, _)| number == input)
                .and_then(|(_, record)| record.as_deref());
            match record {
                Some(record) => {
                    let ns = table::ns_bits(model, block, record);
                    table::fill(model, block, record, ns, *input, &mut row);
                }
                None => table::fill_absent(model, block, &mut row),
            }
        }
        row
    }

    /// Adds an interval without a record to its neighbours.
    fn miss(&mut self, interval: Interval, why: Absence) -> Result<(), Failure> {
        if matches!(self.grid, Grid::Months { .. }) && self.declared.is_empty() {
            self.unproven = true;
            return Ok(());
        }
        match &mut self.missing {
            Some((run, reason)) if run.end == interval.start && *reason == why => run.end = interval.end,
            _ => {
                self.say_missing()?;
                self.missing = Some((interval, why));
            }
        }
        Ok(())
    }

    fn say_missing(&mut self) -> Result<(), Failure> {
        match self.missing.take() {
            Some((run, why)) => self.out.absent(window(run.start, run.end), why),
            None => Ok(()),
        }
    }
}
