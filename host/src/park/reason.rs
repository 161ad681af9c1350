//! Why something was not done, as a word and what it is about: for those who tell it in another language.

use std::collections::BTreeMap;

use super::{ParkError, Refusal};

/// A word of a closed list, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable.
    pub word: &'static str,
    /// Names, versions, numbers of keys, and `text` where another program's words are all there is.
    pub about: BTreeMap<&'static str, String>,
}

impl Reason {
    fn new(word: &'static str, about: &[(&'static str, &str)]) -> Self {
        Self {
            word,
            about: about.iter().map(|(key, text)| (*key, (*text).to_owned())).collect(),
        }
    }
}

impl ParkError {
    /// The reason behind the sentence.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Package(error) => Reason::new("package", &[("text", &error.to_string())]),
            Self::Fetch(error) => Reason::new("fetch", &[("text", &error.to_string())]),
            Self::Refused(refusal) => refusal.reason(),
            Self::Installed { driver, version, state } => Reason::new(
                "installed",
                &[("driver", driver), ("version", version), ("state", &state.to_string())],
            ),
            Self::Report(text) => Reason::new("report", &[("text", text)]),
            Self::Compile(text) => Reason::new("compile", &[("text", text)]),
            Self::SelfTest(text) => Reason::new("self-test", &[("text", text)]),
            Self::NoVersion(digest) => Reason::new("no-version", &[("digest", digest)]),
            Self::Ambiguous(digest, count) => {
                Reason::new("ambiguous", &[("digest", digest), ("count", &count.to_string())])
            }
            Self::State {
                driver,
                version,
                state,
                to,
            } => Reason::new(
                "state",
                &[
                    ("driver", driver),
                    ("version", version),
                    ("state", &state.to_string()),
                    ("to", &to.to_string()),
                ],
            ),
            Self::Unproven { driver, version, .. } => {
                Reason::new("unproven", &[("driver", driver), ("version", version)])
            }
            Self::NothingBefore(driver) => Reason::new("nothing-before", &[("driver", driver)]),
            Self::NoReason => Reason::new("no-reason", &[]),
            Self::Load {
                driver,
                version,
                source,
            } => Reason::new(
                "load",
                &[("driver", driver), ("version", version), ("text", &source.to_string())],
            ),
            Self::Key(error) => Reason::new("key", &[("text", &error.to_string())]),
            Self::Again(error) => Reason::new("replay", &[("text", &error.to_string())]),
            Self::Broken(error) => Reason::new("broken-off", &[("text", &error.to_string())]),
            Self::Store(error) => Reason::new("store", &[("text", &error.to_string())]),
        }
    }
}

impl Refusal {
    fn reason(&self) -> Reason {
        match self {
            Self::Unsigned => Reason::new("unsigned", &[]),
            Self::UnknownKey(key) => Reason::new("unknown-key", &[("key", key)]),
            Self::Broken(text) => Reason::new("signature", &[("text", text)]),
            Self::RevokedKey { id, name, at, why } => Reason::new(
                "revoked-key",
                &[("key", id), ("name", name), ("at", &at.to_string()), ("why", why)],
            ),
            Self::Expired { id, name, from, to } => Reason::new(
                "expired-key",
                &[("key", id), ("name", name), ("from", from), ("until", to)],
            ),
            Self::RevokedDigest { digest, why } => Reason::new("revoked-digest", &[("digest", digest), ("why", why)]),
            Self::Vendor { got, want, id } => Reason::new("vendor", &[("got", got), ("want", want), ("key", id)]),
            Self::Models { models, may, id } => Reason::new(
                "models",
                &[("models", &models.join(", ")), ("may", &may.join(", ")), ("key", id)],
            ),
            Self::RolesMissing { asked, roles, has, id } => Reason::new(
                "roles",
                &[
                    ("asked", &asked.join(",")),
                    ("roles", &roles.join(",")),
                    ("has", &has.join(",")),
                    ("key", id),
                ],
            ),
            Self::NotGranted(asked) => Reason::new("not-granted", &[("asked", &asked.join(","))]),
        }
    }
}
