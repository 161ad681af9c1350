//! What is written down of a session: its begin, what it learned beside its records, its end.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::job::{Job, Refused, Tools};
use super::sink::Shown;
use crate::model::{ControlState, Outcome, SessionId, Task};
use crate::session::{Assignment, Report};
use crate::store::{self, NewClockSetting, NewSession, PackedTrace, SessionEnd, StoreError};

/// Writes down that a session begins. While the storage takes nothing it waits: what somebody asked for is not forgotten.
pub(super) async fn begin(
    tools: &Tools,
    new: &mut NewSession,
    cancel: &CancellationToken,
) -> Result<SessionId, StoreError> {
    loop {
        match tools.store.begin_session(new.clone()).await {
            Err(error) if error.is_storage_unavailable() => {
                tokio::select! {
                    () = cancel.cancelled() => return Err(error),
                    () = tools.store.resumed() => new.started_at = tools.store.now(),
                }
            }
            result => return result,
        }
    }
}

/// How a session went, as the journal has it.
pub(super) fn session_end(
    session: SessionId,
    ended_at: Timestamp,
    shown: &Shown,
    report: Result<Report, Refused>,
) -> SessionEnd {
    let (records_added, values_added, incidents) = shown.brought();
    let report = match report {
        Ok(report) => report,
        Err((outcome, text)) => {
            return SessionEnd {
                session,
                ended_at,
                outcome,
                detail: Some(text),
                identity: None,
                phases: Vec::new(),
                counters: store::Counters {
                    records_added,
                    values_added,
                    ..store::Counters::default()
                },
                faults: Vec::new(),
                trace: PackedTrace::default(),
                asked: None,
                clock: None,
                schedule_done: None,
                tells_of_device: true,
            };
        }
    };
    let mut faults = report.faults;
    if incidents > 0 {
        faults.push(format!(
            "{incidents} records came back different from what was stored: see the incidents"
        ));
    }
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let identity = report.identity.map(|identity| store::IdentitySeen {
        model: identity.model,
        serial: identity.serial,
        firmware: identity.firmware,
        details: identity.details,
    });
    let phases = report
        .phases
        .into_iter()
        .map(|phase| store::Phase {
            name: phase.name,
            started_ms: phase.started_ms,
            ended_ms: phase.ended_ms,
            outcome: match (phase.said, phase.failed) {
                (Some(said), _) => said,
                (None, Some((outcome, text))) => format!("{outcome}: {text}"),
                (None, None) => "ok".to_owned(),
            },
            records: phase.rows,
        })
        .collect();
    SessionEnd {
        session,
        ended_at,
        outcome: report.outcome,
        detail: report.detail,
        // A device that is not the one meant must not lend it its name.
        identity: identity.filter(|_| report.outcome != Outcome::WrongDevice),
        phases,
        counters: store::Counters {
            exchanges: report.usage.exchanges.into(),
            retries: report.usage.retries.into(),
            bytes_sent: report.usage.bytes_sent,
            bytes_received: report.usage.bytes_received,
            records_added,
            values_added,
            cpu_ms: millis(report.busy),
            wall_ms: millis(report.wall),
            // Operators count begun seconds.
            on_line_s: millis(report.on_line).div_ceil(1_000),
            memory_peak_bytes: u64::try_from(report.usage.memory_peak_bytes).unwrap_or(u64::MAX),
        },
        faults,
        trace: report.trace.as_str().into(),
        asked: report.asked.map(|asked| asked.to_text()),
        clock: report.clock.map(|clock| store::ClockSeen {
            shown: clock.shown,
            offset_ms: clock.offset_ms,
            uncertainty_ms: clock.uncertainty_ms.into(),
        }),
        schedule_done: None,
        tells_of_device: true,
    }
}

/// Keeps what a session learned beside its records.
pub(super) async fn keep(
    tools: &Tools,
    job: &Job,
    session: SessionId,
    asked: &[Assignment],
    report: &Report,
) -> Result<(), StoreError> {
    let (store, device) = (&tools.store, &job.planned.device);
    if let Some(setting) = &report.clock_setting {
        let new = NewClockSetting {
            device: device.id,
            session,
            at: setting.at,
            before_offset_ms: setting.before.offset_ms,
            target: setting.to,
            after_offset_ms: setting.after.map(|after| after.offset_ms),
            outcome: setting.outcome,
            text: setting.text.clone(),
        };
        // Later sessions go by when it was set.
        while let Err(error) = store.put_clock_setting(new.clone()).await {
            storage_back(tools, error).await?;
        }
    }
    if let Some(settings) = &report.settings {
        let acted = report.acted.iter().filter(|acted| acted.state == ControlState::Done);
        let ordered = acted
            .flat_map(|acted| &acted.after)
            .map(|held| held.id.clone())
            .collect();
        let at = store.now();
        store
            .put_settings_ordered(device.id, session, at, settings, ordered)
            .await?;
    }
    let after = report.clock_setting.as_ref().and_then(|setting| setting.after);
    for clock in report.clock.into_iter().chain(after) {
        store
            .put_clock(
                device.id,
                session,
                clock.at,
                clock.offset_ms,
                clock.uncertainty_ms.into(),
            )
            .await?;
    }
    if let Some(memory) = &report.memory {
        store.put_memory(device.id, &device.driver, memory).await?;
    }
    for assignment in asked {
        // Read to its end: where it was cut before is of no use any more.
        if let Task::Archive(kind) = assignment.task
            && assignment.resume.is_some()
            && report
                .phases
                .iter()
                .any(|phase| phase.name == kind.to_string() && phase.failed.is_none())
        {
            store.clear_resume(device.id, kind).await?;
        }
    }
    Ok(())
}

/// Writes how a session ended. While the storage takes nothing it waits, so that the journal has every session: polling
/// rests meanwhile, so that no more wait than ran. When the host ends first, the next one finds the session running and
/// ends it as interrupted.
pub(super) async fn keep_end(tools: &Tools, end: SessionEnd) -> Result<(), StoreError> {
    while let Err(error) = tools.store.end_session(end.clone()).await {
        storage_back(tools, error).await?;
    }
    Ok(())
}

/// Waits until a storage that took nothing does again. Any other error comes back, and this one when the host ends.
pub(super) async fn storage_back(tools: &Tools, error: StoreError) -> Result<(), StoreError> {
    if !error.is_storage_unavailable() {
        return Err(error);
    }
    tokio::select! {
        () = tools.stopping.cancelled() => Err(error),
        () = tools.store.resumed() => Ok(()),
    }
}
