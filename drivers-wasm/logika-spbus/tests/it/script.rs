//! A scripted meter at the end of a line: answers by the blocks of a request; a line that spoils both ways.

use std::collections::BTreeMap;

use logika_spbus::frame::{self, Addresses, Frame, Scan};
use logika_spbus::text;
use uzel_driver_sdk::Instant;
use uzel_driver_sdk::wire::{FarEnd, Wire};

/// How long an answer takes.
const EXCHANGE_MS: Instant = 50;

/// Shares in a hundred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Answers with a flipped bit.
    pub flips: u64,
    /// Answers with a lost byte.
    pub cuts: u64,
    /// Answers that come with the next one.
    pub late: u64,
    pub doubled: u64,
    pub lost: u64,
}

/// Splitmix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % end.max(1)
    }
}

/// One meter.
pub struct Script {
    pub address: u8,
    /// Whether it answers requests without addresses.
    pub answers_all: bool,
    /// Answer blocks by function and request blocks: `1D 0/99`.
    pub says: BTreeMap<String, String>,
    /// Requests so far, in the same form.
    pub asked: Vec<String>,
    pub addressed: Vec<Option<Addresses>>,
    pub faults: Faults,
    pub chance: Chance,
    held: Vec<u8>,
}

impl Script {
    pub fn new(says: &[(&str, &str)]) -> Wire<Self> {
        Wire::new(Self {
            address: 1,
            answers_all: true,
            says: says
                .iter()
                .map(|(asked, said)| ((*asked).to_owned(), (*said).to_owned()))
                .collect(),
            asked: Vec::new(),
            addressed: Vec::new(),
            faults: Faults::default(),
            chance: Chance(1),
            held: Vec::new(),
        })
    }

    /// `0/63;20/'C`: blocks of fields.
    fn blocks(said: &str) -> Vec<Vec<String>> {
        said.split(';')
            .map(|block| block.split('/').map(|field| field.replace('|', "/")).collect())
            .collect()
    }

    fn reply(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Scan::Whole(asked, _) = frame::scan(bytes) else {
            panic!("the driver sent no frame: {bytes:02x?}");
        };
        let blocks = text::blocks(&asked.data).unwrap();
        let joined: Vec<_> = blocks.iter().map(|block| block.join("/")).collect();
        let key = format!("{:02X} {}", asked.function, joined.join(";"));
        self.asked.push(key.clone());
        self.addressed.push(asked.addresses);
        let addresses = match asked.addresses {
            None if self.answers_all => None,
            Some(Addresses { dad, sad }) if dad == self.address => Some(Addresses { dad: sad, sad: dad }),
            _ => return None,
        };
        let function = match asked.function {
            0x1d => 0x03,
            0x0c => 0x14,
            0x18 => 0x20,
            0x19 => 0x21,
            _ => 0x7f,
        };
        let said = self.says.get(&key).cloned();
        let said = match said {
            Some(said) if said.starts_with('>') => format!("{};{}", joined.join(";"), &said[1..]),
            Some(said) => said,
            None => self
                .parameters(&blocks, asked.function)
                .unwrap_or_else(|| format!("{};Нет данных?", joined.join(";"))),
        };
        let frame = Frame {
            addresses,
            function,
            head: asked.head,
            data: text::data(&Self::blocks(&said)),
        };
        Some(frame::encode(&frame))
    }

    /// Several parameters, each scripted by itself.
    fn parameters(&self, blocks: &[Vec<String>], function: u8) -> Option<String> {
        if function != 0x1d {
            return None;
        }
        let mut said = Vec::new();
        for block in blocks {
            let pointer = block.join("/");
            let value = self.says.get(&format!("1D {pointer}"));
            said.push(pointer);
            said.push(
                value
                    .map_or("Нет данных?", |value| value.trim_start_matches('>'))
                    .to_owned(),
            );
            if value.is_none() {
                break;
            }
        }
        Some(said.join(";"))
    }

    fn spoiled(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let Faults {
            flips,
            cuts,
            late,
            doubled,
            lost,
        } = self.faults;
        let mut is = |share| self.chance.below(100) < share;
        let (flip, cut, late, double, lost) = (is(flips), is(cuts), is(late), is(doubled), is(lost));
        let length = u64::try_from(bytes.len()).unwrap();
        let place = usize::try_from(self.chance.below(length)).unwrap();
        if flip {
            bytes[place] ^= 1 << self.chance.below(8);
        }
        if cut {
            bytes.remove(place);
        }
        if double {
            bytes.extend(bytes.clone());
        }
        let mut sent = std::mem::take(&mut self.held);
        match (lost, late) {
            (true, _) => {}
            (_, true) => self.held = bytes,
            _ => sent.extend(bytes),
        }
        sent
    }
}

impl FarEnd for Script {
    fn answer(&mut self, request: &[u8], _now: Instant) -> Vec<(Instant, Vec<u8>)> {
        let answer = self.reply(request);
        answer
            .map(|bytes| (EXCHANGE_MS, self.spoiled(bytes)))
            .into_iter()
            .collect()
    }
}
