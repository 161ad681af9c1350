//! What the kernel counts of a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use uzel::limits;
use uzel::session::sessions_allowed;

/// The unit of processor time in /proc, on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process and all its threads so far, user and system, to 10 ms.
pub fn cpu(pid: u32) -> Result<Duration> {
    let text = read(pid, "stat")?;
    // The name in parentheses may hold anything; behind it come state (3) to utime (14) and stime (15).
    let (_, fields) = text.rsplit_once(')').context("a process has a name in its stat")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let (Some(Ok(user)), Some(Ok(system))) = (times.next(), times.next()) else {
        anyhow::bail!("no processor time in {text:?}");
    };
    Ok(TICK * (user + system))
}

/// A line of /proc/PID/status in KiB: `VmRSS`, `VmHWM`.
pub fn memory_kib(pid: u32, key: &str) -> Result<f64> {
    let text = read(pid, "status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .context("a process has memory")?;
    Ok(number.parse()?)
}

/// Memory mappings.
pub fn mappings(pid: u32) -> Result<usize> {
    Ok(read(pid, "maps")?.lines().count())
}

/// Has the kernel allow the mappings of so many sessions, where it does not yet and this user may say so. Gives how many
/// sessions it allows then.
pub fn allow_sessions(sessions: u32) -> usize {
    let wanted = usize::try_from(sessions).unwrap_or(usize::MAX);
    if sessions_allowed() < wanted {
        let mappings = limits::MAPPINGS_RESERVED + wanted.saturating_mul(limits::MAPPINGS_A_SESSION);
        if let Err(error) = fs::write("/proc/sys/vm/max_map_count", mappings.to_string()) {
            println!("vm.max_map_count stays: {error}; fewer than {wanted} sessions will be open at once");
        }
    }
    sessions_allowed()
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("read {path}"))
}
