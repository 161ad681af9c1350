//! Pictures of the map, from where the administrator says.

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};

use super::{ApiError, guard};

/// Where the map's pictures come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    /// Of a picture, with `{z}`, `{x}` and `{y}`: `https://tiles.example/{z}/{x}/{y}.png`.
    pub url: String,
    /// Whose they are, as their owner wants it shown.
    pub attribution: String,
}

impl Tiles {
    /// Scheme and host, as a content policy names them.
    pub(super) fn host(&self) -> Result<&str, ApiError> {
        let bad = || ApiError::Tiles { url: self.url.clone() };
        let (scheme, rest) = self.url.split_once("://").ok_or_else(bad)?;
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let has_places = ["{z}", "{x}", "{y}"].iter().all(|place| rest.contains(place));
        if !matches!(scheme, "http" | "https") || host.is_empty() || !host.chars().all(is_plain) || !has_places {
            return Err(bad());
        }
        self.url.get(..scheme.len() + 3 + host.len()).ok_or_else(bad)
    }

    /// The content policy of a page that shows them.
    pub(super) fn policy(&self) -> Option<HeaderValue> {
        let policy = format!("{}; img-src 'self' {}", guard::POLICY, self.host().ok()?);
        HeaderValue::from_str(&policy).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> Option<String> {
        let tiles = Tiles {
            url: url.to_owned(),
            attribution: String::new(),
        };
        tiles.host().ok().map(str::to_owned)
    }

    #[test]
    fn only_a_host_gets_into_the_policy() {
        let good = "https://tiles.example:8443/{z}/{x}/{y}.png";
        assert_eq!(host(good).as_deref(), Some("https://tiles.example:8443"));
        for url in [
            "tiles.example/{z}/{x}/{y}",
            "https:///{z}/{x}/{y}",
            "https://a b/{z}/{x}/{y}",
            "https://a;script-src/{z}/{x}/{y}",
            "https://{s}.example/{z}/{x}/{y}",
            "https://tiles.example/{z}.png",
            "javascript://x/{z}/{x}/{y}",
        ] {
            assert_eq!(host(url), None, "{url}");
        }
    }
}
