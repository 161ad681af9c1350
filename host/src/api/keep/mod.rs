//! Making, changing and archiving what stands where.

mod away;
mod body;
mod device;
mod group;
mod history;
mod import;
mod line;
mod node;
mod place;
mod replace;
mod trial;

use std::borrow::Cow;
use std::marker::PhantomData;

use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::limits;
use crate::model::Right;
use crate::roster::{self, Drivers};
use crate::store::{Doer, Kept, Kind};

/// What is kept, and how.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(place::organisations, place::create_organisation))
        .routes(routes!(place::organisation, place::change_organisation))
        .routes(routes!(place::create_site))
        .routes(routes!(place::change_site))
        .routes(routes!(node::nodes, node::create_node))
        .routes(routes!(node::node, node::change_node))
        .routes(routes!(node::create_point))
        .routes(routes!(node::change_point))
        .routes(routes!(line::create))
        .routes(routes!(line::change))
        .routes(routes!(group::list, group::create))
        .routes(routes!(group::one, group::change))
        .routes(routes!(device::create))
        .routes(routes!(device::change))
        .routes(routes!(device::form))
        .routes(routes!(replace::replace))
        .routes(routes!(history::of_device))
        .routes(routes!(history::of_point))
        .routes(routes!(trial::begin))
        .routes(routes!(trial::one, trial::end))
        .routes(routes!(import::export_csv))
        .routes(routes!(import::export_xlsx))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import::import))
                .layer(DefaultBodyLimit::max(limits::BODY_BYTES)),
        )
        .merge(away::routes())
}

/// Who changes something, as the store is told.
fn doer(state: &ApiState, asks: &SignedIn, right: Right) -> Doer {
    Doer {
        actor: asks.actor(),
        scope: asks.scope(right),
        secrets: roster::secrets(&drivers(state)),
    }
}

/// What the drivers say of themselves.
fn drivers(state: &ApiState) -> Drivers {
    let entries = state.drivers.list().into_iter();
    entries
        .map(|entry| (entry.describe.id.clone(), entry.describe))
        .collect()
}

/// The object of a path.
async fn kept(state: &ApiState, kind: Kind, id: i64) -> Result<Kept, Problem> {
    let kept = state.store.kept(kind, id).await?;
    kept.ok_or_else(|| Problem::not_found(format!("there is no {kind} {id}")))
}

/// Lets a running host take over what was changed. It looks by itself, too.
async fn tell(state: &ApiState) {
    // A collector that has ended needs no news.
    let _ = state.handle.reload().await;
}

/// The revision that a change is meant for, of header `If-Match`; none: whatever it is now.
pub(super) struct IfMatch(Option<i64>);

impl IfMatch {
    /// The one that is meant, when it is now `is`.
    fn or(&self, is: i64) -> i64 {
        self.0.unwrap_or(is)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(text) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = text.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let plain = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        let revision = plain.parse();
        revision
            .map(|revision| Self(Some(revision)))
            .map_err(|_| Problem::bad_query(format!("If-Match is {text:?}, expected an ETag such as \"7\"")))
    }
}

/// An answer with the revision of what it shows.
pub(super) struct Tagged<T> {
    status: StatusCode,
    revision: i64,
    location: Option<String>,
    body: T,
}

impl<T> Tagged<T> {
    /// It is so.
    pub(super) fn ok(revision: i64, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            revision,
            location: None,
            body,
        }
    }

    /// Shows it otherwise.
    fn map<R>(self, show: impl FnOnce(T) -> R) -> Tagged<R> {
        Tagged {
            status: self.status,
            revision: self.revision,
            location: self.location,
            body: show(self.body),
        }
    }

    /// It was made, and is found at this path under the API's root.
    fn created(self, path: String) -> Self {
        Self {
            status: StatusCode::CREATED,
            location: Some(format!("/api/v1{path}")),
            ..self
        }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let head: [(HeaderName, String); 1] = [(header::ETAG, format!("\"{}\"", self.revision))];
        let location = self.location.map(|location| [(header::LOCATION, location)]);
        match location {
            Some(location) => (self.status, head, location, axum::Json(self.body)).into_response(),
            None => (self.status, head, axum::Json(self.body)).into_response(),
        }
    }
}

/// What is other of a `T`: fields that are left out stay.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Patch<T> {
    fields: Map<String, Json>,
    #[serde(skip)]
    of: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Patch<T> {
    /// `is` with what is other.
    fn of(&self, is: &T) -> Result<T, Problem> {
        let mut fields = serde_json::to_value(is).unwrap_or_default();
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(self.fields.clone());
        }
        serde_json::from_value(fields).map_err(|error| Problem::bad_body(error.to_string()))
    }

    /// Whether a field is said, be it null.
    fn says(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl<T: PartialSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> Cow<'static, str> {
        T::name().replace("Body", "Patch").into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
