//! Keys of an association (suite 0, IEC 62056-53, section 5): what is protected, proofs, challenges, and the counter that
//! must never stand twice under one key.

use std::fmt;

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, KeyInit, Nonce, Tag};
use uzel_driver_sdk::{Instant, Port};

use crate::config::Protection;

/// AES-128-GCM with 12 bytes of tag.
type Cipher = AesGcm<Aes128, U12, U12>;

/// Bits of the control byte.
const AUTHENTICATED: u8 = 0x10;
const ENCRYPTED: u8 = 0x20;
/// Control byte and counter in front of what is protected, and the tag behind.
const HEAD: usize = 5;
const TAG: usize = 12;

pub type Title = [u8; 8];

/// Where the counter is kept between sessions.
const COUNTER: &str = "counter";
/// 2020-01-01T00:00:00Z, milliseconds.
const EPOCH_MS: i64 = 1_577_836_800_000;

/// The encryption key in use, and the authentication key.
pub struct Keys {
    cipher: Cipher,
    authentication: [u8; 16],
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys")
    }
}

/// The control byte of protected messages; none where nothing is.
pub fn control(protection: Protection) -> Option<u8> {
    match protection {
        Protection::None => None,
        Protection::Authenticated => Some(AUTHENTICATED),
        Protection::Encrypted => Some(ENCRYPTED),
        Protection::Both => Some(AUTHENTICATED | ENCRYPTED),
    }
}

/// Whether what is protected so has a tag.
pub fn is_authenticated(control: u8) -> bool {
    control & AUTHENTICATED != 0
}

fn number(title: &Title, counter: u32) -> Nonce<U12> {
    let mut number = Nonce::<U12>::default();
    let bytes = title.iter().chain(&counter.to_be_bytes()).copied().collect::<Vec<u8>>();
    number.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    number
}

impl Keys {
    pub fn new([encryption, authentication]: [[u8; 16]; 2]) -> Self {
        Self {
            cipher: Cipher::new(&encryption.into()),
            authentication,
        }
    }

    /// Encrypts `text`, or decrypts it, which is the same; gives the tag of a text that was plain.
    fn run(&self, number: &Nonce<U12>, more: &[u8], text: &mut [u8]) -> Result<Vec<u8>, String> {
        let tag = self.cipher.encrypt_in_place_detached(number, more, text);
        tag.map(|tag| tag.to_vec())
            .map_err(|_| "a message is too long for its keys".to_owned())
    }

    /// The tag of `text` that stays plain, or of a challenge.
    fn tag(&self, control: u8, number: &Nonce<U12>, text: &[u8]) -> Result<Vec<u8>, String> {
        self.run(number, &[&[control], &self.authentication[..], text].concat(), &mut [])
    }

    /// Control byte, counter, and `text` as the control byte says.
    pub fn protect(&self, control: u8, title: &Title, counter: u32, text: &[u8]) -> Result<Vec<u8>, String> {
        let number = number(title, counter);
        let mut body = text.to_vec();
        let tag = match (control & AUTHENTICATED != 0, control & ENCRYPTED != 0) {
            (true, false) => self.tag(control, &number, text)?,
            (true, true) => self.run(&number, &[&[control], &self.authentication[..]].concat(), &mut body)?,
            (false, _) => {
                self.run(&number, &[], &mut body)?;
                Vec::new()
            }
        };
        Ok([&[control], &counter.to_be_bytes()[..], &body, &tag].concat())
    }

    /// Counter and text of what the other side protected in the same way; the tag is checked first.
    pub fn open(&self, control: u8, title: &Title, protected: &[u8]) -> Result<(u32, Vec<u8>), String> {
        let short = || format!("a protected message has {} bytes", protected.len());
        let (head, body) = protected.split_first_chunk::<HEAD>().ok_or_else(short)?;
        let [by, counter @ ..] = *head;
        if by != control {
            return Err(format!(
                "a message is protected by {by:02x}, {control:02x} was agreed on"
            ));
        }
        let counter = u32::from_be_bytes(counter);
        let number = number(title, counter);
        if control & AUTHENTICATED == 0 {
            let mut text = body.to_vec();
            self.run(&number, &[], &mut text)?;
            return Ok((counter, text));
        }
        let (text, tag) = body.split_last_chunk::<TAG>().ok_or_else(short)?;
        let wrong = || "a message is protected by other keys".to_owned();
        if control & ENCRYPTED == 0 {
            let want = self.tag(control, &number, text)?;
            return if is_equal(&want, tag) {
                Ok((counter, text.to_vec()))
            } else {
                Err(wrong())
            };
        }
        let mut text = text.to_vec();
        let more = [&[control], &self.authentication[..]].concat();
        let opened = self
            .cipher
            .decrypt_in_place_detached(&number, &more, &mut text, &Tag::<U12>::from(*tag));
        opened.map(|()| (counter, text)).map_err(|_| wrong())
    }

    /// What proves that we hold the keys (HLS, mechanism 5): control byte, counter, tag of the other side's challenge.
    pub fn proof(&self, title: &Title, counter: u32, challenge: &[u8]) -> Result<Vec<u8>, String> {
        let tag = self.tag(AUTHENTICATED, &number(title, counter), challenge)?;
        Ok([&[AUTHENTICATED], &counter.to_be_bytes()[..], &tag].concat())
    }

    /// Whether the other side proved that it holds them.
    pub fn is_proof(&self, title: &Title, challenge: &[u8], proof: &[u8]) -> bool {
        let Some((&[AUTHENTICATED, ref counter @ ..], _)) = proof.split_first_chunk::<HEAD>() else {
            return false;
        };
        let want = self.proof(title, u32::from_be_bytes(*counter), challenge);
        want.is_ok_and(|want| is_equal(&want, proof))
    }

    /// 16 bytes that nobody without the key can foretell: a driver has no other source. They are what the key makes of the
    /// time, under a number that no message has: a system title begins with letters.
    pub fn challenge(&self, now: Instant, counter: u32) -> Result<Vec<u8>, String> {
        let mut bytes = counter.to_be_bytes().repeat(4);
        let [_, _, _, _, time @ ..] = now.to_be_bytes();
        let [high @ .., _, _, _, _] = now.to_be_bytes();
        let title = [[0xFF; 4], high].concat();
        let title = Title::try_from(title).unwrap_or([0xFF; 8]);
        self.run(&number(&title, u32::from_be_bytes(time)), &[], &mut bytes)?;
        Ok(bytes)
    }
}

/// Compares without telling by the time it takes where the first difference is.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && difference == 0
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
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;
    use uzel_driver_sdk::recording::Recording;

    use super::*;

    fn keys() -> Keys {
        let key = |text: &str| unhex(text).unwrap().try_into().unwrap();
        Keys::new([
            key("000102030405060708090A0B0C0D0E0F"),
            key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
        ])
    }

    /// The InitiateRequest of the standard's example, which is also a vector of github:u9n/dlms-cosem.
    #[test]
    fn the_example_of_the_standard_is_protected_as_it_shows() {
        let title = *b"MMM\0\0\xBCaN";
        let plain = unhex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0").unwrap();
        let want =
            "30 01234567 801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE68 41DB204D39EE6FDB8E356855";
        let protected = keys().protect(0x30, &title, 0x0123_4567, &plain).unwrap();
        assert_eq!(protected, unhex(want).unwrap());
        assert_eq!(keys().open(0x30, &title, &protected), Ok((0x0123_4567, plain)));
    }

    #[test]
    fn no_challenge_comes_twice() {
        let drawn: Vec<_> = [(0, 1), (0, 2), (1, 1), (1 << 40, 1)]
            .map(|(now, counter)| keys().challenge(now, counter).unwrap())
            .into();
        for (at, one) in drawn.iter().enumerate() {
            assert!(!drawn[..at].contains(one) && one.len() == 16, "{at}");
        }
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

    proptest! {
        #[test]
        fn what_was_changed_is_not_opened(text in prop::collection::vec(any::<u8>(), 0..40), at in 0usize..60, bit in 0u8..8) {
            let title = *b"UZL\0\0\0\0\x01";
            for control in [0x10, 0x20, 0x30] {
                let protected = keys().protect(control, &title, 7, &text).unwrap();
                prop_assert_eq!(keys().open(control, &title, &protected), Ok((7, text.clone())));
                let mut changed = protected;
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 1 << bit;
                    prop_assert!(control == 0x20 || keys().open(control, &title, &changed).is_err());
                }
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let title = [0; 8];
            for control in [0x10, 0x20, 0x30] {
                let _ = keys().open(control, &title, &bytes);
            }
            prop_assert!(!keys().is_proof(&title, b"challenge", &bytes));
        }
    }
}
