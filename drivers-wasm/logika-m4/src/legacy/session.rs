//! One session with one 4L meter: what identification learned, and the parts that use it.

use uzel_driver_sdk::{Failure, Identity, Port};

use super::clock::{self, Reading};
use super::link::Link;
use super::memory;
use super::model::{Kept, Model};
use super::settings::{self, Entry};
use super::table::Units;
use super::trouble::Trouble;
use crate::ident::{Device, Ident};

/// Serial number and model character stand in the first flash page.
const SERIAL: std::ops::Range<usize> = 0x28..0x2c;
const MODEL_CHARACTER: usize = 0x30;
/// The settings that every reading needs: the first two pages.
const FIRST_SETTINGS: u16 = 8;
/// Where an entry that chooses a unit has it.
const UNIT_BYTE: usize = 12;

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub link: Link,
    pub model: &'static Model,
    /// Heat inputs to read.
    pub inputs: Vec<u8>,
    pub units: Units,
    /// СР, 1 to 31.
    pub report_day: u8,
    /// ЧР, 0 to 23.
    pub report_hour: u8,
    /// Heat inputs that gave a record in this session.
    pub seen: Vec<u8>,
    /// The last reading of the clock.
    clock: Option<Reading>,
}

impl Session {
    /// Reads the settings on which everything else depends.
    pub fn introduce(
        mut link: Link,
        port: &mut dyn Port,
        ident: Ident,
        device: Device,
        model: &'static Model,
    ) -> Result<(Self, Identity), (Link, Failure)> {
        link.know(ident, model.slow_wake, model.session_s);
        let inputs: Vec<u8> = (1..=model.inputs)
            .filter(|input| model.inputs == 1 || link.config.inputs.contains(input))
            .collect();
        let mut session = Self {
            link,
            model,
            inputs,
            units: Units::of_setting(0),
            report_day: 1,
            report_hour: 0,
            seen: Vec::new(),
            clock: None,
        };
        match session.learn_all(port, ident, device) {
            Ok(identity) => Ok((session, identity)),
            Err(failure) => Err((session.link, failure)),
        }
    }

    /// Reads units, report day and report hour.
    pub fn learn(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        if self.model.kept == Kept::Words {
            return Ok(());
        }
        let numbers = &self.model.numbers;
        let count = FIRST_SETTINGS.max(numbers.report_hour + 1);
        let page = memory::flash(&mut self.link, port, settings::address(0, 0), count * settings::ENTRY)?;
        let number = |number: u16, name: &str, range: std::ops::RangeInclusive<u32>| {
            let entry = settings::entry(&page, number);
            entry
                .as_ref()
                .and_then(Entry::number)
                .filter(|value| range.contains(value))
                .ok_or_else(|| Failure::Garbled(format!("setting {name} reads {}", shown(entry.as_ref()))))
        };
        let day = number(numbers.report_day, "СР", 1..=31)?;
        let hour = number(numbers.report_hour, "ЧР", 0..=23)?;
        self.report_day = u8::try_from(day).unwrap_or(1);
        self.report_hour = u8::try_from(hour).unwrap_or(0);
        self.units = match self.model.kept {
            Kept::EntriesAndUnits(units) => self.own_units(port, units)?,
            _ => Units::of_setting(number(0, "ЕИ", 0..=u32::MAX)?),
        };
        Ok(())
    }

    /// Reads the unit of each pressure: two bits behind the text of an entry (M4 note, section 5.2, `dbentry_byte`).
    fn own_units(&mut self, port: &mut dyn Port, units: &[(u16, &'static str)]) -> Result<Units, Failure> {
        let mut own = Units::of_setting(0);
        let (Some((first, _)), Some((last, _))) = (units.first(), units.last()) else {
            return Ok(own);
        };
        let len = (last - first + 1) * settings::ENTRY;
        let entries = memory::flash(&mut self.link, port, settings::address(*first, 0), len)?;
        for (number, name) in units {
            let at = usize::from((number - first) * settings::ENTRY) + UNIT_BYTE;
            let value = entries.get(at).map_or(0, |byte| byte & 3);
            own.own.push((name, Units::gas(value.into())));
        }
        Ok(own)
    }

    /// Reads the clock.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<Reading, Trouble> {
        let reading = clock::read(&mut self.link, port, self.model.clock)?;
        self.clock = Some(reading);
        Ok(reading)
    }

    /// What the clock shows now: read once a session, counted on from there.
    pub fn clock_now(&mut self, port: &mut dyn Port) -> Result<i64, Trouble> {
        let reading = match self.clock {
            Some(reading) => reading,
            None => self.read_clock(port)?,
        };
        Ok(reading.shown_at(port.now()))
    }

    /// The clock was set: what was read of it is worth nothing now.
    pub fn forget_clock(&mut self) {
        self.clock = None;
    }

    fn learn_all(&mut self, port: &mut dyn Port, ident: Ident, device: Device) -> Result<Identity, Failure> {
        self.link.raise(port, self.model.max_baud)?;
        let page = if self.model.has_first_page {
            memory::flash(&mut self.link, port, 0, memory::PAGE)?
        } else {
            Vec::new()
        };
        self.learn(port)?;
        let character = page
            .get(MODEL_CHARACTER)
            .filter(|byte| byte.is_ascii_graphic())
            .map(|byte| char::from(*byte));
        let [.., version] = ident.0;
        let mut details = vec![("device".to_owned(), ident.to_string())];
        if self.units.own.is_empty() {
            details.push(("ЕИ".to_owned(), format!("{}, {}", self.units.pressure, self.units.heat)));
        }
        let own = self.units.own.iter();
        details.extend(own.map(|(name, unit)| (format!("[{name}]"), (*unit).to_owned())));
        if self.model.kept != Kept::Words {
            details.push(("СР".to_owned(), self.report_day.to_string()));
            details.push(("ЧР".to_owned(), self.report_hour.to_string()));
        }
        if let Some(character) = character {
            details.push(("model".to_owned(), character.to_string()));
        }
        let serial = page.get(SERIAL).filter(|_| self.model.has_serial).and_then(serial);
        port.note(&format!(
            "{} serial {}",
            device.name(),
            serial.as_deref().unwrap_or("not given")
        ));
        Ok(Identity {
            model: self.model.id.to_owned(),
            serial,
            firmware: Some(version.to_string()),
            details,
        })
    }
}

/// Low 24 bits, little-endian; none where the place is empty.
fn serial(bytes: &[u8]) -> Option<String> {
    let &[low, middle, high, _] = bytes else { return None };
    let number = u32::from_le_bytes([low, middle, high, 0]);
    (number != 0 && number != 0x00ff_ffff).then(|| number.to_string())
}

fn shown(entry: Option<&Entry>) -> String {
    entry.map_or_else(|| "empty".to_owned(), |entry| format!("{:?}", entry.text))
}
