//! Current values and integrators: one row that holds at one moment.

use uzel_driver_sdk::{CivilTime, Failure, LabelRule, Port, Row, Sink};

use crate::element::Source;
use crate::meter::{Meter, firmware};
use crate::reading::{Job, Outcome, Record};

impl Meter {
    /// Reads `source` and gives its one row.
    ///
    /// The clock is read right behind the data: it is the row's label, and its answer, of another kind than data,
    /// proves that the data were the last answer on the line.
    pub fn moment(&mut self, port: &mut dyn Port, source: Source, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.properties(port)?;
        let mut last: Option<(Outcome, Option<CivilTime>)> = None;
        let mut failed = 0;
        self.settle_if_suspect(port)?;
        for _ in 0..8 * self.talk.attempts() {
            let faults = self.talk.faults();
            match self.moment_once(port, source) {
                Ok(now) if self.talk.faults() == faults => {
                    if source == Source::Current || self.is_settled(&now, last.as_ref()) {
                        return give(source, now, sink);
                    }
                    last = Some(now);
                }
                Ok(_) => {}
                Err(failure) => {
                    failed += 1;
                    self.recover(port, failure, failed)?;
                }
            }
        }
        Err(Failure::Garbled(format!(
            "no two readings of the {} values agree",
            source.name()
        )))
    }

    fn moment_once(&mut self, port: &mut dyn Port, source: Source) -> Result<(Outcome, Option<CivilTime>), Failure> {
        let outcome = self.once(
            port,
            &Job {
                source,
                start: 0,
                end: 0,
                date: None,
                window: 0,
            },
        )?;
        if !self.config.confirm {
            return Ok((outcome, None));
        }
        if self.has(firmware::WITH_CLOCK) {
            return Ok((outcome, Some(self.one_clock(port)?.shown)));
        }
        self.write_source(port, source)?;
        Ok((outcome, None))
    }

    /// Whether totals, which change only as an hour ends, and their hour belong together.
    fn is_settled(&self, now: &(Outcome, Option<CivilTime>), last: Option<&(Outcome, Option<CivilTime>)>) -> bool {
        let hour = |time: Option<CivilTime>| time.map(crate::calendar::hours);
        let same = last.is_some_and(|last| last.0 == now.0 && hour(last.1) == hour(now.1));
        let turning = now.1.is_some_and(|time| time.minute == 0);
        same || !turning && !self.suspects()
    }
}

/// Declares the columns and gives the row. Totals are those at the end of the last full hour.
fn give(source: Source, (outcome, time): (Outcome, Option<CivilTime>), sink: &mut dyn Sink) -> Result<(), Failure> {
    let Outcome::Record(Record { plan, cells, .. }) = outcome else {
        return Ok(());
    };
    let label = match source {
        Source::TotalCurrent => time.map(|time| CivilTime {
            minute: 0,
            second: 0,
            ..time
        }),
        _ => time,
    };
    sink.declare(&plan.columns, LabelRule::Moment)?;
    let row = Row {
        label,
        other_end: None,
        length_s: None,
        values: cells.values,
        marks: cells.marks,
        conditions: cells.conditions,
    };
    sink.rows(&[row], None)
}
