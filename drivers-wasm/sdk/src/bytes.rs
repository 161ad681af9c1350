//! Reads numbers out of a frame without panicking.

/// The frame ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("needs {need} bytes at offset {at}, {got} left")]
pub struct Short {
    /// Offset of the read.
    pub at: usize,
    /// Bytes it needs.
    pub need: usize,
    /// Bytes that are left.
    pub got: usize,
}

/// A cursor over bytes from a line.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident, $type:ty, $from:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self) -> Result<$type, Short> {
            self.array().map(<$type>::$from)
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether all has been read.
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let rest = self.rest();
        let (head, _) = rest.split_at_checked(count).ok_or(Short {
            at: self.at,
            need: count,
            got: rest.len(),
        })?;
        self.at += count;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let short = Short {
            at: self.at,
            need: N,
            got: self.rest().len(),
        };
        let array = *self.rest().first_chunk::<N>().ok_or(short)?;
        self.at += N;
        Ok(array)
    }

    numbers! {
        /// One byte.
        u8, u8, from_le_bytes;
        /// One signed byte.
        i8, i8, from_le_bytes;
        /// Little-endian.
        u16_le, u16, from_le_bytes;
        /// Big-endian.
        u16_be, u16, from_be_bytes;
        /// Little-endian.
        i16_le, i16, from_le_bytes;
        /// Big-endian.
        i16_be, i16, from_be_bytes;
        /// Little-endian.
        u32_le, u32, from_le_bytes;
        /// Big-endian.
        u32_be, u32, from_be_bytes;
        /// Little-endian.
        i32_le, i32, from_le_bytes;
        /// Big-endian.
        i32_be, i32, from_be_bytes;
        /// Little-endian.
        u64_le, u64, from_le_bytes;
        /// Little-endian.
        i64_le, i64, from_le_bytes;
        /// IEEE 754 single, little-endian.
        f32_le, f32, from_le_bytes;
        /// IEEE 754 single, big-endian.
        f32_be, f32, from_be_bytes;
    }
}

/// Bytes as hexadecimal digits in a row, small letters.
pub fn digits(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes = bytes.into_iter();
    let mut text = String::with_capacity(2 * bytes.size_hint().0);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('?'));
        }
    }
    text
}

/// Bytes as `01 ab ff`, for notes and errors.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('?'));
        }
    }
    text
}

/// Reads `01 ab ff` or `01abff`; `None` when it is not whole hex bytes.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| {
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_order_and_says_what_is_missing() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16_le(), Ok(0x0302));
        assert_eq!(reader.u32_be(), Err(Short { at: 3, need: 4, got: 2 }));
        assert_eq!(reader.take(2), Ok(&[4, 5][..]));
        assert!(reader.is_empty());
        assert_eq!(reader.take(1), Err(Short { at: 5, need: 1, got: 0 }));
    }

    #[test]
    fn hex_there_and_back() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00 ab ff");
        assert_eq!(unhex("00 aB ff"), Some(vec![0, 0xab, 0xff]));
        assert_eq!(unhex("00abf"), None);
        assert_eq!(unhex("zz"), None);
    }
}
