//! Records and blocks of registers as data: which number stands where, and what it means. Everything is big-endian, high word
//! first (Vzlet note, section 2), so a record of an archive and a block of registers are decoded by the same code.

use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::{Aggregate, Condition, Effect, Fixed, Value};

/// How a number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A register of a 1-byte value: the whole register, or its high byte where that alone is filled.
    Small,
    /// Whole numbers with so many decimals.
    U16(u8),
    I16(u8),
    U32(u8),
    I32(u8),
    F32,
    /// Whole part u32 and fraction f32, to be added.
    Sum,
    /// The same with a signed whole part.
    SignedSum,
    /// Flags in so many bytes, the first the highest.
    Bits(u8),
    /// Flags in so many bytes, the first the lowest.
    LowBits(u8),
}

impl Form {
    /// Bytes that it takes.
    pub const fn size(self) -> usize {
        match self {
            Self::Small | Self::U16(_) | Self::I16(_) => 2,
            Self::U32(_) | Self::I32(_) | Self::F32 => 4,
            Self::Sum | Self::SignedSum => 8,
            Self::Bits(bytes) | Self::LowBits(bytes) => bytes as usize,
        }
    }

    /// Decimals that every value has, where the form gives them.
    pub fn decimals(self) -> Option<u8> {
        match self {
            Self::U16(decimals) | Self::I16(decimals) | Self::U32(decimals) | Self::I32(decimals) => Some(decimals),
            Self::Small => Some(0),
            _ => None,
        }
    }

    /// The number at an offset; absent when the bytes end before, and for what is no number.
    pub fn value(self, bytes: &[u8], at: usize) -> Value {
        let bytes = bytes.get(at..).unwrap_or_default();
        self.read(&mut Reader::new(bytes)).unwrap_or(Value::Absent)
    }

    fn read(self, reader: &mut Reader) -> Option<Value> {
        let fixed = |digits: i64, decimals| Some(Value::Fixed(Fixed { digits, decimals }));
        let float = |number: f64| number.is_finite().then_some(Value::Float(number));
        match self {
            Self::Small => {
                let register = reader.u16_be().ok()?;
                fixed(small(register).into(), 0)
            }
            Self::U16(decimals) => fixed(reader.u16_be().ok()?.into(), decimals),
            Self::I16(decimals) => fixed(reader.i16_be().ok()?.into(), decimals),
            Self::U32(decimals) => fixed(reader.u32_be().ok()?.into(), decimals),
            Self::I32(decimals) => fixed(reader.i32_be().ok()?.into(), decimals),
            Self::F32 => float(reader.f32_be().ok()?.into()),
            Self::Sum => {
                let whole = f64::from(reader.u32_be().ok()?);
                float(whole + f64::from(reader.f32_be().ok()?))
            }
            Self::SignedSum => {
                let whole = f64::from(reader.i32_be().ok()?);
                float(whole + f64::from(reader.f32_be().ok()?))
            }
            Self::Bits(count) => {
                let flags = reader.take(count.into()).ok()?;
                Some(Value::Bits(
                    flags.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)),
                ))
            }
            Self::LowBits(count) => {
                let flags = reader.take(count.into()).ok()?;
                let bits = flags.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
                Some(Value::Bits(bits))
            }
        }
    }
}

/// A 1-byte value in its register (Vzlet note, section 2: which byte is used differs between sources).
pub fn small(register: u16) -> u16 {
    if register > 0xff { register >> 8 } else { register }
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct What {
    pub quantity: &'static str,
    pub unit: &'static str,
    pub aggregate: Aggregate,
    pub pipe: Option<&'static str>,
}

/// `count` numbers of one kind, `step` bytes apart, numbered from `first`.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub at: usize,
    pub step: usize,
    pub first: u8,
    pub count: u8,
    pub form: Form,
    /// The maker's name, without its number.
    pub id: &'static str,
    pub what: What,
    /// Numbers are heat systems, not channels: they become points.
    pub is_by_system: bool,
    /// The channel archives its volume in place of its mass when the meter is set so.
    pub or_volume: bool,
}

/// One number.
pub const fn one(at: usize, form: Form, id: &'static str, what: What) -> Run {
    Run {
        at,
        step: 0,
        first: 0,
        count: 1,
        form,
        id,
        what,
        is_by_system: false,
        or_volume: false,
    }
}

/// Neighbours, numbered from 1.
pub const fn many(at: usize, count: u8, form: Form, id: &'static str, what: What) -> Run {
    Run {
        step: form.size(),
        first: 1,
        count,
        ..one(at, form, id, what)
    }
}

impl Run {
    pub const fn step(self, step: usize) -> Self {
        Self { step, ..self }
    }

    pub const fn first(self, first: u8) -> Self {
        Self { first, ..self }
    }

    pub const fn by_system(self) -> Self {
        Self {
            is_by_system: true,
            ..self
        }
    }

    pub const fn or_volume(self) -> Self {
        Self {
            or_volume: true,
            ..self
        }
    }

    /// Number and offset of each.
    pub fn places(&self) -> impl Iterator<Item = (u8, usize)> + '_ {
        (0..self.count).map(|place| {
            (
                self.first.saturating_add(place),
                self.at + usize::from(place) * self.step,
            )
        })
    }
}

/// How abnormal situations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// One flag each.
    Flags(Form),
    /// How long each held, in minutes of one or two bytes.
    Minutes(u8),
}

/// Abnormal situations that stand side by side; an empty code is a place without a meaning.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    pub at: usize,
    pub how: How,
    /// Of which heat system; 0: the one of the record, or the device.
    pub point: u8,
    pub codes: &'static [&'static str],
}

impl Signs {
    pub const fn flags(at: usize, form: Form, codes: &'static [&'static str]) -> Self {
        Self {
            at,
            how: How::Flags(form),
            point: 0,
            codes,
        }
    }

    pub const fn minutes(at: usize, bytes: u8, codes: &'static [&'static str]) -> Self {
        Self {
            at,
            how: How::Minutes(bytes),
            point: 0,
            codes,
        }
    }

    pub const fn of(self, point: u8) -> Self {
        Self { point, ..self }
    }

    /// What held, and for how many seconds where that is kept.
    fn held(&self, bytes: &[u8]) -> Vec<(&'static str, Option<u32>)> {
        let codes = self.codes.iter().enumerate().filter(|(_, code)| !code.is_empty());
        match self.how {
            How::Flags(form) => {
                let Value::Bits(bits) = form.value(bytes, self.at) else {
                    return Vec::new();
                };
                let is_on = |place: usize| {
                    u32::try_from(place).is_ok_and(|place| bits.checked_shr(place).unwrap_or(0) & 1 == 1)
                };
                codes
                    .filter(|(place, _)| is_on(*place))
                    .map(|(_, code)| (*code, None))
                    .collect()
            }
            How::Minutes(size) => {
                let minutes = |place: usize| match Form::Bits(size).value(bytes, self.at + place * usize::from(size)) {
                    Value::Bits(minutes) => u32::try_from(minutes).unwrap_or(0),
                    _ => 0,
                };
                let held = codes.map(|(place, code)| (*code, minutes(place)));
                held.filter(|(_, minutes)| *minutes > 0)
                    .map(|(code, minutes)| (code, Some(minutes * 60)))
                    .collect()
            }
        }
    }
}

/// What documents say of a code: category of the vocabulary and what it does to the counting.
pub type Meaning = (&'static str, Option<&'static str>, Option<Effect>);

/// All abnormal situations of a record. A code that has both a flag and a time is one situation.
pub fn conditions(signs: &[Signs], meanings: &[Meaning], bytes: &[u8], point: u8) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    for sign in signs {
        let point = if sign.point > 0 { sign.point } else { point };
        for (code, duration_s) in sign.held(bytes) {
            if let Some(known) = all.iter_mut().find(|known| known.code == code && known.point == point) {
                known.duration_s = known.duration_s.or(duration_s);
                continue;
            }
            let meaning = meanings.iter().find(|(known, ..)| *known == code);
            all.push(Condition {
                code: code.to_owned(),
                category: meaning.and_then(|(_, category, _)| *category).map(str::to_owned),
                effect: meaning.and_then(|(.., effect)| *effect),
                point,
                column: None,
                duration_s,
            });
        }
    }
    all
}

/// The record of an archive.
#[derive(Debug)]
pub struct Layout {
    /// Bytes of a record: it is known by them, beside the meter's name.
    pub size: usize,
    pub runs: &'static [Run],
    pub signs: &'static [Signs],
    pub meanings: &'static [Meaning],
    /// The place of a byte whose highest bit says that the meter itself finds the record damaged.
    pub damage_at: Option<usize>,
}

impl Layout {
    /// The time of a record: seconds of the meter's clock, one before the end of the interval; none: no record.
    pub fn time(record: &[u8]) -> Option<i64> {
        let time = Reader::new(record).u32_be().ok()?;
        (time != 0 && time != u32::MAX).then_some(time.into())
    }

    /// Whether the meter calls this record damaged.
    pub fn is_damaged(&self, record: &[u8]) -> bool {
        let byte = self.damage_at.and_then(|at| record.get(at));
        byte.is_some_and(|byte| byte & 0x80 != 0)
    }
}

/// Neighbouring registers that are read in one request.
#[derive(Debug)]
pub struct Block {
    pub area: uzel_driver_sdk::modbus::pdu::Area,
    pub at: u16,
    pub count: u16,
    /// Of which heat system; 0: of the device.
    pub point: u8,
    /// Offsets are in bytes.
    pub runs: &'static [Run],
    pub signs: &'static [Signs],
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ident::MODELS;

    const HEAT: What = What {
        quantity: "heat-energy",
        unit: "Gcal",
        aggregate: Aggregate::Sum,
        pipe: None,
    };

    #[test]
    fn numbers_of_every_form_are_read() {
        let bytes = [0xff, 0x83, 0, 0, 0x30, 0x39, 0x3f, 0, 0, 0];
        let fixed = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
        assert_eq!(Form::I16(2).value(&bytes, 0), fixed(-125, 2));
        assert_eq!(Form::U16(2).value(&bytes, 0), fixed(65_411, 2));
        assert_eq!(Form::U32(3).value(&bytes, 2), fixed(12_345, 3));
        assert_eq!(Form::Sum.value(&bytes, 2), Value::Float(12_345.5));
        assert_eq!(Form::Bits(2).value(&bytes, 0), Value::Bits(0xff83));
        assert_eq!(Form::LowBits(2).value(&bytes, 0), Value::Bits(0x83ff));
        assert_eq!(
            Form::SignedSum.value(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 0),
            Value::Float(-1.0)
        );
        assert_eq!(Form::F32.value(&[0x7f, 0xc0, 0, 0], 0), Value::Absent, "no number");
        assert_eq!(Form::Sum.value(&bytes, 4), Value::Absent, "the bytes end");
        assert_eq!((small(7), small(0x0700)), (7, 7));
    }

    #[test]
    fn a_flag_and_its_time_are_one_condition() {
        let signs = [
            Signs::flags(0, Form::Bits(1), &["a", "", "c"]),
            Signs::minutes(1, 2, &["", "", "c", "d"]),
        ];
        let bytes = [0b111, 0, 9, 0, 9, 0, 3, 0, 1];
        let meanings: [Meaning; 1] = [("c", Some("other"), Some(Effect::Stopped))];
        let all = conditions(&signs, &meanings, &bytes, 2);
        let told: Vec<_> = all
            .iter()
            .map(|held| {
                (
                    held.code.as_str(),
                    held.duration_s,
                    held.category.as_deref(),
                    held.point,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", None, None, 2),
                ("c", Some(180), Some("other"), 2),
                ("d", Some(60), None, 2)
            ]
        );
        assert_eq!(many(4, 3, Form::F32, "M", HEAT).places().last(), Some((3, 12)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_of_any_model(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            for layout in MODELS.iter().flat_map(|model| model.archives).flat_map(|archive| archive.parts).map(|part| part.layout) {
                for run in layout.runs {
                    for (_, at) in run.places() {
                        let value = run.form.value(&bytes, at);
                        prop_assert!(bytes.len() >= at + run.form.size() || value == Value::Absent);
                    }
                }
                let _ = (Layout::time(&bytes), layout.is_damaged(&bytes), conditions(layout.signs, layout.meanings, &bytes, 1));
            }
        }
    }
}
