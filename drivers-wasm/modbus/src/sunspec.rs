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
        let points: Vec<_> = all_points()
            .lines()
            .filter_map(|line| point(line, model, length, at))
            .collect();
        if !points.is_empty() {
            blocks += 1;
            found.values.extend(points.into_iter().map(|mut value| {
                value.name.point = blocks;
                value
            }));
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

/// A point of the model that a device has with this length at this address.
fn point(line: &str, model: u16, length: u16, at: u16) -> Option<Value> {
    let words: Vec<&str> = line.split(' ').collect();
    let [id, of_length, name, offset, kind, scale, unit, quantity, class] = words[..] else {
        return None;
    };
    if id.parse() != Ok(model) || of_length.parse() != Ok(length) {
        return None;
    }
    // "Not implemented", by type (chapter 4); an accumulator that was never counted is 0.
    let (kind, absent) = match (kind, class) {
        ("i16", _) => (Type::I16, vec![0x8000]),
        ("u16", _) => (Type::U16, vec![0xffff]),
        ("i32", _) => (Type::I32, vec![0x8000_0000]),
        ("u32", "total") => (Type::U32, vec![0]),
        ("u32", _) => (Type::U32, vec![0xffff_ffff]),
        _ => (Type::F32, Vec::new()),
    };
    let address = |offset: &str| at.checked_add(offset.parse().ok()?);
    let is_total = class == "total";
    Some(Value {
        name: Name {
            id: name.to_owned(),
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            point: 0,
            tariff: 0,
            pipe: None,
            aggregate: if is_total { Aggregate::Total } else { Aggregate::Instant },
        },
        source: Source {
            area: Area::Holding,
            at: address(offset)?,
            registers: kind.registers()?,
            kind,
            order: Order::Abcd,
            bit: 0,
            absent,
            scale: Scale {
                multiply: 1,
                decimals: 0,
                power: address(scale).map(|at| Power {
                    area: Area::Holding,
                    at,
                    is_decimals: false,
                    add: 0,
                }),
            },
        },
        class: if is_total { Class::Total } else { Class::Current },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_point() {
        for line in all_points().lines() {
            let mut words = line.split(' ').map(|word| word.parse::<u16>().unwrap_or(0));
            let (model, length) = (words.next().unwrap(), words.next().unwrap());
            let found = point(line, model, length, 40_069).unwrap_or_else(|| panic!("{line}"));
            assert!(found.source.at < 40_071 + length, "{line}");
            assert!(
                point(line, model, length + 1, 40_069).is_none(),
                "another length is another model"
            );
        }
    }
}
