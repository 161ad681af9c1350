//! This program was built without the feature `oidc`: there is no provider.

use super::{Oidc, Said};
use crate::api::ApiError;

/// There is none.
pub enum Provider {}

/// Somebody is sent to the provider.
#[allow(dead_code, reason = "nobody is")]
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) kept: String,
}

/// Nothing goes wrong with what there is not.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {}

impl Provider {
    pub(in crate::api) fn new(config: Oidc) -> Result<Self, ApiError> {
        config.check()?;
        Err(ApiError::Oidc {
            why: "http.oidc is not part of this build".to_owned(),
        })
    }

    pub(super) fn config(&self) -> &Oidc {
        match *self {}
    }

    pub(super) async fn begin(&self) -> Result<Begun, ProviderError> {
        match *self {}
    }

    pub(super) async fn end(&self, _: &str, _: (&str, &str)) -> Result<Said, ProviderError> {
        match *self {}
    }
}
