//! The client's budgets: what it takes from the server and how long until it is on the screen.

mod point;

use anyhow::Result;

/// Measures every part.
pub fn run() -> Result<()> {
    point::run()
}
