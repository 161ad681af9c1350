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

/// A meaning with all its modifiers applied.
#[derive(Debug, Clone)]
pub struct Modified {
    /// The name has a part for every modifier that makes another quantity of it: `energy.backward`, `voltage.ff01`.
    pub meaning: Meaning,
    /// The value is a mean.
    pub mean: bool,
    /// The record says that its value is in error: the code.
    pub fault: Option<u8>,
}

/// Applies the VIFE of a record of this field. A modifier that turns the value into something else than the field's
/// quantity (a limit, a pulse weight, a profile) also turns its class into [`Class::Other`].
pub fn apply(vif: &Vif, meaning: Meaning, vifes: &[u8]) -> Modified {
    let mut modified = Modified {
        meaning,
        mean: false,
        fault: None,
    };
    let opaque = matches!(
        vif,
        Vif::Primary(VENDOR) | Vif::Fb(FURTHER_TABLE) | Vif::Fd(FURTHER_TABLE)
    );
    if opaque {
        modified.append(vifes);
        return modified;
    }
    let mut rest = vifes;
    while let &[vife, ref behind @ ..] = rest {
        let code = vife & 0x7f;
        if code == VENDOR {
            modified.append(rest);
            return modified;
        }
        rest = behind;
        match (code, behind) {
            (EXTENSION, &[extension, ref behind @ ..]) => {
                modified.extension(extension & 0x7f);
                rest = behind;
            }
            _ => modified.one(code),
        }
    }
    modified
}

impl Modified {
    fn one(&mut self, code: u8) {
        let scale = i32::from(code & 7) - 6;
        match code {
            0x12 => {
                self.mean = true;
                self.word("mean");
            }
            // Profiles: many values in one record.
            0x13 | 0x1e | 0x1f => self.another(code),
            0x00..=0x1f => self.fault = Some(code),
            0x20..=0x26 | 0x2c | 0x2d => {
                let unit = format!("{}/{}", self.meaning.unit, per(code));
                self.meaning.unit = unit.into();
                self.another(code);
            }
            0x39 | 0x42 | 0x43 | 0x46 | 0x47 | 0x4a | 0x4b | 0x4e | 0x4f | 0x6a | 0x6b | 0x6e | 0x6f => {
                self.replace("date", "", code);
                self.meaning.class = Class::AnyDate;
            }
            0x3a => self.word("uncorrected"),
            0x3b => self.word("forward"),
            0x3c => self.word("backward"),
            0x41 | 0x49 => self.replace("count", "1", code),
            0x50..=0x67 => {
                let unit = ["s", "min", "h", "d"]
                    .get(usize::from(code & 3))
                    .copied()
                    .unwrap_or_default();
                self.replace("time", unit, code);
            }
            0x70..=0x77 => self.meaning.exponent += scale,
            0x7d => self.meaning.exponent += 3,
            code => self.another(code),
        }
    }

    /// Behind FC: a phase of the mains, which the value is of, or something that is not known here.
    fn extension(&mut self, code: u8) {
        match code {
            0x01 => self.word("l1"),
            0x02 => self.word("l2"),
            0x03 => self.word("l3"),
            0x04 => self.word("n"),
            code => {
                self.another(EXTENSION);
                self.append(&[code]);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let name = self.meaning.name.to_mut();
        name.push('.');
        name.push_str(word);
    }

    /// Names bytes that only the maker knows, in hexadecimal.
    fn append(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.word(&digits(bytes.iter().copied()));
    }

    /// The value belongs to the field but is not its quantity. Dates stay dates.
    fn another(&mut self, code: u8) {
        self.append(&[code]);
        if !matches!(self.meaning.class, Class::Date | Class::DateTime | Class::AnyDate) {
            self.meaning.class = Class::Other;
            self.meaning.quantity = "other";
        } else {
            self.meaning.class = Class::AnyDate;
        }
    }

    /// The value has a quantity and a unit of its own.
    fn replace(&mut self, quantity: &'static str, unit: &'static str, code: u8) {
        self.another(code);
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
            let Modified { meaning, .. } = apply(&vif, meaning(&vif), &unhex(vifes).unwrap());
            let got = format!(
                "{} {} {} {:?}",
                meaning.name, meaning.unit, meaning.exponent, meaning.class
            );
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn a_record_error_changes_no_name() {
        let vif = Vif::Primary(0x13);
        let modified = apply(&vif, meaning(&vif), &[0x95, 0x3b]);
        assert_eq!(
            (modified.fault, &*modified.meaning.name),
            (Some(0x15), "volume.forward")
        );
        assert!(apply(&vif, meaning(&vif), &[0x12]).mean);
        assert_eq!(apply(&vif, meaning(&vif), &[0x1f]).fault, None);
    }
}
