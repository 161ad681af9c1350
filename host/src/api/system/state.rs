//! How the host fares, in numbers.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::backup::{self, Backup};
use super::configuration::in_effect;
use crate::api::ApiState;
use crate::api::dto::Instant;
use crate::api::health::StoragePause;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::{DriverState, Figure};
use crate::store::{self, whole_hours};

/// Days of which the size of the database is told.
const DAYS: u32 = 30;

/// How the host fares.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct System {
    /// Of the host.
    version: &'static str,
    started_at: Instant,
    /// The host's clock.
    now: Instant,
    /// Why the disk takes nothing; null while it does.
    storage_pause: Option<StoragePause>,
    store: StoreSize,
    /// Writes that wait for the one writer.
    writes_waiting: usize,
    /// Writes that may wait: from there on who writes waits too.
    writes_most: usize,
    /// Sessions that run.
    sessions_running: usize,
    /// Devices whose turn has come and that wait for their line or for room.
    sessions_waiting: usize,
    /// Sessions that may run at once, as configured.
    sessions_most: Option<usize>,
    /// Lines with a session.
    lines_busy: usize,
    /// Modems that are connected to listeners.
    callers_connected: u64,
    /// Memory of the process; null: the system does not say.
    memory_bytes: Option<u64>,
    /// Versions of drivers that read devices.
    drivers: Vec<SystemDriver>,
    /// The newest backup, or try to make one.
    last_backup: Option<Backup>,
    /// The newest that is whole or that another command left.
    last_good_backup: Option<Backup>,
    /// What is kept for how long; null: not told.
    retention: Option<Retention>,
    /// Sessions of the last 24 hours that failed after one with the same device that had not, by the hour: how much new
    /// trouble of the field there is. Above about 6 an hour and dispatcher nobody can follow.
    new_failures_an_hour: f64,
}

/// How large the database is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreSize {
    /// Path of the database.
    path: String,
    /// Of the main file.
    database_bytes: u64,
    /// Of the write-ahead log beside it.
    log_bytes: u64,
    /// Of the main file, what new rows take before it grows.
    free_bytes: u64,
    /// Free on its disk; null: the system does not say.
    disk_free_bytes: Option<u64>,
    /// All of its disk.
    disk_bytes: Option<u64>,
    /// By how much what is stored grows a day, over the days below; null: they are of one day.
    growth_a_day: Option<i64>,
    /// Days until the disk is full at that growth; null: it does not grow, or it is not known.
    full_in_days: Option<u64>,
    /// At the end of the last days, oldest first.
    days: Vec<SizeDay>,
}

/// How large the database was.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SizeDay {
    /// Begin of the day, UTC.
    day: Instant,
    bytes: u64,
    free_bytes: u64,
}

/// A version of a driver that reads devices.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemDriver {
    driver: String,
    version: String,
    digest: String,
    /// `active`, `canary`, `draining`.
    state: &'static str,
    /// Sessions that run with it.
    sessions_open: u64,
    /// The most memory that a session of the last 24 hours had.
    memory_peak_bytes: u64,
    /// What its sessions of the last 24 hours had on the average; null: it had none.
    memory_usual_bytes: Option<u64>,
}

/// What is kept for how long.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Retention {
    /// Wire traces; 0: for ever.
    traces_days: u32,
    /// Sessions that brought nothing; 0: for ever.
    sessions_days: u32,
    /// The hour in which they are removed, of the machine's own time.
    hour: i8,
}

/// How the host fares, in numbers.
#[utoipa::path(get, path = "/system", operation_id = "system", tag = "host", responses((status = OK, body = System)))]
pub(super) async fn system(State(state): State<ApiState>, _asks: SignedIn) -> Result<Json<System>, Problem> {
    let now = Timestamp::now();
    let day_ago = now - SignedDuration::from_hours(24);
    let (writes_waiting, writes_most) = state.store.writes_waiting();
    let running = state.handle.running();
    let lines: HashSet<i64> = running.iter().map(|live| live.line.0.0).collect();
    let told = in_effect(&state);
    let (last_backup, last_good_backup) = backups(&state).await?;
    let new_failures = state.store.new_failures(day_ago).await?;
    let listeners = state.callers.listeners();
    let connected = listeners.iter().map(|counts| counts.connected.load(Ordering::Relaxed));
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION"),
        started_at: Instant(state.started_at),
        now: Instant(now),
        storage_pause: state.store.pause().map(Into::into),
        store: size(&state).await?,
        writes_waiting,
        writes_most,
        sessions_running: running.len(),
        sessions_waiting: state.handle.waiting().len(),
        sessions_most: told.as_ref().map(|told| told.sessions),
        lines_busy: lines.len(),
        callers_connected: connected.sum(),
        memory_bytes: memory_bytes(&state),
        drivers: drivers(&state, day_ago, now).await?,
        last_backup,
        last_good_backup,
        retention: told.map(|told| {
            let (traces_days, sessions_days, hour) = told.retention;
            Retention {
                traces_days,
                sessions_days,
                hour,
            }
        }),
        new_failures_an_hour: an_hour(new_failures),
    }))
}

#[allow(clippy::cast_precision_loss, reason = "a mean for people")]
fn an_hour(in_a_day: u64) -> f64 {
    in_a_day as f64 / 24.0
}

/// As it was looked at last.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes of memory, whole and positive"
)]
fn memory_bytes(state: &ApiState) -> Option<u64> {
    let (_, points) = state.facts.figures.last(1)?;
    let place = Figure::ALL.iter().position(|figure| *figure == Figure::MemoryBytes)?;
    let value = points.last()?.get(place).copied().flatten();
    value.map(|bytes| bytes as u64)
}

async fn size(state: &ApiState) -> Result<StoreSize, Problem> {
    let (size, disk) = (state.store.size().await?, state.store.disk());
    let days = state.store.size_days(DAYS).await?;
    let growth_a_day = store::growth(&days);
    let room = disk.map(|disk| disk.free.saturating_add(size.free));
    let daily = growth_a_day.and_then(|bytes| u64::try_from(bytes).ok());
    Ok(StoreSize {
        path: state.store.path().display().to_string(),
        database_bytes: size.database,
        log_bytes: size.log,
        free_bytes: size.free,
        disk_free_bytes: disk.map(|disk| disk.free),
        disk_bytes: disk.map(|disk| disk.total),
        growth_a_day,
        full_in_days: room.zip(daily).and_then(|(room, daily)| room.checked_div(daily)),
        days: days
            .iter()
            .map(|day| SizeDay {
                day: Instant(day.day),
                bytes: day.bytes,
                free_bytes: day.free,
            })
            .collect(),
    })
}

async fn backups(state: &ApiState) -> Result<(Option<Backup>, Option<Backup>), Problem> {
    let Ok(backups) = backup::backups(state) else {
        return Ok((None, None));
    };
    let found = backups.list().await?;
    let good = found.iter().find(|backup| backup.bytes.is_some()).cloned();
    Ok((found.into_iter().next().map(backup::shown), good.map(backup::shown)))
}

async fn drivers(state: &ApiState, from: Timestamp, to: Timestamp) -> Result<Vec<SystemDriver>, Problem> {
    let (from, to) = whole_hours(from, to);
    let mut open = state.store.sessions_open().await?;
    let at_work = [DriverState::Active, DriverState::Canary, DriverState::Draining];
    let mut drivers = Vec::new();
    for version in state.store.driver_versions().await? {
        if !at_work.contains(&version.state) {
            continue;
        }
        let sums = state.store.driver_sums(&version.digest, from, to).await?;
        drivers.push(SystemDriver {
            sessions_open: open.remove(&version.digest).unwrap_or_default(),
            state: version.state.word(),
            memory_peak_bytes: sums.memory_peak_bytes,
            memory_usual_bytes: sums.memory_sum_bytes.checked_div(sums.ran),
            driver: version.driver,
            version: version.version,
            digest: version.digest,
        });
    }
    drivers.sort_by(|a, b| {
        b.memory_peak_bytes
            .cmp(&a.memory_peak_bytes)
            .then_with(|| a.driver.cmp(&b.driver))
    });
    Ok(drivers)
}
