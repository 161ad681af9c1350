//! The life of drivers over HTTP: what there is, what was done, what is to be done.

mod event;
mod key;
mod step;
mod version;

pub(super) use version::{ShadowValue, value};

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::park::{Park, ParkError};
use crate::store::Deed;

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    /// It is written down.
    why: String,
}

/// What carries a package, whose body may be larger than others.
pub(super) fn packages() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(version::versions, version::install))
}

/// Everything else.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(version::one))
        .routes(routes!(step::shadow))
        .routes(routes!(step::canary))
        .routes(routes!(step::activate))
        .routes(routes!(step::quarantine))
        .routes(routes!(step::retire))
        .routes(routes!(step::revoke))
        .routes(routes!(step::roll_back))
        .routes(routes!(event::events))
        .routes(routes!(key::keys, key::trust))
        .routes(routes!(key::revoke_key))
}

pub(super) fn park(state: &ApiState) -> Result<&Park, Problem> {
    let park = state.park.as_deref();
    park.ok_or_else(|| Problem::not_found("this host has no park of drivers"))
}

fn deed(asks: &SignedIn, why: &str) -> Deed {
    Deed {
        who: asks.actor(),
        why: why.trim().chars().take(500).collect(),
    }
}

/// Digests of the versions that somebody sees; none: of all.
pub(super) async fn own_digests(state: &ApiState, asks: &SignedIn) -> Result<Option<Vec<String>>, Problem> {
    let Some(vendors) = asks.vendors() else { return Ok(None) };
    let versions = state.store.driver_versions().await?;
    let own = versions.into_iter().filter(|version| vendors.contains(&version.vendor));
    Ok(Some(own.map(|version| version.digest).collect()))
}

impl From<ParkError> for Problem {
    fn from(error: ParkError) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(source) = cause {
            text.push_str(": ");
            text.push_str(&source.to_string());
            cause = source.source();
        }
        let reason = error.reason();
        let problem = match error {
            ParkError::Store(error) => return error.into(),
            ParkError::NoVersion(_) => Self::not_found(text),
            ParkError::Ambiguous(..) => Self::bad_query(text),
            ParkError::NoReason => Self::bad_body(text),
            ParkError::Installed { .. }
            | ParkError::State { .. }
            | ParkError::Unproven { .. }
            | ParkError::NothingBefore(_) => Self::conflict(text),
            ParkError::Package(_)
            | ParkError::Fetch(_)
            | ParkError::Refused(_)
            | ParkError::Report(_)
            | ParkError::Compile(_)
            | ParkError::SelfTest(_)
            | ParkError::Load { .. }
            | ParkError::Key(_)
            | ParkError::Broken(_)
            | ParkError::Again(_) => Self::refused(text),
        };
        problem.because(reason)
    }
}
