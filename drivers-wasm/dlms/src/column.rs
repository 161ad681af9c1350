//! Columns: what a captured attribute is called, by its logical name, its class and the unit that the meter gives.
//!
//! Groups of a logical name: A medium, B channel, C quantity, D processing, E tariff (IEC 62056-61, sections 5 to 7).

use dlms_cosem_rs::Obis;
use uzel_driver_sdk::{Aggregate, Column};

use crate::name;

/// Interface classes with a value (IEC 62056-62).
pub const DATA: u16 = 1;
pub const REGISTER: u16 = 3;
pub const EXTENDED: u16 = 4;
pub const DEMAND: u16 = 5;
pub const PROFILE: u16 = 7;
pub const CLOCK: u16 = 8;

const ELECTRICITY: u8 = 1;
const HEAT: [u8; 2] = [5, 6];

/// One captured attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Captured {
    pub class: u16,
    pub name: Obis,
    pub attribute: i8,
    /// Element of the attribute, from 1; 0 is all of it.
    pub element: u16,
}

/// Power of ten and unit code of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    pub power: i8,
    pub unit: u8,
}

impl Captured {
    /// The attribute that holds the scale of this one, if there is any.
    pub fn scale_attribute(&self) -> Option<i8> {
        match (self.class, self.attribute) {
            (REGISTER | EXTENDED, 2) => Some(3),
            (DEMAND, 2 | 3) => Some(4),
            _ => None,
        }
    }

    /// Whether it is a set of flags by its name: status words of the device and of profiles.
    pub fn is_status(&self) -> bool {
        let [_, _, c, d, ..] = self.name.0;
        self.class == DATA && c == 96 && matches!(d, 5 | 10)
    }

    /// The status of load profiles whose bits IDIS and the companion profiles of its kind define.
    pub fn is_profile_status(&self) -> bool {
        let [a, _, c, d, e, _] = self.name.0;
        self.class == DATA && a == 0 && c == 96 && d == 10 && matches!(e, 1 | 2)
    }

    /// `1.0.1.8.0`; more where it is not the value of a whole object.
    pub fn id(&self) -> String {
        let mut id = name::write(self.name);
        if self.attribute != 2 {
            id.push_str(&format!("/{}", self.attribute));
        }
        if self.element != 0 {
            id.push_str(&format!("[{}]", self.element));
        }
        id
    }

    /// The column of it.
    pub fn column(&self, scale: Option<Scale>) -> Column {
        let [_, channel, _, _, tariff, _] = self.name.0;
        let quantity = self.quantity(scale);
        let is_flags = self.is_status();
        let has_tariffs = self.class != DATA && (1..=63).contains(&tariff) && self.is_total();
        Column {
            id: self.id(),
            quantity: if is_flags { "status" } else { quantity }.to_owned(),
            unit: scale.map(|scale| unit(scale.unit)).unwrap_or_default(),
            point: channel,
            tariff: if has_tariffs { tariff } else { 0 },
            pipe: None,
            aggregate: if is_flags { Aggregate::State } else { self.aggregate() },
            decimals: scale.and_then(|scale| u8::try_from(-i16::from(scale.power)).ok()),
        }
    }

    fn quantity(&self, scale: Option<Scale>) -> &'static str {
        let a = self.name.0[0];
        match scale.map(|scale| scale.unit) {
            Some(25 | 30) if HEAT.contains(&a) => "heat-energy",
            Some(25 | 30) => "energy",
            Some(32) => "reactive-energy",
            Some(26..=29) => "power",
            Some(9) => "temperature",
            Some(13 | 14 | 19) => "volume",
            Some(15 | 16) => "volume-flow",
            Some(20) => "mass",
            Some(23 | 24) => "pressure",
            Some(33) => "current",
            Some(35) => "voltage",
            Some(44) => "frequency",
            Some(1..=7) => "time",
            _ => "other",
        }
    }

    /// What the value is over its interval, by group D.
    fn aggregate(&self) -> Aggregate {
        if self.class == DATA || self.class == CLOCK {
            return Aggregate::State;
        }
        match self.name.0[3] {
            _ if self.is_total() => Aggregate::Total,
            9 | 29 | 30 => Aggregate::Sum,
            4 | 5 | 14 | 15 | 24 | 25 | 27 | 28 => Aggregate::Mean,
            3 | 13 | 23 => Aggregate::Minimum,
            2 | 6 | 16 | 26 => Aggregate::Maximum,
            _ => Aggregate::Instant,
        }
    }

    /// A running total: time integral 1 of electricity, and the counter itself of other media.
    pub fn is_total(&self) -> bool {
        let [a, _, c, d, ..] = self.name.0;
        match a {
            ELECTRICITY => d == 8,
            4..=9 => (1..=9).contains(&c) && matches!(d, 0 | 8),
            _ => false,
        }
    }

    /// What the meter measures now.
    pub fn is_instant(&self) -> bool {
        let [a, _, c, d, e, _] = self.name.0;
        match a {
            ELECTRICITY => d == 7 && e == 0 && c < 96,
            4..=9 => d == 0 && (10..=95).contains(&c),
            _ => false,
        }
    }
}

/// The vocabulary's code of a unit (IEC 62056-62, section 4.3.2); one that is not known is its number.
pub fn unit(code: u8) -> String {
    let word = match code {
        1 => "a",
        2 => "mon",
        4 => "d",
        5 => "h",
        6 => "min",
        7 => "s",
        9 => "Cel",
        13 | 14 => "m3",
        15 | 16 => "m3/h",
        19 => "l",
        20 => "kg",
        23 => "Pa",
        24 => "bar",
        25 => "J",
        26 => "J/h",
        27 => "W",
        28 => "VA",
        29 => "var",
        30 => "Wh",
        31 => "VAh",
        32 => "varh",
        33 => "A",
        35 => "V",
        44 => "Hz",
        56 => "%",
        255 => "1",
        other => return format!("unit {other}"),
    };
    word.to_owned()
}

/// Gives columns of one name numbers, so that every one can be told from the others.
pub fn tell_apart(columns: &mut [Column]) {
    let ids: Vec<String> = columns.iter().map(|column| column.id.clone()).collect();
    for (place, column) in columns.iter_mut().enumerate() {
        let before = ids.iter().take(place).filter(|id| **id == column.id).count();
        if before > 0 {
            column.id.push_str(&format!("#{}", before + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(class: u16, name: &str, attribute: i8) -> Captured {
        Captured {
            class,
            name: name::parse(name).unwrap(),
            attribute,
            element: 0,
        }
    }

    #[test]
    fn a_register_is_named_by_its_logical_name_and_unit() {
        let scale = |power, unit| Some(Scale { power, unit });
        for (name, scale, want) in [
            ("1.0.1.8.0", scale(1, 30), ("energy", "Wh", 0, 0, Aggregate::Total)),
            (
                "1.0.3.8.2",
                scale(0, 32),
                ("reactive-energy", "varh", 0, 2, Aggregate::Total),
            ),
            ("1.0.32.7.0", scale(-1, 35), ("voltage", "V", 0, 0, Aggregate::Instant)),
            ("1.0.1.29.0", scale(0, 30), ("energy", "Wh", 0, 0, Aggregate::Sum)),
            ("6.0.1.0.0", scale(3, 30), ("heat-energy", "Wh", 0, 0, Aggregate::Total)),
            ("8.2.1.0.0", scale(-3, 13), ("volume", "m3", 2, 0, Aggregate::Total)),
            ("1.0.13.7.0", None, ("other", "", 0, 0, Aggregate::Instant)),
        ] {
            let column = captured(REGISTER, name, 2).column(scale);
            let got = (
                column.quantity.as_str(),
                column.unit.as_str(),
                column.point,
                column.tariff,
                column.aggregate,
            );
            assert_eq!(got, want, "{name}");
            assert_eq!(column.id, name);
        }
        let status = captured(DATA, "0.0.96.10.1", 2).column(None);
        assert_eq!(
            (status.quantity.as_str(), status.aggregate),
            ("status", Aggregate::State)
        );
    }

    #[test]
    fn equal_names_are_told_apart() {
        let mut columns = vec![captured(REGISTER, "1.0.1.8.0", 2).column(None); 3];
        tell_apart(&mut columns);
        let ids: Vec<&str> = columns.iter().map(|column| column.id.as_str()).collect();
        assert_eq!(ids, ["1.0.1.8.0", "1.0.1.8.0#2", "1.0.1.8.0#3"]);
        assert_eq!(captured(EXTENDED, "1.0.1.6.0", 5).id(), "1.0.1.6.0/5");
    }
}
