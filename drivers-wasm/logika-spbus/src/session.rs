//! One session with one meter: who answers, by which addresses, and what all readings need.

use uzel_driver_sdk::{CivilTime, Failure, Identity, Port};

use crate::config::{Config, Opening};
use crate::frame::Addresses;
use crate::ident::{Device, device};
use crate::link::Link;
use crate::message::{self, Field, PARAMETERS_MAX, Pointer, Slot};
use crate::model::{Archive, Group, Model, group};
use crate::number::is_diagnostic;
use crate::opening;
use crate::trouble::Trouble;

/// What is on the ports of the meter, its own address among them.
const PORTS: u16 = 3;
/// Type; an array on newer meters: type, serial number, name.
const TYPE: u16 = 99;
/// Number of the device, which a person gives it.
const NUMBER: u16 = 8;
const REPORT_HOUR: u16 = 24;
const REPORT_DAY: u16 = 25;
/// Set in the address of who asks through a point-to-point port (SPbus note, section 1).
const POINT_TO_POINT: u8 = 0x80;
/// A gateway sometimes answers that it has no data, once or twice (SPbus note, section 4).
const GATEWAY_TRIES: u32 = 3;
const GATEWAY_PAUSE_MS: u32 = 500;

/// One of the references that an archive has, with its columns.
#[derive(Debug)]
pub struct Part {
    pub reference: u16,
    pub slots: Vec<Slot>,
}

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub link: Link,
    pub model: &'static Model,
    /// Settlement day, 1 to 31.
    pub report_day: u8,
    /// The columns of archives that were asked for, by reference; none: no such archive.
    structures: Vec<(u16, Option<Vec<Slot>>)>,
    pub shown: Option<(CivilTime, i64)>,
}

impl Session {
    /// Finds the meter and asks who it is.
    pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Self, Identity), Failure> {
        if config.opening == Opening::Iec1107 {
            opening::open(port, &config)?;
        }
        let mut link = Link::new(config);
        let mut details = Vec::new();
        if let Some(address) = link.config.address {
            details.push(("address".to_owned(), address.to_string()));
            link.addresses = route(&mut link, port, address)?;
        }
        let said = kind(&mut link, port)?;
        let model = match device(&said) {
            Device::Known(model) => model,
            Device::Unknown => {
                return Err(Failure::WrongDevice(format!(
                    "a device with parameter 099 {said:?} answered"
                )));
            }
        };
        let mut session = Self {
            link,
            model,
            report_day: 1,
            structures: Vec::new(),
            shown: None,
        };
        let serial = session.serial(port)?;
        let mut report = session.values(port, &[(0, REPORT_HOUR), (0, REPORT_DAY)])?.into_iter();
        let (hour, day) = (report.next().flatten(), report.next().flatten());
        if let Some(number) = day.as_ref().and_then(|field| field.value.parse().ok()) {
            session.report_day = Some(number).filter(|day| (1..=31).contains(day)).unwrap_or(1);
        }
        details.push(("099".to_owned(), said.clone()));
        for (name, field) in [("024", hour), ("025", day)] {
            details.extend(field.map(|field| (name.to_owned(), field.value)));
        }
        port.note(&format!(
            "{} serial {}",
            model.id,
            serial.as_deref().unwrap_or("not given")
        ));
        let identity = Identity {
            model: model.id.to_owned(),
            serial,
            firmware: Some(said),
            details,
        };
        Ok((session, identity))
    }

    /// Values of parameters, in their order; none where the meter has no such value.
    pub fn values(&mut self, port: &mut dyn Port, pointers: &[Pointer]) -> Result<Vec<Option<Field>>, Trouble> {
        let mut values = Vec::with_capacity(pointers.len());
        // A wrong pointer ends an answer, so every answer brings one value at least.
        while let Some(rest) = pointers.get(values.len()..).filter(|rest| !rest.is_empty()) {
            let asked = message::ask_parameters(rest.get(..PARAMETERS_MAX).unwrap_or(rest));
            let fields = self
                .link
                .ask(port, &asked, |answer| message::parameters(&asked, &answer.blocks))?;
            values.extend(
                fields
                    .into_iter()
                    .map(|field| Some(field).filter(|field| !is_diagnostic(&field.value))),
            );
        }
        Ok(values)
    }

    /// Elements of an array; empty where the meter has no such array.
    pub fn elements(
        &mut self,
        port: &mut dyn Port,
        number: u16,
        start: u16,
        count: u16,
    ) -> Result<Vec<Field>, Trouble> {
        elements(&mut self.link, port, number, start, count)
    }

    /// The columns of an archive, asked for once a session.
    pub fn structure(&mut self, port: &mut dyn Port, reference: u16) -> Result<Option<Vec<Slot>>, Trouble> {
        if let Some((_, known)) = self.structures.iter().find(|(of, _)| *of == reference) {
            return Ok(known.clone());
        }
        let asked = message::ask_structure(reference);
        let slots = self
            .link
            .ask(port, &asked, |answer| message::structure(&asked, &answer.blocks))?;
        self.structures.push((reference, slots.clone()));
        Ok(slots)
    }

    /// The channels of a group that the meter serves: those that its archive of hours has columns of.
    pub fn channels(&mut self, port: &mut dyn Port, wanted: Group) -> Result<Vec<u8>, Trouble> {
        if wanted == Group::System {
            return Ok(vec![0]);
        }
        let hours = self.model.archives.first();
        let parts = hours.map(|archive| self.parts(port, archive)).transpose()?;
        // In the meter's own order; a channel has one column after the other.
        let mut channels = Vec::new();
        for slot in parts.iter().flatten().flat_map(|part| &part.slots) {
            if group(slot.number) == wanted && self.wants(slot) && !channels.contains(&slot.channel) {
                channels.push(slot.channel);
            }
        }
        Ok(channels)
    }

    /// The references of an archive that hold something wanted, with their columns.
    pub fn parts(&mut self, port: &mut dyn Port, archive: &Archive) -> Result<Vec<Part>, Trouble> {
        let mut parts = Vec::new();
        for (place, reference) in archive.references.iter().enumerate() {
            if self.model.is_electric && !self.link.config.wanted.has_part(place) {
                continue;
            }
            let slots = self.structure(port, *reference)?.unwrap_or_default();
            if slots.iter().any(|slot| self.wants(slot)) {
                let reference = *reference;
                parts.push(Part { reference, slots });
            }
        }
        Ok(parts)
    }

    /// Whether a column is of a channel that is to be read.
    pub fn wants(&self, slot: &Slot) -> bool {
        !self.model.is_electric || self.link.config.wanted.has(group(slot.number), slot.channel)
    }

    /// The maker's number where 099 is an array, else the one that a person gave.
    fn serial(&mut self, port: &mut dyn Port) -> Result<Option<String>, Trouble> {
        let text = |field: Option<Field>| field.map(|field| field.value).filter(|text| !text.is_empty());
        if !self.model.is_first
            && let Some(serial) = text(self.elements(port, TYPE, 1, 1)?.pop())
        {
            return Ok(Some(serial));
        }
        Ok(self.values(port, &[(0, NUMBER)])?.pop().and_then(text))
    }
}

/// The addresses by which a meter is reached: none when it is the one on the line.
fn route(link: &mut Link, port: &mut dyn Port, address: u8) -> Result<Option<Addresses>, Failure> {
    if let Some(sad) = link.config.source {
        return Ok(Some(Addresses { dad: address, sad }));
    }
    let ports = patiently(link, port, |link, port| single(link, port, PORTS))?;
    let own = ports.trim().get(5..7).and_then(|digits| digits.parse::<u8>().ok());
    let Some(own) = own.filter(|own| *own < POINT_TO_POINT) else {
        return Err(Failure::Refused(format!(
            "the meter on the line has 003 {ports:?}, expected ten digits with its address; `source` can be set instead"
        )));
    };
    port.note(&format!("address {own} is on the line, {address} is wanted"));
    Ok((own != address).then_some(Addresses {
        dad: address,
        sad: own | POINT_TO_POINT,
    }))
}

/// What 099 says: a parameter, or the first element of an array.
fn kind(link: &mut Link, port: &mut dyn Port) -> Result<String, Failure> {
    patiently(link, port, |link, port| {
        let said = single(link, port, TYPE)?;
        if !is_diagnostic(&said) && !said.is_empty() {
            return Ok(said);
        }
        let element = elements(link, port, TYPE, 0, 1)?.pop();
        Ok(element.map_or(said, |field| field.value))
    })
}

/// Asks again when the answer is that there are no data.
fn patiently(
    link: &mut Link,
    port: &mut dyn Port,
    ask: fn(&mut Link, &mut dyn Port) -> Result<String, Trouble>,
) -> Result<String, Failure> {
    let mut said = ask(link, port)?;
    for _ in 1..GATEWAY_TRIES {
        if !is_diagnostic(&said) {
            break;
        }
        port.sleep(GATEWAY_PAUSE_MS);
        said = ask(link, port)?;
    }
    if is_diagnostic(&said) {
        return Err(Failure::Refused(format!("the meter says {said:?} to who it is")));
    }
    Ok(said)
}

fn single(link: &mut Link, port: &mut dyn Port, number: u16) -> Result<String, Trouble> {
    let asked = message::ask_parameters(&[(0, number)]);
    let fields = link.ask(port, &asked, |answer| message::parameters(&asked, &answer.blocks))?;
    Ok(fields.into_iter().next().map(|field| field.value).unwrap_or_default())
}

fn elements(link: &mut Link, port: &mut dyn Port, number: u16, start: u16, count: u16) -> Result<Vec<Field>, Trouble> {
    let asked = message::ask_elements(number, start, count);
    let mut fields = link.ask(port, &asked, |answer| message::elements(&asked, &answer.blocks))?;
    if let [only] = fields.as_slice()
        && is_diagnostic(&only.value)
    {
        fields.clear();
    }
    Ok(fields)
}
