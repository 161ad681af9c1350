//! Addresses of registers (OBIS, EN 62056-61) and what they mean: `A-B:C.D.E*F`, of which meters leave out much.

use uzel_driver_sdk::Aggregate;

use crate::number;

/// An address, taken apart. Letters (`C.1.0`, `F.F`) are no numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Medium: 0 common, 1 electricity, 6 heat, 7 gas, 8 water.
    pub medium: Option<u8>,
    /// Channel: the number of a sub-meter of P1.
    pub channel: Option<u8>,
    pub c: Option<u8>,
    pub d: Option<u8>,
    pub e: Option<u8>,
    /// The index of a billing period; none where the value is of now.
    pub period: Option<u8>,
    /// All but the period, as the meter writes it: the name of a column.
    pub name: String,
}

impl Address {
    /// Reads what stands in front of the first parenthesis; none where it is no address.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, period) = match text.split_once(['*', '&']) {
            Some((name, period)) => (name, Some(byte(period)?)),
            None => (text, None),
        };
        let (group, rest) = match name.split_once(':') {
            Some((group, rest)) => (Some(group), rest),
            None => (None, name),
        };
        let (medium, channel) = match group.map(|group| group.split_once('-').unwrap_or(("", group))) {
            Some((medium, channel)) => (byte(medium), byte(channel)),
            None => (None, None),
        };
        let parts: Vec<&str> = rest.split('.').collect();
        let is_part =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_part) {
            return None;
        }
        let number = |place: usize| parts.get(place).and_then(|part| byte(part));
        Some(Self {
            medium,
            channel,
            c: number(0),
            d: number(1),
            e: number(2),
            // 255 is the value of now.
            period: period.filter(|period| *period != u8::MAX),
            name: name.to_owned(),
        })
    }

    /// `C.D` and `E`, for those that are known by number.
    fn is(&self, c: u8, d: u8) -> bool {
        (self.c, self.d) == (Some(c), Some(d))
    }

    /// A value of a sub-meter, by DSMR 5 section 6.12: 24.2.x.
    pub fn is_sub_meter(&self) -> bool {
        self.medium == Some(0) && self.channel.is_some_and(|channel| channel > 0) && self.is(24, 2)
    }

    /// A tariff; 0 is all together.
    pub fn tariff(&self) -> u8 {
        let of_tariff = matches!(self.d, Some(2 | 6 | 8 | 9)) && !self.is_sub_meter() && self.c != Some(0);
        self.e.filter(|e| of_tariff && *e < 64).unwrap_or(0)
    }
}

fn byte(text: &str) -> Option<u8> {
    number::whole(text, 255).and_then(|number| u8::try_from(number).ok())
}

/// Where a value belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Measured now, or the greatest since the last reset.
    Current,
    /// Counted on.
    Total,
    /// Neither: numbers of the device, ratios, texts.
    Setting,
    /// The meter's clock.
    Clock,
}

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub class: Class,
    pub quantity: &'static str,
    pub aggregate: Aggregate,
}

/// What a register means, by its address and the unit that the meter writes.
pub fn meaning(address: &Address, unit: &str) -> Meaning {
    let made = |class, quantity, aggregate| Meaning {
        class,
        quantity,
        aggregate,
    };
    let quantity = quantity(address, unit);
    let (c, d) = (address.c, address.d);
    if is_clock(address) {
        return made(Class::Clock, "date", Aggregate::State);
    }
    if address.is_sub_meter() {
        return made(Class::Total, quantity, Aggregate::Total);
    }
    // Sags, swells and failures are counted (DSMR 5, section 6.12).
    if matches!(c, Some(32 | 52 | 72)) && matches!(d, Some(32 | 36)) || address.is(96, 7) {
        return made(Class::Total, "count", Aggregate::Total);
    }
    // The tariff and the switch of now; the register of errors.
    if address.is(96, 14) || address.is(96, 3) || address.is(97, 97) || address.name == "F.F" {
        return made(Class::Current, "status", Aggregate::State);
    }
    let is_measured = matches!(c, Some(1..=95)) && address.medium != Some(0) && c != Some(24);
    match d {
        _ if !is_measured => made(Class::Setting, "other", Aggregate::State),
        // Limits of currents in P1.
        Some(4) if matches!(c, Some(31 | 51 | 71)) => made(Class::Setting, quantity, Aggregate::State),
        Some(7) => made(Class::Current, quantity, Aggregate::Instant),
        Some(4 | 5 | 14 | 15 | 24 | 25) => made(Class::Current, quantity, Aggregate::Mean),
        Some(3 | 13 | 23) => made(Class::Current, quantity, Aggregate::Minimum),
        Some(26) if unit == "m3" => made(Class::Total, quantity, Aggregate::Total),
        Some(6 | 16 | 26) => made(Class::Current, quantity, Aggregate::Maximum),
        Some(2 | 8 | 9) => made(Class::Total, quantity, Aggregate::Total),
        _ if is_counted(unit) => made(Class::Total, quantity, Aggregate::Total),
        _ => made(Class::Setting, quantity, Aggregate::State),
    }
}

/// What a channel of a load profile holds: `1.5` and `1.29` are the mean and the sum of the interval.
pub fn of_interval(address: &Address, unit: &str) -> Meaning {
    let aggregate = match address.d {
        Some(8) => Aggregate::Total,
        Some(9 | 29) => Aggregate::Sum,
        Some(7) => Aggregate::Instant,
        Some(6 | 16 | 26) => Aggregate::Maximum,
        Some(3 | 13 | 23) => Aggregate::Minimum,
        _ if is_counted(unit) => Aggregate::Sum,
        _ => Aggregate::Mean,
    };
    Meaning {
        class: Class::Current,
        quantity: quantity(address, unit),
        aggregate,
    }
}

fn is_clock(address: &Address) -> bool {
    (address.is(0, 9) && matches!(address.e, Some(1 | 2))) || (address.is(1, 0) && address.e == Some(0))
}

fn is_counted(unit: &str) -> bool {
    unit.ends_with("Wh")
        || unit.ends_with("varh")
        || unit.ends_with("VAh")
        || matches!(unit, "GJ" | "MJ" | "m3" | "Gcal")
}

fn quantity(address: &Address, unit: &str) -> &'static str {
    let is_heat = address.medium == Some(6) || address.c == Some(6) && address.e.is_none();
    match unit {
        "GJ" | "MJ" | "Gcal" => "heat-energy",
        _ if unit.ends_with("Wh") && is_heat => "heat-energy",
        _ if unit.ends_with("Wh") => "energy",
        _ if unit.ends_with("varh") => "reactive-energy",
        "W" | "kW" | "MW" => "power",
        "V" | "kV" => "voltage",
        "A" | "mA" => "current",
        "Hz" | "kHz" => "frequency",
        "m3" => "volume",
        "m3/h" | "m3ph" => "volume-flow",
        "C" | "Cel" => "temperature",
        "K" => "temperature-difference",
        "h" | "s" | "min" => "time",
        "" => by_number(address),
        _ => "other",
    }
}

/// Meters that write no unit mean those of their display; what is counted is known all the same.
fn by_number(address: &Address) -> &'static str {
    let is_energy = matches!(address.d, Some(8 | 9 | 29));
    match address.c {
        Some(1 | 2 | 15 | 16 | 21 | 22 | 41 | 42 | 61 | 62) if is_energy => "energy",
        Some(1 | 2 | 15 | 16 | 21 | 22 | 41 | 42 | 61 | 62) => "power",
        Some(3..=8) if is_energy => "reactive-energy",
        Some(11 | 31 | 51 | 71 | 91) => "current",
        Some(12 | 32 | 52 | 72) => "voltage",
        Some(14) => "frequency",
        _ => "other",
    }
}

/// The unit as the vocabulary has it, where that is another spelling.
pub fn unit(unit: &str) -> &str {
    match unit {
        "C" => "Cel",
        "m3ph" => "m3/h",
        "%RH" => "%",
        _ => unit,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let parsed = |text| {
            let Address {
                medium,
                channel,
                c,
                d,
                e,
                period,
                name,
            } = Address::parse(text).unwrap();
            (medium, channel, [c, d, e], period, name)
        };
        let now = |text: &str| (text.to_owned(), None);
        let cases = [
            (
                "1-0:1.8.0*255",
                (Some(1), Some(0)),
                [Some(1), Some(8), Some(0)],
                ("1-0:1.8.0".to_owned(), None),
            ),
            (
                "1.8.1*05",
                (None, None),
                [Some(1), Some(8), Some(1)],
                ("1.8.1".to_owned(), Some(5)),
            ),
            (
                "1.6.0&03",
                (None, None),
                [Some(1), Some(6), Some(0)],
                ("1.6.0".to_owned(), Some(3)),
            ),
            (
                "0-2:24.2.1",
                (Some(0), Some(2)),
                [Some(24), Some(2), Some(1)],
                now("0-2:24.2.1"),
            ),
            ("6.26", (None, None), [Some(6), Some(26), None], now("6.26")),
            ("F.F", (None, None), [None; 3], now("F.F")),
        ];
        for (text, (medium, channel), numbers, (name, period)) in cases {
            assert_eq!(parsed(text), (medium, channel, numbers, period, name), "{text}");
        }
        for wrong in ["", "1", "P.01.x.y", "1..8", "1.8.0*x", "1.8.0000", "1.8.0 "] {
            assert_eq!(Address::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn registers_have_their_meaning() {
        let told = |text, unit| {
            let address = Address::parse(text).unwrap();
            let meaning = meaning(&address, unit);
            (meaning.class, meaning.quantity, meaning.aggregate, address.tariff())
        };
        use Aggregate::{Instant, Maximum, State, Total};
        let cases = [
            ("1.8.2", "kWh", (Class::Total, "energy", Total, 2)),
            ("1-0:3.8.0", "varh", (Class::Total, "reactive-energy", Total, 0)),
            ("1.6.1", "kW", (Class::Current, "power", Maximum, 1)),
            ("32.7.0", "V", (Class::Current, "voltage", Instant, 0)),
            ("14.7", "kHz", (Class::Current, "frequency", Instant, 0)),
            ("0-1:24.2.1", "m3", (Class::Total, "volume", Total, 0)),
            ("0-0:17.0.0", "kW", (Class::Setting, "other", State, 0)),
            ("1-0:32.32.0", "", (Class::Total, "count", Total, 0)),
            ("0-0:1.0.0", "", (Class::Clock, "date", State, 0)),
            ("0.9.1", "", (Class::Clock, "date", State, 0)),
            ("F.F", "", (Class::Current, "status", State, 0)),
            ("6.8", "MWh", (Class::Total, "heat-energy", Total, 0)),
            ("6.26", "m3", (Class::Total, "volume", Total, 0)),
            ("C.7.0", "", (Class::Setting, "other", State, 0)),
            ("0-0:96.1.1", "", (Class::Setting, "other", State, 0)),
            ("1.8.0", "", (Class::Total, "energy", Total, 0)),
        ];
        for (text, unit, want) in cases {
            assert_eq!(told(text, unit), want, "{text} {unit}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[0-9.:*&-]{0,16}", unit in "[a-zA-Z0-9/]{0,6}") {
            if let Some(address) = Address::parse(&text) {
                meaning(&address, &unit);
                of_interval(&address, &unit);
            }
        }
    }
}
