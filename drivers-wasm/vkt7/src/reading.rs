//! One reading of a source, and how often it takes to believe it.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher as _};
use std::rc::Rc;

use uzel_driver_sdk::{CivilTime, Failure, Port};

use crate::element::Source;
use crate::message::{self, register};
use crate::meter::{Meter, Shown, refused};
use crate::record::{Cells, Plan};
use crate::talk::{Reply, Want};

/// How often the measurement scheme may change under one record.
const RELISTS: u32 = 3;

/// One record to read.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// What it is read from.
    pub source: Source,
    /// First hour of the interval, hours since 1970.
    pub start: i64,
    /// The hour after it.
    pub end: i64,
    /// The date that is written; none for current values.
    pub date: Option<CivilTime>,
    /// The window it is for, from 0.
    pub window: usize,
}

/// What a reading gave.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A record.
    Record(Record),
    /// The device has none.
    NoData,
}

/// A record with its list.
#[derive(Debug, Clone)]
pub struct Record {
    pub plan: Rc<Plan>,
    pub cells: Cells,
    elsewhere: bool,
    data: Vec<u8>,
}

impl PartialEq for Outcome {
    /// Bytes decide, and the list that they answer.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Record(one), Self::Record(other)) => one.data == other.data && one.plan.list == other.plan.list,
            (Self::NoData, Self::NoData) => true,
            _ => false,
        }
    }
}

/// The data of the last readings, by hash, with what they were read for.
#[derive(Default)]
pub struct Seen(VecDeque<(Source, i64, u64)>);

impl Seen {
    /// More than any gateway holds back.
    const MOST: usize = 256;

    /// Whether another record had the same data; keeps these.
    fn elsewhere(&mut self, job: &Job, data: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(data);
        let hash = hasher.finish();
        let mine = (job.source, job.start, hash);
        let elsewhere = self.0.iter().any(|seen| seen.2 == hash && *seen != mine);
        if !self.0.contains(&mine) {
            self.0.truncate(Self::MOST - 1);
            self.0.push_front(mine);
        }
        elsewhere
    }
}

impl Outcome {
    /// Whether this may be the answer for another record: data that another record had, too, hours that are not those
    /// of the interval, or no data at all.
    pub fn is_odd(&self, job: &Job) -> bool {
        let Self::Record(record) = self else { return true };
        record.elsewhere
            || record
                .cells
                .counted_h
                .iter()
                .any(|counted| *counted != job.end - job.start)
    }
}

impl Meter {
    /// Reads once: value type, date, list, data. Type and list are written only if they are not in place.
    pub fn once(&mut self, port: &mut dyn Port, job: &Job) -> Result<Outcome, Failure> {
        for _ in 0..RELISTS {
            self.set_source(port, job.source)?;
            if let Some(date) = job.date {
                let payload = message::date_payload(date)
                    .ok_or_else(|| Failure::Unsupported(format!("the device has no year {}", date.year)))?;
                match self.write(port, register::DATE, 4, &payload)? {
                    Reply::Refused(3) => {
                        port.note(&format!("{} {}: no data", job.source.name(), Shown(date)));
                        return Ok(Outcome::NoData);
                    }
                    Reply::Refused(code) => return Err(refused("date", code)),
                    Reply::Done | Reply::Data(_) => {}
                }
            }
            let plan = self.plan(port, job.source)?;
            match self.read(port, register::DATA, Some(0), Want::Data(plan.length))? {
                Reply::Data(data) => {
                    let elsewhere = self.seen.elsewhere(job, &data);
                    return record(port, job, plan, data, elsewhere);
                }
                Reply::Refused(5) => {
                    port.note("measurement scheme changed");
                    if self.config.fixed_elements()?.is_none() {
                        self.forget_elements();
                    }
                }
                Reply::Refused(2) => self
                    .talk
                    .distrust(port, "the device has another value type than was written"),
                Reply::Refused(code) => return Err(refused("data", code)),
                Reply::Done => {}
            }
        }
        Err(Failure::Refused(format!(
            "data: refused {RELISTS} times, the measurement scheme keeps changing"
        )))
    }

    /// Reads on a line with faults: until two readings agree, each without a fault in it and right behind it.
    ///
    /// An odd outcome may be that of another record: the new date was lost, and a repeated echo of an old one passed
    /// for its own. Then the line is emptied first, so that the next echo can only be the new date's.
    pub fn agreed(&mut self, port: &mut dyn Port, job: &Job) -> Result<Outcome, Failure> {
        let mut last = None;
        let mut failed = 0;
        let mut emptied = false;
        for _ in 0..8 * self.talk.attempts() {
            let faults = self.talk.faults();
            match self.once_proved(port, job) {
                Ok(outcome) if self.talk.faults() == faults => {
                    let agree = last.as_ref() == Some(&outcome);
                    let odd = outcome.is_odd(job);
                    if agree && (emptied || !odd) {
                        return Ok(outcome);
                    }
                    last = Some(outcome);
                    if odd && !emptied {
                        self.talk.settle(port, self.talk.attempts())?;
                        (emptied, last) = (true, None);
                    }
                }
                Ok(_) => {}
                Err(failure) => {
                    failed += 1;
                    self.recover(port, failure, failed)?;
                }
            }
        }
        Err(Failure::Garbled("no two readings of a record agree".to_owned()))
    }

    /// Starts the session anew after a failure that may be the line's, a bounded number of times.
    pub fn recover(&mut self, port: &mut dyn Port, failure: Failure, failed: u32) -> Result<(), Failure> {
        match failure {
            Failure::NoAnswer | Failure::Garbled(_) if failed <= self.talk.attempts() => self.reopen(port),
            // On a line with faults a refusal may be one of another question.
            Failure::Refused(_) if self.suspects() && failed <= self.talk.attempts() => self.reopen(port),
            failure => Err(failure),
        }
    }

    fn once_proved(&mut self, port: &mut dyn Port, job: &Job) -> Result<Outcome, Failure> {
        let outcome = self.once(port, job)?;
        self.write_source(port, job.source)?;
        Ok(outcome)
    }
}

fn record(port: &mut dyn Port, job: &Job, plan: Rc<Plan>, data: Vec<u8>, elsewhere: bool) -> Result<Outcome, Failure> {
    let interval_h = job.date.map(|_| job.end - job.start);
    let cells = plan
        .cells(&data, interval_h)
        .map_err(|error| Failure::Garbled(error.to_string()))?;
    let mut note = match job.date {
        Some(date) => format!("{} {}: {} values", job.source.name(), Shown(date), cells.values.len()),
        None => format!("{}: {} values", job.source.name(), cells.values.len()),
    };
    for condition in &cells.conditions {
        let column = condition
            .column
            .and_then(|column| plan.columns.get(usize::from(column)));
        note.push_str(", НС ");
        note.push_str(&condition.code);
        if let Some(column) = column {
            note.push_str(" on ");
            note.push_str(&column.id);
        }
    }
    port.note(&note);
    Ok(Outcome::Record(Record {
        plan,
        cells,
        elsewhere,
        data,
    }))
}
