//! Accounts: people and programs, and what they are granted.

use super::access::{Right, Role};

/// Who signs in with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// By name and password.
    Person,
    /// A program, by a key.
    Machine,
}

/// To what a role is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantOn {
    /// Whatever there is and will be.
    Everything,
    /// An organisation with its sites.
    Organisation(i64),
    /// A site with its nodes.
    Site(i64),
    /// A node with its points and devices.
    Node(i64),
    /// The drivers of a vendor, by the word that they have for it.
    Vendor(String),
}

/// A role over something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which role.
    pub role: Role,
    /// Over what.
    pub on: GrantOn,
}

impl AccountKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
        }
    }

    /// The kind behind a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Person, Self::Machine]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

impl Grant {
    /// A vendor's drivers are for the vendor's role, which has nothing else.
    pub fn is_sound(&self) -> bool {
        (self.role == Role::Vendor) == matches!(self.on, GrantOn::Vendor(_))
    }
}

impl Role {
    /// The role behind a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The role behind a bit of the store.
    pub fn of_bit(bit: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.bit() == bit)
    }
}

impl Right {
    /// All, in the order in which people list them.
    pub const ALL: [Self; 5] = [
        Self::See,
        Self::Dispatch,
        Self::Engineer,
        Self::Administer,
        Self::SeeDrivers,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Dispatch => "dispatch",
            Self::Engineer => "engineer",
            Self::Administer => "administer",
            Self::SeeDrivers => "see-drivers",
        }
    }

    /// The right behind a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.word() == word)
    }
}
