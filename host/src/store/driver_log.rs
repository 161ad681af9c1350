//! What drivers log. The lines stand in the traces of their sessions, where secrets are masked already.

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::Store;
use super::error::StoreError;
use super::trace::text_of;
use crate::foreign::shown;
use crate::limits;
use crate::model::trace::{EntryKind, parse};

/// A line that a driver logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverLine {
    /// In which session.
    pub session: i64,
    /// Key and name of the device.
    pub device: (i64, String),
    /// When.
    pub at: Timestamp,
    /// `debug`, `info`, `warn`, `error`.
    pub level: String,
    /// What; characters that steer a terminal stand by their number.
    pub text: String,
}

/// Lines of a version, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriverLines {
    /// There may be none, and yet older ones: a page is looked for in so many sessions and not in more.
    pub lines: Vec<DriverLine>,
    /// The next page is of sessions before this one; none: there are no more.
    pub next: Option<i64>,
}

/// Traces of a version's sessions before one.
const TRACES: &str = "
    select s.id, s.device_id, d.name, s.started_at_ms, coalesce(t.text, ''), t.packed
    from session s join device d on d.id = s.device_id left join trace t on t.session_id = s.id
    where s.driver_digest = $1 and s.id < $2 order by s.id desc limit $3";

impl Store {
    /// Lines that a version logged in sessions before `before`: whole sessions, until there are `limit` of them.
    pub async fn driver_lines(
        &self,
        digest: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<DriverLines, StoreError> {
        let most = limits::LOG_SESSIONS;
        let mut rows = sqlx::query(TRACES)
            .bind(digest)
            .bind(before.unwrap_or(i64::MAX))
            .bind(most)
            .fetch(&self.readers);
        let (mut found, mut looked_at, mut bytes) = (DriverLines::default(), 0, 0);
        while let Some(row) = rows
            .try_next()
            .await
            .map_err(StoreError::of("read what a driver logged"))?
        {
            let session: i64 = row.get(0);
            let text = text_of(row.get(4), row.get(5))?;
            let device = (row.get(1), row.get(2));
            let started_at = Timestamp::from_millisecond(row.get(3)).unwrap_or_default();
            let of_session = lines(session, &device, started_at, &text);
            found.lines.extend(of_session);
            looked_at += 1;
            bytes += text.len();
            if found.lines.len() >= limit || looked_at == most || bytes > limits::LOG_TRACE_BYTES {
                found.next = Some(session);
                break;
            }
        }
        Ok(found)
    }
}

/// The lines of one session, the newest first; the last ones, should there be very many.
fn lines(session: i64, device: &(i64, String), started_at: Timestamp, trace: &str) -> Vec<DriverLine> {
    let logged = parse(trace).filter(|entry| entry.kind == EntryKind::Log);
    let line = |entry: crate::model::trace::Entry| {
        let since = SignedDuration::from_millis(i64::try_from(entry.at_ms).unwrap_or(i64::MAX));
        let (level, text) = entry.rest.split_once(": ").unwrap_or(("info", &entry.rest));
        DriverLine {
            session,
            device: device.clone(),
            at: started_at.saturating_add(since).unwrap_or(started_at),
            level: level.to_owned(),
            text: shown(text),
        }
    };
    let mut lines: Vec<DriverLine> = logged.map(line).collect();
    lines.reverse();
    lines.truncate(limits::LOG_LINES_A_SESSION);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_are_told_from_the_rest_of_a_trace() {
        let trace =
            "0 > 10 16\n12 ! warn: value \u{202e}desrever\u{1b}[2J\n13 < 10\n40 ! error: no answer\n41 * note\n";
        let started_at = Timestamp::from_second(1_700_000_000).unwrap();
        let lines = lines(7, &(1, "boiler-7".to_owned()), started_at, trace);
        let short: Vec<(i64, &str, &str)> = lines
            .iter()
            .map(|line| {
                (
                    line.at.as_millisecond() % 1_000,
                    line.level.as_str(),
                    line.text.as_str(),
                )
            })
            .collect();
        assert_eq!(
            short,
            [
                (40, "error", "no answer"),
                (12, "warn", "value \\u{202e}desrever\\u{1b}[2J")
            ]
        );
    }
}
