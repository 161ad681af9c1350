//! Flash pages (function 45) and RAM (function 52).

use uzel_driver_sdk::Port;

use super::link::Link;
use super::question::{Answer, Question, Reply, Verdict};
use super::trouble::Trouble;
use crate::numbers::r32;

/// Read flash in 64-byte pages.
const FLASH: u8 = 0x45;
/// Read RAM.
const RAM: u8 = 0x52;
/// Bytes of a flash page.
pub const PAGE: u16 = 64;

/// Reads `len` bytes of flash from `address`, page by page: with one page a question, no page can be taken for its
/// neighbour.
pub fn flash(link: &mut Link, port: &mut dyn Port, address: u16, len: u16) -> Result<Vec<u8>, Trouble> {
    let (first, skip) = (address / PAGE, address % PAGE);
    let last = (address.saturating_add(len).saturating_sub(1)) / PAGE;
    let mut bytes = Vec::with_capacity(usize::from(PAGE) * usize::from(last - first + 1));
    for page in first..=last {
        let [low, high] = page.to_le_bytes();
        let question = Question {
            function: FLASH,
            data: [low, high, 1, 0],
            len: PAGE.into(),
        };
        bytes.extend(data(link.twice(port, 0, &question)?)?);
        port.note(&format!("flash {:04X}", page.wrapping_mul(PAGE)));
    }
    let wanted = usize::from(skip)..usize::from(skip) + usize::from(len);
    bytes
        .get(wanted)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Trouble::Garbled("flash pages are short".to_owned()))
}

/// The question for `len` bytes of RAM (at most 64) from `address`.
pub fn ram_question(address: u16, len: u8) -> Question {
    let [low, high] = address.to_le_bytes();
    Question {
        function: RAM,
        data: [low, high, len, 0],
        len: len.into(),
    }
}

/// Readings of numbers that keep moving.
const MOVING: usize = 5;

/// Reads live bytes of RAM: `head` bytes of state, then r32 numbers.
///
/// Two equal readings are taken when they come. Live numbers may move between any two readings: then each number's
/// middle of [`MOVING`] readings is taken, so that garbled readings, being fewer, carry no number outside the true ones.
pub fn live(link: &mut Link, port: &mut dyn Port, address: u16, len: u8, head: usize) -> Result<Vec<u8>, Trouble> {
    link.agreed(port, 0, &ram_question(address, len), |answers, weak| {
        let mut readings = Vec::with_capacity(answers.len());
        for Answer { reply, .. } in answers {
            match reply {
                Reply::Data(data) => readings.push(data.as_slice()),
                Reply::Refused(_) => return Verdict::Clash,
            }
        }
        let Some((last, before)) = readings.split_last() else {
            return Verdict::More;
        };
        let equal = 1 + before.iter().filter(|reading| *reading == last).count();
        let weak = answers
            .last()
            .is_some_and(|answer| answer.reply.is_weak())
            .then_some(weak);
        if equal >= weak.unwrap_or(2) {
            return Verdict::Agreed(last.to_vec());
        }
        match readings.last_chunk::<MOVING>() {
            Some(last) => middle(*last, head).map_or(Verdict::More, Verdict::Agreed),
            None => Verdict::More,
        }
    })
}

/// The middle of the readings, number by number; none when most do not agree on the state in front.
fn middle(readings: [&[u8]; MOVING], head: usize) -> Option<Vec<u8>> {
    let states = readings.map(|reading| reading.get(..head));
    let most = |state: &&Option<&[u8]>| states.iter().filter(|other| *other == *state).count() > MOVING / 2;
    let mut bytes = (*states.iter().find(most)?)?.to_vec();
    let numbers = readings.map(|reading| reading.get(head..).unwrap_or_default().as_chunks::<4>().0);
    let places = numbers.iter().map(|words| words.len()).max().unwrap_or_default();
    for place in 0..places {
        let mut words = Vec::with_capacity(MOVING);
        for reading in numbers {
            words.push(*reading.get(place)?);
        }
        words.sort_by(|left, right| r32(*left).total_cmp(&r32(*right)));
        bytes.extend(words.get(MOVING / 2)?);
    }
    Some(bytes)
}

/// The data of a reply; a refusal is trouble.
pub fn data(reply: Reply) -> Result<Vec<u8>, Trouble> {
    match reply {
        Reply::Data(data) => Ok(data),
        Reply::Refused(code) => Err(Trouble::Refused(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_keeps_garbled_readings_out() {
        let reading = |state: u8, last: u8| [state, 0, 0, 0, 0, 0, last, 0x7f, 0, 0, 0x10, 0x81];
        let good = [reading(0, 1), reading(0, 2), reading(0, 3)];
        let (mut high, mut low) = (reading(4, 0), reading(0, 9));
        high[11] = 0xff;
        low[11] = 0x01;
        let [a, b, c] = &good;
        assert_eq!(middle([a, &high, b, &low, c], 4), Some(reading(0, 2).to_vec()));
        let states = [1, 2, 3, 4, 4].map(|state| reading(state, 1));
        assert_eq!(
            middle(states.each_ref().map(|reading| &reading[..]), 4),
            None,
            "no three states agree"
        );
        assert_eq!(middle([&[1], a, b, c, a], 4), None);
    }
}
