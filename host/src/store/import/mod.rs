//! Devices into the store: many at once, all or none.

mod check;
mod place;
mod write;

use std::fmt;

use async_trait::async_trait;

use super::Store;
use super::error::StoreError;
use super::writer::{Tx, Write};
use crate::model::{ClockPolicy, DeviceId, LineAddress, LineOptions, LineSettings, Schedule};

/// A device as a person describes it. Organisation, site, node, points and lines are found by name or made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDevice {
    /// Unique among all devices.
    pub name: String,
    /// Id of its driver.
    pub driver: String,
    /// Who owns the site.
    pub organisation: String,
    /// Where it stands.
    pub site: NewSite,
    /// The metering installation at the site.
    pub node: String,
    /// Ways to it, the first is tried first.
    pub routes: Vec<NewRoute>,
    /// Serial number; none: the first session that reads it fills it in.
    pub serial: Option<String>,
    /// Id of a model in the driver's description; none as above.
    pub model: Option<String>,
    /// Whether it is polled.
    pub enabled: bool,
    /// `standard` or `zone`; none: as the model's description says.
    pub clock_rule: Option<String>,
    /// For the driver: a JSON object.
    pub config: serde_json::Value,
    /// When it is read, and what; none: as its group says, else as usual.
    pub schedule: Option<Schedule>,
    /// Whether its clock is set; none: as its group says, else not.
    pub clock_policy: Option<ClockPolicy>,
    /// Name of its group.
    pub group: Option<String>,
    /// What its inputs serve.
    pub points: Vec<NewPoint>,
}

/// The site of a new device.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSite {
    /// Unique in its organisation.
    pub name: String,
    /// Postal address.
    pub address: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// Degrees, north is positive.
    pub latitude: Option<f64>,
    /// Degrees, east is positive.
    pub longitude: Option<f64>,
}

/// One way to a new device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoute {
    /// Name of the line; none: its address.
    pub line: Option<String>,
    /// Where the line is.
    pub address: LineAddress,
    /// Instead of the driver's own.
    pub settings: Option<LineSettings>,
    /// What the line needs beside; none: as it is, or nothing.
    pub options: Option<LineOptions>,
}

/// What one input of a new device serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPoint {
    /// Input of the device, from 1; 0 is the device as a whole.
    pub input: u8,
    /// Unique in its node.
    pub name: String,
    /// `heat`, `hot-water`, `cold-water`, `gas`, `steam` or `electricity`.
    pub resource: String,
    /// `commercial` or `technological`.
    pub purpose: String,
}

/// What is wrong with one row of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// Which device, from 1.
    pub row: usize,
    /// Which part of it.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, {}: {}", self.row, self.key, self.reason)
    }
}

/// What became of one row of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// What was done.
    pub change: Change,
}

/// What was done with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was none of this name.
    Added,
    /// There was one; these parts of it are other now.
    Updated(Vec<String>),
    /// It was there just so.
    Unchanged,
}

struct Import {
    devices: Vec<NewDevice>,
    at: i64,
}

impl Store {
    /// Adds one device, or changes the one of this name.
    pub async fn add_device(&self, device: &NewDevice) -> Result<Imported, StoreError> {
        let mut imported = self.import(vec![device.clone()]).await?;
        imported.pop().ok_or(StoreError::Closed)
    }

    /// Adds devices, and changes those whose names are there. All or none: the answer is one entry per device, in
    /// order.
    ///
    /// # Errors
    /// `Import` with every fault of every row; nothing was changed.
    pub async fn import(&self, devices: Vec<NewDevice>) -> Result<Vec<Imported>, StoreError> {
        let faults = check::faults(&devices);
        if !faults.is_empty() {
            return Err(StoreError::Import(faults));
        }
        self.queue
            .write(Import {
                devices,
                at: self.now().as_second(),
            })
            .await
    }
}

#[async_trait]
impl Write for Import {
    type Answer = Vec<Imported>;

    fn weight(&self) -> usize {
        self.devices.len() * 16
    }

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Imported>, StoreError> {
        let mut places = place::Places::new();
        let mut faults = Vec::new();
        let mut imported = Vec::with_capacity(self.devices.len());
        for (index, device) in self.devices.iter().enumerate() {
            match write::device(tx, &mut places, device, self.at).await? {
                Ok(done) => imported.push(done),
                Err((key, reason)) => faults.push(ImportFault {
                    row: index + 1,
                    key: key.to_owned(),
                    reason,
                }),
            }
        }
        if !faults.is_empty() {
            return Err(StoreError::Import(faults));
        }
        if imported.iter().any(|imported| imported.change != Change::Unchanged) {
            sqlx::query("update revision set number = number + 1 where subject = 'devices'")
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of("count a change of the devices"))?;
        }
        Ok(imported)
    }
}
