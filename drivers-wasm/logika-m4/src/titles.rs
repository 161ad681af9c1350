//! What settings are called, for people. A name that is not here is shown as it is: its meaning is not public.

/// The title of a setting in Russian and English.
pub fn title(name: &str) -> String {
    let numbered = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
    match about(name).or_else(|| about(numbered)) {
        Some((ru, en)) => format!("{ru} / {en}"),
        None => name.to_owned(),
    }
}

fn about(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "ЕИ" => ("единицы измерения", "units of measurement"),
        "ТО" => ("время", "time"),
        "ДО" => ("дата", "date"),
        "КЧ" => ("коррекция часов", "clock correction"),
        "СР" => ("расчётные сутки", "settlement day"),
        "ЧР" => ("расчётный час", "settlement hour"),
        "ПЛ" => ("переход на летнее время", "summer time switch"),
        "ДЛ" => ("дата перехода на летнее время", "date of summer time"),
        "ДЗ" => ("дата перехода на зимнее время", "date of winter time"),
        "NT" => ("сетевой номер", "network number"),
        "ИД" => ("идентификатор", "identifier"),
        "КИ" => ("конфигурация интерфейса", "interface configuration"),
        "СП" => ("схема потребления", "consumption scheme"),
        "КВ" => ("код ввода", "input code"),
        "tхк" => (
            "константа температуры холодной воды",
            "constant of cold-water temperature",
        ),
        "Pхк" => ("константа давления холодной воды", "constant of cold-water pressure"),
        "tх" => ("температура холодной воды", "cold-water temperature"),
        "Pх" => ("давление холодной воды", "cold-water pressure"),
        "tк" => ("константа температуры", "constant of temperature"),
        "Pк" => ("константа давления", "constant of pressure"),
        "ВП" => ("верхний предел датчика давления", "upper limit of the pressure sensor"),
        "C" => ("цена импульса", "pulse weight"),
        "Gв" => ("верхний предел расхода", "upper limit of flow"),
        "Gн" => ("нижний предел расхода", "lower limit of flow"),
        "Gк" => ("константа расхода", "constant of flow"),
        "Mк" => ("константа массы", "constant of mass"),
        "Qк" => ("константа тепла", "constant of heat"),
        "КУ" => ("контроль параметра", "control of a parameter"),
        "НУ" => ("номер контролируемого параметра", "number of the controlled parameter"),
        "УВ" => ("верхняя уставка", "upper set-point"),
        "УН" => ("нижняя уставка", "lower set-point"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_name_takes_the_title_of_its_kind() {
        assert_eq!(title("Gв3"), "верхний предел расхода / upper limit of flow");
        assert_eq!(title("СР"), "расчётные сутки / settlement day");
        assert_eq!(title("AM"), "AM");
    }
}
