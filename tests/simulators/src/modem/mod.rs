//! Modems that call a collector: they say who they are, keep the connection alive, and carry the bytes of a meter.

mod call;
mod frames;

pub use call::Caller;

use crate::hex;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

/// The heartbeat of an iRZ ATM modem.
const IRZ_HEARTBEAT: [u8; 5] = [0xB5, 0xBC, 0xBD, 0xBE, 0xBF];

/// How a modem behaves. As text: `irz:868441036775234,heartbeat_s=50,split,again_ms=200`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modem {
    pub(crate) greeting: Greeting,
    pub(crate) heartbeat: Vec<u8>,
    pub(crate) heartbeat_every: Option<Duration>,
    /// The heartbeat comes in the middle of every fourth answer, as a segment of its own.
    pub(crate) interrupts: bool,
    /// The heartbeat stands in front of every answer, in the same segment.
    pub(crate) glues: bool,
    /// The greeting comes byte by byte.
    pub(crate) split: bool,
    /// Bytes glued behind the greeting.
    pub(crate) behind: Vec<u8>,
    /// The greeting stops after so many bytes.
    pub(crate) stalls_after: Option<usize>,
    /// The registration packet stands in front of every packet of data.
    pub(crate) prefixes: bool,
    /// It calls again so long after a connection has ended; none: never.
    pub(crate) again: Option<Duration>,
    /// Its source address.
    pub(crate) from: Option<Ipv4Addr>,
    /// What an adapter says instead of the meter's answers.
    pub(crate) says: Option<AdapterText>,
}

/// Who it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// Nothing at all.
    Nothing,
    /// These bytes, unasked.
    Bytes(Vec<u8>),
    /// A Teleofis WRX with this IMEI: answers the server's question.
    Wrx(String),
    /// An АССВ-030 of this identity: answers the server's question, then wraps every packet.
    Assv(String),
}

/// What an АССВ-030 says in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterText {
    /// «Занято».
    Busy,
    /// «Ошибка».
    Failed,
}

/// Why a text is not a modem.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "modem {got:?}: expected none, text:ID, dtu:TEXT, irz:IMEI, wrx:IMEI or assv:ID, then any of heartbeat=HEX, \
     heartbeat_s=S, interrupts, glues, split, behind=HEX, stalls_after=BYTES, prefixes, again_ms=MS, from=IP, says=busy, \
     says=failed between commas"
)]
pub struct ModemError {
    got: String,
}

impl Modem {
    fn new(greeting: Greeting) -> Self {
        Self {
            greeting,
            heartbeat: Vec::new(),
            heartbeat_every: None,
            interrupts: false,
            glues: false,
            split: false,
            behind: Vec::new(),
            stalls_after: None,
            prefixes: false,
            again: Some(Duration::from_secs(1)),
            from: None,
            says: None,
        }
    }

    /// One that says nothing.
    pub fn silent() -> Self {
        Self::new(Greeting::Nothing)
    }

    /// One that sends these bytes when it is connected.
    pub fn greeting(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Greeting::Bytes(bytes.into()))
    }

    /// An iRZ ATM21; its greeting ends with a comma, as it was captured.
    pub fn irz(imei: &str) -> Self {
        let greeting = format!(
            "AT$IMEI={imei},PSW=0000,TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,SIM=0,CSQ=16,COLPROT=1.3,\
             ATP=1.2,INT=485+232,"
        );
        Self {
            heartbeat: IRZ_HEARTBEAT.to_vec(),
            ..Self::greeting(greeting)
        }
    }

    /// A Teleofis WRX.
    pub fn wrx(imei: &str) -> Self {
        Self::new(Greeting::Wrx(imei.to_owned()))
    }

    /// An АССВ-030 adapter.
    pub fn assv(identity: &str) -> Self {
        Self::new(Greeting::Assv(identity.to_owned()))
    }

    /// Sends the heartbeat in silence.
    pub fn heartbeat(mut self, bytes: impl Into<Vec<u8>>, every: Duration) -> Self {
        (self.heartbeat, self.heartbeat_every) = (bytes.into(), Some(every));
        self
    }

    /// Sends the heartbeat in the middle of every fourth answer, as a segment of its own.
    pub fn interrupts(mut self) -> Self {
        self.interrupts = true;
        self
    }

    /// Sends the heartbeat in front of every answer, in the same segment.
    pub fn glues(mut self) -> Self {
        self.glues = true;
        self
    }

    /// Greets byte by byte.
    pub fn split(mut self) -> Self {
        self.split = true;
        self
    }

    /// Sends these bytes in one segment with the greeting.
    pub fn behind(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.behind = bytes.into();
        self
    }

    /// Sends only so many bytes of its greeting.
    pub fn stalls_after(mut self, bytes: usize) -> Self {
        self.stalls_after = Some(bytes);
        self
    }

    /// Sends its greeting in front of every packet of data too.
    pub fn prefixes(mut self) -> Self {
        self.prefixes = true;
        self
    }

    /// Calls again so long after a connection has ended.
    pub fn again(mut self, after: Duration) -> Self {
        self.again = Some(after);
        self
    }

    /// Calls once.
    pub fn once(mut self) -> Self {
        self.again = None;
        self
    }

    /// Calls from this address.
    pub fn from(mut self, source: Ipv4Addr) -> Self {
        self.from = Some(source);
        self
    }

    /// Says this in place of the meter's answers. Only an АССВ-030 does.
    pub fn says(mut self, text: AdapterText) -> Self {
        self.says = Some(text);
        self
    }

    fn set(mut self, option: &str) -> Option<Self> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "interrupts" => self.interrupts = true,
            "glues" => self.glues = true,
            "split" => self.split = true,
            "prefixes" => self.prefixes = true,
            "heartbeat" => self.heartbeat = hex::bytes(value).ok()?,
            "behind" => self.behind = hex::bytes(value).ok()?,
            "heartbeat_s" => self.heartbeat_every = Some(Duration::from_secs(value.parse().ok()?)),
            "stalls_after" => self.stalls_after = Some(value.parse().ok()?),
            "again_ms" => self.again = Some(Duration::from_millis(value.parse().ok()?)),
            "from" => self.from = Some(value.parse().ok()?),
            "says" => {
                self.says = Some(match value {
                    "busy" => AdapterText::Busy,
                    "failed" => AdapterText::Failed,
                    _ => return None,
                });
            }
            _ => return None,
        }
        Some(self)
    }
}

impl FromStr for Modem {
    type Err = ModemError;

    fn from_str(text: &str) -> Result<Self, ModemError> {
        let bad = || ModemError { got: text.to_owned() };
        let mut parts = text.split(',').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let modem = match kind.split_once(':').unwrap_or((kind, "")) {
            ("none", "") => Self::silent(),
            ("text", identity) => Self::greeting(format!("{identity}\r\n")),
            ("dtu", registration) => Self::greeting(registration),
            ("irz", imei) => Self::irz(imei),
            ("wrx", imei) => Self::wrx(imei),
            ("assv", identity) => Self::assv(identity),
            _ => return Err(bad()),
        };
        parts.try_fold(modem, Self::set).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_sets_what_the_methods_set() {
        let want = Modem::irz("868441036775234")
            .split()
            .again(Duration::from_millis(200))
            .behind([1, 2]);
        assert_eq!("irz:868441036775234,split, again_ms=200,behind=0102".parse(), Ok(want));
        for text in ["gprs:1", "none:x", "irz:1,sometimes", "irz:1,says=no", "irz:1,behind=x"] {
            assert!(text.parse::<Modem>().is_err(), "{text}");
        }
    }
}
