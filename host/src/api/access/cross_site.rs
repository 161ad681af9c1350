//! A page of another site must not command this host through the browser of somebody who is signed in.

use axum::http::{HeaderMap, HeaderName, header};

use crate::api::problem::Problem;

/// Programs that have a cookie and are no browser send it, with whatever value: no page can, without being asked first.
const OURS: HeaderName = HeaderName::from_static("x-uzel");

/// Browsers say themselves where a request comes from. Whoever says nothing of that must be no browser.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |why: String| Err(Problem::cross_site(why));
    if headers.contains_key(OURS) {
        return Ok(());
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" => Ok(()),
            site => refused(format!(
                "a page that is {:?} to this host may not command it",
                String::from_utf8_lossy(site)
            )),
        };
    }
    // The guard has compared it with the name that this host was called by.
    if headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    refused("neither Sec-Fetch-Site nor Origin says which page commands this host: programs send X-Uzel".to_owned())
}
