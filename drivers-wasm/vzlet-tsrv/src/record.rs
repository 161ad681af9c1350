//! Records of an array by time (Vzlet note, section 3.2). A record is known by its own time; neighbours come in one answer.

use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::modbus::pdu::Exception;
use uzel_driver_sdk::modbus::talk::Talk;
use uzel_driver_sdk::{Failure, Port};

use crate::ask;
use crate::interval::{Grid, Interval};
use crate::layout::Layout;
use crate::model::Part;

/// What an array has of one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    Record(Vec<u8>),
    /// The meter says that it has none.
    None,
    /// The meter refuses this one: its own copy is damaged, or it says so of what it has not written yet.
    Refused(Exception),
    /// Something else came: to be asked for another time.
    Later,
}

/// The slots of neighbouring intervals, or that the meter has no such array.
pub fn slots(
    talk: &mut Talk,
    port: &mut dyn Port,
    part: &Part,
    grid: Grid,
    intervals: &[Interval],
) -> Result<Result<Vec<Slot>, Exception>, Failure> {
    let most = (ask::MOST / part.layout.size).max(1);
    let mut slots = Vec::with_capacity(intervals.len());
    for group in intervals.chunks(most) {
        let together = match group {
            [_] => None,
            _ => records(talk, port, part, group)?.ok(),
        };
        for (place, interval) in group.iter().enumerate() {
            let found = together
                .as_deref()
                .and_then(|records| choose(records, place, grid, interval));
            let slot = match found {
                Some(slot) => slot,
                None => match alone(talk, port, part, grid, interval)? {
                    Ok(slot) => slot,
                    Err(exception) => return Ok(Err(exception)),
                },
            };
            slots.push(slot);
        }
    }
    Ok(Ok(slots))
}

/// What an answer with several records says of the interval in this place; none: nothing certain.
fn choose(records: &[Vec<u8>], place: usize, grid: Grid, interval: &Interval) -> Option<Slot> {
    let fitting = records.iter().find(|record| fits(grid, interval, record));
    match (fitting, records.get(place)) {
        (Some(record), _) => Some(Slot::Record(record.clone())),
        (None, Some(record)) if Layout::time(record).is_none() => Some(Slot::None),
        _ => None,
    }
}

fn alone(
    talk: &mut Talk,
    port: &mut dyn Port,
    part: &Part,
    grid: Grid,
    interval: &Interval,
) -> Result<Result<Slot, Exception>, Failure> {
    let slot = match records(talk, port, part, std::slice::from_ref(interval))? {
        Ok(records) => match records.first() {
            Some(record) if Layout::time(record).is_none() => Slot::None,
            Some(record) if fits(grid, interval, record) => Slot::Record(record.clone()),
            Some(record) => {
                let shown = Layout::time(record).unwrap_or_default();
                let off = shown.saturating_add(1).saturating_sub(interval.end);
                port.note(&format!("a record came that ends {off} s from where it should"));
                Slot::Later
            }
            None => Slot::None,
        },
        Err(exception @ (Exception::RETURNED | Exception(3))) => Slot::Refused(exception),
        Err(exception) => return Ok(Err(exception)),
    };
    Ok(Ok(slot))
}

/// Whether a record is of this interval. An hour is; a day may end at another hour than is thought.
fn fits(grid: Grid, interval: &Interval, record: &[u8]) -> bool {
    let Some(time) = Layout::time(record) else { return false };
    match grid {
        Grid::Hours => time + 1 == interval.end,
        _ => (interval.start..interval.end).contains(&time),
    }
}

/// Asks for the records of a group of intervals.
fn records(
    talk: &mut Talk,
    port: &mut dyn Port,
    part: &Part,
    group: &[Interval],
) -> Result<Result<Vec<Vec<u8>>, Exception>, Failure> {
    let (Some(first), Ok(count)) = (group.first(), u16::try_from(group.len())) else {
        return Ok(Ok(Vec::new()));
    };
    let Some(question) = ask::by_time(part.array, count, civil(first.start)) else {
        return Ok(Ok(Vec::new()));
    };
    let data = match talk.data(port, &question)? {
        Ok(data) => data,
        Err(exception) => return Ok(Err(exception)),
    };
    let size = part.layout.size;
    if data.len() % size != 0 || data.len() > size * group.len() {
        let text = format!(
            "records of {} bytes in array {}, expected {size}",
            data.len(),
            part.array
        );
        return Err(Failure::WrongDevice(text));
    }
    Ok(Ok(data.chunks_exact(size).map(<[u8]>::to_vec).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(time: i64) -> Vec<u8> {
        let mut record = u32::try_from(time).unwrap().to_be_bytes().to_vec();
        record.push(7);
        record
    }

    #[test]
    fn a_record_is_chosen_by_its_time_and_a_zero_by_its_place() {
        let hour = |start| Interval {
            start,
            end: start + 3_600,
        };
        let records = [record(3_599), record(0), record(7_199)];
        let told = |place, start| choose(&records, place, Grid::Hours, &hour(start));
        assert_eq!(told(0, 0), Some(Slot::Record(record(3_599))));
        assert_eq!(told(1, 3_600), Some(Slot::Record(record(7_199))), "it moved");
        assert_eq!(told(1, 7_200), Some(Slot::None));
        assert_eq!(told(2, 10_800), None);
        let day = Interval {
            start: 8 * 3_600,
            end: 32 * 3_600,
        };
        let days = Grid::Days { hour: 8 };
        assert!(fits(days, &day, &record(24 * 3_600 - 1)), "its days end at midnight");
        assert!(fits(days, &day, &record(32 * 3_600 - 1)));
        assert!(!fits(days, &day, &record(8 * 3_600 - 1)));
    }
}
