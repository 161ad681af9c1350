//! Questions and answers within an association (IEC 62056-53, annex A): GET with blocks, SET, ACTION of the proof.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::DataBuf;
use dlms_cosem_rs::xdlms::DataAccessResult;
use uzel_driver_sdk::bytes::{Reader, Short};

use crate::tree;

/// Which attribute of which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    pub class: u16,
    pub name: Obis,
    pub number: i8,
}

/// What a meter says to a question: its value, or why there is none.
pub type Said = Result<DataBuf, DataAccessResult>;

/// The same with the value encoded.
pub type Encoded = Result<Vec<u8>, DataAccessResult>;

/// Which part of an attribute is asked for: a selector and its parameters, encoded.
pub type Selection<'a> = Option<(u8, &'a [u8])>;

/// Why a meter does not take an APDU at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    pub state: u8,
    pub service: u8,
    /// The counter that it expects, where that is what is wrong.
    pub counter: Option<u32>,
}

/// One answer.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// A whole value was checked.
    Said(Encoded),
    Block {
        is_last: bool,
        number: u32,
        bytes: Vec<u8>,
    },
    Written(Result<(), DataAccessResult>),
    /// What a method gave back; none when it did not run.
    Acted(Option<DataBuf>),
    Exception(Exception),
}

impl Attribute {
    pub fn new(class: u16, name: Obis, number: i8) -> Self {
        Self { class, name, number }
    }

    fn write(self) -> Vec<u8> {
        let mut bytes = self.class.to_be_bytes().to_vec();
        bytes.extend(self.name.0);
        bytes.extend(self.number.to_be_bytes());
        bytes
    }
}

/// Confirmed, of high priority, and this number.
fn invoke(number: u8) -> u8 {
    0xC0 | number & 0x0F
}

pub fn get(number: u8, attribute: Attribute, selection: Selection<'_>) -> Vec<u8> {
    let mut bytes = vec![0xC0, 0x01, invoke(number)];
    bytes.extend(attribute.write());
    match selection {
        None => bytes.push(0),
        Some((selector, parameters)) => {
            bytes.extend([1, selector]);
            bytes.extend(parameters);
        }
    }
    bytes
}

/// The block after `had`.
pub fn next(number: u8, had: u32) -> Vec<u8> {
    [&[0xC0, 0x02, invoke(number)], &had.to_be_bytes()[..]].concat()
}

pub fn set(number: u8, attribute: Attribute, value: &[u8]) -> Vec<u8> {
    [&[0xC1, 0x01, invoke(number)], &attribute.write()[..], &[0], value].concat()
}

/// The proof of HLS: method 1 of the association.
pub fn prove(number: u8, proof: &[u8]) -> Vec<u8> {
    let method = Attribute::new(15, crate::name::ASSOCIATION, 1).write();
    [&[0xC3, 0x01, invoke(number)], &method[..], &[1], &tree::octets(proof)].concat()
}

/// Reads an answer to question `number`.
pub fn answer(number: u8, apdu: &[u8]) -> Result<Answer, String> {
    let short = |short: Short| format!("an answer {short}");
    let mut reader = Reader::new(apdu);
    let tag = reader.u8().map_err(short)?;
    if tag == 0xD8 {
        return exception(&mut reader).map(Answer::Exception).map_err(short);
    }
    let kind = reader.u8().map_err(short)?;
    let came = reader.u8().map_err(short)? & 0x0F;
    if came != number & 0x0F {
        return Err(format!("an answer to question {came} came, expected {number}"));
    }
    match (tag, kind) {
        (0xC4, 1) => match reader.u8().map_err(short)? {
            0 => tree::check(reader.rest()).map(|()| Answer::Said(Ok(reader.rest().to_vec()))),
            _ => Ok(Answer::Said(Err(refusal(&mut reader).map_err(short)?))),
        },
        (0xC4, 2) => block(&mut reader).map_err(short),
        (0xC5, 1) => {
            let why = refusal(&mut reader).map_err(short)?;
            Ok(Answer::Written(if why.is_success() { Ok(()) } else { Err(why) }))
        }
        (0xC7, 1) => match (refusal(&mut reader).map_err(short)?.is_success(), reader.rest()) {
            (true, [1, 0, value @ ..]) => tree::parse(value).map(|value| Answer::Acted(Some(value))),
            _ => Ok(Answer::Acted(None)),
        },
        _ => Err(format!(
            "an answer begins with {tag:02x} {kind:02x}, which answers nothing here"
        )),
    }
}

fn refusal(reader: &mut Reader<'_>) -> Result<DataAccessResult, Short> {
    reader.u8().map(DataAccessResult::from_u8)
}

/// A refusal as the standard calls it, with its number.
pub fn word(why: DataAccessResult) -> String {
    let code = why.as_u8();
    let word = match code {
        1 => "hardware fault",
        2 => "temporary failure",
        3 => "read-write denied",
        4 => "object undefined",
        9 => "object class inconsistent",
        11 => "object unavailable",
        12 => "type unmatched",
        13 => "scope of access violated",
        14 => "data block unavailable",
        15 => "long get aborted",
        16 => "no long get in progress",
        19 => "data block number invalid",
        _ => "other reason",
    };
    format!("{word} ({code})")
}

fn block(reader: &mut Reader<'_>) -> Result<Answer, Short> {
    let is_last = reader.u8()? != 0;
    let number = reader.u32_be()?;
    if reader.u8()? != 0 {
        return Ok(Answer::Said(Err(refusal(reader)?)));
    }
    let length = length(reader)?;
    let bytes = reader.take(length)?.to_vec();
    Ok(Answer::Block { is_last, number, bytes })
}

fn exception(reader: &mut Reader<'_>) -> Result<Exception, Short> {
    Ok(Exception {
        state: reader.u8()?,
        service: reader.u8()?,
        counter: reader.u32_be().ok(),
    })
}

/// A length: itself below 128, else how many bytes of it follow.
pub fn length(reader: &mut Reader<'_>) -> Result<usize, Short> {
    let first = reader.u8()?;
    if first < 0x80 {
        return Ok(first.into());
    }
    let bytes = reader.take(usize::from(first & 0x7F).min(4))?;
    Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
}

/// The same written.
pub fn write_length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ ..=0x7F) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => [&[0x82], &u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()[..]].concat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        unhex(text).unwrap()
    }

    #[test]
    fn questions_are_written_as_the_standard_shows_them() {
        let capture_objects = Attribute::new(7, Obis::new(1, 0, 99, 1, 0, 255), 3);
        assert_eq!(get(1, capture_objects, None), bytes("C0 01 C1 0007 0100630100FF 03 00"));
        assert_eq!(next(1, 5), bytes("C0 02 C1 00000005"));
        let clock = Attribute::new(8, crate::name::CLOCK, 2);
        assert_eq!(
            set(1, clock, &[0x11, 5]),
            bytes("C1 01 C1 0008 0000010000FF 02 00 11 05")
        );
        assert_eq!(prove(0, &[1, 2]), bytes("C3 01 C0 000F 0000280000FF 01 01 09 02 01 02"));
    }

    #[test]
    fn answers_are_told_apart() {
        let cases = [
            ("C4 01 C1 00 06 00001391", Answer::Said(Ok(bytes("06 00001391")))),
            ("C4 01 C1 01 04", Answer::Said(Err(DataAccessResult::ObjectUndefined))),
            (
                "C4 02 C1 00 00000003 00 02 AA BB",
                Answer::Block {
                    is_last: false,
                    number: 3,
                    bytes: vec![0xAA, 0xBB],
                },
            ),
            (
                "C4 02 C1 01 00000001 01 13",
                Answer::Said(Err(DataAccessResult::DataBlockNumberInvalid)),
            ),
            ("C5 01 C1 00", Answer::Written(Ok(()))),
            (
                "C7 01 C1 00 01 00 12 0000",
                Answer::Acted(Some(DataBuf::LongUnsigned(0))),
            ),
            ("C7 01 C1 03 00", Answer::Acted(None)),
            (
                "D8 01 06 00000009",
                Answer::Exception(Exception {
                    state: 1,
                    service: 6,
                    counter: Some(9),
                }),
            ),
        ];
        for (text, want) in cases {
            assert_eq!(answer(1, &bytes(text)), Ok(want), "{text}");
        }
        assert!(
            answer(2, &bytes("C4 01 C1 00 06 00001391"))
                .unwrap_err()
                .contains("question 1")
        );
        for text in [
            "",
            "C4",
            "C4 01 C1",
            "C4 01 C1 00",
            "C4 02 C1 00 00000003 00 82",
            "0F 00 C1",
        ] {
            assert!(answer(1, &bytes(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_there_and_back() {
        for wanted in [0, 1, 127, 128, 255, 256, 65_535] {
            let written = write_length(wanted);
            assert_eq!(length(&mut Reader::new(&written)), Ok(wanted));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0usize..6, rest in prop::collection::vec(any::<u8>(), 0..40)) {
            let heads: [&[u8]; 6] = [&[], &[0xC4, 1, 1], &[0xC4, 2, 1], &[0xC5, 1, 1], &[0xC7, 1, 1, 0], &[0xD8]];
            let _ = answer(1, &[heads[head], &rest].concat());
        }
    }
}
