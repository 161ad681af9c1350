//! Decisions about a driver: how it stands is read, judged and changed in one transaction.

use async_trait::async_trait;
use jiff::Timestamp;

use super::event::revision;
use super::step::{Step, take};
use super::version::{DriverVersion, of_driver, of_prefix};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// About what it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The version whose digest begins so, and the driver that it is of.
    Digest(String),
    /// The driver with this id.
    Driver(String),
}

/// How a driver stands when it is decided about.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Versions whose digest begins as was said; none when a driver was named.
    pub meant: Vec<DriverVersion>,
    /// Every version of the driver, the newest first; none when it is not clear which driver is meant.
    pub versions: Vec<DriverVersion>,
    /// Digest of the version that read its devices before the present one, the last of those that were not stopped.
    pub before: Option<String>,
    /// The newest session there is.
    pub last_session: i64,
}

/// What was decided, and is durable.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The versions that moved, in the order of the steps, as they stand now.
    pub moved: Vec<DriverVersion>,
    /// Every version of the driver as it stands now.
    pub versions: Vec<DriverVersion>,
    /// [`Store::drivers_revision`] before it and after it: nobody changed anything between.
    pub revisions: (i64, i64),
}

struct Decide<J> {
    subject: Subject,
    judge: J,
    at: Timestamp,
}

impl Store {
    /// Lets `judge` decide by how a driver stands, and takes the steps that it gives, all or none. It goes ahead of
    /// what sessions write. `judge` may be asked more than once; its error leaves everything as it was.
    ///
    /// # Errors
    /// `Malformed` when a version is not there or may not go where a step leads.
    pub async fn decide_driver<E, J>(&self, subject: Subject, judge: J) -> Result<Result<Decided, E>, StoreError>
    where
        J: Fn(&Standing) -> Result<Vec<Step>, E> + Send + Sync + 'static,
        E: Send + 'static,
    {
        let at = self.now();
        self.queue.write_ahead(Decide { subject, judge, at }).await
    }
}

#[async_trait]
impl<E, J> Write for Decide<J>
where
    J: Fn(&Standing) -> Result<Vec<Step>, E> + Send + Sync + 'static,
    E: Send + 'static,
{
    type Answer = Result<Decided, E>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let before = revision(&mut tx.conn).await?;
        let (driver, standing) = standing(tx, &self.subject).await?;
        let steps = match (self.judge)(&standing) {
            Ok(steps) => steps,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for step in &steps {
            take(tx, step, self.at).await?;
        }
        let versions = of_driver(&mut tx.conn, &driver).await?;
        let stands = |step: &Step| versions.iter().find(|version| version.digest == step.digest).cloned();
        Ok(Ok(Decided {
            moved: steps.iter().filter_map(stands).collect(),
            revisions: (before, revision(&mut tx.conn).await?),
            versions,
        }))
    }
}

/// The driver that is meant, and how it stands.
async fn standing(tx: &mut Tx, subject: &Subject) -> Result<(String, Standing), StoreError> {
    let meant = match subject {
        Subject::Digest(prefix) => of_prefix(&mut tx.conn, prefix).await?,
        Subject::Driver(_) => Vec::new(),
    };
    let driver = match (subject, meant.as_slice()) {
        (Subject::Driver(id), _) => id.clone(),
        (_, [one]) => one.driver.clone(),
        _ => String::new(),
    };
    let what = "read how a driver stands";
    let before = sqlx::query_scalar(
        "select e.digest from driver_event e join driver_version v on v.digest = e.digest
         where e.driver = $1 and e.to_state = 'draining' and v.state in ('draining', 'retired')
             and not exists (select 1 from driver_event q where q.driver = e.driver and q.digest = e.digest and q.id > e.id
                 and q.to_state = 'quarantined')
         order by e.id desc limit 1",
    )
    .bind(driver.as_str())
    .fetch_optional(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    let last_session = sqlx::query_scalar("select coalesce(max(id), 0) from session")
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let versions = of_driver(&mut tx.conn, &driver).await?;
    let standing = Standing {
        meant,
        versions,
        before,
        last_session,
    };
    Ok((driver, standing))
}
