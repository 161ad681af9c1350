//! Who may do what, and to which objects.

use std::fmt;

/// Key of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an account is to the objects that a grant names: everything, an organisation, a site, a node, or, for a vendor,
/// the drivers of that vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Does everything with them; over everything also accounts, drivers and the host itself.
    Administrator,
    /// Looks, reads now, acknowledges, assigns.
    Dispatcher,
    /// Also lines, settings of devices, control, tunnels, callers.
    Engineer,
    /// Looks.
    Viewer,
    /// Sees how its own drivers fare, nothing of the places where they do.
    Vendor,
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Look at places, devices, archives, sessions.
    See,
    /// Read now, cancel, acknowledge, assign.
    Dispatch,
    /// Lines, settings of devices, control, tunnels, callers.
    Engineer,
    /// Make, change and archive places, points, devices, routes, schedules.
    Administer,
    /// Look at drivers' faults, logs and statistics.
    SeeDrivers,
}

impl Role {
    /// All, in the order in which people list them.
    pub const ALL: [Self; 5] = [
        Self::Administrator,
        Self::Dispatcher,
        Self::Engineer,
        Self::Viewer,
        Self::Vendor,
    ];

    /// Its bit in the store: sets of roles are sums.
    pub fn bit(self) -> i64 {
        match self {
            Self::Administrator => 1,
            Self::Dispatcher => 2,
            Self::Engineer => 4,
            Self::Viewer => 8,
            Self::Vendor => 16,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Dispatcher => "dispatcher",
            Self::Engineer => "engineer",
            Self::Viewer => "viewer",
            Self::Vendor => "vendor",
        }
    }

    /// Whether it has a right.
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::See => self != Self::Vendor,
            Right::Dispatch => matches!(self, Self::Administrator | Self::Dispatcher | Self::Engineer),
            Right::Engineer => matches!(self, Self::Administrator | Self::Engineer),
            Right::Administer => self == Self::Administrator,
            Right::SeeDrivers => matches!(self, Self::Administrator | Self::Engineer | Self::Vendor),
        }
    }
}

impl Right {
    /// The roles that have it, as the store sums them.
    pub fn roles(self) -> i64 {
        Role::ALL
            .iter()
            .filter(|role| role.has(self))
            .map(|role| role.bit())
            .sum()
    }
}

/// The objects that a question is about: everything, or what an account has in one of `roles`.
///
/// A query binds both and says: `($1 is null or n.id in (select node_id from account_node where account_id = $1 and
/// role & $2 <> 0))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// None: everything.
    pub account: Option<AccountId>,
    /// Sum of the bits of roles.
    pub roles: i64,
}

impl Scope {
    /// Nothing is left out.
    pub const EVERYTHING: Self = Self {
        account: None,
        roles: 0,
    };

    /// Everything is left out.
    pub const NOTHING: Self = Self {
        account: Some(AccountId(0)),
        roles: 0,
    };

    /// As a query binds it.
    pub fn key(self) -> Option<i64> {
        self.account.map(|account| account.0)
    }
}

/// Who changes something, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// None: the host itself, the command line, or nobody signed in.
    pub account: Option<AccountId>,
    /// The name of the account, `command line`, `host`.
    pub who: String,
    /// The address that the order came from; empty for the host itself.
    pub from: String,
}

impl Actor {
    /// The host itself.
    pub fn host() -> Self {
        Self {
            account: None,
            who: "host".to_owned(),
            from: String::new(),
        }
    }

    /// Whoever runs a command on this machine.
    pub fn command_line() -> Self {
        Self {
            account: None,
            who: "command line".to_owned(),
            from: String::new(),
        }
    }
}
