//! Sessions: begun, ended, and what they leave behind.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::trace::PackedTrace;
use super::writer::{Tx, Write};
use super::{Store, control, driver_hour};
use crate::model::{Civil, DeviceId, LineId, Outcome, Reason, SessionId};

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// With which device.
    pub device: DeviceId,
    /// Over which line.
    pub line: LineId,
    /// Id of the driver.
    pub driver: String,
    /// Its version.
    pub driver_version: String,
    /// Digest of its file.
    pub driver_digest: String,
    /// Why.
    pub reason: Reason,
    /// When.
    pub started_at: Timestamp,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitySeen {
    /// Id of a model in the driver's description.
    pub model: String,
    /// Serial number, as the device says it.
    pub serial: Option<String>,
    /// Version of the device's own program.
    pub firmware: Option<String>,
    /// For people.
    pub details: Vec<(String, String)>,
}

/// One part of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `open`, `identify`, a task's word, `set-clock`, `check`, `write`, `read-back`, `close`.
    pub name: String,
    /// Milliseconds since the start of the session.
    pub started_ms: u64,
    /// Milliseconds since the start of the session.
    pub ended_ms: u64,
    /// `ok`, what a setting of the clock came to, or the word of what went wrong; behind a colon what exactly.
    pub outcome: String,
    /// Records that it brought.
    pub records: u64,
}

/// What a session used and brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Questions asked.
    pub exchanges: u64,
    /// Questions asked again.
    pub retries: u64,
    /// To the meter.
    pub bytes_sent: u64,
    /// From the meter.
    pub bytes_received: u64,
    /// New records.
    pub records_added: u64,
    /// Values of new records.
    pub values_added: u64,
    /// Processor time of the driver, milliseconds.
    pub cpu_ms: u64,
    /// Length of the session, milliseconds.
    pub wall_ms: u64,
    /// Seconds that a call was up, begun ones counted whole.
    pub on_line_s: u64,
    /// The most memory that the driver had.
    pub memory_peak_bytes: u64,
}

/// What the device's clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// As the device shows it.
    pub shown: Civil,
    /// Device clock minus true time, milliseconds.
    pub offset_ms: i64,
    /// Give or take, milliseconds.
    pub uncertainty_ms: u64,
}

/// A session that ends.
#[derive(Debug, Clone)]
pub struct SessionEnd {
    /// Which.
    pub session: SessionId,
    /// When.
    pub ended_at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// Who answered; none when nobody did.
    pub identity: Option<IdentitySeen>,
    /// Its parts in order.
    pub phases: Vec<Phase>,
    /// What it used and brought.
    pub counters: Counters,
    /// What the driver sent that was not as it should be.
    pub faults: Vec<String>,
    /// The wire trace. Packed before it waits for the store: many wait at once.
    pub trace: PackedTrace,
    /// What was asked, JSON: kept with the trace.
    pub asked: Option<String>,
    /// The device's clock, when it was read.
    pub clock: Option<ClockSeen>,
    /// Whether it says how the device fares: a tunnel does not.
    pub tells_of_device: bool,
    /// When each entry of the device's schedule was last done, when this session did some.
    pub schedule_done: Option<HashMap<String, Timestamp>>,
}

/// What an outcome says of the device: whether it counts as a failure of its own.
enum Judgement {
    Good,
    Failed,
    /// It was not the device's doing: cancelled, no room, the host died, the disk was full.
    Neutral,
}

fn judge(outcome: Outcome) -> Judgement {
    match outcome {
        Outcome::Complete | Outcome::Partial => Judgement::Good,
        Outcome::Cancelled | Outcome::NoSlot | Outcome::Storage | Outcome::Interrupted => Judgement::Neutral,
        _ => Judgement::Failed,
    }
}

impl Store {
    /// Writes down that a session runs, and gives it its number.
    pub async fn begin_session(&self, session: NewSession) -> Result<SessionId, StoreError> {
        self.queue.write(session).await
    }

    /// Writes down how a session ended. Fills the device's serial number and model where they were empty.
    pub async fn end_session(&self, end: SessionEnd) -> Result<(), StoreError> {
        self.queue.write(end).await
    }

    /// Ends the sessions that a host left running when it died. Answers how many. Only the one host that polls calls
    /// it, before it begins: a session of its own would be ended too.
    pub async fn end_interrupted(&self) -> Result<u64, StoreError> {
        self.queue
            .write(EndInterrupted {
                at_ms: self.now().as_millisecond(),
            })
            .await
    }
}

#[async_trait]
impl Write for NewSession {
    type Answer = SessionId;

    async fn run(&self, tx: &mut Tx) -> Result<SessionId, StoreError> {
        let id: i64 = sqlx::query_scalar(
            "insert into session (device_id, line_id, driver, driver_version, driver_digest, reason, started_at_ms)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
        )
        .bind(self.device.0)
        .bind(self.line.0)
        .bind(self.driver.as_str())
        .bind(self.driver_version.as_str())
        .bind(self.driver_digest.as_str())
        .bind(self.reason.word())
        .bind(self.started_at.as_millisecond())
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of("begin a session"))?;
        if self.reason == Reason::ByHand {
            // It says nothing of the line, and may be of last week: the planner goes by the host's own sessions.
            return Ok(SessionId(id));
        }
        sqlx::query(
            "insert into device_state (device_id, last_session_id, failures_in_row) values ($1, $2, 0)
             on conflict (device_id) do update set last_session_id = excluded.last_session_id",
        )
        .bind(self.device.0)
        .bind(id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("note the session of a device"))?;
        Ok(SessionId(id))
    }
}

#[async_trait]
impl Write for SessionEnd {
    type Answer = ();

    fn weight(&self) -> usize {
        // A trace is long: a row per so many bytes.
        4 + self.trace.as_bytes().len() / 64
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Some((device, by_hand)) = self.put_session(tx).await? else {
            return Err(StoreError::Malformed {
                what: "session",
                got: self.session.to_string(),
                want: "one that was begun".to_owned(),
            });
        };
        let done = self.schedule_done.as_ref().map(|done| {
            let seconds: HashMap<&str, i64> = done
                .iter()
                .map(|(entry, at)| (entry.as_str(), at.as_second()))
                .collect();
            json(&seconds)
        });
        if self.tells_of_device && !by_hand {
            put_state(tx, device, self.outcome, self.ended_at, done.transpose()?).await?;
        }
        driver_hour::count(tx, self.session.0).await?;
        if !self.trace.is_empty() {
            sqlx::query(
                "insert into trace (session_id, text, packed, asked) values ($1, '', $2, $3)
                 on conflict (session_id) do nothing",
            )
            .bind(self.session.0)
            .bind(self.trace.as_bytes())
            .bind(self.asked.as_deref())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("keep a trace"))?;
        }
        if let Some(identity) = &self.identity {
            sqlx::query(
                "update device set model = coalesce(model, $1), serial = coalesce(serial, $2)
                 where id = $3 and (model is null or serial is null)",
            )
            .bind(identity.model.as_str())
            .bind(identity.serial.as_deref())
            .bind(device)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("note what a device says of itself"))?;
        }
        Ok(())
    }
}

impl SessionEnd {
    /// Writes the row; answers the device and whether it was brought by hand, none when there is no such session.
    async fn put_session(&self, tx: &mut Tx) -> Result<Option<(i64, bool)>, StoreError> {
        let counters = &self.counters;
        sqlx::query_as(
            "update session set ended_at_ms = $1, outcome = $2, detail = $3, identity = $4, phases = $5, faults = $6,
                 clock_shown = $7, clock_offset_ms = $8, clock_uncertainty_ms = $9, exchanges = $10, retries = $11,
                 bytes_sent = $12, bytes_received = $13, records_added = $14, values_added = $15, cpu_ms = $16,
                 wall_ms = $17, memory_peak_bytes = $18, on_line_s = $19
             where id = $20 returning device_id, reason = $21",
        )
        .bind(self.ended_at.as_millisecond())
        .bind(self.outcome.word())
        .bind(self.detail.as_deref())
        .bind(self.identity.as_ref().map(json).transpose()?)
        .bind(json(&self.phases)?)
        .bind(json(&self.faults)?)
        .bind(self.clock.map(|clock| clock.shown.to_string()))
        .bind(self.clock.map(|clock| clock.offset_ms))
        .bind(self.clock.map(|clock| count(clock.uncertainty_ms)))
        .bind(count(counters.exchanges))
        .bind(count(counters.retries))
        .bind(count(counters.bytes_sent))
        .bind(count(counters.bytes_received))
        .bind(count(counters.records_added))
        .bind(count(counters.values_added))
        .bind(count(counters.cpu_ms))
        .bind(count(counters.wall_ms))
        .bind(count(counters.memory_peak_bytes))
        .bind(count(counters.on_line_s))
        .bind(self.session.0)
        .bind(Reason::ByHand.word())
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of("end a session"))
    }
}

/// How the device fared, after one more session.
async fn put_state(
    tx: &mut Tx,
    device: i64,
    outcome: Outcome,
    ended_at: Timestamp,
    schedule_done: Option<String>,
) -> Result<(), StoreError> {
    let (keep, add) = match judge(outcome) {
        Judgement::Good => (0i64, 0i64),
        Judgement::Failed => (1, 1),
        Judgement::Neutral => (1, 0),
    };
    let good_at = (outcome == Outcome::Complete).then(|| ended_at.as_second());
    sqlx::query(
        "update device_state set last_outcome = $1, failures_in_row = failures_in_row * $2 + $3,
             last_good_at = coalesce($4, last_good_at), schedule_done = coalesce($5, schedule_done) where device_id = $6",
    )
    .bind(outcome.word())
    .bind(keep)
    .bind(add)
    .bind(good_at)
    .bind(schedule_done)
    .bind(device)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("note the outcome of a device"))?;
    Ok(())
}

struct EndInterrupted {
    at_ms: i64,
}

#[async_trait]
impl Write for EndInterrupted {
    type Answer = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let ended: Vec<(i64, i64)> = sqlx::query_as(
            "update session set ended_at_ms = $1, outcome = $2, detail = $3 where outcome is null returning id, device_id",
        )
        .bind(self.at_ms)
        .bind(Outcome::Interrupted.word())
        .bind("the host ended while the session ran")
        .fetch_all(&mut tx.conn)
        .await
        .map_err(StoreError::of("end interrupted sessions"))?;
        control::end_interrupted(tx, self.at_ms).await?;
        for (session, device) in &ended {
            let at = Timestamp::from_millisecond(self.at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
            put_state(tx, *device, Outcome::Interrupted, at, None).await?;
            driver_hour::count(tx, *session).await?;
        }
        Ok(ended.len() as u64)
    }
}

/// A count as the table holds it. Nothing reaches the bound.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Text {
        what: "a part of a session",
        got: error.to_string(),
    })
}
