//! What the kit found, for people and for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it must be.
    Ok,
    /// Not as it must be.
    Failed,
    /// It could not be tried: the text says why.
    NotApplicable,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name, for ever.
    pub check: String,
    /// The recording that it was tried with; none: the component alone.
    pub recording: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen; of a failure what, where and what was expected.
    pub text: String,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// `uzel-conformance`.
    pub format: String,
    /// 1.
    pub format_version: u32,
    /// The host that tried it.
    pub uzel: String,
    /// SHA-256 of the component, hex.
    pub component: String,
    /// The driver's name and version, where it could say them.
    pub driver: Option<String>,
    /// How many seeds of noise each recording was given.
    pub seeds: u64,
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

/// What [`Report::format`] says.
pub const FORMAT: &str = "uzel-conformance";

impl Report {
    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        self.count(Verdict::Failed) == 0
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let driver = self.driver.as_deref().unwrap_or("a component");
        writeln!(f, "{driver}, {}", self.component)?;
        let mut recording = None;
        for check in &self.checks {
            if check.recording != recording {
                recording.clone_from(&check.recording);
                writeln!(f, "{}", recording.as_deref().unwrap_or_default())?;
            }
            let word = match check.verdict {
                Verdict::Ok => "ok",
                Verdict::Failed => "FAILED",
                Verdict::NotApplicable => "n/a",
            };
            writeln!(f, "  {word:<6} {:<14} {}", check.check, check.text)?;
        }
        let [failed, apart] = [Verdict::Failed, Verdict::NotApplicable].map(|verdict| self.count(verdict));
        let ok = self.count(Verdict::Ok);
        writeln!(f, "{ok} checks ok, {failed} failed, {apart} not applicable")
    }
}
