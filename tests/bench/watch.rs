//! Waits for a fleet, and turns counts into figures.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::SqlitePool;
use system_tests::TestHost;

/// Waits until so many devices have been read; fails with the host's log when it takes longer than `patience`.
pub async fn until_read(host: &TestHost, pool: &SqlitePool, meters: u32, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        let ended: i64 = sqlx::query_scalar("select count(*) from device_state where last_outcome is not null")
            .fetch_one(pool)
            .await?;
        if ended >= i64::from(meters) {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < patience,
            "{ended} of {meters} meters were read; the log:\n{}",
            host.log()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// A count as a figure.
#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn number(count: i64) -> f64 {
    count as f64
}
