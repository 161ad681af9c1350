//! What a driver package says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PackageError;
use crate::foreign::{is_active, shown};
use crate::limits;

/// What `format` says.
pub const FORMAT: &str = "uzel-driver";

/// What `format_version` says.
pub const FORMAT_VERSION: u32 = 1;

/// The interfaces beyond `meter` for which a driver can ask.
pub const ASKABLE: [&str; 3] = ["diagnostics", "configure", "control"];

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

/// A file of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// How long it is.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
}

/// The manifest: `manifest.json`, in the one form that [`Manifest::canonical`] gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What is new in this version.
    pub changelog: Text,
    /// Version of the contract that the component was built for.
    pub contract: String,
    /// Every file but the manifest and its signature.
    pub files: BTreeMap<String, FileSum>,
    /// [`FORMAT`].
    pub format: String,
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The driver's name for ever.
    pub id: String,
    /// What it asks for beyond reading, of [`ASKABLE`].
    pub interfaces: Vec<String>,
    /// Models that it reads, by the ids of its description.
    pub models: Vec<String>,
    /// For people.
    pub title: Text,
    /// Who makes it.
    pub vendor: String,
    /// Semantic version.
    pub version: String,
}

impl Manifest {
    /// The bytes that are signed: JSON with sorted keys, without a space, ending in a line feed.
    ///
    /// # Errors
    /// Never for a manifest of texts and numbers.
    pub fn canonical(&self) -> Result<Vec<u8>, PackageError> {
        // A value's maps are sorted, a structure's fields are not.
        let value = serde_json::to_value(self).map_err(fault)?;
        let mut text = serde_json::to_vec(&value).map_err(fault)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads the bytes of `manifest.json`.
    ///
    /// # Errors
    /// What is wrong with them: another format, another form, texts that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        let plain: serde_json::Value = serde_json::from_slice(bytes).map_err(fault)?;
        let (format, version) = (&plain["format"], &plain["format_version"]);
        if format != FORMAT || version != FORMAT_VERSION {
            return Err(PackageError::Format {
                format: format.as_str().unwrap_or_default().chars().take(60).collect(),
                version: shown(&version.to_string()).chars().take(20).collect(),
            });
        }
        let manifest: Self = serde_json::from_value(plain).map_err(fault)?;
        manifest.check()?;
        if manifest.canonical()? != bytes {
            return Err(PackageError::NotCanonical);
        }
        Ok(manifest)
    }

    /// Whether its words can be what they should be.
    fn check(&self) -> Result<(), PackageError> {
        let bad = |key: &'static str, got: &str, want: &'static str| {
            let got = got.chars().take(80).collect();
            Err(PackageError::Field { key, got, want })
        };
        let is_id = |text: &str| {
            !text.is_empty()
                && text.len() <= limits::CODE_BYTES
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !is_id(&self.id) {
            return bad("id", &self.id, "up to 64 of a to z, 0 to 9 and -");
        }
        if version(&self.version).is_none() {
            return bad("version", &self.version, "a version such as 1.4.0");
        }
        if version(&self.contract).is_none() {
            return bad("contract", &self.contract, "a version such as 1.0.0");
        }
        if let Some(other) = self.interfaces.iter().find(|one| !ASKABLE.contains(&one.as_str())) {
            return bad("interfaces", other, "diagnostics, configure or control");
        }
        if self.models.is_empty() || self.models.len() > limits::MODELS {
            return bad("models", &self.models.len().to_string(), "1 to 1024 models");
        }
        let names = [&self.vendor, &self.title.ru, &self.title.en];
        let names = names.into_iter().chain(&self.models).map(|text| (text, false));
        let news = [(&self.changelog.ru, true), (&self.changelog.en, true)];
        for (text, is_long) in names.chain(news) {
            if text.len() > limits::CHANGELOG_BYTES || text.contains(|c| is_active(c) && !(is_long && c == '\n')) {
                return bad("a text", text, "up to 8192 bytes without control characters");
            }
        }
        Ok(())
    }
}

/// What a parser says of somebody's words may quote them.
fn fault(error: serde_json::Error) -> PackageError {
    PackageError::Manifest {
        text: shown(&error.to_string()).chars().take(300).collect(),
    }
}

/// The three numbers of a version, in the order in which versions follow each other.
pub fn version(text: &str) -> Option<(u32, u32, u32)> {
    let (numbers, rest) = text.split_once('-').unwrap_or((text, "0"));
    let mut parts = numbers.split('.').map(|part| {
        let plain = !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    });
    let three = (parts.next()??, parts.next()??, parts.next()??);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    (parts.next().is_none() && !rest.is_empty() && rest.len() <= 32 && rest.bytes().all(is_name)).then_some(three)
}
