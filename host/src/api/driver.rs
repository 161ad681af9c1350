//! Drivers that are loaded, and the vocabulary.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::catalog::DriverEntry;
use super::dto::{Instant, Page, Text};
use super::extract::{Query, limit};
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::driver::{describe, find};
use crate::model::Right;
use crate::store::{DriverSums, whole_hours};

/// Over which time the sessions of a list are counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The words that drivers, store and screens share.
const VOCABULARY: &str = include_str!("../../../wit/v1/vocabulary.json");

/// A driver.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Driver {
    id: String,
    version: String,
    /// Of its file.
    digest: String,
    vendor: String,
    title: Text,
    protocol: Option<Text>,
    size_bytes: u64,
    /// `meter`, `diagnostics`, …
    interfaces: Vec<String>,
    models: Vec<DriverModel>,
    /// Keys of the configuration, as `describe.schema.json` has them.
    #[schema(value_type = Vec<Object>)]
    config: Vec<describe::ConfigKey>,
    /// Line defaults, as `describe.schema.json` has them.
    #[schema(value_type = Object)]
    line: describe::Line,
    /// Where it was loaded from.
    file: String,
    loaded_at: Instant,
    /// Those that ended in the last seven days.
    sessions: u64,
    /// Those of them that ended by the driver's fault.
    failures: u64,
}

/// A model that a driver reads.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DriverModel {
    id: String,
    maker: Text,
    /// The official spelling first.
    names: Vec<String>,
    resources: Vec<String>,
    archives: Vec<DriverArchive>,
    /// How well each capability is known: `captured`, `documented`, …
    evidence: BTreeMap<String, String>,
}

/// An archive of a model.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DriverArchive {
    kind: String,
    /// Records in the ring.
    depth: u32,
    /// `interval-start` or `interval-end`.
    label: String,
}

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ModelsQuery {
    /// A model, or a part of its name or its maker's, in either script: `943`, `СПТ943`, `spt-943`; without it all.
    search: Option<String>,
    /// At most so many, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// A model that a search found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundModel {
    /// Id of the driver that reads it.
    driver: String,
    driver_title: Text,
    #[serde(flatten)]
    model: DriverModel,
}

/// Drivers that are loaded.
#[utoipa::path(get, path = "/drivers", operation_id = "list_drivers", tag = "drivers", responses((status = OK, body = Page<Driver>)))]
pub(super) async fn list(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Page<Driver>>, Problem> {
    let now = Timestamp::now();
    let (from, to) = whole_hours(now.saturating_sub(COUNTED).unwrap_or(Timestamp::MIN), now);
    let mut drivers = Vec::new();
    let own = own(&asks);
    for entry in state
        .drivers
        .list()
        .into_iter()
        .filter(|entry| own(&entry.describe.vendor))
    {
        let sums = state.store.driver_sums(&entry.digest, from, to).await?;
        drivers.push(driver(entry, &sums));
    }
    Ok(Json(Page::whole(drivers)))
}

/// Whether somebody who is only a vendor sees the drivers of a vendor; everybody else sees what drivers say of themselves.
fn own(asks: &SignedIn) -> impl Fn(&str) -> bool + use<> {
    let is_vendor = asks.known().is_some_and(|known| !known.has_somewhere(Right::See));
    let vendors = asks.vendors().filter(|vendors| is_vendor && !vendors.is_empty());
    move |vendor| {
        vendors
            .as_ref()
            .is_none_or(|vendors| vendors.iter().any(|own| own == vendor))
    }
}

/// Models that may be meant by a name in either script, the best first: for the form that adds a device.
#[utoipa::path(get, path = "/drivers/models", operation_id = "find_models", tag = "drivers", params(ModelsQuery),
    responses((status = OK, body = Page<FoundModel>)))]
pub(super) async fn models(
    State(state): State<ApiState>,
    Query(query): Query<ModelsQuery>,
) -> Result<Json<Page<FoundModel>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let entries = state.drivers.list();
    let described = entries.iter().map(|entry| entry.describe.as_ref());
    let found = find(described, query.search.as_deref().unwrap_or_default());
    let found = found.iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
    let shown = found.map(|found| FoundModel {
        driver: found.describe.id.clone(),
        driver_title: (&found.describe.title).into(),
        model: model(found.model),
    });
    Ok(Json(Page::whole(shown.collect())))
}

/// The words that drivers, store and screens share, in both languages.
#[utoipa::path(get, path = "/vocabulary", tag = "drivers", responses((status = OK, body = Object)))]
pub(super) async fn vocabulary() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], VOCABULARY)
}

/// The word for a unit; one that the vocabulary does not have stands for itself.
pub(super) fn unit_word(unit: &str, is_russian: bool) -> String {
    static UNITS: LazyLock<HashMap<String, describe::Text>> = LazyLock::new(|| {
        let vocabulary: serde_json::Value = serde_json::from_str(VOCABULARY).unwrap_or_default();
        let units = vocabulary.get("units").cloned().unwrap_or_default();
        serde_json::from_value(units).unwrap_or_default()
    });
    match UNITS.get(unit) {
        Some(text) if is_russian => text.ru.clone(),
        Some(text) => text.en.clone(),
        None if unit == "1" => String::new(),
        None => unit.to_owned(),
    }
}

fn driver(entry: DriverEntry, sums: &DriverSums) -> Driver {
    let describe = entry.describe.as_ref();
    Driver {
        id: describe.id.clone(),
        version: describe.version.clone(),
        digest: entry.digest,
        vendor: describe.vendor.clone(),
        title: (&describe.title).into(),
        protocol: describe.protocol.as_ref().map(Text::from),
        size_bytes: entry.size_bytes,
        interfaces: entry.interfaces,
        models: describe.models.iter().map(model).collect(),
        config: describe.config.clone(),
        line: describe.line.clone(),
        file: entry.file,
        loaded_at: Instant(entry.loaded_at),
        sessions: sums.sessions(),
        failures: sums.faults(),
    }
}

fn model(model: &describe::Model) -> DriverModel {
    DriverModel {
        id: model.id.clone(),
        maker: (&model.maker).into(),
        names: model.names.clone(),
        resources: model.resources.clone(),
        archives: model
            .archives
            .iter()
            .map(|archive| DriverArchive {
                kind: archive.kind.clone(),
                depth: archive.depth,
                label: archive.label.clone(),
            })
            .collect(),
        evidence: model.evidence.clone(),
    }
}
