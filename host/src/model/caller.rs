//! Callers: modems that connect to us.

use jiff::Timestamp;

use super::archive::UnknownWord;

/// What people decided about a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CallerState {
    /// Nothing yet.
    #[default]
    New,
    /// It may be read.
    Approved,
    /// It is sent away.
    Refused,
}

impl CallerState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::New, Self::Approved, Self::Refused];

    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }
}

impl std::str::FromStr for CallerState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or_else(|| UnknownWord {
                what: "caller state",
                got: word.to_owned(),
                expected: "new, approved or refused",
            })
    }
}

/// What a listener saw of a caller since it last told. Counts are to be added to what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerSeen {
    /// Name of the listener.
    pub listener: String,
    /// Unique at the listener; `?` and the source address for one that did not say who it is.
    pub identity: String,
    /// Where it called from.
    pub source: String,
    /// When it was last heard.
    pub seen_at: Timestamp,
    /// Connections that it made.
    pub connects: u64,
    /// The first bytes of its newest greeting in hex; none when it made no connection.
    pub greeting: Option<String>,
    /// What was wrong with that greeting.
    pub fault: Option<String>,
    /// Signal level as the modem told it (3GPP 27.007, `+CSQ`).
    pub signal_csq: Option<u8>,
    /// Bytes from it.
    pub bytes_received: u64,
    /// Bytes to it.
    pub bytes_sent: u64,
}

impl CallerSeen {
    /// `LISTENER/IDENTITY`, as an incoming line has it.
    pub fn address(&self) -> String {
        format!("{}/{}", self.listener, self.identity)
    }

    /// Adds what was seen later.
    pub fn add(&mut self, later: Self) {
        self.connects += later.connects;
        self.bytes_received += later.bytes_received;
        self.bytes_sent += later.bytes_sent;
        self.seen_at = self.seen_at.max(later.seen_at);
        if later.greeting.is_some() {
            (self.greeting, self.fault) = (later.greeting, later.fault);
            self.source = later.source;
        }
        self.signal_csq = later.signal_csq.or(self.signal_csq);
    }
}

/// What is known of a caller before it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallerKnown {
    /// What people decided.
    pub state: CallerState,
    /// Whether a device's route names it.
    pub routed: bool,
    /// When it was last heard.
    pub seen_at: Option<Timestamp>,
}
