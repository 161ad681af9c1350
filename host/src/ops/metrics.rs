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
    describe_drivers();
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
        "uzel_sessions_waiting",
        Unit::Count,
        "Devices whose turn has come and that wait for their line or for room"
    );
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
    describe_gauge!("uzel_disk_free_bytes", Unit::Bytes, "Free on the disk of the database");
    describe_gauge!(
        "uzel_store_writes_waiting",
        Unit::Count,
        "Writes that wait for the writer of the store"
    );
    describe_gauge!("uzel_process_memory_bytes", Unit::Bytes, "Memory of this process");
    describe_counter!(
        "uzel_process_cpu_ms_total",
        Unit::Milliseconds,
        "Processor time of this process"
    );
    describe_gauge!("uzel_store_paused", "1 while the storage takes nothing");
    // Alerts on it must find it before the first pause.
    metrics::gauge!("uzel_store_paused").set(0.0);
    describe_gauge!("uzel_build_info", "1; which version of the host runs");
    metrics::gauge!("uzel_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Counters of drivers, by driver, version and the beginning of the digest.
fn describe_drivers() {
    let counters = [
        ("sessions", Unit::Count, "Sessions that ended, by outcome as well"),
        ("cpu_ms", Unit::Milliseconds, "Processor time of drivers"),
        ("wall_ms", Unit::Milliseconds, "Length of sessions"),
        ("bytes_sent", Unit::Bytes, "Bytes to meters"),
        ("bytes_received", Unit::Bytes, "Bytes from meters"),
        ("exchanges", Unit::Count, "Questions asked"),
        ("retries", Unit::Count, "Questions asked again"),
        ("records", Unit::Count, "Archive records new in the store"),
    ];
    for (name, unit, text) in counters {
        describe_counter!(format!("uzel_driver_{name}_total"), unit, text);
    }
    describe_gauge!(
        "uzel_driver_memory_peak_bytes",
        Unit::Bytes,
        "The most memory that a session had since the host started"
    );
}
