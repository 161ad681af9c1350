//! What modems need to be told: profiles. Commands: ITU-T V.250, and 3GPP TS 27.007 of GSM modems; the order is that
//! of docs/lines.md.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The built-in profiles, a starting point that the configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    /// A modem on a telephone line that knows the Hayes commands.
    #[default]
    Generic,
    /// A GSM modem; the call is digital to the far GSM modem (V.110, 9600 bit/s, with error correction).
    Gsm,
    /// A GSM modem; the far end is an analogue modem, or a network without V.110 (V.32, 9600 bit/s).
    GsmV32,
}

/// How a call is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HangUp {
    /// Silence, `+++`, silence, `ATH`; when that fails, DTR.
    Escape,
    /// DTR first, which is quicker and needs the wire; when that fails, as `escape`.
    Dtr,
}

/// How a modem is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    /// Sent one after the other before each call; each is answered with OK.
    pub init: Vec<String>,
    /// Whether it has a network to wait for and a signal to tell.
    pub gsm: bool,
    /// What stands before the number.
    pub dial: String,
    /// How long it may take to answer a command.
    pub reply: Duration,
    /// How long it may take to find its network.
    pub registration: Duration,
    /// How long it may take from dialling to a connection.
    pub dialling: Duration,
    /// How long after CONNECT everything is dropped.
    pub settle: Duration,
    /// Silence before and after `+++` (register S12, 1 s unless it was changed).
    pub guard: Duration,
    /// How a call is ended.
    pub hang_up: HangUp,
}

/// Reset, factory settings, no echo, results as text, DTR hangs up, DCD follows the carrier, no answering of calls, all
/// results.
const INIT: [&str; 8] = ["ATZ", "AT&F", "ATE0", "ATV1", "AT&D2", "AT&C1", "ATS0=0", "ATX4"];

impl Profile {
    /// The built-in one.
    pub(super) fn of(name: ProfileName) -> Self {
        let bearer = match name {
            ProfileName::Generic => None,
            ProfileName::Gsm => Some("AT+CBST=71,0,1"),
            ProfileName::GsmV32 => Some("AT+CBST=7,0,1"),
        };
        Self {
            init: INIT.into_iter().chain(bearer).map(str::to_owned).collect(),
            gsm: bearer.is_some(),
            dial: if bearer.is_some() { "ATD" } else { "ATDT" }.to_owned(),
            reply: Duration::from_secs(5),
            registration: Duration::from_secs(60),
            dialling: Duration::from_secs(90),
            settle: Duration::from_secs(1),
            guard: Duration::from_secs(1),
            hang_up: HangUp::Escape,
        }
    }
}
