//! Archives: a date is written, then the record of that date is read, heat input by heat input.
//!
//! A label is the start of its interval ("Протокол обмена" does not say it; the captured records of function 05 show it for
//! hours). Depth: 45 days of both kinds.

use uzel_driver_sdk::calendar::{DAY, HOUR, civil, reckon};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{Absence, ArchiveKind, Batch, Column, Failure, LabelRule, Port, Sink, Window};

use crate::message::{self, Interval, Source};
use crate::meter::{Meter, garbled, refused};
use crate::plan::Plan;

/// Depth of the rings.
const DEPTH_DAYS: i64 = 45;
/// Name and number of the form of its resume tokens.
const RESUME: &str = "vkt5/1";

/// What the device may hold of one archive, seconds of its own calendar.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Start of the first interval.
    from: i64,
    /// Before that the ring has gone past, if it was written at all.
    lost: i64,
    /// Why there is nothing before `from`.
    before: Absence,
    now: i64,
    /// Length of an interval.
    step: i64,
}

impl Held {
    fn new(interval: Option<Interval>, now: i64, step: i64) -> Self {
        let lost = now.div_euclid(step) * step - DEPTH_DAYS * DAY;
        let nothing = Self {
            from: now.div_euclid(step) * step,
            lost,
            before: Absence::NeverWritten,
            now,
            step,
        };
        interval.map_or(nothing, |interval| {
            // The first record is that of the interval in which the archive was started.
            let start = reckon(interval.start).div_euclid(step) * step;
            Self {
                from: start.max(lost),
                before: if start <= lost + DAY {
                    Absence::Overwritten
                } else {
                    Absence::NeverWritten
                },
                ..nothing
            }
        })
    }

    /// Starts of the intervals that begin in a window and are over.
    fn starts(&self, begin: i64, end: i64) -> impl Iterator<Item = i64> + use<> {
        let first = begin.max(self.from);
        let (first, step, now) = (first + (-first).rem_euclid(self.step), self.step, self.now);
        let starts = std::iter::successors(Some(first), move |start| Some(start + step));
        starts.take_while(move |start| *start < end && start + step <= now)
    }

    /// Why an interval has no record; none where it may still be written.
    fn absence(&self, start: i64) -> Option<Absence> {
        if start + self.step + HOUR > self.now {
            return None;
        }
        // The ring goes on while it is read.
        let is_edge = start < self.lost + self.step.max(6 * HOUR);
        Some(if is_edge {
            Absence::Overwritten
        } else {
            Absence::NeverWritten
        })
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
        let (source, step) = match kind {
            ArchiveKind::Hourly => (Source::Hourly, HOUR),
            ArchiveKind::Daily => (Source::Daily, DAY),
            _ => {
                return Err(Failure::Unsupported(
                    "ВКТ-5 has hourly and daily archives only".to_owned(),
                ));
            }
        };
        let plan = self.plan(source)?;
        let held = self.held(port, step)?;
        let bounds: Vec<_> = windows
            .iter()
            .map(|window| (reckon(window.begin), reckon(window.end)))
            .collect();
        let total: usize = bounds
            .iter()
            .map(|(begin, end)| held.starts(*begin, *end).count())
            .sum();
        let mut output = Output::new(sink);
        let resume = resume.and_then(|token| Token::parse(RESUME, token));
        let mut done = 0;
        let mut read = || {
            for (window, (begin, end)) in bounds.iter().copied().enumerate() {
                let begin = match resume {
                    Some(token) if window < token.window => continue,
                    Some(token) if window == token.window && (begin..end).contains(&token.start) => token.start + step,
                    _ => begin,
                };
                output.absent(begin, end.min(held.from), held.before)?;
                for start in held.starts(begin, end) {
                    done += 1;
                    output.sink.progress(
                        u32::try_from(done).unwrap_or(u32::MAX),
                        u32::try_from(total).unwrap_or(u32::MAX),
                    );
                    let token = Token { window, start }.write(RESUME);
                    match self.answers(port, &plan, Some(&message::set_date(civil(start))))? {
                        Ok(found) => output.row(port, &plan, &found, start, token)?,
                        Err(code) => {
                            port.note(&format!("{} {start}: {}", source.name(), message::refusal(code)));
                            if let Some(why) = held.absence(start) {
                                output.absent(start, start + step, why)?;
                            }
                        }
                    }
                }
            }
            Ok(())
        };
        let read = read();
        // Records that were read whole are good, however the reading ended.
        let finished = output.finish();
        read.and(finished)
    }

    fn held(&mut self, port: &mut dyn Port, step: i64) -> Result<Held, Failure> {
        let now = self.now(port)?;
        let interval = self.talk.proven(port, true, |talk, port| {
            match talk.data(port, &message::interval())? {
                Ok(data) => Interval::parse(&data)
                    .map(Some)
                    .map_err(|error| Failure::Refused(error.to_string())),
                Err(code) if message::is_no_record(code) => Ok(None),
                Err(code) => Err(refused(code)),
            }
        })?;
        Ok(Held::new(interval, reckon(now), step))
    }
}

/// Gives rows and gaps of one archive to the sink: columns when they change, rows in batches, gaps joined.
struct Output<'a> {
    sink: &'a mut dyn Sink,
    batch: Batch,
    declared: Option<Vec<Column>>,
    gap: Option<(i64, i64, Absence)>,
}

impl<'a> Output<'a> {
    fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            batch: Batch::default(),
            declared: None,
            gap: None,
        }
    }

    fn row(
        &mut self,
        port: &dyn Port,
        plan: &Plan,
        found: &[Option<Vec<u8>>],
        start: i64,
        token: Vec<u8>,
    ) -> Result<(), Failure> {
        let table = plan.table(found).map_err(|error| garbled(&error))?;
        if self.declared.as_ref() != Some(&table.columns) {
            self.batch.flush(self.sink)?;
            self.sink.declare(&table.columns, LabelRule::IntervalStart)?;
            self.declared = Some(table.columns.clone());
        }
        self.batch
            .push(table.row(Some(civil(start))), Some(token), port.now(), self.sink)
    }

    fn absent(&mut self, begin: i64, end: i64, why: Absence) -> Result<(), Failure> {
        if begin >= end {
            return Ok(());
        }
        match &mut self.gap {
            Some((_, until, reason)) if *until == begin && *reason == why => *until = end,
            Some((from, _, reason)) if *from == end && *reason == why => *from = begin,
            _ => {
                let before = self.gap.replace((begin, end, why));
                self.say(before)?;
            }
        }
        Ok(())
    }

    fn say(&mut self, gap: Option<(i64, i64, Absence)>) -> Result<(), Failure> {
        let Some((begin, end, why)) = gap else { return Ok(()) };
        let window = Window {
            begin: civil(begin),
            end: civil(end),
        };
        self.sink.absent(window, why)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let flushed = self.batch.flush(self.sink);
        let gap = self.gap.take();
        flushed.and(self.say(gap))
    }
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::CivilTime;

    use super::*;

    fn at(day: u8, hour: u8, minute: u8) -> CivilTime {
        CivilTime {
            year: 2015,
            month: 6,
            day,
            hour,
            minute,
            second: 0,
        }
    }

    #[test]
    fn a_young_archive_begins_with_the_hour_of_its_start() {
        let interval = Interval {
            start: at(4, 16, 27),
            end: at(9, 10, 52),
            reset: None,
        };
        let held = Held::new(Some(interval), reckon(at(9, 11, 52)), HOUR);
        let starts: Vec<_> = held.starts(0, i64::MAX / 2).collect();
        // The captured archive: labels 16 of the 4th to 10 of the 9th.
        assert_eq!(starts.len(), 115);
        assert_eq!((civil(starts[0]), civil(starts[114])), (at(4, 16, 0), at(9, 10, 0)));
        assert_eq!(held.before, Absence::NeverWritten);
        assert_eq!(held.absence(starts[114]), None, "it may still be written");
        assert_eq!(held.absence(starts[100]), Some(Absence::NeverWritten));
    }

    #[test]
    fn a_full_ring_has_gone_past_what_is_older() {
        let interval = Interval {
            start: CivilTime {
                year: 2012,
                ..at(4, 16, 27)
            },
            end: at(9, 10, 52),
            reset: None,
        };
        let held = Held::new(Some(interval), reckon(at(9, 11, 52)), HOUR);
        let mut starts = held.starts(0, i64::MAX / 2);
        let first = starts.next().unwrap();
        assert_eq!(starts.count() + 1, 45 * 24);
        assert_eq!(
            (held.before, held.absence(first)),
            (Absence::Overwritten, Some(Absence::Overwritten))
        );
        assert_eq!(
            Held::new(None, reckon(at(9, 11, 52)), DAY)
                .starts(0, i64::MAX / 2)
                .count(),
            0
        );
    }
}
