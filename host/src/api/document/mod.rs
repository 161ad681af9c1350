//! The OpenAPI document: what the derived one leaves open is closed here.

mod answers;
mod examples;
mod samples;

use axum::http::Method;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Object, ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};

use super::access::{Needs, needs};
use crate::model::Right;
use samples::Samples;

/// What the operations of each tag are about.
const TAGS: &[(&str, &str)] = &[
    ("attention", "What waits for somebody, and who deals with it."),
    ("places", "Organisations, sites, nodes, points: what stands where."),
    (
        "devices",
        "Meters: what they are, how they are read, what they say of themselves.",
    ),
    ("records", "Archives: records, their versions, series of values."),
    ("sessions", "Conversations with devices: the journal, traces, replays."),
    ("control", "Orders that change a device, confirmed in two steps."),
    ("lines", "Lines, and how they fare."),
    ("callers", "Modems that call, and the listeners that they call."),
    ("groups", "Devices that are polled alike."),
    ("drivers", "Drivers: versions, trials, keys."),
    ("accounts", "Who may ask for what, and what was done."),
    (
        "webhooks",
        "Addresses that are told what happens, and what became of it.",
    ),
    ("host", "The host itself: health, configuration, backups, live news."),
];

/// Shapes whose fields may be missing: what clients send, and problems, of which only one kind names a session.
const OPEN: &[&str] = &[
    "ReadNow",
    "Problem",
    "SignIn",
    "NewGrant",
    "AccountPatch",
    "Reset",
    "NewApiKey",
];

/// An answer has all of its fields, null where nothing is known. Derived schemas take each of those for a field that
/// may be missing, and clients would have to tell two kinds of nothing apart.
fn require_fields(document: &mut OpenApi) {
    let Some(components) = &mut document.components else {
        return;
    };
    for (name, schema) in &mut components.schemas {
        // What clients send ends so.
        let is_sent = name.ends_with("Body") || name.ends_with("Patch");
        if !is_sent && !OPEN.contains(&name.as_str()) {
            require(schema);
        }
    }
}

/// Makes a derived document whole: fields, access, answers, examples.
pub(super) fn close(document: &mut OpenApi) {
    require_fields(document);
    if let Some(components) = &mut document.components {
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("uzel")));
        components.security_schemes.insert("key".to_owned(), RefOr::T(key));
        components
            .security_schemes
            .insert("cookie".to_owned(), RefOr::T(cookie));
        components.examples = answers::examples();
    }
    document.tags = Some(TAGS.iter().map(|(name, text)| tag(name, text)).collect());
    let schemas = document
        .components
        .as_ref()
        .map(|components| serde_json::to_value(&components.schemas));
    let samples = Samples::new(schemas.and_then(Result::ok).unwrap_or_default());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ] {
            if let (Some(operation), Some(needs)) = (operation, needs(&method, path)) {
                tell_revision(operation);
                tell_access(operation, needs);
                answers::tell(operation, &method, needs);
                examples::tell(operation, &samples);
            }
        }
    }
}

fn tag(name: &str, text: &str) -> Tag {
    TagBuilder::new().name(name).description(Some(text)).build()
}

/// What changes a certain revision takes it from a header.
fn tell_revision(operation: &mut Operation) {
    if !operation.responses.responses.contains_key("412") {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The `ETag` of the revision that is meant; without it the last word counts.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some("\"7\"".into()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}

/// Says what a route needs, as the check of requests does.
fn tell_access(operation: &mut Operation, needs: Needs) {
    let over = |right: Right| format!("right `{}`", right.word());
    let text = match needs {
        Needs::Open => "Needs nothing: whoever can connect may ask.".to_owned(),
        Needs::Begun => "Needs a sign-in, be it with a one-time secret.".to_owned(),
        Needs::Account => "Needs a sign-in or a key.".to_owned(),
        Needs::Somewhere(right) => format!("Needs {} over something; what is foreign is left out.", over(right)),
        Needs::Everywhere(right) => format!("Needs {} over everything.", over(right)),
        Needs::Over(right, _) => format!("Needs {} over what the path names.", over(right)),
        Needs::Version => "Needs to see the version of a driver that the path names.".to_owned(),
    };
    operation.description = Some(match operation.description.take() {
        Some(told) => format!("{told}\n\n{text}"),
        None => text,
    });
    if needs != Needs::Open {
        let scheme = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        operation.security = Some(vec![scheme("cookie"), scheme("key")]);
    }
}

/// The parameters of an operation.
fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
}

fn require(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => require_of(object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                require(items);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(require),
        Schema::AllOf(all) => all.items.iter_mut().for_each(require),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(require),
        _ => {}
    }
}

fn require_of(object: &mut Object) {
    object.required = object.properties.keys().cloned().collect();
    for property in object.properties.values_mut() {
        require(property);
    }
}
