//! `uzel driver install` and what follows: the life of drivers from the command line.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::{ParkCommand, TrustCommand};
use super::stats;
use crate::foreign::shown;
use crate::model::Actor;
use crate::oci::Reference;
use crate::package::{PackageError, read_folder};
use crate::park::{CanaryPlan, Evidence, Park, ParkError, Roles};
use crate::signing::{self, KeyError};
use crate::store::{Deed, DriverVersion, StoreError, VendorKey};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ParkCommandError {
    /// The park says why.
    #[error(transparent)]
    Park(#[from] ParkError),
    /// The folder is no package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The file could not be read.
    #[error("package {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no such key.
    #[error("there is no key {0} that holds")]
    NoKey(String),
    /// A role that there is not.
    #[error("role {0:?}, expected read, configure or control")]
    Role(String),
    /// The store failed.
    #[error("the store")]
    Store(#[from] StoreError),
    /// The output could not be written.
    #[error("the output could not be written")]
    Write(#[from] std::io::Error),
}

type Done = Result<(), ParkCommandError>;

fn deed(why: &str) -> Deed {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    Deed {
        who: Actor {
            who: format!("cli:{}", user.unwrap_or_else(|_| "unknown".to_owned())),
            ..Actor::command_line()
        },
        why: why.to_owned(),
    }
}

/// Carries one command out.
///
/// # Errors
/// Why it was not.
pub async fn run(park: &Park, command: ParkCommand, out: &mut (dyn Write + Send)) -> Done {
    match command {
        ParkCommand::Install { source, grant, why, .. } => install(park, &source, &grant, &why, out).await,
        ParkCommand::Versions { driver, .. } => {
            let versions = park.store().driver_versions().await?;
            for version in versions
                .iter()
                .filter(|one| driver.as_ref().is_none_or(|id| one.driver == *id))
            {
                line(version, out)?;
            }
            Ok(())
        }
        ParkCommand::Shadow {
            digest, sessions, why, ..
        } => {
            let report = park.shadow(&digest, sessions, deed(&why)).await?;
            writeln!(out, "{}", report.summary())?;
            for difference in &report.differences {
                writeln!(out, "  {difference}")?;
            }
            let word = if report.is_clean() { "clean" } else { "NOT clean" };
            Ok(writeln!(out, "the shadow is {word}")?)
        }
        ParkCommand::Canary {
            digest,
            devices,
            share,
            after,
            overridden,
            why,
            ..
        } => {
            let plan = CanaryPlan {
                devices,
                share_percent: share,
                promote_after: after,
                since_session: 0,
            };
            line(&park.canary(&digest, plan, overridden, deed(&why)).await?, out)
        }
        ParkCommand::Activate {
            digest,
            overridden,
            why,
            ..
        } => line(&park.activate(&digest, overridden, deed(&why)).await?, out),
        ParkCommand::Rollback { driver, why, .. } => line(&park.roll_back(&driver, deed(&why)).await?, out),
        ParkCommand::Quarantine { digest, why, .. } => {
            let (stopped, before) = park.quarantine(&digest, deed(&why)).await?;
            line(&stopped, out)?;
            before.map_or(Ok(()), |before| line(&before, out))
        }
        ParkCommand::Retire { digest, why, .. } => line(&park.retire(&digest, deed(&why)).await?, out),
        ParkCommand::Revoke { digest, why, .. } => Ok(park.revoke_digest(&digest, deed(&why)).await?),
        ParkCommand::Stats { digest, hours, .. } => Ok(stats::print(park, &digest, hours, out).await?),
        ParkCommand::History { driver, .. } => {
            for event in park.store().driver_events(driver.as_deref(), None, None, 1_000).await? {
                let digest: String = event.digest.chars().take(12).collect();
                let from = event.from.map_or_else(String::new, |from| format!("{from} to "));
                writeln!(
                    out,
                    "{}\t{} {}\t{digest}\t{from}{}\t{}\t{}",
                    event.at,
                    event.driver,
                    event.version,
                    event.to,
                    event.who,
                    shown(&event.why)
                )?;
            }
            Ok(())
        }
        ParkCommand::Trust(command) => trust(park, command, out).await,
    }
}

fn line(version: &DriverVersion, out: &mut (dyn Write + Send)) -> Done {
    let digest: String = version.digest.chars().take(12).collect();
    let signed = version.signed_by.as_deref().unwrap_or("nobody");
    let report = version
        .report
        .clone()
        .and_then(|report| serde_json::from_value(report).ok());
    let tried = tried(report.as_ref());
    Ok(writeln!(
        out,
        "{digest}\t{} {}\t{}\tsince {}\tsigned by {signed}\t{tried}\t{}",
        version.driver,
        version.version,
        version.state,
        version.since,
        shown(&version.why)
    )?)
}

async fn install(park: &Park, source: &Path, grant: &[String], why: &str, out: &mut (dyn Write + Send)) -> Done {
    let installed = match source.to_str().filter(|source| Reference::is_meant(source)) {
        Some(reference) => park.install_from(reference, grant, deed(why)).await?,
        None => park.install(&package(source)?, grant, deed(why)).await?,
    };
    let signed = installed.signed_by.as_deref().unwrap_or("nobody");
    writeln!(
        out,
        "{} {} is installed, signed by {signed}, {} recordings came out as they were recorded; {}",
        installed.driver,
        installed.version,
        installed.recordings,
        tried(installed.report.as_ref())
    )?;
    for failure in installed.report.iter().flat_map(|report| &report.failures) {
        writeln!(out, "  FAILED {failure}")?;
    }
    Ok(writeln!(
        out,
        "next: uzel driver shadow {:.12} --why ...",
        installed.digest
    )?)
}

/// What the conformance kit found, in some words.
fn tried(report: Option<&Evidence>) -> String {
    report.map_or_else(|| "no report of the conformance kit".to_owned(), Evidence::summary)
}

/// The bytes of a package that is a file or a folder.
fn package(source: &Path) -> Result<Vec<u8>, ParkCommandError> {
    if source.is_dir() {
        return Ok(read_folder(source)?.to_bytes()?);
    }
    std::fs::read(source).map_err(|error| ParkCommandError::Read {
        file: source.to_owned(),
        source: error,
    })
}

async fn trust(park: &Park, command: TrustCommand, out: &mut (dyn Write + Send)) -> Done {
    match command {
        TrustCommand::Add {
            public,
            name,
            vendor,
            role,
            model,
            valid_from,
            valid_to,
            why,
            ..
        } => {
            if let Some(other) = role.iter().find(|role| !Roles::ALL.contains(&role.as_str())) {
                return Err(ParkCommandError::Role(other.clone()));
            }
            let key = VendorKey {
                id: signing::key_id(&public)?,
                public: public.trim().to_owned(),
                name,
                vendor,
                roles: role,
                models: model,
                valid_from,
                valid_to,
                revoked_at: None,
                revoked_why: None,
            };
            let id = key.id.clone();
            park.store().put_vendor_key(key, deed(&why)).await?;
            Ok(writeln!(out, "key {id} is trusted")?)
        }
        TrustCommand::List { .. } => {
            for key in park.store().vendor_keys().await? {
                let shown = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
                let state = key.revoked_at.map_or_else(String::new, |at| {
                    format!("\tREVOKED {at}: {}", key.revoked_why.as_deref().unwrap_or_default())
                });
                writeln!(
                    out,
                    "{}\t{} ({})\t{}\tmodels {}\tfrom {} to {}{state}",
                    key.id,
                    key.name,
                    key.vendor,
                    key.roles.join(" "),
                    key.models.join(" "),
                    shown(key.valid_from),
                    shown(key.valid_to)
                )?;
            }
            Ok(())
        }
        TrustCommand::Revoke { id, why, .. } => {
            if park.store().revoke_vendor_key(&id, deed(&why)).await? {
                return Ok(());
            }
            Err(ParkCommandError::NoKey(id))
        }
    }
}
