//! Examples of an operation: of its parameters, of what is sent, of what is answered.

use serde_json::Value as Json;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Content, RefOr, Schema};

use super::samples::Samples;

/// Writes an example to everything that has none.
pub(super) fn tell(operation: &mut Operation, samples: &Samples) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            tell_parameter(parameter, samples);
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (kind, content) in &mut body.content {
            tell_content(kind, content, samples);
        }
    }
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer {
            for (kind, content) in &mut answer.content {
                tell_content(kind, content, samples);
            }
        }
    }
}

/// Those of a path are needed by whoever tries one; others are for those who want them.
fn tell_parameter(parameter: &mut Parameter, samples: &Samples) {
    if parameter.parameter_in != ParameterIn::Path {
        return;
    }
    let example = example(parameter.schema.as_ref(), &parameter.name, samples);
    *parameter = ParameterBuilder::from(parameter.clone()).example(Some(example)).build();
}

/// Texts have an example of their kind, and files none: their schema is text or bytes, whatever the handler's type is.
fn tell_content(kind: &str, content: &mut RefOr<Content>, samples: &Samples) {
    let RefOr::T(content) = content else { return };
    if !content.examples.is_empty() {
        return;
    }
    if kind.ends_with("json") {
        content.example = Some(example(content.schema.as_ref(), "", samples));
        return;
    }
    let text = ObjectBuilder::new().schema_type(Type::String);
    let is_text = kind.starts_with("text/");
    let bytes = (!is_text).then_some(SchemaFormat::KnownFormat(KnownFormat::Binary));
    content.schema = Some(text.format(bytes).into());
    content.example = samples.of_text(kind);
}

fn example(schema: Option<&RefOr<Schema>>, name: &str, samples: &Samples) -> Json {
    let schema = schema.and_then(|schema| serde_json::to_value(schema).ok());
    samples.of(&schema.unwrap_or_default(), name)
}
