//! What the device says of itself, and its two discrete outputs.

use uzel_driver_sdk::{Failure, Fixed, Identity, Port, Setting, Value};

use crate::config::Units;
use crate::element::Source;
use crate::message::{self, register};
use crate::meter::{Meter, firmware, refused};

/// The one command: sets the discrete outputs.
const SET_OUTPUTS: &str = "set-outputs";

impl Meter {
    /// Who answers: service information and the active settings database, or where those are switched off the
    /// properties, which no other device would answer.
    pub fn identify(&mut self, port: &mut dyn Port) -> Result<Identity, Failure> {
        if !self.config.service_info {
            self.properties(port)?;
            return Ok(Identity {
                model: "vkt7".to_owned(),
                serial: None,
                firmware: None,
                details: Vec::new(),
            });
        }
        let service = self.learn(port, register::SERVICE, Some(0), message::service)?;
        self.service = service.map_err(|code| refused("service information", code))?;
        port.note("service information");
        let serial = self.service.subscriber.clone().filter(|id| !id.is_empty());
        let mut details: Vec<_> = self
            .service_settings()
            .into_iter()
            .map(|setting| (setting.title, shown(&setting.value)))
            .collect();
        if let Some(database) = self.database(port)? {
            details.push(("База настроек / settings database".to_owned(), format!("БД{database}")));
        }
        let version = |byte: u8| format!("{}.{}", byte >> 4, byte & 0xf);
        Ok(Identity {
            model: "vkt7".to_owned(),
            serial,
            firmware: self.service.firmware.map(version),
            details,
        })
    }

    /// All settings that the protocol tells.
    pub fn settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let mut settings = self.service_settings();
        if let Some(database) = self.database(port)? {
            settings.push(number(
                "database",
                "Активная база настроек / active settings database",
                database,
            ));
        }
        if self.has(firmware::WITH_CLOCK) {
            let schemes = [
                ("scheme_1", "Схема ТВ1 / scheme of heat input 1", register::SCHEME_1),
                ("scheme_2", "Схема ТВ2 / scheme of heat input 2", register::SCHEME_2),
            ];
            for (id, title, register) in schemes {
                if let Ok(scheme) = self.learn(port, register, Some(1), |data| message::number("scheme", data))? {
                    settings.push(number(id, title, scheme));
                }
            }
            let id = self.learn(port, register::SUBSCRIBER, Some(8), |data| {
                message::text("subscriber id", data)
            })?;
            if let Ok(id) = id {
                settings.push(text("subscriber", "Идентификатор абонента / subscriber id", id));
            }
        }
        self.property_settings(port, &mut settings)?;
        if self.has(firmware::WITH_OUTPUTS)
            && let Ok(outputs) = self.learn(port, register::OUTPUTS, Some(0), message::outputs)?
        {
            let mut output = number("outputs", "Дискретные выходы 1 и 2 / discrete outputs 1 and 2", 0);
            output.value = bits(outputs);
            settings.push(output);
        }
        Ok(settings)
    }

    /// `set-outputs` with `out1` and `out2`, each 0 or 1; a missing one stays. Answers the outputs as read back, out1
    /// in bit 0, out2 in bit 1.
    pub fn command(
        &mut self,
        port: &mut dyn Port,
        name: &str,
        arguments: &[(String, Value)],
    ) -> Result<Value, Failure> {
        if name != SET_OUTPUTS {
            return Err(Failure::Unsupported(format!("command {name}, expected {SET_OUTPUTS}")));
        }
        let mut wanted = self.outputs(port)?;
        for (key, value) in arguments {
            let [first, second] = &mut wanted;
            let output = match key.as_str() {
                "out1" => first,
                "out2" => second,
                key => {
                    return Err(Failure::Unsupported(format!("argument {key}, expected out1 or out2")));
                }
            };
            *output = match value {
                Value::Fixed(Fixed {
                    digits: digits @ 0..=1,
                    decimals: 0,
                }) => *digits == 1,
                Value::Bits(bits @ 0..=1) => *bits == 1,
                _ => {
                    return Err(Failure::Unsupported(format!(
                        "{key} is no output state, expected 0 or 1"
                    )));
                }
            };
        }
        // The document declares one byte here and sends two.
        if let crate::talk::Reply::Refused(code) = self.write(port, register::OUTPUTS, 1, &wanted.map(u8::from))? {
            return Err(refused("discrete outputs", code));
        }
        port.note(&format!("outputs set to {}", shown(&bits(wanted))));
        let held = self.outputs(port)?;
        if held != wanted {
            return Err(Failure::Refused(format!(
                "discrete outputs read back as {}, written {}",
                shown(&bits(held)),
                shown(&bits(wanted))
            )));
        }
        Ok(bits(held))
    }

    fn outputs(&mut self, port: &mut dyn Port) -> Result<[bool; 2], Failure> {
        let outputs = self.learn(port, register::OUTPUTS, Some(0), message::outputs)?;
        outputs.map_err(|code| refused("discrete outputs", code))
    }

    /// 1 or 2; `None` where the firmware does not tell. The answer is about the value type, so one is written first.
    fn database(&mut self, port: &mut dyn Port) -> Result<Option<u8>, Failure> {
        if !self.has(firmware::WITH_CLOCK) {
            return Ok(None);
        }
        self.set_source(port, Source::Current)?;
        let database = self.learn(port, register::DATABASE, Some(1), |data| {
            message::number("settings database", data)
        })?;
        port.note("active settings database");
        Ok(database.ok().map(|database| database.saturating_add(1)))
    }

    fn service_settings(&self) -> Vec<Setting> {
        let service = &self.service;
        let mut settings = Vec::new();
        if let Some(day) = self.report_day() {
            settings.push(number("report_day", "Отчётный день / report day", day));
        }
        if let Some(network) = service.network {
            settings.push(number("network", "Сетевой номер / network number", network));
        }
        if let Some(variant) = service.variant {
            settings.push(number("variant", "Исполнение / variant", variant));
        }
        for (input, word) in (1..).zip(service.schemes.into_iter().flatten()) {
            let (scheme, third, t5) = message::scheme(word);
            let title = format!("Настройка ТВ{input} / setup of heat input {input}");
            settings.push(text(
                &format!("setup_{input}"),
                &title,
                format!("СИ {scheme}, ТР3 {third}, t5 {t5}"),
            ));
        }
        settings
    }

    fn property_settings(&mut self, port: &mut dyn Port, settings: &mut Vec<Setting>) -> Result<(), Failure> {
        let properties = self.properties(port)?;
        if self.config.units == Units::Read {
            for (index, unit) in properties.units() {
                let title = format!("Единица, элемент {index} / unit, element {index}");
                settings.push(text(&format!("unit_{index}"), &title, unit.clone()));
            }
        }
        for index in crate::element::DIGITS {
            if let Some(digits) = properties.digits(index) {
                let title = format!("Знаков после запятой, элемент {index} / decimals, element {index}");
                settings.push(number(&format!("digits_{index}"), &title, digits));
            }
        }
        Ok(())
    }
}

fn number(id: &str, title: &str, value: u8) -> Setting {
    let value = Value::Fixed(Fixed {
        digits: value.into(),
        decimals: 0,
    });
    Setting {
        id: id.to_owned(),
        title: title.to_owned(),
        value,
        unit: None,
        writable: false,
    }
}

fn text(id: &str, title: &str, value: String) -> Setting {
    Setting {
        id: id.to_owned(),
        title: title.to_owned(),
        value: Value::Text(value),
        unit: None,
        writable: false,
    }
}

fn bits([first, second]: [bool; 2]) -> Value {
    Value::Bits(u64::from(first) | u64::from(second) << 1)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Fixed(fixed) => fixed.digits.to_string(),
        Value::Bits(bits) => format!("{bits:02b}"),
        _ => String::new(),
    }
}
