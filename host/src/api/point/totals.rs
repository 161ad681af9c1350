//! The meter's running totals beside the sums of its archive: what the integrator grew by must be what the intervals add up
//! to.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::gather::ArchiveQuery;
use crate::api::ApiState;
use crate::api::dto::Instant;
use crate::api::extract::{Path, Query};
use crate::api::gap::interval_s;
use crate::api::problem::Problem;
use crate::api::record::archive;
use crate::limits;
use crate::model::{Aggregate, ArchiveKind, Column, RecordKind};
use crate::store::query::{Order, RecordQuery, RecordRow, SeriesRow, Serving, StripQuery, StripRow};

/// Totals beside sums.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointTotals {
    items: Vec<TotalCheck>,
}

/// One quantity of one device in the part of the period in which it served the point.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TotalCheck {
    /// Key of the device.
    device: i64,
    /// Key of the series of the running total.
    total_series: i64,
    /// The maker's own name of the total.
    total_id: String,
    /// Key of the series of the sums.
    sum_series: i64,
    /// The maker's own name of the sums.
    sum_id: String,
    /// From the vocabulary.
    quantity: String,
    /// The meter's own.
    unit: String,
    /// From the vocabulary.
    pipe: Option<String>,
    /// Null: the meter's own float.
    decimals: Option<u8>,
    /// The reading nearest to the begin of the period.
    begin: Reading,
    /// The reading nearest to its end.
    end: Reading,
    /// By how much the total grew.
    difference: f64,
    /// The intervals that lie between the readings, added up.
    sum: f64,
    /// How many they are.
    intervals: usize,
    /// Intervals between the readings that are not there: nothing can be said then.
    missing: i64,
    /// What the two intervals hold in whose midst the total was read: so much more the total may have grown.
    edge: f64,
    /// What rounding of so many intervals explains.
    rounding: f64,
    /// Null: intervals are missing. False: the meter's archive and its total disagree.
    agrees: Option<bool>,
}

/// A total as it was read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reading {
    at: Instant,
    value: f64,
    /// Key of the record.
    record: i64,
}

/// A total and the sums of the same quantity.
struct Pair<'a> {
    total: &'a SeriesRow,
    /// Of which records the total is.
    read_in: RecordKind,
    sum: &'a SeriesRow,
}

/// Running totals at the ends of a period, and the sums of the archive between them.
#[utoipa::path(get, path = "/points/{id}/totals", operation_id = "point_totals", tag = "places", params(("id" = i64, Path), ArchiveQuery),
    responses((status = OK, body = PointTotals)))]
pub(super) async fn totals(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<ArchiveQuery>,
) -> Result<Json<PointTotals>, Problem> {
    let RecordKind::Archive(kind) = archive(&query.kind)? else {
        return Err(Problem::bad_query(format!(
            "kind is {:?}, expected an archive",
            query.kind
        )));
    };
    if state.store.point(id).await?.is_none() {
        return Err(Problem::not_found(format!("there is no point {id}")));
    }
    let mut items = Vec::new();
    for serving in state.store.serving(id).await? {
        if let Some(span) = serving.within(query.from.0, query.to.0) {
            items.extend(of_device(&state, &serving, kind, span).await?);
        }
    }
    Ok(Json(PointTotals { items }))
}

async fn of_device(
    state: &ApiState,
    serving: &Serving,
    kind: ArchiveKind,
    span: (Timestamp, Timestamp),
) -> Result<Vec<TotalCheck>, Problem> {
    let in_archive = state.store.columns(serving.device, RecordKind::Archive(kind)).await?;
    let read_apart = state.store.columns(serving.device, RecordKind::Totals).await?;
    let pairs = pairs(serving.input, kind, &in_archive, &read_apart);
    let mut items = Vec::new();
    for read_in in [RecordKind::Totals, RecordKind::Archive(kind)] {
        let of_kind: Vec<&Pair> = pairs.iter().filter(|pair| pair.read_in == read_in).collect();
        if of_kind.is_empty() {
            continue;
        }
        let begin = nearest(state, serving, read_in, span.0).await?;
        let end = nearest(state, serving, read_in, span.1).await?;
        let (Some(begin), Some(end)) = (begin, end) else {
            continue;
        };
        if begin.end >= end.end {
            continue;
        }
        let rows = between(state, serving, kind, &of_kind, (begin.end, end.end)).await?;
        for (place, pair) in of_kind.iter().enumerate() {
            items.extend(check(pair, kind, place, (&begin, &end), &rows));
        }
    }
    Ok(items)
}

/// Totals that have sums beside them. Those that are read by themselves go before those of the archive.
fn pairs<'a>(input: u8, kind: ArchiveKind, in_archive: &'a [SeriesRow], read_apart: &'a [SeriesRow]) -> Vec<Pair<'a>> {
    let totals = read_apart.iter().map(|row| (RecordKind::Totals, row));
    let totals = totals.chain(in_archive.iter().map(|row| (RecordKind::Archive(kind), row)));
    let is_mine = |row: &SeriesRow| row.column.point == input || row.column.point == 0;
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for (read_in, total) in totals {
        if total.column.aggregate != Aggregate::Total || !is_mine(total) {
            continue;
        }
        let mut sums = in_archive
            .iter()
            .filter(|row| row.column.aggregate == Aggregate::Sum && is_alike(&row.column, &total.column));
        // Two that are alike cannot be told apart, and one total is enough.
        if let (Some(sum), None) = (sums.next(), sums.next())
            && !pairs.iter().any(|pair| pair.sum.id == sum.id)
        {
            pairs.push(Pair { total, read_in, sum });
        }
    }
    pairs
}

fn is_alike(a: &Column, b: &Column) -> bool {
    a.quantity == b.quantity && a.unit == b.unit && a.pipe == b.pipe && a.tariff == b.tariff && a.point == b.point
}

/// The record whose end is nearest to `at`: before it or after.
async fn nearest(
    state: &ApiState,
    serving: &Serving,
    kind: RecordKind,
    at: Timestamp,
) -> Result<Option<RecordRow>, Problem> {
    let mut found: Option<RecordRow> = None;
    for order in [Order::Descending, Order::Ascending] {
        let (from, to) = match order {
            Order::Descending => (serving.from, at),
            Order::Ascending => (at, serving.to.unwrap_or(Timestamp::MAX)),
        };
        let query = RecordQuery {
            device: serving.device,
            kind,
            from,
            to,
            order,
            after: None,
            limit: 1,
        };
        let row = state.store.records(&query).await?.pop();
        let far = |row: &RecordRow| row.end.as_second().abs_diff(at.as_second());
        if let Some(row) = row
            && found.as_ref().is_none_or(|found| far(&row) < far(found))
        {
            found = Some(row);
        }
    }
    Ok(found)
}

/// Intervals that have a part of the time between two readings.
async fn between(
    state: &ApiState,
    serving: &Serving,
    kind: ArchiveKind,
    pairs: &[&Pair<'_>],
    (begin, end): (Timestamp, Timestamp),
) -> Result<Vec<StripRow>, Problem> {
    let before = begin.as_second().saturating_sub(2 * interval_s(kind));
    let query = StripQuery {
        device: serving.device,
        kind: RecordKind::Archive(kind),
        from: Timestamp::from_second(before).unwrap_or(Timestamp::MIN),
        to: end,
        series: pairs.iter().map(|pair| pair.sum.id).collect(),
        limit: u32::try_from(limits::STRIP_ROWS).unwrap_or(u32::MAX),
    };
    let mut rows = state.store.strip(&query).await?.rows;
    rows.retain(|row| row.ends_at > begin.as_second());
    Ok(rows)
}

fn check(
    pair: &Pair,
    kind: ArchiveKind,
    place: usize,
    (begin, end): (&RecordRow, &RecordRow),
    rows: &[StripRow],
) -> Option<TotalCheck> {
    let read = |row: &RecordRow| row.cells.get(&pair.total.id).and_then(|cell| cell.number);
    let (first, last) = (read(begin)?, read(end)?);
    let intervals = rows
        .iter()
        .map(|row| (row.starts_at, row.ends_at, row.numbers.get(place).copied().flatten()));
    let sums = sums(
        intervals,
        (begin.end.as_second(), end.end.as_second()),
        interval_s(kind),
    );
    let decimals = pair.sum.column.decimals.max(pair.total.column.decimals);
    let rounding = rounding(pair.sum.column.decimals, sums.count, last);
    let difference = last - first;
    let over = difference - sums.sum;
    let agrees = (sums.missing == 0).then_some(over >= -rounding && over <= sums.edge + rounding);
    let reading = |row: &RecordRow, value| Reading {
        at: Instant(row.end),
        value,
        record: row.id,
    };
    Some(TotalCheck {
        device: pair.total.device.0,
        total_series: pair.total.id,
        total_id: pair.total.column.id.clone(),
        sum_series: pair.sum.id,
        sum_id: pair.sum.column.id.clone(),
        quantity: pair.sum.column.quantity.clone(),
        unit: pair.sum.column.unit.clone(),
        pipe: pair.sum.column.pipe.clone(),
        decimals,
        begin: reading(begin, first),
        end: reading(end, last),
        difference,
        sum: sums.sum,
        intervals: sums.count,
        missing: sums.missing,
        edge: sums.edge,
        rounding,
        agrees,
    })
}

/// Intervals between two readings, added up.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    sum: f64,
    count: usize,
    /// What intervals hold that lie partly between the readings.
    edge: f64,
    missing: i64,
}

/// `intervals` are start, end and value, in order.
fn sums(intervals: impl Iterator<Item = (i64, i64, Option<f64>)>, (begin, end): (i64, i64), length: i64) -> Sums {
    let mut sums = Sums::default();
    let (mut covered, mut most) = (begin, 0.0f64);
    for (start, until, value) in intervals {
        if until <= begin || start >= end {
            continue;
        }
        sums.missing += (start - covered).max(0) / length;
        covered = covered.max(until);
        most = most.max(value.unwrap_or_default().abs());
        match value {
            None => sums.missing += 1,
            Some(value) if start >= begin && until <= end => {
                sums.sum += value;
                sums.count += 1;
            }
            Some(value) => sums.edge += value.abs(),
        }
    }
    // The interval in whose midst the last reading was is written when it has ended: until then it may hold as much as any.
    let rest = (end - covered).max(0);
    sums.missing += rest / length;
    if rest % length > 0 {
        sums.edge += most;
    }
    sums
}

/// What rounding explains: each interval is cut to its last digit, the errors are of either sign and add up like a walk.
/// Three times its usual length, and a digit for each reading.
#[allow(clippy::cast_precision_loss, reason = "a count of intervals is far below 2^52")]
fn rounding(decimals: Option<u8>, count: usize, total: f64) -> f64 {
    // A total of 32 bits has about seven digits.
    let digit = decimals.map_or(total.abs() * 1e-6, |decimals| 0.1f64.powi(i32::from(decimals)));
    digit * (2.0 + 3.0 * (count as f64 / 12.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn hours(values: &[(i64, f64)]) -> impl Iterator<Item = (i64, i64, Option<f64>)> + '_ {
        values
            .iter()
            .map(|(hour, value)| (hour * HOUR, (hour + 1) * HOUR, Some(*value)))
    }

    #[test]
    fn intervals_cut_by_a_reading_are_the_edge() {
        let all = [(0, 1.0), (1, 2.0), (2, 4.0), (3, 8.0)];
        let found = sums(hours(&all), (HOUR / 2, 3 * HOUR + 60), HOUR);
        let want = Sums {
            sum: 6.0,
            count: 2,
            edge: 9.0,
            missing: 0,
        };
        assert_eq!(found, want);
    }

    #[test]
    fn what_is_not_there_is_counted() {
        let found = sums(hours(&[(0, 1.0), (3, 1.0)]), (0, 6 * HOUR), HOUR);
        assert_eq!((found.sum, found.count, found.missing), (2.0, 2, 4));
        let open = sums(hours(&[(0, 1.0), (1, 3.0)]), (0, 2 * HOUR + 60), HOUR);
        assert_eq!((open.sum, open.edge, open.missing), (4.0, 3.0, 0));
        let none = sums([(0, HOUR, None)].into_iter(), (0, HOUR), HOUR);
        assert_eq!((none.count, none.missing), (0, 1));
    }

    #[test]
    fn rounding_of_a_month_of_hours_is_some_twenty_digits() {
        let month = rounding(Some(3), 720, 0.0);
        assert!(month > 0.02 && month < 0.03, "{month}");
    }
}
