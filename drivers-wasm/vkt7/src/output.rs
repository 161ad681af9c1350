//! From records to the host's sink: columns declared when they change, rows in batches, gaps joined.

use std::rc::Rc;

use uzel_driver_sdk::{Absence, Batch, Column, Failure, Instant, LabelRule, Row, Sink, Window};

use crate::calendar::civil;
use crate::record::Plan;

/// The plans whose columns stand side by side: one, and for months that of the total archive.
type Sides = (Rc<Plan>, Option<Rc<Plan>>);

/// Gives rows and gaps of one archive to the sink.
pub struct Output<'a> {
    sink: &'a mut dyn Sink,
    batch: Batch,
    declared: Option<Sides>,
    gap: Option<(i64, i64, Absence)>,
}

impl<'a> Output<'a> {
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            batch: Batch::default(),
            declared: None,
            gap: None,
        }
    }

    /// Adds a row.
    pub fn row(&mut self, sides: Sides, row: Row, resume: String, now: Instant) -> Result<(), Failure> {
        if !self.declared.as_ref().is_some_and(|declared| same(declared, &sides)) {
            self.batch.flush(self.sink)?;
            let right = sides.1.iter().flat_map(|plan| &plan.columns);
            let columns: Vec<Column> = sides.0.columns.iter().chain(right).cloned().collect();
            self.sink.declare(&columns, LabelRule::IntervalStart)?;
            self.declared = Some(sides);
        }
        self.batch.push(row, Some(resume.into_bytes()), now, self.sink)
    }

    /// Says that the device holds nothing from hour `begin` to hour `end`; neighbours become one window, whichever
    /// comes first: the windows of a call go back in time.
    pub fn absent(&mut self, begin: i64, end: i64, why: Absence) -> Result<(), Failure> {
        if begin >= end {
            return Ok(());
        }
        match &mut self.gap {
            Some((_, until, reason)) if *until == begin && *reason == why => {
                *until = end;
                Ok(())
            }
            Some((from, _, reason)) if *from == end && *reason == why => {
                *from = begin;
                Ok(())
            }
            _ => {
                let before = self.gap.replace((begin, end, why));
                self.say(before)
            }
        }
    }

    /// How far the call is.
    pub fn progress(&mut self, done: usize, total: usize) {
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        self.sink.progress(count(done), count(total));
    }

    /// Gives what is still held.
    pub fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.batch.flush(self.sink);
        let gap = self.gap.take();
        flushed.and(self.say(gap))
    }

    fn say(&mut self, gap: Option<(i64, i64, Absence)>) -> Result<(), Failure> {
        match gap {
            Some((begin, end, why)) => self.sink.absent(
                Window {
                    begin: civil(begin),
                    end: civil(end),
                },
                why,
            ),
            None => Ok(()),
        }
    }
}

fn same(one: &Sides, other: &Sides) -> bool {
    let right = match (&one.1, &other.1) {
        (Some(one), Some(other)) => Rc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    };
    right && Rc::ptr_eq(&one.0, &other.0)
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::recording::Collected;

    use super::*;

    #[test]
    fn neighbouring_gaps_become_one_whichever_comes_first() {
        let mut sink = Collected::default();
        let mut output = Output::new(&mut sink);
        let gaps = [(48, 72), (24, 48), (0, 24), (72, 96), (120, 144)];
        for (begin, end) in gaps {
            output.absent(begin, end, Absence::NeverWritten).unwrap();
        }
        output.finish().unwrap();
        let window = |begin, end| Window {
            begin: civil(begin),
            end: civil(end),
        };
        let want = [window(0, 96), window(120, 144)];
        assert_eq!(sink.absent, want.map(|window| (window, Absence::NeverWritten)));
    }
}
