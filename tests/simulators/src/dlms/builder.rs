//! Sets up a DLMS meter.

use super::apdu::{Access, Application};
use super::attributes::Objects;
use super::crypt::Keys;
use super::device::{Dlms, Way};
use super::hdlc;
use super::history::History;
use super::push::Pusher;
use super::truth::DlmsTruth;
use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::meter::Meter;
use crate::serve::{Handle, Link};
use jiff::civil::DateTime;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// How long a meter has been in use unless the builder says otherwise, days.
const IN_USE_DAYS: i64 = 430;

/// Days that a running clock may go on before nothing more is counted.
const DAYS_AHEAD: i64 = 62;

/// What APDUs travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DlmsTransport {
    Hdlc,
    Wrapper,
}

impl FromStr for DlmsTransport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "hdlc" => Ok(Self::Hdlc),
            "wrapper" => Ok(Self::Wrapper),
            _ => Err(format!("framing is {text:?}, expected hdlc or wrapper")),
        }
    }
}

/// What a meter does not know, or does in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DlmsQuirk {
    /// The ends of ranges have to stand under the tag of a date-time.
    Tagged,
    /// Rows are selected by number, not by range.
    NoRanges,
    /// Rows are not selected at all.
    NoSelection,
    /// There is no list of objects.
    NoList,
    /// The answer to AARQ does not name the mechanism.
    Terse,
}

/// Builds [`Dlms`].
#[derive(Clone)]
pub struct DlmsBuilder {
    transport: DlmsTransport,
    address: Vec<u8>,
    serial: String,
    seed: u64,
    clock: SimClock,
    installed_hour: Option<i64>,
    access: Access,
    pdu: u16,
    compact: bool,
    quirks: Vec<DlmsQuirk>,
    pushes: Option<Duration>,
    faults: Faults,
}

impl Dlms {
    /// An electricity meter without a password, in HDLC frames, logical device 1.
    pub fn builder() -> DlmsBuilder {
        DlmsBuilder {
            transport: DlmsTransport::Hdlc,
            address: vec![1],
            serial: "40512345".to_owned(),
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            installed_hour: None,
            access: Access::Open,
            pdu: 512,
            compact: false,
            quirks: Vec::new(),
            pushes: None,
            faults: Faults::new(),
        }
    }
}

impl DlmsBuilder {
    pub fn transport(mut self, transport: DlmsTransport) -> Self {
        self.transport = transport;
        self
    }

    /// Logical device 1 and this physical device.
    pub fn address(mut self, physical: u8) -> Self {
        self.address = vec![1, physical];
        self
    }

    pub fn serial(mut self, serial: impl Into<String>) -> Self {
        self.serial = serial.into();
        self
    }

    /// Seed of the counted amounts.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A civil time (the clock stands) or a [`SimClock`].
    pub fn clock(mut self, clock: impl Into<SimClock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The meter has counted only since then.
    pub fn installed(mut self, at: DateTime) -> Self {
        self.installed_hour = Some(civil::hour_of(at));
        self
    }

    /// All but identity and clock needs this password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.access = Access::Password(password.into());
        self
    }

    /// All but identity and clock needs these keys: encryption, authentication.
    pub fn keys(mut self, encryption: [u8; 16], authentication: [u8; 16]) -> Self {
        self.access = Access::Keys(Keys {
            encryption,
            authentication,
        });
        self
    }

    /// Bytes of one answer at most; longer values come in blocks.
    pub fn pdu(mut self, bytes: u16) -> Self {
        self.pdu = bytes;
        self
    }

    /// Rows are shortened as the standard allows.
    pub fn compact(mut self) -> Self {
        self.compact = true;
        self
    }

    pub fn quirk(mut self, quirk: DlmsQuirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    /// It hears nothing, and sends a notification so often, in HDLC frames.
    pub fn pushes(mut self, every: Duration) -> Self {
        self.pushes = Some(every);
        self
    }

    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The meter without transport, and what it holds.
    pub fn link(self) -> Link {
        let now = self.clock.now_hour();
        let origin = self.installed_hour.unwrap_or(now - IN_USE_DAYS * civil::DAY_H);
        let history = Arc::new(History::generate(self.seed, origin, now + DAYS_AHEAD * civil::DAY_H));
        let has = |quirk| self.quirks.contains(&quirk);
        let objects = Objects {
            serial: self.serial,
            clock: self.clock.clone(),
            history: Arc::clone(&history),
            disguise: None,
            compact: self.compact,
            tagged: has(DlmsQuirk::Tagged),
            no_ranges: has(DlmsQuirk::NoRanges),
            no_selection: has(DlmsQuirk::NoSelection),
            no_list: has(DlmsQuirk::NoList),
        };
        let way = match self.transport {
            DlmsTransport::Hdlc => Way::Hdlc(hdlc::Link::new(&self.address)),
            DlmsTransport::Wrapper => Way::Wrapper(1, Vec::new()),
        };
        let truth = DlmsTruth {
            history,
            clock: self.clock.clone(),
            is_pushed: self.pushes.is_some(),
        };
        let link = |meter: Box<dyn Meter>| {
            Link::new(meter, self.faults)
                .with_truth(Arc::new(truth))
                .with_clock(self.clock)
        };
        if let Some(every) = self.pushes {
            return link(Box::new(Pusher::new(objects, every)));
        }
        let application = Application::new(objects, self.access, self.pdu, has(DlmsQuirk::Terse));
        link(Box::new(Dlms::new(way, application)))
    }

    /// Serves the meter alone on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }

    /// Serves the meter alone on a new pseudo-terminal.
    pub fn start_pty(self) -> io::Result<Handle> {
        self.link().start_pty()
    }
}
