//! Settings of the meter as a whole (SPbus note, sections 4 and 5; numbers and names of the maker's tag database).

use uzel_driver_sdk::{Failure, Port, Setting, Value};

use crate::column::unit;
use crate::message::{self, Field};
use crate::model::Model;
use crate::number;
use crate::session::Session;

/// One setting: a parameter, or an element of one.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub number: u16,
    pub element: Option<u16>,
    ru: &'static str,
    en: &'static str,
    /// Whether it may be written from afar: nothing that decides how the meter is reached.
    is_writable: bool,
}

const fn p(number: u16, ru: &'static str, en: &'static str) -> Place {
    Place {
        number,
        element: None,
        ru,
        en,
        is_writable: false,
    }
}

const fn e(number: u16, element: u16, ru: &'static str, en: &'static str) -> Place {
    Place {
        element: Some(element),
        ..p(number, ru, en)
    }
}

const fn w(place: Place) -> Place {
    Place {
        is_writable: true,
        ..place
    }
}

/// Of every model.
const COMMON: &[Place] = &[
    p(3, "интерфейсы, первый порт", "interfaces, first port"),
    p(8, "номер прибора", "number of the device"),
    p(15, "печать НС, отметка значений", "printing of НС, marking of values"),
    w(p(24, "расчётный час", "settlement hour")),
    w(p(25, "расчётный день", "settlement day")),
];

/// Of heat and gas meters.
const HEAT_AND_GAS: &[Place] = &[
    e(30, 0, "единицы измерения", "units of measurement"),
    e(54, 6, "контрольная сумма настроек", "checksum of the settings"),
];

/// Of СПЕ542 and of СПЕ543.
const ELECTRICITY_542: &[Place] = &[e(27, 0, "единицы измерения", "units of measurement")];
const ELECTRICITY_543: &[Place] = &[p(4, "интерфейсы, второй порт", "interfaces, second port")];

/// Of the meters after the first generation.
const LATER: &[Place] = &[
    p(4, "интерфейсы, второй порт", "interfaces, second port"),
    e(31, 0, "обслуживаемые трубопроводы", "pipes that are served"),
    e(31, 1, "обслуживаемые потребители", "consumers that are served"),
    e(54, 0, "состояние трубопроводов", "state of the pipes"),
    w(e(
        37,
        0,
        "константа барометрического давления",
        "constant of barometric pressure",
    )),
    w(e(
        40,
        0,
        "константа температуры наружного воздуха",
        "constant of outdoor temperature",
    )),
];

/// Of heat meters after the first generation.
const HEAT: &[Place] = &[
    w(e(
        35,
        0,
        "константа температуры холодной воды",
        "constant of cold-water temperature",
    )),
    w(e(
        36,
        0,
        "константа давления холодной воды",
        "constant of cold-water pressure",
    )),
];

/// Of the first СПТ961.
const FIRST_HEAT: &[Place] = &[
    p(31, "обслуживаемые каналы", "channels that are served"),
    w(p(
        40,
        "константа температуры холодной воды",
        "constant of cold-water temperature",
    )),
    w(p(
        41,
        "константа барометрического давления",
        "constant of barometric pressure",
    )),
    w(p(
        42,
        "константа давления холодной воды",
        "constant of cold-water pressure",
    )),
];

impl Place {
    /// `024`, or `030н00` as the meter writes it.
    pub fn id(&self) -> String {
        match self.element {
            None => format!("{:03}", self.number),
            Some(element) => format!("{:03}н{element:02}", self.number),
        }
    }
}

/// The settings of a model.
pub fn places(model: &Model) -> impl Iterator<Item = &'static Place> {
    let is_heat = model.id.starts_with("spt");
    let more: [&[Place]; 3] = match (model.is_first, is_heat) {
        (true, _) if model.is_electric => [ELECTRICITY_542, &[], &[]],
        (false, _) if model.is_electric => [ELECTRICITY_543, &[], &[]],
        (false, true) => [HEAT_AND_GAS, LATER, HEAT],
        (false, false) => [HEAT_AND_GAS, LATER, &[]],
        (true, true) => [HEAT_AND_GAS, FIRST_HEAT, &[]],
        (true, false) => [HEAT_AND_GAS, &[], &[]],
    };
    [COMMON].into_iter().chain(more).flatten()
}

impl Session {
    /// All settings that the meter has.
    pub fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let mut settings = Vec::new();
        for place in places(self.model) {
            let Some(field) = self.setting(port, place)? else {
                continue;
            };
            let unit = unit(&field.unit);
            settings.push(Setting {
                id: place.id(),
                title: format!("{} / {}", place.ru, place.en),
                value: number::text_cell(&field.value).value,
                unit: Some(unit).filter(|unit| !unit.is_empty()),
                writable: place.is_writable,
            });
        }
        Ok(settings)
    }

    /// Writes a setting and reads it back.
    pub fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: &Value) -> Result<(), Failure> {
        let place = places(self.model).find(|place| place.is_writable && place.id() == id);
        let place = place.ok_or_else(|| Failure::Unsupported(format!("setting {id} cannot be written")))?;
        let wanted = text(value).ok_or_else(|| Failure::Unsupported(format!("setting {id} is text or a number")))?;
        let asked = message::write(place.number, place.element, &wanted);
        let said = self
            .link
            .ask(port, &asked, |answer| message::written(&asked, &answer.blocks))?;
        if let Some(said) = said {
            return Err(Failure::Refused(format!("the meter says {said:?} to {id} {wanted}")));
        }
        let held = self.setting(port, place)?.map(|field| field.value).unwrap_or_default();
        if is_same(&held, &wanted) {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "setting {id} holds {held:?} after it was written, expected {wanted:?}"
        )))
    }

    fn setting(&mut self, port: &mut dyn Port, place: &Place) -> Result<Option<Field>, Failure> {
        Ok(match place.element {
            None => self.values(port, &[(0, place.number)])?.pop().flatten(),
            Some(element) => self.elements(port, place.number, element, 1)?.pop(),
        })
    }
}

/// A value as it is written; none for flags and for texts that would be more than one field.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Fixed(fixed) => {
            let decimals = usize::from(fixed.decimals);
            let digits = format!("{:0width$}", fixed.digits.unsigned_abs(), width = decimals + 1);
            let (whole, fraction) = digits.split_at(digits.len() - decimals);
            let sign = if fixed.digits < 0 { "-" } else { "" };
            let point = if fraction.is_empty() { "" } else { "." };
            Some(format!("{sign}{whole}{point}{fraction}"))
        }
        Value::Text(text) if !text.chars().any(char::is_control) && text.len() <= 64 => Some(text.clone()),
        _ => None,
    }
}

/// Equal as texts or as numbers.
fn is_same(held: &str, wanted: &str) -> bool {
    let number = |text: &str| match number::cell(text).value {
        Value::Fixed(mut fixed) => {
            while fixed.decimals > 0 && fixed.digits % 10 == 0 {
                (fixed.digits, fixed.decimals) = (fixed.digits / 10, fixed.decimals - 1);
            }
            Some((fixed.digits, fixed.decimals))
        }
        _ => None,
    };
    let (held_number, wanted_number) = (number(held), number(wanted));
    held.trim() == wanted.trim() || (held_number.is_some() && held_number == wanted_number)
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::Fixed;

    use super::*;

    #[test]
    fn numbers_are_written_with_their_decimals() {
        let fixed = |digits, decimals| text(&Value::Fixed(Fixed { digits, decimals }));
        assert_eq!(fixed(-5, 2).as_deref(), Some("-0.05"));
        assert_eq!(fixed(8, 0).as_deref(), Some("8"));
        assert_eq!(fixed(1250, 1).as_deref(), Some("125.0"));
        assert_eq!(text(&Value::Text("0\t1".to_owned())), None);
        assert_eq!(text(&Value::Bits(1)), None);
        assert!(is_same("08", "8") && is_same("5.0", "5") && !is_same("5", "6") && !is_same("", "0"));
    }
}
