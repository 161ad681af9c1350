//! One answer of an archive (M4 note, section 4.4): labelled records, then the label of the next record or none.

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::calendar::{HOUR, seconds};

use super::tags::{self, Tag};
use crate::legacy::interval::Grid;
use crate::legacy::trouble::Trouble;

/// Records with the ends of their intervals, and how far the archive is known now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// End of the interval and payload, oldest first.
    pub records: Vec<(i64, Vec<u8>)>,
    /// Records that end before this are all there; `i64::MAX` when there is nothing newer.
    pub known_until: i64,
}

/// The archive type of a grid.
pub fn kind(grid: Grid) -> u8 {
    match grid {
        Grid::Hours => 0,
        Grid::Days { .. } => 1,
        Grid::Decades { .. } => 2,
        Grid::Months { .. } => 3,
    }
}

/// The question for at most `count` records from the one that ends at `end` on.
pub fn question(channel: u8, grid: Grid, end: CivilTime, count: u8) -> Option<Vec<u8>> {
    let year = u8::try_from(end.year.checked_sub(2_000)?).ok()?;
    let whole = [year, end.month, end.day, end.hour];
    let len = match grid {
        Grid::Hours => 4,
        Grid::Days { .. } | Grid::Decades { .. } => 3,
        // СПТ943rev3 gives its months for labels of two bytes only.
        Grid::Months { .. } => 2,
    };
    let mut data = Vec::new();
    tags::put(&mut data, tags::OCTETS, &[0xff, 0xff, channel, kind(grid), count]);
    tags::put(&mut data, tags::LABEL, whole.get(..len).unwrap_or_default());
    Some(data)
}

/// Reads the answer to a question for records from the one that ends at `from` on.
pub fn parse(reply: &[u8], grid: Grid, from: i64) -> Result<Page, Trouble> {
    let wrong = |what: &str| Trouble::Garbled(format!("an archive answer {what}"));
    let found = tags::all(reply).ok_or_else(|| wrong("is cut within a tag"))?;
    let (pairs, []) = found.as_chunks::<2>() else {
        return Err(wrong("has a label without a record"));
    };
    let mut records: Vec<(i64, Vec<u8>)> = Vec::new();
    let mut last = from - 1;
    for [label, record] in pairs {
        if label.kind != tags::LABEL {
            return Err(wrong("has a record without a label"));
        }
        if label.bytes.is_empty() && record.bytes.is_empty() {
            return Ok(Page {
                records,
                known_until: i64::MAX,
            });
        }
        let end = end_of(label, grid).ok_or_else(|| wrong(&format!("has the label {:02X?}", label.bytes)))?;
        if record.bytes.is_empty() {
            // Some meters point back: then the next question is for what follows the last record.
            let known_until = if end > last { end } else { last + 1 };
            if known_until <= from {
                return Err(wrong("points back to where it was asked for"));
            }
            return Ok(Page { records, known_until });
        }
        if record.kind != tags::SEQUENCE || end <= last {
            return Err(wrong("has its records in disorder"));
        }
        last = end;
        records.push((end, record.bytes.to_vec()));
    }
    Err(wrong("does not say what comes next"))
}

/// The end of the interval that a label names.
fn end_of(label: &Tag, grid: Grid) -> Option<i64> {
    let at = label.label()?;
    if let Grid::Hours = grid {
        return seconds(at).filter(|end| end % HOUR == 0);
    }
    grid.ending_on(at)
}

/// The values of a record behind its moment, where it has one: time and date come first, or not at all.
pub fn values<'a>(payload: &'a [u8], count: usize) -> Result<(Option<CivilTime>, Vec<Tag<'a>>), Trouble> {
    let found = tags::all(payload).ok_or_else(|| Trouble::Garbled("a record is cut within a tag".to_owned()))?;
    let (moment, values) = match found.as_slice() {
        [time, date, rest @ ..] if time.kind == tags::TIME && date.kind == tags::DATE => {
            (tags::moment(date, time), rest.to_vec())
        }
        _ => (None, found),
    };
    if values.len() == count {
        Ok((moment, values))
    } else {
        let got = values.len();
        Err(Trouble::Garbled(format!("a record has {got} values, expected {count}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::calendar::{DAY, civil};

    use super::*;

    const DAYS: Grid = Grid::Days { hour: 10 };

    fn at(year: u16, month: u8, day: u8, hour: u8) -> i64 {
        seconds(CivilTime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        })
        .unwrap()
    }

    #[test]
    fn questions_are_those_of_the_captures() {
        let hour = question(0, Grid::Hours, civil(at(2017, 5, 17, 18)), 10).unwrap();
        assert_eq!(hour, [4, 5, 0xff, 0xff, 0, 0, 10, 0x49, 4, 0x11, 5, 0x11, 0x12]);
        let month = question(1, Grid::Months { day: 1, hour: 0 }, civil(at(2017, 1, 1, 0)), 80).unwrap();
        assert_eq!(month, [4, 5, 0xff, 0xff, 1, 3, 80, 0x49, 2, 0x11, 1]);
        assert_eq!(question(0, Grid::Hours, civil(at(1999, 1, 1, 0)), 1), None);
    }

    #[test]
    fn an_answer_says_what_comes_next() {
        let from = at(2024, 2, 1, 10);
        let record = [0x49, 3, 0x18, 2, 1, 0x30, 2, 5, 0];
        let read = |tail: &[u8]| parse(&[&record, tail].concat(), DAYS, from);
        let one = vec![(from, vec![5, 0])];
        let page = |known_until| Page {
            records: one.clone(),
            known_until,
        };
        assert_eq!(read(&[0x49, 0, 0x30, 0]).unwrap(), page(i64::MAX));
        assert_eq!(read(&[0x49, 3, 0x18, 2, 4, 0x30, 0]).unwrap(), page(from + 3 * DAY));
        assert_eq!(
            read(&[0x49, 3, 0x18, 1, 4, 0x30, 0]).unwrap(),
            page(from + 1),
            "it points back"
        );
        for wrong in [
            &[][..],
            &[0x49, 0],
            &record,
            &[5, 0, 5, 0],
            &[0x49, 3, 0x18, 13, 1, 0x30, 0],
        ] {
            assert!(read(wrong).is_err(), "{wrong:02x?}");
        }
        assert!(
            parse(&[0x49, 3, 0x18, 2, 1, 0x30, 0], DAYS, from).is_err(),
            "nothing but itself"
        );
        assert!(parse(&[0x49, 4, 0x18, 2, 1, 10, 0x49, 0], Grid::Hours, from).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), from in 0i64..4_000_000_000) {
            for grid in [Grid::Hours, DAYS, Grid::Months { day: 31, hour: 23 }] {
                let _ = parse(&bytes, grid, from);
            }
            let _ = values(&bytes, 3);
        }

        #[test]
        fn a_mutated_answer_never_goes_back(
            at_byte: proptest::sample::Index, flip in 1u8.., days in 1u8..20,
        ) {
            let from = at(2024, 2, 1, 10);
            let mut reply: Vec<u8> = (1..=days).flat_map(|day| [0x49, 3, 0x18, 2, day, 0x30, 2, 5, 0]).collect();
            reply.extend([0x49, 0, 0x30, 0]);
            let at_byte = at_byte.index(reply.len());
            reply[at_byte] ^= flip;
            if let Ok(page) = parse(&reply, DAYS, from) {
                prop_assert!(page.known_until > from);
                prop_assert!(page.records.iter().all(|(end, _)| *end >= from));
                prop_assert!(page.records.is_sorted_by(|a, b| a.0 < b.0));
            }
        }
    }
}
