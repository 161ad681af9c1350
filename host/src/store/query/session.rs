//! Sessions and their traces.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

use super::{of_devices, of_keys};
use crate::limits;
use crate::model::{Cause, Outcome, Scope, SessionId};
use crate::store::rows::Rows;
use crate::store::trace::text_of;
use crate::store::{Counters, IdentitySeen, Phase, Store, StoreError, plan};

static BRIEFS: Rows = Rows::new(
    "select x.id, x.device_id, d.name, x.line_id, l.name, x.driver, x.driver_version, x.driver_digest, x.reason,
         x.started_at_ms, x.ended_at_ms, x.outcome, x.detail, x.records_added, x.values_added, x.bytes_sent,
         x.bytes_received, x.exchanges, x.retries
     from session x join device d on d.id = x.device_id join line l on l.id = x.line_id where x.id in (values",
    1,
    ")",
);

/// Which sessions.
#[derive(Debug, Clone, Default)]
pub struct SessionQuery {
    /// Only with this device.
    pub device: Option<i64>,
    /// Only over this line.
    pub line: Option<i64>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
    /// Only those that failed so.
    pub cause: Option<Cause>,
    /// Only those that started from here on.
    pub from: Option<Timestamp>,
    /// Only those that started before.
    pub to: Option<Timestamp>,
    /// Part of the name or serial number of the device, of the name or address of the line, or of the detail, in any
    /// case of letters.
    pub text: Option<String>,
    /// Older than this one.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A page of sessions.
#[derive(Debug, Clone, Default)]
pub struct SessionPage {
    /// Newest first. There may be fewer than the limit, or none, and yet more further on: a page is looked for in so
    /// many sessions and not in more.
    pub rows: Vec<SessionBrief>,
    /// The next page is older than this one; none: there is nothing more.
    pub next: Option<i64>,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionBrief {
    /// Its key.
    pub id: SessionId,
    /// Key and name of the device.
    pub device: (i64, String),
    /// Key and name of the line.
    pub line: (i64, String),
    /// Id of the driver.
    pub driver: String,
    /// Its version.
    pub driver_version: String,
    /// Digest of its file.
    pub driver_digest: String,
    /// Why it ran.
    pub reason: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended; none while it runs.
    pub outcome: Option<Outcome>,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// New records.
    pub records_added: i64,
    /// Values of new records.
    pub values_added: i64,
    /// To the meter.
    pub bytes_sent: i64,
    /// From the meter.
    pub bytes_received: i64,
    /// Questions asked.
    pub exchanges: i64,
    /// Questions asked again.
    pub retries: i64,
}

/// A session with all that is known of it but its trace.
#[derive(Debug, Clone)]
pub struct SessionDetail {
    /// What a list shows.
    pub brief: SessionBrief,
    /// Who answered.
    pub identity: Option<IdentitySeen>,
    /// What the clock showed, its offset and uncertainty in milliseconds.
    pub clock: Option<(String, i64, i64)>,
    /// Its parts in order.
    pub phases: Vec<Phase>,
    /// What it used.
    pub counters: Counters,
    /// What the driver sent that was not as it should be.
    pub faults: Vec<String>,
}

impl Store {
    /// Sessions by their keys; one that was removed is not there.
    pub async fn session_briefs(&self, keys: &[i64]) -> Result<HashMap<i64, SessionBrief>, StoreError> {
        briefs(&self.readers, keys).await
    }

    /// Sessions with devices of `scope`, newest first.
    pub async fn sessions(&self, scope: Scope, query: &SessionQuery) -> Result<SessionPage, StoreError> {
        let Some((first, last)) = self.keys_of_time(query).await? else {
            return Ok(SessionPage::default());
        };
        let names = match query.text.as_deref().map(|text| text.trim().to_lowercase()) {
            Some(text) if !text.is_empty() => Some(self.named(text).await?),
            _ => None,
        };
        let mut sql = QueryBuilder::<Sqlite>::new(
            "select id, device_id, line_id, started_at_ms, outcome, detail from session where id >= ",
        );
        sql.push_bind(first).push(" and id <= ");
        sql.push_bind(query.after.map_or(last, |after| last.min(after.saturating_sub(1))));
        for (column, wanted) in [(" and device_id = ", query.device), (" and line_id = ", query.line)] {
            if let Some(wanted) = wanted {
                sql.push(column).push_bind(wanted);
            }
        }
        if scope != Scope::EVERYTHING {
            of_devices(&mut sql, scope);
        }
        sql.push(" order by id desc limit ").push_bind(limits::JOURNAL_SCAN);
        let (mut keys, mut next, mut looked_at) = (Vec::new(), None, 0);
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut rows = sql.build().fetch(&self.readers);
        while let Some(row) = rows.try_next().await.map_err(StoreError::of("find sessions"))? {
            looked_at += 1;
            let fits = fits(query, names.as_ref(), &row);
            if fits && keys.len() == limit {
                next = keys.last().copied();
                break;
            }
            if fits {
                keys.push(row.get(0));
            }
            if looked_at == limits::JOURNAL_SCAN {
                next = Some(row.get(0));
            }
        }
        drop(rows);
        let mut found = briefs(&self.readers, &keys).await?;
        Ok(SessionPage {
            rows: keys.iter().filter_map(|key| found.remove(key)).collect(),
            next,
        })
    }

    /// The least and the greatest key of the sessions that started in the time asked for; none: there are none.
    async fn keys_of_time(&self, query: &SessionQuery) -> Result<Option<(i64, i64)>, StoreError> {
        if query.from.is_none() && query.to.is_none() {
            return Ok(Some((0, i64::MAX)));
        }
        let keys: (Option<i64>, Option<i64>) =
            sqlx::query_as("select min(id), max(id) from session where started_at_ms >= $1 and started_at_ms < $2")
                .bind(query.from.map_or(i64::MIN, |from| from.as_millisecond()))
                .bind(query.to.map_or(i64::MAX, |to| to.as_millisecond()))
                .fetch_one(&self.readers)
                .await
                .map_err(StoreError::of("find the sessions of a time"))?;
        Ok(keys.0.zip(keys.1))
    }

    /// What has `text` in its name. Looked through here and not in the database: SQLite knows the cases of Latin letters
    /// only.
    async fn named(&self, text: String) -> Result<Named, StoreError> {
        let mut named = Named {
            text,
            devices: HashSet::new(),
            lines: HashSet::new(),
        };
        for (sql, keys) in [
            ("select id, name, serial from device", &mut named.devices),
            ("select id, name, address from line", &mut named.lines),
        ] {
            let mut rows = sqlx::query(sql).fetch(&self.readers);
            while let Some(row) = rows.try_next().await.map_err(StoreError::of("look through names"))? {
                let has = |index| {
                    row.get::<Option<&str>, _>(index)
                        .is_some_and(|name| name.to_lowercase().contains(&named.text))
                };
                if has(1) || has(2) {
                    keys.insert(row.get(0));
                }
            }
        }
        Ok(named)
    }

    /// One session; none when there is no such.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionDetail>, StoreError> {
        let Some(brief) = briefs(&self.readers, &[id.0]).await?.remove(&id.0) else {
            return Ok(None);
        };
        let row = sqlx::query(
            "select identity, clock_shown, clock_offset_ms, clock_uncertainty_ms, phases, faults, exchanges, retries,
                 cpu_ms, wall_ms, memory_peak_bytes, on_line_s
             from session where id = $1",
        )
        .bind(id.0)
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::of("read a session"))?;
        let identity: Option<&str> = row.get(0);
        let shown: Option<String> = row.get(1);
        let number = |index| u64::try_from(row.get::<i64, _>(index)).unwrap_or_default();
        Ok(Some(SessionDetail {
            identity: identity.map(|text| plan::json("an identity", text)).transpose()?,
            clock: shown
                .zip(row.get(2))
                .zip(row.get(3))
                .map(|((shown, offset), give)| (shown, offset, give)),
            phases: plan::json("phases", row.get(4))?,
            faults: plan::json("faults", row.get(5))?,
            counters: Counters {
                exchanges: number(6),
                retries: number(7),
                cpu_ms: number(8),
                wall_ms: number(9),
                memory_peak_bytes: number(10),
                on_line_s: number(11),
                bytes_sent: u64::try_from(brief.bytes_sent).unwrap_or_default(),
                bytes_received: u64::try_from(brief.bytes_received).unwrap_or_default(),
                records_added: u64::try_from(brief.records_added).unwrap_or_default(),
                values_added: u64::try_from(brief.values_added).unwrap_or_default(),
            },
            brief,
        }))
    }

    /// The wire trace of a session; none when it left none.
    pub async fn trace(&self, id: SessionId) -> Result<Option<String>, StoreError> {
        let found: Option<(String, Option<Vec<u8>>)> =
            sqlx::query_as("select text, packed from trace where session_id = $1")
                .bind(id.0)
                .fetch_optional(&self.readers)
                .await
                .map_err(StoreError::of("read a trace"))?;
        found.map(|(text, packed)| text_of(text, packed.as_deref())).transpose()
    }

    /// What a session was asked, JSON; none when it left no trace, or was held before that was kept.
    pub async fn asked(&self, id: SessionId) -> Result<Option<String>, StoreError> {
        let asked: Option<Option<String>> = sqlx::query_scalar("select asked from trace where session_id = $1")
            .bind(id.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("read what a session was asked"))?;
        Ok(asked.flatten())
    }
}

/// Devices and lines whose names have a text, in lower case.
struct Named {
    text: String,
    devices: HashSet<i64>,
    lines: HashSet<i64>,
}

/// Whether a session is one of those asked for. The row has key, device, line, start, outcome and detail.
fn fits(query: &SessionQuery, named: Option<&Named>, row: &SqliteRow) -> bool {
    let started_at_ms: i64 = row.get(3);
    if query.from.is_some_and(|from| started_at_ms < from.as_millisecond())
        || query.to.is_some_and(|to| started_at_ms >= to.as_millisecond())
    {
        return false;
    }
    let outcome = row
        .get::<Option<&str>, _>(4)
        .and_then(|word| word.parse::<Outcome>().ok());
    if query.outcome.is_some() && outcome != query.outcome {
        return false;
    }
    if query.cause.is_some() && outcome.and_then(Outcome::cause) != query.cause {
        return false;
    }
    named.is_none_or(|named| {
        named.devices.contains(&row.get(1))
            || named.lines.contains(&row.get(2))
            || row
                .get::<Option<&str>, _>(5)
                .is_some_and(|detail| detail.to_lowercase().contains(&named.text))
    })
}

/// Sessions by their keys.
pub(super) async fn briefs(readers: &SqlitePool, keys: &[i64]) -> Result<HashMap<i64, SessionBrief>, StoreError> {
    let rows = of_keys(readers, &BRIEFS, keys, "read sessions").await?;
    rows.iter().map(|row| Ok((row.get(0), brief(row)?))).collect()
}

fn brief(row: &SqliteRow) -> Result<SessionBrief, StoreError> {
    let at = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(SessionBrief {
        id: SessionId(row.get(0)),
        device: (row.get(1), row.get(2)),
        line: (row.get(3), row.get(4)),
        driver: row.get(5),
        driver_version: row.get(6),
        driver_digest: row.get(7),
        reason: row.get(8),
        started_at: at(row.get(9)),
        ended_at: row.get::<Option<i64>, _>(10).map(at),
        outcome: row.get::<Option<&str>, _>(11).map(str::parse).transpose()?,
        detail: row.get(12),
        records_added: row.get(13),
        values_added: row.get(14),
        bytes_sent: row.get(15),
        bytes_received: row.get(16),
        exchanges: row.get(17),
        retries: row.get(18),
    })
}
