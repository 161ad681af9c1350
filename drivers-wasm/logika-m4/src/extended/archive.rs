//! Archives: a question for several records, an answer that says what comes next (M4 note, section 4.4). A label names
//! the end of the interval, as on the older meters of the family.

use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar::{civil, seconds};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{ArchiveKind, Batch, CivilTime, Column, Failure, LabelRule, Port, Row, Sink, Window};

use super::model::{Group, Model, places_of};
use super::names::Block;
use super::page::{self, Page};
use super::session::Session;
use super::table::{self, Flags};
use super::talk::ARCHIVE;
use super::values::empty_row;
use crate::legacy::interval::{Grid, Interval, bounds, window};

/// Name and number of the resume token's form.
const RESUME: &str = "m4x/1";
/// How many ring depths back a record is asked for: a ring counts records, an outage makes it reach further back.
const REACH: u32 = 2;
/// A record this fresh may not be written yet.
const FRESH_S: i64 = 30;
/// Bytes of an answer to aim at, and about what a value and a record take in it.
const ANSWER_BYTES: usize = 2_048;
const VALUE_BYTES: usize = 6;
const RECORD_BYTES: usize = 18;

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    grid: Grid,
    /// The meter's clock when the call began.
    clock: i64,
    depth: u32,
    channels: Vec<u8>,
    batch: Batch,
    columns: Vec<Column>,
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
    let [hours, days, months] = session.model.depths;
    let grid = Grid::of(kind, session.report_day, session.report_hour).filter(|_| session.has_clock());
    let (grid, depth) = match grid {
        Some(grid @ Grid::Hours) => (grid, hours),
        Some(grid @ Grid::Days { .. }) => (grid, days),
        Some(grid @ Grid::Months { .. }) => (grid, months),
        Some(Grid::Decades { .. }) | None => {
            let kept = if session.has_clock() {
                "hours, days and months only"
            } else {
                "no archives"
            };
            return Err(Failure::Unsupported(format!("the meter keeps {kept}")));
        }
    };
    let bounds: Vec<(i64, i64)> = windows.iter().map(bounds).collect::<Result<_, _>>()?;
    let clock = session.clock_now(port)?;
    let total = bounds
        .iter()
        .map(|(from, to)| grid.count(*from, (*to).min(clock)))
        .fold(0, u32::saturating_add);
    let channels = session.model.archive_channels();
    let channels = channels
        .into_iter()
        .filter(|channel| *channel == 0 || session.inputs.contains(channel))
        .collect();
    let mut reader = Reader {
        session,
        port,
        out,
        grid,
        clock,
        depth,
        channels,
        batch: Batch::default(),
        columns: Vec::new(),
        declared: Vec::new(),
        done: 0,
        total,
    };
    let token = resume.and_then(|token| Token::parse(RESUME, token));
    let read = reader.windows(&bounds, token);
    // What was read whole is good, whatever ended the call.
    reader.batch.flush(reader.out).and(read)
}

impl Reader<'_> {
    fn windows(&mut self, bounds: &[(i64, i64)], resume: Option<Token>) -> Result<(), Failure> {
        for (number, (from, to)) in bounds.iter().enumerate() {
            let from = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (*from..*to).contains(&token.start) => token.start + 1,
                _ => *from,
            };
            // What began before the window, or was stored in an earlier session, is not judged.
            let from = self.grid.at_or_after(from).start;
            let mut held = Vec::new();
            let mut known_until = from;
            let read = self.window(number, from, *to, &mut held, &mut known_until);
            let judged = known_until.min(self.clock - FRESH_S);
            let oldest = self.clock - self.grid.span(self.depth);
            for (gap, why) in gaps(window(from, *to), &held, oldest, self.grid.at_or_before(judged)) {
                self.batch.flush(self.out)?;
                self.out.absent(gap, why)?;
            }
            read?;
        }
        Ok(())
    }

    /// Reads one window. `held` gets the intervals that have a record, `known_until` how far the window was read.
    fn window(
        &mut self,
        number: usize,
        from: i64,
        to: i64,
        held: &mut Vec<(i64, i64)>,
        known_until: &mut i64,
    ) -> Result<(), Failure> {
        let oldest = self.clock - self.grid.span(self.depth.saturating_mul(REACH));
        let mut next = self.grid.at_or_after(from.max(oldest));
        // The running interval is never asked for.
        while next.start < to && next.end <= self.clock {
            *known_until = (*known_until).max(next.start);
            let count = self.grid.count(next.start, to.min(self.clock)).saturating_add(1);
            let pages = self.pages(next, count)?;
            let until = pages.iter().map(|page| page.known_until).min().unwrap_or(i64::MAX);
            let mut interval = next;
            while interval.end < until && interval.start < to && interval.end <= self.clock {
                if self.interval(number, interval, &pages)? {
                    held.push((interval.start, interval.end));
                }
                self.done = self.done.saturating_add(1);
                interval = self.grid.next(interval);
            }
            self.out.progress(self.done, self.total.max(self.done));
            *known_until = interval.start;
            next = interval;
        }
        *known_until = (*known_until).max(to.min(next.start));
        Ok(())
    }

    /// The same stretch of every channel.
    fn pages(&mut self, first: Interval, wanted: u32) -> Result<Vec<Page>, Failure> {
        let values = self.session.model.record.iter().map(|group| places_of(group).count());
        let record = if self.session.model.archive_channels().len() > 1 {
            values.max().unwrap_or(0)
        } else {
            values.sum()
        };
        let most = ANSWER_BYTES / (record * VALUE_BYTES + RECORD_BYTES);
        let count = most.min(usize::try_from(wanted).unwrap_or(most)).max(1);
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        let mut pages = Vec::new();
        for channel in self.channels.clone() {
            let Some(data) = page::question(channel, self.grid, civil(first.end), count) else {
                // Before the year 2000 there is nothing.
                continue;
            };
            let reply = self.session.talk.ask(self.port, ARCHIVE, &data)?;
            let page = page::parse(&reply, self.grid, first.end)?;
            self.port.note(&format!(
                "channel {channel}: {} records from {:?}",
                page.records.len(),
                civil(first.end)
            ));
            pages.push(page);
        }
        Ok(pages)
    }

    /// Gives the row of one interval, if it has a record; says whether it has.
    fn interval(&mut self, number: usize, interval: Interval, pages: &[Page]) -> Result<bool, Failure> {
        let records: Vec<(u8, Option<&[u8]>)> = self
            .channels
            .iter()
            .zip(pages)
            .map(|(channel, page)| {
                let found = page.records.iter().find(|(end, _)| *end == interval.end);
                (*channel, found.map(|(_, payload)| payload.as_slice()))
            })
            .collect();
        let fresh = interval.end + FRESH_S > self.clock;
        if fresh && records.iter().any(|(_, record)| record.is_none()) {
            return Ok(false);
        }
        let model = self.session.model;
        let mut whole = Vec::new();
        for (channel, payload) in records {
            let Some(payload) = payload else { continue };
            let count = groups_of(model, channel).map(|group| places_of(group).count()).sum();
            let (moment, values) = page::values(payload, count)?;
            // An input that is not in use has records, too.
            if self.channels.len() == 1 || !table::is_unused(&values) {
                whole.push((channel, moment, values));
            }
        }
        if whole.is_empty() {
            return Ok(false);
        }
        let channels: Vec<u8> = whole.iter().map(|(channel, ..)| *channel).collect();
        self.declare(&channels)?;
        let mut row = empty_row(interval.end);
        row.other_end = matches!(self.grid, Grid::Months { .. }).then(|| civil(interval.start));
        let mut said = Vec::new();
        for channel in &self.declared {
            let found = whole.iter().find(|(of, ..)| of == channel);
            for (group, values) in split(model, *channel, found.map(|(.., values)| values.as_slice())) {
                let is_shown = table::is_shown(model, &self.session.inputs, group);
                let mut flags = said.last().map_or(Flags::default(), |(flags, _)| *flags);
                match values {
                    Some(values) if is_shown => table::fill(model, Block::Record, group, values, &mut flags, &mut row),
                    None if is_shown => table::fill_absent(group, &mut row),
                    _ => {}
                }
                if values.is_some() && places_of(group).any(|(_, name)| name == "НС") {
                    said.push((flags, group.point));
                }
            }
            if let Some((_, Some(moment), _)) = found {
                row.label = Some(closer(*moment, interval));
            }
        }
        for (flags, point) in said {
            table::conditions(model, Block::Record, flags.ns, point, &self.columns, &mut row);
        }
        self.push(number, interval, row)?;
        Ok(true)
    }

    fn push(&mut self, number: usize, interval: Interval, row: Row) -> Result<(), Failure> {
        let token = Token {
            window: number,
            start: interval.start,
        };
        self.batch
            .push(row, Some(token.write(RESUME)), self.port.now(), self.out)
    }

    /// Declares the columns of the channels that gave a record in this session.
    fn declare(&mut self, channels: &[u8]) -> Result<(), Failure> {
        let seen = &mut self.session.seen;
        for channel in channels {
            if !seen.contains(channel) {
                seen.push(*channel);
                seen.sort_unstable();
            }
        }
        if self.declared == *seen {
            return Ok(());
        }
        self.batch.flush(self.out)?;
        self.declared.clone_from(seen);
        let (model, inputs) = (self.session.model, &self.session.inputs);
        let groups = self.declared.iter().flat_map(|channel| groups_of(model, *channel));
        let shown = groups.filter(|group| table::is_shown(model, inputs, group));
        self.columns = table::columns(model, Block::Record, shown, &self.session.units);
        self.out.declare(&self.columns, LabelRule::IntervalEnd)
    }
}

/// The groups of a channel's records.
fn groups_of(model: &'static Model, channel: u8) -> impl Iterator<Item = &'static Group> {
    model.record.iter().filter(move |group| group.channel == channel)
}

/// The values of a record, group by group.
fn split<'a, 'b>(
    model: &'static Model,
    channel: u8,
    mut values: Option<&'a [super::tags::Tag<'b>]>,
) -> Vec<(&'static Group, Option<&'a [super::tags::Tag<'b>]>)> {
    let mut parts = Vec::new();
    for group in groups_of(model, channel) {
        let part = values.and_then(|rest| rest.split_at_checked(places_of(group).count()));
        values = part.map(|(_, rest)| rest);
        parts.push((group, part.map(|(own, _)| own)));
    }
    parts
}

/// The moment that a record says itself, where it lies within its interval or at its end; else the end.
fn closer(moment: CivilTime, interval: Interval) -> CivilTime {
    match seconds(moment) {
        Some(at) if at > interval.start && at <= interval.end => moment,
        _ => civil(interval.end),
    }
}
