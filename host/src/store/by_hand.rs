//! Readings that were brought by hand: which packages were taken, and what of them disagreed with the store.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;

use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Store, instant};
use crate::model::{Outcome, RecordKind, SessionId};

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// `record-changed`, `columns-added`, `setting-changed`.
    pub kind: String,
    /// Archive and start of the record that it is about.
    pub record: Option<(RecordKind, Timestamp)>,
    /// What was and what is.
    pub text: String,
}

struct MarkPackage {
    session: SessionId,
    digest: String,
}

impl Store {
    /// Writes down which package a session came from.
    pub async fn mark_package(&self, session: SessionId, digest: &str) -> Result<(), StoreError> {
        self.queue
            .write(MarkPackage {
                session,
                digest: digest.to_owned(),
            })
            .await
    }

    /// The session that a package became, when it was taken to its end: whether it is there, not how the reading went.
    pub async fn session_of_package(&self, digest: &str) -> Result<Option<SessionId>, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("select id from session where package = $1 and outcome is not null and outcome <> $2")
                .bind(digest)
                .bind(Outcome::Interrupted.word())
                .fetch_optional(&self.readers)
                .await
                .map_err(StoreError::of("find the session of a package"))?;
        Ok(found.map(SessionId))
    }

    /// What a session brought that disagrees with what was there, in order.
    pub async fn incidents_of_session(&self, session: SessionId) -> Result<Vec<IncidentRow>, StoreError> {
        let rows = sqlx::query(
            "select i.kind, r.kind, r.starts_at, i.text from incident i left join record r on r.id = i.new_record_id
             where i.session_id = $1 order by i.id",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the incidents of a session"))?;
        rows.iter()
            .map(|row| {
                let kind: Option<RecordKind> = row.get::<Option<&str>, _>(1).map(str::parse).transpose()?;
                let start = row.get::<Option<i64>, _>(2).map(instant);
                Ok(IncidentRow {
                    kind: row.get(0),
                    record: kind.zip(start),
                    text: row.get(3),
                })
            })
            .collect()
    }
}

#[async_trait]
impl Write for MarkPackage {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query("update session set package = $1 where id = $2")
            .bind(self.digest.as_str())
            .bind(self.session.0)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("note the package of a session"))?;
        Ok(())
    }
}
