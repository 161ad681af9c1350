//! What a modem says in command mode. Pure: bytes come in, lines and their meanings go out.
//!
//! Result codes: ITU-T V.250, and 3GPP TS 27.007 for `+CME ERROR`. Verbose ones stand between CR LF, numeric ones end
//! with CR; both are understood, so that a modem that ignores `ATV1` works.

/// Bytes of one line. Longer ones are line noise, or a meter that speaks into a modem's command mode.
const LINE_BYTES: usize = 256;

/// One line of a modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The command was carried out.
    Ok,
    /// A call is up, and as the modem put it: `CONNECT 9600/RLP`.
    Connect(String),
    /// Somebody calls us.
    Ring,
    /// No carrier, or no more.
    NoCarrier,
    /// The command was refused, and as the modem put it: `ERROR`, `+CME ERROR: 30`.
    Error(String),
    /// The modem has no telephone line.
    NoDialTone,
    /// The number is engaged.
    Busy,
    /// The far end rings and nobody takes the call.
    NoAnswer,
    /// Anything else: an echo, a value that was asked for, unsolicited news such as `+CREG: 1`.
    Other(String),
}

impl Said {
    /// The meaning of a line without its ends.
    pub(super) fn of(line: &str) -> Self {
        match line {
            "OK" | "0" => Self::Ok,
            "RING" | "2" => Self::Ring,
            "NO CARRIER" | "3" => Self::NoCarrier,
            "ERROR" | "4" => Self::Error(line.to_owned()),
            "NO DIALTONE" | "NO DIAL TONE" | "6" => Self::NoDialTone,
            "BUSY" | "7" => Self::Busy,
            "NO ANSWER" | "8" => Self::NoAnswer,
            "CONNECT" | "1" => Self::Connect(line.to_owned()),
            _ if line.starts_with("CONNECT ") => Self::Connect(line.to_owned()),
            _ if line.starts_with("+CME ERROR") || line.starts_with("+CMS ERROR") => Self::Error(line.to_owned()),
            _ => Self::Other(line.to_owned()),
        }
    }

    /// In the words of the modem.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Ok => "OK",
            Self::Ring => "RING",
            Self::NoCarrier => "NO CARRIER",
            Self::NoDialTone => "NO DIALTONE",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO ANSWER",
            Self::Connect(text) | Self::Error(text) | Self::Other(text) => text,
        }
    }
}

/// Cuts what a modem sends into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// The rest of a line that was too long comes yet.
    skips: bool,
}

impl Lines {
    /// Takes bytes and gives the lines that they completed. Bytes that are no text are shown as such, empty lines not.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            if !matches!(byte, b'\r' | b'\n') {
                if self.held.len() < LINE_BYTES {
                    self.held.push(*byte);
                } else {
                    self.skips = true;
                }
                continue;
            }
            let line = std::mem::take(&mut self.held);
            let whole = !std::mem::take(&mut self.skips);
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
            if whole && !text.is_empty() {
                lines.push(text.to_owned());
            }
        }
        lines
    }

    /// Forgets a line that was begun.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Whether the answer to `AT+CREG?` says that the modem has a network: `+CREG: n,1` (home) or `+CREG: n,5` (roaming).
/// None: the line is no such answer; unsolicited news has no `n`.
pub(super) fn registered(line: &str) -> Option<bool> {
    let mut fields = line.strip_prefix("+CREG:")?.split(',').map(str::trim);
    let (_mode, state) = (fields.next()?, fields.next()?);
    let state: u8 = state.parse().ok()?;
    Some(matches!(state, 1 | 5))
}

/// The signal of the answer to `AT+CSQ`, 0 to 31; none: the modem does not know it (99), or the line is no such answer.
pub(super) fn signal(line: &str) -> Option<u8> {
    let (strength, _) = line.strip_prefix("+CSQ:")?.split_once(',')?;
    strength.trim().parse().ok().filter(|strength| *strength <= 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(bytes: &[u8]) -> Vec<Said> {
        Lines::default().push(bytes).iter().map(|line| Said::of(line)).collect()
    }

    #[test]
    fn result_codes_are_told_apart_in_both_forms() {
        let cases: &[(&str, &[u8], &[Said])] = &[
            ("verbose", b"\r\nOK\r\n", &[Said::Ok]),
            ("numeric", b"0\r", &[Said::Ok]),
            ("echo first", b"ATZ\r\r\nOK\r\n", &[Said::Other("ATZ".into()), Said::Ok]),
            ("numeric with echo", b"ATZ\r0\r", &[Said::Other("ATZ".into()), Said::Ok]),
            ("bare connect", b"\r\nCONNECT\r\n", &[Said::Connect("CONNECT".into())]),
            (
                "connect with protocol",
                b"\r\nCONNECT 9600/RLP\r\n",
                &[Said::Connect("CONNECT 9600/RLP".into())],
            ),
            ("dial tone, one word", b"\r\nNO DIALTONE\r\n", &[Said::NoDialTone]),
            ("dial tone, two words", b"\r\nNO DIAL TONE\r\n", &[Said::NoDialTone]),
            ("busy", b"7\r", &[Said::Busy]),
            ("no answer", b"\r\nNO ANSWER\r\n", &[Said::NoAnswer]),
            (
                "equipment",
                b"\r\n+CME ERROR: 30\r\n",
                &[Said::Error("+CME ERROR: 30".into())],
            ),
            (
                "news in between",
                b"\r\nRING\r\n\r\n+CREG: 1\r\n\r\nNO CARRIER\r\n",
                &[Said::Ring, Said::Other("+CREG: 1".into()), Said::NoCarrier],
            ),
            (
                "noise before",
                b"\xff\x00\r\nBUSY\r\n",
                &[Said::Other("\u{fffd}".into()), Said::Busy],
            ),
            ("not whole yet", b"\r\nNO CARR", &[]),
            ("longer word", b"CONNECTED\r", &[Said::Other("CONNECTED".into())]),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(said(bytes), *want, "{name}");
        }
    }

    #[test]
    fn registration_and_signal_are_read_from_answers_only() {
        for (line, want) in [
            ("+CREG: 0,1", Some(true)),
            ("+CREG: 2,5,\"00C3\",\"1A2B\"", Some(true)),
            ("+CREG: 0,2", Some(false)),
            ("+CREG: 1", None),
            ("+CREG: 1,\"00C3\",\"1A2B\"", None),
            ("OK", None),
        ] {
            assert_eq!(registered(line), want, "{line}");
        }
        assert_eq!(
            [signal("+CSQ: 18,99"), signal("+CSQ: 99,99"), signal("OK")],
            [Some(18), None, None]
        );
    }

    #[test]
    fn a_line_without_end_takes_bounded_room_and_is_dropped() {
        let mut lines = Lines::default();
        assert!(lines.push(&[b'x'; 10_000]).is_empty());
        assert!(lines.held.len() <= LINE_BYTES);
        assert_eq!(lines.push(b"OK\r\nOK\r\n"), ["OK"]);
    }

    proptest! {
        #[test]
        fn however_bytes_are_split_the_lines_are_the_same(bytes: Vec<u8>, at: usize) {
            let whole = Lines::default().push(&bytes);
            let (first, second) = bytes.split_at(at % (bytes.len() + 1));
            let mut lines = Lines::default();
            let mut parts = lines.push(first);
            parts.extend(lines.push(second));
            prop_assert_eq!(whole, parts);
        }
    }
}
