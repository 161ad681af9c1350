//! The client's budgets: what it takes from the server and how long until it is on the screen.

mod browser;
mod point;
mod start;

use anyhow::Result;

/// Measures every part: a host of so many nodes, and one point with a year of hours.
pub fn run(nodes: u32) -> Result<()> {
    start::run(nodes)?;
    point::run()
}
