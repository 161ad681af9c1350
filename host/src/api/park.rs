//! The life of drivers over HTTP: what there is, what was done, what is to be done.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Body, Path, Query, cursor, limit};
use super::problem::Problem;
use crate::park::{self, CanaryPlan, Evidence, Park, ParkError, ShadowReport};
use crate::signing;
use crate::store::{Deed, DriverEvent, DriverVersion, VendorKey};

/// Sessions of a shadow run when nothing is said.
const SHADOW_SESSIONS: u32 = 200;

/// Clean sessions after which a canary is promoted when nothing is said.
const PROMOTE_AFTER: u32 = 20;

/// A version of a driver.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Version {
    /// SHA-256 of the component: what sessions name.
    digest: String,
    /// Id of the driver.
    driver: String,
    version: String,
    vendor: String,
    /// `package`, or the file in the folder of drivers.
    origin: String,
    /// Manifest of its package, docs/driver-package.md.
    #[schema(value_type = Option<Object>)]
    manifest: Option<serde_json::Value>,
    /// Number of the vendor's key that signed it.
    signed_by: Option<String>,
    /// Interfaces beyond reading that it may use.
    granted: Vec<String>,
    /// `uploaded`, `verified`, `compiled`, `self-tested`, `shadow`, `canary`, `active`, `draining`, `retired`,
    /// `quarantined`.
    state: String,
    /// Since when.
    since: Instant,
    /// Why.
    why: String,
    installed_at: Instant,
    /// What the conformance kit found, as the package says; none: it says nothing.
    report: Option<Tried>,
    /// Report of the last shadow run.
    shadow: Option<Shadow>,
    /// Which devices a canary reads.
    canary: Option<Canary>,
}

/// What the conformance kit found of a version: the vendor's word, under his signature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tried {
    /// Version of the kit.
    kit: String,
    /// Seeds of noise that each recording was given.
    seeds: u64,
    /// Checks that found nothing wrong.
    ok: u32,
    /// Checks that failed.
    failed: u32,
    /// Checks that could not be made.
    not_applicable: u32,
    /// What failed, at most twenty lines.
    failures: Vec<String>,
}

/// What a shadow run found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shadow {
    /// Whether nothing speaks against the version.
    is_clean: bool,
    /// Sessions held again.
    sessions: u32,
    /// Devices whose sessions they were.
    devices: u32,
    /// Records compared.
    records: u64,
    /// Sessions whose records came out otherwise.
    differing: u32,
    /// Sessions in which it asked otherwise.
    asked_otherwise: u32,
    /// Sessions that could not be held again.
    unusable: u32,
    /// Differences, a line each.
    differences: Vec<String>,
    /// Values that came otherwise than they are stored, the first of them.
    values: Vec<ShadowValue>,
}

/// A value that came otherwise than it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShadowValue {
    /// In which session.
    session: i64,
    device: Named,
    /// Of which archive: `hourly`, …
    archive: String,
    /// Begin of its interval.
    starts_at: Instant,
    /// Its column, as the driver calls it.
    column: String,
    /// What is stored; null: the store has no such value.
    stored: Option<String>,
    /// What came.
    given: String,
}

/// Which devices a canary reads, and until when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Canary {
    /// These; empty: a share of all.
    devices: Vec<i64>,
    /// Of a hundred devices.
    share_percent: u8,
    /// Clean sessions after which all devices are read with it.
    promote_after: u32,
}

/// Something that was done with a version or a key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    id: i64,
    at: Instant,
    /// Id of the driver; empty for a key.
    driver: String,
    version: String,
    /// Digest of the component, or number of the key.
    digest: String,
    who: String,
    /// Where it stood before.
    from: Option<String>,
    /// Where it stands since, or `refused`, `key-added`, `key-revoked`, `digest-revoked`.
    to: String,
    why: String,
}

/// A key of a vendor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Key {
    /// Its number, as minisign shows it.
    id: String,
    public: String,
    name: String,
    vendor: String,
    /// Of `read`, `configure`, `control`.
    roles: Vec<String>,
    /// Models that its packages may claim; `*`: any.
    models: Vec<String>,
    valid_from: Option<Instant>,
    valid_to: Option<Instant>,
    revoked_at: Option<Instant>,
    revoked_why: Option<String>,
}

/// What was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TakenIn {
    digest: String,
    driver: String,
    version: String,
    /// Recordings of the package that came out as they were recorded.
    recordings: u64,
    signed_by: Option<String>,
    /// What the conformance kit found, as the package says; none: it says nothing.
    report: Option<Tried>,
}

/// Who may what when a package is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallQuery {
    /// Interfaces that are granted, separated by commas: `diagnostics,configure`. Without it only `diagnostics`.
    grant: Option<String>,
    /// Why it is installed.
    why: Option<String>,
    /// The package in a registry, by digest: `oci://HOST/REPOSITORY@sha256:DIGEST`. The body is empty then.
    from: Option<String>,
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// It is written down.
    why: String,
}

/// Why a version is put to work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activate {
    /// It is written down.
    why: String,
    /// Whether it is put to work without a clean shadow.
    #[serde(default, rename = "override")]
    overridden: bool,
}

/// How a version is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryOut {
    /// It is written down.
    why: String,
    /// Devices that it reads; empty: a share.
    #[serde(default)]
    devices: Vec<i64>,
    /// Of a hundred devices, 1 to 100.
    #[serde(default)]
    share_percent: u8,
    /// Clean sessions after which all devices are read with it; 20 without it.
    promote_after: Option<u32>,
    /// Whether it is tried without a clean shadow.
    #[serde(default, rename = "override")]
    overridden: bool,
}

/// How a shadow is run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunShadow {
    /// It is written down.
    why: String,
    /// Recorded sessions, the newest first; 200 without it.
    sessions: Option<u32>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// Only of this driver.
    driver: Option<String>,
    /// From the page before.
    after: Option<String>,
    /// At most so many.
    limit: Option<u32>,
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// As `uzel key new` or minisign prints it.
    public: String,
    /// Whose it is.
    name: String,
    /// What manifests must name as vendor.
    vendor: String,
    /// Of `read`, `configure`, `control`.
    roles: Vec<String>,
    /// Models that its packages may claim; `*`: any.
    models: Vec<String>,
    /// Instants.
    valid_from: Option<String>,
    valid_to: Option<String>,
    /// It is written down.
    why: String,
}

pub(super) fn park(state: &ApiState) -> Result<&Park, Problem> {
    let park = state.park.as_deref();
    park.ok_or_else(|| Problem::not_found("this host has no park of drivers"))
}

/// Until there are accounts it is whoever sits at this machine.
fn deed(why: &str) -> Deed {
    Deed {
        who: "api".to_owned(),
        why: why.trim().chars().take(500).collect(),
    }
}

fn version(version: DriverVersion) -> Version {
    let shadow = version.shadow.and_then(|report| serde_json::from_value(report).ok());
    let canary = version.canary.and_then(|plan| serde_json::from_value(plan).ok());
    let report = version.report.and_then(|report| serde_json::from_value(report).ok());
    Version {
        digest: version.digest,
        driver: version.driver,
        version: version.version,
        vendor: version.vendor,
        origin: version.origin,
        manifest: version.manifest,
        signed_by: version.signed_by,
        granted: version.granted,
        state: version.state.to_string(),
        since: Instant(version.since),
        why: version.why,
        installed_at: Instant(version.installed_at),
        report: report.map(tried),
        shadow: shadow.map(shadow_of),
        canary: canary.map(|plan: CanaryPlan| Canary {
            devices: plan.devices,
            share_percent: plan.share_percent,
            promote_after: plan.promote_after,
        }),
    }
}

fn tried(report: Evidence) -> Tried {
    Tried {
        kit: report.kit,
        seeds: report.seeds,
        ok: report.ok,
        failed: report.failed,
        not_applicable: report.not_applicable,
        failures: report.failures,
    }
}

fn shadow_of(report: ShadowReport) -> Shadow {
    Shadow {
        is_clean: report.is_clean(),
        sessions: report.sessions,
        devices: report.devices,
        records: report.records,
        differing: report.differing,
        asked_otherwise: report.asked_otherwise,
        unusable: report.unusable,
        differences: report.differences,
        values: report.values.into_iter().map(value).collect(),
    }
}

fn value(value: park::ShadowValue) -> ShadowValue {
    ShadowValue {
        session: value.session,
        device: value.device.into(),
        archive: value.archive,
        starts_at: Instant(value.starts_at),
        column: value.column,
        stored: value.stored,
        given: value.given,
    }
}

/// Every version of every driver, the newest of each first.
#[utoipa::path(get, path = "/drivers/versions", tag = "drivers", operation_id = "list_driver_versions",
    responses((status = OK, body = Page<Version>)))]
pub(super) async fn versions(State(state): State<ApiState>) -> Result<Json<Page<Version>>, Problem> {
    let versions = state.store.driver_versions().await?;
    Ok(Json(Page::whole(versions.into_iter().map(version).collect())))
}

/// Takes a package in: it is verified, compiled in a process of its own, and holds its recordings again. It is put to work
/// by later calls.
#[utoipa::path(post, path = "/drivers/versions", tag = "drivers", operation_id = "install_driver", params(InstallQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = CREATED, body = TakenIn), (status = CONFLICT, description = "It is installed already: `conflict`"),
        (status = UNPROCESSABLE_ENTITY, description = "It is refused or fails its tests: `refused`")))]
pub(super) async fn install(
    State(state): State<ApiState>,
    Query(query): Query<InstallQuery>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<TakenIn>), Problem> {
    let granted = query.grant.as_deref().unwrap_or("diagnostics").split(',');
    let granted: Vec<String> = granted
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    let deed = deed(query.why.as_deref().unwrap_or("no reason was given"));
    let park = park(&state)?;
    let installed = match &query.from {
        Some(_) if !bytes.is_empty() => return Err(Problem::bad_query("from names a package, and the body is one")),
        Some(reference) => park.install_from(reference, &granted, deed).await?,
        None => park.install(&bytes, &granted, deed).await?,
    };
    let taken = TakenIn {
        digest: installed.digest,
        driver: installed.driver,
        version: installed.version,
        recordings: u64::try_from(installed.recordings).unwrap_or(u64::MAX),
        signed_by: installed.signed_by,
        report: installed.report.map(tried),
    };
    Ok((StatusCode::CREATED, Json(taken)))
}

/// One version.
#[utoipa::path(get, path = "/drivers/versions/{digest}", tag = "drivers", operation_id = "driver_version",
    params(("digest" = String, Path, description = "Or as much of its beginning as tells it apart")),
    responses((status = OK, body = Version)))]
pub(super) async fn one(State(state): State<ApiState>, Path(digest): Path<String>) -> Result<Json<Version>, Problem> {
    Ok(Json(version(park(&state)?.find(&digest).await?)))
}

/// Holds recorded sessions again with a version and compares what it gives with what is stored.
#[utoipa::path(post, path = "/drivers/versions/{digest}/shadow", tag = "drivers", operation_id = "shadow_driver",
    params(("digest" = String, Path)), request_body = RunShadow, responses((status = OK, body = Shadow),
        (status = CONFLICT, description = "It is in a state that has no shadow: `conflict`")))]
pub(super) async fn shadow(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<RunShadow>,
) -> Result<Json<Shadow>, Problem> {
    let sessions = body.sessions.unwrap_or(SHADOW_SESSIONS);
    let report = park(&state)?.shadow(&digest, sessions, deed(&body.why)).await?;
    Ok(Json(shadow_of(report)))
}

/// Reads some devices with a version; the host promotes it or takes it back by itself.
#[utoipa::path(post, path = "/drivers/versions/{digest}/canary", tag = "drivers", operation_id = "try_driver",
    params(("digest" = String, Path)), request_body = TryOut, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It has not proven itself, or is in another state: `conflict`")))]
pub(super) async fn canary(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<TryOut>,
) -> Result<Json<Version>, Problem> {
    if body.devices.is_empty() && !(1..=100).contains(&body.share_percent) {
        return Err(Problem::bad_body("devices is empty and share_percent is not 1 to 100"));
    }
    let plan = CanaryPlan {
        devices: body.devices,
        share_percent: body.share_percent,
        promote_after: body.promote_after.unwrap_or(PROMOTE_AFTER).max(1),
        since_session: 0,
    };
    let park = park(&state)?;
    park.canary(&digest, plan, body.overridden, deed(&body.why)).await?;
    Ok(Json(version(park.find(&digest).await?)))
}

/// Reads all devices of the driver with a version, from their next sessions on.
#[utoipa::path(post, path = "/drivers/versions/{digest}/activate", tag = "drivers", operation_id = "activate_driver",
    params(("digest" = String, Path)), request_body = Activate, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It has not proven itself, or is in another state: `conflict`")))]
pub(super) async fn activate(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<Activate>,
) -> Result<Json<Version>, Problem> {
    let park = park(&state)?;
    park.activate(&digest, body.overridden, deed(&body.why)).await?;
    Ok(Json(version(park.find(&digest).await?)))
}

/// Stops a version; when it read all devices, the one before takes its place again.
#[utoipa::path(post, path = "/drivers/versions/{digest}/quarantine", tag = "drivers", operation_id = "quarantine_driver",
    params(("digest" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It is stopped already: `conflict`")))]
pub(super) async fn quarantine(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let park = park(&state)?;
    park.quarantine(&digest, deed(&body.why)).await?;
    Ok(Json(version(park.find(&digest).await?)))
}

/// Takes a version out that nothing runs with.
#[utoipa::path(post, path = "/drivers/versions/{digest}/retire", tag = "drivers", operation_id = "retire_driver",
    params(("digest" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It is at work: `conflict`")))]
pub(super) async fn retire(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let park = park(&state)?;
    park.retire(&digest, deed(&body.why)).await?;
    Ok(Json(version(park.find(&digest).await?)))
}

/// Revokes a component: it is stopped where it works, and never taken in again.
#[utoipa::path(post, path = "/drivers/versions/{digest}/revoke", tag = "drivers", operation_id = "revoke_driver",
    params(("digest" = String, Path, description = "The whole digest; it need not be installed")), request_body = Why,
    responses((status = NO_CONTENT)))]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<StatusCode, Problem> {
    if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Problem::bad_query(format!("{digest:?} is no SHA-256 in hex")));
    }
    park(&state)?.revoke_digest(&digest, deed(&body.why)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the version back to work that read the driver's devices before.
#[utoipa::path(post, path = "/drivers/{id}/rollback", tag = "drivers", operation_id = "roll_driver_back",
    params(("id" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "There is none before: `conflict`")))]
pub(super) async fn roll_back(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let park = park(&state)?;
    let before = park.roll_back(&id, deed(&body.why)).await?;
    Ok(Json(version(park.find(&before.digest).await?)))
}

/// What was done with drivers and keys, the newest first.
#[utoipa::path(get, path = "/drivers/events", tag = "drivers", operation_id = "driver_events", params(EventsQuery),
    responses((status = OK, body = Page<Done>)))]
pub(super) async fn events(
    State(state): State<ApiState>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Page<Done>>, Problem> {
    let most = limit(query.limit, 100, 1_000)?;
    let before: Option<i64> = cursor(query.after.as_deref())?;
    let rows = state
        .store
        .driver_events(query.driver.as_deref(), before, most + 1)
        .await?;
    let done = |event: DriverEvent| Done {
        id: event.id,
        at: Instant(event.at),
        driver: event.driver,
        version: event.version,
        digest: event.digest,
        who: event.who,
        from: event.from,
        to: event.to,
        why: event.why,
    };
    Ok(Json(Page::of(rows, most, |event| event.id.to_string(), done)))
}

/// The vendors' keys.
#[utoipa::path(get, path = "/drivers/keys", tag = "drivers", operation_id = "driver_keys", responses((status = OK, body = Page<Key>)))]
pub(super) async fn keys(State(state): State<ApiState>) -> Result<Json<Page<Key>>, Problem> {
    let key = |key: VendorKey| Key {
        id: key.id,
        public: key.public,
        name: key.name,
        vendor: key.vendor,
        roles: key.roles,
        models: key.models,
        valid_from: key.valid_from.map(Instant),
        valid_to: key.valid_to.map(Instant),
        revoked_at: key.revoked_at.map(Instant),
        revoked_why: key.revoked_why,
    };
    let keys = state.store.vendor_keys().await?;
    Ok(Json(Page::whole(keys.into_iter().map(key).collect())))
}

/// Trusts a key, or changes what it may.
#[utoipa::path(post, path = "/drivers/keys", tag = "drivers", operation_id = "trust_key", request_body = NewKey,
    responses((status = NO_CONTENT)))]
pub(super) async fn trust(State(state): State<ApiState>, Body(body): Body<NewKey>) -> Result<StatusCode, Problem> {
    let id = signing::key_id(&body.public).map_err(|error| Problem::bad_body(error.to_string()))?;
    if let Some(role) = body
        .roles
        .iter()
        .find(|role| !crate::park::Roles::ALL.contains(&role.as_str()))
    {
        return Err(Problem::bad_body(format!(
            "role {role:?}, expected read, configure or control"
        )));
    }
    let instant = |text: Option<&String>| {
        let parsed = text.map(|text| text.parse::<Timestamp>().map_err(|_| text));
        parsed
            .transpose()
            .map_err(|text| Problem::bad_body(format!("{text:?} is no instant such as 2027-01-01T00:00:00Z")))
    };
    let key = VendorKey {
        id,
        public: body.public.trim().to_owned(),
        name: body.name,
        vendor: body.vendor,
        roles: body.roles,
        models: body.models,
        valid_from: instant(body.valid_from.as_ref())?,
        valid_to: instant(body.valid_to.as_ref())?,
        revoked_at: None,
        revoked_why: None,
    };
    state.store.put_vendor_key(key, deed(&body.why)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a key: nothing that it signs is taken in any more. What it signed before stays as it is.
#[utoipa::path(post, path = "/drivers/keys/{id}/revoke", tag = "drivers", operation_id = "revoke_key",
    params(("id" = String, Path)), request_body = Why, responses((status = NO_CONTENT)))]
pub(super) async fn revoke_key(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Body(body): Body<Why>,
) -> Result<StatusCode, Problem> {
    if !state.store.revoke_vendor_key(&id, deed(&body.why)).await? {
        return Err(Problem::not_found(format!("there is no key {id} that holds")));
    }
    Ok(StatusCode::NO_CONTENT)
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
        match error {
            ParkError::Store(error) => error.into(),
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
            | ParkError::Again(_) => Self::refused(text),
        }
    }
}
