//! One session with one meter: who it is, how it is set, its clock.

use uzel_driver_sdk::calendar::{HOUR, civil};
use uzel_driver_sdk::modbus::pdu::Exception;
use uzel_driver_sdk::modbus::talk::Talk;
use uzel_driver_sdk::{ClockReading, Failure, Identity, Instant, Port};

use crate::ask;
use crate::cells::Context;
use crate::config::{Config, Told};
use crate::ident::{Family, Name};
use crate::layout::small;
use crate::model::{Model, Place, Variant};

/// A meter that was identified.
pub struct Session {
    pub talk: Talk,
    pub model: &'static Model,
    pub context: Context,
    /// The hour and the day with which days and months begin.
    pub contract: (u8, u8),
    /// What the clock showed, seconds, and when.
    shown: Option<(i64, Instant)>,
}

/// What the meter says of itself.
struct Found {
    name: Option<Name>,
    model: &'static Model,
    size: Option<usize>,
    serial: u32,
    context: Context,
    contract: (u8, u8),
}

impl Session {
    /// Finds out who answers.
    ///
    /// # Errors
    /// [`Failure::WrongDevice`] for everything that is not known to be one of this driver's meters.
    pub fn identify(port: &mut dyn Port, config: &Config) -> Result<(Self, Identity), Failure> {
        port.purge();
        let mut talk = Talk::new(config.manner());
        let found = talk.proven(port, |talk, port| find(talk, port, config.model))?;
        let mut details = Vec::new();
        if let Some(name) = &found.name {
            details.push(("text".to_owned(), name.text.clone()));
        }
        if let Some(size) = found.size {
            details.push(("record".to_owned(), format!("{size} bytes")));
        }
        if let Some(systems) = &found.context.systems {
            details.push((
                "systems".to_owned(),
                systems.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
            ));
        }
        if found.model.contract.is_some() {
            let (hour, day) = found.contract;
            details.push(("contract".to_owned(), format!("day {day}, hour {hour}")));
        }
        let identity = Identity {
            model: found.model.id.to_owned(),
            serial: Some(found.serial.to_string()),
            firmware: found.name.and_then(|name| name.number),
            details,
        };
        let session = Self {
            talk,
            model: found.model,
            context: found.context,
            contract: found.contract,
            shown: None,
        };
        Ok((session, identity))
    }

    /// The meter's clock beside the host's.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let place = self.model.clock;
        let (sent, came, seconds) = self.talk.proven(port, |talk, port| {
            let sent = port.now();
            let seconds = number(talk, port, place, "clock")?;
            Ok((sent, port.now(), i64::from(seconds)))
        })?;
        let trip_ms = came.saturating_sub(sent).max(0);
        let at = sent.saturating_add(trip_ms / 2);
        self.shown = Some((seconds, at));
        Ok(ClockReading {
            shown: civil(seconds),
            at,
            uncertainty_ms: u32::try_from(trip_ms / 2).unwrap_or(u32::MAX).saturating_add(1_000),
        })
    }

    /// What the clock shows now, seconds of its own scale: read once a session, counted on from there.
    pub fn clock_now(&mut self, port: &mut dyn Port) -> Result<i64, Failure> {
        if self.shown.is_none() {
            self.read_clock(port)?;
        }
        let (shown, at) = self.shown.unwrap_or_default();
        Ok(shown.saturating_add(port.now().saturating_sub(at) / 1_000))
    }
}

fn find(talk: &mut Talk, port: &mut dyn Port, told: Told) -> Result<Found, Failure> {
    let name = match talk.data(port, &ask::identify())? {
        Ok(data) => Some(Name::parse(&data)),
        Err(exception) => {
            port.note(&format!("function 17: {exception}"));
            None
        }
    };
    let family = Family::of(name.as_ref(), told)?;
    let size = match family.models() {
        [first, ..] => probe(talk, port, first)?,
        [] => None,
    };
    let model = family.model(size)?;
    let serial = number(talk, port, model.serial, "serial number")?;
    let context = context(talk, port, model)?;
    Ok(Found {
        name,
        model,
        size,
        serial,
        context,
        contract: contract(talk, port, model)?,
    })
}

/// The size of a record of hours: a meter gives one, of zeros if need be, for any time; or by its index.
fn probe(talk: &mut Talk, port: &mut dyn Port, model: &Model) -> Result<Option<usize>, Failure> {
    let Some((array, _)) = model.hours() else {
        return Ok(None);
    };
    let clock = i64::from(number(talk, port, model.clock, "clock")?);
    let hour = clock.div_euclid(HOUR) * HOUR - HOUR;
    let questions = ask::by_time(array, 1, civil(hour)).into_iter();
    for question in questions.chain([ask::by_index(array, 1, 0)]) {
        match talk.data(port, &question)? {
            Ok(data) if !data.is_empty() => return Ok(Some(data.len())),
            Ok(_) => {}
            Err(exception) => port.note(&format!("record of an hour: {exception}")),
        }
    }
    Ok(None)
}

/// The settings that decide about columns. What a meter refuses has its usual value.
fn context(talk: &mut Talk, port: &mut dyn Port, model: &Model) -> Result<Context, Failure> {
    let mut context = Context::default();
    if let Some(place) = model.schemes
        && let Some(schemes) = smalls(talk, port, place, 3)?
    {
        let on = (1u8..).zip(&schemes).filter(|(_, scheme)| **scheme > 0);
        let on: Vec<u8> = on.map(|(system, _)| system).collect();
        // A meter with no system at all is not one that is at work: then all are asked.
        context.systems = Some(on).filter(|on| !on.is_empty());
    }
    match model.variant {
        Variant::Fixed => {}
        Variant::Channels(place) => {
            let contents = smalls(talk, port, place, 3)?.unwrap_or_default();
            let volumes = (1u8..).zip(&contents).filter(|(_, content)| **content == 1);
            context.volumes = volumes.map(|(channel, _)| channel).collect();
        }
        Variant::Units(place) => {
            if let Some(units) = smalls(talk, port, place, 4)? {
                context.is_gcal = units.first() == Some(&1);
                context.is_thousand = units.get(3) == Some(&1);
            }
        }
    }
    Ok(context)
}

fn contract(talk: &mut Talk, port: &mut dyn Port, model: &Model) -> Result<(u8, u8), Failure> {
    const MIDNIGHT_OF_THE_FIRST: (u8, u8) = (0, 1);
    let Some([hour, day]) = model.contract else {
        return Ok(MIDNIGHT_OF_THE_FIRST);
    };
    let mut one = |place, most| -> Result<Option<u8>, Failure> {
        let value = smalls(talk, port, place, 1)?.and_then(|values| values.first().copied());
        Ok(value
            .and_then(|value| u8::try_from(value).ok())
            .filter(|value| *value <= most))
    };
    let hour = one(hour, 23)?.unwrap_or(0);
    let day = one(day, 28)?.filter(|day| *day > 0).unwrap_or(1);
    Ok((hour, day))
}

/// A number of two registers that every meter of the model has.
fn number(talk: &mut Talk, port: &mut dyn Port, place: Place, what: &str) -> Result<u32, Failure> {
    let refused = |exception: Exception| Failure::WrongDevice(format!("it answers its {what} with {exception}"));
    let data = talk.data(port, &ask::registers(place, 2))?.map_err(refused)?;
    let bytes = data.first_chunk::<4>().copied().unwrap_or_default();
    Ok(u32::from_be_bytes(bytes))
}

/// Registers of 1-byte values; none when they are refused.
fn smalls(talk: &mut Talk, port: &mut dyn Port, place: Place, count: u16) -> Result<Option<Vec<u16>>, Failure> {
    match talk.data(port, &ask::registers(place, count))? {
        Ok(data) => {
            let (registers, _) = data.as_chunks::<2>();
            Ok(Some(
                registers
                    .iter()
                    .map(|register| small(u16::from_be_bytes(*register)))
                    .collect(),
            ))
        }
        Err(exception) => {
            port.note(&format!("setting at {:#06x}: {exception}", place.at));
            Ok(None)
        }
    }
}
