//! The recording as it was: the same questions, the same records, twice the same, within the limits.

use std::sync::Arc;

use super::hold::{Held, Setup, hold};
use super::recording::Recording;
use super::truth::records;
use super::{Checks, ConformanceError};
use crate::driver::Driver;
use crate::model::Outcome;
use crate::session::{Over, Replay};

/// Adds `recording`, `deterministic` and `limits`.
pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), ConformanceError> {
    let recording = checks.recording;
    let (first, questions) = again(checks.driver, recording).await?;
    let rows = recording.rows();
    let exchanges = first.report.usage.exchanges;
    let seen = format!("{exchanges} questions, {rows} records and events the same to the last digit");
    checks.judge("recording", questions.or_else(|| different(recording, &first)), seen);
    let (second, _) = again(checks.driver, recording).await?;
    let fault = if first.report.trace != second.report.trace {
        Some("two runs of the recording make different calls, expected the same".to_owned())
    } else if first.given.tables != second.given.tables || first.given.events != second.given.events {
        Some("two runs of the recording give different records, expected the same".to_owned())
    } else {
        None
    };
    checks.judge("deterministic", fault, "two runs make the same calls and give the same");
    let (used, most) = (&first.report.usage, &recording.budget);
    let seen = format!(
        "memory {} of {} KiB, processor {} of {} ms, {} of {} calls",
        used.memory_peak_bytes.div_ceil(1024),
        most.memory_bytes >> 10,
        first.report.busy.as_millis(),
        u64::from(most.cpu_ticks) * crate::limits::TICK_MS,
        used.calls,
        most.calls
    );
    let is_limit = matches!(
        first.report.outcome,
        Outcome::LimitCpu | Outcome::LimitMemory | Outcome::LimitBytes
    );
    let fault = is_limit.then(|| first.report.detail.clone().unwrap_or_default());
    checks.judge("limits", fault, seen);
    Ok(())
}

/// The first thing that comes out otherwise than it was recorded.
pub(super) async fn difference(
    driver: &Arc<Driver>,
    recording: &Recording,
) -> Result<Option<String>, ConformanceError> {
    let (held, questions) = again(driver, recording).await?;
    Ok(questions.or_else(|| different(recording, &held)))
}

/// The session again, and what was asked otherwise.
async fn again(driver: &Arc<Driver>, recording: &Recording) -> Result<(Held, Option<String>), ConformanceError> {
    let replayed = Replay::new(recording.script.clone(), recording.asked.medium()?);
    let setup = Setup::new(recording, Over::Trace(replayed.clone()))?.patient();
    let held = hold(driver, recording, setup).await?;
    let unasked = replayed.unasked();
    let fault = replayed.mismatch().map(|mismatch| mismatch.to_string());
    let fault = fault.or_else(|| (unasked > 0).then(|| format!("{unasked} questions of the recording were not asked")));
    Ok((held, fault))
}

/// The first difference to what was recorded.
fn different(recording: &Recording, held: &Held) -> Option<String> {
    let (recorded, manifest) = (&recording.reading, &recording.manifest);
    let outcome = held.report.outcome.word();
    if outcome != manifest.outcome {
        let why = held.report.detail.as_deref().unwrap_or_default();
        return Some(format!(
            "the session ends with {outcome} {why}, recorded {}",
            manifest.outcome
        ));
    }
    let mut want = records(&recorded.tables);
    for (columns, record) in held.given.records() {
        let next = want.next();
        if next != Some((columns, record)) {
            let next = next.map_or_else(|| "nothing more".to_owned(), |next| format!("{next:?}"));
            return Some(format!("a record is {:?}, recorded {next}", (columns, record)));
        }
    }
    let missing = want.count();
    if missing > 0 {
        return Some(format!("{missing} records of the recording were not given"));
    }
    let said = [
        ("events", held.given.events == recorded.events),
        ("absences", held.given.absent == recorded.absent),
        (
            "settings",
            held.report.settings.as_deref().unwrap_or_default() == recorded.settings,
        ),
        ("faults", held.report.faults == manifest.faults),
    ];
    let other = said.iter().find(|(_, same)| !same);
    other.map(|(what, _)| format!("the {what} are not as recorded"))
}
