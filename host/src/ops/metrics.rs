//! Metrics of the process, for Prometheus.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The metrics could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("metrics could not be set up")]
pub struct MetricsError {
    #[from]
    source: metrics_exporter_prometheus::BuildError,
}

/// Bounds of the session histogram, seconds: from a local meter to half an hour of a deep archive.
const SESSION_SECONDS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0];

/// Starts gathering; the handle renders what `/metrics` answers.
pub fn init() -> Result<PrometheusHandle, MetricsError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("uzel_session_seconds".to_owned()), SESSION_SECONDS)?
        .install_recorder()?;
    describe_counter!(
        "uzel_sessions_total",
        Unit::Count,
        "Sessions that ended, by driver and outcome"
    );
    describe_counter!(
        "uzel_records_added_total",
        Unit::Count,
        "Archive records new in the store, by driver"
    );
    describe_counter!("uzel_bytes_received_total", Unit::Bytes, "Bytes from meters, by driver");
    describe_histogram!("uzel_session_seconds", Unit::Seconds, "Length of sessions, by driver");
    describe_gauge!(
        "uzel_callers_connected",
        Unit::Count,
        "Modems that are connected to a listener, by listener"
    );
    describe_counter!(
        "uzel_callers_accepted_total",
        Unit::Count,
        "Connections that a listener took, by listener"
    );
    describe_counter!(
        "uzel_callers_bad_greetings_total",
        Unit::Count,
        "Connections whose greeting was none, by listener"
    );
    describe_counter!(
        "uzel_callers_turned_away_total",
        Unit::Count,
        "Connections that were turned away, by listener and why"
    );
    describe_counter!(
        "uzel_callers_replaced_total",
        Unit::Count,
        "Connections that a newer one of the same modem replaced, by listener"
    );
    describe_counter!(
        "uzel_modem_calls_total",
        Unit::Count,
        "Calls that were tried, by pool of modems and result"
    );
    describe_counter!(
        "uzel_modem_on_line_seconds_total",
        Unit::Seconds,
        "Time that calls were up, by pool of modems"
    );
    describe_gauge!("uzel_sessions_running", Unit::Count, "Sessions that run now");
    describe_gauge!(
        "uzel_sessions_big_running",
        Unit::Count,
        "Sessions of drivers with an interpreter that run now"
    );
    describe_gauge!(
        "uzel_store_bytes",
        Unit::Bytes,
        "Size of the database, of its log, and what of the database is free"
    );
    describe_gauge!("uzel_store_paused", "1 while the storage takes nothing");
    Ok(handle)
}
