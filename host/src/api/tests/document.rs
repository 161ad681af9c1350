//! The document says everything of every operation, and the answers of all tests are those that it says.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;

use super::*;

static DOCUMENT: LazyLock<Json> = LazyLock::new(|| serde_json::to_value(crate::api::openapi()).unwrap());

/// What answers look like, by operation and status.
static SHAPES: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// Every operation: its name and what is said of it.
fn operations() -> Vec<(String, &'static Json)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'static Json)| {
        let operations = item.as_object().unwrap().iter();
        operations
            .map(|(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// The contents of what an operation takes and gives.
fn contents(operation: &'static Json) -> Vec<(&'static str, &'static Json)> {
    let answers = operation["responses"].as_object().unwrap().values();
    let bodies = std::iter::once(&operation["requestBody"]).chain(answers);
    let contents = bodies.filter_map(|body| body["content"].as_object()).flatten();
    contents.map(|(kind, content)| (kind.as_str(), content)).collect()
}

/// A schema of the document by itself.
fn validator(schema: &Json) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = DOCUMENT["components"].clone();
    jsonschema::draft202012::new(&whole).unwrap()
}

/// The path of the document that a path is, those without varying parts first.
fn template(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    let is = |template: &&String| {
        let known: Vec<&str> = template.split('/').collect();
        let fits = |(known, part): (&&str, &&str)| known.starts_with('{') || known == part;
        known.len() == parts.len() && known.iter().zip(&parts).all(fits)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let best = paths
        .keys()
        .filter(is)
        .min_by_key(|template| template.matches('{').count());
    best.map(String::as_str)
}

/// Fails when the document does not have an answer: its status, the type of its body, its shape, the code of its problem.
pub(super) fn has(request: &str, answer: &Answer) {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let Some(template) = template(path) else { return };
    let operation = &DOCUMENT["paths"][template][method.to_lowercase()];
    // What is no request at all is answered before the API, which numbers all that reaches it.
    let is_ours = answer.header("x-request-id").is_some() && method == method.to_uppercase();
    if !is_ours || !operation.is_object() {
        return;
    }
    let known = &operation["responses"][answer.status.to_string()];
    assert!(known.is_object(), "{method} {path}: the document has no {answer:?}");
    let Some(kinds) = known["content"].as_object() else {
        return;
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let bare = kind.split(';').next().unwrap_or_default();
    let content = kinds.get(bare);
    let content = content.unwrap_or_else(|| panic!("{method} {path}: {kind} is none of {:?}", kinds.keys()));
    if !bare.ends_with("json") || answer.header("content-encoding").is_some() {
        return;
    }
    let json = answer.json();
    if answer.status >= 400 {
        let codes = content["examples"].as_object().unwrap();
        let code = json["code"].as_str().unwrap();
        assert!(
            codes.contains_key(code),
            "{method} {path}: {code} is none of {:?}",
            codes.keys()
        );
    }
    let name = format!("{method} {template} {}", answer.status);
    let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    let shape = shapes.entry(name).or_insert_with(|| validator(&content["schema"]));
    let faults: Vec<String> = shape
        .iter_errors(&json)
        .map(|fault| format!("{} {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
}

#[test]
fn every_operation_says_what_it_does_and_what_it_can_answer() {
    let tags: Vec<&Json> = DOCUMENT["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let mut faults = Vec::new();
    for (name, operation) in operations() {
        let mut expect = |is: bool, what: &str| {
            if !is {
                faults.push(format!("{name}: {what}"));
            }
        };
        let says = |key: &str| operation[key].as_str().is_some_and(|text| !text.is_empty());
        expect(says("summary"), "has no summary");
        expect(says("description"), "has no description");
        let is_known = |tag: &Json| tags.contains(&tag);
        expect(
            operation["tags"].as_array().is_some_and(|own| own.iter().all(is_known)),
            "has a tag that nobody explains",
        );
        for status in ["401", "403", "429", "500", "503"] {
            expect(
                operation["responses"][status].is_object(),
                &format!("does not answer {status}"),
            );
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            if status.as_str() < "400" {
                continue;
            }
            let problem = &answer["content"]["application/problem+json"];
            let codes = problem["examples"].as_object().is_some_and(|codes| !codes.is_empty());
            expect(codes, &format!("{status} has no code"));
            expect(
                answer["content"].as_object().is_some_and(|all| all.len() == 1),
                &format!("{status} is no problem"),
            );
        }
        for (kind, content) in contents(operation) {
            let has = content.get("example").is_some() || content.get("examples").is_some();
            let is_file = content["schema"]["format"] == "binary";
            expect(has || is_file, &format!("{kind} has no example"));
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let has = parameter["in"] != "path" || parameter.get("example").is_some();
            expect(has, &format!("{} has no example", parameter["name"]));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut faults = Vec::new();
    let mut count = 0;
    let mut check = |name: &str, schema: &Json, example: &Json| {
        count += 1;
        let wrong = validator(schema);
        faults.extend(
            wrong
                .iter_errors(example)
                .map(|fault| format!("{name}: {} {fault}", fault.instance_path())),
        );
    };
    for (name, operation) in operations() {
        for (kind, content) in contents(operation) {
            if let Some(example) = content.get("example") {
                check(&format!("{name} {kind}"), &content["schema"], example);
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if let Some(example) = parameter.get("example") {
                check(&format!("{name} {}", parameter["name"]), &parameter["schema"], example);
            }
        }
    }
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    for (code, example) in DOCUMENT["components"]["examples"].as_object().unwrap() {
        check(code, &problem, &example["value"]);
        assert_eq!(&example["value"]["code"], code);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 250, "{count}");
}

#[test]
fn what_examples_send_is_understood() {
    for (name, operation) in operations() {
        let Some(body) = operation["requestBody"]["content"]["application/json"].as_object() else {
            continue;
        };
        let fields = body["example"].as_object();
        assert!(fields.is_some_and(|fields| !fields.is_empty()), "{name} sends nothing");
    }
}
