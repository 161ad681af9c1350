//! Ends of billing periods: registers with an index, dated by `0.1.2*nn`, and the lists `98.1.0` of P1.
//!
//! The index counts with the billing counter or from the newest, which the stamps decide; without stamps nothing is
//! guessed.

use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar::{add_months, reckon};
use uzel_driver_sdk::{Aggregate, CivilTime, Failure, LabelRule, Row, Sink, Value, Window};

use crate::dataset::{Item, Set};
use crate::moment::{Cells, column, time_column};
use crate::number;
use crate::obis::{Address, Class, meaning, of_interval};
use crate::register::{Register, merged};
use crate::session::Session;
use crate::stamp::stamp;

/// Periods that a meter keeps at most: the index has two digits.
const PERIODS_MAX: usize = 100;

/// The end of a period with what was kept of it.
#[derive(Debug)]
pub struct Period {
    pub end: CivilTime,
    pub cells: Cells,
}

/// Where a meter keeps the end of period nn.
fn is_stamp(address: &Address) -> bool {
    (address.c, address.d, address.e) == (Some(0), Some(1), Some(2))
}

/// The indices whose ends are known.
pub fn stamped(registers: &[Register]) -> Vec<u8> {
    let is_end = |register: &&Register| is_stamp(&register.address) && stamp(&register.text).is_some();
    registers
        .iter()
        .filter(is_end)
        .filter_map(|register| register.address.period)
        .collect()
}

/// All periods whose ends are known, oldest first. Two of one end are none: it is not known which is which.
pub fn periods(sets: &[Set], registers: &[Register]) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for register in registers.iter().filter(|register| is_stamp(&register.address)) {
        let (Some(index), Some(end)) = (register.address.period, stamp(&register.text)) else {
            continue;
        };
        let mut cells = Cells::default();
        for kept in registers.iter().filter(|kept| kept.address.period == Some(index)) {
            let meaning = meaning(&kept.address, &kept.unit);
            if matches!(meaning.class, Class::Current | Class::Total) {
                cells.register(kept, meaning);
            }
        }
        insert(&mut periods, Period { end, cells });
    }
    for period in merged(sets).iter().flat_map(list) {
        insert(&mut periods, period);
    }
    let ends: Vec<i64> = periods.iter().map(|period| reckon(period.end)).collect();
    periods.retain(|period| ends.iter().filter(|end| **end == reckon(period.end)).count() == 1);
    periods.truncate(PERIODS_MAX);
    periods
}

/// Puts a period behind those that ended before.
fn insert(periods: &mut Vec<Period>, period: Period) {
    let end = reckon(period.end);
    let later = periods.iter().position(|other| reckon(other.end) > end);
    periods.insert(later.unwrap_or(periods.len()), period);
}

/// A list of P1: `(count)(id)(id)(stamp)(time)(value)…` of maxima, or `(stamp)(value)…` of one month.
fn list(set: &Set) -> Vec<Period> {
    let Some(address) = Address::parse(&set.id).filter(|address| (address.c, address.d) == (Some(98), Some(1))) else {
        return Vec::new();
    };
    match set.values.as_slice() {
        [count, id, _, rest @ ..] if stamp(&count.text).is_none() => {
            let count = number::whole(&count.text, 999).and_then(|count| usize::try_from(count).ok());
            let (Some(count), Some(of)) = (count, Address::parse(&id.text)) else {
                return Vec::new();
            };
            let is_whole = rest.len() == count.saturating_mul(3);
            let entries = rest.chunks_exact(3).filter(|_| is_whole);
            entries.filter_map(|entry| maximum(&of, entry)).collect()
        }
        [at, values @ ..] => stamp(&at.text)
            .map(|end| month(&address, end, values))
            .into_iter()
            .collect(),
        [] => Vec::new(),
    }
}

/// End of the month, when it was, and how much.
fn maximum(address: &Address, entry: &[Item]) -> Option<Period> {
    let [end, at, value] = entry else { return None };
    let column = column(address, &value.unit, meaning(address, &value.unit));
    let mut cells = Cells::default();
    let time = time_column(address, &column);
    cells.push(column, number::value(&value.text));
    let is_time = stamp(&at.text).is_some();
    cells.push(
        time,
        if is_time {
            Value::Text(at.text.clone())
        } else {
            Value::Absent
        },
    );
    Some(Period {
        end: stamp(&end.text)?,
        cells,
    })
}

/// Values of a month that have no addresses: they are named by their places. Energies stand as they were at its end.
fn month(address: &Address, end: CivilTime, values: &[Item]) -> Period {
    let mut cells = Cells::default();
    for (place, item) in (1..).zip(values) {
        let mut made = column(address, &item.unit, of_interval(address, &item.unit));
        made.id = format!("{}/{place:02}", address.name);
        made.aggregate = if item.unit.ends_with('h') {
            Aggregate::Total
        } else {
            Aggregate::Maximum
        };
        cells.push(made, number::value(&item.text));
    }
    Period { end, cells }
}

impl Session {
    /// Gives the periods that begin in the windows, and says what is not kept.
    pub fn read_months(&mut self, windows: &[Window], out: &mut dyn Sink) -> Result<(), Failure> {
        let registers = self.registers()?;
        let periods = periods(self.sets.as_deref().unwrap_or_default(), &registers);
        let mut intervals: Vec<(i64, i64)> = Vec::new();
        for period in &periods {
            let end = reckon(period.end);
            let month_before = add_months(end, -1).unwrap_or(end);
            // A period begins where the one before it ended; the oldest, and one behind a lost one, a month before.
            let begin = intervals
                .last()
                .map(|(_, before)| *before)
                .filter(|before| *before > month_before - MONTH_S);
            intervals.push((begin.unwrap_or(month_before), end));
        }
        for window in windows {
            let (from, to) = (reckon(window.begin), reckon(window.end));
            for (period, (begin, end)) in periods.iter().zip(&intervals) {
                if !(from..to).contains(begin) || period.cells.columns.is_empty() || begin >= end {
                    continue;
                }
                out.declare(&period.cells.columns, LabelRule::IntervalEnd)?;
                let row = Row {
                    label: Some(period.end),
                    other_end: Some(uzel_driver_sdk::calendar::civil(*begin)),
                    length_s: None,
                    values: period.cells.values.clone(),
                    marks: Vec::new(),
                    conditions: Vec::new(),
                };
                out.rows(&[row], None)?;
            }
            let (Some((oldest, _)), Some((_, newest))) = (intervals.first(), intervals.last()) else {
                continue;
            };
            // What is older than the oldest may have been: meters do not say how many periods they have closed.
            for (gap, why) in gaps(*window, &intervals, *oldest, *newest) {
                out.absent(gap, why)?;
            }
        }
        Ok(())
    }
}

/// A period may be longer than a month where a reset was missed; by more than this it is not one period.
const MONTH_S: i64 = 15 * uzel_driver_sdk::calendar::DAY;
