//! Backups: made while the host runs, listed, taken away. A restore is a command of a stopped host.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::dto::Instant;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::store::Done;
use crate::store::copy::{self, BackupError, Progress};

/// Bytes that a download reads at once.
const PIECE: usize = 64 << 10;

/// The backups of this host.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Backups {
    /// The folder that they are in, on the machine of the host.
    folder: String,
    /// The one that is being made.
    running: Option<RunningBackup>,
    /// The newest 100, the newest first; also tries that failed and files that other commands left in the folder.
    items: Vec<Backup>,
}

/// A backup that is being made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunningBackup {
    file: String,
    started_at: Instant,
    /// `copying` or `verifying`.
    phase: &'static str,
    /// Bytes that are written.
    bytes: Option<u64>,
    /// Of so many, about.
    of: Option<u64>,
}

/// A backup, or a try to make one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Backup {
    /// Name in the folder.
    file: String,
    /// When it was done.
    at: Instant,
    /// Size of the file; null: it is not in the folder.
    bytes: Option<u64>,
    /// `whole`: every page and every reference was checked; `failed`: there is none; `unknown`: this host did not make it.
    /// `uzel backup` gives a file its name only when it is whole.
    integrity: &'static str,
    /// Why there is none.
    fault: Option<String>,
    /// Number of its schema.
    schema: Option<i64>,
    /// Who asked for it; null: this host did not make it.
    who: Option<String>,
    /// How long it took.
    took_s: Option<i64>,
}

/// A backup that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BegunBackup {
    /// Its name.
    file: String,
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        let text = error.to_string();
        match error {
            BackupError::Running(_) => Self::conflict(text),
            BackupError::Folder { .. } | BackupError::NoRoom { .. } => Self::refused(text),
        }
    }
}

/// Begins a backup, which goes on by itself. What is written to the database meanwhile is not in it.
#[utoipa::path(post, path = "/system/backup", operation_id = "make_backup", tag = "host",
    responses((status = ACCEPTED, body = BegunBackup), (status = CONFLICT, description = "One is being made: `conflict`"),
        (status = UNPROCESSABLE_ENTITY, description = "There is no room or no folder: `refused`")))]
pub(super) async fn make(
    State(state): State<ApiState>,
    asks: SignedIn,
) -> Result<(StatusCode, Json<BegunBackup>), Problem> {
    let actor = asks.actor();
    let file = backups(&state)?.start(actor.who.clone())?;
    state.store.note_done(&actor, done("backup.make", &file)).await?;
    Ok((StatusCode::ACCEPTED, Json(BegunBackup { file })))
}

/// The backups that there are, and what became of them.
#[utoipa::path(get, path = "/system/backups", operation_id = "list_backups", tag = "host",
    responses((status = OK, body = Backups)))]
pub(super) async fn list(State(state): State<ApiState>, _asks: SignedIn) -> Result<Json<Backups>, Problem> {
    let backups = backups(&state)?;
    // In this order: what has ended since is in the list.
    let running = backups.running().map(running);
    let items = backups.list().await?.into_iter().map(shown).collect();
    Ok(Json(Backups {
        folder: backups.folder().display().to_string(),
        running,
        items,
    }))
}

/// A backup as a file. It holds the passwords of meters: keep it as well guarded as the database.
#[utoipa::path(get, path = "/system/backups/{file}", operation_id = "download_backup", tag = "host",
    params(("file" = String, Path)), responses((status = OK, body = Vec<u8>, content_type = "application/vnd.sqlite3")))]
pub(super) async fn download(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let backups = backups(&state)?;
    let missing = || Problem::not_found(format!("there is no backup {file:?}"));
    let (opened, bytes) = backups.open(&file).await.ok_or_else(missing)?;
    // It holds the passwords of meters: who has it is known.
    state
        .store
        .note_done(&asks.actor(), done("backup.download", &file))
        .await?;
    let pieces = futures::stream::try_unfold(opened, |mut opened| async move {
        let mut piece = vec![0; PIECE];
        let count = opened.read(&mut piece).await?;
        piece.truncate(count);
        Ok::<_, std::io::Error>((count > 0).then(|| (Bytes::from(piece), opened)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        // Gigabytes are not compressed on the way: that would take a processor for minutes.
        (header::CONTENT_ENCODING, "identity".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn done(deed: &'static str, file: &str) -> Done {
    Done {
        deed,
        subject: "backup",
        id: file.to_owned(),
        name: file.to_owned(),
        before: None,
        after: None,
    }
}

pub(super) fn backups(state: &ApiState) -> Result<&copy::Backups, Problem> {
    let backups = state.facts.backups.as_ref();
    backups.ok_or_else(|| Problem::not_found("this host makes no backups"))
}

fn running(running: copy::Running) -> RunningBackup {
    let (phase, bytes, of) = match running.progress {
        Progress::Copying(bytes, of) => ("copying", Some(bytes), Some(of)),
        Progress::Verifying => ("verifying", None, None),
    };
    RunningBackup {
        file: running.file,
        started_at: Instant(running.started_at),
        phase,
        bytes,
        of,
    }
}

pub(super) fn shown(backup: copy::Backup) -> Backup {
    let made = backup.made.as_ref();
    Backup {
        integrity: match made {
            None => "unknown",
            Some(made) if made.fault.is_some() => "failed",
            Some(_) => "whole",
        },
        fault: made.and_then(|made| made.fault.clone()),
        schema: made.and_then(|made| made.schema),
        who: made.map(|made| made.who.clone()),
        took_s: made.map(|made| made.took_s),
        file: backup.file,
        at: Instant(backup.at),
        bytes: backup.bytes,
    }
}
