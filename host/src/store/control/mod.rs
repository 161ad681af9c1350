//! Orders to change a device, from the request to what came of it.

mod confirm;
mod order;

pub use confirm::NotConfirmed;
pub use order::{ControlEnd, ControlOrder, NewControl};

pub(super) use order::end_interrupted;

use crate::model::Held;

/// What is held, as a column of JSON: id, title, unit, value.
type HeldText = (String, String, Option<String>, String);

fn held_json(held: &[Held]) -> String {
    let text = |held: &Held| -> HeldText {
        let held = held.clone();
        (held.id, held.title, held.unit, held.value)
    };
    // Texts always have an encoding.
    serde_json::to_string(&held.iter().map(text).collect::<Vec<_>>()).unwrap_or_default()
}

/// The way back. Only a damaged file holds something else: then nothing was shown, and nothing is written.
fn held_from(json: Option<&str>) -> Vec<Held> {
    let texts: Vec<HeldText> = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let held = |(id, title, unit, value)| Held { id, title, unit, value };
    texts.into_iter().map(held).collect()
}
