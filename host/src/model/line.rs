//! Lines: where they are, how they are set, and what else they need.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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

impl LineSettings {
    /// How long so many characters take.
    pub fn time_of(&self, characters: usize) -> Duration {
        let bits = 1 + u64::from(self.data_bits) + u64::from(self.parity != Parity::None) + u64::from(self.stop_bits);
        let characters = u64::try_from(characters).unwrap_or(u64::MAX);
        Duration::from_micros(characters.saturating_mul(bits).saturating_mul(1_000_000) / u64::from(self.baud.max(1)))
    }
}

/// Where a line is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineAddress {
    /// A transparent converter: `host:port`.
    Tcp(String),
    /// A meter or converter that takes datagrams: `host:port`.
    Udp(String),
    /// A serial server that is set over telnet (RFC 2217): `host:port`.
    Rfc2217(String),
    /// A serial port: its path.
    Serial(String),
    /// A modem that calls us: the name of a listener, `/`, the caller's identity.
    Incoming(String),
    /// A meter behind a telephone number: the name of a pool of modems, `/`, the number.
    Modem(String),
}

/// Makes an address of a kind.
type Make = fn(String) -> LineAddress;

/// Words and meanings of the kinds of line.
const KINDS: [(&str, Make); 6] = [
    ("tcp", LineAddress::Tcp),
    ("udp", LineAddress::Udp),
    ("rfc2217", LineAddress::Rfc2217),
    ("serial", LineAddress::Serial),
    ("incoming", LineAddress::Incoming),
    ("modem", LineAddress::Modem),
];

impl LineAddress {
    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Rfc2217(_) => "rfc2217",
            Self::Serial(_) => "serial",
            Self::Incoming(_) => "incoming",
            Self::Modem(_) => "modem",
        }
    }

    /// What stands behind the kind.
    pub fn address(&self) -> &str {
        match self {
            Self::Tcp(address)
            | Self::Udp(address)
            | Self::Rfc2217(address)
            | Self::Serial(address)
            | Self::Incoming(address)
            | Self::Modem(address) => address,
        }
    }

    /// The two parts around the slash of an incoming or a modem line: listener and identity, pool and number.
    pub fn parts(&self) -> (&str, &str) {
        self.address().split_once('/').unwrap_or(("", self.address()))
    }

    /// An address of kind `kind`.
    ///
    /// # Errors
    /// There is no such kind, or the address is none of it.
    pub fn of(kind: &str, address: &str) -> Result<Self, BadLineAddress> {
        let bad = || BadLineAddress {
            got: format!("{kind}:{address}"),
        };
        let (_, make) = KINDS.iter().find(|(word, _)| *word == kind).ok_or_else(bad)?;
        let line = make(address.to_owned());
        let fits = match &line {
            Self::Tcp(address) | Self::Udp(address) | Self::Rfc2217(address) => address
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()),
            Self::Serial(path) => !path.is_empty(),
            Self::Incoming(address) => address
                .split_once('/')
                .is_some_and(|(listener, identity)| !listener.is_empty() && !identity.is_empty()),
            Self::Modem(address) => address.split_once('/').is_some_and(|(pool, number)| {
                let digit = |c: char| c.is_ascii_digit() || "+*#,pPtTwW".contains(c);
                !pool.is_empty() && !number.is_empty() && number.len() <= 40 && number.chars().all(digit)
            }),
        };
        if fits { Ok(line) } else { Err(bad()) }
    }
}

/// `tcp:10.0.0.5:4001` and the like could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {got:?}: expected tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH, incoming:LISTENER/IDENTITY or \
     modem:POOL/NUMBER"
)]
pub struct BadLineAddress {
    got: String,
}

impl FromStr for LineAddress {
    type Err = BadLineAddress;

    fn from_str(text: &str) -> Result<Self, BadLineAddress> {
        let (kind, address) = text.split_once(':').unwrap_or((text, ""));
        Self::of(kind, address).map_err(|_| BadLineAddress { got: text.to_owned() })
    }
}

impl fmt::Display for LineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.address())
    }
}

/// Who switches a half-duplex line between sending and receiving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The hardware, or the line is full duplex. RTS stays on: many converters are powered from it.
    #[default]
    Automatic,
    /// We: RTS on while sending, off while receiving.
    Rts,
    /// We: RTS off while sending, on while receiving.
    RtsInverted,
}

/// What a line needs beside its address and settings, whatever meter speaks over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LineOptions {
    /// Who switches the direction.
    pub direction: Direction,
    /// Whether what we send comes back to us before the answer, and has to be dropped.
    pub echo: bool,
    /// Silence kept before each question, milliseconds.
    pub gap_ms: u32,
    /// Time after opening in which everything that comes is dropped: what a converter still had for someone else,
    /// milliseconds. None: as the kind of line needs.
    pub settle_ms: Option<u32>,
    /// Time that a question and its answer spend on the way, added to every deadline, milliseconds.
    pub latency_ms: u32,
    /// Time that may pass between two bytes of one answer, added to every silence that ends one, milliseconds.
    pub silence_ms: u32,
}

/// Longest wait that an option may name, milliseconds.
const OPTION_MS: u32 = 60_000;

/// Options of a line could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line option {got:?}: expected rts, rts-inverted, echo, gap=MS, settle=MS, latency=MS or silence=MS with at most \
     {OPTION_MS} ms"
)]
pub struct BadLineOptions {
    got: String,
}

impl FromStr for LineOptions {
    type Err = BadLineOptions;

    /// Words between spaces: `rts echo gap=50`.
    fn from_str(text: &str) -> Result<Self, BadLineOptions> {
        let mut options = Self::default();
        for word in text.split_whitespace() {
            let bad = || BadLineOptions { got: word.to_owned() };
            match word.split_once('=') {
                None => match word {
                    "rts" => options.direction = Direction::Rts,
                    "rts-inverted" => options.direction = Direction::RtsInverted,
                    "echo" => options.echo = true,
                    _ => return Err(bad()),
                },
                Some((key, value)) => {
                    let value: u32 = value.parse().ok().filter(|ms| *ms <= OPTION_MS).ok_or_else(bad)?;
                    match key {
                        "gap" => options.gap_ms = value,
                        "settle" => options.settle_ms = Some(value),
                        "latency" => options.latency_ms = value,
                        "silence" => options.silence_ms = value,
                        _ => return Err(bad()),
                    }
                }
            }
        }
        Ok(options)
    }
}

impl fmt::Display for LineOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        match self.direction {
            Direction::Automatic => {}
            Direction::Rts => words.push("rts".to_owned()),
            Direction::RtsInverted => words.push("rts-inverted".to_owned()),
        }
        if self.echo {
            words.push("echo".to_owned());
        }
        for (key, value) in [
            ("gap", Some(self.gap_ms).filter(|ms| *ms > 0)),
            ("settle", self.settle_ms),
            ("latency", Some(self.latency_ms).filter(|ms| *ms > 0)),
            ("silence", Some(self.silence_ms).filter(|ms| *ms > 0)),
        ] {
            words.extend(value.map(|ms| format!("{key}={ms}")));
        }
        f.write_str(&words.join(" "))
    }
}

/// `9600-8N2` and the like could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line settings {got:?}: expected baud-bits-parity-stop such as 9600-8N1 (parity N, O, E, M or S)")]
pub struct BadLineSettings {
    got: String,
}

impl FromStr for LineSettings {
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

    #[test]
    fn addresses_are_read_and_shown_alike() {
        for text in [
            "tcp:10.0.0.5:4001",
            "udp:meter.example:10001",
            "rfc2217:[::1]:2217",
            "serial:/dev/ttyUSB0",
            "incoming:gprs/868441036775234",
            "modem:gsm/+79161234567",
        ] {
            assert_eq!(text.parse::<LineAddress>().unwrap().to_string(), text);
        }
        for text in [
            "10.0.0.5:4001",
            "tcp:10.0.0.5",
            "tcp::1",
            "udp:h:99999",
            "serial:",
            "incoming:gprs",
            "modem:gsm/ATH0",
            "modem:/123",
            "",
        ] {
            assert!(text.parse::<LineAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn options_are_read_and_shown_alike() {
        for text in ["", "rts", "rts-inverted echo gap=50 settle=0 latency=800 silence=1500"] {
            assert_eq!(text.parse::<LineOptions>().unwrap().to_string(), text);
        }
        for text in ["dtr", "gap", "gap=", "gap=-1", "gap=70000", "speed=9600"] {
            assert!(text.parse::<LineOptions>().is_err(), "{text}");
        }
    }
}
