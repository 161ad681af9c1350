//! How many requests one account, or one address without one, may make.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::api::problem::Problem;
use crate::limits;
use crate::model::AccountId;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Account(AccountId),
    Address(IpAddr),
}

pub(super) struct Rate {
    limiter: RateLimiter<Whose, HashMapStateStore<Whose>, DefaultClock>,
    clock: DefaultClock,
}

impl Default for Rate {
    fn default() -> Self {
        let one = NonZeroU32::MIN;
        let a_second = NonZeroU32::new(limits::REQUESTS_A_SECOND).unwrap_or(one);
        let at_once = NonZeroU32::new(limits::REQUESTS_AT_ONCE).unwrap_or(one);
        Self {
            limiter: RateLimiter::hashmap(Quota::per_second(a_second).allow_burst(at_once)),
            clock: DefaultClock::default(),
        }
    }
}

impl Rate {
    /// Counts a request.
    ///
    /// # Errors
    /// It is one too many; says when the next one may come.
    pub(super) fn check(&self, account: Option<AccountId>, from: IpAddr) -> Result<(), Problem> {
        let whose = account.map_or(Whose::Address(network(from)), Whose::Account);
        if self.limiter.len() > limits::REQUESTS_COUNTED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&whose).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::slow_down(i64::try_from(wait).unwrap_or(i64::MAX))
        })
    }
}

/// Whoever has one address of the sixth version has a whole network of them.
pub(super) fn network(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_asks_too_much_does_not_keep_others_out() {
        let rate = Rate::default();
        let [one, neighbour, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        let taken = (0..10_000).filter(|_| rate.check(None, one).is_ok()).count();
        assert!((500..9_000).contains(&taken), "{taken}");
        assert!(rate.check(None, neighbour).is_err(), "it is of the same network");
        assert!(rate.check(None, other).is_ok());
        assert!(rate.check(Some(AccountId(1)), one).is_ok());
    }
}
