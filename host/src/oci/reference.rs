//! Where a package is: `oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::OciError;

/// A package in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Whether `oci+http://` says that this registry speaks without TLS.
    pub is_plain: bool,
    /// Host, with its port if it has one.
    pub host: String,
    /// The repository.
    pub repository: String,
    /// Which of its artifacts.
    pub target: Target,
}

/// Which artifact of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `sha256:` and 64 hex digits.
    Digest(String),
    /// A name that may be given to another tomorrow.
    Tag(String),
    /// Nothing is said.
    None,
}

/// Longest repository name together with its host, and longest tag (OCI Distribution Specification 1.1, "Pulling
/// manifests").
const NAME_BYTES: usize = 255;
const TAG_BYTES: usize = 128;

impl Reference {
    /// Whether `text` is meant to be one, rather than a file.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("oci://") || text.starts_with("oci+http://")
    }

    /// Whether the registry is on this machine.
    pub fn is_here(&self) -> bool {
        Url::parse(&format!("http://{}/", self.host)).is_ok_and(|url| is_loopback(&url))
    }

    /// Its address under `/v2/`. Without TLS only where that was said, or on this machine.
    pub(super) fn url(&self, path: &str) -> Result<Url, OciError> {
        let scheme = if self.is_plain || self.is_here() {
            "http"
        } else {
            "https"
        };
        let url = format!("{scheme}://{}/v2/{}/{path}", self.host, self.repository);
        Url::parse(&url).map_err(|_| self.refused("the host is none"))
    }

    /// The same repository, another artifact.
    pub fn with(&self, target: Target) -> Self {
        Self { target, ..self.clone() }
    }

    fn refused(&self, what: &'static str) -> OciError {
        let got = self.to_string();
        OciError::Reference { got, what }
    }
}

/// Whether an address is of this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a text is `sha256:` and 64 lower-case hex digits.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

impl FromStr for Reference {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        let refused = |what| OciError::Reference {
            got: text.chars().take(NAME_BYTES + TAG_BYTES).collect(),
            what,
        };
        let (is_plain, rest) = match (text.strip_prefix("oci://"), text.strip_prefix("oci+http://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(refused("it begins with neither oci:// nor oci+http://")),
        };
        let (host, rest) = rest.split_once('/').ok_or_else(|| refused("it has no repository"))?;
        let (repository, target) = match (rest.split_once('@'), rest.split_once(':')) {
            (Some((repository, digest)), _) if is_digest(digest) => (repository, Target::Digest(digest.to_owned())),
            (Some(_), _) => return Err(refused("after @ is no sha256: with 64 hex digits in lower case")),
            (None, Some((repository, tag))) if is_tag(tag) => (repository, Target::Tag(tag.to_owned())),
            (None, Some(_)) => return Err(refused("after : is no tag")),
            (None, None) => (rest, Target::None),
        };
        if !is_repository(repository) || host.len() + repository.len() > NAME_BYTES {
            return Err(refused("the repository is none"));
        }
        let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        let url = Url::parse(&format!("http://{host}/"));
        if !host.bytes().all(is_host) || !url.is_ok_and(|url| url.host_str().is_some_and(|host| !host.is_empty())) {
            return Err(refused("the host is none"));
        }
        Ok(Self {
            is_plain,
            host: host.to_owned(),
            repository: repository.to_owned(),
            target,
        })
    }
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= TAG_BYTES
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

fn is_repository(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.split('/').all(|part| {
        let ends = [part.bytes().next(), part.bytes().last()];
        ends.iter().all(|end| end.is_some_and(is_word))
            && part.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'_' | b'-'))
            && !part.contains("..")
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_plain { "oci+http" } else { "oci" };
        write!(f, "{scheme}://{}/{}", self.host, self.repository)?;
        match &self.target {
            Target::Digest(digest) => write!(f, "@{digest}"),
            Target::Tag(tag) => write!(f, ":{tag}"),
            Target::None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_and_written_alike_and_others_are_refused() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let good = [
            (
                format!("oci://registry.example/vendor/vkt7@{digest}"),
                "https",
                Target::Digest(digest.clone()),
            ),
            (
                "oci://127.0.0.1:5000/a:1.4.0".to_owned(),
                "http",
                Target::Tag("1.4.0".to_owned()),
            ),
            ("oci://localhost/a".to_owned(), "http", Target::None),
            ("oci://[::1]:5000/a/b-c_d".to_owned(), "http", Target::None),
            ("oci://10.0.0.5:5000/a".to_owned(), "https", Target::None),
            ("oci+http://10.0.0.5:5000/a".to_owned(), "http", Target::None),
        ];
        for (text, scheme, target) in good {
            let read: Reference = text.parse().unwrap();
            assert_eq!((read.to_string(), &read.target), (text, &target));
            assert_eq!(read.url("tags").unwrap().scheme(), scheme, "{read}");
        }
        for text in [
            "https://registry.example/a",
            "oci://registry.example",
            "oci:///a",
            "oci://user:secret@registry.example/a",
            "oci://registry.example/../a",
            "oci://registry.example/A",
            "oci://registry.example/a//b",
            "oci://registry.example/a?b",
            "oci://registry.example/a@sha256:0a",
            "oci://registry.example/a@sha512:0a",
            "oci://registry.example/a:",
            "oci://registry.example/a:-1",
            "oci://registry\u{202e}.example/a",
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(matches!(error, OciError::Reference { .. }), "{text}: {error}");
        }
    }
}
