//! Questions, what is said to them, and how long one goes on asking.

use uzel_driver_sdk::Instant;

use super::trouble::Trouble;

/// So many broken answers cost one attempt: the meter is there, and the next may be whole.
const BROKEN_PER_ATTEMPT: u32 = 3;
/// A silent answer in an open session costs less than an attempt, too: whether the meter is gone shows when the session
/// is opened again.
const OPEN_SILENCE: u32 = 2;

/// A question: function, arguments, and how many data bytes answer it.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub function: u8,
    pub data: [u8; 4],
    pub len: usize,
}

/// What the meter said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Data(Vec<u8>),
    /// Refusal 21 with a code other than 0.
    Refused(u8),
}

impl Reply {
    /// Whether many other questions have the same answer: a refusal, or bytes that are all alike.
    pub fn is_weak(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Data(data) => data.windows(2).all(|pair| pair.first() == pair.last()),
        }
    }
}

/// What is left of the attempts for one question.
pub struct Patience {
    left: u32,
    silence: u32,
    /// Troubles so far.
    pub failures: u32,
}

impl Patience {
    /// For opening a session: `attempts` silences use it up.
    pub fn to_open(attempts: u32) -> Self {
        Self {
            left: attempts * BROKEN_PER_ATTEMPT,
            silence: BROKEN_PER_ATTEMPT,
            failures: 0,
        }
    }

    /// For a question in an open session.
    pub fn to_ask(attempts: u32) -> Self {
        Self {
            silence: OPEN_SILENCE,
            ..Self::to_open(attempts)
        }
    }

    /// Gives the trouble back when asking again cannot help or the patience is used up.
    pub fn spend(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        let cost = match trouble {
            Trouble::Garbled(_) => 1,
            Trouble::Silent => self.silence,
            _ => BROKEN_PER_ATTEMPT,
        };
        self.failures += 1;
        self.left = self.left.saturating_sub(cost);
        if trouble.can_pass() && self.left > 0 {
            Ok(())
        } else {
            Err(trouble)
        }
    }
}

/// A reply with the host's times around it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub reply: Reply,
    pub sent: Instant,
    pub heard: Instant,
}

/// What the rounds so far amount to.
pub enum Verdict<T> {
    Agreed(T),
    More,
    /// They cannot all be true.
    Clash,
}
