//! The loop: schedule → session → store.

mod callers;
mod collector;
mod control;
mod handle;
mod job;
mod journal;
mod plan;
mod queue;
mod sink;
mod tally;
mod told;
mod trial;

use serde::{Deserialize, Serialize};

pub use crate::session::{Connection, Door, ListenerCounts, ModemPool, Phase, Resting};
pub use callers::{Callers, CallersHandle};
pub use collector::Collector;
pub use control::ControlJob;
pub use handle::{Board, Command, Handle, HandleError, Live, LiveEvent, NewTunnel, ReadNow};
pub use trial::{Trial, TrialSeen, TrialState};

/// Section `polling` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Sessions open at once; the kernel's limit of memory mappings may allow fewer.
    pub sessions: usize,
    /// Sessions of big drivers open at once: those that bring an interpreter take some megabytes each.
    pub big_sessions: usize,
    /// Longest session, seconds.
    pub session_s: u64,
    /// Whether devices are read by their schedule; without it only on demand.
    pub scheduled: bool,
    /// How often the devices are looked at for changes that another program made, such as `uzel device add`, seconds.
    pub look_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sessions: crate::limits::SESSIONS,
            big_sessions: crate::limits::BIG_SESSIONS,
            session_s: 1_800,
            scheduled: true,
            look_s: 2,
        }
    }
}
