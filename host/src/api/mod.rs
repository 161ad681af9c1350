//! The HTTP API and the web client. Handlers translate: parse, ask the store or the collector, answer.

mod access;
mod account;
mod attention;
mod audit;
mod bulk;
mod caller;
mod catalog;
mod control;
mod csv_stream;
mod device;
mod diagnostic;
mod document;
mod driver;
mod driver_log;
mod driver_work;
mod dto;
mod extract;
mod feed;
mod gap;
mod guard;
mod health;
mod journal;
mod keep;
mod line_work;
mod live;
mod overview;
mod park;
mod place;
mod point;
mod problem;
mod provider;
mod read_now;
mod record;
mod replay;
mod series;
mod serve;
mod session;
mod signed_in;
mod site;
mod state;
mod statistics;
mod system;
mod talk;
#[cfg(test)]
mod tests;
mod tiles;
mod tunnel;
mod web;
mod webhook;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use access::Access;
pub use catalog::{DriverCatalog, DriverEntry};
pub use provider::{Oidc, Provider};
pub use system::{ConfigKey, HostFacts, InEffect, Waiting};
pub use tiles::Tiles;
pub use webhook::{WebhookConfig, WebhookConfigFault, WebhookTimes, run as tell_webhooks};

use crate::collect::{CallersHandle, Handle};
use crate::limits;
use crate::park::Park;
use crate::store::Store;

pub use serve::{Certificate, Tls, serve};

/// Where the API listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// A loopback address, unless `tls` encrypts or `insecure` says that nothing needs to.
    pub listen: SocketAddr,
    /// Whether others may connect without encryption: whoever is on the way reads passwords.
    pub insecure: bool,
    /// Names that the host is called by, beside those of this machine.
    pub hosts: Vec<String>,
    /// Encryption; none: plain HTTP.
    pub tls: Option<Tls>,
    /// Where the map's pictures come from; none: the client asks nobody for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<Tiles>,
    /// A provider of identities by which people sign in; none: by name and password only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            insecure: false,
            hosts: Vec::new(),
            tls: None,
            tiles: None,
            oidc: None,
        }
    }
}

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Whoever is on the way could read passwords.
    #[error(
        "the API would listen on {listen}, which others can reach, without encryption: give http.tls, or say \
         http.insecure = true where something else encrypts"
    )]
    NotLoopback {
        /// As configured.
        listen: SocketAddr,
    },
    /// There are no accounts: everybody on the network could read and command meters.
    #[error(
        "the API would listen on {listen}, which others can reach: without accounts it listens on 127.0.0.1 or [::1] only"
    )]
    NoAccounts {
        /// As configured.
        listen: SocketAddr,
    },
    /// A certificate or its key cannot be used.
    #[error("{file}: {why}")]
    Certificate {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Pictures of the map cannot come from there.
    #[error("http.tiles.url is {url:?}, expected such as \"https://tiles.example/{{z}}/{{x}}/{{y}}.png\"")]
    Tiles {
        /// As configured.
        url: String,
    },
    /// Nobody can sign in by this provider of identities.
    #[error("{why}")]
    Oidc {
        /// What is wrong.
        why: String,
    },
    /// The port is taken, or the address is not ours.
    #[error("cannot listen on {listen}")]
    Listen {
        /// As configured.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The listener failed.
    #[error("cannot serve the API")]
    Serve {
        /// Why.
        source: std::io::Error,
    },
}

impl Config {
    /// Refuses an address that others can reach in clear.
    pub fn check(&self) -> Result<(), ApiError> {
        if let Some(tiles) = &self.tiles {
            tiles.host()?;
        }
        if let Some(oidc) = &self.oidc {
            oidc.check()?;
        }
        if self.listen.ip().is_loopback() || self.tls.is_some() || self.insecure {
            Ok(())
        } else {
            Err(ApiError::NotLoopback { listen: self.listen })
        }
    }

    /// Listens on the address.
    pub async fn bind(&self) -> Result<TcpListener, ApiError> {
        self.check()?;
        TcpListener::bind(self.listen).await.map_err(|source| ApiError::Listen {
            listen: self.listen,
            source,
        })
    }
}

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// Where data is.
    pub store: Store,
    /// The way to the collector.
    pub handle: Handle,
    /// The way to the callers that are connected.
    pub callers: CallersHandle,
    /// The drivers that are loaded.
    pub drivers: Arc<dyn DriverCatalog>,
    /// The life of drivers; none: this host has no part in it.
    pub park: Option<Arc<Park>>,
    /// Metrics of the process; none: `/metrics` says so.
    pub metrics: Option<PrometheusHandle>,
    /// When the host started.
    pub started_at: Timestamp,
    /// The host goes down: live streams end.
    pub closing: CancellationToken,
    /// Who asks, and what for.
    pub(crate) access: Arc<Access>,
    /// What the host knows of itself.
    pub facts: HostFacts,
    /// Room for live streams.
    streams: Arc<Semaphore>,
    /// Room for those who wait for changes.
    feed_waits: Arc<Semaphore>,
    /// Room for exports of records.
    exports: Arc<Semaphore>,
    /// Every place with its state.
    overview: overview::Overview,
    /// Pictures of the map; none: sites are shown by their coordinates alone.
    tiles: Option<Arc<Tiles>>,
    /// Where webhooks may lead.
    webhooks: Arc<WebhookConfig>,
    /// Says who people are; none: they sign in by name and password only.
    provider: Option<Arc<Provider>>,
}

impl ApiState {
    /// The state of an API that starts now. Whoever asks may do everything until [`Self::with_access`] says otherwise.
    pub fn new(
        store: Store,
        handle: Handle,
        drivers: Arc<dyn DriverCatalog>,
        metrics: Option<PrometheusHandle>,
        closing: CancellationToken,
    ) -> Self {
        Self {
            store,
            handle,
            callers: CallersHandle::default(),
            drivers,
            park: None,
            metrics,
            started_at: Timestamp::now(),
            closing,
            access: Arc::new(Access::without_accounts()),
            facts: HostFacts::default(),
            streams: Arc::new(Semaphore::new(limits::LIVE_STREAMS)),
            feed_waits: Arc::new(Semaphore::new(limits::FEED_WAITS)),
            exports: Arc::new(Semaphore::new(limits::BULK_EXPORTS)),
            overview: overview::Overview::default(),
            tiles: None,
            webhooks: Arc::default(),
            provider: None,
        }
    }

    /// Has people and programs sign in.
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = Arc::new(access);
        self
    }

    /// Lets drivers be taken in, tried and put to work.
    pub fn with_park(mut self, park: Arc<Park>) -> Self {
        self.park = Some(park);
        self
    }

    /// Shows the map on the administrator's tiles.
    pub fn with_tiles(mut self, tiles: Option<Tiles>) -> Self {
        self.tiles = tiles.map(Arc::new);
        self
    }

    /// Lets webhooks lead where the configuration says.
    pub fn with_webhooks(mut self, config: WebhookConfig) -> Self {
        self.webhooks = Arc::new(config);
        self
    }

    /// Lets people sign in by what a provider of identities says.
    pub fn with_provider(mut self, oidc: Option<Oidc>) -> Result<Self, ApiError> {
        self.provider = oidc.map(Provider::new).transpose()?.map(Arc::new);
        Ok(self)
    }

    /// Shows what the host knows of itself.
    pub fn with_facts(mut self, facts: HostFacts) -> Self {
        self.facts = facts;
        self
    }

    /// Shows callers, and tells them what people decide.
    pub fn with_callers(mut self, callers: CallersHandle) -> Self {
        self.callers = callers;
        self
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Uzel",
        description = "HTTP API of Uzel, version 1. Instants are RFC 3339 in UTC. Lists are keyset pages: `next` of one is \
                       `after` of the following. Programs show a key, `Authorization: Bearer uzk_…`; a program that signs in \
                       with a name and a password sends `X-Uzel: 1` with what changes something. What goes wrong is a \
                       problem (RFC 9457) with a stable `code`; a method that a path has not answers 405 \
                       `method-not-allowed`."
    ),
    components(schemas(
        problem::ProblemBody,
        record::OrderWord,
        live::LiveSession,
        live::LiveRecords,
        live::LiveSnapshot,
        live::LiveLagged
    ))
)]
struct Document;

fn api() -> OpenApiRouter<ApiState> {
    let resources = OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(
            account::sign_in::who,
            account::sign_in::sign_in,
            account::sign_in::sign_out
        ))
        .routes(routes!(provider::ways))
        .routes(routes!(provider::ask))
        .routes(routes!(provider::back))
        .routes(routes!(account::own::password))
        .routes(routes!(account::own::sign_ins))
        .routes(routes!(account::own::end))
        .routes(routes!(account::second_factor::ask))
        .routes(routes!(account::second_factor::confirm))
        .routes(routes!(account::second_factor::remove))
        .routes(routes!(account::admin::list, account::admin::create))
        .routes(routes!(account::admin::one, account::admin::change))
        .routes(routes!(account::admin::grant))
        .routes(routes!(account::admin::reset))
        .routes(routes!(account::admin::sign_out))
        .routes(routes!(account::key::list, account::key::add))
        .routes(routes!(account::key::rotate))
        .routes(routes!(account::key::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::refused))
        .routes(routes!(site::list))
        .routes(routes!(site::one))
        .routes(routes!(attention::list))
        .routes(routes!(attention::acknowledge))
        .routes(routes!(attention::assign))
        .routes(routes!(attention::read_now))
        .routes(routes!(place::tree))
        .routes(routes!(place::search))
        .routes(routes!(place::map))
        .routes(routes!(place::state))
        .routes(routes!(device::list))
        .routes(routes!(device::one))
        .routes(routes!(read_now::read_now))
        .routes(routes!(tunnel::open, tunnel::one, tunnel::close))
        .routes(routes!(tunnel::list))
        .routes(routes!(control::ask, control::list))
        .routes(routes!(control::one))
        .routes(routes!(control::confirm))
        .routes(routes!(record::columns))
        .routes(routes!(record::list))
        .routes(routes!(record::versions))
        .routes(routes!(feed::changes))
        .routes(routes!(bulk::export))
        .routes(routes!(series::points))
        .routes(routes!(series::list))
        .routes(routes!(series::values))
        .routes(routes!(diagnostic::events))
        .routes(routes!(diagnostic::settings))
        .routes(routes!(diagnostic::changes))
        .routes(routes!(talk::lines))
        .routes(routes!(talk::one_line))
        .routes(routes!(line_work::work))
        .routes(routes!(line_work::health))
        .routes(routes!(line_work::modems))
        .routes(routes!(talk::of_device))
        .routes(routes!(talk::of_line))
        .routes(routes!(session::list))
        .routes(routes!(journal::export))
        .routes(routes!(session::one, session::cancel))
        .routes(routes!(session::trace))
        .routes(routes!(session::trace_text))
        .routes(routes!(replay::replay))
        .routes(routes!(driver::list))
        .routes(routes!(driver::models))
        .routes(routes!(driver::vocabulary))
        .routes(routes!(driver_work::work))
        .routes(routes!(driver_work::devices))
        .routes(routes!(driver_log::log))
        .routes(routes!(statistics::statistics))
        .routes(routes!(caller::list))
        .routes(routes!(caller::approve))
        .routes(routes!(caller::refuse))
        .routes(routes!(caller::listeners))
        .routes(routes!(live::live));
    // A package may be larger than other bodies.
    let packages = park::packages().layer(DefaultBodyLimit::max(limits::DRIVER_PACKAGE_BYTES));
    let resources = resources
        .merge(point::routes())
        .merge(park::routes())
        .merge(system::routes())
        .merge(webhook::routes())
        .merge(packages)
        .merge(keep::routes());
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", resources)
}

/// The document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api().split_for_parts().1;
    document::close(&mut document);
    document
}

/// The document as it is served: it does not change while the host runs.
static SERVED: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(serde_json::to_vec(&openapi()).unwrap_or_default()));

/// The API, `/metrics` and the web client.
pub fn router(state: ApiState) -> Router {
    checked(&state)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}

/// Every route behind the check of who asks.
fn checked(state: &ApiState) -> Router<ApiState> {
    let (router, _) = api().split_for_parts();
    router
        .route(
            "/api/v1/openapi.json",
            get(async || ([(header::CONTENT_TYPE, "application/json")], SERVED.clone())),
        )
        .route("/metrics", get(metrics_text))
        .fallback(web::serve)
        .layer(middleware::from_fn_with_state(state.clone(), access::check))
}

async fn metrics_text(State(state): State<ApiState>) -> axum::response::Response {
    match &state.metrics {
        Some(metrics) => ([("content-type", "text/plain; version=0.0.4")], metrics.render()).into_response(),
        None => problem::Problem::not_found("metrics are not gathered").into_response(),
    }
}
