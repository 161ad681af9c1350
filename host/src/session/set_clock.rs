//! Sets the device's clock when everything else of a session is done, where a policy says so.

use jiff::Timestamp;

use super::report::{ClockSeen, Report, Step, Watch, clock_seen};
use super::run::{Order, no_interface};
use crate::driver::{CallError, Failure, Running};
use crate::model::clock_policy::{ClockState, ClockVerdict, offset_text};
use crate::model::{Civil, ClockLimits, ClockOutcome, Outcome};

/// By how much more than the measurements leave open a clock may be off after it was set, milliseconds: a meter may
/// take a moment to go on.
const SLACK_MS: i64 = 2_000;

/// That the clock may be set, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetClock {
    /// Within these limits.
    pub limits: ClockLimits,
    /// When that was last tried.
    pub set_at: Option<Timestamp>,
}

/// What was done about a clock that is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockSetting {
    /// When it was decided.
    pub at: Timestamp,
    /// The clock before.
    pub before: ClockSeen,
    /// What was written; none: nothing was.
    pub to: Option<Civil>,
    /// The clock after it; none: it was not read again.
    pub after: Option<ClockSeen>,
    /// What came of it.
    pub outcome: ClockOutcome,
    /// In words.
    pub text: String,
}

/// Sets the clock if it is off and may be set. Nothing is written down of a clock that is right. An error is a failure of
/// the meter or the line; that the clock is left as it is for a reason is none.
pub(super) async fn set_clock(
    order: &Order,
    running: &mut Running,
    watch: Watch<'_>,
    report: &mut Report,
) -> Result<(), CallError> {
    let (Some(asked), Some(before)) = (order.set_clock, report.clock) else {
        return Ok(());
    };
    let state = ClockState {
        offset_ms: before.offset_ms,
        uncertainty_ms: before.uncertainty_ms,
        set_at: asked.set_at,
    };
    let at = running.now();
    let verdict = asked.limits.judge(state, &order.clock, at);
    if verdict == ClockVerdict::Right {
        return Ok(());
    }
    let step = Step::begin("set-clock", running, watch);
    let mut setting = ClockSetting {
        at,
        before,
        to: None,
        after: None,
        outcome: ClockOutcome::Failed,
        text: String::new(),
    };
    let result = match verdict {
        ClockVerdict::Left(outcome, text) => {
            (setting.outcome, setting.text) = (outcome, text);
            Ok(())
        }
        ClockVerdict::Right => Ok(()),
        ClockVerdict::Set(to) => write(order, running, &mut setting, to).await,
    };
    let words = format!("{}: {}", setting.outcome, setting.text);
    report.clock_setting = Some(setting);
    step.end_saying(words, running, report, result)
}

/// Writes the clock and reads it again.
async fn write(order: &Order, running: &mut Running, setting: &mut ClockSetting, to: Civil) -> Result<(), CallError> {
    let taken = running.set_clock(to).await.unwrap_or_else(|| Err(no_interface()));
    if let Err(CallError::Failure(failure)) = &taken
        && failure.outcome == Outcome::Unsupported
    {
        (setting.outcome, setting.text) = (ClockOutcome::Unsupported, failure.text.clone());
        return Ok(());
    }
    setting.to = Some(to);
    if !is_usable(&taken) {
        setting.text = words(&taken);
        return taken;
    }
    // Also after a refusal: what the clock shows now is what counts.
    let reading = running.read_clock().await;
    if let Ok(reading) = &reading {
        setting.after = clock_seen(&order.clock, *reading);
    }
    setting.text = match (&taken, setting.after) {
        (Err(_), _) => words(&taken),
        (Ok(()), Some(after)) => change(setting.before, after),
        (Ok(()), None) => format!("set to {to}, but not read again: {}", words(&reading)),
    };
    taken?;
    reading?;
    if setting.after.is_some_and(|after| fits(setting.before, after)) {
        setting.outcome = ClockOutcome::Set;
        return Ok(());
    }
    setting.outcome = ClockOutcome::NotHeld;
    Err(CallError::Failure(Failure {
        outcome: Outcome::Refused,
        text: format!("the clock was set to {to} and does not show so: {}", setting.text),
        line_usable: true,
    }))
}

fn change(before: ClockSeen, after: ClockSeen) -> String {
    let [before, after] = [before, after].map(|seen| offset_text(seen.offset_ms));
    format!("{before} before, {after} after")
}

/// Whether a clock that was set shows so, as far as its measurements tell.
fn fits(before: ClockSeen, after: ClockSeen) -> bool {
    let open_ms = i64::from(before.uncertainty_ms / 2) + i64::from(after.uncertainty_ms) + SLACK_MS;
    after.offset_ms.saturating_abs() <= open_ms
}

fn is_usable<T>(result: &Result<T, CallError>) -> bool {
    match result {
        Ok(_) => true,
        Err(CallError::Failure(failure)) => failure.line_usable,
        Err(CallError::Ended(..)) => false,
    }
}

fn words<T>(result: &Result<T, CallError>) -> String {
    match result {
        Ok(_) => "it shows no time that can be".to_owned(),
        Err(CallError::Failure(failure)) => format!("{}: {}", failure.outcome, failure.text),
        Err(CallError::Ended(outcome, text)) => format!("{outcome}: {text}"),
    }
}
