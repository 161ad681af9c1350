//! How often a device is written to: its settings live in memory that wears out.

use crate::{Failure, Port};

/// Where the times of earlier writes are remembered.
const WRITES: &str = "writes";
/// Writes of one setting are at least so far apart, milliseconds.
const APART_MS: i64 = 60_000;
/// Writes to a device in a day, at most.
const A_DAY: usize = 20;
const DAY_MS: i64 = 24 * 3_600_000;

/// Lets a write happen if there were not too many, and remembers it.
pub fn permit(port: &mut dyn Port, id: &str) -> Result<(), Failure> {
    let now = port.now();
    let kept = port.recall(WRITES).unwrap_or_default();
    let kept = String::from_utf8_lossy(&kept).into_owned();
    let line = |line: &str| {
        let (at, id) = line.split_once(' ')?;
        Some((at.parse::<i64>().ok()?, id.to_owned()))
    };
    // A clock of the host that was set back must not lock the device for ever.
    let is_recent = |(at, _): &(i64, String)| (0..DAY_MS).contains(&now.saturating_sub(*at));
    let mut writes: Vec<_> = kept.lines().filter_map(line).filter(is_recent).collect();
    if writes.len() >= A_DAY {
        return Err(Failure::Refused(format!(
            "{A_DAY} writes were made within a day: no more"
        )));
    }
    if writes
        .iter()
        .any(|(at, written)| written == id && now.saturating_sub(*at) < APART_MS)
    {
        return Err(Failure::Refused(format!(
            "setting {id} was written within the last minute"
        )));
    }
    writes.push((now, id.to_owned()));
    let text: Vec<_> = writes.iter().map(|(at, id)| format!("{at} {id}")).collect();
    port.remember(WRITES, text.join("\n").as_bytes())
        .map_err(Failure::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;

    #[test]
    fn a_setting_waits_a_minute_and_a_device_has_so_many_writes_a_day() {
        let mut line = Recording::parse("").at(1_000_000);
        let refused = |line: &mut Recording, id: &str| match permit(line, id) {
            Err(Failure::Refused(why)) => why,
            other => panic!("{other:?}"),
        };
        permit(&mut line, "a").unwrap();
        assert!(refused(&mut line, "a").contains("within the last minute"));
        permit(&mut line, "b").unwrap();
        for _ in 2..A_DAY {
            line.sleep(60_000);
            permit(&mut line, "a").unwrap();
        }
        line.sleep(60_000);
        assert!(refused(&mut line, "c").contains("within a day"));
        line.sleep(24 * 3_600_000);
        permit(&mut line, "c").unwrap();
    }
}
