//! Kept values (storage numbers from 1 on) as archive records.
//!
//! A kept value holds at the moment that its storage number is dated with: a total at the end of an interval. The dates
//! say of which: an hour or a day where neighbouring numbers lie so far apart, a month where they lie a month apart or
//! where the moment is the turn of a month. What they do not say is not guessed: such values stay apart from the
//! archives, under their storage number. So do greatest and least values, because how long they were watched for is
//! said nowhere.

use uzel_driver_sdk::ArchiveKind;

use crate::cycle;
use crate::data::Data;
use crate::date::{Precision, Stamp};
use crate::entry::Entry;
use crate::profile;
use crate::quantity::Class;
use crate::record::{Function, Vif};
use crate::sorted::Sorted;
use uzel_driver_sdk::calendar;

/// The meter does not date a storage number.
const NO_DATE: &str = "no date";

/// Kinds of archive that M-Bus meters are known to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Hourly,
    Daily,
    Monthly,
}

impl Kind {
    /// The kind of the contract, if it is one of ours.
    pub fn of(kind: ArchiveKind) -> Option<Self> {
        match kind {
            ArchiveKind::Hourly => Some(Self::Hourly),
            ArchiveKind::Daily => Some(Self::Daily),
            ArchiveKind::Monthly => Some(Self::Monthly),
            _ => None,
        }
    }
}

/// One interval: seconds of the meter's calendar, and the entries that hold at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    pub begin: i64,
    pub end: i64,
    /// Indices of entries.
    pub values: Vec<usize>,
    /// Columns of which several values are kept that do not agree.
    contested: Vec<String>,
}

/// What became of the kept values.
#[derive(Debug, Default)]
pub struct Archives {
    intervals: Sorted<(Kind, i64), Interval>,
    /// By entry: whether it is in an archive.
    archived: Vec<bool>,
    /// Why storage numbers are in no archive: for the journal.
    pub remarks: Vec<String>,
    /// A cycle is described, and this time it could not be told how it runs.
    pub is_uncertain: bool,
}

/// A storage number with its moment, or why it has none.
struct Slot {
    storage: u64,
    /// The day given without a time.
    bare_day: Option<i64>,
    at: Result<i64, &'static str>,
    kind: Option<Kind>,
}

/// Sorts kept values into archives. `clock` is the time of the readout by the meter's own clock.
pub fn build(entries: &[Entry<'_>], clock: Option<i64>, latest: i64) -> Archives {
    let mut archives = Archives {
        archived: vec![false; entries.len()],
        ..Archives::default()
    };
    let mut slots = slots(entries, latest);
    let dated = close_days(&slots);
    for (slot, is_close) in slots.iter_mut().zip(dated) {
        if is_close && slot.at.is_ok() {
            slot.at = Err("bare dates closer than a month do not say which end of the day they mean");
        }
    }
    by_cycle(entries, &mut slots, clock, &mut archives);
    by_distance(&mut slots);
    for slot in &slots {
        archives.place(entries, slot);
    }
    archives
}

/// One slot for every storage number that keeps a value.
fn slots(entries: &[Entry<'_>], latest: i64) -> Vec<Slot> {
    let mut found: Sorted<u64, Vec<Option<Stamp>>> = Sorted::default();
    for entry in entries.iter().filter(|entry| entry.record.storage > 0) {
        let record = entry.record;
        if is_kept(entry) {
            found.entry(record.storage, Vec::new);
        }
        let is_date = matches!(record.vif, Vif::Primary(0x6c | 0x6d)) && record.vifes.is_empty();
        let is_of_all = record.function == Function::Instant && record.tariff == 0 && record.subunit == 0;
        if is_date && is_of_all {
            let stamp = match entry.data {
                Data::Stamp(stamp) => Some(stamp),
                _ => None,
            };
            found.entry(record.storage, Vec::new).push(stamp);
        }
    }
    let slot = |(storage, stamps): (u64, Vec<Option<Stamp>>)| {
        let bare_day = match stamps.as_slice() {
            [Some(stamp)] if stamp.precision == Precision::Day => Some(calendar::reckon(stamp.time)),
            _ => None,
        };
        let at = match stamps.as_slice() {
            [] => Err(NO_DATE),
            [None] => Err("its date is not set"),
            [Some(stamp)] => moment(stamp, latest),
            _ => Err("several dates"),
        };
        Slot {
            storage,
            bare_day,
            at,
            kind: None,
        }
    };
    found.into_vec().into_iter().map(slot).collect()
}

/// A value that an archive can hold: it holds at one moment, and the tables know its quantity.
fn is_kept(entry: &Entry<'_>) -> bool {
    let is_quantity = matches!(entry.modified.meaning.class, Class::Counter | Class::Instant);
    let has_number = !matches!(entry.data, Data::Text(_) | Data::Bytes(_) | Data::Nothing);
    is_quantity && has_number && entry.record.function == Function::Instant && !entry.modified.mean
}

/// The moment that a date means, seconds: the turn of an hour. `23:59` is the end of the day, as meters write it; a
/// bare date is clear on the last day of a month (its end) and on the first (its begin).
fn moment(stamp: &Stamp, latest: i64) -> Result<i64, &'static str> {
    let time = stamp.time;
    // The maker's "every year" and a clock that was never set look like this, and no meter keeps that year today.
    if time.year <= 2000 {
        return Err("its date has no year");
    }
    let shown = calendar::reckon(time);
    let at = match (stamp.precision, time.day, time.minute, time.second) {
        (Precision::Day, 1, ..) => shown,
        (Precision::Day, day, ..) if i64::from(day) == calendar::days_in_month(time.year, time.month) => {
            shown + calendar::DAY
        }
        (Precision::Day, ..) => return Err("a bare date within a month does not say which end of the day it means"),
        (_, _, 59, second) => shown - i64::from(second) + calendar::MINUTE,
        (_, _, 0, 0) => shown,
        _ => return Err("its date is no turn of an hour"),
    };
    let known_at = if stamp.precision == Precision::Day { at } else { shown };
    if known_at > latest {
        return Err("its date is to come");
    }
    Ok(at)
}

/// By slot: whether a neighbour is dated by a bare day less than a month away.
fn close_days(slots: &[Slot]) -> Vec<bool> {
    let mut close = vec![false; slots.len()];
    for (at, pair) in slots.windows(2).enumerate() {
        if let [
            Slot {
                bare_day: Some(one), ..
            },
            Slot {
                bare_day: Some(other), ..
            },
        ] = pair
        {
            // The same day twice is one date for two storage numbers.
            if one != other && (one - other).abs() < 28 * calendar::DAY {
                close.iter_mut().skip(at).take(2).for_each(|close| *close = true);
            }
        }
    }
    close
}

/// Dates the numbers of a cycle by those that are dated.
fn by_cycle(entries: &[Entry<'_>], slots: &mut [Slot], clock: Option<i64>, archives: &mut Archives) {
    let Some(cycle) = cycle::find(entries) else { return };
    let of_ring = slots.iter().filter(|slot| cycle.holds(slot.storage));
    let dated: Vec<_> = of_ring.filter_map(|slot| Some((slot.storage, slot.at.ok()?))).collect();
    let Some(times) = clock.and_then(|clock| cycle.times(&dated, clock)) else {
        archives.is_uncertain = true;
        archives
            .remarks
            .push("cycle of storage numbers: dates and clock do not say how it runs".to_owned());
        return;
    };
    for slot in slots.iter_mut().filter(|slot| cycle.holds(slot.storage)) {
        if slot.at.is_ok() || slot.at == Err(NO_DATE) {
            slot.at = times(slot.storage).ok_or("no such day in its month");
            slot.kind = Some(cycle.kind);
        }
    }
}

/// Finds the kind of each dated slot by its neighbours and by the turn of the month.
fn by_distance(slots: &mut [Slot]) {
    let distances: Vec<Option<Kind>> = slots.windows(2).map(distance).collect();
    let before = [None].iter().chain(&distances);
    let behind = distances.iter().chain(&[None]);
    let kinds = before.zip(behind).enumerate();
    let kinds: Vec<_> = kinds
        .map(|(at, (before, behind))| match (*before, *behind) {
            (Some(one), Some(other)) if one != other => in_one_run(slots, &distances, at),
            (Some(kind), _) | (_, Some(kind)) => Ok(Some(kind)),
            (None, None) => Ok(None),
        })
        .collect();
    for (slot, kind) in slots.iter_mut().zip(kinds) {
        let (Ok(at), None) = (slot.at, slot.kind) else { continue };
        match kind {
            Ok(Some(kind)) => slot.kind = Some(kind),
            Ok(None) if is_turn_of_month(at) => slot.kind = Some(Kind::Monthly),
            Ok(None) => slot.at = Err("a single date within a month"),
            Err(why) => slot.at = Err(why),
        }
    }
}

/// The kind of a slot where two runs of equal distances meet: a run has each moment once. So the hour that ended at
/// midnight is no second day of today behind a run of days, and no day of it before one.
fn in_one_run(slots: &[Slot], distances: &[Option<Kind>], at: usize) -> Result<Option<Kind>, &'static str> {
    let Some(slot) = slots.get(at) else { return Ok(None) };
    let (before, behind) = (distances.get(..at), distances.get(at..));
    let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
    let is_there = |mut others: &mut dyn Iterator<Item = &Slot>| (&mut others).any(|other| other.at == slot.at);
    let first = before.last().copied().flatten();
    let length = before.iter().rev().take_while(|kind| **kind == first).count();
    let repeats_before = is_there(&mut slots.iter().take(at).rev().take(length));
    let second = behind.first().copied().flatten();
    let length = behind.iter().take_while(|kind| **kind == second).count();
    let repeats_behind = is_there(&mut slots.iter().skip(at + 1).take(length));
    match (repeats_before, repeats_behind) {
        (true, false) => Ok(second),
        (false, true) => Ok(first),
        _ => Err("distances to its neighbours differ"),
    }
}

/// The kind that two neighbouring slots make of each other.
fn distance(pair: &[Slot]) -> Option<Kind> {
    let [one, other] = pair else { return None };
    let (Ok(a), Ok(b)) = (one.at, other.at) else {
        return None;
    };
    let (early, late) = (a.min(b), a.max(b));
    let has_time = one.bare_day.is_none() && other.bare_day.is_none();
    match late - early {
        calendar::HOUR if has_time => Some(Kind::Hourly),
        calendar::DAY if has_time => Some(Kind::Daily),
        // Every month has the days up to the 28th.
        _ if calendar::civil(early).day <= 28 && calendar::add_months(early, 1) == Some(late) => Some(Kind::Monthly),
        _ => None,
    }
}

fn is_turn_of_month(at: i64) -> bool {
    calendar::civil(at).day == 1 && at.rem_euclid(calendar::DAY) == 0
}

impl Archives {
    /// The intervals of a kind, oldest first.
    pub fn intervals(&self, kind: Kind) -> Vec<&Interval> {
        let of_kind = self.intervals.iter().filter(|((other, _), _)| *other == kind);
        of_kind.map(|(_, interval)| interval).collect()
    }

    /// Whether an entry is in an archive.
    pub fn holds(&self, entry: usize) -> bool {
        self.archived.get(entry).copied().unwrap_or(false)
    }

    /// All remarks in one line.
    pub fn remarks(&self) -> String {
        let mut line = String::new();
        for remark in &self.remarks {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(remark);
        }
        line
    }

    /// Remarks on values of profiles are told once.
    fn remark(&mut self, storage: u64, why: &str) {
        let remark = match storage {
            profile::FIRST_STORAGE.. => format!("profile: {why}"),
            storage => format!("storage {storage}: {why}"),
        };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    fn place(&mut self, entries: &[Entry<'_>], slot: &Slot) {
        let kept = entries.iter().enumerate();
        let kept: Vec<usize> = kept
            .filter(|(_, entry)| entry.record.storage == slot.storage && is_kept(entry))
            .map(|(at, _)| at)
            .collect();
        if kept.is_empty() {
            return;
        }
        let begin = |at, kind: Kind| Some((kind, at, kind.after(at, -1)?));
        let placed = match (slot.at, slot.kind) {
            (Ok(at), Some(kind)) => begin(at, kind).ok_or("its interval begins on no day"),
            (Ok(_), None) => Err("no kind"),
            (Err(why), _) => Err(why),
        };
        let (kind, end, begin) = match placed {
            Ok(placed) => placed,
            Err(why) => {
                self.remark(slot.storage, why);
                return;
            }
        };
        let new = || Interval {
            begin,
            end,
            values: Vec::new(),
            contested: Vec::new(),
        };
        let interval = self.intervals.entry((kind, begin), new);
        for at in kept {
            merge(entries, interval, &mut self.archived, &mut self.remarks, at);
        }
    }
}

/// Adds a value to an interval. Two storage numbers may hold the same interval: values that agree count once, values
/// that do not are all left out.
fn merge(entries: &[Entry<'_>], interval: &mut Interval, archived: &mut [bool], remarks: &mut Vec<String>, new: usize) {
    let Some(entry) = entries.get(new) else { return };
    let id = entry.id(false);
    if interval.contested.contains(&id) {
        return;
    }
    let is_same = |old: &&usize| entries.get(**old).is_some_and(|old| old.id(false) == id);
    let Some(&old) = interval.values.iter().find(is_same) else {
        interval.values.push(new);
        mark(archived, new, true);
        return;
    };
    let says = |old: &Entry<'_>, new: &Entry<'_>| {
        let (old, new) = (old.record, new.record);
        old.coding == new.coding && old.data == new.data && old.vif == new.vif
    };
    let agrees = entries.get(old).is_some_and(|old| says(old, entry));
    mark(archived, new, agrees);
    if !agrees {
        mark(archived, old, false);
        interval.values.retain(|value| *value != old);
        remarks.push(format!(
            "storage {}: another value of {id} for the same interval",
            entry.record.storage
        ));
        interval.contested.push(id);
    }
}

fn mark(archived: &mut [bool], entry: usize, is_archived: bool) {
    if let Some(mark) = archived.get_mut(entry) {
        *mark = is_archived;
    }
}
