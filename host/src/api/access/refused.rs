//! Sign-ins that were refused are written down, but not faster than does no harm.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tracing::warn;

use crate::foreign::shown;
use crate::limits;
use crate::store::{Refused, RefusedWhy, Store};

/// Writes down refused sign-ins.
pub(in crate::api) struct Refusals {
    limiter: DefaultDirectRateLimiter,
    not_written: AtomicU32,
}

impl Default for Refusals {
    fn default() -> Self {
        let one = NonZeroU32::MIN;
        let a_second = NonZeroU32::new(limits::REFUSED_A_SECOND).unwrap_or(one);
        let at_once = NonZeroU32::new(limits::REFUSED_AT_ONCE).unwrap_or(one);
        Self {
            limiter: RateLimiter::direct(Quota::per_second(a_second).allow_burst(at_once)),
            not_written: AtomicU32::new(0),
        }
    }
}

impl Refusals {
    /// Somebody at `from` could not sign in as `name`. Gives whether it was written down, or only counted.
    pub(in crate::api) async fn note(&self, store: &Store, name: &str, from: &str, why: RefusedWhy) -> bool {
        metrics::counter!("uzel_sign_ins_refused_total").increment(1);
        if self.limiter.check().is_err() {
            self.not_written.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let short: String = name.chars().take(64).collect();
        warn!(from, ?why, "somebody could not sign in as {:?}", shown(&short));
        let refused = Refused {
            name: name.to_owned(),
            from: from.to_owned(),
            why,
            not_written: self.not_written.swap(0, Ordering::Relaxed),
        };
        // A disk that takes nothing keeps nobody in or out; the log has it.
        let _ = store.refused_sign_in(refused).await;
        true
    }
}
