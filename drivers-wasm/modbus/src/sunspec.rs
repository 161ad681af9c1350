//! SunSpec: a device that lists its models, each with points at known offsets (SunSpec Information Model Specification,
//! chapters 2 and 4). Scale factors stand in registers of their own.

use uzel_driver_sdk::{Aggregate, Failure, Port};

use crate::map::{Class, Map, Name, Power, Scale, Source, Value};
use crate::number::{Order, Type};
use uzel_driver_sdk::modbus::pdu::{Area, Span};
use uzel_driver_sdk::modbus::talk::Talk;

/// Points of the models that give values.
fn all_points() -> &'static str {
    uzel_driver_sdk::packed!("sunspec-points")
}

/// Where a device may begin its list.
const BASES: [u16; 3] = [40_000, 50_000, 0];
/// "SunS".
const SIGN: [u8; 4] = *b"SunS";
/// The common model, which names the device: firmware and serial number from its id on.
const COMMON: u16 = 1;
const FIRMWARE: (u16, u16) = (42, 8);
const SERIAL: (u16, u16) = (50, 16);
/// Ends the list.
const END: u16 = 0xffff;
/// Models of one device at most.
const MOST_MODELS: usize = 64;
/// Values of a class at most: what may stand in one row.
const MOST_VALUES: usize = 256;

/// Walks the device's list of models and makes a map of those that are known.
pub fn discover(talk: &mut Talk, port: &mut dyn Port, map: &Map) -> Result<Map, Failure> {
    let mut found = map.clone();
    let base = talk.proven(port, begin)?;
    for rule in &mut found.rules {
        rule.source.at = base;
    }
    let models = talk.proven(port, |talk, port| list(talk, port, base))?;
    let mut blocks = 0;
    for &(model, length, at) in &models {
        if model == COMMON {
            found.serial = Some(text(at, SERIAL));
            found.firmware = Some(text(at, FIRMWARE));
            continue;
        }
        let lines: Vec<Line<'_>> = all_points()
            .lines()
            .filter_map(Line::parse)
            .filter(|line| line.model == model && line.groups(length).is_some())
            .collect();
        let groups = lines.first().and_then(|line| line.groups(length)).unwrap_or(0);
        // The fixed block is a point of its own, and so is each repetition of what is repeated.
        for place in 0..=groups {
            let group = place.checked_sub(1);
            let of_group = lines.iter().filter(|line| line.is_repeated == group.is_some());
            let values: Vec<Value> = of_group
                .filter_map(|line| line.value(at, group.unwrap_or(0), blocks + 1))
                .collect();
            if values.is_empty() {
                continue;
            }
            let both = || found.values.iter().chain(&values);
            let is_full = |class| both().filter(|value| value.class == class).count() > MOST_VALUES;
            if is_full(Class::Current) || is_full(Class::Total) || blocks == u8::MAX - 1 {
                port.note(&format!(
                    "model {model}: too many values, group {place} and later ones are left out"
                ));
                break;
            }
            blocks += 1;
            found.values.extend(values);
        }
    }
    if blocks == 0 {
        let ids: Vec<_> = models.iter().map(|(model, ..)| model).collect();
        return Err(Failure::WrongDevice(format!(
            "SunSpec models {ids:?}: none of them gives values here"
        )));
    }
    Ok(found)
}

fn begin(talk: &mut Talk, port: &mut dyn Port) -> Result<u16, Failure> {
    for at in BASES {
        let span = Span {
            area: Area::Holding,
            at,
            count: 2,
        };
        if talk.read(port, span)?.is_ok_and(|bytes| bytes == SIGN) {
            return Ok(at);
        }
    }
    Err(Failure::WrongDevice(format!("no \"SunS\" at the registers {BASES:?}")))
}

/// Model, length and address of each, in the device's order.
fn list(talk: &mut Talk, port: &mut dyn Port, base: u16) -> Result<Vec<(u16, u16, u16)>, Failure> {
    let mut models = Vec::new();
    let mut at = base.saturating_add(2);
    while models.len() < MOST_MODELS {
        let span = Span {
            area: Area::Holding,
            at,
            count: 2,
        };
        let bytes = talk.read(port, span)?;
        let bytes = bytes.map_err(|exception| Failure::Refused(format!("list of models at {at}: {exception}")))?;
        let &[id_high, id_low, length_high, length_low] = bytes.as_slice() else {
            return Err(Failure::Garbled("list of models: not two registers".to_owned()));
        };
        let (model, length) = (
            u16::from_be_bytes([id_high, id_low]),
            u16::from_be_bytes([length_high, length_low]),
        );
        let next = at.checked_add(2).and_then(|at| at.checked_add(length));
        if model == END {
            break;
        }
        models.push((model, length, at));
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(models)
}

fn text(at: u16, (offset, registers): (u16, u16)) -> Source {
    Source {
        area: Area::Holding,
        at: at.saturating_add(offset),
        registers,
        kind: Type::Text,
        order: Order::Abcd,
        bit: 0,
        absent: Vec::new(),
        scale: Scale {
            multiply: 1,
            decimals: 0,
            power: None,
        },
    }
}

/// A line of the table: a point of a model.
struct Line<'a> {
    model: u16,
    /// Registers of the model without what is repeated, and of one repetition; 0 where nothing is.
    fixed: u16,
    group: u16,
    name: &'a str,
    is_repeated: bool,
    /// From the model's id on, or from where its repetition begins.
    offset: u16,
    kind: &'a str,
    /// Where the scale factor is; or digits behind the point, `.1`; or `-`.
    scale: &'a str,
    unit: &'a str,
    quantity: &'a str,
    is_total: bool,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut word = || words.next();
        let model = word()?.parse().ok()?;
        let length = word()?;
        let (fixed, group) = length.split_once('+').unwrap_or((length, "0"));
        let name = word()?;
        let offset = word()?;
        Some(Self {
            model,
            fixed: fixed.parse().ok()?,
            group: group.parse().ok()?,
            name,
            is_repeated: offset.starts_with('+'),
            offset: offset.trim_start_matches('+').parse().ok()?,
            kind: word()?,
            scale: word()?,
            unit: word()?,
            quantity: word()?,
            is_total: word()? == "total",
        })
    }

    /// How often a model of this length repeats its group; none: that is another model.
    fn groups(&self, length: u16) -> Option<u16> {
        let rest = length.checked_sub(self.fixed)?;
        match self.group {
            0 => (rest == 0).then_some(0),
            group => (rest % group == 0).then_some(rest / group),
        }
    }

    /// The value of this point in the model at this address; `group` counts repetitions from 0.
    fn value(&self, at: u16, group: u16, point: u8) -> Option<Value> {
        // "Not implemented", by type (chapter 4); an accumulator that was never counted is 0.
        let (kind, absent) = match self.kind {
            "i16" => (Type::I16, vec![0x8000]),
            "u16" => (Type::U16, vec![0xffff]),
            "u32" => (Type::U32, vec![0xffff_ffff]),
            "u64" => (Type::U64, vec![-1]),
            "a32" => (Type::U32, vec![0]),
            "a64" => (Type::U64, vec![0]),
            "f32" => (Type::F32, Vec::new()),
            _ => return None,
        };
        let begin = match self.is_repeated {
            true => at
                .checked_add(self.fixed.checked_add(2)?)?
                .checked_add(group.checked_mul(self.group)?)?,
            false => at,
        };
        let power = self.scale.parse::<u16>().ok().and_then(|offset| at.checked_add(offset));
        Some(Value {
            name: Name {
                id: self.name.to_owned(),
                quantity: self.quantity.to_owned(),
                unit: self.unit.to_owned(),
                point,
                tariff: 0,
                pipe: None,
                aggregate: if self.is_total {
                    Aggregate::Total
                } else {
                    Aggregate::Instant
                },
            },
            source: Source {
                area: Area::Holding,
                at: begin.checked_add(self.offset)?,
                registers: kind.registers()?,
                kind,
                order: Order::Abcd,
                bit: 0,
                absent,
                scale: Scale {
                    multiply: 1,
                    decimals: self
                        .scale
                        .strip_prefix('.')
                        .and_then(|digits| digits.parse().ok())
                        .unwrap_or(0),
                    power: power.map(|at| Power {
                        area: Area::Holding,
                        at,
                        is_decimals: false,
                        add: 0,
                    }),
                },
            },
            class: if self.is_total { Class::Total } else { Class::Current },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_point() {
        for text in all_points().lines() {
            let line = Line::parse(text).unwrap_or_else(|| panic!("{text}"));
            let length = line.fixed + 3 * line.group;
            let found = line.value(40_069, 2, 1).unwrap_or_else(|| panic!("{text}"));
            let end = found.source.at + found.source.registers;
            assert!(end <= 40_071 + length, "{text}");
            assert_eq!(
                line.is_repeated,
                found.source.at >= 40_071 + line.fixed + 2 * line.group && line.group > 0,
                "{text}"
            );
            assert_eq!(line.groups(length), Some(if line.group > 0 { 3 } else { 0 }), "{text}");
            let other = if line.group == 1 {
                line.fixed.checked_sub(1)
            } else {
                Some(length + 1)
            };
            assert!(
                other.is_none_or(|other| line.groups(other).is_none()),
                "another length is another model"
            );
        }
    }
}
