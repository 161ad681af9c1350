//! What the configuration says of a provider of identities.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use crate::model::Role;

/// A provider of identities, OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oidc {
    /// Its address: `https://id.example/realms/heat`.
    pub issuer: String,
    /// What it calls this host.
    pub client_id: String,
    /// File with the secret that it gave this host; none: it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Where it sends browsers back to: `https://uzel.example/api/v1/session/provider/back`.
    pub redirect: String,
    /// What people call it: stands on the button.
    pub title: String,
    /// The claim that names the account.
    #[serde(default = "usual_claim")]
    pub claim: String,
    /// Accounts that may sign in so; `*`: every person's.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Role over everything of an account that is made for somebody who has none; none: no account is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

fn usual_claim() -> String {
    "preferred_username".to_owned()
}

impl Oidc {
    /// Refuses what cannot be meant.
    pub(in crate::api) fn check(&self) -> Result<(), ApiError> {
        let wrong = |key: &str, why: &str| {
            Err(ApiError::Oidc {
                why: format!("http.oidc.{key} {why}"),
            })
        };
        if !cfg!(feature = "oidc") {
            return wrong("issuer", "is said, and this program was built without the feature oidc");
        }
        for (key, text) in [("issuer", &self.issuer), ("redirect", &self.redirect)] {
            if !is_encrypted(text) {
                return wrong(key, &format!("is {text:?}, expected an https address"));
            }
        }
        if self.role.is_some() && self.role().is_none() {
            return wrong("role", "expected viewer, dispatcher or engineer");
        }
        if self.accounts.is_empty() && self.role.is_none() {
            return wrong("accounts", "is empty and there is no role: nobody could sign in");
        }
        Ok(())
    }

    /// The role of accounts that are made. Nobody becomes administrator by what somebody else says.
    pub(super) fn role(&self) -> Option<Role> {
        let role = Role::of(self.role.as_deref()?)?;
        matches!(role, Role::Viewer | Role::Dispatcher | Role::Engineer).then_some(role)
    }

    /// Whether the account of this name may sign in so.
    pub(super) fn may_take(&self, name: &str) -> bool {
        self.accounts
            .iter()
            .any(|one| one == "*" || one.eq_ignore_ascii_case(name))
    }
}

/// Whether nobody on the way reads what is sent to an address: it is encrypted, or of this machine.
fn is_encrypted(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_or_here_proves_who_somebody_is() {
        for (address, is_fine) in [
            ("https://id.example/realms/heat", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost/x", true),
            ("http://id.example", false),
            ("http://localhost.evil", false),
            ("ftp://127.0.0.1", false),
            ("id.example", false),
        ] {
            assert_eq!(is_encrypted(address), is_fine, "{address}");
        }
    }

    #[test]
    fn nobody_becomes_administrator_by_what_a_provider_says() {
        let oidc = |role: &str| Oidc {
            issuer: "https://id.example".to_owned(),
            client_id: "uzel".to_owned(),
            secret_file: None,
            redirect: "https://uzel.example/api/v1/session/provider/back".to_owned(),
            title: "ID".to_owned(),
            claim: usual_claim(),
            accounts: Vec::new(),
            role: Some(role.to_owned()),
        };
        for (role, is_one) in [
            ("viewer", true),
            ("engineer", true),
            ("administrator", false),
            ("vendor", false),
            ("x", false),
        ] {
            assert_eq!(oidc(role).role().is_some(), is_one, "{role}");
            assert_eq!(oidc(role).check().is_ok(), is_one && cfg!(feature = "oidc"), "{role}");
        }
        assert!(!oidc("viewer").may_take("ivanov"));
    }
}
