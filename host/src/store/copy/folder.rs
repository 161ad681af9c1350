//! The folder of backups: copies made while the host runs, one at a time, and what became of each.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use tracing::{error, info};

use super::{Content, CopyError, Progress, backup};
use crate::limits;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// Section `backup` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where copies are made that people ask for; none: `backups` beside the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// How the names of copies end.
const ENDING: &str = ".sqlite";

/// Copies of the store, in their folder. Cheap to clone.
#[derive(Clone)]
pub struct Backups {
    store: Store,
    folder: Arc<Path>,
    running: Arc<Mutex<Option<Running>>>,
}

/// The copy that is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its name.
    pub file: String,
    /// Since when.
    pub started_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

/// A copy, or a try to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Name in the folder.
    pub file: String,
    /// When it was done; of a file that the host did not make, when it was last written.
    pub at: Timestamp,
    /// Size of the file; none: it is not in the folder.
    pub bytes: Option<u64>,
    /// What the host knows of it; none: it did not make it.
    pub made: Option<Made>,
}

/// What became of a copy that the host made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Who asked for it.
    pub who: String,
    /// How long it took, seconds.
    pub took_s: i64,
    /// Number of its schema; none: there is no copy.
    pub schema: Option<i64>,
    /// Why there is none; none: it is whole.
    pub fault: Option<String>,
}

/// Why no copy is begun.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// One at a time: each reads the whole database.
    #[error("the copy {0} is being made, one is made at a time")]
    Running(String),
    /// The folder is not there and cannot be made.
    #[error("the folder of backups {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The disk would be full, and polling would stop.
    #[error("the disk of {path} has {free} bytes free, a copy needs about {need}")]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What there is.
        free: u64,
        /// What is needed.
        need: u64,
    },
}

impl Backups {
    /// The copies of `store` in `folder`, which is made with the first.
    pub fn new(store: Store, folder: PathBuf) -> Self {
        Self {
            store,
            folder: folder.into(),
            running: Arc::default(),
        }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The copy that is being made.
    pub fn running(&self) -> Option<Running> {
        self.lock().clone()
    }

    /// Begins a copy, which goes on by itself. Gives its name.
    ///
    /// # Errors
    /// One is being made, or there is no room for it.
    pub fn start(&self, who: String) -> Result<String, BackupError> {
        let started_at = Timestamp::now();
        let file = format!("uzel-{}{ENDING}", started_at.strftime("%Y%m%dT%H%M%SZ"));
        let mut running = self.lock();
        if let Some(running) = &*running {
            return Err(BackupError::Running(running.file.clone()));
        }
        self.prepare()?;
        *running = Some(Running {
            file: file.clone(),
            started_at,
            progress: Progress::Copying(0, 0),
        });
        drop(running);
        let (backups, name) = (self.clone(), file.clone());
        tokio::spawn(async move { backups.make(name, started_at, who).await });
        Ok(file)
    }

    fn prepare(&self) -> Result<(), BackupError> {
        std::fs::create_dir_all(&self.folder).map_err(|source| BackupError::Folder {
            path: self.folder.to_path_buf(),
            source,
        })?;
        let need = std::fs::metadata(&*self.store.path).map_or(0, |found| found.len());
        let disk = nix::sys::statvfs::statvfs(&*self.folder).ok();
        let free = disk.map(|disk| disk.fragment_size().saturating_mul(disk.blocks_available()));
        match free {
            Some(free) if free < need => Err(BackupError::NoRoom {
                path: self.folder.to_path_buf(),
                free,
                need,
            }),
            _ => Ok(()),
        }
    }

    async fn make(&self, file: String, started_at: Timestamp, who: String) {
        let to = self.folder.join(&file);
        let tell = |progress| {
            if let Some(running) = self.lock().as_mut() {
                running.progress = progress;
            }
        };
        let made = backup(&self.store.path, &to, false, &tell).await;
        match &made {
            Ok(content) => info!(file, bytes = content.bytes, "backup {} is made", to.display()),
            Err(error) => error!(file, error = told(error), "backup {} was not made", to.display()),
        }
        let write = Ended {
            file,
            started_at: started_at.as_second(),
            ended_at: Timestamp::now().as_second(),
            who,
            made: made.map_err(|error| told(&error)),
        };
        if let Err(error) = self.store.queue.write_ahead(write).await {
            error!(%error, "what became of a backup could not be kept");
        }
        *self.lock() = None;
    }

    /// The newest copies and tries, the newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self) -> Result<Vec<Backup>, StoreError> {
        let mut found = self.files().await;
        let rows =
            sqlx::query("select file, ended_at, who, started_at, schema, fault from backup order by id desc limit $1")
                .bind(limits::BACKUPS_SHOWN)
                .fetch_all(&self.store.readers)
                .await
                .map_err(StoreError::of("read the backups"))?;
        for row in &rows {
            let (file, ended_at, started_at): (String, i64, i64) = (row.get(0), row.get(1), row.get(3));
            let made = Made {
                who: row.get(2),
                took_s: ended_at.saturating_sub(started_at),
                schema: row.get(4),
                fault: row.get(5),
            };
            let at = instant(ended_at);
            match found.iter_mut().find(|backup| backup.file == file) {
                Some(backup) => (backup.at, backup.made) = (at, Some(made)),
                None => found.push(Backup {
                    file,
                    at,
                    bytes: None,
                    made: Some(made),
                }),
            }
        }
        found.sort_by_key(|backup| std::cmp::Reverse(backup.at));
        found.truncate(usize::try_from(limits::BACKUPS_SHOWN).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// A copy that is there, to be read; none: there is no such.
    pub async fn open(&self, file: &str) -> Option<(tokio::fs::File, u64)> {
        let path = self.folder.join(plain(file)?);
        // A link could lead anywhere.
        let kind = tokio::fs::symlink_metadata(&path).await.ok()?;
        if !kind.is_file() {
            return None;
        }
        let opened = tokio::fs::File::open(&path).await.ok()?;
        Some((opened, kind.len()))
    }

    async fn files(&self) -> Vec<Backup> {
        let folder = self.folder.clone();
        // A folder that is not there yet has none.
        let look = tokio::task::spawn_blocking(move || files(&folder).unwrap_or_default());
        look.await.unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        // Every change is whole in itself, whoever panicked.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that can only be that of a file in the folder.
fn plain(file: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (file.ends_with(ENDING) && !file.starts_with('.') && file.chars().all(is_plain)).then_some(file)
}

fn files(folder: &Path) -> std::io::Result<Vec<Backup>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let (Some(file), Ok(kind)) = (name.to_str().and_then(plain), entry.metadata()) else {
            continue;
        };
        let at = kind.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        if let Some(at) = at.filter(|_| kind.is_file()) {
            found.push(Backup {
                file: file.to_owned(),
                at,
                bytes: Some(kind.len()),
                made: None,
            });
        }
    }
    Ok(found)
}

/// With what is behind it.
fn told(error: &CopyError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What became of a copy.
struct Ended {
    file: String,
    started_at: i64,
    ended_at: i64,
    who: String,
    made: Result<Content, String>,
}

#[async_trait]
impl Write for Ended {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let content = self.made.as_ref().ok();
        let bytes = content.and_then(|content| i64::try_from(content.bytes).ok());
        let (schema, fault) = (content.map(|content| content.schema), self.made.as_ref().err());
        sqlx::query(
            "insert into backup (file, started_at, ended_at, who, bytes, schema, fault)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&self.file)
        .bind(self.started_at)
        .bind(self.ended_at)
        .bind(&self.who)
        .bind(bytes)
        .bind(schema)
        .bind(fault)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("keep what became of a backup"))?;
        Ok(())
    }
}
