//! What the meter shows: its objects and their attributes (IEC 62056-62).

use super::data::{
    CLOCK, Name, array, enumerated, integer8, integer32, name, octets, stamp, structure, unsigned8, unsigned16,
    unsigned32,
};
use super::history::History;
use super::profile::{COUNTERS, DAYS, HOURS, MONTHS, Profile, STATUS, Selected, selection};
use crate::clock::SimClock;
use crate::meter::Disguise;
use std::sync::Arc;

/// Why there is no value.
pub const DENIED: u8 = 3;
const UNDEFINED: u8 = 4;
const CLASS: u8 = 9;
const SCOPE: u8 = 13;

const DEVICE_NAME: Name = name(0, 0, 42, 0, 0);
const DEVICE_ID: Name = name(0, 0, 96, 1, 0);
const FIRMWARE: Name = name(1, 0, 0, 2, 0);
const ASSOCIATION: Name = name(0, 0, 40, 0, 0);
/// Volts, amperes, Hz, W, with their powers of ten and units.
const NOW: [(Name, i8, u8); 4] = [
    (name(1, 0, 32, 7, 0), -1, 35),
    (name(1, 0, 31, 7, 0), -2, 33),
    (name(1, 0, 14, 7, 0), -2, 44),
    (name(1, 0, 1, 7, 0), 0, 27),
];
/// Units of counters: Wh and varh.
const UNITS: [u8; 4] = [30, 30, 30, 32];

const OTHER_SERIAL: &str = "99999999";
const OTHER_NAME: &str = "XYZ0000000000001";

/// The objects of one meter.
pub struct Objects {
    pub serial: String,
    pub clock: SimClock,
    pub history: Arc<History>,
    pub disguise: Option<Disguise>,
    /// Rows are shortened.
    pub compact: bool,
    /// The ends of ranges stand under the tag of a date-time.
    pub tagged: bool,
    /// Rows are not selected by range.
    pub no_ranges: bool,
    /// Rows are not selected at all.
    pub no_selection: bool,
    /// There is no list of objects.
    pub no_list: bool,
}

/// What is asked for.
pub struct Asked<'a> {
    pub class: u16,
    pub name: Name,
    pub attribute: i8,
    pub selection: Option<&'a [u8]>,
}

fn scale(power: i8, unit: u8) -> Vec<u8> {
    structure(&[integer8(power), enumerated(unit)])
}

impl Objects {
    /// An attribute, or why there is none. A public client sees who the meter is and what its clock shows.
    pub fn get(&self, asked: &Asked, is_public: bool) -> Result<Vec<u8>, u8> {
        let Asked {
            class, name, attribute, ..
        } = *asked;
        if is_public && ![DEVICE_NAME, DEVICE_ID, FIRMWARE, CLOCK].contains(&name) {
            return Err(DENIED);
        }
        match (class, attribute) {
            (1, 2) => self.data(name),
            (3, 2 | 3) => self.register(name, attribute == 3),
            (7, _) => self.profile(asked),
            (8, 2) if name == CLOCK => Ok(octets(&stamp(self.clock.now()))),
            (15, 2) if name == ASSOCIATION && !self.no_list => Ok(list()),
            (1 | 3 | 8 | 15, _) => Err(UNDEFINED),
            _ => Err(CLASS),
        }
    }

    fn data(&self, name: Name) -> Result<Vec<u8>, u8> {
        let text = match name {
            DEVICE_NAME if self.disguise == Some(Disguise::Model) => OTHER_NAME.to_owned(),
            DEVICE_NAME => format!("SIM{:0>13}", self.serial),
            DEVICE_ID if self.disguise == Some(Disguise::Serial) => OTHER_SERIAL.to_owned(),
            DEVICE_ID => self.serial.clone(),
            FIRMWARE => "1.04".to_owned(),
            _ if STATUS.contains(&name) => return Ok(unsigned8(0)),
            _ => return Err(UNDEFINED),
        };
        Ok(octets(text.as_bytes()))
    }

    fn register(&self, name: Name, is_scale: bool) -> Result<Vec<u8>, u8> {
        let hour = self.clock.now_hour();
        if let Some(place) = COUNTERS.iter().position(|known| *known == name) {
            let counters = self.history.counters(hour - 1).unwrap_or_default();
            return Ok(if is_scale {
                scale(0, UNITS[place])
            } else {
                unsigned32(counters[place])
            });
        }
        let place = NOW.iter().position(|(known, ..)| *known == name).ok_or(UNDEFINED)?;
        let (_, power, unit) = NOW[place];
        Ok(if is_scale {
            scale(power, unit)
        } else {
            integer32(self.history.now(hour)[place])
        })
    }

    fn profile(&self, asked: &Asked) -> Result<Vec<u8>, u8> {
        let profile = Profile::named(asked.name).ok_or(UNDEFINED)?;
        let wide = |number: usize| unsigned32(u32::try_from(number).unwrap_or(u32::MAX));
        let now = self.clock.now();
        Ok(match asked.attribute {
            2 => {
                let selected = match asked.selection {
                    None => Selected::All,
                    Some(_) if self.no_selection => return Err(SCOPE),
                    Some(bytes) => selection(bytes, self.tagged)?,
                };
                if self.no_ranges && matches!(selected, Selected::Range(..)) {
                    return Err(SCOPE);
                }
                profile.buffer(&profile.records(&self.history, now), &selected, self.compact)
            }
            3 => profile.objects(),
            4 => unsigned32(profile.period_s()),
            5 => enumerated(1),
            7 => wide(profile.records(&self.history, now).len()),
            8 => wide(profile.kept()),
            _ => return Err(UNDEFINED),
        })
    }

    /// What a meter says that speaks unasked: a list of names and values, its numbers with their scales.
    pub fn told(&self) -> Result<Vec<u8>, u8> {
        let mut entries = vec![
            structure(&[octets(&DEVICE_ID), self.data(DEVICE_ID)?]),
            structure(&[octets(&CLOCK), octets(&stamp(self.clock.now()))]),
        ];
        for name in NOW.iter().map(|(name, ..)| name).chain(&COUNTERS) {
            let (value, scale) = (self.register(*name, false)?, self.register(*name, true)?);
            entries.push(structure(&[octets(name), value, scale]));
        }
        Ok(array(&entries))
    }

    /// Takes a new time.
    pub fn set_clock(&self, at: i64) {
        self.clock.advance(at - self.clock.now_s());
    }
}

/// The object list: class, version, name, and no rights told.
fn list() -> Vec<u8> {
    let none = || structure(&[array(&[]), array(&[])]);
    let object = |class, name: &Name| structure(&[unsigned16(class), unsigned8(0), octets(name), none()]);
    let mut objects: Vec<Vec<u8>> = [DEVICE_NAME, DEVICE_ID, FIRMWARE, STATUS[0], STATUS[1]]
        .iter()
        .map(|name| object(1, name))
        .collect();
    objects.push(object(8, &CLOCK));
    objects.push(object(15, &ASSOCIATION));
    objects.extend(NOW.iter().map(|(name, ..)| object(3, name)));
    objects.extend(COUNTERS.iter().map(|name| object(3, name)));
    objects.extend([HOURS, DAYS, MONTHS].iter().map(|name| object(7, name)));
    array(&objects)
}
