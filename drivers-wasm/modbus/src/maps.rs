//! The maps that are shipped. Each is a file of the folder `maps`, which a person may copy and change; the build packs it.

/// A shipped map.
pub struct Shipped {
    /// What `map` of the configuration says, and the model's id.
    pub id: &'static str,
    text: fn() -> &'static str,
}

impl Shipped {
    /// The map itself.
    pub fn text(&self) -> &'static str {
        (self.text)()
    }
}

/// The map that the application of an ECL Comfort completes.
pub const ECL: &str = "ecl-comfort";
/// The map that the device itself describes.
pub const SUNSPEC: &str = "sunspec";

macro_rules! shipped {
    ($($id:literal),* $(,)?) => {
        &[$(Shipped { id: $id, text: || uzel_driver_sdk::packed!($id) }),*]
    };
}

const MAPS: &[Shipped] = shipped![
    "sdm630",
    "tuf-2000m",
    "ecl-comfort",
    "trm201",
    "trm202",
    "trm210",
    "trm212",
    "sunspec"
];

/// The shipped map of this name.
pub fn find(id: &str) -> Option<&'static Shipped> {
    MAPS.iter().find(|shipped| shipped.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn every_shipped_map_is_one_and_is_a_model_and_a_choice() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let mut models: Vec<_> = described["models"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| text(&model["id"]))
            .collect();
        let choices = &described["config"][0]["choices"];
        let mut choices: Vec<_> = choices.as_array().unwrap().iter().map(text).collect();
        let mut ids = vec![crate::config::OWN.to_owned()];
        for shipped in MAPS {
            map::parse(shipped.text()).unwrap_or_else(|error| panic!("{}: {error}", shipped.id));
            ids.push(shipped.id.to_owned());
        }
        for list in [&mut models, &mut choices, &mut ids] {
            list.sort_unstable();
        }
        assert_eq!((&models, &choices), (&ids, &ids));
        assert!(find("sdm").is_none());
    }
}
