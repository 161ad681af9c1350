//! The data answer of a ВКТ-7 (docs/protocols: ВКТ-7, sections 3.7, 5 and 7): value, quality and НС
//! of each listed element, in the order of the list.

use super::archive::Content;
use super::config::Vkt7Config;
use super::elements::{self, Element, Field, PROPERTIES};
use super::history::{Amounts, InputRow, Row, Situations};

const GOOD: u8 = 0xC0;
/// A record with any НС gives this quality to all its elements.
const UNCERTAIN: u8 = 0x50;
const OUT_OF_RANGE: u8 = 0x0C;
const CONFIG_ERROR: u8 = 0x04;

/// No НС in the whole list; none for this element, but the record has one.
const NS_NONE: u8 = 0x00;
const NS_ELSEWHERE: u8 = 0xFF;
/// Captured codes: Qо of records with M1 < M2; volumes, masses and Qо of a day with uncounted time.
const NS_MASS_IMBALANCE: u8 = 0x02;
const NS_FLOW_ABOVE_MAX: u8 = 0x04;

/// The value of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Scaled by the element's decimals.
    Int(i32),
    Float(f32),
    Char(u8),
    Times([u16; 5]),
}

/// What a data answer is made of.
pub struct Source<'a> {
    pub config: &'a Vkt7Config,
    pub value_type: u8,
    /// Elements of the record's scheme.
    pub active: &'a [u8],
    pub content: Content,
}

impl Source<'_> {
    /// The data bytes for a list; may exceed what a byte count can tell.
    pub fn bytes(&self, list: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(list.len() * 6);
        let any_ns = self.situations().iter().any(|input| input.any());
        let (good, elsewhere) = if any_ns {
            (UNCERTAIN, NS_ELSEWHERE)
        } else {
            (GOOD, NS_NONE)
        };
        let mut register = 0i32;
        for index in list.iter().copied() {
            let Some(element) = elements::element(index) else {
                continue;
            };
            if matches!(element.field, Field::Unit | Field::Decimals) {
                bytes.extend(property(index, &element, self.config));
                continue;
            }
            let value = self.value(&element).filter(|_| elements::fits(index, self.value_type));
            match value {
                Some(value) if self.active.contains(&index) => {
                    if let Value::Int(int) = value {
                        register = int;
                    }
                    if self.config.failed.contains(&index) {
                        // Captured: P2 of an unconnected ТВ2 came as 300.00 with quality 0C.
                        bytes.extend(cut(0x7530, element.size));
                        bytes.extend([OUT_OF_RANGE, elsewhere]);
                    } else {
                        push_value(&mut bytes, value, element.size);
                        bytes.extend([good, self.ns_code(&element).unwrap_or(elsewhere)]);
                    }
                }
                // Captured: V1, ВНР, ВОС and НС flag of an unlisted ТВ2 come good and zero.
                Some(_) if matches!(index, 25 | 39 | 40 | 78) => {
                    bytes.extend(cut(0, element.size));
                    bytes.extend([good, elsewhere]);
                }
                // The device sends what its register still holds, with its native size.
                _ => {
                    let leftover = if element.size == 1 { 0 } else { register };
                    bytes.extend(cut(leftover, element.size));
                    bytes.extend([CONFIG_ERROR, elsewhere]);
                }
            }
        }
        bytes
    }

    /// The value of an element in this content, whether or not it is active.
    pub fn value(&self, element: &Element) -> Option<Value> {
        match &self.content {
            Content::Interval(row) => interval_value(row, element, self.value_type),
            Content::Totals(totals, di) => totals_value(totals, *di, element),
        }
    }

    /// НС of both inputs; totals have none.
    pub fn situations(&self) -> [Situations; 2] {
        let shown = |input: u8, situations: Situations| {
            let measured = self.active.iter().filter_map(|index| elements::element(*index));
            let used = measured.into_iter().any(|element| element.input == input);
            if used { situations } else { Situations::default() }
        };
        match &self.content {
            Content::Interval(row) => [shown(1, row.inputs[0].situations), shown(2, row.inputs[1].situations)],
            Content::Totals(..) => [Situations::default(); 2],
        }
    }

    /// The code of the НС which concerns this element.
    pub fn ns_code(&self, element: &Element) -> Option<u8> {
        let place = usize::from(element.input).checked_sub(1)?;
        let situations = self.situations()[place];
        match element.field {
            Field::Qo if situations.flow_above_max => Some(NS_FLOW_ABOVE_MAX),
            Field::Qo if situations.mass_imbalance => Some(NS_MASS_IMBALANCE),
            Field::V(0 | 1) | Field::M(0 | 1) if situations.flow_above_max => Some(NS_FLOW_ABOVE_MAX),
            _ => None,
        }
    }
}

fn interval_value(row: &Row, element: &Element, value_type: u8) -> Option<Value> {
    let input = &row.inputs[usize::from(element.input == 2)];
    Some(match element.field {
        Field::T(pipe) => Value::Int(input.t[pipe].into()),
        Field::P(pipe) => Value::Int(input.p[pipe].into()),
        Field::Dt => Value::Int(input.dt.into()),
        Field::Tx => Value::Int(row.tx.into()),
        Field::Ta => Value::Int(row.ta.into()),
        Field::P3 => Value::Int(row.p3.into()),
        Field::G(pipe) => Value::Float(flow_m3_h(input, pipe)),
        Field::NsChar => Value::Char(if input.situations.any() { b'*' } else { b' ' }),
        Field::NsTimes => Value::Times(input.ns_times),
        Field::Di => Value::Float(row.di as f32),
        _ if value_type == elements::CURRENT => return None,
        _ => return amount(&input.amounts, element),
    })
}

fn totals_value(totals: &[Amounts; 2], di: i32, element: &Element) -> Option<Value> {
    match element.field {
        Field::Di => Some(Value::Float(di as f32)),
        _ => amount(&totals[usize::from(element.input == 2)], element),
    }
}

fn amount(amounts: &Amounts, element: &Element) -> Option<Value> {
    Some(Value::Int(match element.field {
        Field::V(pipe) => amounts.v[pipe],
        Field::M(pipe) => amounts.m[pipe],
        Field::Mg => amounts.mg,
        Field::Qo => amounts.qo,
        Field::Qg => amounts.qg,
        Field::Vnr => amounts.vnr,
        Field::Vos => amounts.vos,
        _ => return None,
    }))
}

/// A flow is a float of its own, not scaled; hundredths of the hour's volume serve.
fn flow_m3_h(input: &InputRow, pipe: usize) -> f32 {
    input.amounts.v[pipe] as f32 / 100.0
}

fn push_value(bytes: &mut Vec<u8>, value: Value, size: usize) {
    match value {
        Value::Int(int) => bytes.extend(cut(int, size)),
        Value::Float(float) => bytes.extend(float.to_le_bytes()),
        Value::Char(character) => bytes.push(character),
        Value::Times(times) => bytes.extend(times.iter().flat_map(|hours| hours.to_le_bytes())),
    }
}

/// The low bytes of an integer; sizes above four are filled with its sign.
fn cut(int: i32, size: usize) -> Vec<u8> {
    let fill = if int < 0 { 0xFF } else { 0 };
    let mut bytes = int.to_le_bytes().to_vec();
    bytes.resize(size.max(4), fill);
    bytes.truncate(size);
    bytes
}

fn property(index: u8, element: &Element, config: &Vkt7Config) -> Vec<u8> {
    let mut bytes = Vec::new();
    if element.field == Field::Decimals {
        bytes.push(elements::decimals_property(index, &config.digits));
    } else {
        let mut text = elements::cp866(elements::unit_property(index, config));
        if config.server_version == 0 {
            text.resize(element.size, b' ');
        } else {
            bytes.extend(u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
        }
        bytes.extend(text);
    }
    bytes.extend([GOOD, NS_NONE]);
    bytes
}

/// Whether a list can be answered under the properties type at all.
pub fn only_properties(list: &[u8]) -> bool {
    list.iter().all(|index| elements::fits(*index, PROPERTIES))
}

/// Bytes that a list's answer takes at most: what the device checks before it accepts the list.
pub fn longest_answer(list: &[u8]) -> usize {
    list.iter()
        .filter_map(|index| elements::element(*index))
        .map(|element| element.size + 2)
        .sum()
}
