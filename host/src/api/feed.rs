//! The change feed: records with their values in the order in which they were committed.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant as Moment;
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named};
use super::extract::{Query, limit};
use super::problem::Problem;
use super::record::{CellValue, Column, column, value};
use super::signed_in::SignedIn;
use super::words;
use crate::limits;
use crate::model::{Right, Scope};
use crate::store::query::{Cell, ConditionRow, FeedRow, RecordMark};
use crate::store::{Store, StoreError};

/// The cursor of whoever wants only what comes from now on.
const NEWEST: &str = "newest";

/// From where, and how long it may take.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesQuery {
    /// `next` of the page before; `newest`: nothing of what is there, only what comes; without it everything from the
    /// beginning.
    after: Option<String>,
    /// Records of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
    /// Seconds to wait, at most 30, when nothing is there yet; 0 unless said otherwise.
    wait: Option<u32>,
}

/// What came, in the order in which it came.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changes {
    /// What the values of this page are.
    pub(super) series: Vec<Column>,
    pub(super) items: Vec<ChangedRecord>,
    /// Give it as `after` the next time; keep it when `items` are dealt with. It is given on an empty page too.
    pub(super) next: String,
    /// Whether there is more already: ask again at once.
    pub(super) more: bool,
}

/// A version of a record that is new in the store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangedRecord {
    /// Its key; of two, the greater was committed later.
    record: i64,
    site: Named,
    node: Named,
    device: Named,
    /// Of the device, when known.
    serial: Option<String>,
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    archive: String,
    start: Instant,
    end: Instant,
    /// As the device showed it: civil time without zone.
    label: Option<String>,
    /// Real length of the interval.
    length_s: Option<u32>,
    /// From 1. A greater one takes the place of those before: of device, archive and start it is the same record.
    version: i64,
    /// Which session brought it.
    session: i64,
    received_at: Instant,
    values: Vec<ChangedValue>,
    conditions: Vec<ChangedCondition>,
}

/// One value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangedValue {
    /// Of `series`.
    series: i64,
    value: Option<CellValue>,
    /// `good`, `doubtful`, `substituted`, `absent`.
    #[schema(schema_with = words::quality)]
    quality: &'static str,
    /// The meter's own word for the quality.
    code: Option<String>,
}

/// An abnormal situation of the interval.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangedCondition {
    /// The meter's own code.
    code: String,
    /// From the vocabulary; null when undocumented.
    category: Option<String>,
    /// `counted`, `stopped`, `constant-used`, `information`; null when undocumented.
    effect: Option<String>,
    /// Input of the device; 0 is the device as a whole.
    point: u8,
    /// The one series that it belongs to.
    series: Option<i64>,
    duration_s: Option<u32>,
}

/// Records with their values, in the order in which they were committed, since a cursor: each at least once, none left
/// out. A record that comes back with other content is a change too: a new version of it.
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", tag = "records", params(ChangesQuery),
    responses((status = OK, body = Changes),
        (status = CONFLICT, description = "The cursor is of another copy of the store: it was restored; begin anew: `conflict`")))]
pub(super) async fn changes(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ChangesQuery>,
) -> Result<Json<Changes>, Problem> {
    let limit = limit(query.limit, 100, limits::FEED_RECORDS)?;
    let wait = query.wait.unwrap_or(0);
    if wait > limits::FEED_WAIT_S {
        let most = limits::FEED_WAIT_S;
        return Err(Problem::bad_query(format!("wait is {wait}, expected 0 to {most}")));
    }
    let mut after = begin(&state.store, query.after.as_deref()).await?;
    let place = state.feed_waits.clone();
    let _waiting = (wait > 0)
        .then(|| place.try_acquire_owned())
        .transpose()
        .map_err(|_| Problem::busy("too many wait for changes"))?;
    let until = Moment::now() + Duration::from_secs(wait.into());
    let mut asks = asks;
    loop {
        let look = look(&state.store, asks.scope(Right::See), after, limit).await?;
        let now = Moment::now();
        if !look.rows.is_empty() || look.more || now >= until || state.closing.is_cancelled() {
            return Ok(Json(page(&state.store, look).await?));
        }
        after = look.upto;
        tokio::select! {
            () = state.closing.cancelled() => {}
            () = tokio::time::sleep(limits::FEED_LOOK.min(until - now)) => {}
        }
        // In half a minute somebody may have been signed out.
        asks = asks.again(&state).await?;
    }
}

/// A part of the feed.
pub(super) struct Look {
    rows: Vec<FeedRow>,
    /// Everything up to here was looked at.
    upto: i64,
    more: bool,
}

/// Looks through a bounded part of the feed behind `after`.
pub(super) async fn look(store: &Store, scope: Scope, after: i64, limit: u32) -> Result<Look, StoreError> {
    // Asked first: what comes meanwhile is found the next time.
    let newest = store.newest_record().await?.max(after);
    let upto = newest.min(after.saturating_add(limits::FEED_SCAN));
    let rows = store.feed(scope, after, upto, limit).await?;
    let is_full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= limit;
    let upto = rows.last().filter(|_| is_full).map_or(upto, |last| last.record.id);
    Ok(Look {
        rows,
        upto,
        more: upto < newest,
    })
}

async fn page(store: &Store, look: Look) -> Result<Changes, Problem> {
    Ok(Changes {
        series: columns(store, &look.rows).await?,
        next: cursor(store, look.upto).await?,
        more: look.more,
        items: look.rows.into_iter().map(changed).collect(),
    })
}

/// What the values of some records are.
pub(super) async fn columns(store: &Store, rows: &[FeedRow]) -> Result<Vec<Column>, StoreError> {
    let keys: BTreeSet<i64> = rows.iter().flat_map(|row| row.record.cells.keys().copied()).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    Ok(store.series_of(&keys).await?.iter().map(column).collect())
}

/// The key behind which a page begins.
async fn begin(store: &Store, after: Option<&str>) -> Result<i64, Problem> {
    match after {
        None => Ok(0),
        Some(NEWEST) => Ok(store.newest_record().await?),
        Some(text) => {
            let unknown = || Problem::bad_query(format!("after is {text:?}, which no page gave"));
            let (key, mark) = text.split_once('-').ok_or_else(unknown)?;
            let key: i64 = key.parse().map_err(|_| unknown())?;
            let there = store.record_mark(key).await?;
            let is_same = match there {
                Some((found, known)) => found == key && marked(known) == mark,
                None => key == 0,
            };
            if !is_same && key != 0 {
                let text = "the cursor is of another copy of the store, which was restored since: begin anew";
                return Err(Problem::conflict(text));
            }
            Ok(key)
        }
    }
}

/// The cursor behind which nothing was looked at.
async fn cursor(store: &Store, upto: i64) -> Result<String, StoreError> {
    Ok(match store.record_mark(upto).await? {
        Some((key, mark)) => format!("{key}-{}", marked(mark)),
        None => "0-0".to_owned(),
    })
}

/// A mark as a cursor has it: it tells nothing of a record that may be foreign.
fn marked((session, start, received): RecordMark) -> String {
    let digest = Sha256::digest(format!("{session} {start} {received}"));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// A record as the feed shows it.
pub(super) fn changed(row: FeedRow) -> ChangedRecord {
    let record = row.record;
    let mut values: Vec<ChangedValue> = record.cells.iter().map(|(series, cell)| shown(*series, cell)).collect();
    values.sort_by_key(|value| value.series);
    ChangedRecord {
        record: record.id,
        site: row.site.into(),
        node: row.node.into(),
        device: Named::new(record.device.0, row.device),
        serial: row.serial,
        archive: record.kind.to_string(),
        start: Instant(record.start),
        end: Instant(record.end),
        label: record.label,
        length_s: record.length_s,
        version: record.version,
        session: record.session,
        received_at: Instant(record.received_at),
        values,
        conditions: record.conditions.into_iter().map(condition).collect(),
    }
}

fn shown(series: i64, cell: &Cell) -> ChangedValue {
    ChangedValue {
        series,
        value: value(cell),
        quality: cell.quality.word(),
        code: cell.code.clone(),
    }
}

fn condition(row: ConditionRow) -> ChangedCondition {
    ChangedCondition {
        code: row.code,
        category: row.category,
        effect: row.effect,
        point: row.input,
        series: row.series,
        duration_s: row.duration_s,
    }
}
