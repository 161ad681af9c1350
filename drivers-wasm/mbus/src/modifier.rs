//! What the VIFE behind a value information field change (EN 13757-3, table of orthogonal VIFE).

use uzel_driver_sdk::bytes::digits;

use crate::quantity::{Class, Meaning};
use crate::record::Vif;

/// Bytes behind this one are the maker's own.
const VENDOR: u8 = 0x7f;
/// Bytes behind this code of the tables FB and FD are of a further table, which is not known here.
const FURTHER_TABLE: u8 = 0x7d;

/// The next byte is of an extension of the table of VIFE.
const EXTENSION: u8 = 0x7c;
/// Of that extension: the phase of the mains that the value is of. All else is not known here.
const PHASES: [Option<&str>; 5] = [None, Some("l1"), Some("l2"), Some("l3"), Some("n")];
/// Many values in one record.
const PROFILES: [u8; 3] = [0x13, 0x1e, 0x1f];

/// A meaning with all its modifiers applied.
#[derive(Debug, Clone)]
pub struct Modified {
    /// Its name is the field's alone, see [`name`].
    pub meaning: Meaning,
    /// The value is a mean.
    pub mean: bool,
    /// The record says that its value is in error: the code.
    pub fault: Option<u8>,
}

/// One or more VIFE that belong together.
enum Part<'a> {
    /// By the code, bit 7 clear.
    Code(u8),
    /// The code behind an extension.
    Extension(u8),
    /// Only the maker knows them. Not empty.
    Vendor(&'a [u8]),
}

/// The VIFE of a field, in their order.
struct Parts<'a> {
    rest: &'a [u8],
    is_opaque: bool,
}

fn parts<'a>(vif: &Vif, vifes: &'a [u8]) -> Parts<'a> {
    Parts {
        rest: vifes,
        is_opaque: matches!(
            vif,
            Vif::Primary(VENDOR) | Vif::Fb(FURTHER_TABLE) | Vif::Fd(FURTHER_TABLE)
        ),
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let &[vife, ref behind @ ..] = self.rest else {
            return None;
        };
        let code = vife & 0x7f;
        if self.is_opaque || code == VENDOR {
            return Some(Part::Vendor(std::mem::take(&mut self.rest)));
        }
        let (part, behind) = match (code, behind) {
            (EXTENSION, &[extension, ref behind @ ..]) => (Part::Extension(extension & 0x7f), behind),
            _ => (Part::Code(code), behind),
        };
        self.rest = behind;
        Some(part)
    }
}

/// The name of a field's quantity with a part for every modifier that makes another quantity of it: `energy.backward`,
/// `voltage.ff01`.
pub fn name(plain: &str, vif: &Vif, vifes: &[u8]) -> String {
    let mut name = plain.to_owned();
    let mut word = |word: &str| {
        name.push('.');
        name.push_str(word);
    };
    for part in parts(vif, vifes) {
        match part {
            Part::Vendor(bytes) => word(&digits(bytes.iter().copied())),
            Part::Code(0x12) => word("mean"),
            Part::Code(0x3a) => word("uncorrected"),
            Part::Code(0x3b) => word("forward"),
            Part::Code(0x3c) => word("backward"),
            Part::Code(code) if is_silent(code) => {}
            Part::Code(code) => word(&digits([code])),
            Part::Extension(code) => match PHASES.get(usize::from(code)) {
                Some(Some(phase)) => word(phase),
                _ => [EXTENSION, code].into_iter().for_each(|code| word(&digits([code]))),
            },
        }
    }
    name
}

/// Whether a modifier leaves the quantity what it is: a fault, or a factor.
fn is_silent(code: u8) -> bool {
    matches!(code, 0x00..=0x1f | 0x70..=0x77 | 0x7d) && !PROFILES.contains(&code)
}

/// Applies the VIFE of a record of this field. A modifier that turns the value into something else than the field's
/// quantity (a limit, a pulse weight, a profile) also turns its class into [`Class::Other`].
pub fn apply(vif: &Vif, meaning: Meaning, vifes: &[u8]) -> Modified {
    let mut modified = Modified {
        meaning,
        mean: false,
        fault: None,
    };
    for part in parts(vif, vifes) {
        match part {
            Part::Code(code) => modified.one(code),
            Part::Extension(code) if !matches!(PHASES.get(usize::from(code)), Some(Some(_))) => modified.another(),
            Part::Extension(_) | Part::Vendor(_) => {}
        }
    }
    modified
}

impl Modified {
    fn one(&mut self, code: u8) {
        let scale = i32::from(code & 7) - 6;
        match code {
            0x12 => self.mean = true,
            code if PROFILES.contains(&code) => self.another(),
            0x00..=0x1f => self.fault = Some(code),
            0x20..=0x26 | 0x2c | 0x2d => {
                let unit = format!("{}/{}", self.meaning.unit, per(code));
                self.meaning.unit = unit.into();
                self.another();
            }
            0x39 | 0x42 | 0x43 | 0x46 | 0x47 | 0x4a | 0x4b | 0x4e | 0x4f | 0x6a | 0x6b | 0x6e | 0x6f => {
                self.replace("date", "");
                self.meaning.class = Class::AnyDate;
            }
            0x3a..=0x3c => {}
            0x41 | 0x49 => self.replace("count", "1"),
            0x50..=0x67 => {
                let unit = ["s", "min", "h", "d"]
                    .get(usize::from(code & 3))
                    .copied()
                    .unwrap_or_default();
                self.replace("time", unit);
            }
            0x70..=0x77 => self.meaning.exponent += scale,
            0x7d => self.meaning.exponent += 3,
            _ => self.another(),
        }
    }

    /// The value belongs to the field but is not its quantity. Dates stay dates.
    fn another(&mut self) {
        if !matches!(self.meaning.class, Class::Date | Class::DateTime | Class::AnyDate) {
            self.meaning.class = Class::Other;
            self.meaning.quantity = "other";
        } else {
            self.meaning.class = Class::AnyDate;
        }
    }

    /// The value has a quantity and a unit of its own.
    fn replace(&mut self, quantity: &'static str, unit: &'static str) {
        self.meaning.class = Class::Other;
        self.meaning.quantity = quantity;
        self.meaning.unit = unit.into();
        self.meaning.exponent = 0;
    }
}

fn per(code: u8) -> &'static str {
    match code {
        0x20 => "s",
        0x21 => "min",
        0x22 => "h",
        0x23 => "d",
        0x24 => "wk",
        0x25 => "mon",
        0x26 => "a",
        0x2c => "l",
        _ => "m3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::meaning;
    use uzel_driver_sdk::bytes::unhex;

    #[test]
    fn modifiers_change_name_unit_scale_and_class() {
        let energy = || Vif::Primary(0x06);
        let volume = || Vif::Primary(0x13);
        let cases = [
            ("none", energy(), "", "energy kWh 0 Counter"),
            ("backward: itron_cf_51", energy(), "3c", "energy.backward kWh 0 Counter"),
            ("forward", volume(), "3b", "volume.forward m3 -3 Counter"),
            ("vendor: EMU", Vif::Fd(0x48), "ff 01", "voltage.ff01 V -1 Instant"),
            ("vendor without bytes: ACW", volume(), "7f", "volume.7f m3 -3 Counter"),
            (
                "a fault code of the maker's is no fault",
                volume(),
                "ff 15",
                "volume.ff15 m3 -3 Counter",
            ),
            ("vendor field", Vif::Primary(0x7f), "e1 ff 01", "vendor.e1ff01  0 Other"),
            ("further table", Vif::Fd(0x7d), "15", "fd-7d.15  0 Other"),
            ("tenth", volume(), "75", "volume m3 -4 Counter"),
            ("thousand", volume(), "7d", "volume m3 0 Counter"),
            (
                "hundredth of a text",
                Vif::Text("%RH".to_owned()),
                "74",
                "'%RH' %RH -2 Instant",
            ),
            (
                "phase of public telegrams",
                Vif::Fd(0x49),
                "fc 01",
                "voltage.l1 V 0 Instant",
            ),
            (
                "extension that is not known",
                Vif::Fd(0x49),
                "fc 91 3c",
                "voltage.7c.11.backward V 0 Other",
            ),
            (
                "extension without its byte",
                Vif::Fd(0x49),
                "7c",
                "voltage.7c V 0 Other",
            ),
            ("pulse weight: EFE", Vif::Primary(0x10), "28", "volume.28 m3 -6 Other"),
            ("per hour", volume(), "22", "volume.22 m3/h -3 Other"),
            ("upper limit", Vif::Primary(0x3b), "48", "volume-flow.48 m3/h -3 Other"),
            ("exceedings", Vif::Primary(0x3b), "49", "volume-flow.49 1 0 Other"),
            ("duration", Vif::Primary(0x3b), "5a", "volume-flow.5a h 0 Other"),
            (
                "begin of a limit",
                Vif::Primary(0x3b),
                "4a",
                "volume-flow.4a  0 AnyDate",
            ),
            ("future date: els_tmpa", Vif::Primary(0x6c), "7e", "date.7e  0 AnyDate"),
            ("profile", volume(), "1f", "volume.1f m3 -3 Other"),
            ("mean", Vif::Primary(0x5b), "12", "flow-temperature.mean Cel 0 Instant"),
        ];
        for (name, vif, vifes, want) in cases {
            let vifes = unhex(vifes).unwrap();
            let Modified { meaning, .. } = apply(&vif, meaning(&vif), &vifes);
            let got = format!(
                "{} {} {} {:?}",
                super::name(&meaning.name, &vif, &vifes),
                meaning.unit,
                meaning.exponent,
                meaning.class
            );
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn a_record_error_changes_no_name() {
        let vif = Vif::Primary(0x13);
        assert_eq!(apply(&vif, meaning(&vif), &[0x95, 0x3b]).fault, Some(0x15));
        assert_eq!(name("volume", &vif, &[0x95, 0x3b]), "volume.forward");
        assert!(apply(&vif, meaning(&vif), &[0x12]).mean);
        assert_eq!(apply(&vif, meaning(&vif), &[0x1f]).fault, None);
    }
}
