//! How the calls of a pool went since the host started, for those who look at it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// A pool as it is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemPool {
    /// Its name.
    pub name: String,
    /// Its modems, in the order of the configuration.
    pub modems: Vec<PoolModem>,
    /// Calls since the host started, by how they went: `connected`, `busy`, `no-answer`, `no-carrier`, `modem-fault`.
    pub calls: Vec<(&'static str, u64)>,
    /// How long calls were up since the host started, begun seconds.
    pub on_line_s: u64,
}

/// A modem of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolModem {
    /// Its port.
    pub port: String,
    /// Whether it is in a call, or dials.
    pub engaged: bool,
    /// Its fault, and until when it rests for it; none: it works.
    pub fault: Option<(String, Timestamp)>,
}

/// Counts of a pool.
#[derive(Debug, Default)]
pub(super) struct Fared {
    calls: Mutex<BTreeMap<&'static str, u64>>,
    on_line_s: AtomicU64,
}

impl Fared {
    /// A call went so.
    pub(super) fn count(&self, result: &'static str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(result).or_default() += 1;
    }

    /// A call was up for so long.
    pub(super) fn was_on_line(&self, seconds: u64) {
        self.on_line_s.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) fn calls(&self) -> Vec<(&'static str, u64)> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(result, count)| (*result, *count)).collect()
    }

    pub(super) fn on_line_s(&self) -> u64 {
        self.on_line_s.load(Ordering::Relaxed)
    }
}
