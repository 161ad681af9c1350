//! Columns: what a parameter of a channel is called, and the unit that the meter names.

use uzel_driver_sdk::{Aggregate, Column};

use crate::model::{Known, Model, group};
use crate::number::cut;

/// Bytes of an id and of a unit at most: what the contract takes, and a meter's text is never longer.
const WORD_MAX: usize = 64;

/// The column of a parameter: `number` on the wire, of the channel, `known` where the tables have it.
///
/// Pipe 2 is point 2, and so is magistral 2; the letter in the id tells them apart, as on the meter's display.
pub fn column(model: &Model, known: Option<&Known>, number: u16, channel: u8, unit_text: &str) -> Column {
    let is_text = known.is_some_and(|known| known.quantity == "abnormal");
    let name = known.map_or_else(|| format!("{number:03}"), |known| known.name.to_owned());
    let id = match model.letter(group(number)) {
        "" => name,
        letter => format!("{letter}{channel}.{name}"),
    };
    // A text takes its unit from the column before it, where the meter leaves out what stays.
    let unit = if is_text { String::new() } else { unit(unit_text) };
    let quantity = match known.map_or("other", |known| known.quantity) {
        "energy" if unit == "kvarh" => "reactive-energy",
        quantity => quantity,
    };
    Column {
        id: cut(&id, WORD_MAX),
        quantity: quantity.to_owned(),
        unit,
        point: channel,
        tariff: known.map_or(0, |known| known.tariff),
        pipe: known.and_then(|known| known.pipe).map(str::to_owned),
        aggregate: known.map_or(Aggregate::State, |known| known.aggregate),
        decimals: None,
    }
}

/// The vocabulary's code of a unit; one that is not known stays as the meter writes it.
pub fn unit(text: &str) -> String {
    // Meters mix Latin and Russian letters of one shape: "кгс/cм2".
    // And some put a sign between the factors of a product, some do not.
    let plain = text.trim().chars().filter(|letter| !matches!(letter, '*' | '·' | '.'));
    let plain: String = plain.map(russian).collect();
    let code = match plain.as_str() {
        "'С" | "°С" | "С" => "Cel",
        "кгс/см2" => "kgf/cm2",
        "кгс/м2" => "kgf/m2",
        "МПа" => "MPa",
        "кПа" => "kPa",
        "Гкал" => "Gcal",
        "ГДж" => "GJ",
        "МВтч" => "MWh",
        "кВтч" => "kWh",
        "кварч" => "kvarh",
        "Гкал/ч" => "Gcal/h",
        "ГДж/ч" => "GJ/h",
        "МВт" => "MW",
        "кВт" => "kW",
        "т" => "t",
        "кг" => "kg",
        "т/ч" => "t/h",
        "кг/ч" => "kg/h",
        "м3" => "m3",
        "м3/ч" => "m3/h",
        "ч" | "час" => "h",
        "мин" => "min",
        "с" | "сек" => "s",
        "%" => "%",
        "Гц" => "Hz",
        "б/р" => "1",
        _ => return cut(text.trim(), WORD_MAX),
    };
    code.to_owned()
}

fn russian(letter: char) -> char {
    match letter {
        'c' => 'с',
        'C' => 'С',
        'M' => 'М',
        'a' => 'а',
        'o' => 'о',
        'p' => 'р',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Group, model};

    #[test]
    fn units_of_both_alphabets_are_known() {
        for (text, want) in [
            ("'C", "Cel"),
            ("кгс/cм2", "kgf/cm2"),
            ("кгс/см2", "kgf/cm2"),
            ("МВт*ч", "MWh"),
            ("квар.ч", "kvarh"),
            ("т", "t"),
            ("б/р", "1"),
            ("", ""),
            (" тыс.м3 ", "тыс.м3"),
        ] {
            assert_eq!(unit(text), want, "{text:?}");
        }
    }

    #[test]
    fn a_column_is_named_as_on_the_display() {
        let heat = model("spt961.1").unwrap();
        let known = |number| heat.known(heat.archive, number);
        let id = |number, channel| column(heat, known(number), number, channel, "").id;
        assert_eq!(
            (id(71, 0), id(210, 2), id(405, 1)),
            ("Tхв".into(), "т2.M".into(), "п1.dW".into())
        );
        assert_eq!(column(heat, known(245), 245, 1, "м3").unit, "");
        let other = column(heat, None, 299, 3, "");
        assert_eq!(
            (other.id.as_str(), other.quantity.as_str(), other.point),
            ("т3.299", "other", 3)
        );
    }

    #[test]
    fn a_group_of_channels_has_their_parameters_but_no_register() {
        let meter = model("spe543").unwrap();
        let known = |number| meter.known(meter.archive, number);
        let told = |number, unit| {
            let column = column(meter, known(number), number, 17, unit);
            (column.id, column.quantity, column.unit, column.tariff)
        };
        let want = |id: &str, quantity: &str, unit: &str, tariff| (id.into(), quantity.into(), unit.into(), tariff);
        assert_eq!(told(205, "кВт"), want("к17.Pср", "power", "kW", 0));
        assert_eq!(told(405, "кВт"), want("г17.Pср", "power", "kW", 0));
        assert_eq!(told(422, "кВт*ч"), want("г17.W4", "energy", "kWh", 4));
        assert_eq!(told(225, "квар·ч"), want("к17.W3", "reactive-energy", "kvarh", 3));
        assert_eq!(told(213, "кВт.ч"), want("к17.Wэ", "energy", "kWh", 0));
        assert!(known(413).is_none() && known(605).is_none());
        let register = meter.known(meter.totals, 163).unwrap();
        assert_eq!(meter.number(register, Group::Main), None);
    }
}
