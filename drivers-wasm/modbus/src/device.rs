//! One session with one device: who it is, its clock, what it shows now.

use uzel_driver_sdk::{
    CivilTime, ClockReading, Column, Failure, Identity, LabelRule, Port, Row, Setting as Shown, Sink, Value as Cell,
};

use crate::config::Config;
use crate::map::{Class, Expected, Map, Name, Range, Rule, Source};
use crate::number::Number;
use crate::reading::{Bytes, cell, read_all, read_scaled};
use crate::{ecl, identification, map, maps, sunspec};
use uzel_driver_sdk::modbus::pdu::Exception;
use uzel_driver_sdk::modbus::talk::Talk;

/// A device and its map.
pub struct Device {
    pub talk: Talk,
    pub map: Map,
}

impl Device {
    /// Finds out whether the device is the one that the map is for.
    pub fn identify(port: &mut dyn Port, config: &Config) -> Result<(Self, Identity), Failure> {
        let shipped = maps::find(&config.map);
        let text = match (&shipped, config.map.as_str()) {
            (Some(shipped), _) => shipped.text(),
            (None, crate::config::OWN) => &config.map_text,
            (None, other) => {
                return Err(Failure::Config(format!(
                    "map {other:?} is not shipped with this driver"
                )));
            }
        };
        let map = map::parse(text).map_err(|error| Failure::Config(error.to_string()))?;
        let mut device = Self {
            talk: Talk::new(config.manner()),
            map,
        };
        device.talk.pause_ms = device.map.pause_ms;
        port.purge();
        let mut identity = Identity {
            model: config.map.clone(),
            serial: None,
            firmware: None,
            details: vec![("map".to_owned(), device.map.name.clone())],
        };
        if config.map == maps::SUNSPEC {
            device.map = sunspec::discover(&mut device.talk, port, &device.map)?;
        }
        device.check(port, &mut identity)?;
        // The shipped maps know their devices by registers.
        if shipped.is_none() {
            identification::ask(&mut device.talk, port, &device.map, &mut identity)?;
        }
        if config.map == maps::ECL {
            ecl::complete(&mut device, port, &mut identity)?;
        }
        Ok((device, identity))
    }

    fn check(&mut self, port: &mut dyn Port, identity: &mut Identity) -> Result<(), Failure> {
        let map = &self.map;
        let named = map.serial.iter().chain(&map.firmware);
        let sources: Vec<&Source> = map.rules.iter().map(|rule| &rule.source).chain(named).collect();
        let found = self
            .talk
            .proven(port, |talk, port| read_all(talk, port, map, &sources))?;
        let (ruled, named) = found.split_at(map.rules.len());
        for (rule, bytes) in map.rules.iter().zip(ruled) {
            judge(&map.name, rule, bytes)?;
        }
        let mut named = named.iter();
        let mut text = |source: &Option<Source>| {
            let source = source.as_ref()?;
            let bytes = named.next()?.as_ref().ok()?;
            match source.decode(bytes) {
                Number::Whole(number) => Some(number.to_string()),
                Number::Text(text) if !text.is_empty() => Some(text),
                _ => None,
            }
        };
        identity.serial = text(&map.serial);
        identity.firmware = text(&map.firmware);
        Ok(())
    }

    /// The device's clock beside the host's.
    pub fn clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let Some(stamp) = self.map.clock.clone() else {
            return Err(Failure::Unsupported("the map names no clock".to_owned()));
        };
        let asked = port.now();
        let mut came = asked;
        let bytes = self.talk.proven(port, |talk, port| {
            let bytes = talk.read(port, stamp.span());
            came = port.now();
            bytes
        })?;
        let bytes = bytes.map_err(|exception| Failure::Refused(format!("clock: {exception}")))?;
        let map::Shown::Time(shown) = stamp.decode(&bytes) else {
            return Err(Failure::Refused("the clock shows no date".to_owned()));
        };
        let trip = came.saturating_sub(asked);
        let resolution_ms = if stamp.has_seconds() { 1_000 } else { 60_000 };
        Ok(ClockReading {
            shown,
            at: asked.saturating_add(trip / 2),
            uncertainty_ms: u32::try_from(trip / 2)
                .unwrap_or(u32::MAX)
                .saturating_add(resolution_ms),
        })
    }

    /// A row of the values of one class, labelled by the device's clock where it has one.
    pub fn moment(&mut self, port: &mut dyn Port, class: Class, out: &mut dyn Sink) -> Result<(), Failure> {
        let map = &self.map;
        let values: Vec<_> = map.values.iter().filter(|value| value.class == class).collect();
        if values.is_empty() {
            return Err(Failure::Unsupported(
                format!("the map names no {class:?} values").to_lowercase(),
            ));
        }
        let sources: Vec<&Source> = values.iter().map(|value| &value.source).collect();
        let (label, found) = self.talk.proven(port, |talk, port| {
            let label = match &map.clock {
                Some(stamp) => match talk.read(port, stamp.span())? {
                    Ok(bytes) => stamp.decode(&bytes).time(),
                    Err(_) => None,
                },
                None => None,
            };
            Ok((label, read_scaled(talk, port, map, &sources)?))
        })?;
        let row = row(label, sources.iter().copied().zip(&found));
        let shown = values.iter().zip(&row.values);
        let columns: Vec<Column> = shown
            .map(|(value, cell)| match cell {
                // The device's own register may say how many there are.
                Cell::Fixed(fixed) => column(&value.name, Some(fixed.decimals)),
                _ => column(&value.name, value.source.decimals()),
            })
            .collect();
        out.declare(&columns, LabelRule::Moment)?;
        out.rows(&[row], None)
    }

    /// All settings that the device has.
    pub fn settings(&mut self, port: &mut dyn Port) -> Result<Vec<Shown>, Failure> {
        let map = &self.map;
        if map.settings.is_empty() {
            return Err(Failure::Unsupported("the map names no settings".to_owned()));
        }
        let sources: Vec<&Source> = map.settings.iter().map(|setting| &setting.source).collect();
        let found = self
            .talk
            .proven(port, |talk, port| read_scaled(talk, port, map, &sources))?;
        let pairs = map.settings.iter().zip(&found);
        let shown = pairs
            .filter(|(_, (bytes, _))| bytes.is_ok())
            .map(|(setting, (bytes, power))| Shown {
                id: setting.id.clone(),
                title: setting.title.clone(),
                value: cell(
                    &setting.source,
                    bytes.as_deref().map_err(|exception| *exception),
                    power.as_ref(),
                    0,
                )
                .0,
                unit: Some(setting.unit.clone()).filter(|unit| !unit.is_empty()),
                writable: setting.range != Range::ReadOnly,
            });
        Ok(shown.collect())
    }
}

/// A row of scaled values. Its marks name what is absent.
fn row<'a>(label: Option<CivilTime>, cells: impl Iterator<Item = (&'a Source, &'a (Bytes, Option<Bytes>))>) -> Row {
    let mut row = blank_row(label, 0);
    for (source, (bytes, power)) in cells {
        add(
            &mut row,
            source,
            bytes.as_deref().map_err(|exception| *exception),
            power.as_ref(),
        );
    }
    row
}

/// A row without values yet.
pub fn blank_row(label: Option<CivilTime>, values: usize) -> Row {
    Row {
        label,
        other_end: None,
        length_s: None,
        values: Vec::with_capacity(values),
        marks: Vec::new(),
        conditions: Vec::new(),
    }
}

/// Adds a value to a row, or why it is absent.
pub fn add(row: &mut Row, source: &Source, bytes: Result<&[u8], Exception>, power: Option<&Bytes>) {
    let place = u16::try_from(row.values.len()).unwrap_or(u16::MAX);
    let (value, mark) = cell(source, bytes, power, place);
    row.values.push(value);
    row.marks.extend(mark);
}

/// What a value is called, for the host.
pub fn column(name: &Name, decimals: Option<u8>) -> Column {
    Column {
        id: name.id.clone(),
        quantity: name.quantity.clone(),
        unit: name.unit.clone(),
        point: name.point,
        tariff: name.tariff,
        pipe: name.pipe.clone(),
        aggregate: name.aggregate,
        decimals,
    }
}

fn judge(map: &str, rule: &Rule, bytes: &Bytes) -> Result<(), Failure> {
    let span = rule.source.span();
    let number = match bytes {
        Ok(bytes) => rule.source.decode(bytes),
        Err(exception) => {
            let text = format!("it answers {span} with {exception}: no {map}");
            return Err(Failure::WrongDevice(text));
        }
    };
    let is_right = match (&rule.expected, &number) {
        (Expected::OneOf(list), Number::Whole(number)) => list.contains(number),
        (Expected::Text(text), Number::Text(got)) => text == got,
        (Expected::Between(min, max), Number::Whole(number)) => (*min..=*max).contains(&(*number as f64)),
        (Expected::Between(min, max), Number::Float(number)) => (*min..=*max).contains(number),
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    let want = match &rule.expected {
        Expected::OneOf(list) => format!("one of {list:?}"),
        Expected::Text(text) => format!("{text:?}"),
        Expected::Between(min, max) => format!("{min} to {max}"),
    };
    let got = match number {
        Number::Whole(number) => number.to_string(),
        Number::Float(number) => number.to_string(),
        Number::Bits(bits) => format!("{bits:#x}"),
        Number::Text(text) => format!("{text:?}"),
        Number::Nothing(code) => format!("no number ({code})"),
    };
    Err(Failure::WrongDevice(format!("{span} is {got}, a {map} has {want}")))
}
