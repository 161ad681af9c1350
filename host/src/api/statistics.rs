//! What the sessions of a version of a driver came to. The names are those of the metrics.

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, OutcomeWord};
use super::extract::{Path, Query};
use super::park;
use super::problem::Problem;
use super::words;
use crate::model::Outcome;
use crate::store::{DriverSums, whole_hours};

/// Which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PeriodQuery {
    /// The last `hour`, `day`, `week` or `month` (30 days); `day` unless `from` is given.
    period: Option<String>,
    /// From this instant on, instead of a period.
    from: Option<String>,
    /// Up to this instant; now unless said otherwise.
    to: Option<String>,
}

/// What the sessions of a version came to that ended in a time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statistics {
    /// Of the component.
    digest: String,
    /// Id of the driver.
    driver: String,
    version: String,
    /// Begin of the first hour that is counted: hours are counted whole.
    from: Instant,
    /// End of the last hour.
    to: Instant,
    sessions: u64,
    /// Those that ended by the driver's fault: a trap, a breach of the contract, a limit of its own.
    faults: u64,
    /// By outcome, most frequent first.
    outcomes: Vec<OutcomeSessions>,
    /// Processor time of the driver, milliseconds.
    cpu_ms: u64,
    /// Length of the sessions, milliseconds.
    wall_ms: u64,
    /// The most memory that any session had.
    memory_peak_bytes: u64,
    /// Mean of the peaks of the sessions in which it ran; null when it ran in none.
    memory_usual_bytes: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    /// Questions asked.
    exchanges: u64,
    /// Questions asked again.
    retries: u64,
    /// New records.
    records: u64,
    /// Questions that a new record took; null when there was no record.
    exchanges_per_record: Option<f64>,
}

/// How many sessions ended so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutcomeSessions {
    outcome: OutcomeWord,
    /// Where that is to be mended; null when it did not fail.
    #[schema(schema_with = words::cause_or_null)]
    cause: Option<&'static str>,
    sessions: u64,
}

/// What the sessions of a version came to: outcomes, processor time, memory, bytes, questions. Tunnels and what was
/// brought by hand are none of it.
#[utoipa::path(get, path = "/drivers/versions/{digest}/statistics", tag = "drivers", operation_id = "driver_statistics",
    params(("digest" = String, Path, description = "Or as much of its beginning as tells it apart"), PeriodQuery),
    responses((status = OK, body = Statistics)))]
pub(super) async fn statistics(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<Statistics>, Problem> {
    let (from, to) = time(&query, Timestamp::now())?;
    let version = park::park(&state)?.find(&digest).await?;
    let sums = state.store.driver_sums(&version.digest, from, to).await?;
    let outcome = |(outcome, sessions): &(Outcome, u64)| OutcomeSessions {
        outcome: OutcomeWord(*outcome),
        cause: outcome.cause().map(crate::model::Cause::word),
        sessions: *sessions,
    };
    Ok(Json(Statistics {
        from: Instant(from),
        to: Instant(to),
        sessions: sums.sessions(),
        faults: sums.faults(),
        outcomes: sums.outcomes.iter().map(outcome).collect(),
        memory_usual_bytes: sums.memory_sum_bytes.checked_div(sums.ran),
        exchanges_per_record: per_record(&sums),
        digest: version.digest,
        driver: version.driver,
        version: version.version,
        cpu_ms: sums.cpu_ms,
        wall_ms: sums.wall_ms,
        memory_peak_bytes: sums.memory_peak_bytes,
        bytes_sent: sums.bytes_sent,
        bytes_received: sums.bytes_received,
        exchanges: sums.exchanges,
        retries: sums.retries,
        records: sums.records,
    }))
}

#[allow(clippy::cast_precision_loss, reason = "a ratio for people")]
fn per_record(sums: &DriverSums) -> Option<f64> {
    (sums.records > 0).then(|| sums.exchanges as f64 / sums.records as f64)
}

/// The whole hours that are asked for.
fn time(query: &PeriodQuery, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let instant = |text: &String| {
        let parsed = text.parse::<Timestamp>();
        parsed.map_err(|_| Problem::bad_query(format!("{text:?} is no instant such as 2026-11-20T11:00:00Z")))
    };
    let to = query.to.as_ref().map(instant).transpose()?.unwrap_or(now);
    let from = match (&query.from, query.period.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(Problem::bad_query(
                "from and period are both given, expected one of them",
            ));
        }
        (Some(from), None) => instant(from)?,
        (None, period) => {
            let hours = match period.unwrap_or("day") {
                "hour" => 1,
                "day" => 24,
                "week" => 24 * 7,
                "month" => 24 * 30,
                other => {
                    return Err(Problem::bad_query(format!(
                        "period is {other:?}, expected hour, day, week or month"
                    )));
                }
            };
            to.saturating_sub(SignedDuration::from_hours(hours))
                .unwrap_or(Timestamp::MIN)
        }
    };
    if from >= to {
        return Err(Problem::bad_query(format!("from {from} is not before to {to}")));
    }
    Ok(whole_hours(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_counted_whole() {
        let now: Timestamp = "2026-11-20T14:07:00Z".parse().unwrap();
        let query = |period: Option<&str>, from: Option<&str>, to: Option<&str>| PeriodQuery {
            period: period.map(str::to_owned),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let cases = [
            (
                query(Some("hour"), None, None),
                "2026-11-20T13:00:00Z",
                "2026-11-20T15:00:00Z",
            ),
            (query(None, None, None), "2026-11-19T14:00:00Z", "2026-11-20T15:00:00Z"),
            (
                query(None, Some("2026-11-01T00:00:00Z"), Some("2026-11-02T00:00:00Z")),
                "2026-11-01T00:00:00Z",
                "2026-11-02T00:00:00Z",
            ),
        ];
        for (query, from, to) in cases {
            let (begin, end) = time(&query, now).unwrap();
            assert_eq!((begin.to_string(), end.to_string()), (from.to_owned(), to.to_owned()));
        }
        for wrong in [
            query(Some("decade"), None, None),
            query(Some("day"), Some("2026-11-01T00:00:00Z"), None),
            query(None, Some("2026-11-21T00:00:00Z"), None),
            query(None, Some("yesterday"), None),
        ] {
            assert!(time(&wrong, now).is_err(), "{wrong:?}");
        }
    }
}
