//! Archives: which records a window asks for, and reading them one by one.

use std::rc::Rc;

use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, Condition, Failure, Mark, Port, Quality, Row, Sink, Value, Window,
};

use crate::calendar::{civil, hours, months, report_month_end};
use crate::element::Source;
use crate::meter::{Meter, Shown};
use crate::output::Output;
use crate::reading::{Job, Outcome, Record};
use crate::record::Plan;

/// Records in the rings, as the device's manual is quoted: 1152 hours, 128 days, 36 months.
const HOURS: i64 = 1152;
const DAYS: i64 = 128;
const MONTHS: i64 = 36;

/// Takes what a job gave: the port, the job's place, the job, the outcome.
type Take<'a> = dyn FnMut(&mut dyn Port, usize, &Job, Outcome) -> Result<(), Failure> + 'a;

/// What the device may hold of one archive, hours since 1970.
struct Held {
    /// The first hour that is asked.
    from: i64,
    /// Why there is nothing before it.
    before: Absence,
    /// The hour that runs.
    now: i64,
}

impl Held {
    /// Says that there is no record. One that is just being written may be refused, too: it is asked another time.
    fn without(&self, job: &Job, output: &mut Output) -> Result<(), Failure> {
        if job.end + 1 >= self.now {
            return Ok(());
        }
        output.absent(job.start, job.end, Absence::Refused)
    }
}

impl Meter {
    /// Reads the records whose intervals begin within the windows.
    pub fn archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let source = match kind {
            ArchiveKind::Hourly => Source::Hourly,
            ArchiveKind::Daily => Source::Daily,
            ArchiveKind::Monthly => Source::Monthly,
            _ => {
                let text = "ВКТ-7 has hourly, daily and monthly archives only";
                return Err(Failure::Unsupported(text.to_owned()));
            }
        };
        if source == Source::Monthly && self.report_day().is_none() {
            let text = "report_day: the device does not tell it, so its months are not known";
            return Err(Failure::Config(text.to_owned()));
        }
        self.properties(port)?;
        let held = self.held(port, source)?;
        let mut output = Output::new(sink);
        let mut jobs = Vec::new();
        for (index, window) in windows.iter().enumerate() {
            let (begin, end) = (hours(window.begin), hours(window.end));
            output.absent(begin, end.min(held.from), held.before)?;
            let begin = begin.max(held.from);
            let asked = self.jobs(source, begin, end.min(held.now), index).into_iter();
            jobs.extend(asked.filter(|job| self.is_closed(job, &held)));
        }
        skip_done(&mut jobs, resume);
        let read = match source {
            Source::Monthly if self.config.totals_archive => self.months(port, &jobs, &held, &mut output),
            _ => self.plain(port, &jobs, &held, &mut output),
        };
        let finished = output.finish();
        read.and(finished)
    }

    fn held(&mut self, port: &mut dyn Port, source: Source) -> Result<Held, Failure> {
        let (now, range) = self.range(port)?;
        let now = hours(now);
        let (depth, told) = match source {
            Source::Hourly => (HOURS, range.map(|range| hours(range.hourly))),
            // The label of a daily record has hour 23: the record is that of the calendar day.
            Source::Daily => (
                DAYS * 24,
                range
                    .and_then(|range| range.daily)
                    .map(|day| hours(CivilTime { hour: 0, ..day })),
            ),
            // Complete months, and the one that runs.
            _ => ((MONTHS + 1) * 31 * 24, None),
        };
        let Some(told) = told else {
            return Ok(Held {
                from: now - depth,
                before: Absence::Overwritten,
                now,
            });
        };
        // The ring's depth is not certain, so the device's word counts up to twice of it.
        let from = told.max(now - 2 * depth);
        let full = now - told >= depth * 9 / 10;
        let before = if full {
            Absence::Overwritten
        } else {
            Absence::NeverWritten
        };
        Ok(Held { from, before, now })
    }

    /// The records of one window, `begin` to `end`.
    fn jobs(&self, source: Source, begin: i64, end: i64, window: usize) -> Vec<Job> {
        let job = |start, end, date| Job {
            source,
            start,
            end,
            date: Some(date),
            window,
        };
        match source {
            Source::Hourly => (begin..end).map(|start| job(start, start + 1, civil(start))).collect(),
            Source::Daily => {
                let first = begin + (-begin).rem_euclid(24);
                let last_hour = |start| CivilTime {
                    hour: 23,
                    ..civil(start)
                };
                (first..end)
                    .step_by(24)
                    .map(|start| job(start, start + 24, last_hour(start)))
                    .collect()
            }
            _ => {
                let report_day = self.report_day().unwrap_or(31);
                let month = |month| {
                    let (start, end) = (
                        report_month_end(month - 1, report_day) * 24,
                        report_month_end(month, report_day) * 24,
                    );
                    job(start, end, civil(end - 1))
                };
                if begin >= end {
                    return Vec::new();
                }
                let asked = months(civil(begin)) - 1..=months(civil(end)) + 1;
                asked
                    .map(month)
                    .filter(|job| (begin..end).contains(&job.start))
                    .collect()
            }
        }
    }

    /// Whether the interval is over. From 23:00 of the report day to 1:00 the device closes its month and may give
    /// stale data (drivers), so what ends at that midnight waits an hour.
    fn is_closed(&self, job: &Job, held: &Held) -> bool {
        let closing = self.report_day().is_some_and(|day| {
            let month = months(civil(job.end - 1));
            job.source != Source::Hourly && report_month_end(month, day) * 24 == job.end
        });
        job.end + i64::from(closing) <= held.now
    }

    fn plain(&mut self, port: &mut dyn Port, jobs: &[Job], held: &Held, output: &mut Output) -> Result<(), Failure> {
        self.run(port, jobs, &mut |port, at, job, outcome| {
            output.progress(at + 1, jobs.len());
            match outcome {
                Outcome::Record(record) => {
                    let row = row(job, record.cells.values, record.cells.marks, record.cells.conditions);
                    output.row((record.plan, None), row, token(job), port.now())
                }
                Outcome::NoData => held.without(job, output),
            }
        })
    }

    /// Months, each with the totals at its end beside it: the total archive has one record per report month.
    fn months(&mut self, port: &mut dyn Port, jobs: &[Job], held: &Held, output: &mut Output) -> Result<(), Failure> {
        let mut read: Vec<(Job, Record)> = Vec::new();
        let result = self.run(port, jobs, &mut |_, at, job, outcome| {
            output.progress(at + 1, jobs.len() * 2);
            match outcome {
                Outcome::Record(record) => read.push((*job, record)),
                Outcome::NoData => held.without(job, output)?,
            }
            Ok(())
        });
        result?;
        let totals: Vec<_> = read
            .iter()
            .map(|(job, _)| Job {
                source: Source::TotalArchive,
                ..*job
            })
            .collect();
        let mut read = read.into_iter();
        let mut known: Option<Rc<Plan>> = None;
        self.run(port, &totals, &mut |port, at, job, outcome| {
            output.progress(jobs.len() + at + 1, jobs.len() * 2);
            let Some((_, month)) = read.next() else { return Ok(()) };
            let mut cells = month.cells;
            let shift = u16::try_from(cells.values.len()).unwrap_or(u16::MAX);
            match outcome {
                Outcome::Record(total) => {
                    cells.values.extend(total.cells.values);
                    let marks = total.cells.marks.into_iter();
                    cells.marks.extend(marks.map(|mark| Mark {
                        column: mark.column + shift,
                        ..mark
                    }));
                    let conditions = total.cells.conditions.into_iter();
                    let shifted = |column: Option<u16>| column.map(|column| column + shift);
                    cells.conditions.extend(conditions.map(|c| Condition {
                        column: shifted(c.column),
                        ..c
                    }));
                    known = Some(total.plan);
                }
                Outcome::NoData => {
                    let width = known.as_ref().map_or(0, |plan| plan.columns.len());
                    cells.values.extend(std::iter::repeat_n(Value::Absent, width));
                    let mark = |column| Mark {
                        column,
                        quality: Quality::Absent,
                        code: Some("3".to_owned()),
                    };
                    cells.marks.extend((shift..).take(width).map(mark));
                }
            }
            let row = row(job, cells.values, cells.marks, cells.conditions);
            output.row((month.plan, known.clone()), row, token(job), port.now())
        })
    }

    /// Reads the jobs in order and passes each outcome to `take` once it is proved.
    ///
    /// On a line without faults a record is proved by the next exchanges, which are of other kinds: one answer too
    /// many or too late would show there. The first fault makes what is not proved be read again, and from then on
    /// every record until two readings agree.
    fn run(&mut self, port: &mut dyn Port, jobs: &[Job], take: &mut Take) -> Result<(), Failure> {
        let mut proved = 0;
        let mut waiting: Vec<Outcome> = Vec::new();
        let mut failed = 0;
        self.settle_if_suspect(port)?;
        while proved < jobs.len() {
            let Some(job) = jobs.get(proved + waiting.len()) else {
                if self.is_proved(port, jobs)? {
                    for outcome in waiting.drain(..) {
                        let Some(job) = jobs.get(proved) else { break };
                        take(port, proved, job, outcome)?;
                        proved += 1;
                    }
                }
                waiting.clear();
                continue;
            };
            if self.suspects() {
                waiting.clear();
                let Some(job) = jobs.get(proved) else { break };
                let outcome = self.agreed(port, job)?;
                take(port, proved, job, outcome)?;
                proved += 1;
                continue;
            }
            let outcome = match self.careful(port, job) {
                Ok(outcome) if !self.suspects() => outcome,
                Ok(_) => continue,
                Err(failure) => {
                    failed += 1;
                    self.recover(port, failure, failed)?;
                    continue;
                }
            };
            if let Outcome::Record(_) = &outcome {
                for outcome in waiting.drain(..) {
                    let Some(job) = jobs.get(proved) else { break };
                    take(port, proved, job, outcome)?;
                    proved += 1;
                }
            }
            waiting.push(outcome);
        }
        Ok(())
    }

    /// One reading, and a second, value type and all, where the first may be another record.
    fn careful(&mut self, port: &mut dyn Port, job: &Job) -> Result<Outcome, Failure> {
        let outcome = self.once(port, job)?;
        if self.suspects() || !self.config.confirm || !outcome.is_odd(job) {
            return Ok(outcome);
        }
        self.write_source(port, job.source)?;
        let again = self.once(port, job)?;
        if again != outcome {
            self.talk.distrust(port, "two readings of one record differ");
        }
        Ok(again)
    }

    /// Whether the last records are proved by an exchange of another kind.
    fn is_proved(&mut self, port: &mut dyn Port, jobs: &[Job]) -> Result<bool, Failure> {
        if let (true, Some(job)) = (self.config.confirm, jobs.last()) {
            self.write_source(port, job.source)?;
        }
        Ok(!self.suspects())
    }
}

fn row(job: &Job, values: Vec<Value>, marks: Vec<Mark>, conditions: Vec<Condition>) -> Row {
    let (start, end) = (civil(job.start), civil(job.end));
    // A month that is not the calendar's does not end where its name says.
    let calendar = start.day == 1 && end.day == 1;
    let monthly = matches!(job.source, Source::Monthly | Source::TotalArchive);
    Row {
        label: Some(start),
        other_end: (monthly && !calendar).then_some(end),
        length_s: None,
        values,
        marks,
        conditions,
    }
}

/// Where to go on: window and first hour of the last row.
fn token(job: &Job) -> String {
    format!("vkt7 {} {}", job.window, Shown(civil(job.start)))
}

/// Leaves out what an earlier session stored. A token that names no record of these windows leaves all in.
fn skip_done(jobs: &mut Vec<Job>, resume: Option<&[u8]>) {
    let Some(resume) = resume else { return };
    let last = jobs.iter().position(|job| token(job).as_bytes() == resume);
    jobs.drain(..last.map_or(0, |last| last + 1));
}
