//! Looks over the lengths of a file before it is parsed: `sml-rs` counts with them before it knows that they can be true.

/// Depth of lists within lists: a signed list entry has four.
const DEPTH_MAX: u32 = 8;
/// Bytes of one length.
const LENGTH_BYTES: u32 = 4;
const LIST: u8 = 7;

/// Whether every list and every value fits into the bytes.
pub fn is_sound(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match element(bytes, 0) {
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    true
}

/// What is behind the element at the begin; none where it does not fit.
fn element(bytes: &[u8], depth: u32) -> Option<&[u8]> {
    let (&first, mut rest) = bytes.split_first()?;
    let kind = first >> 4 & 7;
    let mut length = usize::from(first & 15);
    let mut is_more = first & 0x80 != 0;
    let mut taken = 1;
    while is_more {
        let (&next, behind) = rest.split_first()?;
        taken += 1;
        if taken > LENGTH_BYTES {
            return None;
        }
        length = length << 4 | usize::from(next & 15);
        is_more = next & 0x80 != 0;
        rest = behind;
    }
    if kind != LIST {
        // The length counts itself; 00 ends a message.
        return rest.get(length.saturating_sub(usize::try_from(taken).ok()?)..);
    }
    if length > rest.len() || depth >= DEPTH_MAX {
        return None;
    }
    for _ in 0..length {
        rest = element(rest, depth + 1)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_that_cannot_be_are_found() {
        let cases: [(&str, &[u8], bool); 7] = [
            ("a value", &[0x62, 5], true),
            ("a list", &[0x72, 0x62, 5, 0x01, 0x00], true),
            ("a value that is cut", &[0x65, 5], false),
            ("a list that is cut", &[0x73, 0x01, 0x01], false),
            ("a list of too many", &[0xff, 0x8f, 0x8f, 0x0f, 1], false),
            (
                "a long value",
                &[0x81, 0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
                true,
            ),
            ("lists without end", &[0x71; 40], false),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(is_sound(bytes), want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            is_sound(&bytes);
        }
    }
}
