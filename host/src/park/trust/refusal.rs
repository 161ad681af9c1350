//! Why a package is not taken in.

use jiff::Timestamp;

/// Why a package is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody signed it.
    #[error(
        "the package is not signed: only a signed one is taken; drivers.unsigned = true takes others, for development"
    )]
    Unsigned,
    /// Nobody here knows the key.
    #[error(
        "the package is signed by key {0}, which is not among the vendors' keys: add it with uzel driver trust add"
    )]
    UnknownKey(String),
    /// The signature is not of this manifest.
    #[error("the signature is not over this manifest: {0}")]
    Broken(String),
    /// The key was revoked.
    #[error("key {id} of {name} was revoked on {at}: {why}")]
    RevokedKey {
        /// Its number.
        id: String,
        /// Whose it was.
        name: String,
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// The key does not hold today.
    #[error("key {id} of {name} holds from {from} to {to}, not today")]
    Expired {
        /// Its number.
        id: String,
        /// Whose it is.
        name: String,
        /// Since when.
        from: String,
        /// Until when.
        to: String,
    },
    /// The component was revoked.
    #[error("component {digest} was revoked: {why}")]
    RevokedDigest {
        /// Which.
        digest: String,
        /// Why.
        why: String,
    },
    /// The package speaks for another vendor.
    #[error("the package names {got:?} as vendor, key {id} belongs to {want:?}")]
    Vendor {
        /// Whom it names.
        got: String,
        /// Whose key it is.
        want: String,
        /// The key.
        id: String,
    },
    /// The package claims what is not its vendor's.
    #[error("the package claims models {}, key {id} may claim {}", .models.join(", "), .may.join(", "))]
    Models {
        /// What it claims too much.
        models: Vec<String>,
        /// What it may.
        may: Vec<String>,
        /// The key.
        id: String,
    },
    /// The key may not sign for what the package asks.
    #[error("the package asks for {}, which needs the roles {}; key {id} has {}", .asked.join(", "), .roles.join(", "), .has.join(", "))]
    RolesMissing {
        /// What it asks for.
        asked: Vec<String>,
        /// What that needs and is missing.
        roles: Vec<String>,
        /// What the key has.
        has: Vec<String>,
        /// The key.
        id: String,
    },
    /// The administrator does not grant what the package asks for.
    #[error("the package asks for {}, which is not granted: grant it when it is installed, or take a package that does not ask", .0.join(", "))]
    NotGranted(Vec<String>),
}
