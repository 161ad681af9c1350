//! Questions and what their answers hold (SPbus note, sections 3 and 3.1).
//!
//! Every answer repeats the pointers of its question, numbers perhaps padded with zeros. One that repeats others is
//! refused: it answers something else.

use uzel_driver_sdk::CivilTime;

use crate::link::Question;
use crate::number::is_diagnostic;
use crate::stamp;
use crate::text::Block;

/// Values of one question at most: the maker's library asks for no more.
pub const PARAMETERS_MAX: usize = 24;

/// A parameter of a channel; 0 is the system.
pub type Pointer = (u8, u16);

/// A value, its unit and time where they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub value: String,
    pub unit: String,
    pub time: Option<String>,
}

/// One column of a slice archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub channel: u8,
    pub number: u16,
    pub unit: String,
}

/// What a slice archive has at a label.
#[derive(Debug, Clone, PartialEq)]
pub enum Slice {
    Record {
        label: CivilTime,
        previous: Option<CivilTime>,
        values: Vec<String>,
    },
    /// No record, and where the meter sends one for older ones.
    None { previous: Option<CivilTime> },
    /// A diagnostic without any label: about the question, or of a gateway that has no answer.
    Refused(String),
}

fn words(fields: &[u32]) -> Block {
    fields.iter().map(u32::to_string).collect()
}

/// Several parameters at once.
pub fn ask_parameters(pointers: &[Pointer]) -> Question {
    let block = |(channel, number): &Pointer| words(&[u32::from(*channel), u32::from(*number)]);
    Question {
        function: 0x1d,
        answer: 0x03,
        blocks: pointers.iter().map(block).collect(),
    }
}

/// `count` elements of an array of the system from `start` on.
pub fn ask_elements(number: u16, start: u16, count: u16) -> Question {
    Question {
        function: 0x0c,
        answer: 0x14,
        blocks: vec![words(&[0, number.into(), start.into(), count.into()])],
    }
}

/// The columns of a slice archive.
pub fn ask_structure(reference: u16) -> Question {
    Question {
        function: 0x19,
        answer: 0x21,
        blocks: vec![words(&[0, reference.into()])],
    }
}

/// The record at a label, or the nearest before it.
pub fn ask_slice(reference: u16, at: CivilTime) -> Question {
    Question {
        function: 0x18,
        answer: 0x20,
        blocks: vec![words(&[0, reference.into()]), stamp::block(at)],
    }
}

/// A new value of a parameter, or of an element of an array.
pub fn write(number: u16, element: Option<u16>, value: &str) -> Question {
    let (function, pointer) = match element {
        None => (0x03, words(&[0, number.into()])),
        Some(element) => (0x14, words(&[0, number.into(), element.into(), 1])),
    };
    Question {
        function,
        answer: 0x7f,
        blocks: vec![pointer, vec![value.to_owned()]],
    }
}

/// Values in the order asked for. Fewer than were asked for: the last is a diagnostic, its pointer was wrong.
pub fn parameters(asked: &Question, blocks: &[Block]) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    for (pair, want) in blocks.chunks(2).zip(&asked.blocks) {
        let [pointer, value] = pair else {
            return Err(format!("parameter {} came without a value", want.join("/")));
        };
        same(pointer, want)?;
        fields.push(field(value));
    }
    let is_cut = fields.last().is_some_and(|last| is_diagnostic(&last.value));
    let (got, want) = (blocks.len().div_ceil(2), asked.blocks.len());
    if got > want || fields.is_empty() || (got < want && !is_cut) {
        return Err(format!("{got} values came, expected {want}"));
    }
    Ok(fields)
}

/// The elements of an array; fewer than were asked for where it ends.
pub fn elements(asked: &Question, blocks: &[Block]) -> Result<Vec<Field>, String> {
    let rest = behind_pointers(asked, blocks)?;
    let count = asked.blocks.first().and_then(|pointer| pointer.get(3));
    let most = count.and_then(|count| count.parse().ok()).unwrap_or(0usize);
    if rest.len() > most {
        return Err(format!("{} elements came, expected {most}", rest.len()));
    }
    Ok(rest.iter().map(field).collect())
}

/// The columns of an archive; none where the meter says that it has no such archive.
pub fn structure(asked: &Question, blocks: &[Block]) -> Result<Option<Vec<Slot>>, String> {
    let rest = behind_pointers(asked, blocks)?;
    let mut unit = String::new();
    let mut slots = Vec::new();
    for block in rest {
        match block.as_slice() {
            [text] if is_diagnostic(text) => return Ok(None),
            [_name, named, channel, number] => {
                if !named.trim().is_empty() {
                    named.trim().clone_into(&mut unit);
                }
                slots.push(Slot {
                    channel: digits(channel)?,
                    number: digits(number)?,
                    unit: unit.clone(),
                });
            }
            other => return Err(format!("a column has {} fields, expected 4", other.len())),
        }
    }
    Ok(Some(slots))
}

/// The record of an archive with so many columns.
///
/// Behind the echo of the question come two times, the label of the record and that of the one before it. Some firmware
/// is said to send another count of times: which of them is the label cannot be told then, and nothing is guessed.
pub fn slice(asked: &Question, columns: usize, blocks: &[Block]) -> Result<Slice, String> {
    let rest = behind_pointers(asked, blocks)?;
    let times = rest.iter().take_while(|block| stamp::is_pointer(block)).count();
    let (times, values) = rest.split_at_checked(times).unwrap_or((rest, &[]));
    let previous = times.get(1).and_then(stamp::pointer);
    if let [block] = values
        && let Some(text) = block.first().filter(|text| is_diagnostic(text))
    {
        return Ok(match times {
            [] => Slice::Refused(text.trim().to_owned()),
            _ => Slice::None { previous },
        });
    }
    if times.len() != 2 {
        return Err(format!("a record has {} labels, expected 2", times.len()));
    }
    let label = times.first().and_then(stamp::pointer);
    let label = label.ok_or_else(|| "the label of a record is no time".to_owned())?;
    if values.len() != columns {
        return Err(format!("a record has {} values, expected {columns}", values.len()));
    }
    let value = |block: &Block| block.first().cloned().unwrap_or_default();
    Ok(Slice::Record {
        label,
        previous,
        values: values.iter().map(value).collect(),
    })
}

/// What the meter says to a new value; nothing when it took it.
pub fn written(asked: &Question, blocks: &[Block]) -> Result<Option<String>, String> {
    let (Some(pointer), Some(want)) = (blocks.first(), asked.blocks.first()) else {
        return Err("an answer to a new value is empty".to_owned());
    };
    same(pointer, want)?;
    let said = blocks.get(1).map(|block| block.join(" ").trim().to_owned());
    Ok(said.filter(|said| !said.is_empty()))
}

/// The blocks behind the echo of all that was asked.
fn behind_pointers<'a>(asked: &Question, blocks: &'a [Block]) -> Result<&'a [Block], String> {
    for (number, want) in asked.blocks.iter().enumerate() {
        match blocks.get(number) {
            Some(came) => same(came, want)?,
            None => return Err(format!("{number} pointers came, expected {}", asked.blocks.len())),
        }
    }
    Ok(blocks.get(asked.blocks.len()..).unwrap_or_default())
}

/// Whether a pointer repeats what was asked: by numbers, a year by its last two digits, perhaps with an empty field
/// behind it.
fn same(came: &Block, want: &Block) -> Result<(), String> {
    let number = |text: &String| text.trim().parse::<u32>().ok();
    let is_equal = match (stamp::pointer(came), stamp::pointer(want)) {
        (Some(came), Some(want)) => {
            (came.year % 100, CivilTime { year: 0, ..came }) == (want.year % 100, CivilTime { year: 0, ..want })
        }
        _ => {
            let fields = came.get(..want.len()).unwrap_or(came);
            let behind = came.get(want.len()..).unwrap_or_default();
            fields.iter().map(number).eq(want.iter().map(number)) && behind.iter().all(|text| text.trim().is_empty())
        }
    };
    if is_equal {
        return Ok(());
    }
    Err(format!(
        "an answer about {} came, expected {}",
        came.join("/"),
        want.join("/")
    ))
}

fn field(block: &Block) -> Field {
    let text = |at: usize| block.get(at).map(|text| text.trim().to_owned());
    Field {
        value: text(0).unwrap_or_default(),
        unit: text(1).unwrap_or_default(),
        time: text(2),
    }
}

fn digits<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| format!("a column names {text:?}, expected a number"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::text;

    fn blocks(text: &str) -> Vec<Block> {
        let block = |block: &str| block.split('/').map(str::to_owned).collect();
        text.split(';').map(block).collect()
    }

    #[test]
    fn values_come_in_the_order_asked_for() {
        let asked = ask_parameters(&[(0, 63), (2, 155)]);
        let values = |text: &str| {
            parameters(&asked, &blocks(text))
                .map(|fields| fields.into_iter().map(|field| field.value).collect::<Vec<_>>())
        };
        assert_eq!(
            values("0/063;20/'C;2/155;2.874/кгс"),
            Ok(vec!["20".into(), "2.874".into()])
        );
        assert_eq!(values("0/063;Нет данных?"), Ok(vec!["Нет данных?".into()]));
        assert_eq!(values("0/063;20"), Err("1 values came, expected 2".into()));
        assert_eq!(values("0/063"), Err("parameter 0/63 came without a value".into()));
        assert_eq!(
            values("2/155;1;0/063;2"),
            Err("an answer about 2/155 came, expected 0/63".into())
        );
        assert_eq!(values("0/063;1;2/155;2;3/1;4"), Err("3 values came, expected 2".into()));
    }

    #[test]
    fn columns_without_a_unit_have_that_of_the_column_before() {
        let asked = ask_structure(65_532);
        let slot = |channel, number, unit: &str| Slot {
            channel,
            number,
            unit: unit.to_owned(),
        };
        assert_eq!(
            structure(&asked, &blocks("0/65532;Tхв/'C/0/72;Tт01//1/201;M/т/1/211")),
            Ok(Some(vec![slot(0, 72, "'C"), slot(1, 201, "'C"), slot(1, 211, "т")]))
        );
        assert_eq!(structure(&asked, &blocks("0/65532;Нет данных?")), Ok(None));
        assert!(structure(&asked, &blocks("0/65532;Tхв/'C/0")).is_err());
        assert!(structure(&asked, &blocks("0/65530;Tхв/'C/0/72")).is_err());
    }

    #[test]
    fn a_record_needs_both_labels_and_every_value() {
        let at = |day| CivilTime {
            year: 2024,
            month: 1,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        };
        let asked = ask_slice(65_532, at(15));
        let read = |text: &str| slice(&asked, 2, &blocks(&format!("0/65532;15/1/24/0/0/0/;{text}")));
        assert_eq!(
            read("15/1/2024/0/0/0;14/1/2024/0/0/0;5.0;2.5"),
            Ok(Slice::Record {
                label: at(15),
                previous: Some(at(14)),
                values: vec!["5.0".into(), "2.5".into()]
            })
        );
        assert_eq!(
            read("15/1/24/0/0/0;14/1/24/0/0/0;Нет данных?"),
            Ok(Slice::None { previous: Some(at(14)) })
        );
        assert_eq!(
            read("15/1/24/0/0/0;0/0/0/0/0/0;Нет данных?"),
            Ok(Slice::None { previous: None })
        );
        assert_eq!(
            read("15/1/24/0/0/0;5.0;2.5"),
            Err("a record has 1 labels, expected 2".into())
        );
        assert_eq!(
            read("15/1/24/0/0/0;14/1/24/0/0/0;5"),
            Err("a record has 1 values, expected 2".into())
        );
        assert!(slice(&asked, 2, &blocks("0/65532;16/1/24/0/0/0;5;5")).is_err());
    }

    proptest! {
        #[test]
        fn no_data_panic(data in vec(prop_oneof![any::<u8>(), Just(9), Just(12), Just(b'0'), Just(b'1')], 0..200)) {
            let Ok(blocks) = text::blocks(&data) else { return Ok(()) };
            let at = CivilTime { year: 2024, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
            let _ = parameters(&ask_parameters(&[(0, 1), (1, 1)]), &blocks);
            let _ = elements(&ask_elements(1, 0, 1), &blocks);
            let _ = structure(&ask_structure(0), &blocks);
            let _ = slice(&ask_slice(0, at), 1, &blocks);
            let _ = written(&write(1, None, "0"), &blocks);
        }

        #[test]
        fn no_answer_panics(data in vec(prop_oneof![Just(9u8), Just(12), Just(b'1'), Just(b'?'), Just(b'-')], 0..60)) {
            let mut whole = b"\t0\t1\x0c\t1\t1\t2024\t0\t0\t0\x0c".to_vec();
            whole.extend(data);
            let Ok(blocks) = text::blocks(&whole) else { return Ok(()) };
            let at = CivilTime { year: 2024, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
            let _ = slice(&ask_slice(1, at), 1, &blocks);
            let _ = structure(&ask_structure(1), &blocks);
        }
    }
}
