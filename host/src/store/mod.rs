//! The store: SQLite, one file. `docs/database.md` says what its tables mean.
//!
//! Reading goes through a few connections at once, writing through one task that commits in groups.

mod account;
mod audit;
mod by_hand;
mod caller;
mod care;
mod clock;
mod compare;
mod control;
pub mod copy;
mod coverage;
mod diagnostic;
mod differing;
mod driver_hour;
mod driver_log;
mod driver_version;
mod driver_work;
mod error;
mod group;
mod import;
mod keep;
mod lock;
mod memory;
mod pause;
mod plan;
mod prune;
pub mod query;
mod reader;
mod record;
mod rows;
mod series;
mod session;
mod size;
#[cfg(test)]
mod tests;
mod trace;
mod value;
mod version;
mod webhook;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::model::Clock;

pub use account::{
    AccountChange, AccountFault, AccountInfo, Code, GrantInfo, KeyInfo, Known, KnownKey, KnownSignIn, NewAccount,
    NewKey, NewSignIn, Object, Over, Password, Provided, ProviderFault, Refused, RefusedSignIns, RefusedWhy,
    SignInInfo, Stays,
};
pub use audit::Done;
pub use by_hand::IncidentRow;
pub use care::{Acknowledged, Care, CareWord, Said};
pub use clock::NewClockSetting;
pub use control::{ControlEnd, ControlOrder, NewControl, NotConfirmed};
pub use coverage::Coverage;
pub use differing::DifferingValue;
pub use driver_hour::{DriverSums, whole_hours};
pub use driver_log::{DriverLine, DriverLines};
pub use driver_version::{
    Decided, Deed, DriverEvent, DriverSession, DriverVersion, Standing, Step, Subject, VendorKey,
};
pub use driver_work::ReadDevice;
pub use error::StoreError;
pub use group::{GroupInfo, NewGroup};
pub use import::{Change, ImportFault, Imported, NewDevice, NewPoint, NewRoute, NewSite, Seen};
pub use keep::{
    DeviceHistory, Doer, Form, Kept, KeptDevice, KeptQuery, Kind, NewLine, PointDevice, PointSpan, Refusal, Replace,
    Replaced, Replacement, RouteSpan, SecretKeys,
};
pub use lock::{HostLock, LockError};
pub use pause::{Pause, PauseCause};
pub use plan::{Group, PollDevice, Route, USUAL_SCHEDULE};
pub use prune::{Old, Pruned};
pub use reader::Reader;
pub use record::{RecordBatch, Stored};
pub use session::{ClockSeen, Counters, IdentitySeen, NewSession, Phase, SessionEnd};
pub use size::{Disk, Size, SizeDay, growth};
pub use trace::{PackedTrace, unpack};
pub use webhook::{
    DeliveryKind, DeliveryRow, DeliveryState, HostEvent, NewWebhook, Sent, Taken, ToSend, Webhook, WebhookChange,
    WebhookFault,
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections that read at once. SQLite reads are short, and the machine has few processors.
const READERS: u32 = 4;

/// Those of them that sessions use to plan what they read.
const SESSION_READERS: usize = 2;

/// How long to wait while another program keeps the file locked.
const BUSY: Duration = Duration::from_secs(5);

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The database file; made when it is not there.
    pub path: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: PathBuf::from("uzel.sqlite"),
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Store {
    path: Arc<Path>,
    readers: SqlitePool,
    session_readers: Arc<Semaphore>,
    orders_waiting: Arc<Semaphore>,
    queue: writer::Queue,
    clock: Clock,
    closing: CancellationToken,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens the file or makes it, and brings it to the schema of this program. It is written from the runtime in which
    /// this is called.
    ///
    /// # Errors
    /// `Newer` when a newer program has written it.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(&config.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .disable_statement_logging()
            // Pages that change often are written back less often: 32 MiB of log instead of 4.
            .pragma("wal_autocheckpoint", "8192")
            .pragma("cache_size", "-32768");
        let open = |source| StoreError::Open {
            path: config.path.clone(),
            source: Arc::new(source),
        };
        let mut conn = options.connect().await.map_err(open)?;
        migrate(&mut conn, config).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            // A file does not go away as a server does; the test would cost as much as a query.
            .test_before_acquire(false)
            .connect_with(
                SqliteConnectOptions::new()
                    .filename(&config.path)
                    .read_only(true)
                    .busy_timeout(BUSY)
                    .disable_statement_logging(),
            )
            .await
            .map_err(open)?;
        // A file that was taken away is not made anew while the host runs: it would be empty.
        let (writer, queue) = writer::Writer::new(options.create_if_missing(false), conn);
        let closing = CancellationToken::new();
        let task = tokio::spawn(writer.run(closing.clone()));
        Ok(Self {
            path: config.path.as_path().into(),
            readers,
            session_readers: Arc::new(Semaphore::new(SESSION_READERS)),
            orders_waiting: Arc::new(Semaphore::new(crate::limits::ORDERS_WAITING)),
            queue,
            clock: Clock::default(),
            closing,
            writer: Arc::new(Mutex::new(Some(task))),
        })
    }

    /// The file of the database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Goes by `clock` from now on, and with it everything that polls into this store.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The instant that it is by the clock of this store.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether SQLite has something to do at this moment. Who lets time run faster than it does must wait for that.
    pub fn is_working(&self) -> bool {
        let idle = u32::try_from(self.readers.num_idle()).unwrap_or(u32::MAX);
        self.queue.is_committing() || self.readers.size() > idle
    }

    /// Writes what waits and closes the file. Later writes answer `Closed`.
    pub async fn close(&self) {
        self.closing.cancel();
        self.readers.close().await;
        if let Some(task) = self.writer.lock().await.take()
            && let Err(error) = task.await
        {
            error!(%error, "the writer of the store ended badly");
        }
    }

    /// Whether the last write found the disk full, failing or locked, and none has succeeded since.
    pub fn is_paused(&self) -> bool {
        self.queue.state().borrow().is_some()
    }

    /// How many writes wait for the writer, and how many may.
    pub fn writes_waiting(&self) -> (usize, usize) {
        self.queue.waiting()
    }

    /// Why the storage takes nothing, and since when; none: it does.
    pub fn pause(&self) -> Option<Pause> {
        self.queue.state().borrow().clone()
    }

    /// Waits until the storage takes data. The writer tries it by itself.
    pub async fn resumed(&self) {
        // The writer ends only with the store: then there is nothing to wait for.
        let _ = self.queue.state().clone().wait_for(Option::is_none).await;
    }
}

async fn migrate(conn: &mut SqliteConnection, config: &Config) -> Result<(), StoreError> {
    MIGRATIONS.run(conn).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => StoreError::Newer {
            path: config.path.clone(),
            found,
            known: MIGRATIONS.iter().map(|m| m.version).max().unwrap_or_default(),
        },
        error => StoreError::Migrate {
            path: config.path.clone(),
            source: Arc::new(error),
        },
    })
}

/// Unix seconds of a table as an instant. What no calendar has is the epoch: only a damaged file holds such.
fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
