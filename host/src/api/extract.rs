//! Path, query and body of a request; what cannot be read is a problem document.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::limits;

/// The query of a request.
pub(super) struct Query<T>(pub(super) T);

/// The varying parts of the path of a request.
pub(super) struct Path<T>(pub(super) T);

/// The body of a request.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await?;
        Ok(Self(query.0))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await?;
        Ok(Self(path.0))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = axum::Json::from_request(request, state);
        let body = tokio::time::timeout(limits::BODY_TIME, read).await;
        Ok(Self(body.map_err(|_| Problem::too_slow())??.0))
    }
}

/// The body of a request as it came, which may take so many seconds.
pub(super) struct Raw<const SECONDS: u64>(pub(super) axum::body::Bytes);

impl<S: Send + Sync, const SECONDS: u64> FromRequest<S> for Raw<SECONDS> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = axum::body::Bytes::from_request(request, state);
        let body = tokio::time::timeout(std::time::Duration::from_secs(SECONDS), read).await;
        let bytes = body.map_err(|_| Problem::too_slow())?;
        bytes
            .map(Self)
            .map_err(|rejection| Problem::of_status(rejection.into_response().status()))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_query(rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::not_found(rejection.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            status @ axum::http::StatusCode::PAYLOAD_TOO_LARGE => Self::of_status(status),
            _ => Self::bad_body(rejection.body_text()),
        }
    }
}

/// Rows of a page: what was asked for, at most `most`.
pub(super) fn limit(asked: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    match asked {
        Some(0) => Err(Problem::bad_query(format!("limit is 0, expected 1 to {most}"))),
        asked => Ok(asked.unwrap_or(usual).min(most).min(limits::PAGE_ROWS)),
    }
}

/// The key behind a cursor.
pub(super) fn cursor<T: std::str::FromStr>(after: Option<&str>) -> Result<Option<T>, Problem> {
    after
        .map(|text| {
            text.parse()
                .map_err(|_| Problem::bad_query(format!("after is {text:?}, which no page gave")))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(axum::body::Body::from_stream(never))
            .unwrap();
        assert!(Body::<u8>::from_request(request, &()).await.is_err());
        let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let request = Request::new(axum::body::Body::from_stream(never));
        assert!(Raw::<30>::from_request(request, &()).await.is_err());
    }
}
