//! Flash pages (function 45) and RAM (function 52).

use uzel_driver_sdk::Port;

use super::link::{Answer, Link, Question, Reply, Verdict};
use super::trouble::Trouble;

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

/// Reads live bytes of RAM: `head` bytes of state, then r32 numbers.
///
/// Live numbers move between two readings, so equal readings are taken when they come, and of three different ones
/// each number's middle: one garbled reading of three cannot carry a number outside the other two.
pub fn live(link: &mut Link, port: &mut dyn Port, address: u16, len: u8, head: usize) -> Result<Vec<u8>, Trouble> {
    link.agreed(port, 0, &ram_question(address, len), |answers| {
        let mut readings = Vec::with_capacity(answers.len());
        for Answer { reply, .. } in answers {
            match reply {
                Reply::Data(data) => readings.push(data.as_slice()),
                Reply::Refused(_) => return Verdict::Clash,
            }
        }
        match readings.as_slice() {
            [.., first, second] if first == second => Verdict::Agreed(second.to_vec()),
            [.., first, second, third] => middle([first, second, third], head).map_or(Verdict::More, Verdict::Agreed),
            _ => Verdict::More,
        }
    })
}

/// The middle of three readings, number by number; none when no two agree on the state in front.
fn middle(readings: [&[u8]; 3], head: usize) -> Option<Vec<u8>> {
    let [a, b, c] = readings.map(|reading| reading.split_at_checked(head));
    let ([state_a, state_b, state_c], [a, b, c]) = ([a?.0, b?.0, c?.0], [a?.1, b?.1, c?.1]);
    let state = if state_a == state_b || state_a == state_c {
        state_a
    } else if state_b == state_c {
        state_b
    } else {
        return None;
    };
    let mut bytes = state.to_vec();
    let words = |reading: &[u8]| reading.as_chunks::<4>().0.to_vec();
    for ((a, b), c) in words(a).into_iter().zip(words(b)).zip(words(c)) {
        let mut word = [a, b, c];
        word.sort_by(|left, right| crate::numbers::r32(*left).total_cmp(&crate::numbers::r32(*right)));
        bytes.extend(word.get(1)?);
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
    fn the_middle_keeps_one_garbled_reading_out() {
        let reading = |state: u8, last: u8| [state, 0, 0, 0, 0, 0, last, 0x7f, 0, 0, 0x10, 0x81];
        let good = [reading(0, 1), reading(0, 2)];
        let mut bad = reading(4, 0);
        bad[11] = 0xff;
        let [a, b] = &good;
        assert_eq!(middle([a, &bad, b], 4), Some(reading(0, 1).to_vec()));
        assert_eq!(
            middle([&reading(1, 1), &reading(2, 1), &reading(3, 1)], 4),
            None,
            "no two states agree"
        );
        assert_eq!(middle([&[1], a, b], 4), None);
    }
}
