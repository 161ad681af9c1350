//! Devices and the ways to them.

use std::fmt;

/// Key of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub i64);

/// Key of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(pub i64);

/// Key of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Parity bit of a character on a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parity {
    /// None.
    None,
    /// Odd.
    Odd,
    /// Even.
    Even,
    /// Always one.
    Mark,
    /// Always zero.
    Space,
}

/// Speed and character of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineSettings {
    /// Bits per second.
    pub baud: u32,
    /// 5 to 8.
    pub data_bits: u8,
    /// Parity bit.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
}

/// Where a line is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineAddress {
    /// A converter: `host:port`.
    Tcp(String),
    /// A serial port: its path.
    Serial(String),
}

impl LineAddress {
    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Serial(_) => "serial",
        }
    }

    /// `host:port`, or the path.
    pub fn address(&self) -> &str {
        match self {
            Self::Tcp(address) | Self::Serial(address) => address,
        }
    }
}

impl fmt::Display for LineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.address())
    }
}

/// `9600-8N2` and the like could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line settings {got:?}: expected baud-bits-parity-stop such as 9600-8N1 (parity N, O, E, M or S)")]
pub struct BadLineSettings {
    got: String,
}

impl std::str::FromStr for LineSettings {
    type Err = BadLineSettings;

    fn from_str(text: &str) -> Result<Self, BadLineSettings> {
        let bad = || BadLineSettings { got: text.to_owned() };
        let (baud, character) = text.split_once('-').ok_or_else(bad)?;
        let baud: u32 = baud.parse().map_err(|_| bad())?;
        let mut chars = character.chars();
        let (Some(bits), Some(parity), Some(stop), None) = (chars.next(), chars.next(), chars.next(), chars.next())
        else {
            return Err(bad());
        };
        let digit = |c: char| c.to_digit(10).and_then(|d| u8::try_from(d).ok()).ok_or_else(bad);
        let parity = match parity.to_ascii_uppercase() {
            'N' => Parity::None,
            'O' => Parity::Odd,
            'E' => Parity::Even,
            'M' => Parity::Mark,
            'S' => Parity::Space,
            _ => return Err(bad()),
        };
        let settings = Self {
            baud,
            data_bits: digit(bits)?,
            parity,
            stop_bits: digit(stop)?,
        };
        let fits = (50..=4_000_000).contains(&baud)
            && (5..=8).contains(&settings.data_bits)
            && (1..=2).contains(&settings.stop_bits);
        if fits { Ok(settings) } else { Err(bad()) }
    }
}

impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Odd => 'O',
            Parity::Even => 'E',
            Parity::Mark => 'M',
            Parity::Space => 'S',
        };
        write!(f, "{}-{}{parity}{}", self.baud, self.data_bits, self.stop_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_settings_are_read_and_shown_alike() {
        for text in ["9600-8N2", "2400-8E1", "300-7E1", "115200-8N1"] {
            assert_eq!(text.parse::<LineSettings>().unwrap().to_string(), text);
        }
        for text in [
            "9600",
            "9600-8N",
            "9600-9N1",
            "9600-8X1",
            "9600-8N3",
            "x-8N1",
            "9600-8N11",
            "1-8N1",
        ] {
            assert!(text.parse::<LineSettings>().is_err(), "{text}");
        }
    }
}
