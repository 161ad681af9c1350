//! Versions of drivers, and packages that become some.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{deed, park as the_park};
use crate::api::ApiState;
use crate::api::dto::{Instant, Named, Page};
use crate::api::extract::{Path, Query, Raw};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::limits;
use crate::park::{self, CanaryPlan, Evidence, ShadowReport};
use crate::store::DriverVersion;

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
pub(in crate::api) struct ShadowValue {
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
    /// What its sessions came to; null: it is no canary any more.
    so_far: Option<SoFar>,
}

/// What the sessions of a canary came to so far.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SoFar {
    /// Those that say something of the device or the driver.
    sessions: u32,
    /// Those that brought what was asked, with nothing changed.
    clean: u32,
    /// Those that failed with the line open.
    failed: u32,
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

/// A version as it is shown.
pub(super) fn version(version: DriverVersion) -> Version {
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
            so_far: None,
        }),
    }
}

/// A version with how far it is as a canary.
async fn counted(state: &ApiState, found: DriverVersion) -> Result<Version, Problem> {
    let counts = match &state.park {
        Some(park) => park.canary_counts(&found).await?,
        None => None,
    };
    let mut shown = version(found);
    if let (Some(canary), Some(counts)) = (&mut shown.canary, counts) {
        canary.so_far = Some(SoFar {
            sessions: counts.sessions,
            clean: counts.clean,
            failed: counts.failed,
        });
    }
    Ok(shown)
}

/// A report as it is shown.
pub(super) fn shadow_of(report: ShadowReport) -> Shadow {
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

/// A value that came otherwise, as it is shown.
pub(in crate::api) fn value(value: park::ShadowValue) -> ShadowValue {
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

/// Every version of every driver, the newest of each first.
#[utoipa::path(get, path = "/drivers/versions", tag = "drivers", operation_id = "list_driver_versions",
    responses((status = OK, body = Page<Version>)))]
pub(super) async fn versions(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Page<Version>>, Problem> {
    let vendors = asks.vendors();
    let is_own = |version: &DriverVersion| vendors.as_ref().is_none_or(|vendors| vendors.contains(&version.vendor));
    let mut items = Vec::new();
    for found in state.store.driver_versions().await?.into_iter().filter(is_own) {
        items.push(counted(&state, found).await?);
    }
    Ok(Json(Page::whole(items)))
}

/// Takes a package in: it is verified, compiled in a process of its own, and holds its recordings again. It is put to work
/// by later calls.
#[utoipa::path(post, path = "/drivers/versions", tag = "drivers", operation_id = "install_driver", params(InstallQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = CREATED, body = TakenIn), (status = CONFLICT, description = "It is installed already: `conflict`"),
        (status = UNPROCESSABLE_ENTITY, description = "It is refused or fails its tests: `refused`")))]
pub(super) async fn install(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<InstallQuery>,
    Raw(bytes): Raw<{ limits::PACKAGE_TIME_S }>,
) -> Result<(StatusCode, Json<TakenIn>), Problem> {
    let granted = query.grant.as_deref().unwrap_or("diagnostics").split(',');
    let granted: Vec<String> = granted
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    let deed = deed(&asks, query.why.as_deref().unwrap_or("no reason was given"));
    let park = the_park(&state)?;
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
    let found = the_park(&state)?.find(&digest).await?;
    Ok(Json(counted(&state, found).await?))
}
