//! Who we are at a registry: a file as `docker login`, `podman login` and `oras login` write it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::OciError;
use crate::limits;

/// Logins by host. Nothing of them is ever shown.
#[derive(Clone, Default)]
pub struct Logins(BTreeMap<String, String>);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
}

impl Logins {
    /// Reads a file: `{"auths": {"HOST[:PORT]": {"auth": "base64 of USER:PASSWORD"}}}`.
    ///
    /// # Errors
    /// It cannot be read, or is something else.
    pub fn read(file: &Path) -> Result<Self, OciError> {
        let fault = |text: String| OciError::Logins {
            file: file.to_owned(),
            text,
        };
        let length = std::fs::metadata(file).map_err(|error| fault(error.to_string()))?.len();
        if length > limits::OCI_LOGINS_BYTES {
            return Err(fault(format!(
                "it has {length} bytes, at most {} may be",
                limits::OCI_LOGINS_BYTES
            )));
        }
        let bytes = std::fs::read(file).map_err(|error| fault(error.to_string()))?;
        // What a parser says of it may hold a part of a password.
        let read: File = serde_json::from_slice(&bytes)
            .map_err(|_| fault("it is not {\"auths\": {HOST: {\"auth\": TEXT}}}".to_owned()))?;
        let mut logins = BTreeMap::new();
        for (host, entry) in read.auths {
            let Some(auth) = entry.auth.filter(|auth| !auth.is_empty()) else {
                continue;
            };
            let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
            if !auth.bytes().all(is_base64) {
                return Err(fault(format!("the login of {host:?} is not in base64")));
            }
            logins.insert(host, auth);
        }
        Ok(Self(logins))
    }

    /// Base64 of name and password for a host.
    pub(super) fn of(&self, host: &str) -> Option<&str> {
        self.0.get(host).map(String::as_str)
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_found_by_host_and_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{"auths": {"127.0.0.1:5000": {"auth": "dTpzZWNyZXQ="}, "other": {}}, "credsStore": "x"}"#;
        std::fs::write(file.path(), text).unwrap();
        let logins = Logins::read(file.path()).unwrap();
        assert_eq!(logins.of("127.0.0.1:5000"), Some("dTpzZWNyZXQ="));
        assert_eq!((logins.of("127.0.0.1"), logins.of("other")), (None, None));
        assert_eq!(format!("{logins:?}"), "{\"127.0.0.1:5000\"}");
        std::fs::write(file.path(), r#"{"auths": {"a": {"auth": "secret"#).unwrap();
        let error = Logins::read(file.path()).unwrap_err().to_string();
        assert!(!error.contains("secret") && error.contains("auths"), "{error}");
    }
}
