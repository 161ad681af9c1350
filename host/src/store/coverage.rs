//! What the store knows of one archive of a device: records, and spans that have none.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Reader, Store, instant};
use crate::model::{Absence, ArchiveKind, DeviceId, SessionId, Span};

/// What is known of one archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Intervals of the records, in order.
    pub records: Vec<Span>,
    /// Spans for which the device has none, and why; in order, they may overlap.
    pub absences: Vec<(Span, Absence)>,
}

/// The longest interval there is, a leap year and a day of shifted clocks, seconds: how far before `from` a record may
/// start that ends after it.
const LONGEST_S: i64 = 367 * 86_400;

struct PutAbsence {
    device: DeviceId,
    session: SessionId,
    kind: ArchiveKind,
    span: Span,
    why: Absence,
}

impl Reader {
    /// Records and absences of an archive that end after `from`.
    pub async fn coverage(
        &mut self,
        device: DeviceId,
        kind: ArchiveKind,
        from: Timestamp,
    ) -> Result<Coverage, StoreError> {
        let word = kind.to_string();
        let from = from.as_second();
        let records: Vec<(i64, i64)> = sqlx::query_as(
            "select starts_at, ends_at from record
             where device_id = $1 and kind = $2 and starts_at > $3 and ends_at > $4 and current = 1 order by starts_at",
        )
        .bind(device.0)
        .bind(&word)
        .bind(from.saturating_sub(LONGEST_S))
        .bind(from)
        .fetch_all(&mut *self.conn)
        .await
        .map_err(StoreError::of("read the records of an archive"))?;
        let absences: Vec<(i64, i64, String)> = sqlx::query_as(
            "select starts_at, ends_at, reason from absence
             where device_id = $1 and kind = $2 and ends_at > $3 order by starts_at, ends_at",
        )
        .bind(device.0)
        .bind(&word)
        .bind(from)
        .fetch_all(&mut *self.conn)
        .await
        .map_err(StoreError::of("read the absences of an archive"))?;
        Ok(Coverage {
            records: records.into_iter().map(|(start, end)| span(start, end)).collect(),
            absences: absences
                .into_iter()
                .map(|(start, end, why)| Ok((span(start, end), why.parse()?)))
                .collect::<Result<_, StoreError>>()?,
        })
    }
}

impl Store {
    /// Writes down that the device has no records for `span`, and why.
    pub async fn put_absence(
        &self,
        device: DeviceId,
        session: SessionId,
        kind: ArchiveKind,
        span: Span,
        why: Absence,
    ) -> Result<(), StoreError> {
        self.queue
            .write(PutAbsence {
                device,
                session,
                kind,
                span,
                why,
            })
            .await
    }
}

fn span(start: i64, end: i64) -> Span {
    Span {
        start: instant(start),
        end: instant(end),
    }
}

#[async_trait]
impl Write for PutAbsence {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "insert into absence (device_id, kind, starts_at, ends_at, reason, session_id)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(self.device.0)
        .bind(self.kind.to_string())
        .bind(self.span.start.as_second())
        .bind(self.span.end.as_second())
        .bind(self.why.word())
        .bind(self.session.0)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("insert an absence"))?;
        Ok(())
    }
}
