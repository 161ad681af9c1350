//! Bytes as hexadecimal text, with or without spaces.

/// Why a text is not bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HexError {
    #[error("hexadecimal text has {digits} digits, expected an even count")]
    Odd { digits: usize },
    #[error("{got:?} is not a hexadecimal digit")]
    Digit { got: char },
}

/// Reads pairs of digits; white space between them is free.
pub fn bytes(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|got| got.to_digit(16).ok_or(HexError::Digit { got }))
        .collect::<Result<Vec<_>, _>>()?;
    if !digits.len().is_multiple_of(2) {
        return Err(HexError::Odd { digits: digits.len() });
    }
    let byte = |pair: &[u32]| {
        pair.iter()
            .fold(0u8, |byte, digit| (byte << 4) | digit.to_le_bytes()[0])
    };
    Ok(digits.chunks_exact(2).map(byte).collect())
}

/// `10 FF 3F`: upper case, one space between bytes.
pub fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_undo_each_other() {
        assert_eq!(bytes("10 ff3F"), Ok(vec![0x10, 0xFF, 0x3F]));
        assert_eq!(text(&[0x10, 0xFF, 0x3F]), "10 FF 3F");
        assert_eq!(bytes("1"), Err(HexError::Odd { digits: 1 }));
        assert_eq!(bytes("1g"), Err(HexError::Digit { got: 'g' }));
    }
}
