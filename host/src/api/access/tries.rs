//! Wrong passwords: each makes the next try wait longer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::rate::network;
use crate::credential::digest;
use crate::limits;

/// After so long without a try, seconds, nothing is counted any more.
const FORGOTTEN_S: i64 = 3_600;

/// What is counted together. Names are digests: what people type into a wrong field is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    NameAt(Vec<u8>, IpAddr),
    Name(Vec<u8>),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy, Default)]
struct Tried {
    /// Tries that were not right, or whose end is not known yet.
    count: u32,
    /// Unix seconds.
    last: i64,
    /// No try is taken before.
    until: i64,
}

/// The tries that were not right.
#[derive(Debug, Default)]
pub(in crate::api) struct Tries(Mutex<HashMap<Whose, Tried>>);

impl Whose {
    /// Each of the three ways in which a try is counted.
    fn all(name: &str, from: IpAddr) -> [Self; 3] {
        let name = digest(&name.to_lowercase());
        let from = network(from);
        [Self::NameAt(name.clone(), from), Self::Name(name), Self::Address(from)]
    }

    /// Seconds that a try waits after `count` wrong ones.
    fn wait_s(&self, count: u32) -> i64 {
        let (free, most) = match self {
            Self::NameAt(..) => (limits::TRIES_OF_NAME_AT_ADDRESS, limits::TRY_WAIT_S),
            Self::Name(_) => (limits::TRIES, limits::NAME_WAIT_S),
            Self::Address(_) => (limits::TRIES, limits::TRY_WAIT_S),
        };
        match count.checked_sub(free) {
            None => 0,
            Some(beyond) => 1_i64.checked_shl(beyond.min(30)).map_or(most, |wait| wait.min(most)),
        }
    }
}

impl Tries {
    /// Counts a try before it is known to be right, so that many at once do not all go through.
    ///
    /// # Errors
    /// It is too early: seconds to wait. Names that nobody has wait as those do that somebody has.
    pub(in crate::api) fn begin(&self, name: &str, from: IpAddr, now: i64) -> Result<(), i64> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Whose::all(name, from);
        let wait = |whose: &Whose| tried.get(whose).map_or(0, |tried| tried.until - now);
        let wait = all.iter().map(wait).max().unwrap_or(0);
        if wait > 0 {
            return Err(wait);
        }
        if tried.len() > limits::TRIES_COUNTED {
            tried.retain(|_, tried| now - tried.last < FORGOTTEN_S);
        }
        if tried.len() > limits::TRIES_COUNTED {
            tried.retain(|_, tried| tried.until > now);
        }
        for whose in all {
            let one = tried.entry(whose.clone()).or_default();
            if now - one.last >= FORGOTTEN_S {
                *one = Tried::default();
            }
            one.count = one.count.saturating_add(1);
            one.last = now;
            one.until = now + whose.wait_s(one.count);
        }
        Ok(())
    }

    /// The try that was counted was neither right nor wrong: the password was, and a code is still to come. It is taken back,
    /// but not what was wrong before it: who has the password must not try codes without end.
    pub(in crate::api) fn take_back(&self, name: &str, from: IpAddr) {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for whose in Whose::all(name, from) {
            if let Some(one) = tried.get_mut(&whose) {
                one.count = one.count.saturating_sub(1);
                one.until = one.last;
            }
        }
    }

    /// The try that was counted was right.
    pub(in crate::api) fn right(&self, name: &str, from: IpAddr) {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for whose in Whose::all(name, from) {
            match &whose {
                Whose::NameAt(..) => drop(tried.remove(&whose)),
                Whose::Name(_) | Whose::Address(_) => {
                    if let Some(one) = tried.get_mut(&whose) {
                        one.count = one.count.saturating_sub(1);
                        one.until = one.last;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_wrong_password_makes_the_next_try_wait_longer() {
        let tries = Tries::default();
        let from = address("10.0.0.1");
        let mut now = 1_000;
        for _ in 0..5 {
            assert_eq!(tries.begin("ivanov", from, now), Ok(()));
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = tries.begin("Ivanov", from, now).unwrap_err();
            waits.push(wait);
            now += wait;
            assert_eq!(tries.begin("ivanov", from, now), Ok(()));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(
            tries.begin("petrov", from, now),
            Ok(()),
            "another name is not held up yet"
        );
        assert_eq!(
            tries.begin("ivanov", address("10.0.0.2"), now),
            Ok(()),
            "nor another address"
        );
        assert_eq!(tries.begin("ivanov", from, now + 3_600), Ok(()), "nor for ever");
    }

    #[test]
    fn a_right_password_is_not_counted() {
        let tries = Tries::default();
        let from = address("10.0.0.1");
        for _ in 0..1_000 {
            assert_eq!(tries.begin("ivanov", from, 1_000), Ok(()));
            tries.right("ivanov", from);
        }
    }

    #[test]
    fn neither_many_names_nor_many_addresses_help() {
        let (names, addresses) = (Tries::default(), Tries::default());
        let from = address("10.0.0.1");
        let taken = (0..1_000).filter(|number| names.begin(&format!("name{number}"), from, 1_000).is_ok());
        assert_eq!(taken.count(), 20);
        let from = |number: u32| IpAddr::from((0x0a00_0000 + number).to_be_bytes());
        let taken = (0..1_000).filter(|number| addresses.begin("ivanov", from(*number), 1_000).is_ok());
        assert_eq!(taken.count(), 20);
        assert!(addresses.begin("ivanov", from(7_000), 1_000).unwrap_err() <= 60);
    }

    #[test]
    fn what_is_counted_has_a_bound() {
        let tries = Tries::default();
        for number in 0..40_000_u32 {
            let from = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            let _ = tries.begin(&number.to_string(), from, i64::from(number));
        }
        assert!(tries.0.lock().unwrap().len() <= limits::TRIES_COUNTED + 3);
    }
}
