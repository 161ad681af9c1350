//! A package on its way to a registry.

use std::path::{Path, PathBuf};

use super::VendorError;
use super::subject::package;
use crate::oci::{Client, Logins, Reference, Times};
use crate::package::ENDING;

/// Names the file of logins where no argument does, as for podman and skopeo.
const LOGINS: &str = "REGISTRY_AUTH_FILE";

/// Sends a package. Gives the reference by which it is installed.
pub(super) async fn push(file: &Path, to: &str, logins: Option<PathBuf>) -> Result<Reference, VendorError> {
    let to: Reference = to.parse()?;
    let package = package(file)?;
    let version = &package.manifest.version;
    let name = format!("{}-{version}.{ENDING}", package.manifest.id);
    let logins = logins.or_else(|| std::env::var_os(LOGINS).map(PathBuf::from));
    let logins = logins.as_deref().map(Logins::read).transpose()?;
    let client = Client::new(Times::default(), logins.unwrap_or_default())?;
    let bytes = if file.is_dir() {
        package.to_bytes().map_err(|source| VendorError::Package {
            file: file.to_owned(),
            source,
        })?
    } else {
        std::fs::read(file).map_err(VendorError::file(file.display()))?
    };
    Ok(client.push(&to, bytes, &name, version).await?)
}
