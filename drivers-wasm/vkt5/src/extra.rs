//! Additional temperatures (arrays 03 and 07): cold water, rooms, outdoor air, the heating system, and the pressure
//! difference of a regulator. Which of them an answer has, and in which order, depends on the firmware.

use uzel_driver_sdk::bytes::Reader;

use crate::record::{RecordError, Table};
use crate::scheme::{Generation, Measured, Scheme};

/// One additional value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extra {
    /// The maker's name.
    pub id: &'static str,
    pub pipe: Option<&'static str>,
    pub used: Measured,
}

impl Extra {
    /// Whether it is a pressure and no temperature.
    pub fn is_pressure(&self) -> bool {
        self.id == "dP"
    }
}

/// The values of array 03 in their order. Before firmware 6 the configuration does not say which are in use, so all are.
pub fn extras(scheme: &Scheme) -> Vec<Extra> {
    let extra = |id, pipe, used| Extra { id, pipe, used };
    let difference = if scheme.has_pressure_difference() {
        Measured::Yes
    } else {
        Measured::No
    };
    let yes = Measured::Yes;
    let (cold, air) = (Some("cold"), Some("air"));
    match scheme.generation {
        Generation::First => vec![extra("Tхв", cold, yes), extra("Tнв", air, yes), extra("Tсо", None, yes)],
        Generation::Four => vec![
            extra("Tхв", cold, yes),
            extra("Tпом", None, yes),
            extra("Tнв", air, yes),
            extra("Tсо", None, yes),
            extra("dP", None, difference),
        ],
        Generation::Six => {
            let [heating, water, room_2, outdoor] = scheme.extra;
            vec![
                extra("Tхв", cold, water),
                extra("Tпом2", None, room_2),
                extra("Tнв", air, outdoor),
                extra("Tсо", None, heating),
                extra("dP", None, difference),
                extra("Tпом1", None, scheme.room_1),
            ]
        }
    }
}

/// Bytes of array 03.
pub fn length(generation: Generation) -> usize {
    match generation {
        Generation::First => 12,
        Generation::Four => 20,
        Generation::Six => 24,
    }
}

/// Bytes of array 07.
pub fn ns_length(generation: Generation) -> usize {
    match generation {
        Generation::First => 12,
        Generation::Four => 22,
        Generation::Six => 26,
    }
}

/// Adds array 03.
pub fn values(table: &mut Table, extras: &[Extra], data: &[u8]) -> Result<(), RecordError> {
    let mut reader = Reader::new(data);
    for extra in extras {
        let bits = reader.u32_be()?;
        if extra.used != Measured::No {
            table.extra(extra, bits);
        }
    }
    Ok(())
}

/// Adds array 07: pairs of above and below, and behind the first five the time without power.
pub fn situations(table: &mut Table, extras: &[Extra], data: &[u8]) -> Result<(), RecordError> {
    let mut reader = Reader::new(data);
    for (place, extra) in extras.iter().enumerate() {
        if place == 5 {
            table.situation("NoPowerCnt", 0, None, reader.u16_be()?, None);
        }
        let codes = if extra.is_pressure() {
            ["Pmax", "Pmin"]
        } else {
            ["Tmax", "Tmin"]
        };
        for code in codes {
            let word = reader.u16_be()?;
            if extra.used != Measured::No {
                table.situation(code, 0, Some(extra.id), word, None);
            }
        }
    }
    if extras.len() == 5 {
        table.situation("NoPowerCnt", 0, None, reader.u16_be()?, None);
    }
    Ok(())
}
