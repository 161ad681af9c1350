//! What the COM-PORT option says (RFC 2217, section 3): settings of a serial port and news of it. Pure.

use std::fmt;

use super::telnet;
use crate::model::{LineSettings, Parity};

/// The option's code.
pub(super) const COM_PORT: u8 = 44;

/// Answers have the code of what they answer and this.
const ANSWER: u8 = 100;

const SIGNATURE: u8 = 0;
const SET_CONTROL: u8 = 5;
const NOTIFY_LINE: u8 = 6;
const NOTIFY_MODEM: u8 = 7;
const SET_LINE_MASK: u8 = 10;
const PURGE: u8 = 12;

/// One setting of the far port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// Bits per second.
    Baud(u32),
    /// 5 to 8.
    DataBits(u8),
    /// By its code: 1 none, 2 odd, 3 even, 4 mark, 5 space.
    Parity(u8),
    /// By its code: 1 one, 2 two, 3 one and a half.
    StopBits(u8),
}

impl Setting {
    /// All that make up `settings`.
    pub(super) fn all(settings: LineSettings) -> [Self; 4] {
        let parity = match settings.parity {
            Parity::None => 1,
            Parity::Odd => 2,
            Parity::Even => 3,
            Parity::Mark => 4,
            Parity::Space => 5,
        };
        [
            Self::Baud(settings.baud),
            Self::DataBits(settings.data_bits),
            Self::Parity(parity),
            Self::StopBits(settings.stop_bits),
        ]
    }

    /// Whether both are about the same thing.
    pub(super) fn is_about(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baud(baud) => write!(f, "{baud} baud"),
            Self::DataBits(bits) => write!(f, "{bits} data bits"),
            Self::Parity(code) => match code {
                1 => f.write_str("no parity"),
                2 => f.write_str("odd parity"),
                3 => f.write_str("even parity"),
                4 => f.write_str("mark parity"),
                5 => f.write_str("space parity"),
                other => write!(f, "parity of code {other}"),
            },
            Self::StopBits(3) => f.write_str("1.5 stop bits"),
            Self::StopBits(bits) => write!(f, "{bits} stop bits"),
        }
    }
}

/// A line of the far port that we switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// No flow control, neither XON/XOFF nor by lines.
    NoFlow,
    /// DTR.
    Dtr(bool),
    /// RTS.
    Rts(bool),
}

/// What we tell the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who are you?
    Signature,
    /// Set this.
    Set(Setting),
    /// Switch this.
    Control(Control),
    /// Report these conditions of the line: a mask of the bits of [`Tell::Line`].
    LineMask(u8),
    /// Drop what was received and nobody took.
    Purge,
}

impl Ask {
    /// Adds its bytes, telnet's around them.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let mut said = vec![COM_PORT];
        match self {
            Self::Signature => said.push(SIGNATURE),
            Self::Set(Setting::Baud(baud)) => {
                said.push(1);
                said.extend(baud.to_be_bytes());
            }
            Self::Set(Setting::DataBits(bits)) => said.extend([2, bits]),
            Self::Set(Setting::Parity(code)) => said.extend([3, code]),
            Self::Set(Setting::StopBits(code)) => said.extend([4, code]),
            Self::Control(control) => said.extend([SET_CONTROL, code_of(control)]),
            Self::LineMask(mask) => said.extend([SET_LINE_MASK, mask]),
            Self::Purge => said.extend([PURGE, 1]),
        }
        telnet::subnegotiation(&said, out);
    }
}

fn code_of(control: Control) -> u8 {
    match control {
        Control::NoFlow => 1,
        Control::Dtr(true) => 8,
        Control::Dtr(false) => 9,
        Control::Rts(true) => 11,
        Control::Rts(false) => 12,
    }
}

/// What the server tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tell {
    /// Who it is.
    Signature(String),
    /// What it has set, which need not be what was asked.
    Set(Setting),
    /// Conditions of the line: 16 break, 8 framing error, 4 parity error, 2 overrun; the others are no faults.
    Line(u8),
    /// The modem's lines: 128 DCD, 64 RI, 32 DSR, 16 CTS; the low four tell which of them changed.
    Modem(u8),
    /// What was received before is dropped.
    Purged,
    /// Something that we need not know: answers to controls and masks, flow control.
    Other(u8),
}

impl Tell {
    /// Reads a subnegotiation; none when it is another option's, or makes no sense.
    pub(super) fn decode(said: &[u8]) -> Option<Self> {
        let [COM_PORT, code, value @ ..] = said else {
            return None;
        };
        let code = code.checked_sub(ANSWER)?;
        Some(match (code, value) {
            (SIGNATURE, text) => Self::Signature(printable(text)),
            (1, [a, b, c, d]) => Self::Set(Setting::Baud(u32::from_be_bytes([*a, *b, *c, *d]))),
            (2, [bits]) => Self::Set(Setting::DataBits(*bits)),
            (3, [code]) => Self::Set(Setting::Parity(*code)),
            (4, [code]) => Self::Set(Setting::StopBits(*code)),
            (NOTIFY_LINE, [state]) => Self::Line(*state),
            (NOTIFY_MODEM, [state]) => Self::Modem(*state),
            (PURGE, _) => Self::Purged,
            (1..=4 | NOTIFY_LINE | NOTIFY_MODEM, _) => return None,
            (other, _) => Self::Other(other),
        })
    }
}

/// Text from outside, for a log.
fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_we_ask_has_the_bytes_of_the_standard() {
        let cases: &[(Ask, &[u8])] = &[
            (Ask::Signature, &[255, 250, 44, 0, 255, 240]),
            // As ser2net took and answered it.
            (
                Ask::Set(Setting::Baud(4_800)),
                &[255, 250, 44, 1, 0, 0, 0x12, 0xC0, 255, 240],
            ),
            // 65 280 has a byte of 255 in it.
            (
                Ask::Set(Setting::Baud(65_280)),
                &[255, 250, 44, 1, 0, 0, 255, 255, 0, 255, 240],
            ),
            (Ask::Set(Setting::DataBits(7)), &[255, 250, 44, 2, 7, 255, 240]),
            (Ask::Control(Control::Dtr(true)), &[255, 250, 44, 5, 8, 255, 240]),
            (Ask::Control(Control::Rts(false)), &[255, 250, 44, 5, 12, 255, 240]),
            (Ask::LineMask(30), &[255, 250, 44, 10, 30, 255, 240]),
            (Ask::Purge, &[255, 250, 44, 12, 1, 255, 240]),
        ];
        for (ask, bytes) in cases {
            let mut out = Vec::new();
            ask.encode(&mut out);
            assert_eq!(out, *bytes, "{ask:?}");
        }
    }

    #[test]
    fn settings_have_the_codes_of_the_standard() {
        let settings: LineSettings = "2400-7E2".parse().unwrap();
        let all = Setting::all(settings);
        let words = all.map(|setting| setting.to_string());
        assert_eq!(words, ["2400 baud", "7 data bits", "even parity", "2 stop bits"]);
        assert_eq!(all[2], Setting::Parity(3));
        let codes = ["N", "O", "E", "M", "S"]
            .map(|parity| Setting::all(format!("9600-8{parity}1").parse::<LineSettings>().unwrap())[2]);
        assert_eq!(codes, [1, 2, 3, 4, 5].map(Setting::Parity));
    }

    #[test]
    fn what_a_server_tells_is_read() {
        let cases: &[(&[u8], Option<Tell>)] = &[
            (b"\x2C\x64ser2net\r\n", Some(Tell::Signature("ser2net".to_owned()))),
            (&[44, 101, 0, 0, 0x12, 0xC0], Some(Tell::Set(Setting::Baud(4_800)))),
            (&[44, 102, 8], Some(Tell::Set(Setting::DataBits(8)))),
            (&[44, 103, 3], Some(Tell::Set(Setting::Parity(3)))),
            (&[44, 104, 2], Some(Tell::Set(Setting::StopBits(2)))),
            (&[44, 105, 8], Some(Tell::Other(5))),
            (&[44, 106, 8], Some(Tell::Line(8))),
            (&[44, 107, 0x88], Some(Tell::Modem(0x88))),
            (&[44, 112, 1], Some(Tell::Purged)),
            (&[44, 101, 0, 0, 0x12], None),
            (&[44, 1, 0, 0, 0x12, 0xC0], None),
            (&[24, 100], None),
            (&[44], None),
            (&[], None),
        ];
        for (said, told) in cases {
            assert_eq!(Tell::decode(said), *told, "{said:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(said: Vec<u8>) {
            let _ = Tell::decode(&said);
            let _ = Tell::decode(&[&[COM_PORT], &*said].concat());
        }
    }
}
