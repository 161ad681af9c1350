//! What a fleet looks like that was read before: its store lacks the last day.

use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use uzel::model::{Absence, ArchiveKind, Outcome, Reason, Span};
use uzel::store::{Config, Counters, NewSession, PollDevice, SessionEnd, Store};

use crate::meters::ZONE;

/// What is missing of each device after [`read`], records.
pub const HOURS: i64 = 24;
pub const DAYS: i64 = 1;

/// Writes down, for every device of the file, a session of yesterday after which nothing is missing but the 24 hours
/// and the one day that ended last by `clock`, which is what the meters show. Gives when these sessions began: what
/// is measured begins later.
///
/// What they would have brought is said to have never been there, as in a meter that was new then: the planner makes no
/// difference, and the database file holds nothing but what is measured.
pub fn read(database: &Path, clock: DateTime) -> Result<Timestamp> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store = Store::open(&Config { path: database.into() }).await?;
        let earlier = Earlier::of(clock)?;
        let tasks: Vec<_> = store
            .poll_plan()
            .await?
            .into_iter()
            .map(|device| tokio::spawn(earlier.session(store.clone(), device)))
            .collect();
        for task in tasks {
            task.await??;
        }
        store.close().await;
        Ok(earlier.at)
    })
}

/// Times of the sessions of yesterday.
#[derive(Clone, Copy)]
struct Earlier {
    /// When they were.
    at: Timestamp,
    /// Up to where hours and days are known.
    hours_until: Timestamp,
    days_until: Timestamp,
}

impl Earlier {
    fn of(clock: DateTime) -> Result<Self> {
        let zone = TimeZone::get(ZONE)?;
        let instant = |civil: DateTime| Ok::<_, anyhow::Error>(zone.to_timestamp(civil)?);
        let (last_hour, last_day) = (clock.date().at(clock.hour(), 0, 0, 0), clock.date().at(0, 0, 0, 0));
        Ok(Self {
            at: Timestamp::now().checked_sub(25.hours())?,
            hours_until: instant(last_hour.checked_sub(HOURS.hours())?)?,
            days_until: instant(last_day.checked_sub(DAYS.days())?)?,
        })
    }

    async fn session(self, store: Store, device: PollDevice) -> Result<()> {
        let route = device.routes.first().context("a device has a route")?;
        let new = NewSession {
            device: device.id,
            line: route.line,
            driver: device.driver,
            driver_version: "1.0.0".to_owned(),
            driver_digest: "none".to_owned(),
            reason: Reason::Schedule,
            started_at: self.at,
        };
        let session = store.begin_session(new).await?;
        let archives = [
            (ArchiveKind::Hourly, self.hours_until),
            (ArchiveKind::Daily, self.days_until),
        ];
        for (kind, end) in archives {
            let start = Timestamp::UNIX_EPOCH;
            store
                .put_absence(device.id, session, kind, Span { start, end }, Absence::NeverWritten)
                .await?;
        }
        let end = SessionEnd {
            session,
            ended_at: self.at,
            outcome: Outcome::Complete,
            detail: None,
            identity: None,
            phases: Vec::new(),
            counters: Counters::default(),
            faults: Vec::new(),
            trace: uzel::store::PackedTrace::default(),
            asked: None,
            clock: None,
            // The device's state stays as of one never read, so that a session of the host is told from this one.
            tells_of_device: false,
            schedule_done: None,
        };
        Ok(store.end_session(end).await?)
    }
}
