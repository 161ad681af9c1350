//! Array 0A, the configuration: which pipe belongs to which heat input, and what is measured there. Its length tells the
//! generation of the firmware, on which the forms of all other answers depend.

use crate::message::Version;

/// Pipes of a device.
const PIPES: usize = 8;
/// Bytes of a pipe's record.
const PIPE_BYTES: usize = 7;
/// A regulator that is not there.
const NONE: u8 = 0xff;

/// What the forms of answers depend on ("Протокол обмена", changes by versions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// Firmware before 4.
    First,
    /// Firmware 4 and 5: regulators, screen, requisites.
    Four,
    /// Firmware from 6 on.
    Six,
}

/// How a value comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    No,
    Yes,
    /// A constant of the contract stands in for it.
    Contract,
}

/// What a pipe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Supply,
    Return,
    HotWater,
    MakeUp,
    Electricity,
    Cold,
}

impl Purpose {
    /// Its code in the contract's vocabulary.
    pub fn pipe(self) -> Option<&'static str> {
        match self {
            Self::Supply => Some("supply"),
            Self::Return => Some("return"),
            Self::HotWater => Some("dhw"),
            Self::MakeUp => Some("makeup"),
            Self::Cold => Some("cold"),
            Self::Electricity => None,
        }
    }
}

/// A pipe in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pipe {
    /// From 1.
    pub number: u8,
    pub purpose: Purpose,
    pub pressure: Measured,
    pub temperature: Measured,
    /// 0 saturated steam, 1 superheated steam, 2 water, 3 electricity.
    pub carrier: u8,
}

/// A heat input in use (тепловой ввод, ТВ).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// From 1.
    pub number: u8,
    /// By their numbers, as their values come.
    pub pipes: Vec<Pipe>,
}

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    pub generation: Generation,
    /// By their numbers.
    pub inputs: Vec<Input>,
    /// Uses of the additional temperatures Tсо, Tхв, Tпом2, Tнв, from firmware 6 on.
    pub extra: [Measured; 4],
    /// Use of Tпом1.
    pub room_1: Measured,
    /// Types of the regulators as the device shows them, from 1.
    pub regulators: [Option<u8>; 2],
    /// Form of the report (ведомость).
    pub report: Option<u8>,
}

/// Why bytes are no configuration of a ВКТ-5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    #[error("a configuration of {got} bytes, expected 56, 58, 59 or 60")]
    Length { got: usize },
    #[error("pipe {pipe} has {what} {got}, expected at most {most}")]
    Pipe {
        pipe: u8,
        what: &'static str,
        got: u8,
        most: u8,
    },
    #[error("firmware {version} with a configuration of {length} bytes")]
    Firmware { version: u8, length: usize },
}

impl Scheme {
    /// Reads the configuration; `version` must be one that has this form.
    pub fn parse(data: &[u8], version: Option<Version>) -> Result<Self, SchemeError> {
        let generation = match data.len() {
            56 => Generation::First,
            58 => Generation::Four,
            59 | 60 => Generation::Six,
            got => return Err(SchemeError::Length { got }),
        };
        let told = version.map(|version| match version.major {
            0..4 => Generation::First,
            4 | 5 => Generation::Four,
            _ => Generation::Six,
        });
        // Firmware that does not tell its version is at most 4.06.
        if told.map_or(generation == Generation::Six, |told| told != generation) {
            return Err(SchemeError::Firmware {
                version: version.map_or(0, |version| version.major),
                length: data.len(),
            });
        }
        let mut inputs: Vec<Input> = Vec::new();
        let mut extra_uses = [Measured::No; PIPES];
        for ((number, record), extra) in (1u8..)
            .zip(data.chunks_exact(PIPE_BYTES))
            .take(PIPES)
            .zip(&mut extra_uses)
        {
            let &[input, purpose, pressure, temperature, use_, carrier, _sensor] = record else {
                break;
            };
            *extra = use_of(use_);
            if let Some(pipe) = pipe(number, [input, purpose, pressure, temperature, carrier])? {
                match inputs.iter_mut().find(|known| known.number == input) {
                    Some(known) => known.pipes.push(pipe),
                    None => inputs.push(Input {
                        number: input,
                        pipes: vec![pipe],
                    }),
                }
            }
        }
        inputs.sort_by_key(|input| input.number);
        let tail = |place: usize| data.get(PIPES * PIPE_BYTES + place).copied();
        let regulator = |place| {
            tail(place)
                .filter(|kind| *kind != NONE)
                .map(|kind| kind.saturating_add(1))
        };
        let [_, _, _, heating, cold, room_2, outdoor, _] = extra_uses;
        Ok(Self {
            generation,
            inputs,
            extra: [heating, cold, room_2, outdoor],
            room_1: tail(2).map_or(Measured::No, use_of),
            regulators: [regulator(0), regulator(1)],
            report: tail(3),
        })
    }

    /// Whether a regulator measures a pressure difference (type 5).
    pub fn has_pressure_difference(&self) -> bool {
        self.regulators.contains(&Some(5))
    }
}

fn use_of(code: u8) -> Measured {
    match code {
        1 => Measured::Yes,
        2 => Measured::Contract,
        _ => Measured::No,
    }
}

/// A pipe, if a heat input has it.
fn pipe(number: u8, [input, purpose, pressure, temperature, carrier]: [u8; 5]) -> Result<Option<Pipe>, SchemeError> {
    if input == 0 || input == NONE {
        return Ok(None);
    }
    let bounds = [
        ("heat input", input, 8),
        ("purpose", purpose, 5),
        ("pressure", pressure, 3),
        ("temperature", temperature, 2),
        ("carrier", carrier, 3),
    ];
    if let Some((what, got, most)) = bounds.into_iter().find(|(_, got, most)| got > most) {
        return Err(SchemeError::Pipe {
            pipe: number,
            what,
            got,
            most,
        });
    }
    Ok(Some(Pipe {
        number,
        purpose: match purpose {
            0 => Purpose::Supply,
            1 => Purpose::Return,
            2 => Purpose::HotWater,
            3 => Purpose::MakeUp,
            4 => Purpose::Electricity,
            _ => Purpose::Cold,
        },
        pressure: match pressure {
            0 => Measured::No,
            3 => Measured::Contract,
            _ => Measured::Yes,
        },
        temperature: use_of(temperature),
        carrier,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(major: u8) -> Option<Version> {
        Some(Version { major, minor: 0 })
    }

    /// Pipes 1 and 3 of input 2, pipe 2 of input 1.
    fn bytes(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (pipe, record) in [[2, 0, 2, 1, 0, 2, 1], [1, 2, 0, 1, 0, 2, 1], [2, 1, 3, 2, 0, 2, 1]]
            .iter()
            .enumerate()
        {
            bytes[pipe * 7..pipe * 7 + 7].copy_from_slice(record);
        }
        bytes
    }

    #[test]
    fn pipes_go_to_their_heat_inputs() {
        let scheme = Scheme::parse(&bytes(60), version(7)).unwrap();
        let pipes = scheme.inputs.iter().map(|input| {
            let numbers: Vec<_> = input.pipes.iter().map(|pipe| pipe.number).collect();
            (input.number, numbers)
        });
        assert_eq!(pipes.collect::<Vec<_>>(), [(1, vec![2]), (2, vec![1, 3])]);
        let third = scheme.inputs[1].pipes[1];
        assert_eq!(
            (third.pressure, third.temperature, third.purpose.pipe()),
            (Measured::Contract, Measured::Contract, Some("return"))
        );
        assert_eq!(scheme.regulators, [Some(1), Some(1)]);
    }

    #[test]
    fn what_is_no_configuration_is_refused_by_name() {
        let wrong = |data: &[u8], version| Scheme::parse(data, version).unwrap_err().to_string();
        assert_eq!(
            wrong(&bytes(60), version(5)),
            "firmware 5 with a configuration of 60 bytes"
        );
        assert_eq!(wrong(&bytes(60), None), "firmware 0 with a configuration of 60 bytes");
        assert!(wrong(&[0; 57], version(7)).contains("57 bytes"));
        let mut strange = bytes(58);
        strange[1] = 9;
        assert_eq!(wrong(&strange, version(4)), "pipe 1 has purpose 9, expected at most 5");
        for (length, version) in [
            (56, None),
            (58, None),
            (56, version(3)),
            (58, version(5)),
            (59, version(6)),
        ] {
            assert!(Scheme::parse(&bytes(length), version).is_ok(), "{length} {version:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(data in proptest::collection::vec(any::<u8>(), 0..70), major in 0u8..16) {
            let _ = Scheme::parse(&data, version(major));
        }
    }
}
