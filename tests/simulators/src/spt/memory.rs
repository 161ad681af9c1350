//! Flash and RAM of a legacy СПТ as its functions 45 and 52 show them
//! (docs/protocols: Logika M4, sections 5 to 8): identity, settings, totals, live values, clock.

use super::archive::Archive;
use super::config::SptConfig;
use super::frame::r32;
use super::history::{SptHistory, total};
use super::model::SptModel;
use crate::civil;
use jiff::civil::DateTime;

/// Bytes of a flash page and of a setting.
pub const PAGE: usize = 64;
const ENTRY: usize = 16;

/// Settings begin here, heat inputs' ones at number 50, those of ТВ2 this many bytes further.
const SETTINGS: usize = 0x200;
const INPUT_NUMBER: u16 = 50;
const INPUT_STEP: usize = 800;

/// RAM that function 52 reaches.
pub const RAM_BYTES: usize = 0x800;

/// What an open thermometer shows, -238.51 °C, to the bit as captured.
const BROKEN_C: f32 = f32::from_bits(0xC36E_82F1);

/// НС bits of both thermometers of an input.
const BROKEN_NS: u32 = 0x0C00;

/// A memory at one moment, as pieces; everything between them is `fill`.
struct Pieces {
    start: usize,
    bytes: Vec<u8>,
}

impl Pieces {
    fn window(start: usize, length: usize, fill: u8) -> Self {
        Self {
            start,
            bytes: vec![fill; length],
        }
    }

    /// Writes what falls into the window.
    fn put(&mut self, address: usize, piece: &[u8]) {
        for (offset, byte) in piece.iter().enumerate() {
            let place = (address + offset).checked_sub(self.start);
            if let Some(at) = place.and_then(|place| self.bytes.get_mut(place)) {
                *at = *byte;
            }
        }
    }
}

/// What the memory shows.
pub struct Memory<'a> {
    pub config: &'a SptConfig,
    pub history: &'a SptHistory,
    pub now: DateTime,
    /// Serial number, which a disguise may change.
    pub serial: u32,
}

impl Memory<'_> {
    fn now_hour(&self) -> i64 {
        civil::hour_of(self.now)
    }

    fn used_inputs(&self) -> std::ops::RangeInclusive<u8> {
        1..=self.config.inputs
    }

    /// One page of flash; page numbers wrap behind the last one.
    pub fn flash_page(&self, page: u16) -> Vec<u8> {
        let model = self.config.model;
        let start = usize::from(page) % (model.flash_bytes() / PAGE) * PAGE;
        let settings = (SETTINGS..0x1000).contains(&start);
        let mut pieces = Pieces::window(start, PAGE, if settings { 0xFF } else { 0 });
        if model != SptModel::Spt942 {
            // The top byte is a check of the meter's own; drivers keep the low three.
            let [low, middle, high, _] = self.serial.to_le_bytes();
            pieces.put(0x28, &[low, middle, high, 0x5A]);
        }
        pieces.put(0x30, &[self.config.model_character]);
        for (number, input, text) in &self.config.settings {
            pieces.put(setting_address(*number, *input), &entry(model, *number, text));
        }
        for input in self.used_inputs() {
            self.put_totals(&mut pieces, input);
        }
        if model == SptModel::Spt943 {
            self.put_counters(&mut pieces);
        }
        pieces.bytes
    }

    /// `length` bytes of RAM from `address`, both within [`RAM_BYTES`].
    pub fn ram(&self, address: usize, length: usize) -> Vec<u8> {
        let mut pieces = Pieces::window(address, length, 0);
        let model = self.config.model;
        let byte = |number: i16| u8::try_from(number).unwrap_or(0);
        let now = self.now;
        let clock = [
            now.year() - 2000,
            now.month().into(),
            now.day().into(),
            now.hour().into(),
        ];
        let clock = clock.into_iter().chain([now.minute().into(), now.second().into()]);
        pieces.put(0xF3, &clock.map(byte).collect::<Vec<_>>());
        for input in 1..=model.inputs() {
            self.put_live(&mut pieces, input);
        }
        for input in self.used_inputs() {
            let (_, at) = model.totals_places(input);
            let share = f64::from(i32::from(now.minute()) * 60 + i32::from(now.second())) / civil::HOUR_S as f64;
            let growth = self.history.growth(input, self.now_hour(), share);
            for (place, quantity) in model.totals().iter().enumerate() {
                pieces.put(at + 4 * place, &r32(total(&growth, *quantity) as f32));
            }
        }
        pieces.bytes
    }

    fn put_totals(&self, pieces: &mut Pieces, input: u8) {
        let model = self.config.model;
        let (at, _) = model.totals_places(input);
        let totals = self.history.totals_before(input, self.now_hour());
        for (place, quantity) in model.totals().iter().enumerate() {
            let value = total(&totals, *quantity);
            let whole = value.trunc();
            pieces.put(at + 8 * place, &(whole as i32).to_le_bytes());
            pieces.put(at + 8 * place + 4, &r32((value - whole) as f32));
        }
    }

    /// The last closed day and month of ТВ1 with the numbers of their records, as captured behind the totals.
    fn put_counters(&self, pieces: &mut Pieces) {
        let archive = Archive {
            config: self.config,
            history: self.history,
            now_hour: self.now_hour(),
        };
        let origin = self.history.origin_hour;
        let ring = |number: i64, places: i64| u16::try_from(number.rem_euclid(places)).unwrap_or(0).to_le_bytes();
        let hour = |hour: i64| ring(hour - origin, super::archive::HOURS);
        let day = |hour: i64| ring((hour - origin).div_euclid(civil::DAY_H), super::archive::DAYS);
        if let Some((from, to)) = archive.days().last().copied() {
            let bytes = [label(to).as_slice(), &day(to), &hour(from), &hour(to)].concat();
            pieces.put(0x4296, &bytes);
        }
        if let Some((from, to)) = archive.months().last().copied() {
            let number = u16::try_from(archive.months().len()).unwrap_or(0).to_le_bytes();
            pieces.put(0x42A0, &[label(to).as_slice(), &number, &day(from), &day(to)].concat());
        }
    }

    fn put_live(&self, pieces: &mut Pieces, input: u8) {
        let model = self.config.model;
        let (at, _) = model.live_block(input);
        if input > self.config.inputs {
            // An input without sensors: both thermometers are open, as captured.
            pieces.put(at, &BROKEN_NS.to_le_bytes());
            for (offset, quantity) in model.live() {
                if matches!(quantity, super::model::Quantity::T(0 | 1)) {
                    pieces.put(at + offset, &r32(BROKEN_C));
                }
            }
            return;
        }
        let row = self.history.hour(input, self.now_hour());
        let [low, middle, high, _] = row.ns.to_le_bytes();
        pieces.put(at, &[low, middle, high, self.config.scheme]);
        for (offset, quantity) in model.live() {
            pieces.put(at + offset, &r32(row.value(*quantity)));
        }
    }
}

/// `[YY from 2000, month, day, hour]` of the moment at which an hour begins.
fn label(hour: i64) -> [u8; 4] {
    let civil = civil::civil_of_hour(hour);
    let byte = |number: i16| u8::try_from(number).unwrap_or(0);
    [
        byte(civil.year() - 2000),
        byte(civil.month().into()),
        byte(civil.day().into()),
        byte(civil.hour().into()),
    ]
}

/// Flash address of a setting; `input` 0 or 1 for all but those of ТВ2.
fn setting_address(number: u16, input: u8) -> usize {
    let base = SETTINGS + ENTRY * usize::from(number);
    if number >= INPUT_NUMBER && input == 2 {
        base + INPUT_STEP
    } else {
        base
    }
}

/// A setting of 16 bytes: flags, FF FF FF, text, and its value in binary.
fn entry(model: SptModel, number: u16, text: &str) -> [u8; ENTRY] {
    let mut entry = [
        0x00, 0xFF, 0xFF, 0xFF, b' ', b' ', b' ', b' ', b' ', b' ', b' ', b' ', 0, 0, 0, 0,
    ];
    entry
        .iter_mut()
        .skip(4)
        .take(8)
        .zip(text.bytes())
        .for_each(|(place, byte)| *place = byte);
    entry
        .iter_mut()
        .skip(12)
        .zip(binary(model, number, text))
        .for_each(|(place, byte)| *place = byte);
    entry
}

fn binary(model: SptModel, number: u16, text: &str) -> [u8; 4] {
    let numbers = model.numbers();
    let parts: Vec<u8> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        // Text DD-MM-YY, binary YY MM DD 00; text HH-MM-SS, binary SS MM HH 00: the same turn.
        [first, second, third] => [*third, *second, *first, 0],
        _ if is_float(model, number, numbers.ident) => r32(text.parse().unwrap_or(0.0)),
        _ => text.parse::<i32>().unwrap_or(0).to_le_bytes(),
    }
}

/// Which settings are real numbers; the others are lists of choices.
fn is_float(model: SptModel, number: u16, ident: u16) -> bool {
    number == ident
        || match model {
            SptModel::Spt943 => matches!(number, 11 | 12 | 19 | 20 | 51..=54 | 56..=60 | 62..=73 | 75 | 76 | 78),
            SptModel::Spt942 => matches!(number, 51..=53 | 55..=57 | 59..=63 | 65..=76),
            SptModel::Spt941_10 => matches!(number, 8..=27 | 29 | 30 | 32 | 45 | 46),
        }
}
