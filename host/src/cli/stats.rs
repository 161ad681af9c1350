//! `uzel driver stats`: what the sessions of a version came to, by the names of the API and the metrics.

use std::io::Write;

use jiff::SignedDuration;

use super::park::ParkCommandError;
use crate::park::Park;
use crate::store::whole_hours;

/// Prints the sums of the last `hours`.
///
/// # Errors
/// There is no such version, the store failed, or the output could not be written.
pub(super) async fn print(
    park: &Park,
    digest: &str,
    hours: u32,
    out: &mut (dyn Write + Send),
) -> Result<(), ParkCommandError> {
    let version = park.find(digest).await?;
    let now = park.store().now();
    let since = now.saturating_sub(SignedDuration::from_hours(i64::from(hours)));
    let (from, to) = whole_hours(since.unwrap_or(jiff::Timestamp::MIN), now);
    let sums = park.store().driver_sums(&version.digest, from, to).await?;
    writeln!(out, "{} {}\tfrom {from} to {to}", version.driver, version.version)?;
    writeln!(out, "sessions\t{}", sums.sessions())?;
    for (outcome, sessions) in &sums.outcomes {
        writeln!(out, "  {outcome}\t{sessions}")?;
    }
    for (name, value) in [
        ("cpu_ms", sums.cpu_ms),
        ("wall_ms", sums.wall_ms),
        ("memory_peak_bytes", sums.memory_peak_bytes),
        ("bytes_sent", sums.bytes_sent),
        ("bytes_received", sums.bytes_received),
        ("exchanges", sums.exchanges),
        ("retries", sums.retries),
        ("records", sums.records),
    ] {
        writeln!(out, "{name}\t{value}")?;
    }
    Ok(())
}
