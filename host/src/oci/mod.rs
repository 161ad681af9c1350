//! Driver packages in registries of the OCI: a package is the one layer of an artifact, and is named by the digest of the
//! artifact's manifest (OCI Distribution Specification 1.1, OCI Image Specification 1.1). docs/driver-package.md says how.
//!
//! A registry is a place and no authority: what comes from it is bounded, has to have the digest that was asked for, and is
//! then judged like any other package.

mod client;
mod http;
mod logins;
mod manifest;
mod reference;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use client::{Client, Times};
pub use logins::Logins;
pub use manifest::{ARTIFACT, LAYER};
pub use reference::{Reference, Target};

/// Why nothing was fetched, or sent.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The reference is none.
    #[error(
        "{got:?} names no package in a registry: {what}; expected oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST, such as \
         oci://registry.example/vendor/vkt7@sha256:9f2c..."
    )]
    Reference {
        /// What was given.
        got: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A tag can point elsewhere tomorrow.
    #[error(
        "tag {tag:?} may point at another package tomorrow: name what it points at today, {reference}, if that is meant"
    )]
    Tag {
        /// Which.
        tag: String,
        /// What it points at, by digest.
        reference: String,
    },
    /// A package is sent under a tag; its digest is what comes of it.
    #[error("{0} names a digest: a package is sent under a tag, and its digest is told then")]
    PushByDigest(Reference),
    /// The file of logins cannot be used.
    #[error("logins {file}: {text}")]
    Logins {
        /// Which.
        file: PathBuf,
        /// What is wrong; nothing of its content.
        text: String,
    },
    /// There is no client for it.
    #[error("no connection to registries can be made")]
    Client(#[source] reqwest::Error),
    /// It could not be reached, or broke off.
    #[error("registry {host}: {what}")]
    Line {
        /// Which.
        host: String,
        /// What was wanted.
        what: String,
        /// Why.
        source: reqwest::Error,
    },
    /// It takes too long.
    #[error("registry {host}: {what} took longer than {} s", .most.as_secs_f64())]
    Slow {
        /// Which.
        host: String,
        /// What was wanted.
        what: String,
        /// How long it may take.
        most: std::time::Duration,
    },
    /// It wants to know who asks, or does not let him.
    #[error("registry {host}: {what} is not allowed ({why})")]
    Denied {
        /// Which.
        host: String,
        /// What was wanted.
        what: String,
        /// Whether there was a login.
        why: &'static str,
    },
    /// It does not have it.
    #[error("registry {host}: it has no {what}")]
    NotFound {
        /// Which.
        host: String,
        /// What was wanted.
        what: String,
    },
    /// It answers otherwise than expected.
    #[error("registry {host}: {what}: the answer is {status}, expected {want}: {text}")]
    Status {
        /// Which.
        host: String,
        /// What was wanted.
        what: String,
        /// As it is.
        status: u16,
        /// As it should be.
        want: &'static str,
        /// The registry's words.
        text: String,
    },
    /// It gives more than there may be.
    #[error("registry {host}: {what} has more than {most} bytes")]
    Large {
        /// Which.
        host: String,
        /// What.
        what: String,
        /// How many it may have.
        most: usize,
    },
    /// It gives something else.
    #[error("registry {host}: {what} came with digest {got}, expected {want}")]
    Digest {
        /// Which.
        host: String,
        /// What.
        what: String,
        /// As it is.
        got: String,
        /// As it must be.
        want: String,
    },
    /// It is no driver package.
    #[error("registry {host}: {what}")]
    Content {
        /// Which.
        host: String,
        /// What is wrong, and what was expected.
        what: String,
    },
}
