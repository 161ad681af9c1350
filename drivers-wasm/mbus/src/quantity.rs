//! What a value information field means: the tables of EN 13757-3 and of the old fixed structure.

use std::borrow::Cow;

use crate::data::Expected;
use crate::record::Vif;

/// What a record is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Counts up: an integrator.
    Counter,
    /// Measured at one moment.
    Instant,
    /// Flags that hold at one moment.
    State,
    /// A name made of digits or letters.
    Identity,
    /// A date of two bytes.
    Date,
    /// A date with time, or a time of day.
    DateTime,
    /// A date with or without time, of what the name says.
    AnyDate,
    /// A setting, a version, a limit, or nothing that the tables know.
    Other,
}

/// The meaning of a value information field.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// Our name, the first part of a column's id.
    pub name: Cow<'static, str>,
    /// Quantity by the vocabulary; `energy` where the medium decides.
    pub quantity: &'static str,
    /// Unit by the vocabulary.
    pub unit: Cow<'static, str>,
    /// The number counts 10^exponent units.
    pub exponent: i32,
    pub class: Class,
    /// Pipe by the vocabulary.
    pub pipe: Option<&'static str>,
}

impl Meaning {
    /// What the data field holds.
    pub fn expected(&self) -> Expected {
        match self.class {
            Class::Counter | Class::Instant | Class::Other => Expected::Number,
            Class::State => Expected::Flags,
            Class::Identity => Expected::Identity,
            Class::Date => Expected::Date,
            Class::DateTime => Expected::DateTime,
            Class::AnyDate => Expected::AnyDate,
        }
    }

    fn on(self, pipe: &'static str) -> Self {
        Self {
            pipe: Some(pipe),
            ..self
        }
    }
}

/// The meaning of a field, whichever table it is of.
pub fn meaning(vif: &Vif) -> Meaning {
    match vif {
        Vif::Primary(code) => primary(*code),
        Vif::Fb(code) => fb(*code),
        Vif::Fd(code) => fd(*code),
        Vif::Text(text) => plain_text(text),
        Vif::VendorBlock => other("vendor-data"),
        Vif::Fixed(code) => fixed(*code),
    }
}

// Not inlined: the tables are long, and a component is to be small.
#[inline(never)]
const fn make(name: &'static str, quantity: &'static str, unit: &'static str, exponent: i32, class: Class) -> Meaning {
    Meaning {
        name: Cow::Borrowed(name),
        quantity,
        unit: Cow::Borrowed(unit),
        exponent,
        class,
        pipe: None,
    }
}

#[inline(never)]
const fn counter(name: &'static str, quantity: &'static str, (unit, exponent): (&'static str, i32)) -> Meaning {
    make(name, quantity, unit, exponent, Class::Counter)
}

#[inline(never)]
const fn instant(name: &'static str, quantity: &'static str, (unit, exponent): (&'static str, i32)) -> Meaning {
    make(name, quantity, unit, exponent, Class::Instant)
}

#[inline(never)]
const fn other(name: &'static str) -> Meaning {
    make(name, "other", "", 0, Class::Other)
}

#[inline(never)]
const fn identity(name: &'static str) -> Meaning {
    make(name, "other", "", 0, Class::Identity)
}

/// A field that no table of ours names: the raw number under the name of its code.
fn unknown(table: &str, code: u8) -> Meaning {
    Meaning {
        name: format!("{table}-{code:02x}").into(),
        ..other("")
    }
}

/// 10^exponent of a small unit as the unit that a meter of this resolution shows: thousands and millions by name.
const fn by_thousands(units: [&'static str; 3], exponent: i32) -> (&'static str, i32) {
    let [small, thousand, million] = units;
    match exponent {
        ..=0 => (small, exponent),
        1..=3 => (thousand, exponent - 3),
        _ => (million, exponent - 6),
    }
}

const WATT_HOURS: [&str; 3] = ["Wh", "kWh", "MWh"];
const WATTS: [&str; 3] = ["W", "kW", "MW"];

const fn joules(exponent: i32) -> (&'static str, i32) {
    match exponent {
        7.. => ("GJ", exponent - 9),
        _ => by_thousands(["J", "kJ", "MJ"], exponent),
    }
}

/// Kilograms, or tonnes from ten kilograms on.
const fn mass(units: [&'static str; 2], exponent: i32) -> (&'static str, i32) {
    let [kilograms, tonnes] = units;
    match exponent {
        ..=0 => (kilograms, exponent),
        _ => (tonnes, exponent - 3),
    }
}

const fn time_unit(low_bits: u8) -> &'static str {
    match low_bits & 3 {
        0 => "s",
        1 => "min",
        2 => "h",
        _ => "d",
    }
}

/// The primary table; `vif` with bit 7 clear.
fn primary(vif: u8) -> Meaning {
    let n = i32::from(vif & 7);
    let p = i32::from(vif & 3);
    let time = (time_unit(vif), 0);
    match vif {
        0x00..=0x07 => counter("energy", "energy", by_thousands(WATT_HOURS, n - 3)),
        0x08..=0x0f => counter("energy", "energy", joules(n)),
        0x10..=0x17 => counter("volume", "volume", ("m3", n - 6)),
        0x18..=0x1f => counter("mass", "mass", mass(["kg", "t"], n - 3)),
        0x20..=0x23 => counter("on-time", "time", time),
        0x24..=0x27 => counter("operating-time", "time", time),
        0x28..=0x2f => instant("power", "power", by_thousands(WATTS, n - 3)),
        // 10^n joules an hour: as gigajoules an hour the number of decimals stays small and no digit is added.
        0x30..=0x37 => instant("power", "power", ("GJ/h", n - 9)),
        0x38..=0x3f => instant("volume-flow", "volume-flow", ("m3/h", n - 6)),
        0x40..=0x47 => instant("volume-flow", "volume-flow", ("m3/min", n - 7)),
        0x48..=0x4f => instant("volume-flow", "volume-flow", ("m3/s", n - 9)),
        0x50..=0x57 => instant("mass-flow", "mass-flow", mass(["kg/h", "t/h"], n - 3)),
        0x58..=0x5b => instant("flow-temperature", "temperature", ("Cel", p - 3)).on("supply"),
        0x5c..=0x5f => instant("return-temperature", "temperature", ("Cel", p - 3)).on("return"),
        0x60..=0x63 => instant("temperature-difference", "temperature-difference", ("K", p - 3)),
        0x64..=0x67 => instant("external-temperature", "temperature", ("Cel", p - 3)).on("air"),
        0x68..=0x6b => instant("pressure", "pressure", ("bar", p - 3)),
        0x6c => make("date", "date", "", 0, Class::Date),
        0x6d => make("date-time", "date", "", 0, Class::DateTime),
        0x6e => counter("heat-cost-units", "heat-cost-units", ("1", 0)),
        0x70..=0x73 => make("averaging-duration", "time", time_unit(vif), 0, Class::Other),
        0x74..=0x77 => make("actuality-duration", "time", time_unit(vif), 0, Class::Other),
        0x78 => identity("fabrication-number"),
        0x79 => identity("identification"),
        0x7a => other("bus-address"),
        0x7e => other("any"),
        0x7f => other("vendor"),
        code => unknown("vif", code),
    }
}

/// The extension FB.
fn fb(code: u8) -> Meaning {
    let (n, p) = (i32::from(code & 1), i32::from(code & 3));
    match code {
        0x00..=0x01 => counter("energy", "energy", ("MWh", n - 1)),
        0x08..=0x09 => counter("energy", "energy", ("GJ", n - 1)),
        0x10..=0x11 => counter("volume", "volume", ("m3", n + 2)),
        0x18..=0x19 => counter("mass", "mass", ("t", n + 2)),
        0x1a..=0x1b => instant("humidity", "humidity", ("%", n - 1)),
        0x28..=0x29 => instant("power", "power", ("MW", n - 1)),
        0x2c..=0x2f => instant("frequency", "frequency", ("Hz", p - 3)),
        0x30..=0x31 => instant("power", "power", ("GJ/h", n - 1)),
        0x74..=0x77 => make("temperature-limit", "temperature", "Cel", p - 3, Class::Other),
        code => unknown("fb", code),
    }
}

/// The extension FD.
fn fd(code: u8) -> Meaning {
    let n = i32::from(code & 0x0f);
    let span = |name| make(name, "time", time_unit(code), 0, Class::Other);
    match code {
        0x08 => other("access-number"),
        0x09 => other("medium"),
        0x0a => other("manufacturer"),
        0x0b => other("parameter-set"),
        0x0c => other("model"),
        0x0d => other("hardware-version"),
        0x0e => other("firmware-version"),
        0x0f => other("software-version"),
        0x10 => identity("customer-location"),
        0x11 => identity("customer"),
        0x17 => make("error-flags", "abnormal", "", 0, Class::State),
        0x1a => make("digital-output", "status", "", 0, Class::State),
        0x1b => make("digital-input", "status", "", 0, Class::State),
        0x20 => other("cycle-first"),
        0x21 => other("cycle-last"),
        0x22 => other("cycle-block"),
        0x24..=0x27 => span("cycle-interval"),
        0x28 => make("cycle-interval", "time", "mon", 0, Class::Other),
        0x29 => make("cycle-interval", "time", "a", 0, Class::Other),
        0x2c..=0x2f => span("since-readout"),
        0x30 => make("tariff-start", "date", "", 0, Class::AnyDate),
        0x31 => make("tariff-duration", "time", "min", 0, Class::Other),
        0x32 => make("tariff-duration", "time", "h", 0, Class::Other),
        0x33 => make("tariff-duration", "time", "d", 0, Class::Other),
        0x3a => instant("dimensionless", "other", ("1", 0)),
        0x40..=0x4f => instant("voltage", "voltage", ("V", n - 9)),
        0x50..=0x5f => instant("current", "current", ("A", n - 12)),
        0x60 => counter("reset-counter", "count", ("1", 0)),
        0x61 => counter("cumulation-counter", "count", ("1", 0)),
        0x67 => other("supplier-information"),
        0x74 => make("battery-days", "time", "d", 0, Class::Other),
        code => unknown("fd", code),
    }
}

/// A unit in the meter's own words: at most 24 of its letters, in quotes, name the column.
fn plain_text(text: &str) -> Meaning {
    let letters: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(24)
        .collect();
    Meaning {
        name: format!("'{}'", letters.trim()).into(),
        unit: letters.trim().to_owned().into(),
        class: Class::Instant,
        ..other("")
    }
}

/// Units of the fixed structure. 0D and 0E are given differently by different sources and stay unknown.
fn fixed(code: u8) -> Meaning {
    let step = |first: u8| i32::from(code.wrapping_sub(first));
    let energy = |unit, first| counter("energy", "energy", (unit, step(first)));
    let power = |unit, first| instant("power", "power", (unit, step(first)));
    let volume = |unit, exponent| counter("volume", "volume", (unit, exponent));
    let flow = |unit, exponent| instant("volume-flow", "volume-flow", (unit, exponent));
    match code {
        0x02..=0x04 => energy("Wh", 0x02),
        0x05..=0x07 => energy("kWh", 0x05),
        0x08..=0x0a => energy("MWh", 0x08),
        0x0b..=0x0c => energy("kJ", 0x0b),
        0x0f..=0x10 => energy("MJ", 0x0e),
        0x11..=0x13 => energy("GJ", 0x11),
        0x14..=0x16 => power("W", 0x14),
        0x17..=0x19 => power("kW", 0x17),
        0x1a..=0x1c => power("MW", 0x1a),
        0x1d..=0x1f => power("kJ/h", 0x1d),
        0x20..=0x22 => power("MJ/h", 0x20),
        0x23..=0x25 => power("GJ/h", 0x23),
        0x26..=0x28 => volume("l", step(0x26) - 3),
        0x29..=0x2b => volume("l", step(0x29)),
        0x2c..=0x2e => volume("m3", step(0x2c)),
        0x2f..=0x31 => flow("l/h", step(0x2f) - 3),
        0x32..=0x34 => flow("l/h", step(0x32)),
        0x35..=0x37 => flow("m3/h", step(0x35)),
        0x38 => instant("temperature", "temperature", ("Cel", -3)),
        0x39 => counter("heat-cost-units", "heat-cost-units", ("1", 0)),
        code => unknown("unit", code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, unit and power of ten for the base unit, as in the tables.
    #[test]
    fn fields_mean_what_the_tables_say() {
        let cases = [
            (Vif::Primary(0x00), "energy Wh -3"),
            (Vif::Primary(0x03), "energy Wh 0"),
            (Vif::Primary(0x04), "energy kWh -2"),
            (Vif::Primary(0x06), "energy kWh 0"),
            (Vif::Primary(0x07), "energy MWh -2"),
            (Vif::Primary(0x08), "energy J 0"),
            (Vif::Primary(0x0b), "energy kJ 0"),
            (Vif::Primary(0x0e), "energy MJ 0"),
            (Vif::Primary(0x0f), "energy GJ -2"),
            (Vif::Primary(0x10), "volume m3 -6"),
            (Vif::Primary(0x17), "volume m3 1"),
            (Vif::Primary(0x18), "mass kg -3"),
            (Vif::Primary(0x1b), "mass kg 0"),
            (Vif::Primary(0x1f), "mass t 1"),
            (Vif::Primary(0x20), "on-time s 0"),
            (Vif::Primary(0x27), "operating-time d 0"),
            (Vif::Primary(0x2b), "power W 0"),
            (Vif::Primary(0x2d), "power kW -1"),
            (Vif::Primary(0x30), "power GJ/h -9"),
            (Vif::Primary(0x3e), "volume-flow m3/h 0"),
            (Vif::Primary(0x47), "volume-flow m3/min 0"),
            (Vif::Primary(0x4f), "volume-flow m3/s -2"),
            (Vif::Primary(0x56), "mass-flow t/h 0"),
            (Vif::Primary(0x5b), "flow-temperature Cel 0"),
            (Vif::Primary(0x5c), "return-temperature Cel -3"),
            (Vif::Primary(0x61), "temperature-difference K -2"),
            (Vif::Primary(0x65), "external-temperature Cel -2"),
            (Vif::Primary(0x6b), "pressure bar 0"),
            (Vif::Primary(0x6e), "heat-cost-units 1 0"),
            (Vif::Primary(0x71), "averaging-duration min 0"),
            (Vif::Primary(0x7b), "vif-7b  0"),
            (Vif::Fb(0x00), "energy MWh -1"),
            (Vif::Fb(0x09), "energy GJ 0"),
            (Vif::Fb(0x11), "volume m3 3"),
            (Vif::Fb(0x18), "mass t 2"),
            (Vif::Fb(0x1a), "humidity % -1"),
            (Vif::Fb(0x29), "power MW 0"),
            (Vif::Fb(0x2d), "frequency Hz -2"),
            (Vif::Fb(0x31), "power GJ/h 0"),
            (Vif::Fb(0x75), "temperature-limit Cel -2"),
            (Vif::Fb(0x7f), "fb-7f  0"),
            (Vif::Fd(0x48), "voltage V -1"),
            (Vif::Fd(0x59), "current A -3"),
            (Vif::Fd(0x5f), "current A 3"),
            (Vif::Fd(0x25), "cycle-interval min 0"),
            (Vif::Fd(0x28), "cycle-interval mon 0"),
            (Vif::Fd(0x32), "tariff-duration h 0"),
            (Vif::Fd(0x7d), "fd-7d  0"),
            (Vif::Text("%RH".to_owned()), "'%RH' %RH 0"),
            (Vif::Fixed(0x02), "energy Wh 0"),
            (Vif::Fixed(0x0d), "unit-0d  0"),
            (Vif::Fixed(0x10), "energy MJ 2"),
            (Vif::Fixed(0x27), "volume l -2"),
            (Vif::Fixed(0x2c), "volume m3 0"),
            (Vif::Fixed(0x37), "volume-flow m3/h 2"),
            (Vif::Fixed(0x3f), "unit-3f  0"),
        ];
        for (vif, want) in cases {
            let Meaning {
                name, unit, exponent, ..
            } = meaning(&vif);
            assert_eq!(format!("{name} {unit} {exponent}"), want, "{vif:?}");
        }
    }
}
