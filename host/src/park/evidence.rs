//! What a package says of its own trial by the conformance kit. The park does not try again: that takes minutes.

use serde::{Deserialize, Serialize};

use crate::conformance::{FORMAT, Report, Verdict};
use crate::foreign::shown;
use crate::limits;
use crate::package::{Package, REPORT};

/// A report of the conformance kit in short: the vendor's word, under his signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Version of the kit.
    pub kit: String,
    /// How many seeds of noise each recording was given.
    pub seeds: u64,
    /// Checks that found nothing wrong.
    pub ok: u32,
    /// Checks that failed.
    pub failed: u32,
    /// Checks that could not be made.
    pub not_applicable: u32,
    /// What failed, the first of it: check, recording, what was seen.
    pub failures: Vec<String>,
}

impl Evidence {
    /// In one line.
    pub fn summary(&self) -> String {
        format!("kit {}: {} checks ok, {} failed", self.kit, self.ok, self.failed)
    }
}

/// What the report of a package says; none: it has none.
///
/// # Errors
/// It is no report, or one of another component.
pub fn evidence(package: &Package, digest: &str) -> Result<Option<Evidence>, String> {
    let Some(bytes) = package.files.get(REPORT) else {
        return Ok(None);
    };
    let report: Report = serde_json::from_slice(bytes).map_err(|error| shown(&format!("{REPORT}: {error}")))?;
    if report.format != FORMAT || report.format_version != 1 {
        return Err(format!("{REPORT} is no report of the conformance kit in version 1"));
    }
    if report.component != digest {
        let got: String = report.component.chars().take(64).collect();
        return Err(format!(
            "{REPORT} is of component {}, the package has {digest}",
            shown(&got)
        ));
    }
    let count = |verdict| {
        let checks = report.checks.iter().filter(|check| check.verdict == verdict);
        u32::try_from(checks.count()).unwrap_or(u32::MAX)
    };
    let failures = report.checks.iter().filter(|check| check.verdict == Verdict::Failed);
    let failure = |check: &crate::conformance::Check| {
        let recording = check.recording.as_deref().unwrap_or("the component");
        let text: String = format!("{}, {recording}: {}", check.check, check.text)
            .chars()
            .take(limits::LOG_LINE_BYTES)
            .collect();
        shown(&text)
    };
    Ok(Some(Evidence {
        kit: shown(&report.uzel.chars().take(limits::CODE_BYTES).collect::<String>()),
        seeds: report.seeds,
        ok: count(Verdict::Ok),
        failed: count(Verdict::Failed),
        not_applicable: count(Verdict::NotApplicable),
        failures: failures.take(limits::REPORT_FAILURES).map(failure).collect(),
    }))
}
