//! The whole loop in virtual time: meters, lines that fail in every way, a host that is killed and whose clock is set.
//!
//! `UZEL_SIMULATION_SEEDS` sets how many worlds are tried; `UZEL_SIMULATION_SEED` tries one and tells what happens in it.

mod chronicle;
mod plan;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uzel::collect::LiveEvent;
use uzel::model::Outcome;

use crate::world::{Host, Kind, Metered, Net, Spec, Storage, Time, Town};
use chronicle::Chronicle;
use plan::{Happening, What, plan};

/// Worlds of the ordinary run.
const SEEDS: u64 = 1_000;

/// Sessions at once: fewer than there are lines, so that they wait for each other.
const SESSIONS: usize = 2;

const SCHEDULE: &str = "every 3h: clock hourly daily monthly";

/// How long everything must have been read after the last trouble: a device waits for its period at most.
const RECOVERY: Duration = Duration::from_secs(7 * 3_600);

/// Before the worlds begin: a month ends in them.
fn dawn() -> Timestamp {
    "2026-02-27T12:20:00Z".parse().unwrap()
}

fn spec(kind: Kind, address: u8, clock_error_s: i64) -> Spec {
    Spec {
        kind,
        address,
        clock_error_s,
        installed: None,
    }
}

const LINES: [&str; 3] = ["vkt7:1", "spt:1", "bus:1"];

fn town(time: &Time) -> (Arc<Net>, Vec<Metered>) {
    Town::at(time)
        .line(LINES[0], &[spec(Kind::Vkt7, 1, -40)])
        .line(LINES[1], &[spec(Kind::Spt943, 1, 25)])
        .line(LINES[2], &[spec(Kind::Mbus, 3, 0), spec(Kind::Vkt7, 2, 50)])
        .build()
}

/// In memory where the system has such a place: a thousand worlds wait for no disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary folder")
}

/// The database of a host that has read all meters of the town once, and when it had.
fn read_once() -> &'static (Vec<u8>, Timestamp) {
    static READ: OnceLock<(Vec<u8>, Timestamp)> = OnceLock::new();
    READ.get_or_init(|| {
        let folder = folder();
        let file = folder.path().join("uzel.sqlite");
        let (time, storage) = (Time::from(dawn()), Storage::at(&file));
        let (net, metered) = town(&time);
        time.run(storage.is_busy(), async {
            let devices = metered.iter().map(|metered| metered.device(SCHEDULE)).collect();
            let store = storage.open(&time).await;
            store.import(devices).await.expect("the devices are right");
            let host = Host::start(&storage, store, net, metered.len()).await;
            let read = settled(&host, metered.len(), Duration::from_secs(3 * 3_600)).await;
            assert!(read, "a town without troubles is read within its first hours");
            host.stop().await;
        });
        (std::fs::read(file).expect("the file is there"), time.now())
    })
}

/// Waits until so many devices had a complete session that began from now on; false: not within `limit`.
async fn settled(host: &Host, devices: usize, limit: Duration) -> bool {
    let mut events = host.handle.subscribe();
    let running: BTreeSet<_> = host.handle.running().iter().map(|live| live.session).collect();
    let mut read = BTreeSet::new();
    let all = async {
        while read.len() < devices {
            let event = events.recv().await.expect("nobody is so slow");
            if let LiveEvent::Session(live) = event
                && live.outcome == Some(Outcome::Complete)
                && !running.contains(&live.session)
            {
                read.insert(live.device.0);
            }
        }
    };
    tokio::time::timeout(limit, all).await.is_ok()
}

/// One world, from what its host knew at the dawn to the verdict.
struct World {
    seed: u64,
    folder: TempDir,
    time: Time,
    net: Arc<Net>,
    metered: Vec<Metered>,
    storage: Storage,
    chronicle: Chronicle,
}

/// Why a life of the host ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Somebody killed it.
    Killed,
    /// Everything was read, or should have been.
    Settled(bool),
}

impl World {
    fn new(seed: u64) -> Self {
        let folder = folder();
        let file = folder.path().join("uzel.sqlite");
        let (read, at) = read_once();
        std::fs::write(&file, read).expect("the folder can be written");
        let time = Time::from(*at);
        let (net, metered) = town(&time);
        let storage = Storage::at(&file);
        Self {
            seed,
            folder,
            chronicle: Chronicle::new(&time),
            time,
            net,
            metered,
            storage,
        }
    }

    /// Lets everything happen that the seed has in store, and gives what was wrong in the end.
    fn live(&mut self) -> (verdict::Tally, Vec<String>) {
        let begin = self.time.now();
        let (idle, happenings) = plan(self.seed, &LINES);
        self.time.pass(idle);
        let began = self.time.now();
        let mut rest = happenings.into_iter();
        let settled = loop {
            let (time, storage) = (self.time.clone(), self.storage.clone());
            match time.run(storage.is_busy(), self.life(began, &mut rest)) {
                End::Settled(settled) => break settled,
                End::Killed => self.chronicle.killed(),
            }
        };
        verdict::of(
            &self.metered,
            &self.chronicle,
            self.folder.path(),
            begin,
            settled,
            self.net.crowded(),
        )
    }

    /// One life of the host.
    async fn life(&mut self, began: Timestamp, rest: &mut impl Iterator<Item = Happening>) -> End {
        let store = self.storage.open(&self.time).await;
        let host = Host::start(&self.storage, store, self.net.clone(), SESSIONS).await;
        for happening in rest {
            self.wait_for(&host, &happening, began).await;
            match happening.what {
                What::Befalls(line, trouble) => {
                    self.chronicle.befell(line, trouble);
                    self.net.befall(line, trouble, self.seed);
                }
                What::ClockSet(ahead) => {
                    self.chronicle.clock_set(ahead);
                    self.time.set_host_clock(ahead);
                }
                What::Killed(down) => {
                    self.chronicle.note(&format!("killed, down for {down}"));
                    self.time.pass(down);
                    return End::Killed;
                }
            }
        }
        let settled = settled(&host, self.metered.len(), RECOVERY).await;
        host.stop().await;
        End::Settled(settled)
    }

    /// Waits for its time; then, where it happens in the middle of something, for a session and some moments of it.
    async fn wait_for(&self, host: &Host, happening: &Happening, began: Timestamp) {
        let left = self.time.now().duration_until(began + happening.after);
        tokio::time::sleep(Duration::try_from(left).unwrap_or(Duration::ZERO)).await;
        if let Some(into) = happening.into_session {
            let patience = self.time.now() + SignedDuration::from_hours(3);
            while host.handle.running().is_empty() && self.time.now() < patience {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            tokio::time::sleep(into).await;
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is {text:?}, expected a number")),
    )
}

#[test]
fn a_thousand_worlds_end_with_everything_read_once_and_every_failure_explained() {
    if let Some(seed) = number("UZEL_SIMULATION_SEED") {
        let mut world = World::new(seed);
        let (tally, wrong) = world.live();
        println!("{tally:#?}\n{}", wrong.join("\n"));
        println!("the store of this world stays in {}", world.folder.keep().display());
        assert!(wrong.is_empty(), "seed {seed}");
        return;
    }
    let (next, seeds) = (AtomicU64::new(0), number("UZEL_SIMULATION_SEEDS").unwrap_or(SEEDS));
    let result: Mutex<(verdict::Tally, BTreeMap<u64, Vec<String>>)> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    read_once();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < seeds
                {
                    let (tally, wrong) = World::new(seed).live();
                    let mut result = result.lock().expect("nobody panics while it is held");
                    result.0.add(tally);
                    if !wrong.is_empty() {
                        println!("UZEL_SIMULATION_SEED={seed}: {}", wrong.join("\n    "));
                        result.1.insert(seed, wrong);
                    }
                }
            });
        }
    });
    let (tally, wrong) = result.into_inner().expect("nobody panicked");
    println!("{seeds} worlds: {tally}");
    assert!(
        wrong.is_empty(),
        "{} of {seeds} worlds went wrong: {:?}",
        wrong.len(),
        wrong.keys()
    );
    if seeds >= SEEDS {
        tally.assert_varied(seeds);
    }
}

/// How long a hundred meters on so many lines need until all are read that live.
fn hundred(lines: usize, dead: bool) -> Duration {
    const METERS: usize = 100;
    let time = Time::from(dawn());
    let installed = Some(dawn() - SignedDuration::from_hours(20));
    let each = METERS / lines;
    let mut town = Town::at(&time);
    for line in 0..lines {
        let specs: Vec<Spec> = (1..=each)
            .map(|address| Spec {
                installed,
                ..spec(Kind::Vkt7, u8::try_from(address).expect("an address"), 0)
            })
            .collect();
        town = town.line(&format!("line:{line}"), &specs);
    }
    let (net, metered) = town.build();
    let devices = metered.iter().enumerate().map(|(place, metered)| {
        let mut device = metered.device(SCHEDULE);
        if dead && place == METERS / 2 {
            // Nobody has this address.
            device.config = serde_json::json!({"address": 200});
        }
        device
    });
    let folder = folder();
    let storage = Storage::at(&folder.path().join("uzel.sqlite"));
    time.run(storage.is_busy(), async {
        let store = storage.open(&time).await;
        store.import(devices.collect()).await.expect("the devices are right");
        let host = Host::start(&storage, store, net.clone(), 8).await;
        let begun = time.elapsed();
        let read = settled(&host, METERS - usize::from(dead), Duration::from_secs(12 * 3_600)).await;
        assert!(read, "the others are read however dead one is");
        assert_eq!(net.crowded(), 0, "a line had two connections at once");
        let took = time.elapsed() - begun;
        host.stop().await;
        took
    })
}

#[test]
fn one_dead_meter_of_a_hundred_hardly_keeps_the_others_waiting() {
    for (lines, name) in [(100, "a line each"), (4, "four lines")] {
        let (all, others) = (hundred(lines, false), hundred(lines, true));
        let ratio = others.as_secs_f64() / all.as_secs_f64();
        println!("{name}: 100 meters {all:.1?}, 99 beside a dead one {others:.1?}: {ratio:.3}");
        assert!(ratio <= 1.1, "{name}: {others:?} beside a dead one, {all:?} without it");
    }
}
