//! Hourly and daily records, each asked for by its label, which is the start of its interval.

use uzel_driver_sdk::calendar::{DAY, HOUR, civil, reckon};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{Absence, ArchiveKind, Batch, Failure, LabelRule, Port, Sink, Window};

use crate::field::{self, Field};
use crate::layout::{self, Layout};
use crate::question::{DATE, Question, Said};
use crate::session::{Now, Session, taken};

/// Depth of both archives (VKT-4 note, section 4).
const DEPTH_S: i64 = 45 * DAY;
/// Asked for beyond it: the depth is not certain to the record.
const BEYOND_S: i64 = DAY;
/// Records that are asked for together. Each is asked for twice, with the others between, so that nothing which a line
/// delivers twice counts for two.
const TOGETHER: usize = 8;
const FORM: &str = "vkt4/1";

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    layout: Layout,
    /// Length of an interval.
    step: i64,
    now: Now,
    batch: Batch,
    /// Neighbouring intervals without a record, not yet said.
    missing: Option<(i64, i64, Absence)>,
    declared: bool,
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
    let step = match kind {
        ArchiveKind::Hourly => HOUR,
        ArchiveKind::Daily => DAY,
        _ => {
            return Err(Failure::Unsupported("ВКТ-4 keeps hours and days only".to_owned()));
        }
    };
    let now = session.now(port)?;
    let layout = layout::record(session.model, step == DAY);
    let mut reader = Reader {
        session,
        port,
        out,
        layout,
        step,
        now,
        batch: Batch::default(),
        missing: None,
        declared: false,
        done: 0,
        total: 0,
    };
    let resume = resume.and_then(|bytes| Token::parse(FORM, bytes));
    let read = reader.windows(windows, resume);
    // What was read whole is good, whatever ended the call.
    let (flushed, said) = (reader.batch.flush(reader.out), reader.say_missing());
    read.and(flushed).and(said)
}

impl Reader<'_> {
    fn windows(&mut self, windows: &[Window], resume: Option<Token>) -> Result<(), Failure> {
        let mut jobs = Vec::new();
        for (number, window) in windows.iter().enumerate() {
            let (begin, end) = (reckon(window.begin), reckon(window.end));
            let held = self.beyond(begin, end)?;
            let first = held + (-held).rem_euclid(self.step);
            // The running interval is never asked for.
            let mut starts = (first..end).step_by(usize::try_from(self.step).unwrap_or(1));
            let is_new = |start: i64| match resume {
                Some(token) => (number, start) > (token.window, token.start),
                None => true,
            };
            jobs.extend(
                starts
                    .by_ref()
                    .take_while(|start| start + self.step <= self.now.hour)
                    .filter(|start| is_new(*start))
                    .map(|start| (number, start)),
            );
        }
        self.total = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        jobs.chunks(TOGETHER).try_for_each(|jobs| self.together(jobs))
    }

    /// Says what the meter cannot hold of a window; gives the time from which on it may.
    fn beyond(&mut self, begin: i64, end: i64) -> Result<i64, Failure> {
        let floor = self.now.hour - DEPTH_S - BEYOND_S;
        // A record may be of the part of an interval.
        let since = self.now.since.map(|since| since.div_euclid(self.step) * self.step);
        let (from, why) = match since {
            Some(since) if since > floor => (since, Absence::NeverWritten),
            _ => (floor, Absence::Overwritten),
        };
        let held = begin.max(from);
        if begin < from.min(end) {
            self.out.absent(window(begin, from.min(end)), why)?;
        }
        Ok(held)
    }

    /// A few records, which come or fail together.
    fn together(&mut self, jobs: &[(usize, i64)]) -> Result<(), Failure> {
        let questions: Vec<Question> = jobs
            .iter()
            .map(|(_, start)| match self.step {
                HOUR => Question::hour(civil(*start)),
                _ => Question::day(civil(*start)),
            })
            .collect();
        let (answers, ended) = self.session.link.agreed(self.port, &questions);
        for ((number, start), said) in jobs.iter().zip(&answers) {
            self.record(*number, *start, said)?;
            self.done = self.done.saturating_add(1);
            self.out.progress(self.done, self.total);
        }
        ended
    }

    fn record(&mut self, number: usize, start: i64, said: &Said) -> Result<(), Failure> {
        let end = start + self.step;
        let label = civil(start);
        if said.is_without() {
            self.port.note(&format!("no record {label:?}"));
            // Of the hour that has just ended the record may not be written yet.
            if end >= self.now.hour {
                return Ok(());
            }
            let is_old = end + DEPTH_S <= self.now.hour;
            let why = if is_old {
                Absence::Overwritten
            } else {
                Absence::NeverWritten
            };
            return self.miss(start, end, why);
        }
        let data = taken(said, "a record")?.get(DATE..).unwrap_or_default();
        let row = field::row(&self.layout.fields, data).filter(|_| self.layout.lengths.contains(&data.len()));
        let Some(mut row) = row else {
            return Err(Failure::Unsupported(format!(
                "a record of {} bytes, {} has {:?}",
                data.len(),
                self.session.model.id(),
                self.layout.lengths
            )));
        };
        self.port.note(&format!("record {label:?}"));
        if !self.declared {
            let columns: Vec<_> = self.layout.fields.iter().map(Field::column).collect();
            self.out.declare(&columns, LabelRule::IntervalStart)?;
            self.declared = true;
        }
        row.label = Some(label);
        let token = Token { window: number, start }.write(FORM);
        self.batch.push(row, Some(token), self.port.now(), self.out)
    }

    /// Adds an interval without a record to its neighbours.
    fn miss(&mut self, start: i64, end: i64, why: Absence) -> Result<(), Failure> {
        match &mut self.missing {
            Some((_, until, reason)) if *until == start && *reason == why => *until = end,
            _ => {
                self.say_missing()?;
                self.missing = Some((start, end, why));
            }
        }
        Ok(())
    }

    fn say_missing(&mut self) -> Result<(), Failure> {
        match self.missing.take() {
            Some((start, end, why)) => self.out.absent(window(start, end), why),
            None => Ok(()),
        }
    }
}

fn window(begin: i64, end: i64) -> Window {
    Window {
        begin: civil(begin),
        end: civil(end),
    }
}
