//! The resume token of an archive reading: which window, and the start of the last interval that was stored.

/// Where an earlier session was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Number of the window from 0.
    pub window: usize,
    /// Start of the interval, seconds of the meter's scale.
    pub start: i64,
}

const FORM: &str = "spbus/1";

impl Token {
    /// `spbus/1 WINDOW START`.
    pub fn write(self) -> Vec<u8> {
        format!("{FORM} {} {}", self.window, self.start).into_bytes()
    }

    /// None for anything that [`Token::write`] did not write.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.split(' ');
        let token = match (words.next()?, words.next()?, words.next()?, words.next()) {
            (FORM, window, start, None) => Self {
                window: window.parse().ok()?,
                start: start.parse().ok()?,
            },
            _ => return None,
        };
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_and_nothing_else() {
        let token = Token {
            window: 3,
            start: 1_428_256_800,
        };
        assert_eq!(Token::parse(&token.write()), Some(token));
        for wrong in [
            &b""[..],
            b"spbus/1",
            b"spbus/1 1",
            b"m4/2 1 1",
            b"spbus/1 1 1 1",
            b"spbus/1 -1 1",
            b"\xff",
        ] {
            assert_eq!(Token::parse(wrong), None, "{wrong:?}");
        }
    }
}
