//! Suite 0 (IEC 62056-53, section 5): AES-128-GCM with a number of 12 bytes (system title and counter) and 12 bytes of tag.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, KeyInit, Nonce};

/// Authenticated, encrypted.
const AUTHENTICATED: u8 = 0x10;
const ENCRYPTED: u8 = 0x20;
const TAG: usize = 12;

/// The keys of a meter.
#[derive(Clone)]
pub struct Keys {
    pub encryption: [u8; 16],
    pub authentication: [u8; 16],
}

impl Keys {
    /// Encrypts `text` (or decrypts it, which is the same) and gives its tag.
    fn run(&self, title: &[u8], counter: u32, more: &[u8], text: &mut [u8]) -> Vec<u8> {
        let mut number = [0; 12];
        for (place, byte) in number.iter_mut().zip(title.iter().chain(&counter.to_be_bytes())) {
            *place = *byte;
        }
        let cipher = Aes128Gcm::new(&self.encryption.into());
        let tag = cipher.encrypt_in_place_detached(&Nonce::from(number), more, text);
        tag.expect("a text of this length")[..TAG].to_vec()
    }

    /// The tag with which each side proves that it holds the keys.
    pub fn proof(&self, title: &[u8], counter: u32, challenge: &[u8]) -> Vec<u8> {
        let more = [&[AUTHENTICATED], &self.authentication[..], challenge].concat();
        self.run(title, counter, &more, &mut [])
    }

    /// Control byte, counter, and the text as the control byte says.
    pub fn protect(&self, title: &[u8], control: u8, counter: u32, text: &[u8]) -> Vec<u8> {
        let mut body = text.to_vec();
        let tag = if control & ENCRYPTED != 0 {
            let more = [&[control], &self.authentication[..]].concat();
            let more = if control & AUTHENTICATED == 0 { &[][..] } else { &more };
            self.run(title, counter, more, &mut body)
        } else {
            let more = [&[control], &self.authentication[..], text].concat();
            self.run(title, counter, &more, &mut [])
        };
        if control & AUTHENTICATED != 0 {
            body.extend(tag);
        }
        [&[control], &counter.to_be_bytes()[..], &body].concat()
    }

    /// Control byte, counter and text of what a client protected; none where the tag is wrong.
    pub fn open(&self, title: &[u8], protected: &[u8]) -> Option<(u8, u32, Vec<u8>)> {
        let (head, body) = protected.split_first_chunk::<5>()?;
        let [control, counter @ ..] = *head;
        let counter = u32::from_be_bytes(counter);
        let tag = if control & AUTHENTICATED != 0 { TAG } else { 0 };
        let mut text = body.get(..body.len().checked_sub(tag)?)?.to_vec();
        if control & ENCRYPTED != 0 {
            self.run(title, counter, &[], &mut text);
        }
        let again = self.protect(title, control, counter, &text);
        (again == protected).then_some((control, counter, text))
    }
}
