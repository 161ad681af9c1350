//! The registers of a readout or a telegram: one value each, with the time that stands beside it.

use uzel_driver_sdk::CivilTime;

use crate::dataset::Set;
use crate::number;
use crate::obis::Address;
use crate::stamp::{date_and_time, stamp};

/// One register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    pub address: Address,
    pub text: String,
    pub unit: String,
    /// A time beside the value, as the meter writes it: of a maximum, or of a sub-meter's value.
    pub at: Option<String>,
}

/// Registers of one readout at most.
const REGISTERS_MAX: usize = 4_096;

/// All registers, in the meter's order. Lists (98.1.0 and the like) and what has no address are left out.
pub fn registers(sets: &[Set]) -> Vec<Register> {
    let merged = merged(sets);
    let is_list = |address: &Address| matches!(address.c, Some(98 | 99)) && address.medium.is_some();
    let register = |set: &Set| {
        Address::parse(&set.id)
            .filter(|address| !is_list(address))
            .map(|address| one(address, set))
    };
    merged.iter().filter_map(register).take(REGISTERS_MAX).collect()
}

/// Sets with what follows them on lines of its own.
pub fn merged(sets: &[Set]) -> Vec<Set> {
    let mut merged: Vec<Set> = Vec::new();
    for set in sets {
        match merged.last_mut() {
            Some(last) if set.id.is_empty() => last.values.extend(set.values.iter().cloned()),
            _ => merged.push(set.clone()),
        }
    }
    merged
}

fn one(address: Address, set: &Set) -> Register {
    let values: Vec<(&str, &str)> = set
        .values
        .iter()
        .map(|item| (item.text.as_str(), item.unit.as_str()))
        .collect();
    let made = |address, text: &str, unit: &str, at: Option<&str>| Register {
        address,
        text: text.to_owned(),
        unit: unit.to_owned(),
        at: at.map(str::to_owned),
    };
    match values.as_slice() {
        // DSMR 2.2: a sub-meter's value in the form of a profile of one row.
        [(at, ""), _, _, ("1", ""), (id, ""), (unit, ""), (text, "")]
            if (address.c, address.d) == (Some(24), Some(3)) =>
        {
            let inner = Address::parse(id).unwrap_or(address);
            made(inner, text, unit, Some(at))
        }
        [(at, ""), (text, unit), ..] if stamp(at).is_some() && number::fixed(text).is_some() && !unit.is_empty() => {
            made(address, text, unit, Some(at))
        }
        [(text, unit), (at, ""), ..] if stamp(at).is_some() => made(address, text, unit, Some(at)),
        [(text, unit), ..] => made(address, text, unit, None),
        [] => made(address, "", "", None),
    }
}

/// The text of the first of these registers that has one.
pub fn first<'a>(registers: &'a [Register], names: &[&str]) -> Option<&'a str> {
    let find = |name: &&str| {
        let mut all = registers.iter();
        all.find(|register| {
            register.address.name == *name && register.address.period.is_none() && !register.text.is_empty()
        })
    };
    names.iter().find_map(find).map(|register| register.text.as_str())
}

/// What the clock shows: in one register, or in 0.9.2 and 0.9.1.
pub fn clock(registers: &[Register]) -> Option<CivilTime> {
    if let Some(both) = first(registers, &["0-0:1.0.0", "1-0:1.0.0", "1.0.0"]) {
        return stamp(both);
    }
    let date = first(registers, &["0.9.2", "1-0:0.9.2", "0-0:0.9.2"])?;
    let time = first(registers, &["0.9.1", "1-0:0.9.1", "0-0:0.9.1"])?;
    date_and_time(date, time)
}

/// Where each meter keeps its number.
const SERIALS: [&str; 10] = [
    "0-0:96.1.1",
    "0-0:96.1.0",
    "1-0:96.1.0",
    "96.1.0",
    "0-0:96.1.255",
    "1-0:0.0.0",
    "0.0.0",
    "C.1.0",
    "C.1",
    "9.21",
];

/// The number of the meter. P1 writes letters and digits as hex.
pub fn serial(registers: &[Register]) -> Option<String> {
    let text = first(registers, &SERIALS)?;
    let bytes = uzel_driver_sdk::bytes::unhex(text).filter(|bytes| bytes.len() >= 8);
    let readable = |bytes: &Vec<u8>| bytes.iter().all(u8::is_ascii_alphanumeric);
    let decoded = bytes.filter(readable).and_then(|bytes| String::from_utf8(bytes).ok());
    Some(decoded.unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::parse;

    #[test]
    fn a_value_and_its_time_are_told_apart() {
        let told = |text| {
            let all = registers(&parse(text));
            let Register {
                address,
                text,
                unit,
                at,
            } = all.into_iter().next().unwrap();
            format!("{} {text} {unit} {}", address.name, at.unwrap_or_default())
        };
        let cases = [
            ("1.8.0(00391.3*kWh)", "1.8.0 00391.3 kWh "),
            ("1.6.0(0.123*kW)(2208231615)", "1.6.0 0.123 kW 2208231615"),
            (
                "1-0:1.6.0(231102114500W)(03.064*kW)",
                "1-0:1.6.0 03.064 kW 231102114500W",
            ),
            ("0.1.2*05(2208010000)", "0.1.2 2208010000  "),
            (
                "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\n(00001.001)",
                "0-1:24.2.1 00001.001 m3 161107190000",
            ),
            ("0-0:96.13.0()", "0-0:96.13.0   "),
        ];
        for (text, want) in cases {
            assert_eq!(told(text).trim_ascii(), want.trim(), "{text}");
        }
    }

    #[test]
    fn a_number_in_hex_is_read() {
        let told = |text: &str| serial(&registers(&parse(text)));
        let cases = [
            ("0-0:96.1.1(4B384547303034303436333935353037)", Some("K8EG004046395507")),
            ("0-0:96.1.1(00000000000000)", Some("00000000000000")),
            ("0.0.0(23456321)", Some("23456321")),
            ("1.8.0(1)", None),
        ];
        for (text, want) in cases {
            assert_eq!(told(text).as_deref(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}|([0-9.:-]{0,12}(\\([0-9A-Z.*:-]{0,14}\\)){1,8}\r?\n?){0,8}") {
            let all = registers(&parse(&text));
            clock(&all);
            serial(&all);
        }
    }
}
