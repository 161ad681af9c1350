//! The shadow: a version holds recorded sessions again, and what it gives is compared with what is stored, value by value.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::again::last_of_each;
use super::standing::may_become;
use super::{AgainError, Park, ParkError, hold_again};
use crate::driver::Driver;
use crate::limits;
use crate::model::Table;
use crate::model::{DeviceId, DriverState, SessionId};
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
    /// Values that came otherwise than they are stored, the first [`limits::SHADOW_VALUES`].
    #[serde(default)]
    pub values: Vec<ShadowValue>,
}

/// A value that came otherwise than it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowValue {
    /// In which session.
    pub session: i64,
    /// Key and name of the device.
    pub device: (i64, String),
    /// Of which archive.
    pub archive: String,
    /// Begin of its interval.
    pub starts_at: Timestamp,
    /// Its column, as the driver calls it.
    pub column: String,
    /// What is stored; none: the store has no such value.
    pub stored: Option<String>,
    /// What came.
    pub given: String,
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
            let device = again.session.brief.device.clone();
            devices.insert(device.0);
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
                self.note_values(&mut report, *id, &device, &again.taken.tables).await?;
            }
        }
        report.devices = u32::try_from(devices.len()).unwrap_or(u32::MAX);
        Ok(report)
    }

    async fn note_values(
        &self,
        report: &mut ShadowReport,
        session: i64,
        device: &(i64, String),
        tables: &[Table],
    ) -> Result<(), ParkError> {
        for table in last_of_each(tables) {
            let room = limits::SHADOW_VALUES.saturating_sub(report.values.len());
            let (of, in_session) = (DeviceId(device.0), SessionId(session));
            let found = self
                .store
                .differing_values(of, in_session, &table.columns, &table.records, room)
                .await?;
            report.values.extend(found.into_iter().map(|value| ShadowValue {
                session,
                device: device.clone(),
                archive: value.archive,
                starts_at: value.starts_at,
                column: value.column,
                stored: value.stored,
                given: value.given,
            }));
        }
        Ok(())
    }
}
