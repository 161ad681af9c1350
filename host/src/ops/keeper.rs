//! Keeps the store in bounds: removes what is older than it has to be, at a quiet hour; tells how large it is.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};
use metrics::gauge;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::{Old, Store, StoreError};

/// Section `retention` of the configuration. Records, their versions, incidents, events and settings are kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Days that wire traces are kept; 0: for ever.
    pub traces_days: u32,
    /// Days that sessions are kept which brought nothing that is kept; 0: for ever. Three years are the limitation of
    /// actions (Civil Code of the Russian Federation, article 196): so long one may have to prove that a meter did not
    /// answer.
    pub sessions_days: u32,
    /// The hour of the day, in the machine's own zone, in which it is done.
    pub hour: i8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            traces_days: 30,
            sessions_days: 1_096,
            hour: 3,
        }
    }
}

/// How often the clock and the sizes are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Between two transactions, so that what sessions bring goes first.
const BREATH: Duration = Duration::from_millis(100);

/// How long it goes on in one night; the rest is for the next.
const LONGEST: SignedDuration = SignedDuration::from_hours(3);

/// Keeps the store in bounds until `cancel`.
pub async fn keep(store: Store, config: watch::Receiver<Config>, cancel: CancellationToken) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut done_on = None;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = look.tick() => {}
        }
        show_size(&store).await;
        let (now, config) = (Zoned::now(), *config.borrow());
        if store.is_paused() || !is_due(&now, config.hour, done_on) {
            continue;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            done = tidy(&store, config, now.timestamp()) => match done {
                Ok((0, 0)) => done_on = Some(now.date()),
                Ok((traces, sessions)) => {
                    info!(traces, sessions, "retention removed {traces} traces and {sessions} sessions");
                    done_on = Some(now.date());
                }
                // In the same hour it is tried again.
                Err(error) => warn!(%error, "retention did not end"),
            },
        }
    }
}

/// Whether it is the quiet hour, of a day on which nothing was done yet.
fn is_due(now: &Zoned, hour: i8, done_on: Option<Date>) -> bool {
    now.hour() == hour && done_on != Some(now.date())
}

/// Removes what is too old at `now`, in small transactions. Gives how many traces and sessions.
async fn tidy(store: &Store, config: Config, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let mut removed = [0, 0];
    let begun = Timestamp::now();
    for (index, old, days) in [
        (0, Old::Traces, config.traces_days),
        (1, Old::Sessions, config.sessions_days),
    ] {
        let kept = SignedDuration::from_hours(24).checked_mul(i32::try_from(days).unwrap_or(i32::MAX));
        let Some(before) = kept.filter(|_| days > 0).and_then(|kept| now.checked_sub(kept).ok()) else {
            continue;
        };
        while begun.duration_until(Timestamp::now()) < LONGEST {
            let pruned = store.prune(old, before).await?;
            removed[index] += pruned.removed;
            if !pruned.is_more {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
    }
    Ok((removed[0], removed[1]))
}

/// Tells how large the store is, and keeps it for the day.
async fn show_size(store: &Store) {
    let (waiting, _) = store.writes_waiting();
    #[allow(clippy::cast_precision_loss, reason = "a gauge of writes")]
    gauge!("uzel_store_writes_waiting").set(waiting as f64);
    if let Some(disk) = store.disk() {
        #[allow(clippy::cast_precision_loss, reason = "a gauge of bytes")]
        gauge!("uzel_disk_free_bytes").set(disk.free as f64);
    }
    match store.size().await {
        Ok(size) => {
            // A storage that takes nothing is told elsewhere.
            if !store.is_paused()
                && let Err(error) = store.note_size(size).await
            {
                warn!(%error, "the size of the store is not kept");
            }
            for (part, bytes) in [("database", size.database), ("log", size.log), ("free", size.free)] {
                #[allow(clippy::cast_precision_loss, reason = "a gauge of bytes")]
                gauge!("uzel_store_bytes", "part" => part).set(bytes as f64);
            }
        }
        Err(error) => warn!(%error, "the size of the store is not known"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{DeviceId, LineAddress, LineId, Outcome, Reason};
    use crate::store::{Counters, NewDevice, NewRoute, NewSession, NewSite, SessionEnd};

    /// A store in `folder` with one device.
    async fn store(folder: &tempfile::TempDir) -> Store {
        let path = folder.path().join("uzel.sqlite");
        let store = Store::open(&crate::store::Config { path }).await.unwrap();
        let device = NewDevice {
            name: "boiler-7".to_owned(),
            driver: "hm1".to_owned(),
            organisation: "Heat".to_owned(),
            site: NewSite {
                name: "School 5".to_owned(),
                address: None,
                time_zone: "Europe/Moscow".to_owned(),
                latitude: None,
                longitude: None,
            },
            node: "Basement".to_owned(),
            routes: vec![NewRoute {
                line: None,
                address: LineAddress::Tcp("127.0.0.1:1".to_owned()),
                settings: None,
                options: None,
            }],
            serial: None,
            model: None,
            enabled: true,
            clock_rule: None,
            clock_policy: None,
            config: json!({}),
            schedule: "every 60m: clock".parse().ok(),
            group: None,
            points: Vec::new(),
        };
        store.add_device(&device).await.unwrap();
        store
    }

    /// A silent meter's session with a trace, so many days before `now`.
    async fn silent(store: &Store, now: Timestamp, days: i64) {
        let started_at = now - SignedDuration::from_hours(24 * days);
        let new = NewSession {
            device: DeviceId(1),
            line: LineId(1),
            driver: "hm1".to_owned(),
            driver_version: String::new(),
            driver_digest: String::new(),
            reason: Reason::Schedule,
            started_at,
        };
        let end = SessionEnd {
            session: store.begin_session(new).await.unwrap(),
            ended_at: started_at,
            outcome: Outcome::NoAnswer,
            detail: None,
            identity: None,
            phases: Vec::new(),
            counters: Counters::default(),
            faults: Vec::new(),
            trace: "0 > 00\n".into(),
            clock: None,
            asked: None,
            schedule_done: None,
            tells_of_device: true,
        };
        store.end_session(end).await.unwrap();
    }

    #[tokio::test]
    async fn traces_and_sessions_are_kept_as_long_as_each_is_configured() {
        let folder = tempfile::tempdir().unwrap();
        let (store, now) = (store(&folder).await, Timestamp::now());
        for days in [2_000, 1_500, 1_000, 100, 20, 0] {
            silent(&store, now, days).await;
        }
        let for_ever = Config {
            traces_days: 0,
            sessions_days: 0,
            hour: 3,
        };
        assert_eq!(tidy(&store, for_ever, now).await.unwrap(), (0, 0));
        assert_eq!(tidy(&store, Config::default(), now).await.unwrap(), (4, 2));
        assert_eq!(tidy(&store, Config::default(), now).await.unwrap(), (0, 0));
        store.close().await;
    }

    #[test]
    fn it_is_done_once_a_day_in_the_quiet_hour() {
        let at = |text: &str| text.parse::<Zoned>().unwrap();
        let night = at("2026-11-20T03:59:00+03:00[Europe/Moscow]");
        assert!(is_due(&night, 3, None));
        assert!(is_due(&night, 3, Some(night.date().yesterday().unwrap())));
        assert!(!is_due(&night, 3, Some(night.date())));
        assert!(!is_due(&at("2026-11-20T04:00:00+03:00[Europe/Moscow]"), 3, None));
    }
}
