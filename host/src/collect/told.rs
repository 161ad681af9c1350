//! What is told of a session: to those who watch, to the journal and the log.

use tracing::{error, info, warn};

use super::handle::Live;
use super::job::{Job, Tools};
use super::journal::keep_end;
use super::sink::{Shown, used};
use crate::model::{Outcome, SessionId};
use crate::store::{NewSession, Route, SessionEnd};

/// A session that begins, as those who watch see it.
pub(super) fn live(session: SessionId, job: &Job, route: &Route, new: &NewSession) -> Live {
    let device = &job.planned.device;
    Live {
        session,
        device: (device.id, device.name.clone()),
        line: (route.line, route.line_name.clone()),
        driver: (new.driver.as_str().into(), new.driver_version.as_str().into()),
        reason: new.reason,
        started_at: new.started_at,
        phase: "open".into(),
        done: 0,
        total: 0,
        bytes_sent: 0,
        bytes_received: 0,
        exchanges: 0,
        records_added: 0,
        outcome: None,
        detail: None,
        ended_at: None,
    }
}

/// Writes the journal, tells those who watch, counts.
pub(super) async fn finish(tools: &Tools, job: &Job, shown: &Shown, new: &NewSession, end: SessionEnd) {
    let device = &job.planned.device;
    let (id, name, outcome) = (device.id, &device.name, end.outcome);
    let (added, duration_ms) = (end.counters.records_added, end.counters.wall_ms);
    let detail = end.detail.clone();
    let told = end.clone();
    if let Err(error) = keep_end(tools, end).await {
        error!(device.id = %id, session.id = %told.session, %error, "the journal of a session with {name} was not kept");
    }
    shown.end(|live| {
        used(
            live,
            &crate::driver::Usage {
                bytes_sent: told.counters.bytes_sent,
                bytes_received: told.counters.bytes_received,
                exchanges: u32::try_from(told.counters.exchanges).unwrap_or(u32::MAX),
                ..crate::driver::Usage::default()
            },
        );
        live.outcome = Some(outcome);
        live.detail.clone_from(&told.detail);
        live.ended_at = Some(told.ended_at);
    });
    tools.tally.count(new, &told);
    match outcome {
        Outcome::Complete => info!(
            device.id = %id, session.id = %told.session, records = added, duration_ms,
            "stored {added} records of {name}"
        ),
        Outcome::Storage => error!(
            device.id = %id, session.id = %told.session, detail, "the store did not take what {name} gave"
        ),
        _ => warn!(
            device.id = %id, session.id = %told.session, records = added, duration_ms, outcome = %outcome,
            "session with {name} ended: {outcome}: {}", detail.as_deref().unwrap_or_default()
        ),
    }
}
