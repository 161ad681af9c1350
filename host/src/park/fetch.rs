//! Taking a package in from a registry.

use super::{Installed, Park, ParkError};
use crate::oci::{Client, Logins, Reference, Times};
use crate::store::Deed;

impl Park {
    /// Fetches the package that `reference` names by digest, and takes it in like any other.
    ///
    /// # Errors
    /// It could not be fetched; or as [`Park::install`].
    pub async fn install_from(&self, reference: &str, granted: &[String], deed: Deed) -> Result<Installed, ParkError> {
        let reference: Reference = reference.parse()?;
        // Read each time: passwords change while the host runs.
        let logins = self.rules.registry_logins.as_deref().map(Logins::read).transpose()?;
        let client = Client::new(Times::default(), logins.unwrap_or_default())?;
        let bytes = client.pull(&reference).await?;
        let why = format!("{} (from {reference})", deed.why);
        self.install(&bytes, granted, Deed { who: deed.who, why }).await
    }
}
