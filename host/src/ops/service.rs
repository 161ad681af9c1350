//! What a service manager is told (systemd's `Type=notify`, sd_notify(3)); without one, nothing is.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// The host serves, and says what.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is read anew; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "the service manager was not told of the reload"),
    }
}

/// The host goes down.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the service manager's watchdog while `turns` counts on: a loop that hangs is restarted, whatever else of the
/// process still moves.
pub async fn watchdog(turns: impl Fn() -> u64, cancel: CancellationToken) {
    if let Some(period) = sd_notify::watchdog_enabled().filter(|period| *period >= Duration::from_millis(4)) {
        feed(period, turns, || tell(&[NotifyState::Watchdog]), cancel).await;
    }
}

async fn feed(period: Duration, turns: impl Fn() -> u64, tell: impl Fn(), cancel: CancellationToken) {
    let mut tick = tokio::time::interval(period / 4);
    let (mut seen, mut is_fed) = (None, true);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = turns();
        let was_fed = std::mem::replace(&mut is_fed, seen != Some(now));
        if is_fed {
            tell();
        } else if was_fed {
            error!("the polling loop does not turn: the watchdog is not fed until it does");
        }
        seen = Some(now);
    }
}

fn tell(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "the service manager could not be told {state:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_hangs_is_not_fed() {
        let (turns, meals) = (Cell::new(0), Cell::new(0));
        let cancel = CancellationToken::new();
        let loops = async {
            for turn in 1..=60 {
                turns.set(turn);
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            let fed = meals.get();
            tokio::time::sleep(Duration::from_secs(600)).await;
            cancel.cancel();
            fed
        };
        let feeding = feed(
            Duration::from_secs(60),
            || turns.get(),
            || meals.set(meals.get() + 1),
            cancel.clone(),
        );
        let (fed, ()) = tokio::join!(loops, feeding);
        assert!(fed >= 7, "fed {fed} times in 120 s");
        assert!(meals.get() <= fed + 1, "fed {} times after it hung", meals.get() - fed);
    }
}
