//! Settings that can be shown. None is written: the meter takes them in its own modes only.

use uzel_driver_sdk::{Failure, Port, Setting, Value};

use crate::ask;
use crate::session::Session;

/// All settings of the model that this meter has.
pub fn read(session: &mut Session, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
    let shown = session.model.settings;
    if shown.is_empty() {
        return Err(Failure::Unsupported(format!(
            "of {} no settings are known",
            session.model.id
        )));
    }
    session.talk.proven(port, |talk, port| {
        let mut settings = Vec::new();
        for setting in shown {
            // Each is a register.
            let Ok(data) = talk.data(port, &ask::registers(setting.place, 1))? else {
                continue;
            };
            let value = setting.form.value(&data, 0);
            if value != Value::Absent {
                settings.push(Setting {
                    id: setting.id.to_owned(),
                    title: setting.title.to_owned(),
                    value,
                    unit: Some(setting.unit.to_owned()).filter(|unit| !unit.is_empty()),
                    writable: false,
                });
            }
        }
        Ok(settings)
    })
}
