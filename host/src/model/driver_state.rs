//! The life of a driver's version.

use super::archive::UnknownWord;

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DriverState {
    /// It was taken in, and nothing more.
    Uploaded,
    /// Its signature and what it asks for are right.
    Verified,
    /// It compiles within its limits.
    Compiled,
    /// What it says of itself and its own recordings are right.
    SelfTested,
    /// Recorded sessions were held again with it and compared with what is stored.
    Shadow,
    /// Some devices are read with it.
    Canary,
    /// All devices of the driver are read with it.
    Active,
    /// Another version took its place; sessions that began with it end with it.
    Draining,
    /// Nothing runs with it.
    Retired,
    /// It was stopped for its faults.
    Quarantined,
}

impl DriverState {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Uploaded,
        Self::Verified,
        Self::Compiled,
        Self::SelfTested,
        Self::Shadow,
        Self::Canary,
        Self::Active,
        Self::Draining,
        Self::Retired,
        Self::Quarantined,
    ];

    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Verified => "verified",
            Self::Compiled => "compiled",
            Self::SelfTested => "self-tested",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Retired => "retired",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether a version that stands here may go there.
    pub fn may_become(self, next: Self) -> bool {
        use DriverState::{
            Active, Canary, Compiled, Draining, Quarantined, Retired, SelfTested, Shadow, Uploaded, Verified,
        };
        match (self, next) {
            (Quarantined, Quarantined) => false,
            (_, Quarantined) => true,
            (Uploaded, Verified) | (Verified, Compiled) | (Compiled, SelfTested) => true,
            // Shadow runs are made again, before and after.
            (SelfTested | Shadow | Retired | Draining, Shadow) => true,
            (SelfTested | Shadow | Retired | Draining, Canary | Active) => true,
            (Canary, Active | Shadow | Retired) => true,
            (Active, Draining) | (Draining, Retired) => true,
            (SelfTested | Shadow | Quarantined, Retired) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for DriverState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word())
    }
}

impl std::str::FromStr for DriverState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.word() == word)
            .ok_or_else(|| UnknownWord {
                what: "state of a driver",
                got: word.to_owned(),
                expected: "one of the list in model/driver_state.rs",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_gets_to_work_only_through_its_tests() {
        let before = [DriverState::Uploaded, DriverState::Verified, DriverState::Compiled];
        for state in before {
            for next in [DriverState::Canary, DriverState::Active, DriverState::Shadow] {
                assert!(!state.may_become(next), "{state} to {next}");
            }
        }
        for state in DriverState::ALL {
            assert_eq!(state.word().parse(), Ok(*state));
            assert_eq!(
                state.may_become(DriverState::Quarantined),
                *state != DriverState::Quarantined
            );
        }
        assert!(!DriverState::Quarantined.may_become(DriverState::Active));
    }
}
