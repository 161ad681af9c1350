//! Danfoss ECL Comfort 210 and 310: which parameters there are depends on the application key in the controller.
//!
//! The tables are made of `data/ecl-parameters.json` when the driver is built: 42 applications with the maker's names,
//! scales, ranges and what may be written. A parameter has a number (PNU); its register on the wire is the one before.

use uzel_driver_sdk::{Aggregate, Failure, Identity, Port};

use crate::device::Device;
use crate::map::{Class, Map, Name, Range, Scale, Setting, Source};
use crate::number::{Order, Type};
use uzel_driver_sdk::modbus::pdu::{Area, Span};

/// A parameter a line: number, scale, least, most, writable, name.
fn all_parameters() -> &'static str {
    uzel_driver_sdk::packed!("ecl-parameters")
}

/// An application a line: name, then lines of the table above, from 0.
fn applications() -> &'static str {
    uzel_driver_sdk::packed!("ecl-applications")
}

/// Letter, number, subtype and version of the application: PNU 2060 to 2063.
const APPLICATION: Span = Span {
    area: Area::Holding,
    at: 2_059,
    count: 4,
};
/// What a sensor shows that is broken or missing, and one that is short-circuited, with two decimals.
const NO_SENSOR: [i64; 2] = [19_200, -6_400];
/// The last three digits of parameters that only an adjuster changes: protection and constants of the motor.
const MOTOR: [u16; 6] = [174, 184, 185, 186, 187, 189];
/// One parameter of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parameter {
    number: u16,
    decimals: u8,
    least: i64,
    most: i64,
    is_writable: bool,
    title: &'static str,
}

impl Parameter {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.splitn(6, ' ');
        let mut next = || words.next();
        Some(Self {
            number: next()?.parse().ok()?,
            decimals: match next()? {
                "1" => 0,
                "10" => 1,
                _ => 2,
            },
            least: next()?.parse().ok()?,
            most: next()?.parse().ok()?,
            is_writable: next()? == "1",
            title: next()?,
        })
    }

    fn source(self) -> Source {
        Source {
            area: Area::Holding,
            at: self.number - 1,
            registers: 1,
            kind: Type::I16,
            order: Order::Abcd,
            bit: 0,
            absent: if self.decimals == 2 {
                NO_SENSOR.to_vec()
            } else {
                Vec::new()
            },
            scale: Scale {
                multiply: 1,
                decimals: self.decimals,
                power: None,
            },
        }
    }

    fn is_measured(self) -> bool {
        self.decimals == 2 && !self.is_writable
    }
}

/// The parameters of an application such as `A266.1`.
fn parameters(application: &str) -> Option<Vec<Parameter>> {
    let line = applications()
        .lines()
        .find(|line| line.split(' ').next() == Some(application))?;
    let lines: Vec<_> = all_parameters().lines().collect();
    let numbers = line
        .split(' ')
        .skip(1)
        .filter_map(|number| number.parse::<usize>().ok());
    numbers
        .map(|number| lines.get(number).copied().and_then(Parameter::parse))
        .collect()
}

/// Completes the map by the application that the controller runs.
pub fn complete(device: &mut Device, port: &mut dyn Port, identity: &mut Identity) -> Result<(), Failure> {
    let bytes = device.talk.proven(port, |talk, port| talk.read(port, APPLICATION))?;
    let bytes = bytes.map_err(|exception| Failure::WrongDevice(format!("application: {exception}")))?;
    let registers: Vec<u16> = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| u16::from_be_bytes(*pair))
        .collect();
    let [letter, number, subtype, version] = registers[..] else {
        return Err(Failure::Garbled("application: not four registers".to_owned()));
    };
    let letter = u8::try_from(letter)
        .ok()
        .filter(u8::is_ascii_uppercase)
        .map_or('?', char::from);
    let application = format!("{letter}{number}.{subtype}");
    let Some(parameters) = parameters(&application) else {
        let text = format!("application {application} is not in the tables of this driver");
        return Err(Failure::WrongDevice(text));
    };
    identity.details.push(("application".to_owned(), application));
    identity
        .details
        .push(("application version".to_owned(), version.to_string()));
    extend(&mut device.map, &parameters);
    Ok(())
}

fn extend(map: &mut Map, parameters: &[Parameter]) {
    for parameter in parameters {
        if parameter.is_measured() {
            let name = Name {
                id: format!("{} {}", parameter.number, parameter.title),
                quantity: "temperature".to_owned(),
                unit: "Cel".to_owned(),
                point: u8::try_from(parameter.number / 1_000 - 10).unwrap_or(0),
                tariff: 0,
                pipe: None,
                aggregate: Aggregate::Instant,
            };
            map.values.push(crate::map::Value {
                name,
                source: parameter.source(),
                class: Class::Current,
            });
            continue;
        }
        let is_offered = parameter.is_writable && !MOTOR.contains(&(parameter.number % 1_000));
        map.settings.push(Setting {
            id: parameter.number.to_string(),
            title: parameter.title.to_owned(),
            unit: String::new(),
            source: parameter.source(),
            range: if is_offered {
                Range::Digits(parameter.least, parameter.most)
            } else {
                Range::ReadOnly
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_have_their_own_parameters() {
        assert_eq!(
            (applications().lines().count(), all_parameters().lines().count()),
            (42, 214)
        );
        let parameters = parameters("A266.1").unwrap();
        let find = |number| parameters.iter().find(|parameter| parameter.number == number).copied();
        let comfort = Parameter {
            number: 11_180,
            decimals: 1,
            least: 50,
            most: 400,
            is_writable: true,
            title: "Comfort room T",
        };
        assert_eq!(find(11_180), Some(comfort));
        assert!(find(11_253).unwrap().is_measured());
        assert_eq!(super::parameters("A266"), None);
        for application in applications().lines() {
            let name = application.split(' ').next().unwrap();
            assert!(super::parameters(name).is_some(), "{name}");
        }
    }
}
