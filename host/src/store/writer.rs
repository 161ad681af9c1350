//! The one writer: a queue, and group commit.
//!
//! It takes everything that waits (bounded), does it in one transaction, and answers each caller when the transaction
//! is durable. When one write of a group fails, the others are done again each by itself. What people decide does not
//! wait for a group: it goes between, and a group that is on its way is cut for it.
//!
//! While the storage takes nothing, the writer tries it by itself, so that whoever waits for it learns of its return.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::error::StoreError;
use super::pause::{self, Pause, PauseCause};
use super::series::SeriesCache;
use super::value::Pending;
use crate::limits;

/// How often a storage that took nothing is tried: what waits for it is worth a small write.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// How long a group gathers while many write at once: each group costs a sync, and writes the pages anew that most of
/// its writes change.
const GATHER: Duration = Duration::from_millis(5);

/// So many writes in a group are many.
const MANY: usize = 8;

/// One change of the store. It may run more than once: only the last run counts.
#[async_trait]
pub(super) trait Write: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// Rows that it writes, about.
    fn weight(&self) -> usize {
        1
    }

    /// Does it, inside the transaction of the group.
    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError>;
}

/// What a write works with.
pub(super) struct Tx {
    /// The connection, inside a transaction.
    pub(super) conn: SqliteConnection,
    /// Keys of series seen lately.
    pub(super) series: SeriesCache,
    /// Values on their way into the table.
    pub(super) pending: Pending,
}

/// A write with someone who waits for its answer.
struct Job<W: Write> {
    write: W,
    answer: Option<W::Answer>,
    reply: oneshot::Sender<Result<W::Answer, StoreError>>,
}

#[async_trait]
trait Queued: Send {
    fn weight(&self) -> usize;
    async fn run(&mut self, tx: &mut Tx) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

#[async_trait]
impl<W: Write> Queued for Job<W> {
    fn weight(&self) -> usize {
        self.write.weight()
    }

    async fn run(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        self.answer = Some(self.write.run(tx).await?);
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { answer, reply, .. } = *self;
        // When nobody waits any more, what was written stays written.
        let _ = reply.send(result.and_then(|()| answer.ok_or(StoreError::Closed)));
    }
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Box<dyn Queued>>,
    ahead: mpsc::Sender<Box<dyn Queued>>,
    state: pause::State,
    committing: Arc<AtomicBool>,
}

impl Queue {
    /// Waits for room, then until the write is durable.
    pub(super) async fn write<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        Self::put(&self.jobs, write).await
    }

    /// The same, ahead of everything that waits: for what people decide, which is rare and small. It is a group of its
    /// own.
    pub(super) async fn write_ahead<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        Self::put(&self.ahead, write).await
    }

    async fn put<W: Write>(jobs: &mpsc::Sender<Box<dyn Queued>>, write: W) -> Result<W::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            write,
            answer: None,
            reply,
        };
        jobs.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Whether a group of writes is on its way into the file.
    pub(super) fn is_committing(&self) -> bool {
        self.committing.load(Ordering::Acquire)
    }

    /// How many writes wait, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let most = self.jobs.max_capacity();
        (most.saturating_sub(self.jobs.capacity()), most)
    }

    /// Whether the last write found the storage unavailable.
    pub(super) fn state(&self) -> &pause::State {
        &self.state
    }
}

/// The writer's task.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    tx: Tx,
    jobs: mpsc::Receiver<Box<dyn Queued>>,
    ahead: mpsc::Receiver<Box<dyn Queued>>,
    state: watch::Sender<Option<Pause>>,
    /// Rows of the largest group that a pause began or went on with.
    refused_rows: usize,
    /// When a storage that takes nothing is tried next.
    try_at: Instant,
    committing: Arc<AtomicBool>,
}

impl Writer {
    /// A writer on `conn`, and the way to it. `options` are for connecting again.
    pub(super) fn new(options: SqliteConnectOptions, conn: SqliteConnection) -> (Self, Queue) {
        let (sender, jobs) = mpsc::channel(limits::WRITES_WAITING);
        let (overtaking, ahead) = mpsc::channel(limits::DECISIONS_WAITING);
        let (state, shown) = watch::channel(None);
        let tx = Tx {
            conn,
            series: SeriesCache::default(),
            pending: Pending::default(),
        };
        let queue = Queue {
            jobs: sender,
            ahead: overtaking,
            state: shown,
            committing: Arc::default(),
        };
        let committing = queue.committing.clone();
        (
            Self {
                options,
                tx,
                jobs,
                ahead,
                state,
                refused_rows: 0,
                try_at: Instant::now(),
                committing,
            },
            queue,
        )
    }

    /// Writes until `closing`, then what still waits.
    pub(super) async fn run(mut self, closing: CancellationToken) {
        let mut is_busy = false;
        loop {
            let first = tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.try_at), if self.is_paused() => {
                    self.try_at = Instant::now() + TRY_EVERY;
                    Some(Box::new(Try) as Box<dyn Queued>)
                }
                Some(job) = self.ahead.recv() => {
                    self.group(vec![job]).await;
                    continue;
                }
                job = self.jobs.recv() => job,
                () = closing.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    self.ahead.close();
                    continue;
                }
            };
            let Some(first) = first else { break };
            if is_busy {
                tokio::time::sleep(GATHER).await;
            }
            self.decisions().await;
            let group = self.gather(first);
            is_busy = group.len() >= MANY;
            self.group(group).await;
        }
        let _ = sqlx::query("pragma optimize").execute(&mut self.tx.conn).await;
        // Everything into the one file: whoever copies it now has it whole. What stays in the log is not lost.
        let emptied = sqlx::query("pragma wal_checkpoint(truncate)");
        let _ = emptied.execute(&mut self.tx.conn).await;
        if let Err(error) = self.tx.conn.close().await {
            error!(%error, "cannot close the database");
        }
    }

    /// Commits all of it, and shows that it does. Decisions that come meanwhile go between.
    async fn group(&mut self, mut group: Vec<Box<dyn Queued>>) {
        self.committing.store(true, Ordering::Release);
        while !group.is_empty() {
            group = self.commit(group).await;
            self.decisions().await;
        }
        self.committing.store(false, Ordering::Release);
    }

    /// What goes ahead, each by itself: its caller waits for nothing else.
    async fn decisions(&mut self) {
        while let Ok(job) = self.ahead.try_recv() {
            self.commit(vec![job]).await;
        }
    }

    fn gather(&mut self, first: Box<dyn Queued>) -> Vec<Box<dyn Queued>> {
        let mut rows = first.weight();
        let mut group = vec![first];
        while rows < limits::GROUP_ROWS
            && let Ok(job) = self.jobs.try_recv()
        {
            rows += job.weight();
            group.push(job);
        }
        group
    }

    /// Commits the group as far as nothing wants to go ahead. Gives the rest of it.
    async fn commit(&mut self, mut group: Vec<Box<dyn Queued>>) -> Vec<Box<dyn Queued>> {
        let rows = group.iter().map(|job| job.weight()).fold(0, usize::saturating_add);
        let result = self.attempt(&mut group).await;
        let rest = match &result {
            Ok(done) => group.split_off(*done),
            Err(_) => Vec::new(),
        };
        match result.map(drop) {
            Err(error) if !error.is_storage_unavailable() && group.len() > 1 => {
                for mut job in group {
                    let result = self.attempt(std::slice::from_mut(&mut job)).await.map(drop);
                    self.note(&result, job.weight());
                    job.answer(result);
                }
            }
            result => {
                self.note(&result, rows);
                for job in group {
                    job.answer(result.clone());
                }
            }
        }
        rest
    }

    /// One transaction, of at least the first. Gives how many it had; after an error nothing of it is in the database.
    async fn attempt(&mut self, group: &mut [Box<dyn Queued>]) -> Result<usize, StoreError> {
        let result = self.transaction(group).await;
        if result.is_err() {
            self.tx.pending.clear();
            self.tx.series.clear();
            // SQLite may have rolled back by itself; then there is nothing to roll back, which is as well.
            let _ = sqlx::query("rollback").execute(&mut self.tx.conn).await;
        }
        result
    }

    async fn transaction(&mut self, group: &mut [Box<dyn Queued>]) -> Result<usize, StoreError> {
        if begin(&mut self.tx.conn).await.is_err() {
            // The connection may have been left in a bad state by a failing disk: a new one is worth a try.
            let fresh = self.options.connect().await.map_err(StoreError::of("connect again"))?;
            self.tx.conn = fresh;
            begin(&mut self.tx.conn)
                .await
                .map_err(StoreError::of("begin a transaction"))?;
        }
        let mut done = 0;
        for job in group {
            job.run(&mut self.tx).await?;
            done += 1;
            if !self.ahead.is_empty() {
                break;
            }
        }
        self.tx.pending.flush(&mut self.tx.conn).await?;
        sqlx::query("commit")
            .execute(&mut self.tx.conn)
            .await
            .map_err(StoreError::of("commit"))?;
        Ok(done)
    }

    fn is_paused(&self) -> bool {
        self.state.borrow().is_some()
    }

    /// Whether the file system can only be read. SQLite tells it as a write that failed.
    fn is_read_only(&self) -> bool {
        let opened = std::fs::OpenOptions::new()
            .write(true)
            .open(self.options.get_filename());
        opened.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
    }

    /// Whether the storage takes data, by what became of so many rows.
    fn note(&mut self, result: &Result<(), StoreError>, rows: usize) {
        let Err(error @ StoreError::Unavailable { cause, .. }) = result else {
            let sized = |pause: &Pause| matches!(pause.cause, PauseCause::Full | PauseCause::Failing);
            if rows < self.refused_rows && self.state.borrow().as_ref().is_some_and(sized) {
                // That there is room for a little does not say that there is for more.
                return;
            }
            self.refused_rows = 0;
            if self.state.send_replace(None).is_some() {
                metrics::gauge!("uzel_store_paused").set(0.0);
                info!("the storage takes data again");
            }
            return;
        };
        let cause = match cause {
            PauseCause::Failing if self.is_read_only() => PauseCause::ReadOnly,
            cause => *cause,
        };
        let detail = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let before = self.state.borrow().clone();
        if before.is_none() {
            self.try_at = Instant::now() + TRY_EVERY;
        }
        if rows < usize::MAX {
            self.refused_rows = self.refused_rows.max(rows);
        }
        if before.as_ref().map(|pause| pause.cause) != Some(cause) {
            metrics::gauge!("uzel_store_paused").set(1.0);
            error!(
                cause = cause.word(),
                error = detail,
                "the storage takes nothing ({}), writing is paused: {detail}",
                cause.word()
            );
        }
        self.state.send_replace(Some(Pause {
            cause,
            detail,
            since: before.map_or_else(Timestamp::now, |pause| pause.since),
        }));
    }
}

/// A write that changes nothing and needs all that a write needs. It goes alone, and what was refused is tried again once it
/// succeeds, however much that was.
struct Try;

#[async_trait]
impl Queued for Try {
    fn weight(&self) -> usize {
        usize::MAX
    }

    async fn run(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query("update revision set number = number where subject = 'devices'")
            .execute(&mut tx.conn)
            .await
            .map(drop)
            .map_err(StoreError::of("try the storage"))
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {}
}

async fn begin(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("begin immediate").execute(conn).await.map(|_| ())
}
