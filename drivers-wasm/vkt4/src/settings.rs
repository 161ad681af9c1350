//! Settings (VKT-4 note, section 4): version, scheme, object code, report day; of ВКТ-4М the pressures of the contract.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::{Setting, Value};

use crate::number::fixed;

/// What code 46 gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Two decimal digits: hardware and program.
    pub version: u8,
    scheme: u8,
    object: [u8; 3],
    report_day: u8,
    /// kgf/cm²; empty where the meter tells none.
    pressures: Vec<u8>,
}

impl Settings {
    /// Reads the data of an answer; what stands behind is left.
    pub fn parse(data: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(data);
        Ok(Self {
            version: reader.u8()?,
            scheme: reader.u8()?,
            object: reader.array()?,
            report_day: reader.u8()?,
            pressures: reader.take(4).map(<[u8]>::to_vec).unwrap_or_default(),
        })
    }

    /// Six digits that a person gave the meter.
    pub fn object(&self) -> String {
        let [a, b, c] = self.object;
        format!("{a:02X}{b:02X}{c:02X}")
    }

    /// The object code is all that tells one meter from another; one that nobody set tells nothing.
    pub fn serial(&self) -> Option<String> {
        (self.object != [0; 3]).then(|| self.object())
    }

    /// `4.2`
    pub fn version_text(&self) -> String {
        format!("{:X}.{:X}", self.version >> 4, self.version & 0x0f)
    }

    /// For people who look at an identification.
    pub fn details(&self) -> Vec<(String, String)> {
        vec![
            ("scheme".to_owned(), self.scheme.to_string()),
            ("object".to_owned(), self.object()),
            ("report day".to_owned(), self.report_day.to_string()),
        ]
    }

    /// For people who look at settings.
    pub fn list(&self) -> Vec<Setting> {
        let setting = |id: &str, title: &str, value, unit: Option<&str>| Setting {
            id: id.to_owned(),
            title: title.to_owned(),
            value,
            unit: unit.map(str::to_owned),
            writable: false,
        };
        let mut list = vec![
            setting("version", "Версия", Value::Text(self.version_text()), None),
            setting("scheme", "Схема", fixed(self.scheme, 0), None),
            setting("object", "Код объекта", Value::Text(self.object()), None),
            setting("report_day", "Отчётный день", fixed(self.report_day, 0), None),
        ];
        for (pipe, pressure) in (1..).zip(&self.pressures) {
            let (id, title) = (format!("p{pipe}"), format!("P{pipe} договорное"));
            list.push(setting(&id, &title, fixed(*pressure, 0), Some("kgf/cm2")));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn settings_are_what_the_example_says() {
        let settings = Settings::parse(&[0x42, 3, 0x12, 0x34, 0x56, 0x19, 6, 4, 6, 4]).unwrap();
        assert_eq!(settings.serial().as_deref(), Some("123456"));
        assert_eq!(settings.version_text(), "4.2");
        assert_eq!(settings.list().len(), 8);
        let old = Settings::parse(&[0x11, 3, 0, 0, 0, 25]).unwrap();
        assert_eq!((old.serial(), old.list().len()), (None, 4));
        assert!(Settings::parse(&[0x42, 3, 0x12]).is_err());
    }

    proptest! {
        #[test]
        fn no_settings_panic(data in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(settings) = Settings::parse(&data) {
                settings.list();
                settings.details();
            }
        }
    }
}
