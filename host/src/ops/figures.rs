//! Looks at the metrics of the process each minute and keeps a closed list of them for a day: the same numbers that
//! `/metrics` gives, for those who have no Prometheus.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, gauge};
use nix::sys::resource::{UsageWho, getrusage};
use tokio_util::sync::CancellationToken;

use crate::model::{Figure, Figures, Point};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(60);

/// Which metrics a figure is the sum of, each with a label that it must have.
fn metrics_of(figure: Figure) -> &'static [(&'static str, &'static str)] {
    match figure {
        Figure::SessionsRunning => &[("uzel_sessions_running", "")],
        Figure::SessionsWaiting => &[("uzel_sessions_waiting", "")],
        Figure::SessionsEnded => &[("uzel_driver_sessions_total", "")],
        Figure::SessionsComplete => &[("uzel_driver_sessions_total", "outcome=\"complete\"")],
        Figure::Records => &[("uzel_driver_records_total", "")],
        Figure::Exchanges => &[("uzel_driver_exchanges_total", "")],
        Figure::Retries => &[("uzel_driver_retries_total", "")],
        Figure::LineBytes => &[
            ("uzel_driver_bytes_sent_total", ""),
            ("uzel_driver_bytes_received_total", ""),
        ],
        Figure::DriverCpuMs => &[("uzel_driver_cpu_ms_total", "")],
        Figure::CpuMs => &[("uzel_process_cpu_ms_total", "")],
        Figure::MemoryBytes => &[("uzel_process_memory_bytes", "")],
        Figure::DatabaseBytes => &[("uzel_store_bytes", "part=\"database\"")],
        Figure::LogBytes => &[("uzel_store_bytes", "part=\"log\"")],
        Figure::DiskFreeBytes => &[("uzel_disk_free_bytes", "")],
        Figure::WritesWaiting => &[("uzel_store_writes_waiting", "")],
        Figure::StorePaused => &[("uzel_store_paused", "")],
        Figure::CallersConnected => &[("uzel_callers_connected", "")],
        Figure::HttpAnswers => &[("uzel_http_answers_total", "")],
        Figure::HttpFailures => &[("uzel_http_answers_total", "status=\"5")],
    }
}

/// Looks until `cancel`. `render` gives the metrics as `/metrics` does.
pub async fn watch(render: impl Fn() -> String, figures: Figures, cancel: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    let mut before = None;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        show_process();
        let now = read(&render());
        figures.note(Timestamp::now(), point(&now, before.as_ref()));
        before = Some(now);
    }
}

/// Memory and processor time of this process.
fn show_process() {
    if let Some(bytes) = memory_bytes() {
        #[allow(clippy::cast_precision_loss, reason = "a gauge of bytes")]
        gauge!("uzel_process_memory_bytes").set(bytes as f64);
    }
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let ms = |time: nix::sys::time::TimeVal| {
            u64::try_from(
                time.tv_sec()
                    .saturating_mul(1_000)
                    .saturating_add(time.tv_usec() / 1_000),
            )
            .unwrap_or_default()
        };
        let spent = ms(usage.user_time()).saturating_add(ms(usage.system_time()));
        counter!("uzel_process_cpu_ms_total").absolute(spent);
    }
}

/// What the process has in memory (proc(5), `VmRSS` of `/proc/self/status`, in kB); none: the system does not say.
pub fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes.saturating_mul(1_024))
}

/// The sums of the metrics of each figure; a figure without any metric is not there.
fn read(text: &str) -> HashMap<Figure, f64> {
    let mut sums: HashMap<Figure, f64> = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let Ok(value) = value.parse::<f64>() else { continue };
        for figure in Figure::ALL {
            let is_meant = |(of, label): &(&str, &str)| name == *of && labels.contains(label);
            if metrics_of(figure).iter().any(is_meant) {
                *sums.entry(figure).or_default() += value;
            }
        }
    }
    sums
}

/// What is kept of a look: of counters, what came since the look before.
fn point(now: &HashMap<Figure, f64>, before: Option<&HashMap<Figure, f64>>) -> Point {
    Figure::ALL.map(|figure| {
        let value = now.get(&figure).copied();
        if !figure.is_sum() {
            return value;
        }
        // A counter that was not there yet had counted nothing.
        let before = before?.get(&figure).copied().unwrap_or_default();
        Some((value.unwrap_or_default() - before).max(0.0))
    })
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    fn of(point: &Point, figure: Figure) -> Option<f64> {
        let place = Figure::ALL.iter().position(|known| *known == figure).unwrap();
        point[place]
    }

    #[test]
    fn figures_are_what_prometheus_is_given() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let look = |before: Option<&HashMap<Figure, f64>>| {
            let now = read(&handle.render());
            (point(&now, before), now)
        };
        metrics::with_local_recorder(&recorder, || {
            counter!("uzel_driver_sessions_total", "driver" => "a", "outcome" => "complete").increment(5);
            gauge!("uzel_store_bytes", "part" => "database").set(4096.0);
            let (first, before) = look(None);
            assert_eq!(of(&first, Figure::SessionsEnded), None, "since when is not known");
            assert_eq!(of(&first, Figure::DatabaseBytes), Some(4096.0));
            assert_eq!(of(&first, Figure::CallersConnected), None);
            counter!("uzel_driver_sessions_total", "driver" => "a", "outcome" => "complete").increment(1);
            counter!("uzel_driver_sessions_total", "driver" => "b c", "outcome" => "no-answer").increment(2);
            counter!("uzel_http_answers_total", "status" => "503").increment(1);
            counter!("uzel_http_answers_total", "status" => "205").increment(3);
            let (second, _) = look(Some(&before));
            assert_eq!(of(&second, Figure::SessionsEnded), Some(3.0));
            assert_eq!(of(&second, Figure::SessionsComplete), Some(1.0));
            assert_eq!(of(&second, Figure::HttpAnswers), Some(4.0));
            assert_eq!(of(&second, Figure::HttpFailures), Some(1.0));
        });
    }

    #[test]
    fn this_process_has_memory() {
        assert!(memory_bytes().unwrap() > 1 << 20);
    }
}
