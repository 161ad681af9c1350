//! A folder into which a developer builds: a component or a package that appears in it becomes a candidate. It is
//! self-tested like any other, and put to work by nobody but people.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Park, ParkError, compile, manifest_of};
use crate::driver;
use crate::foreign::shown;
use crate::limits;
use crate::model::{Actor, DriverState};
use crate::package::{COMPONENT, ENDING, Text, pack, unpack};
use crate::store::Deed;

/// Between two looks. A file that is the same in two of them is not being written.
const LOOK: Duration = Duration::from_secs(1);

/// How a file looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    changed: SystemTime,
}

/// A file of the folder.
#[derive(Debug)]
struct File {
    look: Look,
    /// Whether it was taken, or refused, as it looks.
    is_done: bool,
    /// Digest of the candidate that it became last.
    candidate: Option<String>,
}

/// Watches `folder` until it is told to end.
pub async fn watch(park: Arc<Park>, folder: PathBuf, cancel: CancellationToken) {
    let mut files: HashMap<PathBuf, File> = HashMap::new();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_readable = true;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let looked = match look(&folder) {
            Ok(looked) => looked,
            Err(error) => {
                if is_readable {
                    warn!(folder = %folder.display(), %error, "the watched folder cannot be read");
                }
                is_readable = false;
                continue;
            }
        };
        is_readable = true;
        files.retain(|file, _| looked.contains_key(file));
        for (path, look) in looked {
            let new = File {
                look,
                is_done: false,
                candidate: None,
            };
            let file = match files.entry(path.clone()) {
                Entry::Occupied(file) => file.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(new);
                    continue;
                }
            };
            if file.look != look {
                (file.look, file.is_done) = (look, false);
            } else if !file.is_done {
                file.is_done = park.take_built(&path, file).await;
            }
        }
    }
}

/// The components and packages of a folder, as they look.
fn look(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Look>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)?.take(limits::WATCHED_FILES) {
        let path = entry?.path();
        let is_ours = path
            .extension()
            .is_some_and(|ending| ending == "wasm" || ending == ENDING);
        // One that is gone since is looked at no more.
        let Some(data) = std::fs::metadata(&path).ok().filter(|data| is_ours && data.is_file()) else {
            continue;
        };
        let look = Look {
            bytes: data.len(),
            changed: data.modified()?,
        };
        files.insert(path, look);
    }
    Ok(files)
}

impl Park {
    /// Makes a candidate of a file. Says whether it is done with, for good or bad; not when it was changed meanwhile.
    async fn take_built(&self, path: &Path, file: &mut File) -> bool {
        let name = shown(&path.display().to_string());
        if file.look.bytes > u64::try_from(limits::DRIVER_PACKAGE_BYTES).unwrap_or(u64::MAX) {
            warn!(
                file = name,
                bytes = file.look.bytes,
                "a watched file is too large for a driver"
            );
            return true;
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                warn!(file = name, %error, "a watched file cannot be read");
                return true;
            }
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) != file.look.bytes {
            return false;
        }
        let why = format!("{name} was built");
        match self.install_built(bytes, &why).await {
            Ok(digest) => {
                info!(file = name, driver.digest = digest, "what was built is a candidate");
                if let Some(before) = file.candidate.replace(digest) {
                    self.retire_built(&before, &why).await;
                }
            }
            // The same bytes once more.
            Err(ParkError::Installed { .. }) => {}
            Err(error) => {
                let reason = shown(&told(&error));
                warn!(file = name, reason, "what was built is no candidate: {reason}");
            }
        }
        true
    }

    /// Gives the digest of the component.
    async fn install_built(&self, bytes: Vec<u8>, why: &str) -> Result<String, ParkError> {
        let bytes = if bytes.starts_with(b"PK") {
            bytes
        } else {
            self.packed(bytes).await?
        };
        let asked = unpack(&bytes)?.manifest.interfaces;
        Ok(self.install(&bytes, &asked, deed(why)).await?.digest)
    }

    /// A package of a component alone, which is first compiled apart: it may be anything.
    async fn packed(&self, component: Vec<u8>) -> Result<Vec<u8>, ParkError> {
        let digest = driver::digest(&component);
        if let Some(there) = self.store.driver_version(&digest).await?.pop() {
            return Err(ParkError::Installed {
                driver: there.driver,
                version: there.version,
                state: there.state,
            });
        }
        let compiled = compile::compile(&self.program, &self.cache, &component).await;
        compiled.map_err(ParkError::Compile)?;
        let driver = self.load(component.clone()).await;
        let driver = driver.map_err(|error| ParkError::SelfTest(error.to_string()))?;
        let files = BTreeMap::from([(COMPONENT.to_owned(), component)]);
        Ok(pack(manifest_of(&driver, Text::default()), &files, None)?)
    }

    /// A candidate of an earlier build that nobody put to work makes room.
    async fn retire_built(&self, digest: &str, why: &str) {
        let before = self.find(digest).await;
        if before.is_ok_and(|before| matches!(before.state, DriverState::SelfTested | DriverState::Shadow))
            && let Err(error) = self.retire(digest, deed(&format!("{why} anew"))).await
        {
            warn!(driver.digest = digest, %error, "an earlier build stays a candidate");
        }
    }
}

fn deed(why: &str) -> Deed {
    Deed {
        who: Actor {
            who: "watch".to_owned(),
            ..Actor::host()
        },
        why: why.to_owned(),
    }
}

/// An error with its causes.
fn told(error: &ParkError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
