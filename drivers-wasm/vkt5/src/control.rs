//! Changing the set points and the weekly programme of the built-in regulators: the only means of remote control that the
//! documents give.
//!
//! Both are arrays that are written whole, so what is not to change is written as it was read. Nothing is written that is
//! so already, nothing outside of the bounds, nothing to a regulator that is not there, and not often. A write is never
//! repeated; what counts is what is read back.

use uzel_driver_sdk::{Failure, Fixed, Level, Port, Value, writes};

use crate::frame::{Reply, Request};
use crate::message::{self, PROGRAMME_BYTES};
use crate::meter::Meter;
use crate::settings::{Place, hour_value, point_value};

/// Set points that are believed, °C: from frost protection up to the water of a heating system.
const POINTS_C: std::ops::RangeInclusive<f64> = 5.0..=95.0;
/// Hours of a programme.
const HOURS: std::ops::RangeInclusive<i64> = 0..=23;

type Arguments<'a> = &'a [(String, Value)];

impl Meter {
    /// `set` gives one value (`setting`, `value`), `programme` a regulator's whole week (`regulator`; `begin` and `end`:
    /// seven hours each, Monday first). Gives what the device then holds.
    pub fn command(&mut self, port: &mut dyn Port, name: &str, arguments: Arguments) -> Result<Value, Failure> {
        match name {
            "set" => {
                let id = text(arguments, "setting")?;
                let place =
                    Place::parse(id).ok_or_else(|| Failure::Unsupported(format!("there is no setting {id:?}")))?;
                let value = argument(arguments, "value")?;
                match place {
                    Place::Point(point) => self.set_point(port, point, value),
                    Place::Hour(hour) => self.set_hour(port, hour, value),
                }
            }
            "programme" => self.set_week(port, arguments),
            other => Err(Failure::Unsupported(format!("there is no command {other:?}"))),
        }
    }

    fn set_point(&mut self, port: &mut dyn Port, place: usize, value: &Value) -> Result<Value, Failure> {
        self.require(Place::Point(place).regulator())?;
        let id = Place::Point(place).id();
        let celsius = number(value).ok_or_else(|| Failure::Refused(format!("{id} is to be no number: {value:?}")))?;
        if !POINTS_C.contains(&celsius) {
            let (least, most) = (POINTS_C.start(), POINTS_C.end());
            return Err(Failure::Refused(format!(
                "{id} is to be {celsius} °C, expected {least} to {most}"
            )));
        }
        let before = self.set_points(port)?;
        let mut wanted = before;
        if let Some(point) = wanted.get_mut(place) {
            // The device keeps singles.
            #[allow(clippy::cast_possible_truncation, reason = "within 5 to 95")]
            let single = celsius as f32;
            *point = single;
        }
        let bits = |points: [f32; 4]| points.map(f32::to_bits);
        if bits(wanted) != bits(before) {
            writes::permit(port, &id)?;
            let written = self.write(port, &message::set_set_points(wanted))?;
            let after = self.set_points(port)?;
            port.log(Level::Info, &format!("set points: {before:?} to {after:?}"));
            judge(
                written,
                bits(after) == bits(wanted),
                &format!("the set points are {after:?}"),
            )?;
        }
        Ok(wanted.get(place).map_or(Value::Absent, |point| point_value(*point)))
    }

    fn set_hour(&mut self, port: &mut dyn Port, place: usize, value: &Value) -> Result<Value, Failure> {
        self.require(Place::Hour(place).regulator())?;
        let hour = match value {
            Value::Fixed(Fixed { digits, decimals: 0 }) => hour(*digits)?,
            other => {
                return Err(Failure::Refused(format!(
                    "{} is to be no hour: {other:?}",
                    Place::Hour(place).id()
                )));
            }
        };
        let after = self.change_programme(port, &Place::Hour(place).id(), |programme| {
            if let Some(byte) = programme.get_mut(place) {
                *byte = hour;
            }
        })?;
        Ok(after.get(place).map_or(Value::Absent, |hour| hour_value(*hour)))
    }

    fn set_week(&mut self, port: &mut dyn Port, arguments: Arguments) -> Result<Value, Failure> {
        let regulator = match argument(arguments, "regulator")? {
            Value::Fixed(Fixed { digits: 1, decimals: 0 }) => 0,
            Value::Fixed(Fixed { digits: 2, decimals: 0 }) => 1,
            other => return Err(Failure::Refused(format!("regulator is {other:?}, expected 1 or 2"))),
        };
        self.require(regulator)?;
        let hours = [week(arguments, "begin")?, week(arguments, "end")?].concat();
        let after = self.change_programme(port, &format!("r{}", regulator + 1), |programme| {
            for (byte, hour) in programme.iter_mut().skip(regulator * 14).zip(&hours) {
                *byte = *hour;
            }
        })?;
        let of_regulator: Vec<_> = after.iter().skip(regulator * 14).take(14).map(u8::to_string).collect();
        Ok(Value::Text(of_regulator.join(" ")))
    }

    /// Changes the programme, unless it is so already, and gives what the device then holds. `id` is what changes.
    fn change_programme(
        &mut self,
        port: &mut dyn Port,
        id: &str,
        change: impl FnOnce(&mut [u8; PROGRAMME_BYTES]),
    ) -> Result<[u8; PROGRAMME_BYTES], Failure> {
        let before = self.programme(port)?;
        let mut wanted = before;
        change(&mut wanted);
        if wanted == before {
            return Ok(before);
        }
        writes::permit(port, id)?;
        let written = self.write(port, &message::set_programme(&wanted))?;
        let after = self.programme(port)?;
        port.log(Level::Info, &format!("programme: {before:?} to {after:?}"));
        judge(written, after == wanted, &format!("the programme is {after:?}"))?;
        Ok(after)
    }

    /// A regulator, counted from 0, must be there.
    fn require(&self, regulator: usize) -> Result<(), Failure> {
        match self.scheme.regulators.get(regulator) {
            Some(Some(_)) => Ok(()),
            _ => Err(Failure::Refused(format!(
                "regulator {} is not configured",
                regulator + 1
            ))),
        }
    }

    /// Writes once. The inner error is what the device or the line said; whether it was taken is read back.
    fn write(&mut self, port: &mut dyn Port, request: &Request) -> Result<Result<(), Failure>, Failure> {
        match self.talk.ask(port, request) {
            Ok(Reply::Refused(code)) => Ok(Err(crate::meter::refused(code))),
            Ok(Reply::Done | Reply::Data(_)) => Ok(Ok(())),
            Err(failure @ (Failure::NoAnswer | Failure::Garbled(_))) => Ok(Err(failure)),
            Err(failure) => Err(failure),
        }
    }
}

/// A write is good when the device holds what was wanted, whatever became of the answer.
fn judge(written: Result<(), Failure>, is_held: bool, held: &str) -> Result<(), Failure> {
    if is_held {
        return Ok(());
    }
    written?;
    Err(Failure::Refused(format!("after a write that was taken {held}")))
}

fn argument<'a>(arguments: Arguments<'a>, wanted: &str) -> Result<&'a Value, Failure> {
    let found = arguments.iter().find(|(name, _)| name == wanted);
    let missing = || Failure::Refused(format!("argument {wanted} is missing"));
    found.map(|(_, value)| value).ok_or_else(missing)
}

fn text<'a>(arguments: Arguments<'a>, wanted: &str) -> Result<&'a str, Failure> {
    match argument(arguments, wanted)? {
        Value::Text(text) => Ok(text),
        other => Err(Failure::Refused(format!(
            "argument {wanted} is {other:?}, expected text"
        ))),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Fixed(fixed) => {
            #[allow(clippy::cast_precision_loss, reason = "set points have a few digits")]
            let digits = fixed.digits as f64;
            Some(digits / 10f64.powi(fixed.decimals.into()))
        }
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn hour(digits: i64) -> Result<u8, Failure> {
    let hour = u8::try_from(digits).ok().filter(|_| HOURS.contains(&digits));
    let wrong = || {
        Failure::Refused(format!(
            "hour is {digits}, expected {} to {}",
            HOURS.start(),
            HOURS.end()
        ))
    };
    hour.ok_or_else(wrong)
}

/// Seven hours, Monday first, with spaces or commas between them.
fn week(arguments: Arguments, name: &str) -> Result<Vec<u8>, Failure> {
    let text = text(arguments, name)?;
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let parsed = words.map(|word| {
        let digits = word
            .parse()
            .map_err(|_| Failure::Refused(format!("{name} has {word:?}, expected an hour")))?;
        hour(digits)
    });
    let hours: Vec<u8> = parsed.collect::<Result<_, Failure>>()?;
    if hours.len() == 7 {
        return Ok(hours);
    }
    Err(Failure::Refused(format!(
        "{name} has {} hours, expected 7",
        hours.len()
    )))
}
