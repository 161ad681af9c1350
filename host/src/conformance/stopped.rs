//! Sessions that somebody stops, and sessions that go on where one was cut.

use tokio_util::sync::CancellationToken;

use super::disturbed::{attempt, broken, line, on, over};
use super::hold::{Setup, hold};
use super::line::{Line, Twist};
use super::truth::Truth;
use super::{Checks, ConformanceError, Verdict};
use crate::limits;
use crate::model::Outcome;

/// Adds `cancel` and `resume`.
pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), ConformanceError> {
    let truth = Truth::of(checks.recording);
    cancel(checks, &truth).await?;
    resume(checks, &truth).await
}

async fn cancel(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    let recording = checks.recording;
    let middle = recording.exchanges.len() / 2;
    if middle == 0 && !recording.is_unasked() {
        checks.add(
            "cancel",
            Verdict::NotApplicable,
            "the recording has one question at most, which has no middle",
        );
        return Ok(());
    }
    let cancel = CancellationToken::new();
    let twist = Twist::StopAt(middle, cancel.clone());
    let line = line(checks, twist, false)?;
    let setup = Setup {
        cancel,
        ..Setup::new(recording, over(&line))?.patient()
    };
    let held = hold(checks.driver, recording, setup).await?;
    let (outcome, why) = (held.report.outcome, held.report.detail.clone().unwrap_or_default());
    let fault = truth.wrong(&held).or_else(|| {
        let is_right = outcome == Outcome::Cancelled && !why.contains("dropped");
        (!is_right).then(|| format!("at question {middle}: {outcome}: {why}, expected that it returns, cancelled"))
    });
    checks.judge("cancel", fault, format!("at question {middle}, returned by itself"));
    Ok(())
}

async fn resume(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    if truth.records() == 0 {
        checks.add("resume", Verdict::NotApplicable, "the recording has no records");
        return Ok(());
    }
    let recording = checks.recording;
    let places = recording.places(limits::RESUME_PLACES);
    let (whole, _) = on(checks, truth, Twist::Nothing).await?;
    let want = truth.found(&[&whole.given]);
    let (mut tokens, mut unknown) = (0, 0);
    for place in &places {
        let (first, _) = on(checks, truth, Twist::CutAt(*place)).await?;
        let token = first.given.resume.as_ref();
        tokens += usize::from(token.is_some());
        let setup = |line: &Line| Ok(Setup::new(recording, over(line))?.patient().resumed(token));
        let (second, line) = attempt(checks, truth, &Twist::Nothing, &setup).await?;
        let got = truth.found(&[&first.given, &second.given]);
        // A driver that takes another way needs answers that this recording may not have.
        let is_unknown = got < want && line.unanswered() + line.guessed() > 0;
        unknown += usize::from(is_unknown);
        let fault = broken(&second).or_else(|| truth.wrong(&second)).or_else(|| {
            (got < want && !is_unknown).then(|| format!("{got} records in both sessions, expected {want}"))
        });
        if let Some(fault) = fault {
            checks.add("resume", Verdict::Failed, format!("cut at question {place}: {fault}"));
            return Ok(());
        }
    }
    let seen = format!("{} cuts, nothing lost, {tokens} with a token", places.len());
    let apart = format!("{seen}; after {unknown} the driver asks what the recording cannot answer");
    match unknown {
        0 => checks.add("resume", Verdict::Ok, seen),
        all if all == places.len() => checks.add("resume", Verdict::NotApplicable, apart),
        _ => checks.add("resume", Verdict::Ok, apart),
    }
    Ok(())
}
