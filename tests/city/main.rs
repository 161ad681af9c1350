//! A city of meters on slow lines, through a whole day in virtual time: when is everything read?
//!
//! `cargo xtask bench city` builds and runs it.

#[path = "../it/world/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the simulation uses what this does not")]
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use meter_sim::Faults;
use uzel::collect::LiveEvent;
use uzel::model::{Absence, ArchiveKind, DeviceId, LineId, Outcome, Reason, Span};
use uzel::store::{NewSession, Store};
use world::{Host, Kind, Metered, Spec, Storage, Time, Town};

const METERS: usize = 10_000;
const LINES: usize = 32;

/// What the lines are like.
const BAUD: u32 = 2_400;
const ANSWER: Duration = Duration::from_millis(600);

/// What has to be read: hours since a midnight, and one day.
const HOURS: i64 = 25;

/// Twenty past one in the night, Moscow time.
fn begin() -> Timestamp {
    "2026-02-27T22:20:00Z".parse().expect("an instant")
}

/// Half of a line's meters are ВКТ-7, a quarter each СПТ943 and M-Bus.
fn specs(count: usize) -> Vec<Spec> {
    let installed = begin() - SignedDuration::from_mins(HOURS * 60 + 20);
    let spec = |kind, address: usize| Spec {
        kind,
        address: u8::try_from(address).expect("an address"),
        clock_error_s: 0,
        installed: Some(installed),
    };
    let (half, quarter) = (count / 2, count / 4);
    let vkt7 = (1..=count - 2 * quarter).map(|address| spec(Kind::Vkt7, address));
    let spt = (1..=quarter).map(|address| spec(Kind::Spt943, address));
    let mbus = (1..=quarter).map(|address| spec(Kind::Mbus, address));
    let specs: Vec<Spec> = vkt7.chain(spt).chain(mbus).collect();
    assert!(half <= 240, "a ВКТ-7 has an address up to 240");
    specs
}

/// A СПТ943 does not say since when it archives; its host has asked for all before.
async fn asked_before(store: &Store, metered: &[Metered], devices: &[DeviceId]) {
    let installed = begin() - SignedDuration::from_mins(HOURS * 60 + 20);
    for (one, device) in metered.iter().zip(devices) {
        if one.kind != Kind::Spt943 {
            continue;
        }
        let session = NewSession {
            device: *device,
            line: LineId(1),
            driver: "logika-m4".to_owned(),
            driver_version: String::new(),
            driver_digest: String::new(),
            reason: Reason::Schedule,
            started_at: installed,
        };
        let session = store.begin_session(session).await.expect("the store takes it");
        let span = Span {
            start: installed - SignedDuration::from_hours(24 * 400),
            end: installed,
        };
        for kind in [ArchiveKind::Hourly, ArchiveKind::Daily] {
            let put = store.put_absence(*device, session, kind, span, Absence::NeverWritten);
            put.await.expect("the store takes it");
        }
    }
}

/// When each device was read, since the begin.
async fn day(host: &Host, time: &Time) -> BTreeMap<DeviceId, Duration> {
    let (begun, mut events) = (time.elapsed(), host.handle.subscribe());
    let mut read = BTreeMap::new();
    let all = async {
        loop {
            if let Ok(LiveEvent::Session(live)) = events.recv().await
                && live.outcome == Some(Outcome::Complete)
            {
                read.entry(live.device.0).or_insert_with(|| time.elapsed() - begun);
            }
        }
    };
    // It does not end by itself: the day does.
    let _ = tokio::time::timeout(Duration::from_secs(24 * 3_600), all).await;
    read
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (time, storage) = (Time::from(begin()), Storage::at(&folder.path().join("uzel.sqlite")));
    let mut town = Town::at(&time);
    for line in 0..LINES {
        let count = METERS / LINES + usize::from(line < METERS % LINES);
        town = town.line(&format!("line:{line}"), &specs(count));
    }
    let (net, metered) = town.build();
    let slow = Faults::new().delay(ANSWER).baud(BAUD);
    for line in 0..LINES {
        net.set_faults(&format!("line:{line}"), slow.clone());
    }
    let real = Instant::now();
    let read = time.run(storage.is_busy(), async {
        let store = storage.open(&time).await;
        let device = |one: &Metered| {
            let archives = if one.kind == Kind::Mbus {
                "totals monthly"
            } else {
                "hourly daily"
            };
            one.device(&format!("every 24h: clock {archives}"))
        };
        let devices = metered.iter().map(device).collect();
        let imported = store.import(devices).await.expect("the devices are right");
        let devices: Vec<DeviceId> = imported.iter().map(|one| one.device).collect();
        asked_before(&store, &metered, &devices).await;
        let host = Host::start(&storage, store, Arc::clone(&net), LINES).await;
        let read = day(&host, &time).await;
        host.stop().await;
        read
    });
    let mut at: Vec<Duration> = read.values().copied().collect();
    at.sort();
    let hours = |at: Option<&Duration>| at.map_or(f64::NAN, |at| at.as_secs_f64() / 3_600.0);
    let in_half = at.iter().filter(|at| at.as_secs() <= 12 * 3_600).count();
    println!("city: {METERS} meters (ВКТ-7, СПТ943, M-Bus) on {LINES} lines of {BAUD} baud, answers after {ANSWER:?}");
    println!("  read within the day   {}", at.len());
    println!("  read by the 12th hour {in_half}");
    println!("  half of them after    {:.2} h", hours(at.get(at.len() / 2)));
    println!("  the last after        {:.2} h, goal 12 h", hours(at.last()));
    println!("  two sessions at once on a line: {}", net.crowded());
    println!("  the simulated day took {:.0} s", real.elapsed().as_secs_f64());
}
