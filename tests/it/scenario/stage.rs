//! One meter on one line in virtual time, the host that reads it, and what the store has of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use meter_sim::{Faults, Handle, SimClock};
use serde_json::Value as Json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Row as _, SqlitePool};
use tempfile::TempDir;
use uzel::collect::{self, HandleError, Live, LiveEvent, ReadNow};
use uzel::model::{ClockRule, DeviceId, LineAddress, LineOptions, Outcome, RecordKind};
use uzel::store::{NewDevice, NewRoute, NewSite};

use super::{Make, Row};
use crate::devices::{kept, may_lack};
use crate::judge::{Judge, Model, Seen, from_store};
use crate::world::{Host, Net, Storage, Time};

const LINE: &str = "line:1";
/// The device that is the meter itself.
pub const METER: &str = "meter";

/// A clock as meters keep it at home: of Moscow, all year the same.
pub fn moscow() -> ClockRule {
    ClockRule::Standard(TimeZone::get("Europe/Moscow").expect("a zone"))
}

/// A good line: an exchange takes some time.
pub fn line() -> Faults {
    Faults::new().delay(Duration::from_millis(20))
}

/// The meter, its host and their time.
pub struct Stage {
    pub time: Time,
    pub net: Arc<Net>,
    pub meter: Arc<Handle>,
    rule: ClockRule,
    model: Model,
    storage: Storage,
    folder: TempDir,
}

/// A device that the host knows on the line beside the meter: another name of the same address, or of none.
pub struct Beside {
    pub name: &'static str,
    pub config: Json,
}

/// In memory where the system has such a place.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary folder")
}

impl Stage {
    /// The meter of `row` at `dawn`, its clock by `rule`.
    pub fn at(dawn: Timestamp, rule: &ClockRule, row: &Row, make: Make, beside: &[Beside]) -> Self {
        let time = Time::from(dawn);
        let (told, by) = (time.clone(), rule.clone());
        let civil_s = move || {
            let civil = by.civil(told.now());
            TimeZone::UTC
                .to_timestamp(civil)
                .expect("it is in the calendar")
                .as_second()
        };
        let link = (row.link)(make, SimClock::following(civil_s, 0));
        let elapsed = time.clone();
        let (meter, wire) = link.start_wire(move || elapsed.elapsed());
        let (meter, mut net) = (Arc::new(meter), Net::default());
        net.add(LINE, wire, meter.clone());
        meter.set_faults(line());
        let folder = folder();
        let storage = Storage::at(&folder.path().join("uzel.sqlite"));
        let serial = Some(row.serial.to_owned()).filter(|serial| !serial.is_empty());
        let mut devices = vec![device(row, rule, METER, (row.config)(), serial)];
        devices.extend(
            beside
                .iter()
                .map(|beside| device(row, rule, beside.name, beside.config.clone(), None)),
        );
        time.run(storage.is_busy(), async {
            let store = storage.open(&time).await;
            store.import(devices).await.expect("the devices are right");
            tokio::time::resume();
            store.close().await;
        });
        Self {
            time,
            net: Arc::new(net),
            meter,
            rule: rule.clone(),
            model: row.model,
            storage,
            folder,
        }
    }

    /// One session with the meter now, everything that its schedule reads.
    pub fn read(&self) -> Live {
        self.sessions(METER, 1)
    }

    /// The same with a device of another name.
    pub fn read_as(&self, name: &str) -> Live {
        self.sessions(name, 1)
    }

    /// One session with the meter now, which has to bring everything.
    pub fn read_well(&self) -> Live {
        whole(self.sessions(METER, 1))
    }

    /// Two sessions of one life of the host: the first learns what the meter's clock shows, the next one reads by it.
    pub fn settle(&self) -> Live {
        whole(self.sessions(METER, 2))
    }

    /// A host starts, has so many sessions with a device, and ends. Gives the last one.
    fn sessions(&self, name: &str, count: u32) -> Live {
        let device = self.device(name);
        self.time.run(self.storage.is_busy(), async {
            let store = self.storage.open(&self.time).await;
            let config = collect::Config {
                scheduled: false,
                look_s: 300,
                ..collect::Config::default()
            };
            let host = Host::start_with(&self.storage, store, self.net.clone(), config).await;
            let mut ended = self.session(&host, device).await;
            for _ in 1..count {
                ended = self.session(&host, device).await;
            }
            host.stop().await;
            ended
        })
    }

    async fn session(&self, host: &Host, device: DeviceId) -> Live {
        let mut events = host.handle.subscribe();
        let order = ReadNow {
            device,
            what: Vec::new(),
            span: None,
        };
        let asked_at = loop {
            let now = self.time.now();
            match host.handle.read_now(order.clone()).await {
                Ok(_) => break now,
                // A host reads again by itself when it learns that a clock is ahead.
                Err(HandleError::AlreadyReading(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => panic!("{error}"),
            }
        };
        loop {
            let event = events.recv().await.expect("nobody is so slow");
            if let LiveEvent::Session(live) = event
                && live.outcome.is_some()
                && live.started_at >= asked_at
            {
                return *live;
            }
        }
    }

    /// Nothing happens for so long.
    pub fn pass(&self, duration: SignedDuration) {
        self.time.pass(duration);
    }

    /// Sets the meter's clock right.
    pub fn set_right(&self) {
        self.meter.clock().set(self.rule.civil(self.time.now()));
    }

    pub fn judge(&self) -> Judge {
        Judge::of(self.model, &self.meter).by(&self.rule)
    }

    /// All archive records of the meter.
    pub fn stored(&self) -> Vec<Seen> {
        let kinds = kept(self.model).iter().map(|kind| RecordKind::Archive(*kind));
        self.stored_of(&kinds.collect::<Vec<_>>())
    }

    /// Current values and totals of the meter.
    pub fn moments(&self) -> Vec<Seen> {
        self.stored_of(&[RecordKind::Current])
    }

    fn stored_of(&self, kinds: &[RecordKind]) -> Vec<Seen> {
        let device = self.device(METER).0;
        self.look(async |pool| {
            let mut all = Vec::new();
            for kind in kinds {
                all.extend(from_store(pool, device, *kind, &self.rule).await);
            }
            all
        })
    }

    /// Everything that is wrong with the archives: what neither judge holds, what the last one does not find or was said
    /// to be absent, what was read differently twice.
    ///
    /// A ring goes on while it is read: what it dropped meanwhile the first judge knows.
    pub fn amiss(&self, before: &Judge) -> Vec<String> {
        let (after, seen) = (self.judge(), self.stored());
        let by_both = seen.iter().flat_map(|record| {
            let alone = std::slice::from_ref(record);
            let wrong = after.wrong(alone);
            if wrong.is_empty() || before.wrong(alone).is_empty() {
                Vec::new()
            } else {
                wrong
            }
        });
        let mut amiss: Vec<String> = by_both.collect();
        amiss.extend(self.lacking(&after, &seen));
        amiss.extend(self.denied(&after));
        amiss.extend(self.incidents());
        amiss
    }

    /// What is missing, but for the oldest of a ring that is full: they may be beyond its depth by our clock.
    fn lacking(&self, judge: &Judge, seen: &[Seen]) -> Vec<String> {
        let lacking = kept(self.model).iter().flat_map(|kind| {
            let held = judge.held(RecordKind::Archive(*kind));
            let first = held.get(may_lack(held.len())).map_or(DateTime::MIN, |held| held.start);
            let unread = judge.unread(*kind, first, DateTime::MAX, seen);
            unread
                .into_iter()
                .map(move |start| format!("{kind} {start} is missing"))
        });
        lacking.collect()
    }

    /// What the store says to be absent and the meter has.
    fn denied(&self, judge: &Judge) -> Vec<String> {
        let query = "select kind, starts_at, ends_at from absence where device_id = ? and reason <> 'overwritten'";
        let rows = self.rows(query, self.device(METER).0);
        let civil = |at: i64| self.rule.civil(Timestamp::from_second(at).expect("an instant"));
        let denied = rows.iter().flat_map(|row| {
            let kind = row.get::<&str, _>(0).parse().expect("a kind of archive");
            judge.denied(kind, civil(row.get(1)), civil(row.get(2)))
        });
        denied.collect()
    }

    /// Every incident, every second version, every fault of the driver.
    fn incidents(&self) -> Vec<String> {
        let query = "select text from incident union all \
            select 'record ' || id || ' has a second version' from record where version > 1 union all \
            select 'fault of the driver: ' || faults from session where faults <> '[]' and device_id = ?";
        let rows = self.rows(query, self.device(METER).0);
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn rows(&self, query: &'static str, device: i64) -> Vec<sqlx::sqlite::SqliteRow> {
        self.look(async |pool| {
            let rows = sqlx::query(query).bind(device).fetch_all(pool).await;
            rows.unwrap_or_else(|error| panic!("{query}: {error}"))
        })
    }

    fn device(&self, name: &str) -> DeviceId {
        DeviceId(self.look(async |pool| {
            let id = sqlx::query_scalar("select id from device where name = ?").bind(name);
            id.fetch_one(pool).await.expect("the device is there")
        }))
    }

    /// Looks into the database while no host runs.
    fn look<T>(&self, work: impl AsyncFnOnce(&SqlitePool) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let file = self.folder.path().join("uzel.sqlite");
            let options = SqliteConnectOptions::new().filename(file).read_only(true);
            let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
            let pool = pool.expect("the file can be read");
            let found = work(&pool).await;
            pool.close().await;
            found
        })
    }
}

fn whole(live: Live) -> Live {
    let told = (&live.detail, &live.phase);
    assert_eq!(live.outcome, Some(Outcome::Complete), "{told:?}");
    live
}

fn device(row: &Row, rule: &ClockRule, name: &str, config: Json, serial: Option<String>) -> NewDevice {
    let (zone, word) = match rule {
        ClockRule::Standard(zone) => (zone, "standard"),
        ClockRule::Zone(zone) => (zone, "zone"),
    };
    NewDevice {
        name: name.to_owned(),
        driver: row.driver.to_owned(),
        organisation: "the world".to_owned(),
        site: NewSite {
            name: LINE.to_owned(),
            address: None,
            time_zone: zone.iana_name().expect("zones have names").to_owned(),
            latitude: None,
            longitude: None,
        },
        node: name.to_owned(),
        routes: vec![NewRoute {
            line: None,
            address: LineAddress::Tcp(LINE.to_owned()),
            settings: None,
            options: Some(LineOptions::default()),
        }],
        serial,
        model: None,
        enabled: true,
        clock_rule: Some(word.to_owned()),
        config,
        schedule: Some(format!("every 24h: {}", row.tasks).parse().expect("a schedule")),
        clock_policy: None,
        group: None,
        points: Vec::new(),
    }
}
