//! The shadow: a version holds recorded sessions again, and what it gives is compared with what is stored, value by value.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::info;

use super::standing::may_become;
use super::{AgainError, Park, ParkError, hold_again};
use crate::driver::Driver;
use crate::limits;
use crate::model::{DriverState, SessionId};
use crate::store::{Deed, Step};

/// What a shadow run found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShadowReport {
    /// Sessions held again.
    pub sessions: u32,
    /// Devices whose sessions they were.
    pub devices: u32,
    /// Records compared.
    pub records: u64,
    /// Sessions whose records, journal or settings came out otherwise.
    pub differing: u32,
    /// Sessions in which it asked otherwise than was asked then: what would have come is not known.
    pub asked_otherwise: u32,
    /// Sessions that could not be held again.
    pub unusable: u32,
    /// Differences, a line each, with the session's number; the first [`limits::SHADOW_DIFFERENCES`].
    pub differences: Vec<String>,
}

impl ShadowReport {
    /// Whether nothing speaks against the version.
    pub fn is_clean(&self) -> bool {
        self.differing == 0 && self.asked_otherwise == 0
    }

    /// In one sentence.
    pub fn summary(&self) -> String {
        format!(
            "{} sessions of {} devices, {} records: {} differ, {} asked otherwise, {} could not be held again",
            self.sessions, self.devices, self.records, self.differing, self.asked_otherwise, self.unusable
        )
    }

    fn note(&mut self, session: i64, lines: &[String]) {
        for line in lines {
            if self.differences.len() < limits::SHADOW_DIFFERENCES {
                self.differences.push(format!("session {session}: {line}"));
            }
        }
    }
}

impl Park {
    /// Holds the last `sessions` recorded sessions of the driver's devices again with this version, and keeps the report.
    ///
    /// # Errors
    /// There is no such version, it has not proven itself, it cannot be loaded.
    pub async fn shadow(&self, prefix: &str, sessions: u32, deed: Deed) -> Result<ShadowReport, ParkError> {
        let version = self.find(prefix).await?;
        may_become(&version, DriverState::Shadow)?;
        let driver = self.loaded(&version).await?;
        let ids = self
            .store
            .sessions_to_replay(&version.driver, sessions.clamp(1, limits::SHADOW_SESSIONS))
            .await?;
        let report = self.held_again(&ids, &driver).await?;
        info!(driver.id = %version.driver, driver.version = %version.version, "shadow: {}", report.summary());
        let step = Step {
            digest: version.digest,
            to: DriverState::Shadow,
            deed: Deed {
                who: deed.who,
                why: format!("{}: {}", deed.why, report.summary()),
            },
            shadow: serde_json::to_value(&report).ok(),
            canary: None,
        };
        self.store.move_driver_versions(vec![step]).await?;
        Ok(report)
    }

    async fn held_again(&self, ids: &[i64], driver: &Arc<Driver>) -> Result<ShadowReport, ParkError> {
        let (mut report, mut devices) = (ShadowReport::default(), BTreeSet::new());
        for id in ids {
            let again = match hold_again(&self.store, SessionId(*id), driver.clone()).await {
                Ok(again) => again,
                Err(AgainError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    report.unusable += 1;
                    report.note(*id, &[error.to_string()]);
                    continue;
                }
            };
            report.sessions += 1;
            devices.insert(again.session.brief.device.0);
            let tables = again.taken.tables.iter();
            report.records += tables
                .map(|table| u64::try_from(table.records.len()).unwrap_or(0))
                .sum::<u64>();
            if !again.requests.is_empty() {
                // What it would have read then is not in the trace, so nothing is compared.
                report.asked_otherwise += 1;
                report.note(*id, &again.requests);
            } else if !again.stored.is_empty() {
                report.differing += 1;
                report.note(*id, &again.stored);
            }
        }
        report.devices = u32::try_from(devices.len()).unwrap_or(u32::MAX);
        Ok(report)
    }
}
