//! Profiles of the meter: what they capture, their rows, and which of them a selection means (IEC 62056-62, section 5.2).

use super::data::{
    CLOCK, NULL, Name, Take, array, integer8, name, octets, stamp, structure, unsigned8, unsigned16, unsigned32,
    unstamp,
};
use super::history::History;
use crate::civil;
use jiff::civil::DateTime;

pub const HOURS: Name = name(1, 0, 99, 1, 0);
pub const DAYS: Name = name(1, 0, 99, 2, 0);
pub const MONTHS: Name = name(1, 0, 98, 1, 0);

/// Counters by their names, in the order of [`super::history::Counters`].
pub const COUNTERS: [Name; 4] = [
    name(1, 0, 1, 8, 0),
    name(1, 0, 1, 8, 1),
    name(1, 0, 1, 8, 2),
    name(1, 0, 3, 8, 0),
];

/// The status word of hours and of days.
pub const STATUS: [Name; 2] = [name(0, 0, 96, 10, 1), name(0, 0, 96, 10, 2)];

/// Rows that each profile holds.
const KEPT: [usize; 3] = [1_440, 366, 36];

/// Access refused.
const TYPE: u8 = 12;
const SCOPE: u8 = 13;

/// Which profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Hours,
    Days,
    Months,
}

/// One row: its interval, its status, and counters by their place in [`COUNTERS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub start: DateTime,
    pub end: DateTime,
    pub status: Option<u8>,
    pub counters: Vec<(usize, u32)>,
}

/// What a selection wants.
pub enum Selected {
    All,
    /// Seconds, both included.
    Range(i64, i64),
    /// From 1, both included.
    Entries(usize, usize),
}

impl Profile {
    pub fn named(name: Name) -> Option<Self> {
        [(HOURS, Self::Hours), (DAYS, Self::Days), (MONTHS, Self::Months)]
            .into_iter()
            .find_map(|(known, profile)| (known == name).then_some(profile))
    }

    pub fn kept(self) -> usize {
        KEPT[self as usize]
    }

    pub fn period_s(self) -> u32 {
        [3_600, 86_400, 0][self as usize]
    }

    fn columns(self) -> &'static [usize] {
        match self {
            Self::Hours => &[0, 3],
            Self::Days | Self::Months => &[0, 1, 2, 3],
        }
    }

    fn status(self) -> Option<Name> {
        STATUS.get(self as usize).copied()
    }

    /// capture_objects.
    pub fn objects(self) -> Vec<u8> {
        let object = |class, name: Name| structure(&[unsigned16(class), octets(&name), integer8(2), unsigned16(0)]);
        let mut objects = vec![object(8, CLOCK)];
        objects.extend(self.status().map(|name| object(1, name)));
        objects.extend(self.columns().iter().map(|place| object(3, COUNTERS[*place])));
        array(&objects)
    }

    /// All rows that are held at `now`, oldest first.
    pub fn records(self, history: &History, now: DateTime) -> Vec<Record> {
        let now_hour = civil::hour_of(now);
        let record = |begin: i64, end: i64, status: Option<u8>| {
            let counters = history.counters(end - 1)?;
            Some(Record {
                start: civil::civil_of_hour(begin),
                end: civil::civil_of_hour(end),
                status,
                counters: self.columns().iter().map(|place| (*place, counters[*place])).collect(),
            })
        };
        let off = |hours: std::ops::Range<i64>| {
            let was_off = hours
                .into_iter()
                .any(|hour| history.counters(hour).is_some() && !history.has_power(hour));
            Some(if was_off { 0x80 } else { 0 })
        };
        match self {
            Self::Hours => history
                .hours(now_hour, self.kept())
                .into_iter()
                .filter_map(|hour| record(hour, hour + 1, off(hour - 1..hour)))
                .collect(),
            Self::Days => history
                .days(now_hour, self.kept())
                .into_iter()
                .filter_map(|hour| record(hour, hour + civil::DAY_H, off(hour..hour + civil::DAY_H)))
                .collect(),
            Self::Months => history
                .months(now, self.kept())
                .into_iter()
                .filter_map(|(begin, end)| record(civil::hour_of(begin), civil::hour_of(end), None))
                .collect(),
        }
    }

    /// The buffer with the rows that are selected.
    pub fn buffer(self, records: &[Record], selected: &Selected, compact: bool) -> Vec<u8> {
        let numbered = records.iter().zip(1..);
        let rows: Vec<&Record> = numbered
            .filter(|(record, number)| match *selected {
                Selected::All => true,
                Selected::Range(from, to) => (from..=to).contains(&civil::seconds_of(record.end)),
                Selected::Entries(from, to) => (from..=to).contains(number),
            })
            .map(|(record, _)| record)
            .collect();
        let rows: Vec<Vec<u8>> = rows
            .iter()
            .enumerate()
            .map(|(place, record)| {
                let before = place
                    .checked_sub(1)
                    .and_then(|before| rows.get(before))
                    .filter(|_| compact);
                self.row(record, before.copied())
            })
            .collect();
        array(&rows)
    }

    fn row(self, record: &Record, before: Option<&Record>) -> Vec<u8> {
        let follows = |before: &&Record| {
            let between = civil::seconds_of(record.end) - civil::seconds_of(before.end);
            self.period_s() > 0 && between == i64::from(self.period_s())
        };
        let mut cells = vec![match before.filter(follows) {
            Some(_) => NULL.to_vec(),
            None => octets(&stamp(record.end)),
        }];
        if let Some(status) = record.status {
            let same = before.is_some_and(|before| before.status == record.status);
            cells.push(if same { NULL.to_vec() } else { unsigned8(status) });
        }
        for counter in &record.counters {
            let same = before.is_some_and(|before| before.counters.contains(counter));
            cells.push(if same { NULL.to_vec() } else { unsigned32(counter.1) });
        }
        structure(&cells)
    }
}

/// Reads a selection of a client. With `tagged` the ends of a range have to stand under the tag of a date-time; as strings
/// they mean nothing to such a meter, and no row has that stamp.
pub fn selection(bytes: &[u8], tagged: bool) -> Result<Selected, u8> {
    let mut take = Take(bytes);
    match take.byte() {
        Some(1) => range(&mut take, tagged).ok_or(TYPE),
        Some(2) => entries(&mut take).ok_or(TYPE),
        _ => Err(SCOPE),
    }
}

fn range(take: &mut Take, tagged: bool) -> Option<Selected> {
    take.expect(&[2, 4])?;
    take.expect(&structure(&[unsigned16(8), octets(&CLOCK), integer8(2), unsigned16(0)]))?;
    let mut ends = [0; 2];
    for end in &mut ends {
        let is_string = match take.byte()? {
            0x19 => false,
            0x09 => take.expect(&[12]).is_some(),
            _ => return None,
        };
        *end = unstamp(take.bytes(12)?)?;
        if is_string == tagged {
            *end = -1;
        }
    }
    take.expect(&[1, 0])?;
    take.0.is_empty().then_some(Selected::Range(ends[0], ends[1]))
}

fn entries(take: &mut Take) -> Option<Selected> {
    take.expect(&[2, 4, 6])?;
    let from = usize::try_from(take.long()?).ok()?;
    take.expect(&[6])?;
    let to = usize::try_from(take.long()?).ok()?;
    take.expect(&[0x12, 0, 1, 0x12, 0, 0])?;
    let to = if to == 0 { usize::MAX } else { to };
    take.0.is_empty().then_some(Selected::Entries(from, to))
}
