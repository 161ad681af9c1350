//! The resume token of an archive reading: which window, and the start of the last interval that was stored.

/// Where an earlier session was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Number of the window from 0.
    pub window: usize,
    /// Start of the interval, seconds of the meter's scale.
    pub start: i64,
}

impl Token {
    /// `FORM WINDOW START`; `form` is the name and number of what the driver writes, such as `spbus/1`.
    pub fn write(self, form: &str) -> Vec<u8> {
        format!("{form} {} {}", self.window, self.start).into_bytes()
    }

    /// None for anything that [`Token::write`] did not write in this form.
    pub fn parse(form: &str, bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.split(' ');
        let token = match (words.next()?, words.next()?, words.next()?, words.next()) {
            (found, window, start, None) if found == form => Self {
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
        assert_eq!(Token::parse("spbus/1", &token.write("spbus/1")), Some(token));
        for wrong in [
            &b""[..],
            b"spbus/1",
            b"spbus/1 1",
            b"m4/2 1 1",
            b"spbus/1 1 1 1",
            b"spbus/1 -1 1",
            b"\xff",
        ] {
            assert_eq!(Token::parse("spbus/1", wrong), None, "{wrong:?}");
        }
    }
}
