//! Errors of the API: problem documents (RFC 9457) with stable codes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::collect::HandleError;
use crate::park::Reason;
use crate::store::{ImportFault, Refusal, StoreError};

/// What is answered instead of a result.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Option<String>,
    session: Option<i64>,
    faults: Vec<FieldFault>,
    /// Seconds after which it is worth trying again.
    retry_s: Option<i64>,
    reason: Option<Box<Reason>>,
    /// For the log only.
    cause: Option<Arc<StoreError>>,
}

/// What is wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldFault {
    /// Which; empty: the object as a whole.
    pub(super) field: String,
    /// What it is, and what was expected.
    pub(super) reason: String,
}

/// The document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// `about:blank`: the code says it.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the status means.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable: `not-found`, `bad-query`, `bad-body`, `conflict`, `already-reading`, `refused`, `busy`, `storage-paused`,
    /// `shutting-down`, `bad-host`, `method-not-allowed`, `too-large`, `too-slow`, `invalid`, `changed-meanwhile`,
    /// `internal`; of accounts `not-signed-in`, `bad-credentials`, `code-needed`, `password-change-needed`, `forbidden`,
    /// `cross-site`, `slow-down`.
    code: &'static str,
    /// For people.
    detail: Option<String>,
    /// In the log of the host too.
    request_id: String,
    /// The session that reads the device, with `already-reading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<i64>,
    /// Every fault of what was sent, with `invalid` and `conflict`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FieldFault>,
    /// Why exactly, where it is one of a closed list, for those who tell it in another language.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What the reason is about, by names of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<BTreeMap<&'static str, String>>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: Some(detail.into()),
            session: None,
            faults: Vec::new(),
            retry_s: None,
            reason: None,
            cause: None,
        }
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(super) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-query", detail)
    }

    pub(super) fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-body", detail)
    }

    pub(super) fn not_signed_in(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", detail)
    }

    pub(super) fn bad_credentials() -> Self {
        let text = "name and password, or the code, are not right";
        Self::new(StatusCode::UNAUTHORIZED, "bad-credentials", text)
    }

    pub(super) fn code_needed() -> Self {
        let text = "the account has a second factor: send its code as well";
        Self::new(StatusCode::UNAUTHORIZED, "code-needed", text)
    }

    pub(super) fn choose_password() -> Self {
        let text = "the one-time secret only allows to choose a password: POST /api/v1/account/password";
        Self::new(StatusCode::FORBIDDEN, "password-change-needed", text)
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the account has not the right to do this",
        )
    }

    pub(super) fn cross_site(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "cross-site", detail)
    }

    pub(super) fn slow_down(retry_s: i64) -> Self {
        let text = format!("too many requests, or too many wrong passwords: try again in {retry_s} s");
        Self {
            retry_s: Some(retry_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "slow-down", text)
        }
    }

    pub(super) fn bad_host(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "bad-host", detail)
    }

    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
    }

    pub(super) fn already_reading(detail: impl Into<String>, session: Option<i64>) -> Self {
        Self {
            session,
            ..Self::new(StatusCode::CONFLICT, "already-reading", detail)
        }
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// What was sent cannot be taken: every fault at once.
    pub(super) fn invalid(faults: Vec<FieldFault>) -> Self {
        let told: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {}", fault.field, fault.reason))
            .collect();
        Self {
            faults,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", told.join("; "))
        }
    }

    /// Names the fields of faults as `name` says.
    pub(super) fn with_fields(mut self, name: impl Fn(&str) -> String) -> Self {
        for fault in &mut self.faults {
            fault.field = name(&fault.field);
        }
        self
    }

    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", detail)
    }

    /// An answer could not be written. The log has why.
    pub(super) fn unwritable(cause: &dyn std::error::Error) -> Self {
        error!(%cause, "an answer could not be written");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the answer could not be written",
        )
    }

    /// With why exactly.
    pub(super) fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(Box::new(reason)),
            ..self
        }
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not come in time")
    }

    /// The problem behind a status that the framework answered by itself.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => "not-found",
            StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            status if status.is_client_error() => "bad-query",
            _ => "internal",
        };
        Self {
            detail: None,
            ..Self::new(status, code, "")
        }
    }

    /// The answer, once the request has its id. What is our fault is logged here.
    pub(super) fn finish(self, request_id: &str) -> Response {
        if let Some(cause) = &self.cause {
            let source = std::error::Error::source(cause.as_ref()).map(ToString::to_string);
            error!(request.id = request_id, error = %cause, source, "request {request_id} failed: {cause}");
        }
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            request_id: request_id.to_owned(),
            session: self.session,
            faults: self.faults,
            reason: self.reason.as_ref().map(|reason| reason.word),
            about: self.reason.map(|reason| reason.about),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Leaves the problem with the response: the guard, which knows the request's id, writes the document.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(cause: StoreError) -> Self {
        match cause {
            StoreError::Refused(refusal) => return refusal.into(),
            StoreError::Import(faults) => {
                let fault = |fault: ImportFault| FieldFault {
                    field: fault.key,
                    reason: fault.reason,
                };
                return Self::invalid(faults.into_iter().map(fault).collect());
            }
            _ => {}
        }
        let problem = match &cause {
            StoreError::Unavailable { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "storage-paused",
                "the disk is full, failing or locked",
            ),
            StoreError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", "the host goes down"),
            _ => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the log of the host says more under this request's id",
            ),
        };
        Self {
            cause: Some(Arc::new(cause)),
            ..problem
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Missing { .. } => Self::not_found(text),
            Refusal::Changed { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "changed-meanwhile", text),
            Refusal::Conflict { field, reason } => Self {
                faults: vec![FieldFault {
                    field: field.to_owned(),
                    reason,
                }],
                ..Self::conflict(text)
            },
        }
    }
}

impl From<HandleError> for Problem {
    fn from(error: HandleError) -> Self {
        let text = error.to_string();
        match error {
            HandleError::NoDevice(_) | HandleError::NoSession(_) | HandleError::NoTunnel(_) => Self::not_found(text),
            HandleError::AlreadyReading(_) => Self::already_reading(text, None),
            HandleError::Busy | HandleError::TooManyTrials | HandleError::NoPort(..) => Self::busy(text),
            HandleError::Ended => Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", text),
        }
    }
}
