//! Reads the numbers of a map: neighbours together, and what a device refuses in parts.

use uzel_driver_sdk::{Failure, Fixed, Mark, Port, Quality, Value as Cell};

use crate::map::{Map, Power, Source};
use crate::number::{Number, Order, Type};
use uzel_driver_sdk::modbus::pdu::{Exception, MOST_BITS, Span};
use uzel_driver_sdk::modbus::talk::Talk;

/// Bytes of one number, or why there are none.
pub type Bytes = Result<Vec<u8>, Exception>;

/// The part of `data` that belongs to `part` of `whole`.
fn cut(whole: Span, part: Span, data: &[u8]) -> Option<Vec<u8>> {
    let offset = usize::from(part.at.checked_sub(whole.at)?);
    if whole.area.is_bits() {
        let byte = data.get(offset / 8)?;
        return Some(vec![byte >> (offset % 8) & 1]);
    }
    data.get(offset * 2..(offset + usize::from(part.count)) * 2)
        .map(<[u8]>::to_vec)
}

/// Reads all sources, in the order given. What the device refuses is an exception in its place; that it refuses everything
/// is a failure.
pub fn read_all(talk: &mut Talk, port: &mut dyn Port, map: &Map, sources: &[&Source]) -> Result<Vec<Bytes>, Failure> {
    let mut spans: Vec<(usize, Span)> = sources.iter().map(|source| source.span()).enumerate().collect();
    spans.sort_by_key(|(_, span)| (span.area, span.at));
    let mut found: Vec<Option<Bytes>> = vec![None; sources.len()];
    for group in groups(map, &spans) {
        read_group(talk, port, group, &mut found)?;
    }
    let refusal = found.iter().flatten().find_map(|bytes| bytes.as_ref().err().copied());
    let is_any = found.iter().flatten().any(Result::is_ok);
    match refusal {
        Some(exception) if !is_any => Err(Failure::Refused(exception.to_string())),
        _ => Ok(found
            .into_iter()
            .map(|bytes| bytes.unwrap_or(Err(Exception(0))))
            .collect()),
    }
}

/// Neighbours that one request can read. A number is never divided between two requests: its halves could be of two
/// moments.
fn groups<'a>(map: &Map, spans: &'a [(usize, Span)]) -> Vec<&'a [(usize, Span)]> {
    let mut groups = Vec::new();
    let mut rest = spans;
    while let Some((_, first)) = rest.first() {
        let most = if first.area.is_bits() {
            MOST_BITS
        } else {
            map.max_registers
        };
        let mut end = u32::from(first.at) + u32::from(first.count);
        let mut length = 1;
        for (_, next) in rest.iter().skip(1) {
            let next_end = end.max(u32::from(next.at) + u32::from(next.count));
            let is_near = u32::from(next.at) <= end + u32::from(map.gap);
            if next.area != first.area || !is_near || next_end - u32::from(first.at) > u32::from(most) {
                break;
            }
            end = next_end;
            length += 1;
        }
        let (group, others) = rest.split_at(length);
        groups.push(group);
        rest = others;
    }
    groups
}

fn read_group(
    talk: &mut Talk,
    port: &mut dyn Port,
    group: &[(usize, Span)],
    found: &mut [Option<Bytes>],
) -> Result<(), Failure> {
    let Some((_, first)) = group.first() else {
        return Ok(());
    };
    let ends = group.iter().map(|(_, span)| span.at.saturating_add(span.count));
    let whole = Span {
        count: ends.max().unwrap_or(first.at).saturating_sub(first.at).max(1),
        ..*first
    };
    match talk.read(port, whole)? {
        Ok(data) => {
            for (place, span) in group {
                let bytes = cut(whole, *span, &data);
                let bytes = bytes.ok_or_else(|| Failure::Garbled(format!("{whole} holds no {span}")))?;
                if let Some(found) = found.get_mut(*place) {
                    *found = Some(Ok(bytes));
                }
            }
        }
        Err(exception) if exception.is_gateway() => return Err(Failure::Refused(exception.to_string())),
        Err(exception) if exception.is_address() && group.len() > 1 => {
            let (low, high) = group.split_at(group.len() / 2);
            read_group(talk, port, low, found)?;
            read_group(talk, port, high, found)?;
        }
        Err(exception) => {
            for (place, _) in group {
                if let Some(found) = found.get_mut(*place) {
                    *found = Some(Err(exception));
                }
            }
        }
    }
    Ok(())
}

/// The register of a power of ten as something to be read.
pub fn power_source(power: Power) -> Source {
    Source {
        area: power.area,
        at: power.at,
        registers: 1,
        kind: Type::I16,
        order: Order::Abcd,
        bit: 0,
        absent: vec![0x8000],
        scale: crate::map::Scale {
            multiply: 1,
            decimals: 0,
            power: None,
        },
    }
}

/// Reads sources together with the powers of ten that they need. The second of a pair is the power.
pub fn read_scaled(
    talk: &mut Talk,
    port: &mut dyn Port,
    map: &Map,
    sources: &[&Source],
) -> Result<Vec<(Bytes, Option<Bytes>)>, Failure> {
    let powers: Vec<Option<Source>> = sources
        .iter()
        .map(|source| source.scale.power.map(power_source))
        .collect();
    let mut all = sources.to_vec();
    for power in powers.iter().flatten() {
        if !all.contains(&power) {
            all.push(power);
        }
    }
    let found = read_all(talk, port, map, &all)?;
    let of = |source: &Source| {
        let place = all.iter().position(|known| *known == source);
        place.and_then(|place| found.get(place).cloned())
    };
    let pairs = found.iter().zip(&powers);
    Ok(pairs
        .map(|(bytes, power)| (bytes.clone(), power.as_ref().and_then(&of)))
        .collect())
}

/// Decimals of a number: of the map, or of the device's own register. An error is what stands there instead.
pub fn decimals(source: &Source, power: Option<&Bytes>) -> Result<i16, String> {
    let Some(wanted) = source.scale.power else {
        return Ok(source.scale.decimals.into());
    };
    let bytes = match power {
        Some(Ok(bytes)) => bytes,
        Some(Err(exception)) => return Err(exception.to_string()),
        None => return Err("no power of ten".to_owned()),
    };
    let number = match power_source(wanted).decode(bytes) {
        Number::Whole(number) => i16::try_from(number).unwrap_or(i16::MAX).saturating_add(wanted.add),
        _ => return Err("no power of ten".to_owned()),
    };
    let decimals = if wanted.is_decimals {
        number
    } else {
        number.saturating_neg()
    };
    if (-12..=15).contains(&decimals) {
        Ok(decimals)
    } else {
        Err(format!("power of ten is {number}"))
    }
}

/// A cell of a row and, where there is no value, why. `column` is its place in the row.
pub fn cell(
    source: &Source,
    bytes: Result<&[u8], Exception>,
    power: Option<&Bytes>,
    column: u16,
) -> (Cell, Option<Mark>) {
    let absent = |code: String| {
        let mark = Mark {
            column,
            quality: Quality::Absent,
            code: Some(code),
        };
        (Cell::Absent, Some(mark))
    };
    let number = match bytes {
        Ok(bytes) => source.decode(bytes),
        Err(exception) => return absent(exception.to_string()),
    };
    let value = match number {
        Number::Whole(number) => match decimals(source, power) {
            Ok(decimals) => fixed(source, number, decimals),
            Err(what) => return absent(what),
        },
        Number::Float(number) => Some(Cell::Float(number)),
        Number::Bits(bits) => Some(Cell::Bits(bits)),
        Number::Text(text) => Some(Cell::Text(text)),
        Number::Nothing(code) => return absent(code),
    };
    value.map_or_else(|| absent("too large".to_owned()), |value| (value, None))
}

fn fixed(source: &Source, number: i64, decimals: i16) -> Option<Cell> {
    let digits = number.checked_mul(source.scale.multiply)?;
    let (digits, decimals) = match u8::try_from(decimals) {
        Ok(decimals) => (digits, decimals),
        Err(_) => (
            digits.checked_mul(10i64.checked_pow(u32::from(decimals.unsigned_abs()))?)?,
            0,
        ),
    };
    Some(Cell::Fixed(Fixed { digits, decimals }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    fn with_power(power: Option<Power>) -> Source {
        let text = "version = 1\nname = \"x\"\n[[identify]]\nat = \"h:1\"\ntype = \"i16\"\ndecimals = 1\nis = [1]\n";
        let mut source = map::parse(text).unwrap().rules.remove(0).source;
        source.scale.power = power;
        source
    }

    fn shown(power: Option<(Power, i16)>) -> (Cell, Option<String>) {
        let source = with_power(power.map(|(power, _)| power));
        let bytes = power.map(|(_, number)| Ok(number.to_be_bytes().to_vec()));
        let (cell, mark) = cell(&source, Ok(&[0xff, 0x85]), bytes.as_ref(), 0);
        (cell, mark.and_then(|mark| mark.code))
    }

    #[test]
    fn digits_keep_their_decimals_wherever_these_come_from() {
        let fixed = |digits, decimals| (Cell::Fixed(Fixed { digits, decimals }), None);
        let power = |is_decimals, add| Power {
            area: uzel_driver_sdk::modbus::pdu::Area::Holding,
            at: 1,
            is_decimals,
            add,
        };
        assert_eq!(shown(None), fixed(-123, 1));
        assert_eq!(shown(Some((power(true, 0), 2))), fixed(-123, 2));
        assert_eq!(shown(Some((power(false, 0), -2))), fixed(-123, 2));
        assert_eq!(shown(Some((power(false, 0), 2))), fixed(-12_300, 0));
        assert_eq!(shown(Some((power(false, -3), 3))), fixed(-123, 0));
        let (cell, code) = shown(Some((power(false, 0), i16::MIN)));
        assert_eq!((cell, code.as_deref()), (Cell::Absent, Some("no power of ten")));
        assert_eq!(
            shown(Some((power(true, 0), 99))).1.as_deref(),
            Some("power of ten is 99")
        );
    }
}
