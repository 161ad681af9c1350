//! Devices into the store: many at once, all or none.

mod check;
mod place;
mod points;
mod write;

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;

use super::Store;
use super::audit::{self, Done};
use super::error::StoreError;
use super::keep::{Doer, conflict, count_change, kept_device, shown_device};
use super::writer::{Tx, Write};
use crate::model::{ClockPolicy, DeviceId, LineAddress, LineOptions, LineSettings, Schedule};

pub(super) use check::{faults as check_devices, form_faults};
pub(super) use write::{Target, Writing};

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

/// What an import finds of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What becomes of the device.
    pub imported: Imported,
    /// What was kept of it; none: it is new.
    pub before: Option<NewDevice>,
    /// What is kept of it then.
    pub after: NewDevice,
}

struct Import {
    devices: Vec<NewDevice>,
    doer: Doer,
    target: Target,
    at: i64,
}

struct Preview {
    devices: Vec<NewDevice>,
    doer: Doer,
    at: i64,
}

impl Store {
    /// Adds one device, or changes the one of this name.
    pub async fn add_device(&self, device: &NewDevice) -> Result<Imported, StoreError> {
        let mut imported = self.import(vec![device.clone()]).await?;
        imported.pop().ok_or(StoreError::Closed)
    }

    /// Adds devices, and changes those whose names are there, on somebody's command line. All or none: the answer is one
    /// entry per device, in order.
    ///
    /// # Errors
    /// `Import` with every fault of every row; nothing was changed.
    pub async fn import(&self, devices: Vec<NewDevice>) -> Result<Vec<Imported>, StoreError> {
        let seen = self.import_for(&Doer::command_line(), devices).await?;
        Ok(seen.into_iter().map(|seen| seen.imported).collect())
    }

    /// The same for somebody.
    pub async fn import_for(&self, doer: &Doer, devices: Vec<NewDevice>) -> Result<Vec<Seen>, StoreError> {
        self.put_devices(doer, devices, Target::ByName).await
    }

    /// Makes one device, which is not there yet. Sites, points and lines that are there have to be what is said of them.
    ///
    /// # Errors
    /// `Import` with every fault; `Refused` when something is in the way.
    pub async fn create_device(&self, doer: &Doer, device: NewDevice) -> Result<DeviceId, StoreError> {
        self.put_one(doer, device, Target::New).await
    }

    /// Makes a device what is said here, when it still has the revision `revision`.
    pub async fn change_device(
        &self,
        doer: &Doer,
        id: DeviceId,
        revision: i64,
        device: NewDevice,
    ) -> Result<(), StoreError> {
        let target = Target::Known { id: id.0, revision };
        self.put_one(doer, device, target).await.map(drop)
    }

    /// What would become of each device, or what is wrong with it. Nothing is changed.
    pub async fn preview_import(
        &self,
        doer: &Doer,
        devices: Vec<NewDevice>,
    ) -> Result<Vec<Result<Seen, Vec<ImportFault>>>, StoreError> {
        let preview = Preview {
            devices,
            doer: doer.clone(),
            at: self.now().as_second(),
        };
        self.queue.write(preview).await
    }

    async fn put_one(&self, doer: &Doer, device: NewDevice, target: Target) -> Result<DeviceId, StoreError> {
        let mut seen = self.put_devices(doer, vec![device], target).await?;
        let seen = seen.pop().ok_or(StoreError::Closed)?;
        Ok(seen.imported.device)
    }

    async fn put_devices(&self, doer: &Doer, devices: Vec<NewDevice>, target: Target) -> Result<Vec<Seen>, StoreError> {
        let faults = check::faults(&devices);
        if !faults.is_empty() {
            return Err(StoreError::Import(faults));
        }
        let import = Import {
            devices,
            doer: doer.clone(),
            target,
            at: self.now().as_second(),
        };
        self.queue.write(import).await
    }
}

/// What is kept of the device that a target means.
async fn before(tx: &mut Tx, target: Target, name: &str) -> Result<Option<NewDevice>, StoreError> {
    let id: Option<i64> = match target {
        Target::New => None,
        Target::Known { id, .. } => Some(id),
        Target::ByName => sqlx::query_scalar("select id from device where name = $1")
            .bind(name)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("find a device"))?,
    };
    match id {
        None => Ok(None),
        Some(id) => Ok(kept_device(&mut tx.conn, id).await?.map(|kept| kept.device)),
    }
}

/// One device into the tables. The inner error is a fault of what was said.
async fn put(
    tx: &mut Tx,
    writing: &mut Writing<'_>,
    target: Target,
    device: &NewDevice,
) -> Result<Result<Seen, (&'static str, String)>, StoreError> {
    let before = before(tx, target, &device.name).await?;
    let imported = match writing.device(tx, device).await? {
        Ok(imported) => imported,
        Err(fault) => return Ok(Err(fault)),
    };
    let after = match (&imported.change, &before) {
        (Change::Unchanged, Some(before)) => before.clone(),
        _ => kept_device(&mut tx.conn, imported.device.0)
            .await?
            .map_or_else(|| device.clone(), |kept| kept.device),
    };
    Ok(Ok(Seen {
        imported,
        before,
        after,
    }))
}

impl Import {
    async fn note(&self, tx: &mut Tx, seen: &Seen) -> Result<(), StoreError> {
        let show = |device: &NewDevice| shown_device(device, &self.doer.secrets);
        let deed = match seen.before {
            None => "device.create",
            Some(_) => "device.change",
        };
        let done = Done {
            deed,
            subject: "device",
            id: seen.imported.device.to_string(),
            name: seen.after.name.clone(),
            before: seen.before.as_ref().map(show),
            after: Some(show(&seen.after)),
        };
        audit::note(&mut tx.conn, self.at, &self.doer.actor, &done).await
    }
}

#[async_trait]
impl Write for Import {
    type Answer = Vec<Seen>;

    fn weight(&self) -> usize {
        self.devices.len() * 16
    }

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Seen>, StoreError> {
        let mut writing = Writing::new(&self.doer, self.target, self.at);
        let mut faults = Vec::new();
        let mut all = Vec::with_capacity(self.devices.len());
        for (index, device) in self.devices.iter().enumerate() {
            match put(tx, &mut writing, self.target, device).await? {
                Ok(seen) => {
                    // Of an import, what stayed as it was is not worth a line.
                    if seen.imported.change != Change::Unchanged || self.target != Target::ByName {
                        self.note(tx, &seen).await?;
                    }
                    all.push(seen);
                }
                Err((key, reason)) if self.target != Target::ByName => return Err(conflict(key, reason)),
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
        if all.iter().any(|seen| seen.imported.change != Change::Unchanged) {
            count_change(&mut tx.conn).await?;
        }
        Ok(all)
    }
}

#[async_trait]
impl Write for Preview {
    type Answer = Vec<Result<Seen, Vec<ImportFault>>>;

    fn weight(&self) -> usize {
        self.devices.len() * 16
    }

    /// Does it in a savepoint, row by row, and takes all of it back.
    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let mut all: Self::Answer = Vec::with_capacity(self.devices.len());
        let mut wrong: HashMap<usize, Vec<ImportFault>> = HashMap::new();
        for fault in check::faults(&self.devices) {
            wrong.entry(fault.row).or_default().push(fault);
        }
        savepoint(tx, "savepoint preview").await?;
        for (index, device) in self.devices.iter().enumerate() {
            let row = index + 1;
            if let Some(faults) = wrong.remove(&row) {
                all.push(Err(faults));
                continue;
            }
            savepoint(tx, "savepoint row").await?;
            let mut writing = Writing::new(&self.doer, Target::ByName, self.at);
            let seen = put(tx, &mut writing, Target::ByName, device).await?;
            if seen.is_err() {
                savepoint(tx, "rollback to row").await?;
            }
            savepoint(tx, "release row").await?;
            all.push(seen.map_err(|(key, reason)| {
                let key = key.to_owned();
                vec![ImportFault { row, key, reason }]
            }));
        }
        savepoint(tx, "rollback to preview").await?;
        savepoint(tx, "release preview").await?;
        Ok(all)
    }
}

async fn savepoint(tx: &mut Tx, sql: &'static str) -> Result<(), StoreError> {
    let done = sqlx::query(sql).execute(&mut tx.conn).await;
    done.map(drop).map_err(StoreError::of("try an import"))
}
