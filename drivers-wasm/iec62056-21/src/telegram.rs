//! Telegrams that a meter sends by itself: `/ident CR LF CR LF … ! CRC CR LF` (DSMR 5, section 6.2) or, older, without a
//! CRC.

use uzel_driver_sdk::checksum::crc16_arc;

/// Bytes of one telegram at most.
const TELEGRAM_MAX: usize = 16 * 1024;

/// One telegram that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram {
    /// The line behind the stroke.
    pub ident: String,
    /// What is between it and the exclamation mark.
    pub text: String,
    /// The CRC was there, and right.
    pub is_checked: bool,
}

/// How far the bytes are a telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// More has to come.
    Need,
    /// A telegram, and how many bytes it took.
    Whole(Telegram, usize),
    /// A telegram that is not as it was sent: what is wrong, and how many bytes it took.
    Bad(String, usize),
}

/// Looks for the first whole telegram; with `is_strict` a wrong CRC is none.
pub fn scan(bytes: &[u8], is_strict: bool) -> Scan {
    let Some(start) = bytes.iter().position(|byte| *byte == b'/') else {
        return Scan::Need;
    };
    let from_start = bytes.get(start..).unwrap_or_default();
    let Some(end) = end(from_start) else {
        // What is longer than any telegram began with a stroke that was none.
        return match from_start.len() > TELEGRAM_MAX {
            true => Scan::Bad("no end within 16 KB".to_owned(), start + 1),
            false => Scan::Need,
        };
    };
    let behind = from_start.get(end + 1..).unwrap_or_default();
    let Some(length) = behind.iter().position(|byte| *byte == b'\n') else {
        return Scan::Need;
    };
    let used = start + end + 1 + length + 1;
    let covered = from_start.get(..=end).unwrap_or_default();
    let check: Vec<u8> = behind
        .iter()
        .take(length)
        .copied()
        .filter(|byte| *byte != b'\r')
        .collect();
    let is_checked = match judge(covered, &check) {
        Ok(is_checked) => is_checked,
        Err(_) if !is_strict => false,
        Err(why) => return Scan::Bad(why, used),
    };
    match telegram(covered, is_checked) {
        Ok(telegram) => Scan::Whole(telegram, used),
        Err(why) => Scan::Bad(why, used),
    }
}

/// Where the exclamation mark is: at the begin of a line.
fn end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\n!").map(|place| place + 1)
}

/// Whether there is a CRC; the error says that it is wrong.
fn judge(covered: &[u8], check: &[u8]) -> Result<bool, String> {
    if check.is_empty() {
        return Ok(false);
    }
    let text: String = check.iter().map(|byte| char::from(*byte)).collect();
    let want = crc16_arc(covered);
    match u64::from_str_radix(&text, 16) {
        Ok(got) if got == u64::from(want) && text.len() == 4 => Ok(true),
        _ => Err(format!("the CRC is {text:?}, computed {want:04X}")),
    }
}

fn telegram(covered: &[u8], is_checked: bool) -> Result<Telegram, String> {
    let is_text = |byte: &u8| matches!(*byte, b'\r' | b'\n' | b'\t' | 0x20..=0x7e);
    if let Some(at) = covered.iter().position(|byte| !is_text(byte)) {
        return Err(format!("character {at} is no text"));
    }
    let all: String = covered.iter().map(|byte| char::from(*byte)).collect();
    let (ident, text) = all.split_once('\n').ok_or("it has no identification")?;
    // A stroke in the text is the begin of a telegram whose end was lost.
    if text.contains("\n/") {
        return Err("another telegram begins within it".to_owned());
    }
    Ok(Telegram {
        ident: ident.trim_start_matches('/').trim_ascii().to_owned(),
        text: text.trim_end_matches('!').to_owned(),
        is_checked,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Vec<u8> {
        let crc = crc16_arc(text.as_bytes());
        format!("{text}{crc:04X}\r\n").into_bytes()
    }

    #[test]
    fn a_telegram_is_found_and_checked() {
        let good = whole("/ISk5\\2MT382\r\n\r\n1-0:1.8.1(1*kWh)\r\n!");
        let mut stream = b"(5)\r\n!1234\r\n".to_vec();
        stream.extend(&good);
        let Scan::Whole(telegram, used) = scan(&stream, true) else {
            panic!("no telegram")
        };
        assert_eq!(
            (telegram.ident.as_str(), telegram.is_checked, used),
            ("ISk5\\2MT382", true, stream.len())
        );
        for length in 0..good.len() {
            assert_eq!(scan(&good[..length], true), Scan::Need, "{length}");
        }
        let mut bad = good;
        bad[20] ^= 1;
        assert!(matches!(scan(&bad, true), Scan::Bad(..)));
        assert!(matches!(
            scan(&bad, false),
            Scan::Whole(Telegram { is_checked: false, .. }, _)
        ));
        let old = b"/ISk5\\2MT382\r\n\r\n1-0:1.8.1(1*kWh)\r\n!\r\n";
        assert!(matches!(
            scan(old, true),
            Scan::Whole(Telegram { is_checked: false, .. }, _)
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'/'), Just(b'!'), Just(b'\n')], 0..100)) {
            for is_strict in [false, true] {
                match scan(&bytes, is_strict) {
                    Scan::Need => {}
                    Scan::Whole(_, used) | Scan::Bad(_, used) => prop_assert!(used <= bytes.len() && used > 0),
                }
            }
        }

        #[test]
        fn a_flipped_bit_is_found(place in 0usize..40, bit in 0u8..8) {
            let mut bytes = whole("/ISk5\\2MT382\r\n\r\n1-0:1.8.1(1*kWh)\r\n!");
            bytes[place % 36] ^= 1 << bit;
            let is_taken = matches!(scan(&bytes, true), Scan::Whole(Telegram { is_checked: true, .. }, _));
            prop_assert!(!is_taken);
        }
    }
}
