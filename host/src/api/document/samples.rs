//! Examples of what is sent and answered: by hand where a schema does not say enough, by the schema otherwise.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// A list of lists of objects that hold lists; deeper nothing is shown.
const DEPTH: usize = 12;

/// Makes examples.
pub(super) struct Samples {
    /// Components of the document by their names.
    schemas: Json,
    hand: Hand,
}

/// What was written by hand.
#[derive(Deserialize)]
struct Hand {
    /// Whole objects by the names of their schemas.
    schemas: Map<String, Json>,
    /// Values by the names of their fields, for those of the same type.
    fields: Map<String, Json>,
    /// Texts by their media types.
    texts: Map<String, Json>,
}

impl Samples {
    /// Examples for schemas that refer to these.
    pub(super) fn new(schemas: Json) -> Self {
        // The file is part of the program, and a test reads it.
        let hand = serde_json::from_str(include_str!("samples.json")).unwrap_or_else(|_| Hand {
            schemas: Map::new(),
            fields: Map::new(),
            texts: Map::new(),
        });
        Self { schemas, hand }
    }

    /// An example of a value that is called so.
    pub(super) fn of(&self, schema: &Json, name: &str) -> Json {
        self.deep(schema, name, DEPTH)
    }

    /// An example of a text of this media type; none: it is a file.
    pub(super) fn of_text(&self, kind: &str) -> Option<Json> {
        self.hand.texts.get(kind).cloned()
    }

    fn deep(&self, schema: &Json, name: &str, depth: usize) -> Json {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.referred(reference, name, depth);
        }
        if let Some(word) = schema["enum"].get(0) {
            return word.clone();
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let told = alternatives.iter().find(|one| one["type"] != "null");
            return match told {
                Some(told) if depth > 0 => self.deep(told, name, depth - 1),
                _ => Json::Null,
            };
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().map(|part| self.deep(part, name, depth));
            let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Json::Object(fields.collect());
        }
        let kinds = kinds(schema);
        let is = |kind: &str| kinds.contains(&kind);
        match self.hand.fields.get(name) {
            Some(value) if is(kind(value)) => value.clone(),
            _ if is("object") => self.object(schema, depth),
            _ if is("array") => self.array(schema, name, depth),
            _ if is("string") => json!(if schema["format"] == "date-time" {
                "2026-11-20T11:00:00Z"
            } else {
                "text"
            }),
            _ if is("integer") => schema
                .get("minimum")
                .filter(|least| **least != 0)
                .cloned()
                .unwrap_or(json!(1)),
            _ if is("number") => json!(1.5),
            _ if is("boolean") => json!(true),
            _ => Json::Null,
        }
    }

    fn referred(&self, reference: &str, name: &str, depth: usize) -> Json {
        let component = reference.rsplit('/').next().unwrap_or_default();
        match self.hand.schemas.get(component) {
            Some(example) => example.clone(),
            None if depth == 0 => Json::Null,
            None => self.deep(&self.schemas[component], name, depth - 1),
        }
    }

    fn object(&self, schema: &Json, depth: usize) -> Json {
        let properties = schema["properties"].as_object();
        let fields = properties.into_iter().flatten();
        let example = |(name, schema): (&String, &Json)| (name.clone(), self.deep(schema, name, depth));
        Json::Object(fields.map(example).collect())
    }

    fn array(&self, schema: &Json, name: &str, depth: usize) -> Json {
        if let Some(items) = schema["prefixItems"].as_array() {
            return items.iter().map(|item| self.deep(item, name, depth)).collect();
        }
        if depth == 0 {
            return json!([]);
        }
        json!([self.deep(&schema["items"], name, depth - 1)])
    }
}

/// The types that a schema allows.
fn kinds(schema: &Json) -> Vec<&str> {
    match &schema["type"] {
        Json::String(kind) => vec![kind],
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::String(_) => "string",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        _ => "",
    }
}
