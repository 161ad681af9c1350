//! Objects that people keep: made, changed, archived, restored. Nothing is deleted, and every change is written down.

mod archive;
mod device;
mod form;
mod group;
mod history;
mod line;
mod object;
mod place;
mod replace;
mod scope;

use std::collections::HashMap;
use std::fmt;

use super::error::StoreError;
use crate::model::{Actor, Scope};

pub use device::KeptDevice;
pub(super) use device::{one as kept_device, shown as shown_device};
pub use form::{Form, Kept, NewLine};
pub use history::{DeviceHistory, PointDevice, PointSpan, Replacement, RouteSpan};
pub(super) use history::{begin_routes, end_routes};
pub use object::KeptQuery;
pub(super) use object::count_change;
pub use replace::{Replace, Replaced};
pub(super) use scope::{Place, has as has_place};

/// What can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Who owns sites.
    Organisation,
    /// A building or plant.
    Site,
    /// A metering installation.
    Node,
    /// One commercial quantity set.
    Point,
    /// A way to devices.
    Line,
    /// Devices that are read alike.
    Group,
    /// A calculator or meter.
    Device,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Site => "site",
            Self::Node => "node",
            Self::Point => "point",
            Self::Line => "line",
            Self::Group => "group",
            Self::Device => "device",
        }
    }

    /// Its table.
    fn table(self) -> &'static str {
        match self {
            Self::Group => "poll_group",
            other => other.word(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why something that somebody wanted was not done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of this key, or it is none of the asker's business.
    #[error("there is no {kind} {id}")]
    Missing {
        /// What was looked for.
        kind: Kind,
        /// Its key.
        id: i64,
    },
    /// Somebody else changed it.
    #[error("{kind} {id} has revision {is}, expected {expected}: somebody has changed it meanwhile")]
    Changed {
        /// What.
        kind: Kind,
        /// Its key.
        id: i64,
        /// As it was known.
        expected: i64,
        /// As it is.
        is: i64,
    },
    /// Something else is in the way.
    #[error("{reason}")]
    Conflict {
        /// The field that it is about; empty: the object as a whole.
        field: &'static str,
        /// What is in the way, by name.
        reason: String,
    },
}

/// Keys of drivers' configurations that are nobody's business, by driver. Of a driver that is not there every text is.
pub type SecretKeys = HashMap<String, Vec<String>>;

/// Who changes something, and over which objects he may.
#[derive(Debug, Clone)]
pub struct Doer {
    /// For the audit.
    pub actor: Actor,
    /// The objects that he may change.
    pub scope: Scope,
    /// What of configurations is not written down.
    pub secrets: SecretKeys,
}

impl Doer {
    /// Whoever runs a command on this machine: may do everything.
    pub fn command_line() -> Self {
        Self {
            actor: Actor::command_line(),
            scope: Scope::EVERYTHING,
            secrets: SecretKeys::new(),
        }
    }
}

/// A fault of one object.
pub(super) fn conflict(field: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Refused(Refusal::Conflict {
        field,
        reason: reason.into(),
    })
}

/// There is none of this key.
pub(super) fn missing(kind: Kind, id: i64) -> StoreError {
    StoreError::Refused(Refusal::Missing { kind, id })
}

/// Who has a name already, for people.
pub(super) fn taken(what: &str, archived: bool) -> String {
    if archived {
        format!("{what} is there and is archived: restore it or choose another name")
    } else {
        format!("{what} is there already")
    }
}
