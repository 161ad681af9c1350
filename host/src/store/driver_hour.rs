//! What the sessions of each version of a driver came to, hour by hour. Counted when a session ends, in its transaction, so
//! that statistics of any length cost no look at the journal.

use jiff::Timestamp;
use sqlx::Row as _;

use super::error::StoreError;
use super::writer::Tx;
use super::{Store, instant};
use crate::model::Outcome;

/// Length of one row, seconds.
const HOUR_S: i64 = 3_600;

/// Sums of the sessions of a version that ended in a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriverSums {
    /// How many ended in which way, most frequent first.
    pub outcomes: Vec<(Outcome, u64)>,
    /// Sessions in which the driver came to run: where no line opened it did not.
    pub ran: u64,
    /// Processor time of the driver, milliseconds.
    pub cpu_ms: u64,
    /// Length of the sessions, milliseconds.
    pub wall_ms: u64,
    /// The most memory that any session had.
    pub memory_peak_bytes: u64,
    /// Peaks of the sessions that ran, added up.
    pub memory_sum_bytes: u64,
    /// To meters.
    pub bytes_sent: u64,
    /// From meters.
    pub bytes_received: u64,
    /// Questions asked.
    pub exchanges: u64,
    /// Questions asked again.
    pub retries: u64,
    /// New records.
    pub records: u64,
}

/// The rows of a version in a time, by outcome.
const SUMS: &str = "
    select outcome, sum(sessions), sum(ran), sum(cpu_ms), sum(wall_ms), max(memory_peak_bytes), sum(memory_sum_bytes),
        sum(bytes_sent), sum(bytes_received), sum(exchanges), sum(retries), sum(records_added)
    from driver_hour where digest = $1 and starts_at >= $2 and starts_at < $3
    group by outcome order by sum(sessions) desc, outcome";

/// Adds one session to its hour.
const COUNT: &str = "
    insert into driver_hour
    select driver_digest, ended_at_ms / 3600000 * 3600, outcome, 1, memory_peak_bytes > 0, cpu_ms, wall_ms,
        memory_peak_bytes, memory_peak_bytes, bytes_sent, bytes_received, exchanges, retries, records_added
    from session where id = $1 and outcome is not null and driver_digest <> '' and reason not in ('tunnel', 'by-hand')
    on conflict (digest, starts_at, outcome) do update set sessions = sessions + 1, ran = ran + excluded.ran,
        cpu_ms = cpu_ms + excluded.cpu_ms, wall_ms = wall_ms + excluded.wall_ms,
        memory_peak_bytes = max(memory_peak_bytes, excluded.memory_peak_bytes),
        memory_sum_bytes = memory_sum_bytes + excluded.memory_sum_bytes,
        bytes_sent = bytes_sent + excluded.bytes_sent, bytes_received = bytes_received + excluded.bytes_received,
        exchanges = exchanges + excluded.exchanges, retries = retries + excluded.retries,
        records_added = records_added + excluded.records_added";

/// The whole hours that have `from` up to `to` in them.
pub fn whole_hours(from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
    let begin = from.as_second().div_euclid(HOUR_S) * HOUR_S;
    let end = (to.as_second() + HOUR_S - 1).div_euclid(HOUR_S) * HOUR_S;
    (instant(begin), instant(end))
}

impl DriverSums {
    /// All sessions.
    pub fn sessions(&self) -> u64 {
        self.outcomes.iter().map(|(_, sessions)| sessions).sum()
    }

    /// Those that ended by the driver's fault: a trap, a breach of the contract, a limit of its own.
    pub fn faults(&self) -> u64 {
        let faults = self.outcomes.iter().filter(|(outcome, _)| outcome.blames_driver());
        faults.map(|(_, sessions)| sessions).sum()
    }
}

impl Store {
    /// Sums over the sessions of a version that ended from `from` on and before `to`, both of whole hours.
    pub async fn driver_sums(&self, digest: &str, from: Timestamp, to: Timestamp) -> Result<DriverSums, StoreError> {
        let rows = sqlx::query(SUMS)
            .bind(digest)
            .bind(from.as_second())
            .bind(to.as_second())
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("sum up the sessions of a driver"))?;
        let mut sums = DriverSums::default();
        for row in &rows {
            let number = |index| u64::try_from(row.get::<i64, _>(index)).unwrap_or_default();
            sums.outcomes.push((row.get::<&str, _>(0).parse()?, number(1)));
            sums.ran += number(2);
            sums.cpu_ms += number(3);
            sums.wall_ms += number(4);
            sums.memory_peak_bytes = sums.memory_peak_bytes.max(number(5));
            sums.memory_sum_bytes += number(6);
            sums.bytes_sent += number(7);
            sums.bytes_received += number(8);
            sums.exchanges += number(9);
            sums.retries += number(10);
            sums.records += number(11);
        }
        Ok(sums)
    }
}

/// Counts a session that has just ended.
pub(super) async fn count(tx: &mut Tx, session: i64) -> Result<(), StoreError> {
    sqlx::query(COUNT)
        .bind(session)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("count a session of a driver"))?;
    Ok(())
}
