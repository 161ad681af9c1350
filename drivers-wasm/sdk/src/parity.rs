//! Even parity in the eighth bit, for lines that carry eight bits and leave it to us (IEC 62056-21, section 5.4: seven data
//! bits, even parity).

/// What stands in the place of a character whose parity is wrong: no character of the protocol.
pub const BROKEN: u8 = 0;

/// Puts the parity bit to each character.
pub fn add(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| even(*byte)).collect()
}

/// Takes the parity bit from each character; one that does not fit becomes [`BROKEN`].
pub fn strip(bytes: &[u8]) -> Vec<u8> {
    let stripped = |byte: &u8| {
        if even(*byte) == *byte { byte & 0x7f } else { BROKEN }
    };
    bytes.iter().map(stripped).collect()
}

fn even(byte: u8) -> u8 {
    let character = byte & 0x7f;
    let is_odd = character.count_ones() % 2 == 1;
    character | if is_odd { 0x80 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_keeps_its_meaning_and_a_flipped_bit_does_not() {
        assert_eq!(add(b"/?!\r\n"), [0xaf, 0x3f, 0x21, 0x8d, 0x0a]);
        let all: Vec<u8> = (0..0x80).collect();
        assert_eq!(strip(&add(&all)), all);
        for bit in 0..8 {
            assert_eq!(strip(&[0x8d ^ 1 << bit]), [BROKEN], "bit {bit}");
        }
    }
}
