//! How well the talk with a device, or over a line, goes.

use jiff::Timestamp;
use sqlx::Row as _;

use super::session::{self, SessionBrief};
use crate::limits;
use crate::model::{DeviceId, LineId, Outcome, Scope};
use crate::store::{Store, StoreError};

/// Whose sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Of a device, over whatever line.
    Device(DeviceId),
    /// Over a line, with whatever device.
    Line(LineId),
}

/// The sessions of a window, summed up.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// How many ended in which way.
    pub outcomes: Vec<(Outcome, u64)>,
    /// Questions asked.
    pub exchanges: u64,
    /// Questions asked again.
    pub retries: u64,
    /// New records.
    pub records_added: u64,
    /// How long the line was held, milliseconds.
    pub wall_ms: u64,
    /// To meters.
    pub bytes_sent: u64,
    /// From meters.
    pub bytes_received: u64,
    /// How long calls were up, begun seconds.
    pub on_line_s: u64,
    /// End of the last session in which the device that is meant told who it is, at any time.
    pub last_contact_at: Option<Timestamp>,
    /// The last session that ended, at any time.
    pub last_session: Option<SessionBrief>,
}

/// Outcomes of the sessions of `$1` that started from `$2` on, with sums.
const DEVICE: &str = "
    select outcome, count(*), sum(exchanges), sum(retries), sum(records_added), sum(wall_ms),
        sum(bytes_sent), sum(bytes_received), sum(on_line_s)
    from session where device_id = $1 and started_at_ms >= $2 and outcome is not null
        and id >= (select min(id) from (select id from session where started_at_ms >= $2 order by started_at_ms limit 1000))
    group by outcome order by count(*) desc, outcome";
const LINE: &str = "
    select outcome, count(*), sum(exchanges), sum(retries), sum(records_added), sum(wall_ms),
        sum(bytes_sent), sum(bytes_received), sum(on_line_s)
    from session where line_id = $1 and started_at_ms >= $2 and outcome is not null
        and id >= (select min(id) from (select id from session where started_at_ms >= $2 order by started_at_ms limit 1000))
    group by outcome order by count(*) desc, outcome";

/// End of the last session that knows who answered, among the newest `$2`.
const DEVICE_CONTACT: &str = "
    select ended_at_ms from (select id, ended_at_ms, identity from session where device_id = $1 order by id desc limit $2)
    where identity is not null limit 1";
const LINE_CONTACT: &str = "
    select ended_at_ms from (select id, ended_at_ms, identity from session where line_id = $1 order by id desc limit $2)
    where identity is not null limit 1";

const DEVICE_LAST: &str =
    "select id from session where device_id = $1 and outcome is not null order by id desc limit 1";
const LINE_LAST: &str = "select id from session where line_id = $1 and outcome is not null order by id desc limit 1";

impl Store {
    /// How the talk went since `from`: of a line with whatever devices, but the last session only with one of `scope`.
    pub async fn talk(&self, scope: Scope, whose: Whose, from: Timestamp) -> Result<Talk, StoreError> {
        let (key, sums, contact, last) = match whose {
            Whose::Device(device) => (device.0, DEVICE, DEVICE_CONTACT, DEVICE_LAST),
            Whose::Line(line) => (line.0, LINE, LINE_CONTACT, LINE_LAST),
        };
        let readers = &self.readers;
        let failed = "sum up sessions";
        let rows = sqlx::query(sums)
            .bind(key)
            .bind(from.as_millisecond())
            .fetch_all(readers)
            .await
            .map_err(StoreError::of(failed))?;
        let contact: Option<i64> = sqlx::query_scalar(contact)
            .bind(key)
            .bind(limits::JOURNAL_SCAN)
            .fetch_optional(readers)
            .await
            .map_err(StoreError::of(failed))?
            .flatten();
        let last: Option<i64> = sqlx::query_scalar(last)
            .bind(key)
            .fetch_optional(readers)
            .await
            .map_err(StoreError::of(failed))?;
        let last = match last {
            Some(id) => session::briefs(readers, &[id]).await?.remove(&id),
            None => None,
        };
        let own = self.device_ids(scope).await?;
        let mut talk = Talk {
            last_contact_at: contact.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            last_session: last.filter(|last| own.is_none_or(|own| own.contains(&last.device.0))),
            ..Talk::default()
        };
        for row in &rows {
            let number = |index| u64::try_from(row.get::<i64, _>(index)).unwrap_or_default();
            talk.outcomes.push((row.get::<&str, _>(0).parse()?, number(1)));
            talk.exchanges += number(2);
            talk.retries += number(3);
            talk.records_added += number(4);
            talk.wall_ms += number(5);
            talk.bytes_sent += number(6);
            talk.bytes_received += number(7);
            talk.on_line_s += number(8);
        }
        Ok(talk)
    }
}
