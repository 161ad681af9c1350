//! Values as trees (A-XDR, IEC 62056-53 annex A), and how large one may be.

use std::borrow::Cow;

use dlms_cosem_rs::axdr::{Data, DataBuf};
use dlms_cosem_rs::codec::{Decode, Encode};

/// Values in one compact array at most: its description multiplies, so a few bytes can mean very many.
const COMPACT_MAX: usize = 65_536;
const COMPACT_ARRAY: u8 = 0x13;

/// Reads one encoded value.
pub fn parse(bytes: &[u8]) -> Result<DataBuf, String> {
    let data = Data::from_bytes(bytes).map_err(|error| format!("a value that is none: {error}"))?;
    own(&data)
}

/// Whether these bytes are one encoded value. A compact array within others may still be too large to be unfolded.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    match Data::from_bytes(bytes).map_err(|error| format!("a value that is none: {error}"))? {
        data @ Data::CompactArray(_) => bounded(&data),
        _ => Ok(()),
    }
}

/// A value without a tree of it; nothing of no bytes.
pub fn lent(bytes: &[u8]) -> Data<'_> {
    Data::from_bytes(bytes).unwrap_or(Data::Null)
}

/// The same value, as an array where it is a compact one.
pub fn without_compression(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if bytes.first() != Some(&COMPACT_ARRAY) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut plain = Vec::new();
    let written = parse(bytes)?.encode(&mut plain);
    written.map_err(|error| format!("a value that cannot be written: {error}"))?;
    Ok(Cow::Owned(plain))
}

/// Keeps a value; compact arrays become arrays.
pub fn own(data: &Data<'_>) -> Result<DataBuf, String> {
    bounded(data)?;
    DataBuf::from_data(data).map_err(|error| format!("a value that is none: {error}"))
}

fn bounded(data: &Data<'_>) -> Result<(), String> {
    let text = |error: dlms_cosem_rs::Error| format!("a value that is none: {error}");
    if let Data::CompactArray(compact) = data {
        let rows = compact.row_count().map_err(text)?;
        let values = compact.row_len().map_err(text)?.max(1).saturating_mul(rows);
        if values > COMPACT_MAX {
            return Err(format!(
                "a compact array has {values} values, at most {COMPACT_MAX} are taken"
            ));
        }
    }
    for one in data.as_seq().iter().flat_map(|seq| seq.iter()) {
        bounded(&one.map_err(text)?)?;
    }
    Ok(())
}

/// The elements of an array or a structure.
pub fn parts(value: &DataBuf) -> Option<&[DataBuf]> {
    match value {
        DataBuf::Array(parts) | DataBuf::Structure(parts) => Some(parts),
        _ => None,
    }
}

/// A whole number of any width.
pub fn integer(value: &DataBuf) -> Option<i128> {
    Some(match value {
        DataBuf::Integer(number) => (*number).into(),
        DataBuf::Long(number) => (*number).into(),
        DataBuf::DoubleLong(number) => (*number).into(),
        DataBuf::Long64(number) => (*number).into(),
        DataBuf::Unsigned(number) | DataBuf::Enum(number) => (*number).into(),
        DataBuf::LongUnsigned(number) => (*number).into(),
        DataBuf::DoubleLongUnsigned(number) => (*number).into(),
        DataBuf::Long64Unsigned(number) => (*number).into(),
        _ => return None,
    })
}

/// A whole number that fits.
pub fn number<T: TryFrom<i128>>(value: &DataBuf) -> Option<T> {
    T::try_from(integer(value)?).ok()
}

/// A string of bytes, encoded.
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    [&[0x09], &crate::apdu::write_length(bytes.len())[..], bytes].concat()
}

/// The bytes of a string of any kind.
pub fn bytes(value: &DataBuf) -> Option<&[u8]> {
    match value {
        DataBuf::OctetString(bytes) | DataBuf::VisibleString(bytes) | DataBuf::Utf8String(bytes) => Some(bytes),
        _ => None,
    }
}

/// A string as a person reads it: its letters, or its bytes where it has none.
pub fn text(value: &Data<'_>) -> Option<String> {
    match value {
        Data::Long64Unsigned(number) => return Some(number.to_string()),
        _ if value.is_delta() => return None,
        _ => {}
    }
    if let Some(number) = value.as_i64() {
        return Some(number.to_string());
    }
    let bytes = value.as_bytes()?;
    let bytes = match bytes.iter().rposition(|byte| *byte != 0) {
        Some(last) => bytes.get(..=last)?,
        None => return Some(String::new()),
    };
    let letters = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.chars().any(char::is_control));
    Some(letters.map_or_else(
        || uzel_driver_sdk::bytes::hex(bytes).replace(' ', ""),
        |text| text.trim().to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_few_bytes_do_not_become_very_many_values() {
        // A compact array of arrays of 65 535 nulls and one byte, in 40 rows.
        let mut bytes = vec![0x13, 0x02, 0x02, 0x01, 0xFF, 0xFF, 0x00, 0x11, 40];
        bytes.extend([7; 40]);
        let refused = parse(&bytes);
        assert!(refused.is_err(), "{refused:?}");
    }

    #[test]
    fn strings_are_letters_or_digits() {
        for (bytes, want) in [
            (&b"EVN0012345678901"[..], "EVN0012345678901"),
            (b"123\0\0", "123"),
            (&[0x01, 0xFE], "01fe"),
            (&[], ""),
        ] {
            assert_eq!(text(&Data::OctetString(bytes)).as_deref(), Some(want));
        }
        assert_eq!(text(&Data::DoubleLongUnsigned(77)).as_deref(), Some("77"));
        assert_eq!(text(&Data::Null), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![0u8..34, any::<u8>()], 0..60)) {
            let _ = parse(&bytes);
        }
    }
}
