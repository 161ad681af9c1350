//! Settings that can be read: the heat inputs, what the owner entered, and the regulators' set points and weekly programme.

use uzel_driver_sdk::{Failure, Fixed, Port, Setting, Value};

use crate::message::{self, PROGRAMME_BYTES, SET_POINT_BYTES};
use crate::meter::{Meter, refused};
use crate::scheme::{Generation, Input, Measured, Pipe};

/// Days of a programme, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Places of the set points in their array.
const POINTS: [&str; 4] = ["r1.day", "r1.night", "r2.day", "r2.night"];

/// One value of a regulator, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 0 to 3: day and night of regulator 1, of regulator 2.
    Point(usize),
    /// 0 to 27: begins of the day from Monday on, ends of the day, of regulator 1, of regulator 2.
    Hour(usize),
}

impl Place {
    /// `r1.day`, `r2.night`, `r1.mon.begin`, `r2.sun.end`.
    pub fn parse(id: &str) -> Option<Self> {
        let hours = (0..PROGRAMME_BYTES).map(Self::Hour);
        let mut all = (0..POINTS.len()).map(Self::Point).chain(hours);
        all.find(|place| place.id() == id)
    }

    pub fn id(self) -> String {
        match self {
            Self::Point(place) => POINTS.get(place).copied().unwrap_or_default().to_owned(),
            Self::Hour(place) => {
                let day = DAYS.get(place % 7).copied().unwrap_or_default();
                let end = if place / 7 % 2 == 0 { "begin" } else { "end" };
                format!("r{}.{day}.{end}", place / 14 + 1)
            }
        }
    }

    /// Which regulator it belongs to, from 0.
    pub fn regulator(self) -> usize {
        match self {
            Self::Point(place) => place / 2,
            Self::Hour(place) => place / 14,
        }
    }

    fn title(self) -> String {
        let regulator = self.regulator() + 1;
        match self {
            Self::Point(place) => {
                let (ru, en) = if place % 2 == 0 {
                    ("днём", "by day")
                } else {
                    ("ночью", "by night")
                };
                format!("Регулятор {regulator}: уставка {ru} / set point {en}")
            }
            Self::Hour(place) => {
                const RU: [&str; 7] = ["пн", "вт", "ср", "чт", "пт", "сб", "вс"];
                let ru = RU.get(place % 7).copied().unwrap_or_default();
                let en = DAYS.get(place % 7).copied().unwrap_or_default();
                let (begin_ru, begin_en) = if place / 7 % 2 == 0 {
                    ("начало дня", "day begins")
                } else {
                    ("конец дня", "day ends")
                };
                format!("Регулятор {regulator}: {begin_ru}, {ru} / {begin_en}, {en}")
            }
        }
    }
}

/// A set point as the device keeps it. Not a number: not set.
pub fn point_value(point: f32) -> Value {
    if point.is_finite() {
        Value::Float(point.into())
    } else {
        Value::Absent
    }
}

/// An hour of the programme. Other numbers: not set.
pub fn hour_value(hour: u8) -> Value {
    match hour {
        0..=24 => whole(hour),
        _ => Value::Absent,
    }
}

fn whole(number: u8) -> Value {
    Value::Fixed(Fixed {
        digits: number.into(),
        decimals: 0,
    })
}

impl Meter {
    /// The set points of both regulators.
    pub fn set_points(&mut self, port: &mut dyn Port) -> Result<[f32; 4], Failure> {
        let data = self.talk.proven(port, true, |talk, port| {
            talk.data(port, &message::set_points())?.map_err(refused)
        })?;
        let mut points = [f32::NAN; SET_POINT_BYTES / 4];
        for (point, bytes) in points.iter_mut().zip(data.as_chunks::<4>().0) {
            *point = f32::from_be_bytes(*bytes);
        }
        Ok(points)
    }

    /// The weekly programme of both regulators.
    pub fn programme(&mut self, port: &mut dyn Port) -> Result<[u8; PROGRAMME_BYTES], Failure> {
        let data = self.talk.proven(port, true, |talk, port| {
            talk.data(port, &message::programme())?.map_err(refused)
        })?;
        let short = || {
            Failure::Garbled(format!(
                "a programme of {} bytes, expected {PROGRAMME_BYTES}",
                data.len()
            ))
        };
        data.first_chunk().copied().ok_or_else(short)
    }

    /// All settings that this firmware has.
    pub fn settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let mut settings: Vec<_> = self.scheme.inputs.iter().flat_map(input_settings).collect();
        if let Some(form) = self.scheme.report {
            settings.push(fixed("report", "Ведомость, тип / report form", whole(form)));
        }
        if let Some(requisites) = self.requisites(port)? {
            let entered = format!(
                "{} {} {}",
                requisites.organisation, requisites.district, requisites.device
            );
            settings.push(fixed(
                "requisites",
                "Организация, район, прибор / organisation, district, device",
                Value::Text(entered),
            ));
        }
        if self.scheme.generation == Generation::First {
            return Ok(settings);
        }
        for (number, kind) in (1..).zip(self.scheme.regulators) {
            let kind = kind.map_or(Value::Absent, whole);
            settings.push(fixed(
                &format!("r{number}.type"),
                &format!("Регулятор {number}: тип / type"),
                kind,
            ));
        }
        let points = self.set_points(port)?;
        let points = points.iter().enumerate();
        let points = points.map(|(place, point)| (Place::Point(place), point_value(*point), "Cel"));
        let hours = self.programme(port)?;
        let hours = hours.iter().enumerate();
        let hours = hours.map(|(place, hour)| (Place::Hour(place), hour_value(*hour), "h"));
        settings.extend(points.chain(hours).map(|(place, value, unit)| {
            Setting {
                id: place.id(),
                title: place.title(),
                value,
                unit: Some(unit.to_owned()),
                writable: self
                    .scheme
                    .regulators
                    .get(place.regulator())
                    .is_some_and(Option::is_some),
            }
        }));
        Ok(settings)
    }
}

fn fixed(id: &str, title: &str, value: Value) -> Setting {
    Setting {
        id: id.to_owned(),
        title: title.to_owned(),
        value,
        unit: None,
        writable: false,
    }
}

fn input_settings(input: &Input) -> Vec<Setting> {
    let settings = input.pipes.iter().map(|pipe| {
        let (number, point) = (pipe.number, input.number);
        fixed(
            &format!("pipe{number}"),
            &format!("Трубопровод {number} / pipe {number}"),
            Value::Text(format!("ТВ{point}, {}", described(pipe))),
        )
    });
    settings.collect()
}

fn described(pipe: &Pipe) -> String {
    let carrier = match pipe.carrier {
        0 => "saturated steam",
        1 => "superheated steam",
        2 => "water",
        _ => "electricity",
    };
    let measured = |measured| match measured {
        Measured::No => "none",
        Measured::Yes => "measured",
        Measured::Contract => "contract",
    };
    format!(
        "{carrier}, {}, T {}, P {}",
        pipe.purpose.pipe().unwrap_or("electricity"),
        measured(pipe.temperature),
        measured(pipe.pressure)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_regulators_has_an_own_name() {
        let names: Vec<_> = (0..PROGRAMME_BYTES).map(|place| Place::Hour(place).id()).collect();
        assert_eq!(
            (&*names[0], &*names[13], &*names[20]),
            ("r1.mon.begin", "r1.sun.end", "r2.sun.begin")
        );
        for place in (0..4).map(Place::Point).chain((0..PROGRAMME_BYTES).map(Place::Hour)) {
            assert_eq!(Place::parse(&place.id()), Some(place));
            assert!(place.title().contains(&format!("Регулятор {}", place.regulator() + 1)));
        }
        assert_eq!(Place::parse("r3.day"), None);
    }
}
