//! One recorded session held again for a person who looks at it.

use std::sync::Arc;

use super::again::last_of_each;
use super::{Park, ParkError, ShadowValue, hold_again};
use crate::driver::Driver;
use crate::limits;
use crate::model::{DeviceId, SessionId};

/// What came of a session that was held again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Id of the driver that held it.
    pub driver: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// Records that it gave.
    pub records: u64,
    /// Where it asked otherwise than was asked then, a line each: what would have come is not known.
    pub requests: Vec<String>,
    /// How what it gave differs from what the session had stored, a line each, the first [`limits::SHADOW_DIFFERENCES`].
    pub differences: Vec<String>,
    /// Values that came otherwise than they are stored, the first [`limits::SHADOW_VALUES`].
    pub values: Vec<ShadowValue>,
}

impl Replayed {
    /// Whether it asked the same and got the same.
    pub fn is_same(&self) -> bool {
        self.requests.is_empty() && self.differences.is_empty()
    }
}

impl Park {
    /// Holds session `id` again with the version whose digest begins with `prefix`; without one with the version that the
    /// driver of the session works with. Nothing is stored. None: another is being held.
    ///
    /// # Errors
    /// There is no such version or session, or the session cannot be held again.
    pub async fn replay(&self, id: SessionId, prefix: Option<&str>) -> Result<Option<Replayed>, ParkError> {
        let Ok(_turn) = self.replaying.try_lock() else {
            return Ok(None);
        };
        let driver = self.chosen(id, prefix).await?;
        let again = hold_again(&self.store, id, driver.clone()).await?;
        let mut replayed = Replayed {
            driver: driver.describe.id.clone(),
            version: driver.describe.version.clone(),
            digest: driver.digest.to_string(),
            records: 0,
            requests: again.requests,
            differences: again.stored,
            values: Vec::new(),
        };
        let device = again.session.brief.device.clone();
        for table in last_of_each(&again.taken.tables) {
            replayed.records += u64::try_from(table.records.len()).unwrap_or(0);
            let room = limits::SHADOW_VALUES.saturating_sub(replayed.values.len());
            let of = DeviceId(device.0);
            let found = self
                .store
                .differing_values(of, id, &table.columns, &table.records, room)
                .await?;
            replayed.values.extend(found.into_iter().map(|value| ShadowValue {
                session: id.0,
                device: device.clone(),
                archive: value.archive,
                starts_at: value.starts_at,
                column: value.column,
                stored: value.stored,
                given: value.given,
            }));
        }
        replayed.differences.truncate(limits::SHADOW_DIFFERENCES);
        Ok(Some(replayed))
    }

    async fn chosen(&self, id: SessionId, prefix: Option<&str>) -> Result<Arc<Driver>, ParkError> {
        if let Some(prefix) = prefix {
            let version = self.find(prefix).await?;
            return self.loaded(&version).await;
        }
        let session = self.store.session(id).await?;
        let name = session.map(|session| session.brief.driver).unwrap_or_default();
        self.registry.get(&name).ok_or(ParkError::NoVersion(name))
    }
}
