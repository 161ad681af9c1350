//! The answers about one profile by themselves, without the conversation: for who has them and wants its rows.

use dlms_cosem_rs::Obis;

use crate::apdu::{self, Answer, word};
use crate::link::wrapper;
use crate::profile::{self, Profile, Row};
use crate::tree;

/// The rows of a profile whose rows are `period_s` apart, by the answers of a meter over the wrapper, one behind another:
/// capture_objects, then scaler_unit of each captured object that has one, then the buffer, whole or in its blocks.
///
/// # Errors
/// What is wrong with an answer.
pub fn decode(name: Obis, period_s: i64, answers: &[u8]) -> Result<Vec<Row>, String> {
    let mut answers = Answers { rest: answers };
    let captured = profile::captured(&tree::parse(&answers.value()?)?)?;
    let mut scales = Vec::with_capacity(captured.len());
    for one in &captured {
        scales.push(match one.scale_attribute() {
            Some(_) => profile::scale(&tree::parse(&answers.value()?)?),
            None => None,
        });
    }
    let profile = Profile {
        name,
        period_s,
        capacity: 0,
        in_use: 0,
        is_newest_first: false,
        clock: profile::clock(&captured)?,
        captured,
        scales,
    };
    profile.rows(&answers.value()?)
}

struct Answers<'a> {
    rest: &'a [u8],
}

impl Answers<'_> {
    /// The next value, put together of its blocks.
    fn value(&mut self) -> Result<Vec<u8>, String> {
        let mut whole = Vec::new();
        for expected in 1u32.. {
            let apdu = self.next()?;
            let invoke = apdu.get(2).copied().unwrap_or_default();
            match apdu::answer(invoke, apdu)? {
                Answer::Said(Ok(value)) if expected == 1 => return Ok(value),
                Answer::Block { is_last, number, bytes } if number == expected => {
                    whole.extend(bytes);
                    if is_last {
                        return tree::check(&whole).map(|()| whole);
                    }
                }
                Answer::Said(Err(why)) => return Err(word(why)),
                _ => return Err(format!("answer {expected} to a question is none")),
            }
        }
        Err("an answer has too many blocks".to_owned())
    }

    fn next(&mut self) -> Result<&[u8], String> {
        let head = wrapper::head(self.rest).map_err(|short| short.to_string())?;
        let (pdu, rest) = self
            .rest
            .split_at_checked(wrapper::HEAD + head.length)
            .ok_or("an answer is cut")?;
        self.rest = rest;
        Ok(pdu.get(wrapper::HEAD..).unwrap_or_default())
    }
}
