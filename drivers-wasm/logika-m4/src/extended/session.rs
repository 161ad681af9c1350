//! One session with one meter of the extended dialect: what identification learned, and its clock.

use uzel_driver_sdk::calendar;
use uzel_driver_sdk::{ClockReading, Failure, Identity, Instant, Port};

use super::model::{Medium, Model};
use super::tags;
use super::talk::{Place, Talk};
use super::units;
use crate::ident::{Device, Ident};
use crate::legacy::link::Link;
use crate::legacy::table::Units;
use crate::legacy::trouble::Trouble;

/// Who the meter is, in its own words, and its serial number.
const DEV_INFO: u16 = 8_224;
const SERIAL: u16 = 8_256;
/// The clock.
const TIME: u16 = 1_024;
const DATE: u16 = 1_025;
/// What a clock that shows whole seconds may be off by.
const RESOLUTION_MS: i64 = 1_000;
/// Where the serial number shares its word, it has the low 24 bits.
const SERIAL_BITS: i64 = 0x00ff_ffff;

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub talk: Talk,
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
    /// What the clock showed last, and when.
    clock: Option<(i64, Instant)>,
}

impl Session {
    /// Reads who the meter is and the settings on which everything else depends.
    pub fn introduce(
        link: Link,
        port: &mut dyn Port,
        ident: Ident,
        device: Device,
        model: &'static Model,
    ) -> Result<(Self, Identity), (Link, Failure)> {
        let inputs = link.config.inputs.clone();
        let mut session = Self {
            talk: Talk::new(link),
            model,
            inputs: (1..=model.inputs)
                .filter(|input| model.inputs == 1 || inputs.contains(input))
                .collect(),
            units: Units::of_setting(0),
            report_day: 1,
            report_hour: 0,
            seen: Vec::new(),
            clock: None,
        };
        session.talk.link.know(ident, false, model.session_s);
        session.talk.link.extended = true;
        match session.learn_all(port, ident, device) {
            Ok(identity) => Ok((session, identity)),
            Err(failure) => Err((session.talk.link, failure)),
        }
    }

    fn learn_all(&mut self, port: &mut dyn Port, ident: Ident, device: Device) -> Result<Identity, Failure> {
        self.talk.link.raise(port, self.model.max_baud)?;
        let short_serial = self.model.short_serial;
        let places = [DEV_INFO, SERIAL].map(|ordinal| Place { channel: 0, ordinal });
        let said = self.talk.read_tags(port, &places, |_, tag, _| match tag.whole() {
            Some(number) if matches!(tag.kind, tags::UNSIGNED | tags::SIGNED) => {
                let bits = if short_serial { SERIAL_BITS } else { i64::MAX };
                (number & bits).to_string()
            }
            _ => tag.text(),
        })?;
        self.learn(port)?;
        let [.., version] = ident.0;
        let mut details = vec![("device".to_owned(), ident.to_string())];
        let mut said = said.into_iter().map(|text| Some(text).filter(|text| is_said(text)));
        if let Some(info) = said.next().flatten() {
            details.push(("devInfo".to_owned(), info));
        }
        let serial = said.next().flatten();
        match self.model.medium {
            Medium::Heat => details.push(("ЕИ".to_owned(), format!("{}, {}", self.units.pressure, self.units.heat))),
            Medium::Gas => details.extend(
                self.units
                    .own
                    .iter()
                    .map(|(name, unit)| (format!("[{name}]"), (*unit).to_owned())),
            ),
            Medium::Flow => {}
        }
        if self.has_clock() {
            details.push(("СР".to_owned(), self.report_day.to_string()));
            details.push(("ЧР".to_owned(), self.report_hour.to_string()));
        }
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

    /// Reads units, report day and report hour.
    pub fn learn(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        self.units = units::read(&mut self.talk, port, self.model)?;
        let (Some(day), Some(hour)) = (self.model.setting("СР"), self.model.setting("ЧР")) else {
            return Ok(());
        };
        let texts = self.talk.read_tags(port, &[day, hour], |_, tag, _| tag.text())?;
        let number = |place: usize, name: &str, range: std::ops::RangeInclusive<u8>| {
            let text = texts.get(place).map(String::as_str).unwrap_or_default();
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| Failure::Garbled(format!("setting {name} reads {text:?}")))
        };
        self.report_day = number(0, "СР", 1..=31)?;
        self.report_hour = number(1, "ЧР", 0..=23)?;
        Ok(())
    }

    /// Whether this model has a clock and archives.
    pub fn has_clock(&self) -> bool {
        !self.model.record.is_empty()
    }

    /// Reads the clock.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        if !self.has_clock() {
            return Err(Failure::Unsupported("this model has no clock".to_owned()));
        }
        // Before the first attempt: whichever of them is answered, the clock was read since.
        let sent = port.now();
        let places = [DATE, TIME].map(|ordinal| Place { channel: 0, ordinal });
        let parts = self
            .talk
            .read_tags(port, &places, |_, tag, _| (tag.kind, tag.bytes.to_vec()))?;
        let heard = port.now();
        let shown = match parts.as_slice() {
            [date, time] => {
                let [date, time] = [date, time].map(|(kind, bytes)| tags::Tag { kind: *kind, bytes });
                tags::moment(&date, &time).and_then(calendar::seconds)
            }
            _ => None,
        };
        let shown = shown.ok_or_else(|| Trouble::Garbled("Д and Т are no date and time".to_owned()))?;
        let half_ms = heard.saturating_sub(sent).max(0) / 2;
        let at = sent.saturating_add(half_ms);
        self.clock = Some((shown, at));
        let reading = ClockReading {
            shown: calendar::civil(shown),
            at,
            uncertainty_ms: u32::try_from(half_ms + RESOLUTION_MS).unwrap_or(u32::MAX),
        };
        port.note(&format!("clock {:?}", reading.shown));
        Ok(reading)
    }

    /// What the clock shows now: read once a session, counted on from there.
    pub fn clock_now(&mut self, port: &mut dyn Port) -> Result<i64, Failure> {
        if self.clock.is_none() {
            self.read_clock(port)?;
        }
        let counted = self
            .clock
            .map(|(shown, at)| shown + port.now().saturating_sub(at).max(0) / 1_000);
        counted.ok_or_else(|| Failure::Garbled("the clock was not read".to_owned()))
    }

    /// The clock was set: what was read of it is worth nothing now.
    pub fn forget_clock(&mut self) {
        self.clock = None;
    }
}

/// A text that says something.
fn is_said(text: &str) -> bool {
    !text.is_empty() && text != "0"
}
