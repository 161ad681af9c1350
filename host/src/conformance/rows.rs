//! Many rows in one session: the recording's tasks over and over, within the memory of production.

use super::disturbed::{attempt, broken, over};
use super::hold::Setup;
use super::line::{Line, Twist};
use super::truth::Truth;
use super::{Checks, ConformanceError, Verdict};
use crate::driver::env::Budget;
use crate::limits;

/// Adds `rows`.
pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), ConformanceError> {
    let recording = checks.recording;
    let rows = recording.rows();
    let most = limits::CONFORMANCE_QUESTIONS / recording.exchanges.len().max(1);
    let times = limits::CONFORMANCE_ROWS.div_ceil(rows.max(1)).min(most).max(1);
    if rows == 0 {
        checks.add("rows", Verdict::NotApplicable, "the recording has no records");
        return Ok(());
    }
    let truth = Truth::of(recording);
    let memory_bytes = recording.budget.memory_bytes;
    let setup = |line: &Line| {
        let mut setup = Setup::new(recording, over(line))?.patient();
        setup.tasks = std::iter::repeat_n(setup.tasks, times).flatten().collect();
        // Memory is what is tried; the rest is as much as that takes.
        setup.budget = Budget {
            cpu_ticks: u32::MAX,
            bytes: u64::MAX,
            log_lines: u32::MAX,
            calls: u32::MAX,
            ..setup.budget
        };
        Ok(setup)
    };
    let (held, _) = attempt(checks, &truth, &Twist::Nothing, &setup).await?;
    let (got, peak) = (held.report.usage.rows, held.report.usage.memory_peak_bytes);
    let seen = format!(
        "{got} in one session, memory {} of {} KiB",
        peak.div_ceil(1024),
        memory_bytes >> 10
    );
    if let Some(fault) = broken(&held).or_else(|| truth.wrong(&held)) {
        checks.add("rows", Verdict::Failed, format!("after {got} rows: {fault}"));
    } else if got < u64::try_from(limits::CONFORMANCE_ROWS).unwrap_or(u64::MAX) {
        let outcome = held.report.outcome;
        checks.add(
            "rows",
            Verdict::NotApplicable,
            format!("{seen}: the recording gives no more ({outcome})"),
        );
    } else {
        checks.add("rows", Verdict::Ok, seen);
    }
    Ok(())
}
