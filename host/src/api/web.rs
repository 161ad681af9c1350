//! The web client, out of the binary.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;
use super::{ApiState, Tiles};

#[derive(RustEmbed)]
#[folder = "../web/dist/"]
#[allow_missing = true]
struct Web;

/// Said when the binary was built without the client.
const NOT_BUILT: &str = "\
Веб-клиент не вошёл в эту сборку: соберите его (npm run build в папке web) и соберите программу заново.
The web client is not part of this build: build it (npm run build in the folder web) and build the program again.
API: /api/v1/health, /api/v1/openapi.json
";

/// Files by their names; `index.html` for every other path without a dot, as the client routes by itself.
pub(super) async fn serve(State(state): State<ApiState>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return Problem::not_found(format!("there is no /{path}")).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let seen = request.headers().get(header::IF_NONE_MATCH);
    if let Some(found) = Some(path).filter(|path| !path.is_empty()).and_then(Web::get) {
        return file(path, found, seen);
    }
    if path.contains('.') {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    match Web::get("index.html") {
        Some(index) => {
            let mut response = file("index.html", index, seen);
            if let Some(policy) = state.tiles.as_deref().and_then(Tiles::policy) {
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

/// What stands under `assets/` has the digest of its content in its name and never changes.
fn file(path: &str, found: EmbeddedFile, seen: Option<&HeaderValue>) -> Response {
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = tag(&found);
    let headers = [
        (header::CONTENT_TYPE, content_type(path)),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    if seen.is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match found.data {
        Cow::Borrowed(bytes) => axum::body::Body::from(bytes),
        Cow::Owned(bytes) => axum::body::Body::from(bytes),
    };
    (headers, body).into_response()
}

fn content_type(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    if kind.type_() == "text" {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    }
}

fn tag(found: &EmbeddedFile) -> String {
    let digest = found.metadata.sha256_hash();
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // Weak: the same file is sent compressed and plain.
    format!("W/\"{hex}\"")
}
