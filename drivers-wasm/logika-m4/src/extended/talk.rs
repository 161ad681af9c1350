//! The conversation with a meter of the extended dialect. Waking and the session request are those of every meter of the
//! family ([`Link`]); questions after it travel in extended frames, whose CRC-16 and id make one answer enough.

use uzel_driver_sdk::{LineError, Port, Reading};

use super::frame::{self, Scan};
use super::tags::{self, Tag};
use crate::legacy::link::Link;
use crate::legacy::question::Patience;
use crate::legacy::trouble::Trouble;

/// Read tags.
const READ: u8 = 0x72;
/// Write tags.
pub const WRITE: u8 = 0x77;
/// Read an archive.
pub const ARCHIVE: u8 = 0x61;
/// Tags of one question. The library of the maker asks at most 24; a longer question is cut silently (section 4.2).
const TAGS: usize = 20;
/// Bytes of one read: each has the whole timeout, which at 2400 baud would not do for a long reply.
const PIECE: usize = 128;
/// Reads of one reply: the longest, with late frames before it.
const READS: usize = frame::LONGEST / PIECE + 16;

/// Where a value is: channel and ordinal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub channel: u8,
    pub ordinal: u16,
}

/// An open session.
#[derive(Debug)]
pub struct Talk {
    pub link: Link,
    id: u8,
}

impl Talk {
    pub fn new(link: Link) -> Self {
        Self { link, id: 0 }
    }

    /// The values at `places`, in their order, each with its operative flag where one came.
    pub fn read_tags<T>(
        &mut self,
        port: &mut dyn Port,
        places: &[Place],
        mut of: impl FnMut(Place, &Tag, Option<bool>) -> T,
    ) -> Result<Vec<T>, Trouble> {
        let mut values = Vec::with_capacity(places.len());
        for asked in places.chunks(TAGS) {
            let reply = self.ask(port, READ, &numbers(asked))?;
            let found = tags::all(&reply)
                .map(|found| with_flags(&found))
                .filter(|found| found.len() == asked.len());
            let Some(found) = found else {
                let what = format!("{} tags were asked for, the answer has another number", asked.len());
                return Err(Trouble::Garbled(what));
            };
            for (place, (tag, operative)) in asked.iter().zip(&found) {
                values.push(of(*place, tag, *operative));
            }
        }
        Ok(values)
    }

    /// Asks until an answer comes or the patience is used up. A question keeps its id when it is repeated: its answer is
    /// good however late it comes.
    pub fn ask(&mut self, port: &mut dyn Port, function: u8, data: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut patience = Patience::to_ask(self.link.config.attempts);
        self.id = self.id.wrapping_add(1);
        loop {
            let trouble = match self.link.keep(port).and_then(|()| self.attempt(port, function, data)) {
                Ok(data) => return Ok(data),
                Err(trouble) => trouble,
            };
            self.link.disturbances += 1;
            port.note(&format!("{trouble}; hearing the line out and asking again"));
            let spent = patience.spend(trouble);
            if !matches!(spent, Err(Trouble::Line(_) | Trouble::Refused(1..))) {
                self.link.recover(port, patience.failures)?;
            }
            spent?;
        }
    }

    /// One question, one answer. Nothing is repeated.
    pub fn once(&mut self, port: &mut dyn Port, function: u8, data: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.id = self.id.wrapping_add(1);
        self.attempt(port, function, data)
    }

    fn attempt(&mut self, port: &mut dyn Port, function: u8, data: &[u8]) -> Result<Vec<u8>, Trouble> {
        let (nt, id) = (self.link.config.address, self.id);
        port.purge();
        port.write(&frame::request(nt, id, function, data))?;
        let mut bytes = Vec::new();
        let mut rest = Ok(());
        for _ in 0..READS {
            let need = match frame::scan(&bytes, nt, id, function) {
                Scan::Data(data) => {
                    self.link.hear_now(port);
                    return Ok(data.to_vec());
                }
                Scan::Refused(code) => {
                    self.link.hear_now(port);
                    return Err(Trouble::Refused(code));
                }
                Scan::Late(used) => {
                    bytes.drain(..used.min(bytes.len()));
                    continue;
                }
                Scan::Noise(why) => return Err(Trouble::Garbled(why.to_owned())),
                Scan::Need(count) if rest.is_ok() => count.min(PIECE),
                Scan::Need(_) => break,
            };
            let count = u32::try_from(need).unwrap_or(u32::MAX);
            match port.read(Reading::exactly(count, self.link.config.timeout_ms)) {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) => {
                    bytes.extend(more);
                    rest = Err(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LineError::Timeout(bytes).into())
    }
}

/// The question for `places`.
fn numbers(places: &[Place]) -> Vec<u8> {
    let mut data = Vec::with_capacity(places.len() * 5);
    for place in places {
        put_number(&mut data, *place);
    }
    data
}

/// Adds the number of a value to a question.
pub fn put_number(data: &mut Vec<u8>, place: Place) {
    let [low, high] = place.ordinal.to_le_bytes();
    tags::put(data, tags::NUMBER, &[place.channel, low, high]);
}

/// Values with the operative flags that follow some of them.
fn with_flags<'a>(found: &[Tag<'a>]) -> Vec<(Tag<'a>, Option<bool>)> {
    let mut values: Vec<(Tag<'a>, Option<bool>)> = Vec::with_capacity(found.len());
    for tag in found {
        match (tag.kind, values.last_mut()) {
            (tags::OPERATIVE, Some((_, flag))) => *flag = tag.bytes.first().map(|byte| *byte != 0),
            _ => values.push((*tag, None)),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_belongs_to_the_value_before_it() {
        let reply = [
            tags::TEXT,
            1,
            b'0',
            tags::TEXT,
            1,
            b'1',
            tags::OPERATIVE,
            1,
            1,
            tags::NULL,
            0,
        ];
        let found = with_flags(&tags::all(&reply).unwrap());
        let flags: Vec<_> = found.iter().map(|(tag, flag)| (tag.kind, *flag)).collect();
        assert_eq!(
            flags,
            [(tags::TEXT, None), (tags::TEXT, Some(true)), (tags::NULL, None)]
        );
    }

    #[test]
    fn questions_are_those_of_the_captures() {
        let clock = [1_025, 1_024].map(|ordinal| Place { channel: 0, ordinal });
        assert_eq!(numbers(&clock), [0x4a, 3, 0, 1, 4, 0x4a, 3, 0, 0, 4]);
    }
}
