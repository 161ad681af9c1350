//! One meter: who it is, its clock, and what its registers hold now.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::DateTime;
use dlms_cosem_rs::xdlms::DataAccessResult;
use uzel_driver_sdk::calendar::seconds;
use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Failure, Identity, Instant, LabelRule, Mark, Port, Quality, Row, Sink,
};

use crate::apdu::{Attribute, word};
use crate::buffer::Buffer;
use crate::cell::cell;
use crate::column::{CLOCK, Captured, DATA, Scale, tell_apart};
use crate::config::Config;
use crate::object::Object;
use crate::talk::Talk;
use crate::{name, profile, stamp, tree};

/// Registers of one reading at most.
const REGISTERS_MAX: usize = 64;
/// How far a clock that was set may be from what was asked for, seconds.
const HELD_S: i64 = 10;

/// Which registers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Current,
    Totals,
}

/// A meter in a session.
pub struct Meter {
    pub talk: Talk,
    pub config: Config,
    pub device_name: String,
    pub objects: Option<Vec<Object>>,
    /// What is known of profiles, by archive.
    pub found: Vec<(ArchiveKind, Buffer)>,
    scales: Vec<((u16, Obis), Option<Scale>)>,
    /// What the clock showed, and when.
    clock: Option<(i64, Instant)>,
}

impl Meter {
    pub fn new(port: &dyn Port, config: Config) -> Self {
        Self {
            talk: Talk::new(port, &config),
            config,
            device_name: String::new(),
            objects: None,
            found: Vec::new(),
            scales: Vec::new(),
            clock: None,
        }
    }

    /// Associates and asks who answers: the logical device name is what every meter has.
    pub fn identify(&mut self, port: &mut dyn Port) -> Result<Identity, Failure> {
        self.talk.open(port)?;
        let device_name = self.text(port, name::DEVICE_NAME)?.unwrap_or_default();
        if !device_name.starts_with(&self.config.device_name) {
            return Err(Failure::WrongDevice(format!(
                "logical device name {device_name:?}, expected to begin with {:?}",
                self.config.device_name
            )));
        }
        let serial = self.text(port, name::DEVICE_ID)?.filter(|text| !text.is_empty());
        let firmware = self.text(port, name::FIRMWARE)?.filter(|text| !text.is_empty());
        let serial = serial.or_else(|| Some(device_name.clone()).filter(|name| !name.is_empty()));
        port.note(&format!("device {device_name:?} serial {serial:?}"));
        let details = vec![("0.0.42.0.0".to_owned(), device_name.clone())];
        self.device_name = device_name;
        Ok(Identity {
            model: "dlms".to_owned(),
            serial,
            firmware,
            details,
        })
    }

    /// A text of class 1; none where the meter does not show it.
    fn text(&mut self, port: &mut dyn Port, name: Obis) -> Result<Option<String>, Failure> {
        let said = self.talk.get_encoded(port, Attribute::new(DATA, name, 2), None)?;
        Ok(said.ok().and_then(|bytes| tree::text(&tree::lent(&bytes))))
    }

    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.clock_and_stamp(port).map(|(reading, _)| reading)
    }

    fn clock_and_stamp(&mut self, port: &mut dyn Port) -> Result<(ClockReading, DateTime), Failure> {
        let mut sent = port.now();
        let said = self
            .talk
            .get_timed(port, Attribute::new(CLOCK, name::CLOCK, 2), &mut sent)?;
        let heard = port.now();
        let stamp = match said {
            Ok(value) => stamp::date_time(&tree::lent(&value)),
            Err(why) => {
                return Err(Failure::Refused(format!(
                    "the meter does not show its clock: {}",
                    word(why)
                )));
            }
        };
        let shown = stamp.and_then(|stamp| Some((stamp::shown(&stamp)?, stamp)));
        let Some((shown, stamp)) = shown else {
            return Err(Failure::Refused("the clock shows no time".to_owned()));
        };
        let trip_ms = heard.saturating_sub(sent).max(0);
        let at = sent.saturating_add(trip_ms / 2);
        self.clock = seconds(shown).map(|shown| (shown, at));
        let reading = ClockReading {
            shown,
            at,
            uncertainty_ms: u32::try_from(trip_ms / 2).unwrap_or(u32::MAX).saturating_add(1_000),
        };
        Ok((reading, stamp))
    }

    /// What the clock shows now: read once a session, counted on from there.
    pub fn clock_now(&mut self, port: &mut dyn Port) -> Result<i64, Failure> {
        if self.clock.is_none() {
            self.read_clock(port)?;
        }
        let (shown, at) = self.clock.unwrap_or_default();
        Ok(shown + port.now().saturating_sub(at) / 1_000)
    }

    /// Sets the clock and reads it again; its deviation from UTC stays.
    pub fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        let begun = port.now();
        let (_, before) = self.clock_and_stamp(port)?;
        let aim = |now: Instant| seconds(to).unwrap_or(0) + now.saturating_sub(begun) / 1_000;
        let wanted = uzel_driver_sdk::calendar::civil(aim(port.now()));
        let value = tree::octets(&stamp::replaced(&before, wanted));
        let said = self.talk.set(port, Attribute::new(CLOCK, name::CLOCK, 2), &value);
        match said {
            Ok(Ok(())) => {}
            Ok(Err(why)) => {
                return Err(Failure::Refused(format!(
                    "the meter does not let its clock be set: {}",
                    word(why)
                )));
            }
            // It may have come through: reading again decides.
            Err(Failure::NoAnswer | Failure::Garbled(_)) => port.note("no answer to the new time"),
            Err(failure) => return Err(failure),
        }
        let after = self.read_clock(port)?;
        let (shown, want) = (seconds(after.shown).unwrap_or(0), aim(after.at));
        if (shown - want).abs() <= HELD_S {
            return Ok(());
        }
        let want = uzel_driver_sdk::calendar::civil(want);
        Err(Failure::Refused(format!(
            "the clock shows {} after it was set, expected {}",
            stamp::text(after.shown),
            stamp::text(want)
        )))
    }

    /// The scale of a captured attribute, asked for once a session.
    pub fn scale(&mut self, port: &mut dyn Port, captured: &Captured) -> Result<Option<Scale>, Failure> {
        let Some(attribute) = captured.scale_attribute() else {
            return Ok(None);
        };
        let key = (captured.class, captured.name);
        if let Some((_, known)) = self.scales.iter().find(|(of, _)| *of == key) {
            return Ok(*known);
        }
        let asked = Attribute::new(captured.class, captured.name, attribute);
        let scale = match self.talk.get(port, asked, None)? {
            Ok(value) => profile::scale(&value),
            Err(_) => None,
        };
        if scale.is_none() {
            port.note(&format!("{} has no scale and no unit", captured.id()));
        }
        self.scales.push((key, scale));
        Ok(scale)
    }

    /// One row of registers.
    pub fn read_moment(&mut self, port: &mut dyn Port, wanted: Wanted, out: &mut dyn Sink) -> Result<(), Failure> {
        let is_wanted = |object: &Object| match wanted {
            Wanted::Current => object.is_instant(),
            Wanted::Totals => object.is_total(),
        };
        let objects: Vec<Object> = self.objects(port)?.into_iter().filter(is_wanted).collect();
        let clock = self.read_clock(port)?;
        let mut row = Row {
            label: Some(clock.shown),
            other_end: None,
            length_s: None,
            values: Vec::new(),
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        let mut columns = Vec::new();
        for object in objects.iter().take(REGISTERS_MAX) {
            let captured = Captured {
                class: object.class,
                name: object.name,
                attribute: 2,
                element: 0,
            };
            let said = self
                .talk
                .get_encoded(port, Attribute::new(captured.class, captured.name, 2), None)?;
            let value = match said {
                Ok(value) => value,
                // It is not there, or not for us.
                Err(why) if is_hidden(why) => continue,
                Err(why) => {
                    row.marks.push(Mark {
                        column: u16::try_from(row.values.len()).unwrap_or(u16::MAX),
                        quality: Quality::Absent,
                        code: Some(word(why)),
                    });
                    Vec::new()
                }
            };
            let scale = self.scale(port, &captured)?;
            columns.push(captured.column(scale));
            row.values.push(cell(&captured, scale, &tree::lent(&value)));
        }
        if columns.is_empty() {
            return Err(Failure::Unsupported(
                "the meter shows none of these registers".to_owned(),
            ));
        }
        tell_apart(&mut columns);
        out.declare(&columns, LabelRule::Moment)?;
        out.rows(&[row], None)
    }
}

/// Whether an object is none for this association.
pub fn is_hidden(why: DataAccessResult) -> bool {
    matches!(
        why,
        DataAccessResult::ReadWriteDenied
            | DataAccessResult::ObjectUndefined
            | DataAccessResult::ObjectClassInconsistent
            | DataAccessResult::ObjectUnavailable
            | DataAccessResult::ScopeOfAccessViolated
    )
}
