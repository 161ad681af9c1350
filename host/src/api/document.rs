//! The OpenAPI document: what the derived one leaves open is closed here.

use utoipa::openapi::schema::{ArrayItems, Object};
use utoipa::openapi::{OpenApi, RefOr, Schema};

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
