//! Archives are profiles, read by the range of their stamps: a few days a question, so that a line that breaks loses little.

use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar::{DAY, civil, seconds};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{ArchiveKind, Failure, LabelRule, Port, Row, Sink, Window};

use crate::buffer::Buffer;
use crate::config::Stamp;
use crate::interval::{Intervals, Step};
use crate::meter::Meter;
use crate::profile;

/// Rows of one question.
const ROWS: i64 = 96;
/// An interval that ended less than this ago may not be written yet, seconds.
const FRESH_S: i64 = 60;
const FORM: &str = "dlms/1";
/// Group C of profiles whose stamps are moments of freezing, whatever load profiles do.
const BILLING: u8 = 98;

/// Reads the records whose intervals begin within `windows`.
pub fn read(
    meter: &mut Meter,
    port: &mut dyn Port,
    kind: ArchiveKind,
    windows: &[Window],
    resume: Option<&[u8]>,
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let Some(step) = Step::of(kind) else {
        return Err(Failure::Unsupported("no profile is such an archive".to_owned()));
    };
    let bounds: Vec<(i64, i64)> = windows.iter().map(bounds).collect::<Result<_, _>>()?;
    let mut buffer = meter.buffer(port, kind, step)?;
    let is_billing = buffer.profile.name.0[2] == BILLING;
    let stamp = if is_billing { Stamp::End } else { meter.config.stamp };
    let clock = meter.clock_now(port)?;
    let labels = match stamp {
        Stamp::End => LabelRule::IntervalEnd,
        Stamp::Start => LabelRule::IntervalStart,
    };
    out.declare(&buffer.profile.columns(), labels)?;
    let mut reader = Reader {
        meter,
        buffer: &mut buffer,
        intervals: Intervals { step, stamp },
        clock,
        done: 0,
        total: 0,
    };
    let read = reader.windows(port, &bounds, resume.and_then(|bytes| Token::parse(FORM, bytes)), out);
    meter.keep(kind, buffer);
    read
}

fn bounds(window: &Window) -> Result<(i64, i64), Failure> {
    seconds(window.begin)
        .zip(seconds(window.end))
        .ok_or_else(|| Failure::Unsupported("a window has a date that cannot be".to_owned()))
}

/// A row in its interval; parts of one have it, too.
struct Placed {
    begins: i64,
    ends: i64,
    is_whole: bool,
    row: profile::Row,
}

/// One call of `read_archive`.
struct Reader<'a> {
    meter: &'a mut Meter,
    buffer: &'a mut Buffer,
    intervals: Intervals,
    /// The meter's clock when the call began.
    clock: i64,
    done: u32,
    total: u32,
}

impl Reader<'_> {
    fn windows(
        &mut self,
        port: &mut dyn Port,
        bounds: &[(i64, i64)],
        resume: Option<Token>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let spans = bounds
            .iter()
            .enumerate()
            .filter_map(|(number, (from, to))| match resume {
                Some(token) if number < token.window => None,
                Some(token) if number == token.window && (*from..=*to).contains(&token.start) => {
                    Some((number, token.start, *to))
                }
                _ => Some((number, *from, *to)),
            });
        let spans: Vec<_> = spans
            .map(|(number, from, to)| (number, from, to.min(self.clock)))
            .collect();
        let total = spans
            .iter()
            .map(|(_, from, to)| (to - from).max(0) / self.span() + 1)
            .sum::<i64>();
        self.total = u32::try_from(total).unwrap_or(u32::MAX);
        for (number, from, to) in spans {
            let mut begin = from;
            while begin < to {
                let end = (begin.div_euclid(DAY) * DAY + self.span()).min(to);
                self.part(port, number, begin, end, out)?;
                begin = end;
            }
        }
        Ok(())
    }

    /// Seconds of one question: whole days.
    fn span(&self) -> i64 {
        (ROWS * self.intervals.step.longest()).div_euclid(DAY).max(1) * DAY
    }

    /// Reads what begins in `begin..end`, and says what the meter does not hold of it.
    fn part(
        &mut self,
        port: &mut dyn Port,
        window: usize,
        begin: i64,
        end: i64,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let (first, last) = self.intervals.stamps(begin, end);
        let read = self.buffer.rows(&mut self.meter.talk, port, first, last)?;
        let mut placed: Vec<Placed> = Vec::with_capacity(read.len());
        for row in read {
            let (begins, ends, is_whole) = self.intervals.of(row.stamp);
            if (begin..end).contains(&begins) {
                placed.push(Placed {
                    begins,
                    ends,
                    is_whole,
                    row,
                });
            }
        }
        // Beside the row of a whole interval those of its parts, after a change of the clock, say less.
        placed.sort_unstable_by_key(|placed| (placed.begins, !placed.is_whole));
        let all = placed.len();
        placed.dedup_by_key(|placed| placed.begins);
        if placed.len() < all {
            port.note(&format!("{} rows of intervals that have others", all - placed.len()));
        }
        let intervals: Vec<(i64, i64)> = placed.iter().map(|placed| (placed.begins, placed.ends)).collect();
        let rows: Vec<Row> = placed.into_iter().map(|placed| self.row(placed)).collect();
        if !rows.is_empty() {
            let token = Token { window, start: end }.write(FORM);
            out.rows(&rows, Some(&token))?;
        }
        self.absent(begin, end, &intervals, out)?;
        self.done = self.done.saturating_add(1);
        out.progress(self.done, self.total.max(self.done));
        Ok(())
    }

    fn absent(&self, begin: i64, end: i64, intervals: &[(i64, i64)], out: &mut dyn Sink) -> Result<(), Failure> {
        let profile = &self.buffer.profile;
        let ring = i64::from(profile.capacity).saturating_mul(self.intervals.step.longest());
        let is_full = profile.capacity > 0 && profile.in_use >= profile.capacity;
        let lost = if is_full {
            self.clock.saturating_sub(ring)
        } else {
            i64::MIN
        };
        let settled = self.intervals.settled(self.clock - FRESH_S);
        let window = Window {
            begin: civil(begin),
            end: civil(end),
        };
        for (gap, why) in gaps(window, intervals, lost, settled) {
            out.absent(gap, why)?;
        }
        Ok(())
    }

    fn row(&self, placed: Placed) -> Row {
        let other = match self.intervals.stamp {
            Stamp::End => placed.begins,
            Stamp::Start => placed.ends,
        };
        let is_told = !placed.is_whole || self.intervals.step == Step::Month;
        let row = placed.row;
        Row {
            label: Some(civil(row.stamp)),
            other_end: is_told.then(|| civil(other)),
            length_s: None,
            values: row.values,
            marks: row.marks,
            conditions: row.conditions,
        }
    }
}
