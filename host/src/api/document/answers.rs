//! What an operation answers when it does not do what it was asked for: statuses, and the codes behind each.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

use super::parameters;
use crate::api::access::Needs;

/// Codes of problems, with the status that each comes with and what it means. The first of a status is meant where an
/// operation says no code.
const CODES: &[(&str, StatusCode, &str)] = &[
    ("bad-query", StatusCode::BAD_REQUEST, "A parameter cannot be read"),
    (
        "bad-body",
        StatusCode::BAD_REQUEST,
        "The body cannot be read, or says what is not allowed",
    ),
    (
        "not-signed-in",
        StatusCode::UNAUTHORIZED,
        "Nobody is signed in, or the key does not hold",
    ),
    (
        "bad-credentials",
        StatusCode::UNAUTHORIZED,
        "Name and password, or the code, are not right",
    ),
    (
        "code-needed",
        StatusCode::UNAUTHORIZED,
        "The account has a second factor: send its code as well",
    ),
    (
        "forbidden",
        StatusCode::FORBIDDEN,
        "The account has not the right to do this",
    ),
    (
        "password-change-needed",
        StatusCode::FORBIDDEN,
        "A one-time secret only allows to choose a password",
    ),
    (
        "cross-site",
        StatusCode::FORBIDDEN,
        "Nothing says that the command comes from a page of this host: programs send X-Uzel",
    ),
    (
        "bad-host",
        StatusCode::FORBIDDEN,
        "The host is called by a name that is not its own",
    ),
    ("not-found", StatusCode::NOT_FOUND, "It is not there, or foreign"),
    ("too-slow", StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
    (
        "conflict",
        StatusCode::CONFLICT,
        "Something is in the way; the detail names it",
    ),
    ("already-reading", StatusCode::CONFLICT, "The device is being read"),
    (
        "changed-meanwhile",
        StatusCode::PRECONDITION_FAILED,
        "Somebody else has changed it since",
    ),
    (
        "too-large",
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body is larger than is taken",
    ),
    (
        "invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "What was sent cannot be taken: every fault with its field",
    ),
    (
        "refused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "It cannot be done; the detail says why",
    ),
    (
        "slow-down",
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests; Retry-After says how long to wait",
    ),
    (
        "internal",
        StatusCode::INTERNAL_SERVER_ERROR,
        "A fault of the host; its log says more under the request's id",
    ),
    ("busy", StatusCode::SERVICE_UNAVAILABLE, "As many as may run at once do"),
    (
        "storage-paused",
        StatusCode::SERVICE_UNAVAILABLE,
        "The disk is full, failing or locked",
    ),
    ("shutting-down", StatusCode::SERVICE_UNAVAILABLE, "The host goes down"),
];

/// Codes of what handlers ask other parts of the host for, with the operations that do.
const MORE: &[(&str, &[&str])] = &[
    // Lines, tests and hashes have room for so many at once.
    (
        "busy",
        &[
            "read_now",
            "read_nodes_now",
            "open",
            "close_tunnel",
            "ask_control",
            "confirm_control",
            "cancel_session",
            "live",
            "sign_in",
            "choose_password",
            "ask_second_factor",
            "confirm_second_factor",
            "remove_second_factor",
            "create_account",
            "reset_account",
        ],
    ),
    // A body or a query names another object, or the host has no such part.
    (
        "not-found",
        &[
            "tree",
            "list_attention",
            "create_site",
            "create_node",
            "create_point",
            "create_line",
            "create_group",
            "create_device",
            "test_device",
            "import_devices",
            "system_config",
            "list_backups",
            "make_backup",
            "driver_keys",
            "trust_key",
            "driver_events",
            "list_driver_versions",
            "install_driver",
        ],
    ),
    // A host without accounts has none to change.
    (
        "conflict",
        &[
            "sign_in",
            "sign_out",
            "choose_password",
            "list_sign_ins",
            "end_sign_in",
            "ask_second_factor",
            "confirm_second_factor",
            "remove_second_factor",
            "confirm_control",
            "reset_account",
            "import_devices",
        ],
    ),
    // Keys are for machines, one-time secrets for people.
    (
        "bad-body",
        &["list_api_keys", "rotate_api_key", "revoke_api_key", "sign_account_out"],
    ),
    // More rows than a workbook has.
    ("refused", &["point_archive_csv", "point_archive_xlsx"]),
];

/// An example of each code, for operations to refer to.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |&(code, status, meaning): &(&str, StatusCode, &str)| {
        let example = ExampleBuilder::new()
            .summary(meaning)
            .value(Some(problem(code, status, meaning)));
        (code.to_owned(), RefOr::T(example.build()))
    };
    CODES.iter().map(example).collect()
}

/// The document of a problem with this code.
fn problem(code: &str, status: StatusCode, meaning: &str) -> Json {
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "detail": meaning,
        "request_id": "19a9e5c3f10-2f",
    });
    match code {
        "invalid" => {
            problem["faults"] = json!([{ "field": "name", "reason": "is \"\", expected 1 to 200 characters" }])
        }
        "already-reading" => problem["session"] = json!(17),
        _ => {}
    }
    problem
}

/// Says of an operation every problem that it can answer: those that its handler names by code in the descriptions of its
/// answers, and those of what every request goes through.
pub(super) fn tell(operation: &mut Operation, method: &Method, needs: Needs) {
    let mut told: BTreeMap<u16, (String, BTreeSet<&'static str>)> = BTreeMap::new();
    for (status, answer) in &operation.responses.responses {
        let (Ok(status), RefOr::T(answer)) = (status.parse(), answer) else {
            continue;
        };
        if status >= 400 {
            told.insert(status, (answer.description.clone(), named(status, &answer.description)));
        }
    }
    for code in general(operation, method, needs) {
        if let Some((code, status, _)) = CODES.iter().find(|(known, ..)| *known == code) {
            told.entry(status.as_u16()).or_default().1.insert(code);
        }
    }
    for (status, (text, codes)) in told {
        let answers = &mut operation.responses.responses;
        answers.insert(status.to_string(), RefOr::T(answer(&text, &codes)));
    }
}

/// The codes in a description; where it names none, the one that is usual for the status.
fn named(status: u16, description: &str) -> BTreeSet<&'static str> {
    let of_status = || {
        CODES
            .iter()
            .filter(|(_, of, _)| of.as_u16() == status)
            .map(|(code, ..)| *code)
    };
    let is_named = |code: &&str| description.split('`').any(|word| word == *code);
    let named: BTreeSet<_> = of_status().filter(is_named).collect();
    if named.is_empty() {
        of_status().take(1).collect()
    } else {
        named
    }
}

/// What the checks before a handler, its arguments and the store may answer.
fn general(operation: &Operation, method: &Method, needs: Needs) -> Vec<&'static str> {
    let mut codes = vec![
        "not-signed-in",
        "bad-host",
        "slow-down",
        "internal",
        "storage-paused",
        "shutting-down",
    ];
    let mut when = |is: bool, more: &[&'static str]| {
        if is {
            codes.extend(more);
        }
    };
    when(
        !matches!(needs, Needs::Open | Needs::Begun),
        &["password-change-needed"],
    );
    when(needs != Needs::Open, &["forbidden"]);
    when(*method != Method::GET, &["cross-site"]);
    when(operation.request_body.is_some(), &["bad-body", "too-slow", "too-large"]);
    let has = |place: ParameterIn| parameters(operation).any(|parameter| parameter.parameter_in == place);
    when(has(ParameterIn::Query) || has(ParameterIn::Header), &["bad-query"]);
    when(has(ParameterIn::Path), &["not-found"]);
    when(
        operation.responses.responses.contains_key("412"),
        &["conflict", "invalid"],
    );
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let more = MORE.iter().filter(|(_, operations)| operations.contains(&id));
    codes.extend(more.map(|(code, _)| *code));
    codes
}

/// An answer with a problem: what its handler says of it, and an example of each code.
fn answer(text: &str, codes: &BTreeSet<&'static str>) -> Response {
    let meaning = |code: &&str| {
        CODES
            .iter()
            .find(|(known, ..)| known == code)
            .map(|(.., meaning)| *meaning)
    };
    let line = |code: &&str| format!("- `{code}`: {}", meaning(code).unwrap_or_default());
    let lines: Vec<String> = codes.iter().map(line).collect();
    let description = match (text, lines.join("\n")) {
        ("", lines) => lines,
        (text, lines) => format!("{text}\n\n{lines}"),
    };
    let example = |code: &&str| {
        (
            (*code).to_owned(),
            RefOr::Ref(Ref::new(format!("#/components/examples/{code}"))),
        )
    };
    let mut content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    content.examples = codes.iter().map(example).collect();
    let mut response = Response::new(description);
    response
        .content
        .insert("application/problem+json".to_owned(), RefOr::T(content));
    response
}
