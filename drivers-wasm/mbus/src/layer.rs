//! Layers of wireless M-Bus between the link and the records (EN 13757-4, OMS volume 2): the extended link layer (CI 8C
//! to 8F) and the authentication and fragmentation layer (CI 90). Repeaters and concentrators pass them on by wire, too.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::checksum::crc16_en13757;

/// Layers over each other at most.
const MAX_LAYERS: usize = 4;
/// Of the fragmentation control: more fragments follow.
const MORE_FRAGMENTS: u16 = 0x4000;

/// Why there is nothing within the layers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    #[error("layer of CI {ci:02x}: {source}")]
    Cut { ci: u8, source: Short },
    /// The check sum of the contents does not fit: they are encrypted, or damaged.
    #[error("contents of the extended link layer are encrypted")]
    Encrypted,
    #[error("fragments are not put together")]
    Fragment,
    #[error("more than 4 layers")]
    Deep,
}

/// Whether this control information is that of a layer.
pub fn is_layer(ci: u8) -> bool {
    matches!(ci, 0x8c..=0x90)
}

/// Control information and data within all layers.
pub fn inner(mut ci: u8, mut data: &[u8]) -> Result<(u8, &[u8]), LayerError> {
    for _ in 0..MAX_LAYERS {
        if !is_layer(ci) {
            return Ok((ci, data));
        }
        let cut = |source| LayerError::Cut { ci, source };
        let mut reader = Reader::new(data);
        // Communication control and access number; in 8E and 8F a second address; in 8D and 8F a session number, by which
        // the contents may be encrypted.
        let (length, is_checked) = match ci {
            0x8c => (2, false),
            0x8d => (6, true),
            0x8e => (10, false),
            0x8f => (14, true),
            _ => (authentication(&mut reader)?, false),
        };
        reader.take(length).map_err(cut)?;
        if is_checked {
            let check = reader.u16_le().map_err(cut)?;
            if crc16_en13757(reader.rest()) != check {
                return Err(LayerError::Encrypted);
            }
        }
        ci = reader.u8().map_err(cut)?;
        data = reader.rest();
    }
    Err(LayerError::Deep)
}

/// Passes over the length of the authentication layer and returns how many bytes of it follow.
fn authentication(reader: &mut Reader<'_>) -> Result<usize, LayerError> {
    let length = reader.u8().map_err(|source| LayerError::Cut { ci: 0x90, source })?;
    let control = Reader::new(reader.rest()).u16_le().unwrap_or(0);
    if length >= 2 && control & MORE_FRAGMENTS != 0 {
        return Err(LayerError::Fragment);
    }
    Ok(length.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::{hex, unhex};

    #[test]
    fn layers_are_taken_off() {
        let checked = |layer: &str, contents: &str| {
            let check = hex(&crc16_en13757(&unhex(contents).unwrap()).to_le_bytes());
            format!("{layer} {check} {contents}")
        };
        let cases = [
            (0x72, "01 02".to_owned(), Ok((0x72, "01 02"))),
            (0x8c, "20 27 78 0b 13".to_owned(), Ok((0x78, "0b 13"))),
            (0x8e, "20 27 2d 2c 01 02 03 04 05 06 7a 13".to_owned(), Ok((0x7a, "13"))),
            (0x8d, checked("20 27 00 00 00 00", "78 0b 13"), Ok((0x78, "0b 13"))),
            (
                0x8d,
                "20 27 00 00 00 20 00 00 78 0b 13".to_owned(),
                Err("contents of the extended link layer are encrypted"),
            ),
            (
                0x8f,
                checked("20 27 2d 2c 01 02 03 04 05 06 00 00 00 00", "78 0b"),
                Ok((0x78, "0b")),
            ),
            (0x90, "03 00 00 05 7a 13".to_owned(), Ok((0x7a, "13"))),
            (0x8c, "20 27 90 02 00 00 78".to_owned(), Ok((0x78, ""))),
            (0x90, "02 00 40 7a 13".to_owned(), Err("fragments are not put together")),
            (
                0x8c,
                "20".to_owned(),
                Err("layer of CI 8c: needs 2 bytes at offset 0, 1 left"),
            ),
            (0x8c, "00 00 8c ".repeat(6), Err("more than 4 layers")),
        ];
        for (ci, bytes, want) in cases {
            let data = unhex(&bytes).unwrap();
            let got = inner(ci, &data).map(|(ci, data)| (ci, hex(data)));
            let want = want.map(|(ci, data)| (ci, data.to_owned())).map_err(str::to_owned);
            assert_eq!(got.map_err(|error| error.to_string()), want, "{ci:02x} {bytes}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(ci in 0x8cu8..=0x90, data in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = inner(ci, &data);
        }
    }
}
