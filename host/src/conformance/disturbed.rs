//! Lines that are silent, noisy, cut, in pieces, late or doubled.

use super::chance::Chance;
use super::hold::{Held, Setup, hold};
use super::line::{Line, Twist};
use super::truth::Truth;
use super::{Checks, ConformanceError, Verdict};
use crate::limits;
use crate::model::Outcome;
use crate::session::Over;

/// Adds `silent`, `noise`, `cut`, `split`, `late` and `doubled`.
pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), ConformanceError> {
    let truth = Truth::of(checks.recording);
    silent(checks, &truth).await?;
    noise(checks, &truth).await?;
    cut(checks, &truth).await?;
    split(checks, &truth).await?;
    for (check, twist) in [("late", Twist::Late), ("doubled", Twist::Twice)] {
        let (held, _) = on(checks, &truth, twist).await?;
        let seen = format!("{}, no wrong value: {}", held.report.outcome, found(&truth, &held));
        checks.judge(check, broken(&held).or_else(|| truth.wrong(&held)), seen);
    }
    Ok(())
}

/// Holds the session on a line of the kit's.
pub(super) async fn on(checks: &Checks<'_>, truth: &Truth<'_>, twist: Twist) -> Result<(Held, Line), ConformanceError> {
    let setup = |line: &Line| Ok(Setup::new(checks.recording, over(line))?.patient());
    attempt(checks, truth, &twist, &setup).await
}

/// As [`on`], the session set up by `setup`. What goes wrong after a guess of the meter is tried again without guesses.
pub(super) async fn attempt(
    checks: &Checks<'_>,
    truth: &Truth<'_>,
    twist: &Twist,
    setup: &(dyn Fn(&Line) -> Result<Setup, ConformanceError> + Sync),
) -> Result<(Held, Line), ConformanceError> {
    let once = async |guesses| {
        let line = line(checks, twist.clone(), guesses)?;
        let held = hold(checks.driver, checks.recording, setup(&line)?).await?;
        Ok::<_, ConformanceError>((held, line))
    };
    let (held, line) = once(true).await?;
    let is_wrong = broken(&held).is_some() || truth.wrong(&held).is_some();
    if is_wrong && line.guessed() > 0 {
        return once(false).await;
    }
    Ok((held, line))
}

/// A line to the recording's meter.
pub(super) fn line(checks: &Checks<'_>, twist: Twist, guesses: bool) -> Result<Line, ConformanceError> {
    let recording = checks.recording;
    Ok(Line::new(
        recording.asked.medium()?,
        recording.exchanges.clone(),
        twist,
        guesses,
    ))
}

pub(super) fn over(line: &Line) -> Over {
    let line = line.clone();
    Over::Made(Box::new(move || Box::new(line.clone())))
}

/// What no line is an excuse for.
pub(super) fn broken(held: &Held) -> Option<String> {
    let is_broken = matches!(
        held.report.outcome,
        Outcome::DriverTrap | Outcome::DriverFault | Outcome::LimitCpu | Outcome::LimitMemory | Outcome::LimitBytes
    );
    let why = held.report.detail.as_deref().unwrap_or_default();
    is_broken.then(|| format!("the session ends with {}: {why}", held.report.outcome))
}

fn found(truth: &Truth<'_>, held: &Held) -> String {
    format!("{} of {} records", truth.found(&[&held.given]), truth.records())
}

async fn silent(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    let (held, line) = on(checks, truth, Twist::Silence).await?;
    let (asked, took) = (line.asked(), line.clock());
    let seen = format!("given up after {asked} questions and {:.1} s", took.as_secs_f64());
    let outcome = held.report.outcome;
    let fault = if outcome != Outcome::NoAnswer {
        let why = held.report.detail.as_deref().unwrap_or_default();
        Some(format!("the session ends with {outcome}: {why}, expected no-answer"))
    } else if asked > limits::SILENT_QUESTIONS || took > limits::SILENT_TIME {
        let (questions, most) = (limits::SILENT_QUESTIONS, limits::SILENT_TIME.as_secs());
        Some(format!("{seen}, expected at most {questions} questions and {most} s"))
    } else {
        None
    };
    checks.judge("silent", fault, seen);
    Ok(())
}

async fn noise(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    let (mut complete, mut records) = (0, 0);
    for seed in 0..checks.seeds {
        let (held, _) = on(checks, truth, Twist::Noise(Chance::new(seed))).await?;
        if let Some(fault) = broken(&held).or_else(|| truth.wrong(&held)) {
            checks.add("noise", Verdict::Failed, format!("seed {seed}: {fault}"));
            return Ok(());
        }
        complete += u64::from(held.report.outcome == Outcome::Complete);
        records += truth.found(&[&held.given]);
    }
    let (seeds, most) = (checks.seeds, truth.records());
    let all = usize::try_from(seeds).unwrap_or(usize::MAX).saturating_mul(most);
    let seen = format!("{seeds} seeds, no wrong value: {complete} sessions complete, {records} of {all} records");
    checks.add("noise", Verdict::Ok, seen);
    Ok(())
}

async fn cut(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    let places = checks.recording.places(limits::CUT_PLACES);
    for place in &places {
        let (held, line) = on(checks, truth, Twist::CutAt(*place)).await?;
        let outcome = held.report.outcome;
        // The last question may be the one that says goodbye, which costs nothing.
        let is_all = truth.found(&[&held.given]) == truth.records();
        let fault = broken(&held).or_else(|| truth.wrong(&held)).or_else(|| {
            let is_right = outcome == Outcome::LineClosed || is_all;
            (!is_right).then(|| format!("the session ends with {outcome}, expected line-closed"))
        });
        let fault = fault.or_else(|| {
            let asked = line.asked_closed();
            (asked > limits::CLOSED_QUESTIONS).then(|| {
                format!(
                    "{asked} questions on a closed line, expected at most {}",
                    limits::CLOSED_QUESTIONS
                )
            })
        });
        if let Some(fault) = fault {
            checks.add("cut", Verdict::Failed, format!("at question {place}: {fault}"));
            return Ok(());
        }
    }
    checks.add(
        "cut",
        Verdict::Ok,
        format!("{} places, no wrong value, each told", places.len()),
    );
    Ok(())
}

/// Bytes that come one by one are still the same answer.
async fn split(checks: &mut Checks<'_>, truth: &Truth<'_>) -> Result<(), ConformanceError> {
    let (whole, _) = on(checks, truth, Twist::Nothing).await?;
    let (held, _) = on(checks, truth, Twist::Split).await?;
    let lost = || {
        let (got, want) = (found(truth, &held), found(truth, &whole));
        let (outcome, was) = (held.report.outcome, whole.report.outcome);
        ((got.as_str(), outcome) != (want.as_str(), was))
            .then(|| format!("{outcome} with {got}, expected {was} with {want} as from whole answers"))
    };
    let fault = broken(&held).or_else(|| truth.wrong(&held)).or_else(lost);
    checks.judge("split", fault, format!("byte by byte, {}", found(truth, &held)));
    Ok(())
}
