//! The host itself: how it fares, its configuration, its backups, its figures. For administrators of everything.

mod backup;
mod configuration;
mod figures;
mod state;

use std::sync::Arc;

use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use configuration::{ConfigKey, InEffect, Waiting};

use super::ApiState;
use crate::model::Figures;
use crate::store::copy::Backups;

/// What the host knows of itself beside its store and its collector.
#[derive(Clone, Default)]
pub struct HostFacts {
    /// The configuration in effect; none: it is not told.
    pub config: Option<watch::Receiver<Arc<InEffect>>>,
    /// The folder of backups; none: this host makes none.
    pub backups: Option<Backups>,
    /// The figures of the last day.
    pub figures: Figures,
}

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(state::system))
        .routes(routes!(configuration::config))
        .routes(routes!(figures::figures))
        .routes(routes!(backup::make))
        .routes(routes!(backup::list))
        .routes(routes!(backup::download))
}
