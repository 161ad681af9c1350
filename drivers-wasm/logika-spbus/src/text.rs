//! The data of a frame: text in code page 866, blocks of fields (SPbus note, section 3).
//!
//! Every field begins with HT; a block ends with FF, on some devices with CR LF.

const HT: u8 = 0x09;
const FF: u8 = 0x0c;
const CR: u8 = 0x0d;
const LF: u8 = 0x0a;

/// Why data are no blocks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("block {block} begins with {got:#04x}, expected 0x09")]
    NoField { block: usize, got: u8 },
}

/// One pointer or value: its fields.
pub type Block = Vec<String>;

/// Takes data apart.
pub fn blocks(data: &[u8]) -> Result<Vec<Block>, TextError> {
    let mut blocks = Vec::new();
    for bytes in data.split(|byte| matches!(*byte, FF | LF)) {
        let bytes = bytes.strip_suffix(&[CR]).unwrap_or(bytes);
        match bytes {
            // Behind the last end of a block, or between FF and CR LF.
            [] => {}
            [HT, fields @ ..] => blocks.push(fields.split(|byte| *byte == HT).map(decode).collect()),
            [got, ..] => {
                let (block, got) = (blocks.len(), *got);
                return Err(TextError::NoField { block, got });
            }
        }
    }
    Ok(blocks)
}

/// Puts blocks together.
pub fn data(blocks: &[Block]) -> Vec<u8> {
    let mut data = Vec::new();
    for block in blocks {
        for field in block {
            data.push(HT);
            data.extend(field.chars().map(encode));
        }
        data.push(FF);
    }
    data
}

/// Text of code page 866; its line graphics, which no meter sends, become U+FFFD.
pub fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| letter(*byte)).collect()
}

fn letter(byte: u8) -> char {
    let behind = |first: u32, from: u8| char::from_u32(first + u32::from(byte - from)).unwrap_or('\u{fffd}');
    match byte {
        0x00..=0x7f => char::from(byte),
        0x80..=0xaf => behind(0x410, 0x80),
        0xe0..=0xef => behind(0x440, 0xe0),
        0xf0 => 'Ё',
        0xf1 => 'ё',
        0xf8 => '°',
        0xfa => '·',
        0xfc => '№',
        _ => '\u{fffd}',
    }
}

/// The byte of a character; `?` for one that the code page does not have.
fn encode(letter: char) -> u8 {
    let in_866 = |first: char, from: u8| {
        let step = u32::from(letter).checked_sub(u32::from(first))?;
        u8::try_from(step).ok()?.checked_add(from)
    };
    let byte = match letter {
        '\0'..='\x7f' => u8::try_from(letter).ok(),
        'А'..='п' => in_866('А', 0x80),
        'р'..='я' => in_866('р', 0xe0),
        'Ё' => Some(0xf0),
        'ё' => Some(0xf1),
        '°' => Some(0xf8),
        '·' => Some(0xfa),
        '№' => Some(0xfc),
        _ => None,
    };
    byte.unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn block(fields: &[&str]) -> Block {
        fields.iter().map(|field| (*field).to_owned()).collect()
    }

    #[test]
    fn blocks_end_with_form_feeds_or_lines() {
        let want = vec![block(&["0", "063"]), block(&["20", "'C"])];
        for text in [
            "\t0\t063\x0c\t20\t'C\x0c",
            "\t0\t063\r\n\t20\t'C\r\n",
            "\t0\t063\x0c\r\n\t20\t'C",
        ] {
            assert_eq!(blocks(text.as_bytes()), Ok(want.clone()), "{text:?}");
        }
        assert_eq!(blocks(b"\t\x0c"), Ok(vec![block(&[""])]));
        assert_eq!(blocks(b""), Ok(vec![]));
        assert_eq!(blocks(b"\t0\x0c5\x0c"), Err(TextError::NoField { block: 1, got: b'5' }));
    }

    #[test]
    fn russian_goes_there_and_back() {
        let text = "Нет данных? кгс/см2 ГДж ёЁ № 'C °";
        let bytes = data(&[block(&[text])]);
        assert_eq!(blocks(&bytes), Ok(vec![block(&[text])]));
        assert_eq!(decode(&[0xaa, 0xa3, 0xe1, 0xdb]), "кгс\u{fffd}");
        assert_eq!(data(&[block(&["€"])]), b"\t?\x0c");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in vec(any::<u8>(), 0..300)) {
            let _ = blocks(&bytes);
        }
    }
}
