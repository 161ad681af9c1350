//! Which version reads whom, now.

use std::collections::HashMap;

use super::{Park, ParkError};
use crate::driver::Slot;
use crate::store::ReadDevice;

/// What one version does.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Devices whose next session begins with it, in the order of their names.
    pub devices: Vec<ReadDevice>,
    /// Sessions that run with it.
    pub sessions_open: u64,
}

impl Park {
    /// What each version does that does anything, by digest.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<HashMap<String, Work>, ParkError> {
        let mut work: HashMap<String, Work> = HashMap::new();
        for (digest, open) in self.store.sessions_open().await? {
            work.entry(digest).or_default().sessions_open = open;
        }
        let mut slots: HashMap<String, Slot> = HashMap::new();
        for device in self.store.read_devices().await? {
            let slot = slots
                .entry(device.driver.clone())
                .or_insert_with(|| self.registry.slot(&device.driver));
            if let Some((driver, _)) = slot.reads(device.id) {
                work.entry(driver.digest.to_string()).or_default().devices.push(device);
            }
        }
        Ok(work)
    }
}
