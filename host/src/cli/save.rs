//! `uzel read --save`: what was read, as a package to be carried to where it is kept.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::ReadArgs;
use crate::driver::Driver;
use crate::portable::{ClockShown, Device, DriverUsed, Manifest, Moved, PackageError, Program, Reading, pack};
use crate::session::{Asked, Report, Taken};
use crate::signing::{KeyError, Signer};

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Nobody answered.
    #[error("nothing is saved: no device said who it is")]
    Nobody,
    /// The key cannot be used.
    #[error("key file {file}")]
    Key {
        /// Which.
        file: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The package could not be made.
    #[error("package {file}")]
    Pack {
        /// Which.
        file: PathBuf,
        /// Why.
        source: PackageError,
    },
    /// A file could not be read or written.
    #[error("file {file}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The signer of the arguments. Told before anything is read: nobody goes back to the site for a typing error.
pub(super) fn signer(args: &ReadArgs) -> Result<Option<Signer>, SaveError> {
    args.key.as_deref().map(key).transpose()
}

/// The signer of a secret key's file.
pub(super) fn key(file: &Path) -> Result<Signer, SaveError> {
    let text = std::fs::read_to_string(file).map_err(|source| SaveError::File {
        file: file.to_owned(),
        source,
    })?;
    Signer::parse(&text).map_err(|source| SaveError::Key {
        file: file.to_owned(),
        source,
    })
}

/// Writes the package: whole or not at all.
pub(super) fn save(
    file: &Path,
    args: &ReadArgs,
    signer: Option<&Signer>,
    driver: &Driver,
    report: &Report,
    taken: &Taken,
) -> Result<(), SaveError> {
    let manifest = manifest(args, driver, report).ok_or(SaveError::Nobody)?;
    let reading = Reading {
        tables: taken.tables.clone(),
        absent: taken.absent.clone(),
        events: taken.events.clone(),
        settings: report.settings.clone().unwrap_or_default(),
        trace: report.trace.clone(),
    };
    let bytes = pack(manifest, &reading, signer).map_err(|source| SaveError::Pack {
        file: file.to_owned(),
        source,
    })?;
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, file))
        .map_err(|source| SaveError::File {
            file: file.to_owned(),
            source,
        })
}

/// None when nobody answered.
fn manifest(args: &ReadArgs, driver: &Driver, report: &Report) -> Option<Manifest> {
    let (identity, asked) = (report.identity.as_ref()?, report.asked.as_ref()?);
    let ended_at = asked.started_at().ok()?.saturating_add(report.wall);
    let describe = &driver.describe;
    Some(Manifest {
        format: String::new(),
        version: 0,
        program: Program {
            name: "uzel".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        by: args.by.clone(),
        note: args.note.clone(),
        started_at: asked.started_at.clone(),
        ended_at: ended_at.unwrap_or_else(|_| Timestamp::now()).to_string(),
        driver: DriverUsed {
            id: describe.id.clone(),
            version: describe.version.clone(),
            digest: driver.digest.to_string(),
        },
        device: Device {
            model: identity.model.clone(),
            serial: identity.serial.clone(),
            firmware: identity.firmware.clone(),
            details: identity.details.clone(),
        },
        line: args.line.to_string(),
        zone: asked.zone.clone(),
        clock_rule: asked.clock_rule.clone(),
        clock: report.clock.map(|clock| ClockShown {
            shown: clock.shown.to_string(),
            at: clock.at.to_string(),
            offset_ms: clock.offset_ms,
            uncertainty_ms: clock.uncertainty_ms,
        }),
        outcome: report.outcome.word().to_owned(),
        detail: report.detail.clone(),
        faults: report.faults.clone(),
        asked: asked_value(asked),
        moved: Moved {
            exchanges: report.usage.exchanges,
            retries: report.usage.retries,
            bytes_sent: report.usage.bytes_sent,
            bytes_received: report.usage.bytes_received,
            wall_ms: u64::try_from(report.wall.as_millis()).unwrap_or(u64::MAX),
        },
        files: std::collections::BTreeMap::new(),
    })
}

fn asked_value(asked: &Asked) -> serde_json::Value {
    // Every part has an encoding.
    serde_json::to_value(asked).unwrap_or_default()
}
