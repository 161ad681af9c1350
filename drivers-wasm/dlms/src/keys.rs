//! Keys, challenges and the invocation counter of an association with GMAC or protection (suite 0).

use std::cell::RefCell;

use dlms_cosem_rs::ErrorKind;
use dlms_cosem_rs::security::{
    CryptoProvider, KeyRef, KeyRing, RandomSource, RustCryptoProvider, SecurityPolicy, SecuritySuite,
};
use uzel_driver_sdk::{Instant, Port};

use crate::config::{Config, Protection};

/// Where the counter is kept between sessions.
const COUNTER: &str = "counter";
/// 2020-01-01T00:00:00Z, milliseconds.
const EPOCH_MS: i64 = 1_577_836_800_000;
/// Challenges for so many associations of 16 bytes each.
const POOL: usize = 1_024;

pub type Provider = RustCryptoProvider<Challenges>;

/// Bytes that nobody without the key can foretell: a driver has no other source. They are what the encryption key makes of
/// the time at which the session began, under a number that no message has: a system title begins with letters.
#[derive(Debug, Default)]
pub struct Challenges(RefCell<Vec<u8>>);

impl Challenges {
    fn new(key: &[u8; 16], now: Instant) -> Self {
        let mut nonce = [0xFF; 12];
        if let Some((_, last)) = nonce.split_last_chunk_mut::<8>() {
            *last = now.to_be_bytes();
        }
        let mut pool = vec![0; POOL];
        let cipher = RustCryptoProvider::new(KeyRing::default());
        let sealed = cipher.aead_seal(KeyRef::Raw(key), SecuritySuite::Suite0, &nonce, &[], &mut pool);
        Self(RefCell::new(sealed.map(|_| pool).unwrap_or_default()))
    }
}

impl RandomSource for Challenges {
    fn fill(&self, out: &mut [u8]) -> dlms_cosem_rs::Result<()> {
        let mut pool = self.0.borrow_mut();
        let Some(rest) = pool.len().checked_sub(out.len()) else {
            return Err(dlms_cosem_rs::Error::new(ErrorKind::Unsupported, 0));
        };
        out.copy_from_slice(&pool.split_off(rest));
        Ok(())
    }
}

/// What the association is protected with.
pub fn provider(config: &Config, now: Instant) -> Provider {
    match config.keys {
        Some([encryption, authentication]) => RustCryptoProvider::with_rng(
            KeyRing::new(encryption, authentication),
            Challenges::new(&encryption, now),
        ),
        None => RustCryptoProvider::with_rng(KeyRing::default(), Challenges::default()),
    }
}

pub fn policy(protection: Protection) -> SecurityPolicy {
    let (authenticated, encrypted) = match protection {
        Protection::None => return SecurityPolicy::NONE,
        Protection::Authenticated => (true, false),
        Protection::Encrypted => (false, true),
        Protection::Both => (true, true),
    };
    SecurityPolicy {
        authenticated,
        encrypted,
        ..SecurityPolicy::NONE
    }
}

/// The counter that was used last, or more. It must never stand twice under one key, so it also follows the clock: what a
/// session counted that ended without a word is passed over then.
pub fn counter(port: &dyn Port) -> u32 {
    let kept = port.recall(COUNTER).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let seconds = port.now().saturating_sub(EPOCH_MS) / 1_000;
    let by_clock = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX / 2);
    kept.map_or(0, u32::from_be_bytes).max(by_clock)
}

pub fn keep_counter(port: &mut dyn Port, counter: u32) {
    if let Err(why) = port.remember(COUNTER, &counter.to_be_bytes()) {
        port.note(&format!("the counter is not kept: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::recording::Recording;

    use super::*;

    #[test]
    fn no_challenge_comes_twice() {
        let drawn = |key: u8, now| {
            let source = Challenges::new(&[key; 16], now);
            let mut two = [[0; 16]; 2];
            two.iter_mut().for_each(|one| source.fill(one).unwrap());
            two
        };
        let all = [drawn(1, 0), drawn(1, 1), drawn(2, 0)].concat();
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert!(Challenges::default().fill(&mut [0; 16]).is_err());
    }

    #[test]
    fn the_counter_only_grows() {
        let mut line = Recording::parse("").at(EPOCH_MS + 90_000);
        assert_eq!(counter(&line), 90);
        keep_counter(&mut line, 5_000);
        assert_eq!(counter(&line), 5_000);
        let mut late = line.at(EPOCH_MS + 9_000_000);
        assert_eq!(counter(&late), 9_000);
        late = late.at(0);
        assert_eq!(counter(&late), 5_000, "the host's clock went back");
    }
}
