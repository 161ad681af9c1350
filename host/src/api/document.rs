//! The OpenAPI document: what the derived one leaves open is closed here.

use axum::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Object};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};

use super::access::{Needs, needs};

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
pub(super) fn require_fields(document: &mut OpenApi) {
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

/// Says of each route what it answers to those who may not ask, as the check of requests does.
pub(super) fn tell_access(document: &mut OpenApi) {
    if let Some(components) = &mut document.components {
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("uzel")));
        components.security_schemes.insert("key".to_owned(), RefOr::T(key));
        components
            .security_schemes
            .insert("cookie".to_owned(), RefOr::T(cookie));
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ] {
            if let (Some(operation), Some(needs)) = (operation, needs(&method, path)) {
                tell(operation, needs);
            }
        }
    }
}

fn tell(operation: &mut Operation, needs: Needs) {
    if needs == Needs::Open {
        return;
    }
    let scheme = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    operation.security = Some(vec![scheme("cookie"), scheme("key")]);
    let is_of_object = matches!(needs, Needs::Over(..) | Needs::Version);
    let answers = [
        ("401", "Nobody is signed in: `not-signed-in`", true),
        (
            "403",
            "The right is lacking: `forbidden`, `password-change-needed`, `cross-site`",
            true,
        ),
        ("404", "It is not there, or foreign: `not-found`", is_of_object),
        ("429", "Too many requests: `slow-down`", true),
    ];
    for (status, text, _) in answers.into_iter().filter(|(.., is_given)| *is_given) {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let answer = ResponseBuilder::new()
            .description(text)
            .content("application/problem+json", content)
            .build();
        let answers = &mut operation.responses.responses;
        answers.entry(status.to_owned()).or_insert(RefOr::T(answer));
    }
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
