//! The units that a meter is set to (M4 note, section 6.2).

use uzel_driver_sdk::{Failure, Port};

use super::model::{Medium, Model, settings_of};
use super::talk::{Place, Talk};
use crate::legacy::table::Units;

/// The unit of a setting: one of its own, or that of the quantity which it names.
pub fn of_setting(units: &Units, unit: &'static str) -> &'static str {
    match unit {
        "C" => "Cel",
        "P" => units.pressure,
        "Q" => units.heat,
        _ => match units.own(unit) {
            "" => unit,
            own => own,
        },
    }
}

/// Reads the settings that choose the units.
pub fn read(talk: &mut Talk, port: &mut dyn Port, model: &'static Model) -> Result<Units, Failure> {
    let named: Vec<(&'static str, Place)> = match model.medium {
        Medium::Flow => Vec::new(),
        Medium::Heat => ["ЕИ", "ЕИ/P", "ЕИ/Q"]
            .into_iter()
            .filter_map(|name| Some((name, model.setting(name)?)))
            .collect(),
        Medium::Gas => model
            .settings
            .iter()
            .flat_map(settings_of)
            .filter(|known| known.name.starts_with('['))
            .map(|known| (known.name, known.place))
            .collect(),
    };
    let places: Vec<Place> = named.iter().map(|(_, place)| *place).collect();
    let texts = talk.read_tags(port, &places, |_, tag, _| tag.text())?;
    let mut units = Units {
        pressure: "",
        heat: "",
        own: Vec::new(),
    };
    for ((name, _), text) in named.iter().zip(&texts) {
        let value: u32 = text
            .parse()
            .map_err(|_| Failure::Garbled(format!("setting {name} reads {text:?}, expected a number of units")))?;
        let pair = Units::of_setting(value);
        match *name {
            "ЕИ" => (units.pressure, units.heat) = (pair.pressure, pair.heat),
            "ЕИ/P" => units.pressure = pair.pressure,
            "ЕИ/Q" => units.heat = pair.heat,
            _ => units.own.push((name.trim_matches(['[', ']']), Units::gas(value))),
        }
    }
    Ok(units)
}
