//! The driver: one readout a session, from which all questions are answered.

use uzel_driver_sdk::{
    Aggregate, ArchiveKind, CivilTime, ClockReading, Column, Condition, Driver, Failure, Identity, Instant, LabelRule,
    Port, Sink, Value, Window,
};

use crate::absence;
use crate::address::Secondary;
use crate::archive::{self, Archives, Interval, Kind};
use crate::config::Config;
use crate::data::{self, Coding, Data};
use crate::date::{Precision, Stamp};
use crate::entry::{self, Entry, Role};
use crate::header::{self, Header};
use crate::profile;
use crate::readout::{Answer, Readout};
use crate::record::{Function, Record, Vif};
use crate::status;
use crate::table::Table;
use uzel_driver_sdk::calendar;

/// The one model: what the meter is, its header says.
const MODEL: &str = "mbus";
/// Rows of one call of the sink.
const ROWS: usize = 512;
/// Bytes of a note of remarks.
const MAX_NOTE: usize = 1_000;
/// A site's clock and UTC differ by less, seconds.
const ZONE: i64 = 14 * calendar::HOUR;

/// Reads one meter by M-Bus.
#[derive(Default)]
pub struct Mbus {
    session: Option<Session>,
}

pub(crate) struct Session {
    pub(crate) readout: Readout,
    all_records: bool,
}

impl Mbus {
    /// What `identify` began.
    pub(crate) fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_begun = || Failure::Config("identify was not called".to_owned());
        self.session.as_mut().ok_or_else(not_begun)
    }

    /// The readout, with every telegram where `all`.
    fn read(&mut self, port: &mut dyn Port, all: bool) -> Result<&Session, Failure> {
        let session = self.session()?;
        session.readout.read(port, all)?;
        Ok(session)
    }
}

impl Driver for Mbus {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let (config, target) = Config::parse(config)?;
        self.session = Some(Session {
            all_records: config.all_records,
            readout: Readout::new(config, target),
        });
        let session = self.read(port, false)?;
        Ok(identity(&session.readout))
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        if clock(&self.read(port, false)?.readout).is_none() {
            self.read(port, true)?;
        }
        let session = self.read(port, false)?;
        let Some((answer, data)) = clock(&session.readout) else {
            return Err(Failure::Unsupported(
                "the readout has no date and time (VIF 6D)".to_owned(),
            ));
        };
        let stamp = match data {
            Data::Stamp(stamp) => stamp,
            Data::Invalid(bytes) => return Err(no_time(&data::digits(bytes))),
            Data::Unsettled => return Err(no_time("answers differ")),
            _ => return Err(Failure::Unsupported("the clock is no date and time".to_owned())),
        };
        let resolution_ms = if stamp.precision == Precision::Second {
            1_000
        } else {
            60_000
        };
        let trip = answer.came.saturating_sub(answer.asked);
        Ok(ClockReading {
            shown: stamp.time,
            at: answer.asked.saturating_add(trip / 2),
            uncertainty_ms: u32::try_from(trip / 2)
                .unwrap_or(u32::MAX)
                .saturating_add(resolution_ms),
        })
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let now = port.now();
        let session = self.read(port, true)?;
        let all = session.all_records;
        let header = first_header(&session.readout);
        let mut table = session.moment_table(now, |role| all || role == Role::Current);
        if let Some(header) = header {
            table.add(status_column(), Value::Bits(header.status.into()));
        }
        session.give(table, header.map(status::of).unwrap_or_default(), out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let now = port.now();
        let session = self.read(port, true)?;
        let table = session.moment_table(now, |role| role == Role::Total);
        session.give(table, Vec::new(), out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        _resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let Some(kind) = Kind::of(kind) else {
            return Err(Failure::Unsupported(
                "M-Bus meters keep hours, days and months".to_owned(),
            ));
        };
        let now = port.now();
        let session = self.read(port, true)?;
        let remarks = session.archive(kind, windows, now, out)?;
        if !remarks.is_empty() {
            // Remarks are ASCII but for names of plain-text units, which are ASCII too.
            port.note(remarks.get(..MAX_NOTE).unwrap_or(&remarks));
        }
        Ok(())
    }

    fn close(&mut self, port: &mut dyn Port) {
        if let Some(mut session) = self.session.take() {
            session.readout.close(port);
        }
    }
}

impl Session {
    /// A row of one moment with the records of the wanted roles. Kept values that are in an archive are left to it,
    /// unless everything is wanted.
    fn moment_table(&self, now: Instant, is_wanted: impl Fn(Role) -> bool) -> Table {
        let records = self.records();
        let entries = entry::entries(&records);
        let archives = self.archives(&entries, now);
        let medium = first_header(&self.readout).and_then(|header| header.medium);
        let mut table = Table::default();
        for (at, entry) in entries.iter().enumerate() {
            let is_of_profile = entry.record.storage >= profile::FIRST_STORAGE;
            let is_elsewhere = is_of_profile || archives.holds(at) && !self.all_records;
            if is_wanted(entry.role()) && !is_elsewhere {
                table.push(entry, true, medium);
            }
        }
        table
    }

    fn give(&self, table: Table, mut conditions: Vec<Condition>, out: &mut dyn Sink) -> Result<(), Failure> {
        let label = shown_time(&self.readout);
        for part in table.split() {
            part.declare(LabelRule::Moment, out)?;
            out.rows(&[part.row(label, std::mem::take(&mut conditions))], None)?;
        }
        Ok(())
    }

    /// All records read, and behind them the values of compact profiles.
    fn records(&self) -> Vec<Record<'static>> {
        let mut records = self.readout.records();
        let values = profile::expand(&records);
        records.extend(values);
        records
    }

    fn archives(&self, entries: &[Entry<'_>], now: Instant) -> Archives {
        let clock = shown_time(&self.readout).map(calendar::reckon);
        archive::build(entries, clock, clock.unwrap_or(now / 1_000 + ZONE))
    }

    /// Gives all intervals of a kind and says what is not kept. Returns remarks for the journal.
    ///
    /// An interval with a value on which no two answers agree is not given: a gap is asked for again, an interval
    /// without its value is not.
    fn archive(&self, kind: Kind, windows: &[Window], now: Instant, out: &mut dyn Sink) -> Result<String, Failure> {
        let records = self.records();
        let entries = entry::entries(&records);
        let archives = self.archives(&entries, now);
        let intervals = archives.intervals(kind);
        let is_settled = |interval: &&Interval| {
            let mut values = interval.values.iter().filter_map(|at| entries.get(*at));
            values.all(|entry| entry.record.coding != Coding::Unsettled)
        };
        let settled: Vec<_> = intervals.iter().copied().filter(is_settled).collect();
        self.give_intervals(&entries, &settled, out)?;
        let mut remarks = archives.remarks();
        if self.readout.is_whole() && !archives.is_uncertain {
            let clock = shown_time(&self.readout).map_or(now / 1_000 - ZONE, calendar::reckon);
            let until = absence::settled_until(kind, clock);
            for (window, why) in absence::gaps(windows, &intervals, until) {
                match out.absent(window, why) {
                    // An hour that the site's clock leaves out is no window: there is nothing to say of it.
                    Err(Failure::Unsupported(text)) => remarks.push_str(&text),
                    said => said?,
                }
            }
        }
        let unsettled = intervals.len() - settled.len() + unsettled_dates(&entries);
        match unsettled {
            0 => Ok(remarks),
            count => Err(Failure::Garbled(format!(
                "no two answers agree on {count} kept values or their dates"
            ))),
        }
    }

    fn give_intervals(
        &self,
        entries: &[Entry<'_>],
        intervals: &[&Interval],
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let medium = first_header(&self.readout).and_then(|header| header.medium);
        let mut declared: Option<Table> = None;
        let mut rows = Vec::new();
        for interval in intervals {
            let mut table = Table::default();
            for entry in interval.values.iter().filter_map(|at| entries.get(*at)) {
                table.push(entry, false, medium);
            }
            for part in table.split() {
                let is_same = declared.as_ref().is_some_and(|declared| declared.same_columns(&part));
                if !is_same || rows.len() >= ROWS {
                    flush(&mut rows, out)?;
                }
                if !is_same {
                    part.declare(LabelRule::IntervalEnd, out)?;
                    declared = Some(part.clone());
                }
                rows.push(part.row(Some(calendar::civil(interval.end)), Vec::new()));
            }
        }
        flush(&mut rows, out)
    }
}

/// Dates of kept values on which no two answers agree: what they date is in no archive, and may belong there.
fn unsettled_dates(entries: &[Entry<'_>]) -> usize {
    let is_date = |record: &Record<'_>| record.storage > 0 && matches!(record.vif, Vif::Primary(0x6c | 0x6d));
    let dates = entries.iter().filter(|entry| is_date(entry.record));
    dates.filter(|entry| entry.record.coding == Coding::Unsettled).count()
}

fn flush(rows: &mut Vec<uzel_driver_sdk::Row>, out: &mut dyn Sink) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    out.rows(&std::mem::take(rows), None)
}

fn first_header(readout: &Readout) -> Option<&Header> {
    readout
        .answers()
        .iter()
        .find_map(|answer| answer.telegram.header.as_ref())
}

fn no_time(shown: &str) -> Failure {
    Failure::Refused(format!("the clock shows no time: {shown}"))
}

/// The running clock: date and time of storage 0 without any addition.
fn clock(readout: &Readout) -> Option<(&Answer, Data<'_>)> {
    let is_clock = |record: &&Record<'_>| {
        record.vif == Vif::Primary(0x6d)
            && record.vifes.is_empty()
            && record.function == Function::Instant
            && (record.storage, record.tariff, record.subunit) == (0, 0, 0)
            && record.data.len() != 3
    };
    readout.answers().iter().find_map(|answer| {
        let record = answer.telegram.records.iter().find(is_clock)?;
        let data = entry::entries(std::slice::from_ref(record)).pop()?.data;
        Some((answer, data))
    })
}

fn shown_time(readout: &Readout) -> Option<CivilTime> {
    clock_stamp(readout).map(|stamp| stamp.time)
}

/// What the clock showed, and in which type.
pub(crate) fn clock_stamp(readout: &Readout) -> Option<Stamp> {
    match clock(readout)?.1 {
        Data::Stamp(stamp) => Some(stamp),
        _ => None,
    }
}

fn status_column() -> Column {
    Column {
        id: "status".to_owned(),
        quantity: "status".to_owned(),
        unit: String::new(),
        point: 0,
        tariff: 0,
        pipe: None,
        aggregate: Aggregate::State,
        decimals: None,
    }
}

/// Who answers, as far as the first telegram says.
fn identity(readout: &Readout) -> Identity {
    let mut details = Vec::new();
    let mut detail = |name: &str, text: String| details.push((name.to_owned(), text));
    let header = first_header(readout);
    if let Some(header) = header {
        if let Some(address) = Secondary::of(header).filter(|_| readout.is_selected()) {
            detail("secondary-address", address.to_string());
        }
        if let Some(maker) = header.maker() {
            detail("manufacturer", maker);
        }
        if let Some(version) = header.version {
            detail("version", version.to_string());
        }
        if let Some(medium) = header.medium {
            let name = header::medium_name(medium).unwrap_or("unknown");
            detail("medium", format!("{medium:02X} {name}"));
        }
    }
    let records = readout.records();
    let mut firmware = None;
    for entry in entry::entries(&records)
        .iter()
        .filter(|entry| is_about_device(entry.record))
    {
        let Some(text) = text(entry) else { continue };
        if entry.record.vif == Vif::Fd(0x0e) {
            firmware = Some(text.clone());
        }
        detail(&entry.id(true), text);
    }
    Identity {
        model: MODEL.to_owned(),
        serial: header.map(|header| header.id.clone()).filter(|id| !id.is_empty()),
        firmware,
        details,
    }
}

/// Fabrication number, parameter set, model, versions, customer: they name the device.
fn is_about_device(record: &Record<'_>) -> bool {
    matches!(record.vif, Vif::Primary(0x78) | Vif::Fd(0x0b..=0x11)) && record.storage == 0
}

fn text(entry: &Entry<'_>) -> Option<String> {
    match entry.cell().0 {
        Value::Text(text) => Some(text),
        Value::Fixed(fixed) => Some(fixed.digits.to_string()),
        _ => None,
    }
}
