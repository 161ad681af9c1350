//! Which driver reads a device: by its id, or by what a person calls the model.

use super::Drivers;
use crate::driver::describe::Model;
use crate::driver::{Describe, Found, NotOne, find_one};

/// The driver of a device and the model that must answer, by what a person wrote of both.
pub fn chosen<'a>(
    driver: Option<&str>,
    model: Option<&str>,
    drivers: &'a Drivers,
) -> Result<(&'a Describe, Option<&'a Model>), (&'static str, String)> {
    let one = |found: Result<Found<'a>, NotOne>| found.map_err(|error| ("model", error.to_string()));
    let Some(driver) = driver else {
        let missing = || ("driver", "is missing, and no model says which".to_owned());
        let found = one(find_one(
            drivers.values().map(AsRef::as_ref),
            model.ok_or_else(missing)?,
        ))?;
        return Ok((found.describe, Some(found.model)));
    };
    let Some(describe) = drivers.get(driver) else {
        let known: Vec<_> = drivers.keys().map(String::as_str).collect();
        let text = format!("{driver:?} is not loaded, there are {}", known.join(", "));
        return Err(("driver", text));
    };
    let model = model
        .map(|model| one(find_one([describe.as_ref()], model)))
        .transpose()?;
    Ok((describe, model.map(|found| found.model)))
}

/// A key that must be given and whose choices name the model says nothing new.
pub(super) fn name_model(config: &mut serde_json::Value, describe: &Describe, model: Option<&Model>) {
    let (Some(model), serde_json::Value::Object(config)) = (model, config) else {
        return;
    };
    let named = describe
        .config
        .iter()
        .find(|key| key.required && key.choices.contains(&model.id));
    if let Some(key) = named {
        config.entry(key.key.clone()).or_insert_with(|| model.id.clone().into());
    }
}
