//! A JSON document against a JSON Schema, as far as `describe.schema.json` goes: the keywords that it uses, and no others.

use regex::Regex;
use serde_json::{Map, Value};

/// The first thing in `document` that `schema` does not allow, with its place. A keyword that is not known here is told
/// as a fault, so that nothing of the schema is passed over in silence.
pub(super) fn fault(schema: &Value, document: &Value) -> Option<String> {
    let root = schema;
    judge(root, schema, document, "").err()
}

type Judged = Result<(), String>;

fn judge(root: &Value, schema: &Value, value: &Value, place: &str) -> Judged {
    let Value::Object(keywords) = schema else {
        return Err(format!("{place}: the schema is {schema}, expected an object"));
    };
    keywords
        .iter()
        .try_for_each(|(keyword, argument)| keep(root, keywords, keyword, argument, value, place))
}

/// One keyword. What it does not apply to is as it may be: that is the rule of the specification.
fn keep(root: &Value, all: &Map<String, Value>, keyword: &str, argument: &Value, value: &Value, place: &str) -> Judged {
    let is = |right: bool, want: String| {
        let right = right.then_some(());
        right.ok_or_else(|| format!("{place} is {value}, expected {want}"))
    };
    match keyword {
        "$schema" | "$id" | "$defs" | "title" | "description" => Ok(()),
        "$ref" => {
            let pointer = argument.as_str().and_then(|name| name.strip_prefix('#'));
            let target = pointer.and_then(|pointer| root.pointer(pointer));
            let target = target.ok_or_else(|| format!("the schema has no {argument}"))?;
            judge(root, target, value, place)
        }
        "type" => is(is_of(value, argument), format!("a value of type {argument}")),
        "enum" => {
            let words = argument.as_array().is_some_and(|words| words.contains(value));
            is(words, format!("one of {argument}"))
        }
        "pattern" => {
            let pattern = Regex::new(argument.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
            let fits = value.as_str().is_none_or(|text| pattern.is_match(text));
            is(fits, format!("text of the pattern {argument}"))
        }
        "minimum" => {
            let few = value
                .as_f64()
                .zip(argument.as_f64())
                .is_some_and(|(got, least)| got < least);
            is(!few, format!("at least {argument}"))
        }
        "minItems" => {
            let count = value.as_array().and_then(|items| u64::try_from(items.len()).ok());
            let few = count.zip(argument.as_u64()).is_some_and(|(got, least)| got < least);
            is(!few, format!("at least {argument} items"))
        }
        "required" => {
            let names = argument.as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut missing = names.filter(|name| value.is_object() && value.get(name).is_none());
            let missing = missing.next();
            missing.map_or(Ok(()), |name| Err(format!("{place} has no {name:?}")))
        }
        "items" => {
            let mut items = value.as_array().into_iter().flatten().enumerate();
            items.try_for_each(|(index, item)| judge(root, argument, item, &format!("{place}/{index}")))
        }
        "properties" => {
            let mut known = argument.as_object().into_iter().flatten();
            known.try_for_each(|(name, schema)| match value.get(name) {
                Some(inner) => judge(root, schema, inner, &format!("{place}/{name}")),
                None => Ok(()),
            })
        }
        "additionalProperties" => {
            let known = all.get("properties");
            let is_known = |name: &str| known.is_some_and(|known| known.get(name).is_some());
            let mut others = value
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| !is_known(name));
            others.try_for_each(|(name, inner)| match argument {
                Value::Bool(true) => Ok(()),
                Value::Bool(false) => Err(format!("{place} has {name:?}, which is not known")),
                schema => judge(root, schema, inner, &format!("{place}/{name}")),
            })
        }
        other => Err(format!("the schema has a keyword {other:?}, which is not known here")),
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        let text = json!({"ru": "т", "en": "t"});
        json!({
            "id": "hm-1", "version": "1.0.0", "vendor": "v", "title": text,
            "line": {"media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
            "config": [{"key": "address", "type": "integer", "title": text}],
            "models": [{
                "id": "hm-1", "maker": text, "names": ["HM-1"], "resources": ["heat"],
                "archives": [{"kind": "minutes-30", "depth": 48, "label": "interval-end"}],
                "evidence": {"clock": "document"}
            }]
        })
    }

    #[test]
    fn every_rule_of_the_schema_is_kept_and_told_with_its_place() {
        let schema: Value = serde_json::from_str(include_str!("../../../wit/v1/describe.schema.json")).unwrap();
        assert_eq!(fault(&schema, &document()), None);
        let cases = [
            ("/id", json!("HM"), "/id is \"HM\", expected text of the pattern"),
            (
                "/version",
                json!(1),
                "/version is 1, expected a value of type \"string\"",
            ),
            ("/title", json!({"ru": "т"}), "/title has no \"en\""),
            (
                "/line/parity",
                json!("odds"),
                "/line/parity is \"odds\", expected one of",
            ),
            ("/line/media", json!(["lpt"]), "/line/media/0 is \"lpt\""),
            ("/models", json!([]), "/models is [], expected at least 1 items"),
            ("/models/0/archives/0/depth", json!(0), "expected at least 1"),
            (
                "/models/0/evidence",
                json!({"clock": "sure"}),
                "/models/0/evidence/clock is \"sure\"",
            ),
            ("/line/baud", json!(9600.5), "/line/baud is 9600.5"),
            (
                "/config/0",
                json!({"key": "a", "type": "integer", "title": {"ru": "", "en": ""}, "x": 1}),
                "has \"x\"",
            ),
        ];
        for (place, wrong, words) in cases {
            let mut document = document();
            *document.pointer_mut(place).unwrap() = wrong;
            let fault = fault(&schema, &document).unwrap_or_default();
            assert!(fault.contains(words), "{place}: {fault}");
        }
        let strange = fault(&json!({"maxItems": 1}), &json!([])).unwrap();
        assert!(strange.contains("maxItems"), "{strange}");
    }
}
