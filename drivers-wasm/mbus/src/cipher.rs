//! Encrypted records (EN 13757-3, section on the configuration word; OMS volume 2): mode 5 is AES-128-CBC with an initial
//! vector of manufacturer, number, version, medium and eight times the access number.

use std::borrow::Cow;

use aes::Aes128;
use aes::cipher::{BlockDecrypt, KeyInit};

use crate::address::Secondary;
use crate::header::Header;

const BLOCK: usize = 16;
/// Two filler bytes, with which every decrypted or plain message of modes 5 and 7 begins.
const FILLER: [u8; 2] = [0x2f, 0x2f];

/// The key of a meter. It shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; BLOCK]);

/// The text is no key. It is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key has {got} characters, expected 32 hexadecimal digits")]
pub struct NoKey {
    got: usize,
}

/// Why encrypted records stay closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    #[error("records are encrypted, mode {mode}, and no key is configured")]
    NoKey { mode: u8 },
    #[error("records are encrypted, mode {mode}, expected 5")]
    Mode { mode: u8 },
    /// The meter's address is part of the cipher, and neither link nor header says it.
    #[error("records are encrypted, and nothing says the meter's address")]
    NoAddress,
    #[error("{blocks} blocks are encrypted, but {got} bytes came")]
    Short { blocks: usize, got: usize },
    /// What comes out is no message.
    #[error("the key does not open the records")]
    WrongKey,
}

impl Key {
    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let wrong = || NoKey { got: text.len() };
        let bytes = uzel_driver_sdk::bytes::unhex(text).ok_or_else(wrong)?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// The records behind a header, decrypted where its configuration word says that they are encrypted.
///
/// On wires the configuration word is mostly a signature of older meters, any number. Only the modes 5 and 7 with a
/// count of encrypted blocks, over records that do not begin with the two filler bytes, mean encryption.
pub fn open<'a>(
    header: &Header,
    config: u16,
    records: &'a [u8],
    key: Option<&Key>,
) -> Result<Cow<'a, [u8]>, CipherError> {
    let mode = u8::try_from(config >> 8 & 0x1f).unwrap_or(0);
    let blocks = usize::from(config >> 4 & 0x0f);
    if !matches!(mode, 5 | 7) || blocks == 0 || records.starts_with(&FILLER) {
        return Ok(Cow::Borrowed(records));
    }
    let key = key.ok_or(CipherError::NoKey { mode })?;
    if mode != 5 {
        return Err(CipherError::Mode { mode });
    }
    let got = records.len();
    let short = CipherError::Short { blocks, got };
    let (closed, plain) = records.split_at_checked(blocks * BLOCK).ok_or(short)?;
    let mut opened = decrypt(key, initial(header).ok_or(CipherError::NoAddress)?, closed);
    if !opened.starts_with(&FILLER) {
        return Err(CipherError::WrongKey);
    }
    opened.extend_from_slice(plain);
    Ok(Cow::Owned(opened))
}

/// The initial vector: the address in the order of a wireless link, then the access number.
fn initial(header: &Header) -> Option<[u8; BLOCK]> {
    let [d, c, b, a, low, high, version, medium] = Secondary::of(header)?.bytes();
    let n = header.access;
    Some([low, high, d, c, b, a, version, medium, n, n, n, n, n, n, n, n])
}

/// Cipher block chaining: each block is combined with the encrypted one before it.
fn decrypt(key: &Key, initial: [u8; BLOCK], closed: &[u8]) -> Vec<u8> {
    let cipher = Aes128::new(&key.0.into());
    let mut before = initial;
    let mut opened = Vec::with_capacity(closed.len());
    for block in closed.as_chunks::<BLOCK>().0 {
        let mut plain = aes::Block::from(*block);
        cipher.decrypt_block(&mut plain);
        opened.extend(plain.iter().zip(before).map(|(plain, before)| plain ^ before));
        before = *block;
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockEncrypt;
    use uzel_driver_sdk::bytes::{hex, unhex};

    fn header() -> Header {
        Header {
            id: "12345678".to_owned(),
            manufacturer: Some(0x2c2d),
            version: Some(1),
            medium: Some(7),
            access: 0x2a,
            status: 0,
            is_fixed: false,
        }
    }

    fn key() -> Key {
        Key::parse("000102030405060708090A0B0C0D0E0F").unwrap()
    }

    /// Mode 5 from the other side.
    fn close(plain: &[u8]) -> Vec<u8> {
        let cipher = Aes128::new(&key().0.into());
        let initial = unhex("2d 2c 78 56 34 12 01 07 2a 2a 2a 2a 2a 2a 2a 2a").unwrap();
        let mut before = aes::Block::from(<[u8; BLOCK]>::try_from(initial).unwrap());
        let mut closed = Vec::new();
        for block in plain.as_chunks::<BLOCK>().0 {
            before
                .iter_mut()
                .zip(block)
                .for_each(|(before, plain)| *before ^= plain);
            cipher.encrypt_block(&mut before);
            closed.extend(before);
        }
        closed
    }

    #[test]
    fn records_are_opened_or_the_reason_is_told() {
        let plain = unhex(&format!("2f 2f 04 13 31 32 33 34 {}", "2f ".repeat(24))).unwrap();
        let closed = close(&plain);
        let opened = |config, key: Option<&Key>, records: &[u8]| {
            open(&header(), config, records, key)
                .map(|records| hex(&records))
                .map_err(|error| error.to_string())
        };
        assert_eq!(opened(0x0520, Some(&key()), &closed), Ok(hex(&plain)));
        let with_more = [&closed[..], &[0x01, 0x06, 5]].concat();
        assert_eq!(opened(0x0520, Some(&key()), &with_more), Ok(hex(&plain) + " 01 06 05"));
        assert_eq!(opened(0x0520, None, &plain), Ok(hex(&plain)));
        assert_eq!(opened(0x0000, None, &closed), Ok(hex(&closed)));
        let other = Key::parse(&"0".repeat(32)).unwrap();
        for (config, key, records, want) in [
            (
                0x0520,
                None,
                &closed[..],
                "records are encrypted, mode 5, and no key is configured",
            ),
            (
                0x0720,
                Some(&other),
                &closed[..],
                "records are encrypted, mode 7, expected 5",
            ),
            (0x0520, Some(&other), &closed[..], "the key does not open the records"),
            (
                0x0530,
                Some(&other),
                &closed[..],
                "3 blocks are encrypted, but 32 bytes came",
            ),
        ] {
            assert_eq!(opened(config, key, records), Err(want.to_owned()));
        }
        let nobody = Header {
            id: String::new(),
            ..header()
        };
        assert_eq!(
            open(&nobody, 0x0520, &closed, Some(&other)),
            Err(CipherError::NoAddress)
        );
    }

    #[test]
    fn a_key_is_read_and_never_shown() {
        assert_eq!(format!("{:?}", key()), "Key");
        for text in ["", "0001", &"g".repeat(32)] {
            let error = Key::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("key has {} characters", text.len())),
                "{error}"
            );
        }
    }
}
