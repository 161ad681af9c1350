//! The conformance kit: whether a driver keeps the contract on lines as they are. A driver is held with its own
//! recordings, by the production's engine, sessions and limits, on a line of the kit's with one thing wrong at a time.

mod bench;
mod chance;
mod component;
mod disturbed;
mod faithful;
mod hold;
mod line;
mod memory;
mod recording;
mod report;
mod rows;
mod said;
mod schema;
mod stopped;
mod truth;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

pub use bench::{Measure, measure};
pub use report::{Check, FORMAT, Report, Verdict};

use crate::driver::{Driver, Runtime, digest};
use crate::session::AskedFault;
use recording::Recording;

/// What is tried.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The component.
    pub component: &'a [u8],
    /// Where it is from, for people.
    pub file: &'a Path,
    /// Its recordings: name and bytes as `uzel read --save` writes them.
    pub recordings: Vec<(String, Vec<u8>)>,
    /// Configuration keys that stand above the recorded ones: an object.
    pub config: Value,
    /// Seeds of noise for each recording.
    pub seeds: u64,
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// A recording cannot be used.
    #[error("recording {name}: {text}")]
    Recording {
        /// Which.
        name: String,
        /// What is wrong.
        text: String,
    },
    /// What it was asked cannot be made out.
    #[error(transparent)]
    Asked(#[from] AskedFault),
    /// The driver did not load.
    #[error(transparent)]
    Load(#[from] crate::driver::LoadError),
}

/// The checks of one recording, in order.
struct Checks<'a> {
    driver: &'a Arc<Driver>,
    recording: &'a Recording,
    seeds: u64,
    made: Vec<Check>,
}

impl Checks<'_> {
    fn add(&mut self, check: &str, verdict: Verdict, text: impl Into<String>) {
        self.made.push(Check {
            check: check.to_owned(),
            recording: Some(self.recording.name.clone()),
            verdict,
            text: text.into(),
        });
    }

    /// `fault` is what was wrong; without one `text` says what was seen.
    fn judge(&mut self, check: &str, fault: Option<String>, text: impl Into<String>) {
        match fault {
            Some(fault) => self.add(check, Verdict::Failed, fault),
            None => self.add(check, Verdict::Ok, text),
        }
    }
}

/// The first thing in which a driver differs from a recording, by the same comparison as the kit's; none: it gives the
/// same to the last digit.
///
/// # Errors
/// The recording cannot be read, or does not fit the driver.
pub async fn difference(driver: &Arc<Driver>, name: &str, bytes: &[u8]) -> Result<Option<String>, ConformanceError> {
    let recording = Recording::open(name, bytes, driver, &Value::Null)?;
    faithful::difference(driver, &recording).await
}

/// Tries everything.
///
/// # Errors
/// A recording that cannot be read; what the driver does wrong is in the report.
pub async fn run(runtime: &Runtime, subject: &Subject<'_>) -> Result<Report, ConformanceError> {
    let mut report = Report {
        format: FORMAT.to_owned(),
        format_version: 1,
        uzel: env!("CARGO_PKG_VERSION").to_owned(),
        component: digest(subject.component),
        driver: None,
        seeds: subject.seeds,
        checks: Vec::new(),
    };
    let Some(driver) = component::check(runtime, subject, &mut report.checks) else {
        return Ok(report);
    };
    let driver = Arc::new(driver);
    report.driver = Some(format!("{} {}", driver.describe.id, driver.describe.version));
    if subject.recordings.is_empty() {
        report.checks.push(Check {
            check: "recordings".to_owned(),
            recording: None,
            verdict: Verdict::Failed,
            text: "there are none, expected at least one: `uzel read --save` makes it".to_owned(),
        });
    }
    for (name, bytes) in &subject.recordings {
        let recording = Recording::open(name, bytes, &driver, &subject.config)?;
        let mut checks = Checks {
            driver: &driver,
            recording: &recording,
            seeds: subject.seeds,
            made: Vec::new(),
        };
        faithful::check(&mut checks).await?;
        disturbed::check(&mut checks).await?;
        stopped::check(&mut checks).await?;
        rows::check(&mut checks).await?;
        report.checks.append(&mut checks.made);
    }
    Ok(report)
}
