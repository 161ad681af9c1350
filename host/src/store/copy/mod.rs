//! Whole copies of a database: made while the host runs, verified, put in place. And the same file made small again.
//!
//! A copy is written under a temporary name, verified, made durable and only then renamed: what has the name that was
//! asked for is whole.

mod error;
mod folder;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

pub use error::CopyError;
pub use folder::{Backup, BackupError, Backups, Config, Made, Running};

use super::lock::{HostLock, beside};
use super::{BUSY, MIGRATIONS};

/// How often the size of a growing copy is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Faults of a damaged file that are named; one more says that there are more.
const FAULTS: usize = 20;

/// What a verified database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Number of its schema.
    pub schema: i64,
    /// Size of the file.
    pub bytes: u64,
    /// Tables and how many rows each has.
    pub rows: Vec<(String, i64)>,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are written of about so many.
    Copying(u64, u64),
    /// The whole file is read and checked.
    Verifying,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What there is now.
    pub content: Content,
    /// Where the database that was there before is kept; none: there was none.
    pub aside: Option<PathBuf>,
}

/// Copies the database `from` into the new file `to`; a host may run meanwhile. What is written while the copy is made
/// is not in it.
pub async fn backup(
    from: &Path,
    to: &Path,
    force: bool,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Content, CopyError> {
    if to.exists() && !force {
        return Err(CopyError::Exists { path: to.to_owned() });
    }
    let new = beside(to, ".part");
    let content = verified_copy(from, &new, tell).await?;
    put(&new, to)?;
    Ok(content)
}

/// Puts a copy of `from` in the place of the database `to`, which is kept under another name.
pub async fn restore(from: &Path, to: &Path, tell: &(dyn Fn(Progress) + Sync)) -> Result<Restored, CopyError> {
    let _lock = HostLock::take(to)?;
    // Before hours of copying, and again before the old file moves.
    fold(to).await?;
    // A copy heals a damaged index, and a backup that is damaged should be known as such: so the original is checked.
    tell(Progress::Verifying);
    verify(from).await?;
    let new = beside(to, ".restoring");
    let content = verified_copy(from, &new, tell).await?;
    fold(to).await?;
    let aside = put_aside(to)?;
    put(&new, to)?;
    Ok(Restored { content, aside })
}

/// Rewrites the database without the room that removed rows left. Gives its size before and after.
pub async fn vacuum(path: &Path) -> Result<(u64, u64), CopyError> {
    let _lock = HostLock::take(path)?;
    fold(path).await?;
    let before = size(path)?;
    let mut conn = open(path, false).await?;
    schema(&mut conn, path).await?;
    let failed = |source| CopyError::Database {
        what: "vacuum",
        path: path.to_owned(),
        source,
    };
    sqlx::query("vacuum").execute(&mut conn).await.map_err(failed)?;
    conn.close().await.map_err(failed)?;
    Ok((before, size(path)?))
}

/// Reads the whole file and checks that it is in order.
pub async fn verify(path: &Path) -> Result<Content, CopyError> {
    let mut conn = open(path, true).await?;
    let content = check(&mut conn, path).await;
    // It was only read: closing has nothing to write.
    let _ = conn.close().await;
    content
}

async fn verified_copy(from: &Path, new: &Path, tell: &(dyn Fn(Progress) + Sync)) -> Result<Content, CopyError> {
    remove(new)?;
    let result = async {
        write_copy(from, new, tell).await?;
        tell(Progress::Verifying);
        let content = verify(new).await?;
        sync(new)?;
        Ok(content)
    }
    .await;
    if result.is_err() {
        // The first error is the one to tell.
        let _ = remove(new);
    }
    result
}

async fn write_copy(from: &Path, new: &Path, tell: &(dyn Fn(Progress) + Sync)) -> Result<(), CopyError> {
    let mut conn = open(from, true).await?;
    schema(&mut conn, from).await?;
    let of = size(from)? + size(&beside(from, "-wal")).unwrap_or_default();
    let name = new.display().to_string();
    let copying = sqlx::query("vacuum into $1").bind(name).execute(&mut conn);
    tokio::pin!(copying);
    let done = loop {
        tokio::select! {
            done = &mut copying => break done,
            () = tokio::time::sleep(LOOK_EVERY) => {
                let bytes = size(new).unwrap_or_default();
                tell(Progress::Copying(bytes.min(of), of));
            }
        }
    };
    done.map_err(|source| CopyError::Database {
        what: "write the copy",
        path: new.to_owned(),
        source,
    })?;
    tell(Progress::Copying(of, of));
    Ok(())
}

async fn open(path: &Path, read_only: bool) -> Result<SqliteConnection, CopyError> {
    if !path.is_file() {
        return Err(CopyError::NotThere { path: path.to_owned() });
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(read_only)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    options.connect().await.map_err(|source| CopyError::Foreign {
        path: path.to_owned(),
        source: Some(source),
    })
}

/// The number of the schema, when it is one that this program knows.
async fn schema(conn: &mut SqliteConnection, path: &Path) -> Result<i64, CopyError> {
    let newest: Result<Option<i64>, _> = sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
        .fetch_one(conn)
        .await;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or_default();
    match newest {
        Ok(Some(found)) if found <= known => Ok(found),
        Ok(Some(found)) => Err(CopyError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        Ok(None) => Err(CopyError::Foreign {
            path: path.to_owned(),
            source: None,
        }),
        Err(source) => Err(CopyError::Foreign {
            path: path.to_owned(),
            source: Some(source),
        }),
    }
}

async fn check(conn: &mut SqliteConnection, path: &Path) -> Result<Content, CopyError> {
    let schema = schema(conn, path).await?;
    let failed = |source| CopyError::Database {
        what: "check",
        path: path.to_owned(),
        source,
    };
    let told: Vec<String> = sqlx::query_scalar("pragma integrity_check")
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let mut faults: Vec<String> = told.into_iter().filter(|line| line != "ok").collect();
    let orphans: Vec<(String, Option<i64>, String)> =
        sqlx::query_as("select \"table\", rowid, parent from pragma_foreign_key_check")
            .fetch_all(&mut *conn)
            .await
            .map_err(failed)?;
    faults.extend(orphans.into_iter().map(|(table, row, parent)| match row {
        Some(row) => format!("row {row} of {table} refers to a row that {parent} does not have"),
        None => format!("a row of {table} refers to a row that {parent} does not have"),
    }));
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(FAULTS);
        faults.truncate(FAULTS);
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        return Err(CopyError::Damaged {
            path: path.to_owned(),
            faults,
        });
    }
    Ok(Content {
        schema,
        bytes: size(path)?,
        rows: rows(conn).await.map_err(failed)?,
    })
}

/// How many rows each table has.
async fn rows(conn: &mut SqliteConnection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite%' and name not like '\\_%' escape '\\'
         order by name",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut counts = Vec::with_capacity(tables.len());
    for table in tables {
        // The name comes from the schema itself.
        let sql = format!("select count(*) from \"{}\"", table.replace('"', "\"\""));
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut *conn)
            .await?;
        counts.push((table, count));
    }
    Ok(counts)
}

/// Brings everything into the main file, which nobody else may have open. A file that cannot be opened as a database is
/// left as it is: it is what a restore is for.
async fn fold(path: &Path) -> Result<(), CopyError> {
    if !path.exists() {
        return Ok(());
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Delete)
        .busy_timeout(Duration::ZERO)
        .disable_statement_logging();
    match options.connect().await {
        Ok(conn) => {
            // The journal is gone already; closing has nothing to write.
            let _ = conn.close().await;
            Ok(())
        }
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "5" || code == "261") => {
            Err(CopyError::InUse { path: path.to_owned() })
        }
        Err(_) => Ok(()),
    }
}

/// Gives the database another name beside its own. It keeps its own too until the new one takes it.
fn put_aside(path: &Path) -> Result<Option<PathBuf>, CopyError> {
    if !path.exists() {
        return Ok(None);
    }
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let aside = beside(path, &format!(".before-restore-{now}"));
    for ending in ["-wal", "-shm"] {
        let from = beside(path, ending);
        if from.exists() {
            rename(&from, &beside(&aside, ending))?;
        }
    }
    // Not every file system has links; then there is a moment without a database.
    if std::fs::hard_link(path, &aside).is_err() {
        rename(path, &aside)?;
    }
    Ok(Some(aside))
}

/// Renames what is whole and durable, and makes the name durable too.
fn put(new: &Path, to: &Path) -> Result<(), CopyError> {
    rename(new, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync(folder.unwrap_or(Path::new(".")))
}

fn rename(from: &Path, to: &Path) -> Result<(), CopyError> {
    std::fs::rename(from, to).map_err(|source| CopyError::File {
        what: "rename a file to",
        path: to.to_owned(),
        source,
    })
}

fn remove(path: &Path) -> Result<(), CopyError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(CopyError::File {
            what: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn sync(path: &Path) -> Result<(), CopyError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|source| CopyError::File {
        what: "make durable",
        path: path.to_owned(),
        source,
    })
}

fn size(path: &Path) -> Result<u64, CopyError> {
    let found = std::fs::metadata(path).map_err(|source| CopyError::File {
        what: "look at",
        path: path.to_owned(),
        source,
    })?;
    Ok(found.len())
}
