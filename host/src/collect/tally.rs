//! Counts what sessions come to, by version of their driver, for Prometheus. The names are those of a version's
//! statistics (`GET /api/v1/drivers/versions/{digest}/statistics`), which are the sums of the journal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use metrics::{counter, gauge, histogram};

use crate::limits;
use crate::model::Reason;
use crate::store::{NewSession, SessionEnd};

/// Characters of a digest in a label: what the command line shows.
const SHORT_DIGEST: usize = 12;

/// What was counted since the host started.
#[derive(Debug, Default)]
pub struct Tally {
    /// The most memory that a session had, by digest: also the versions that metrics name.
    peaks: Mutex<HashMap<String, u64>>,
}

impl Tally {
    /// Counts a session that has ended. In a tunnel no driver speaks.
    #[allow(clippy::cast_precision_loss, reason = "a gauge of bytes, a histogram of seconds")]
    pub fn count(&self, new: &NewSession, end: &SessionEnd) {
        if new.reason == Reason::Tunnel {
            return;
        }
        let counters = &end.counters;
        let (is_named, peak) = self.peak(&new.driver_digest, counters.memory_peak_bytes);
        let (version, digest) = match (new.driver_digest.as_str(), is_named) {
            ("", _) => ("none", "none".to_owned()),
            (_, false) => ("other", "other".to_owned()),
            (digest, true) => (new.driver_version.as_str(), digest.chars().take(SHORT_DIGEST).collect()),
        };
        let labels = [
            ("driver", new.driver.clone()),
            ("version", version.to_owned()),
            ("digest", digest),
        ];
        let mut with_outcome = labels.to_vec();
        with_outcome.push(("outcome", end.outcome.word().to_owned()));
        counter!("uzel_driver_sessions_total", &with_outcome).increment(1);
        counter!("uzel_driver_cpu_ms_total", &labels).increment(counters.cpu_ms);
        counter!("uzel_driver_wall_ms_total", &labels).increment(counters.wall_ms);
        counter!("uzel_driver_bytes_sent_total", &labels).increment(counters.bytes_sent);
        counter!("uzel_driver_bytes_received_total", &labels).increment(counters.bytes_received);
        counter!("uzel_driver_exchanges_total", &labels).increment(counters.exchanges);
        counter!("uzel_driver_retries_total", &labels).increment(counters.retries);
        counter!("uzel_driver_records_total", &labels).increment(counters.records_added);
        gauge!("uzel_driver_memory_peak_bytes", &labels).set(peak as f64);
        histogram!("uzel_session_seconds", "driver" => new.driver.clone()).record(counters.wall_ms as f64 / 1_000.0);
    }

    /// Whether metrics name this version, and the most memory of its sessions so far.
    fn peak(&self, digest: &str, bytes: u64) -> (bool, u64) {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_named = peaks.contains_key(digest) || peaks.len() < limits::METRIC_VERSIONS;
        let key = if is_named { digest } else { "other" };
        let peak = peaks.entry(key.to_owned()).or_default();
        *peak = bytes.max(*peak);
        (is_named, *peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_beyond_the_bound_are_counted_together() {
        let tally = Tally::default();
        for number in 0..limits::METRIC_VERSIONS {
            assert_eq!(tally.peak(&format!("{number:064x}"), 5), (true, 5));
        }
        assert_eq!(tally.peak("another", 9), (false, 9));
        assert_eq!(tally.peak("yet another", 7), (false, 9));
        assert_eq!(tally.peak(&format!("{:064x}", 1), 4), (true, 5));
    }
}
