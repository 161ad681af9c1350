//! What is set in one legacy СПТ.

use super::history::SptUnits;
use super::model::SptModel;

/// Settings of one meter.
#[derive(Clone, Debug)]
pub struct SptConfig {
    pub model: SptModel,
    /// Network number NT, 0 to 99.
    pub network: u8,
    /// Serial number, 24 bits.
    pub serial: u32,
    /// ASCII character of the model, flash 0x30.
    pub model_character: u8,
    /// Heat inputs in use, 1 or 2.
    pub inputs: u8,
    /// Consumption scheme СП; 0 measures two pipes.
    pub scheme: u8,
    pub units: SptUnits,
    /// Settlement day СР, 1 to 31, and hour ЧР, 0 to 23.
    pub report_day: u8,
    pub report_hour: u8,
    /// Hours (from inclusive, to exclusive) whose hourly records do not exist.
    pub missing: Vec<(i64, i64)>,
    /// The first hour that the meter archived.
    pub installed_hour: i64,
    /// Function 4D answers months; СПТ94x are not known to.
    pub month_archive: bool,
    /// The protection switch is off: settings may be written.
    pub writable: bool,
    /// Number, heat input (0 for common ones), text.
    pub settings: Vec<(u16, u8, String)>,
}

impl SptConfig {
    /// The text of a setting, replaced if it is there.
    pub fn set(&mut self, number: u16, input: u8, text: String) {
        match self
            .settings
            .iter_mut()
            .find(|setting| (setting.0, setting.1) == (number, input))
        {
            Some(setting) => setting.2 = text,
            None => self.settings.push((number, input, text)),
        }
    }

    /// Writes the settings which follow from the other fields and were not set by text.
    pub fn fill_settings(&mut self) {
        let numbers = self.model.numbers();
        let mut texts: Vec<(u16, u8, String)> = vec![
            (numbers.units, 0, self.units.code().to_string()),
            (numbers.time, 0, "13-45-00".into()),
            (numbers.date, 0, "08-10-13".into()),
            (numbers.report_day, 0, format!("{:02}", self.report_day)),
            (numbers.report_hour, 0, format!("{:02}", self.report_hour)),
            (numbers.network, 0, self.network.to_string()),
            (numbers.ident, 0, self.serial.to_string()),
        ];
        if self.model == SptModel::Spt941_10 {
            texts.push((1, 0, self.scheme.to_string()));
        }
        if self.model == SptModel::Spt943 {
            let captured = [
                (5, "0"),
                (8, "1"),
                (9, "00-00"),
                (10, "00-00"),
                (11, "0"),
                (12, "4"),
                (13, "0"),
                (14, "2"),
                (15, "0"),
                (16, "10"),
                (17, "1"),
                (18, "6"),
                (19, "80"),
                (20, "20"),
                (21, "0"),
            ];
            texts.extend(captured.map(|(number, text)| (number, 0, text.to_owned())));
        }
        if self.model.inputs() == 2 {
            for input in 1..=2u8 {
                // An input that is not in use stands at a scheme without sensors here.
                let scheme = if input <= self.inputs { self.scheme } else { 9 };
                texts.push((50, input, scheme.to_string()));
                texts.push((51, input, input.to_string()));
            }
        }
        for (number, input, text) in texts {
            if !self
                .settings
                .iter()
                .any(|setting| (setting.0, setting.1) == (number, input))
            {
                self.settings.push((number, input, text));
            }
        }
    }
}
