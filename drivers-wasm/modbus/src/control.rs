//! Changing a device: one register after another, each looked at before and after.
//!
//! Settings live in memory that wears out and steer the heat of a house: nothing is written that is so already, nothing
//! outside the range that the map gives, and not often. A write is never repeated; what counts is what is read back.

use uzel_driver_sdk::{Failure, Fixed, Level, Port, Value, writes};

use crate::device::Device;
use crate::map::{Range, Setting, WriteFunction};
use crate::number::{Number, Type};
use crate::reading::{decimals, read_scaled};
use uzel_driver_sdk::modbus::pdu::{Area, Request, Span};

/// A number as the device keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub digits: i64,
    pub decimals: i16,
}

impl Held {
    fn text(self) -> String {
        match usize::try_from(self.decimals).ok().filter(|decimals| *decimals > 0) {
            None => self.digits.to_string(),
            Some(decimals) => {
                let sign = if self.digits < 0 { "-" } else { "" };
                let digits = format!("{:0width$}", self.digits.unsigned_abs(), width = decimals + 1);
                let (whole, part) = digits.split_at(digits.len() - decimals);
                format!("{sign}{whole}.{part}")
            }
        }
    }

    /// For the host.
    pub fn value(self) -> Value {
        Value::Fixed(Fixed {
            digits: self.digits,
            decimals: u8::try_from(self.decimals).unwrap_or(0),
        })
    }
}

/// The digits of a number in a device's own decimals, if it is one of its steps.
pub fn digits(value: &Value, decimals: i16) -> Result<i64, Failure> {
    let refused =
        |text: String| Failure::Refused(format!("value is {text}, expected a number with {decimals} decimals"));
    let Value::Fixed(Fixed {
        digits,
        decimals: given,
    }) = value
    else {
        return Err(refused("no fixed number".to_owned()));
    };
    let shift = decimals - i16::from(*given);
    let power = 10i64.checked_pow(u32::from(shift.unsigned_abs()));
    let shifted = match power {
        Some(power) if shift >= 0 => digits.checked_mul(power),
        Some(power) if digits % power == 0 => Some(digits / power),
        _ => None,
    };
    shifted.ok_or_else(|| refused(format!("{digits} with {given} decimals")))
}

impl Device {
    /// The setting of this name.
    pub fn setting(&self, id: &str) -> Result<Setting, Failure> {
        let found = self.map.settings.iter().find(|setting| setting.id == id);
        found
            .cloned()
            .ok_or_else(|| Failure::Unsupported(format!("there is no setting {id:?}")))
    }

    /// What a setting is now.
    pub fn held(&mut self, port: &mut dyn Port, setting: &Setting) -> Result<Held, Failure> {
        let map = &self.map;
        let found = self
            .talk
            .proven(port, |talk, port| read_scaled(talk, port, map, &[&setting.source]))?;
        let Some((Ok(bytes), power)) = found.first() else {
            return Err(Failure::Refused(format!("setting {} cannot be read", setting.id)));
        };
        let decimals = decimals(&setting.source, power.as_ref())
            .map_err(|what| Failure::Refused(format!("setting {}: {what}", setting.id)))?;
        match setting.source.decode(bytes) {
            Number::Whole(digits) => Ok(Held { digits, decimals }),
            _ => Err(Failure::Refused(format!("setting {} holds no number", setting.id))),
        }
    }

    /// Checks that a setting may have these digits now.
    pub fn check_range(&mut self, port: &mut dyn Port, setting: &Setting, wanted: Held) -> Result<(), Failure> {
        let (least, most) = match setting.range {
            Range::ReadOnly => return Err(Failure::Refused(format!("setting {} is not written", setting.id))),
            Range::Digits(least, most) => (least, most),
            Range::Registers(least, most) => (self.limit(port, setting, least)?, self.limit(port, setting, most)?),
        };
        if (least..=most).contains(&wanted.digits) {
            return Ok(());
        }
        let text = |digits| Held { digits, ..wanted }.text();
        let (id, unit) = (&setting.id, &setting.unit);
        let wanted = wanted.text();
        let what = format!(
            "setting {id} is to be {wanted} {unit}, expected {} to {}",
            text(least),
            text(most)
        );
        Err(Failure::Refused(what))
    }

    fn limit(&mut self, port: &mut dyn Port, setting: &Setting, at: u16) -> Result<i64, Failure> {
        let mut limit = setting.clone();
        (limit.source.at, limit.source.area) = (at, Area::Holding);
        self.held(port, &limit).map(|held| held.digits)
    }

    /// What a setting holds and what it is to hold, which its range allows.
    pub fn wanted(&mut self, port: &mut dyn Port, setting: &Setting, value: &Value) -> Result<(Held, Held), Failure> {
        let before = self.held(port, setting)?;
        let digits = digits(value, before.decimals)?;
        let wanted = Held { digits, ..before };
        self.check_range(port, setting, wanted)?;
        Ok((before, wanted))
    }

    /// Gives a setting a value that its range allows; gives what the device then holds.
    pub fn set(&mut self, port: &mut dyn Port, setting: &Setting, value: &Value) -> Result<Held, Failure> {
        let (before, wanted) = self.wanted(port, setting, value)?;
        if wanted == before {
            return Ok(before);
        }
        writes::permit(port, &setting.id)?;
        self.write(port, setting, before, wanted)
    }

    /// Writes and reads back.
    pub fn write(
        &mut self,
        port: &mut dyn Port,
        setting: &Setting,
        before: Held,
        wanted: Held,
    ) -> Result<Held, Failure> {
        let register = match setting.source.kind {
            Type::I16 => i16::try_from(wanted.digits).ok().map(i16::cast_unsigned),
            _ => u16::try_from(wanted.digits).ok(),
        };
        let (id, text) = (&setting.id, wanted.text());
        let value = register.ok_or_else(|| Failure::Refused(format!("setting {id} cannot hold {text}")))?;
        let Span { at, .. } = setting.source.span();
        let request = match self.map.write {
            WriteFunction::One => Request::WriteOne { at, value },
            WriteFunction::Many => Request::WriteMany {
                at,
                values: vec![value],
            },
        };
        let answer = self.talk.write(port, &request);
        if let Ok(Err(exception)) = answer {
            return Err(Failure::Refused(format!("setting {id} to {text}: {exception}")));
        }
        let after = self.held(port, setting)?;
        port.log(
            Level::Info,
            &format!("setting {id}: {} to {}", before.text(), after.text()),
        );
        if after == wanted {
            return Ok(after);
        }
        answer?.map_err(|exception| Failure::Refused(exception.to_string()))?;
        let what = format!("setting {id} holds {} after {text} was written and taken", after.text());
        port.log(Level::Error, &what);
        Err(Failure::Refused(what))
    }
}
