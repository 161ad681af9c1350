//! Rows of a DLMS load profile: the driver in its sandbox over its recorded day, beside gurux-dlms over the answers of a
//! recorded conversation. Both hold the whole conversation: association, captured objects, rows.

use std::time::Duration;

use anyhow::{Context as _, Result};
use uzel::conformance::Measure;

use super::driver_folder;
use crate::{python, report};

/// A conversation over the wrapper with a range of a profile of hours.
const TRANSCRIPT: &str = "tests/data/session_11_wrapper_range_72_pdu65535.json";

/// Measures both.
pub fn run(measures: &[Measure]) -> Result<()> {
    let measure = measures.first().context("the dlms driver was measured")?;
    let rate = |rows: usize, took: Duration| f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / took.as_secs_f64();
    let ours = rate(measure.records, measure.busy);
    let text = format!(
        "rows of {} in the sandbox, {} of them",
        measure.recording, measure.records
    );
    report::figure("dlms.rows.sandbox", ours, "1/s", &text);
    match gurux() {
        Ok((rows, took)) => {
            let theirs = rate(rows, took);
            report::figure(
                "dlms.rows.python",
                theirs,
                "1/s",
                &format!("gurux-dlms 1.0.203, {rows} rows"),
            );
            let times = ours / theirs;
            report::goal("dlms.rows.times", times, "", times >= 50.0, "50 times gurux-dlms");
        }
        Err(error) => println!("  SKIPPED: gurux-dlms: {error:#}"),
    }
    Ok(())
}

fn gurux() -> Result<(usize, Duration)> {
    let python = python::Python::prepare()?;
    let said = python.run("dlms_rows.py", &[&driver_folder("dlms").join(TRANSCRIPT)])?;
    let (rows, took) = said.trim().split_once(' ').context("rows and seconds")?;
    Ok((rows.parse()?, Duration::try_from_secs_f64(took.parse()?)?))
}
