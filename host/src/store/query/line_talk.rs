//! How the talk goes line by line, and day by day.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::Row as _;

use super::Whose;
use crate::model::{Cause, Outcome, Scope};
use crate::store::{Store, StoreError};

/// The sessions over one line, or of one day, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TalkSums {
    /// All that ended.
    pub sessions: u64,
    /// Those that tell of device and line: neither cancelled nor cut by the host.
    pub telling: u64,
    /// Those that gave everything.
    pub complete: u64,
    /// Questions asked.
    pub exchanges: u64,
    /// Questions asked again.
    pub retries: u64,
    /// To and from meters.
    pub bytes: u64,
    /// How long the line was held, milliseconds.
    pub wall_ms: u64,
    /// How long calls were up, begun seconds.
    pub on_line_s: u64,
}

// The journal of years must not be walked through for a day of it: time has an index, and sessions are numbered in the
// order in which they begin, but for some around the moment at which somebody set the host's clock.

/// By quarters of an hour: the offsets of all zones are whole ones.
const QUARTER_MS: i64 = 900_000;

const LINES: &str = "
    select line_id, outcome, count(*), sum(exchanges), sum(retries), sum(bytes_sent + bytes_received), sum(wall_ms),
        sum(on_line_s)
    from session indexed by session_of_time where started_at_ms >= $1 and outcome is not null
        and ($2 is null or device_id in (select d.id from device d join account_node a on a.node_id = d.node_id
            where a.account_id = $2 and a.role & $3 <> 0))
    group by +line_id, outcome";
const DEVICE_DAYS: &str = "
    select started_at_ms / 900000, outcome, count(*), sum(exchanges), sum(retries), sum(bytes_sent + bytes_received),
        sum(wall_ms), sum(on_line_s)
    from session where device_id = $1 and started_at_ms >= $2 and outcome is not null
        and id >= (select min(id) from (select id from session where started_at_ms >= $2 order by started_at_ms limit 1000))
    group by 1, 2";
const LINE_DAYS: &str = "
    select started_at_ms / 900000, outcome, count(*), sum(exchanges), sum(retries), sum(bytes_sent + bytes_received),
        sum(wall_ms), sum(on_line_s)
    from session where line_id = $1 and started_at_ms >= $2 and outcome is not null
        and id >= (select min(id) from (select id from session where started_at_ms >= $2 order by started_at_ms limit 1000))
    group by 1, 2";

impl TalkSums {
    /// Adds a row of outcome, count and sums.
    fn add(&mut self, row: &sqlx::sqlite::SqliteRow) -> Result<(), StoreError> {
        let number = |index| u64::try_from(row.get::<i64, _>(index)).unwrap_or_default();
        let outcome: Outcome = row.get::<&str, _>(1).parse()?;
        let sessions = number(2);
        self.sessions += sessions;
        if !outcome.cause().is_some_and(Cause::is_ours) {
            self.telling += sessions;
        }
        if outcome == Outcome::Complete {
            self.complete += sessions;
        }
        self.exchanges += number(3);
        self.retries += number(4);
        self.bytes += number(5);
        self.wall_ms += number(6);
        self.on_line_s += number(7);
        Ok(())
    }
}

impl Store {
    /// How the talk with the devices of `scope` went since `from`, by the key of the line.
    pub async fn talk_of_lines(&self, scope: Scope, from: Timestamp) -> Result<BTreeMap<i64, TalkSums>, StoreError> {
        let rows = sqlx::query(LINES)
            .bind(from.as_millisecond())
            .bind(scope.key())
            .bind(scope.roles)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("sum up the sessions over lines"))?;
        let mut lines: BTreeMap<i64, TalkSums> = BTreeMap::new();
        for row in &rows {
            lines.entry(row.get(0)).or_default().add(row)?;
        }
        Ok(lines)
    }

    /// How the talk went since `from`, by the day in `zone` on which sessions began; days without a session are not there.
    pub async fn talk_days(
        &self,
        whose: Whose,
        from: Timestamp,
        zone: &TimeZone,
    ) -> Result<BTreeMap<Date, TalkSums>, StoreError> {
        let (key, sql) = match whose {
            Whose::Device(device) => (device.0, DEVICE_DAYS),
            Whose::Line(line) => (line.0, LINE_DAYS),
        };
        let rows = sqlx::query(sql)
            .bind(key)
            .bind(from.as_millisecond())
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("sum up sessions day by day"))?;
        let mut days: BTreeMap<Date, TalkSums> = BTreeMap::new();
        for row in &rows {
            let begin = Timestamp::from_millisecond(row.get::<i64, _>(0).saturating_mul(QUARTER_MS));
            let day = zone.to_datetime(begin.unwrap_or(Timestamp::UNIX_EPOCH)).date();
            days.entry(day).or_default().add(row)?;
        }
        Ok(days)
    }

    /// Sessions that began since `from` and failed by line, device or driver, after one with the same device that had not:
    /// new trouble, each once.
    pub async fn new_failures(&self, from: Timestamp) -> Result<u64, StoreError> {
        let is_good = |outcome: &Outcome| matches!(outcome, Outcome::Complete | Outcome::Partial);
        let tells = |outcome: &Outcome| !is_good(outcome) && !outcome.cause().is_some_and(Cause::is_ours);
        let failures: Vec<&str> = Outcome::ALL
            .iter()
            .filter(|outcome| tells(outcome))
            .map(|outcome| outcome.word())
            .collect();
        let count: i64 = sqlx::query_scalar(
            "select count(*) from session s indexed by session_of_time where s.started_at_ms >= $1
             and s.outcome in (select value from json_each($2))
             and (select b.outcome from session b where b.device_id = s.device_id and b.id < s.id and b.outcome is not null
                 order by b.id desc limit 1) in ('complete', 'partial')",
        )
        .bind(from.as_millisecond())
        .bind(serde_json::Value::from(failures).to_string())
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::of("count new failures"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Names of the devices of `scope` that are among `devices`.
    pub async fn names_of_devices(
        &self,
        scope: Scope,
        devices: &HashSet<i64>,
    ) -> Result<BTreeMap<i64, String>, StoreError> {
        let keys = serde_json::Value::from(devices.iter().copied().collect::<Vec<i64>>()).to_string();
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "select d.id, d.name from device d where d.id in (select value from json_each($1))
             and ($2 is null or d.node_id in (select node_id from account_node where account_id = $2 and role & $3 <> 0))",
        )
        .bind(keys)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the names of devices"))?;
        Ok(rows.into_iter().collect())
    }
}
