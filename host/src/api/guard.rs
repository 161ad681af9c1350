//! What every request and answer goes through: an id, the host's name, headers, problem documents.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ApiState;
use super::access::Access;
use super::problem::Problem;
use crate::limits;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client is served from here and needs nothing from elsewhere.
pub(super) const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Gives the request an id, refuses foreign hosts, and finishes the answer.
pub(super) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id();
    let of_api = request.uri().path().starts_with("/api/");
    let mut response = match check(&state.access, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.finish(&id);
    } else if of_api && (status.is_client_error() || status.is_server_error()) {
        response = Problem::of_status(status).finish(&id);
    }
    metrics::counter!("uzel_http_answers_total", "status" => status.as_u16().to_string()).increment(1);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if state.access.is_secure() {
        // From now on for a year the browser comes encrypted or not at all.
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    // The client's page has one of its own where the map has tiles.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    if of_api {
        // Data changes; what a browser keeps of it others could read.
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

/// A page of another site must not reach the API through a browser, neither by a name that it points here nor by a form
/// that it sends here.
fn check(access: &Access, request: &Request) -> Result<(), Problem> {
    let text = |name| {
        request
            .headers()
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or_default())
    };
    // One name, wherever it stands: of two, somebody on the way may have read the other one (RFC 9112, section 3.2).
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let host = text(header::HOST).or(authority).unwrap_or_default();
    if request.headers().get_all(header::HOST).iter().count() > 1 || authority.is_some_and(|other| other != host) {
        return Err(Problem::bad_host("the request calls this host by two names"));
    }
    if !access.is_host(host) {
        let text = format!("host {host:?} is not this machine; http.hosts of the configuration names others");
        return Err(Problem::bad_host(text));
    }
    // What says that it is too large is refused before it comes.
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let most = if request.uri().path().ends_with("/drivers/versions") {
        limits::DRIVER_PACKAGE_BYTES
    } else {
        limits::BODY_BYTES
    };
    if length.is_some_and(|length| length > most as u64) {
        return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let is_command = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_command && let Some(origin) = text(header::ORIGIN) {
        let (scheme, site) = origin.split_once("://").unwrap_or(("", origin));
        if site != host || (access.is_secure() && scheme != "https") {
            return Err(Problem::bad_host(format!(
                "a page of {origin:?} may not command this host"
            )));
        }
    }
    Ok(())
}

/// Unique in the logs of one machine: when the process started, and a count.
fn request_id() -> String {
    static STARTED: std::sync::OnceLock<u128> = std::sync::OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = STARTED.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis())
    });
    format!("{started:x}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(listen: &str, hosts: &[&str]) -> Access {
        let config = crate::api::Config {
            listen: listen.parse().unwrap(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..crate::api::Config::default()
        };
        Access::without_accounts().reached_as(&config)
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        let access = reached("127.0.0.1:8080", &[]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.5.0.1",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(access.is_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "10.0.0.1:8080",
            "127.0.0.1.evil.example",
            "localhost.evil:1",
        ] {
            assert!(!access.is_host(host), "{host}");
        }
    }

    #[test]
    fn a_host_that_others_reach_has_the_names_of_its_configuration_and_addresses() {
        let access = reached("0.0.0.0:443", &["uzel.example"]);
        for host in [
            "uzel.example",
            "Uzel.Example:443",
            "10.0.0.1:443",
            "[2001:db8::1]:443",
            "localhost",
        ] {
            assert!(access.is_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "uzel.example.evil",
            "sub.uzel.example",
            "10.0.0.1.evil:443",
        ] {
            assert!(!access.is_host(host), "{host}");
        }
    }
}
