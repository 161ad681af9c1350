//! What may be done with a version, by how its driver stands. Pure.

use super::ParkError;
use super::shadow::ShadowReport;
use crate::model::DriverState;
use crate::store::{Deed, DriverVersion, Standing, Step};

/// The one version that a beginning of a digest means, of those that begin so.
///
/// # Errors
/// None begins so, or several do.
pub(super) fn one<'a>(prefix: &str, found: &'a [DriverVersion]) -> Result<&'a DriverVersion, ParkError> {
    match found {
        [one] if !prefix.is_empty() => Ok(one),
        [] => Err(ParkError::NoVersion(prefix.to_owned())),
        more => Err(ParkError::Ambiguous(prefix.to_owned(), more.len())),
    }
}

/// The version that reads the devices.
pub(super) fn active(versions: &[DriverVersion]) -> Option<&DriverVersion> {
    versions.iter().find(|version| version.state == DriverState::Active)
}

/// The version that did before.
pub(super) fn before(standing: &Standing) -> Option<&DriverVersion> {
    let before = standing.before.as_deref()?;
    standing.versions.iter().find(|version| version.digest == before)
}

/// A step of `version`.
pub(super) fn step(version: &DriverVersion, to: DriverState, deed: &Deed) -> Step {
    Step {
        digest: version.digest.clone(),
        to,
        deed: deed.clone(),
        shadow: None,
        canary: None,
    }
}

/// `version` reads all devices of its driver, in the place of the one that does.
pub(super) fn to_work(standing: &Standing, version: &DriverVersion, deed: &Deed) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(before) = active(&standing.versions) {
        let deed = Deed {
            who: deed.who.clone(),
            why: format!("{} takes its place: {}", version.version, deed.why),
        };
        steps.push(step(before, DriverState::Draining, &deed));
    }
    steps.push(step(version, DriverState::Active, deed));
    steps
}

/// `version` is stopped, and when it read all devices, the one before takes its place again.
pub(super) fn to_quarantine(standing: &Standing, version: &DriverVersion, deed: &Deed) -> Vec<Step> {
    let mut steps = vec![step(version, DriverState::Quarantined, deed)];
    if let (DriverState::Active, Some(before)) = (version.state, before(standing)) {
        let deed = Deed {
            who: deed.who.clone(),
            why: format!("{} is quarantined", version.version),
        };
        steps.push(step(before, DriverState::Active, &deed));
    }
    steps
}

/// Whether a version may go there at all.
///
/// # Errors
/// Where it stands.
pub(super) fn may_become(version: &DriverVersion, to: DriverState) -> Result<(), ParkError> {
    if version.state.may_become(to) {
        return Ok(());
    }
    Err(ParkError::State {
        driver: version.driver.clone(),
        version: version.version.clone(),
        state: version.state,
        to,
    })
}

/// Whether a version may go to work, and by whose word: that is written down where nothing has proven it.
///
/// # Errors
/// It may not, nobody says why, or it has not proven itself and nobody overrides that.
pub(super) fn check(
    version: &DriverVersion,
    to: DriverState,
    overridden: bool,
    deed: &Deed,
) -> Result<Deed, ParkError> {
    says_why(deed)?;
    may_become(version, to)?;
    match unproven(version) {
        Some(what) if !overridden => Err(ParkError::Unproven {
            driver: version.driver.clone(),
            version: version.version.clone(),
            what,
        }),
        Some(what) => Ok(Deed {
            who: deed.who.clone(),
            why: format!("overridden, although it {what}: {}", deed.why),
        }),
        None => Ok(deed.clone()),
    }
}

/// Whether a reason is given.
///
/// # Errors
/// There is none.
pub(super) fn says_why(deed: &Deed) -> Result<(), ParkError> {
    if deed.why.trim().is_empty() {
        return Err(ParkError::NoReason);
    }
    Ok(())
}

/// Why a version may not go to work without somebody's word; none: it has proven itself.
fn unproven(version: &DriverVersion) -> Option<String> {
    match version.state {
        // It did that work before.
        DriverState::Retired | DriverState::Draining => None,
        DriverState::Canary => None,
        DriverState::Shadow => {
            let report = version
                .shadow
                .clone()
                .and_then(|report| serde_json::from_value(report).ok());
            let report: ShadowReport = report.unwrap_or_default();
            (!report.is_clean()).then(|| format!("has a shadow that is not clean ({})", report.summary()))
        }
        _ => Some("has had no shadow".to_owned()),
    }
}
