//! Neighbouring records, as many with one question as the map and the device allow.

use std::ops::Range;

use uzel_driver_sdk::modbus::talk::Talk;
use uzel_driver_sdk::{Failure, Port};

use crate::map::{Access, Archive, Map};
use crate::record::{At, Head, Record};

/// Records that the map allows in one question. A record is never divided between two: its halves could be of two moments.
pub fn most(map: &Map, archive: &Archive) -> u32 {
    let unused = archive.stride.checked_sub(archive.length);
    let is_dense = unused.is_some_and(|unused| unused <= map.gap);
    if archive.access != Access::Registers || archive.area.is_bits() || !is_dense {
        return 1;
    }
    1 + u32::from(map.max_registers.saturating_sub(archive.length) / archive.stride)
}

impl At<'_> {
    /// Records, by how many are newer, to the first blank one. What the device refuses, or never answers whole, is asked for
    /// in shorter questions, and so is what follows.
    pub fn gather(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        head: Head,
        backs: Range<u32>,
    ) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        let mut usual = self.most.get();
        let mut back = backs.start;
        while back < backs.end {
            let place = self.place(head, back);
            let count = self.together(head, place, backs.end - back);
            if count < 2 {
                let Some(bytes) = self.bytes(talk, port, place)? else {
                    // It was not the length that was refused before.
                    self.most.set(usual);
                    records.push(Record::Blank);
                    break;
                };
                records.push(self.judge(head, back, &bytes));
            } else {
                // In a ring the newest of them has the highest address.
                let first = if head.newest.is_some() {
                    place + 1 - count
                } else {
                    place
                };
                match self.several(talk, port, first, count) {
                    Ok(Some(bytes)) => self.divide(head, back, count, &bytes, &mut records),
                    Ok(None) => {
                        self.most.set(count / 2);
                        continue;
                    }
                    Err(Failure::NoAnswer | Failure::Garbled(_)) => {
                        port.note("no whole answer to a long question: from now on they are shorter");
                        usual = (count / 4).max(1);
                        self.most.set(usual);
                        continue;
                    }
                    Err(failure) => return Err(failure),
                }
            }
            if records.last() == Some(&Record::Blank) {
                break;
            }
            back += count;
        }
        Ok(records)
    }

    /// How many records from this place to the older ones lie side by side and may be asked for together.
    fn together(self, head: Head, place: u32, wanted: u32) -> u32 {
        let beside = if head.newest.is_some() {
            place.saturating_add(1)
        } else {
            self.archive.depth.saturating_sub(place)
        };
        wanted.min(self.most.get()).min(beside).max(1)
    }

    /// The registers of neighbours; none: the device refuses the question as it is.
    fn several(self, talk: &mut Talk, port: &mut dyn Port, first: u32, count: u32) -> Result<Option<Vec<u8>>, Failure> {
        let (stride, length) = (u32::from(self.archive.stride), u32::from(self.archive.length));
        let registers = u16::try_from((count - 1) * stride + length).unwrap_or(u16::MAX);
        let Some(span) = self.span(first, registers) else {
            return Ok(None);
        };
        match talk.read(port, span)? {
            Ok(bytes) => Ok(Some(bytes)),
            Err(exception) if exception.is_address() => Ok(None),
            Err(exception) => Err(Failure::Refused(format!(
                "{count} records from {first} on: {exception}"
            ))),
        }
    }

    /// Adds the records of one answer, to the first blank one.
    fn divide(self, head: Head, back: u32, count: u32, bytes: &[u8], records: &mut Vec<Record>) {
        let stride = usize::from(self.archive.stride) * 2;
        let length = usize::from(self.archive.length) * 2;
        let parts = bytes.chunks(stride).map(|part| part.get(..length).unwrap_or_default());
        let mut add = |(back, part): (u32, &[u8])| {
            let record = self.judge(head, back, part);
            let is_blank = record == Record::Blank;
            records.push(record);
            is_blank
        };
        let backs = back..back.saturating_add(count);
        // In a ring the newest of them stands last.
        if head.newest.is_some() {
            let _ = backs.zip(parts.rev()).any(&mut add);
        } else {
            let _ = backs.zip(parts).any(&mut add);
        }
    }
}
