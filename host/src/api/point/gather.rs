//! The archive of a point, gathered from every device that served it in a period.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::join::{Joined, join};
use crate::api::ApiState;
use crate::api::catalog::Drivers;
use crate::api::device;
use crate::api::dto::Instant;
use crate::api::gap::{self, Gap};
use crate::api::problem::Problem;
use crate::api::record::archive;
use crate::limits;
use crate::model::{RecordKind, Span};
use crate::store::query::{ConditionRow, OddCell, Serving, StripQuery, StripRow};

/// Which part of the archive of a point.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ArchiveQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    pub(super) kind: String,
    /// Intervals that start from here on.
    pub(super) from: Instant,
    /// Intervals that start before.
    pub(super) to: Instant,
    /// Keys of series between commas: only the columns that have one of them.
    pub(super) series: Option<String>,
}

/// The archive of a point in a period.
pub(super) struct Gathered {
    pub(super) kind: RecordKind,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) columns: Vec<Joined>,
    /// Those that served it in the period, in the order of time.
    pub(super) devices: Vec<Serving>,
    /// In the order of time; the numbers are one per column.
    pub(super) rows: Vec<Row>,
    pub(super) gaps: Vec<Gap>,
    /// There was more than one answer holds.
    pub(super) is_truncated: bool,
}

/// One interval.
pub(super) struct Row {
    /// Place of its device.
    pub(super) device: usize,
    pub(super) strip: StripRow,
    /// Places of columns, and what is special there.
    pub(super) odd: Vec<(usize, OddCell)>,
    pub(super) conditions: Vec<ConditionRow>,
}

/// A device's part of the period.
struct Part {
    serving: Serving,
    span: (Timestamp, Timestamp),
}

impl ArchiveQuery {
    fn series(&self) -> Result<Option<Vec<i64>>, Problem> {
        let Some(text) = self.series.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let read: Result<Vec<i64>, _> = text.split(',').map(str::parse).collect();
        read.map(Some)
            .map_err(|_| Problem::bad_query(format!("series is {text:?}, expected keys between commas")))
    }
}

/// Gathers what `query` asks of a point.
pub(super) async fn gather(state: &ApiState, point: i64, query: &ArchiveQuery) -> Result<Gathered, Problem> {
    let kind = archive(&query.kind)?;
    let series = query.series()?;
    let (from, to) = (query.from.0, query.to.0);
    if from >= to {
        return Err(Problem::bad_query(format!(
            "from is {from}, to is {to}: nothing lies between them"
        )));
    }
    if state.store.point(point).await?.is_none() {
        return Err(Problem::not_found(format!("there is no point {point}")));
    }
    let mut parts: Vec<Part> = Vec::new();
    for serving in state.store.serving(point).await? {
        if let Some(span) = serving.within(from, to) {
            parts.push(Part { serving, span });
        }
    }
    let mut declared = Vec::with_capacity(parts.len());
    for part in &parts {
        let columns = state.store.columns(part.serving.device, kind).await?;
        declared.push((part.serving.clone(), columns));
    }
    let mut columns = join(&declared);
    if let Some(wanted) = series {
        columns.retain(|column| column.series.iter().any(|(_, id)| wanted.contains(id)));
    }
    let mut gathered = Gathered {
        kind,
        from,
        to,
        is_truncated: columns.len() > limits::STRIP_COLUMNS,
        columns,
        devices: parts.iter().map(|part| part.serving.clone()).collect(),
        rows: Vec::new(),
        gaps: Vec::new(),
    };
    gathered.columns.truncate(limits::STRIP_COLUMNS);
    for (place, part) in parts.iter().enumerate() {
        gathered.add(state, place, part).await?;
    }
    Ok(gathered)
}

impl Gathered {
    async fn add(&mut self, state: &ApiState, place: usize, part: &Part) -> Result<(), Problem> {
        let room = limits::STRIP_ROWS.saturating_sub(self.rows.len());
        if room == 0 {
            self.is_truncated = true;
            return Ok(());
        }
        let mine: Vec<(usize, i64)> = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(column, joined)| {
                let of_part = joined.series.iter().find(|(part, _)| *part == place);
                of_part.map(|(_, series)| (column, *series))
            })
            .collect();
        let strip = state
            .store
            .strip(&StripQuery {
                device: part.serving.device,
                kind: self.kind,
                from: part.span.0,
                to: part.span.1,
                series: mine.iter().map(|(_, series)| *series).collect(),
                limit: u32::try_from(room + 1).unwrap_or(u32::MAX),
            })
            .await?;
        let mut odd: HashMap<i64, Vec<(usize, OddCell)>> = HashMap::new();
        let columns: HashMap<i64, usize> = mine.iter().map(|(column, series)| (*series, *column)).collect();
        for cell in strip.odd {
            if let Some(column) = columns.get(&cell.series) {
                odd.entry(cell.record).or_default().push((*column, cell));
            }
        }
        let mut conditions: HashMap<i64, Vec<ConditionRow>> = HashMap::new();
        for (record, condition) in strip.conditions {
            if condition.input == 0 || condition.input == part.serving.input {
                conditions.entry(record).or_default().push(condition);
            }
        }
        self.is_truncated |= strip.rows.len() > room;
        let width = self.columns.len();
        let reached = strip.rows.get(room).map(|row| row.starts_at);
        for mut row in strip.rows.into_iter().take(room) {
            let mut numbers = vec![None; width];
            for ((column, _), number) in mine.iter().zip(&row.numbers) {
                numbers[*column] = *number;
            }
            row.numbers = numbers;
            self.rows.push(Row {
                device: place,
                odd: odd.remove(&row.record).unwrap_or_default(),
                conditions: conditions.remove(&row.record).unwrap_or_default(),
                strip: row,
            });
        }
        let until = reached
            .and_then(|at| Timestamp::from_second(at).ok())
            .unwrap_or(part.span.1);
        self.gaps
            .extend(gaps(state, part, self.kind, (part.span.0, until)).await?);
        Ok(())
    }
}

/// What the archive of a device should have in its part of the period and has not.
async fn gaps(
    state: &ApiState,
    part: &Part,
    kind: RecordKind,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Gap>, Problem> {
    let RecordKind::Archive(archive) = kind else {
        return Ok(Vec::new());
    };
    let info = device::find(state, part.serving.device.0).await?;
    let now = Timestamp::now();
    let held = info.archives.iter().find(|held| held.kind == kind);
    let drivers = Drivers::of(state.drivers.as_ref());
    let depth = drivers.depth(&info.driver, info.model.as_deref(), &archive.to_string());
    let Some(horizon) = gap::horizon(archive, depth, held.map(|held| held.first_start), now) else {
        return Ok(Vec::new());
    };
    let span = Span {
        start: from.max(horizon),
        end: to.min(now),
    };
    if span.start >= span.end {
        return Ok(Vec::new());
    }
    let coverage = state
        .store
        .reader()
        .await?
        .coverage(info.id, archive, span.start)
        .await?;
    Ok(gap::gaps(archive, span, &coverage))
}
