//! The host is killed at any moment and started again: its store is whole, nothing is missing, nothing is there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use meter_sim::{Faults, Handle, Link, Mbus, SimClock, Spt, TruthKind, TruthRecord, Vkt7};
use sqlx::{Row as _, SqlitePool};
use system_tests::TestHost;

/// How often the host is killed.
const ROUNDS: usize = 50;

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_at_any_moment_loses_nothing_and_stores_nothing_twice() {
    let seed = seed();
    println!("seed {seed}: UZEL_TEST_SEED={seed} chooses the same moments again");
    let town = Town::start().await;
    let mut host = TestHost::prepare(&town.devices, "");
    let empty = std::fs::read(host.database()).expect("the import made the database");

    drop(host.launch());
    town.await_moment(&host, u64::MAX).await;
    assert!(host.stop(), "{}", host.log());
    let whole = Content::read(&host).await;
    town.assert_truth(&whole);
    let questions = town.questions();
    assert_eq!(
        whole.running,
        BTreeSet::new(),
        "sessions that still run after a proper end"
    );

    let mut random = Random(seed);
    let (mut stores, mut cut) = (0, 0);
    let mut before = None;
    for round in 0..ROUNDS {
        if before.is_none() {
            renew(&host, &empty);
        }
        let moment = town.questions() + 1 + random.below(questions);
        drop(host.launch());
        town.await_moment(&host, moment).await;
        host.kill();
        let now = Content::read(&host).await;
        now.assert_part_of(&whole, round);
        now.assert_follows(before.as_ref(), round);
        cut += now.running.len();
        stores += usize::from(now.records == whole.records);
        before = (now.records != whole.records).then_some(now);
    }
    drop(host.launch());
    town.await_moment(&host, u64::MAX).await;
    assert!(host.stop(), "{}", host.log());
    let end = Content::read(&host).await;
    assert_eq!(end.records, whole.records, "the last store");
    assert!(!host.log().contains("panicked"), "{}", host.log());
    println!("{ROUNDS} rounds cut {cut} sessions and filled {stores} stores, {questions} questions each");
    assert!(
        cut > ROUNDS / 2 && stores > 2,
        "the moments were not spread over the polling"
    );
}

/// The seed of `UZEL_TEST_SEED`, or one that is new each time.
fn seed() -> u64 {
    match std::env::var("UZEL_TEST_SEED") {
        Ok(text) => text.parse().expect("UZEL_TEST_SEED is a whole number"),
        Err(_) => Timestamp::now().as_microsecond().unsigned_abs(),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// 0 to `limit` - 1.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Puts the database without records in place of the one there is.
fn renew(host: &TestHost, empty: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let mut name = host.database().into_os_string();
        name.push(ending);
        // A store that was closed has neither.
        let _ = std::fs::remove_file(name);
    }
    std::fs::write(host.database(), empty).expect("write the database");
}

/// Simulated meters whose clocks stand still, and how the host reaches them.
struct Town {
    meters: Vec<Meter>,
    lines: Vec<Handle>,
    devices: String,
}

struct Meter {
    name: &'static str,
    line: usize,
    place: usize,
    archives: &'static [Archive],
}

/// An archive's word, what the meter calls it, and its records in the columns of the driver.
type Archive = (&'static str, TruthKind, fn(&TruthRecord) -> Cells);

/// Column, input and tariff of a cell, and its number.
type Cells = BTreeMap<(String, i64, i64), Option<f64>>;

const VKT7_HOURS: Archive = ("hourly", TruthKind::Hourly, vkt7_cells);
const VKT7_DAYS: Archive = ("daily", TruthKind::Daily, vkt7_cells);
const VKT7_MONTHS: Archive = ("monthly", TruthKind::Monthly, vkt7_cells);
const VKT7_TOTALS: Archive = ("monthly", TruthKind::TotalsArchive, vkt7_totals);
const SPT_HOURS: Archive = ("hourly", TruthKind::Hourly, spt_cells);
const SPT_DAYS: Archive = ("daily", TruthKind::Daily, spt_cells);
const MBUS_MONTHS: Archive = ("monthly", TruthKind::Monthly, mbus_cells);

impl Town {
    /// Rings that are not full, and clocks in the hour before this one: a turn of the hour during the test changes
    /// nothing of what the meters hold.
    async fn start() -> Self {
        let zone = TimeZone::get("Europe/Moscow").expect("jiff knows Moscow");
        let now = Timestamp::now().to_zoned(zone).datetime();
        let clock = now
            .date()
            .at(now.hour(), 30, 0, 0)
            .checked_sub(1.hour())
            .expect("the calendar goes back");
        let since = |days: i64| clock.checked_sub(days.days()).expect("the calendar goes back");
        let stands = || SimClock::fixed(clock);
        let lines = vec![
            Vkt7::builder().clock(stands()).installed(since(4)).seed(1).link(),
            Vkt7::builder()
                .clock(stands())
                .installed(since(150))
                .seed(2)
                .uneventful()
                .two_inputs()
                .link(),
            Spt::spt943().clock(stands()).installed(since(3)).seed(3).link(),
            Spt::spt943()
                .clock(stands())
                .installed(since(20))
                .seed(4)
                .uneventful()
                .link(),
            Link::bus(
                [
                    Mbus::heat().clock(stands()).seed(5).link(),
                    Mbus::water().clock(stands()).seed(6).link(),
                    Mbus::electricity().clock(stands()).seed(7).link(),
                ],
                Faults::new(),
            ),
        ];
        let mut handles = Vec::new();
        for line in lines {
            handles.push(line.start_tcp().await.expect("a meter listens"));
        }
        let meter = |name, line, place, archives| Meter {
            name,
            line,
            place,
            archives,
        };
        let meters = vec![
            meter("vkt7-hours", 0, 0, &[VKT7_HOURS, VKT7_DAYS][..]),
            meter("vkt7-days", 1, 0, &[VKT7_DAYS, VKT7_MONTHS, VKT7_TOTALS]),
            meter("spt943-hours", 2, 0, &[SPT_HOURS, SPT_DAYS]),
            meter("spt943-days", 3, 0, &[SPT_DAYS]),
            meter("mbus-heat", 4, 0, &[MBUS_MONTHS]),
            meter("mbus-water", 4, 1, &[MBUS_MONTHS]),
            meter("mbus-electricity", 4, 2, &[MBUS_MONTHS]),
        ];
        let mut devices = "name,driver,line,tasks,config\n".to_owned();
        for meter in &meters {
            let driver = match meter.name.split_once('-') {
                Some(("vkt7", _)) => "vkt7",
                Some(("mbus", _)) => "mbus",
                _ => "logika-m4",
            };
            let mut tasks: Vec<_> = meter.archives.iter().map(|(word, ..)| *word).collect();
            tasks.dedup();
            let (address, line, tasks) = (meter.place + 1, handles[meter.line].addr(), tasks.join(" "));
            devices.push_str(&format!(
                "{},{driver},tcp:{line},clock {tasks},address={address}\n",
                meter.name
            ));
        }
        Self {
            meters,
            lines: handles,
            devices,
        }
    }

    /// Questions that the meters took so far.
    fn questions(&self) -> u64 {
        self.lines.iter().map(Handle::requests).sum()
    }

    /// Until the meters have taken so many questions, or every device has been read to its end.
    async fn await_moment(&self, host: &TestHost, questions: u64) {
        let begun = Instant::now();
        let pool = host.pool().await;
        let mut looked = Instant::now();
        while self.questions() < questions {
            if looked.elapsed() > Duration::from_millis(100) {
                let read: i64 = sqlx::query_scalar("select count(*) from device_state where last_good_at is not null")
                    .fetch_one(&pool)
                    .await
                    .expect("the database answers");
                if usize::try_from(read) == Ok(self.meters.len()) {
                    break;
                }
                looked = Instant::now();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "polling stands still; the host's log:\n{}",
                host.log()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        pool.close().await;
    }

    /// The store holds what the meters hold: each record once, each number as it is.
    fn assert_truth(&self, content: &Content) {
        let zone = TimeZone::get("Europe/Moscow").expect("jiff knows Moscow");
        let instant = |civil: DateTime| zone.to_timestamp(civil).expect("a date in the calendar").as_second();
        let mut held = BTreeSet::new();
        for meter in &self.meters {
            for (word, kind, cells) in meter.archives {
                let truth = self.lines[meter.line].truth_of(meter.place, *kind);
                assert!(!truth.is_empty(), "{} holds no {word} records", meter.name);
                for record in &truth {
                    let key = (meter.name.to_owned(), (*word).to_owned(), instant(interval_end(record)));
                    let stored = content
                        .records
                        .get(&key)
                        .unwrap_or_else(|| panic!("{key:?} is not in the store"));
                    for (cell, number) in cells(record) {
                        assert_eq!(
                            stored.cells.get(&cell),
                            Some(&number),
                            "{key:?} {cell:?} of {:?}",
                            stored.cells
                        );
                    }
                    held.insert(key);
                }
            }
        }
        let stored: BTreeSet<_> = content.records.keys().cloned().collect();
        assert_eq!(stored, held, "records in the store, and records in the meters");
    }
}

/// What an M-Bus meter keeps it keeps of one moment: the bare date begins a day, 23:59 ends one.
fn interval_end(record: &TruthRecord) -> DateTime {
    let late = record.end.hour() == 23 && record.end.minute() == 59;
    if late {
        record.end.checked_add(1.minute()).expect("the calendar goes on")
    } else {
        record.end
    }
}

fn vkt7_cells(record: &TruthRecord) -> Cells {
    let hours_worked = |input| {
        let worked = record
            .values
            .iter()
            .find(|value| value.name == "ВНР" && value.input == input);
        worked.and_then(|value| value.value)
    };
    let cell = |value: &meter_sim::TruthValue| {
        // A mean over an interval in which the meter did not count is no measurement.
        let is_mean = matches!(value.name, "t1" | "t2" | "t3" | "P1" | "P2" | "dt");
        let number = value
            .value
            .filter(|_| !(is_mean && hours_worked(value.input) == Some(0.0)));
        ((value.name.to_owned(), i64::from(value.input), 0), number)
    };
    record.values.iter().map(cell).collect()
}

/// Totals at the end of a month stand beside its amounts.
fn vkt7_totals(record: &TruthRecord) -> Cells {
    let named = |value: &meter_sim::TruthValue| format!("{} итог", value.name);
    record
        .values
        .iter()
        .map(|value| ((named(value), i64::from(value.input), 0), value.value))
        .collect()
}

fn spt_cells(record: &TruthRecord) -> Cells {
    let cell = |value: &meter_sim::TruthValue| {
        // Zero bytes are what the meter keeps for a sensor that it does not have.
        let is_measured = matches!(value.name, "t1" | "t2" | "t3" | "tх" | "tв" | "P1" | "P2");
        let number = value.value.filter(|number| !(is_measured && *number == 0.0));
        ((value.name.to_owned(), i64::from(value.input), 0), number)
    };
    record.values.iter().map(cell).collect()
}

fn mbus_cells(record: &TruthRecord) -> Cells {
    let cell = |value: &meter_sim::TruthValue| {
        let (name, _unit) = value.name.split_once('_').unwrap_or((value.name, ""));
        let name = if value.input == 0 {
            name.to_owned()
        } else {
            format!("{name}/{}", value.input)
        };
        ((name, 1, i64::from(value.input)), value.value)
    };
    record.values.iter().map(cell).collect()
}

/// A record as the store has it.
#[derive(Debug, PartialEq)]
struct Stored {
    starts_at: i64,
    cells: Cells,
    /// Label, qualities, texts and abnormal situations.
    rest: String,
}

/// What a database file holds: by device, archive and end of the interval.
struct Content {
    records: BTreeMap<(String, String, i64), Stored>,
    /// Sessions without an end.
    running: BTreeSet<i64>,
    /// Sessions that were found without an end.
    interrupted: BTreeSet<i64>,
}

impl Content {
    /// Reads the file of a host that does not run, and checks what must hold at any time.
    async fn read(host: &TestHost) -> Self {
        let pool = host.pool().await;
        let sound: String = sqlx::query_scalar("pragma integrity_check")
            .fetch_one(&pool)
            .await
            .expect("a database");
        assert_eq!(sound, "ok");
        let broken = sqlx::query("pragma foreign_key_check")
            .fetch_all(&pool)
            .await
            .expect("a database");
        assert!(broken.is_empty(), "{} rows refer to nothing", broken.len());
        for (what, sql) in [
            ("records that came back different", "select count(*) from incident"),
            (
                "second versions",
                "select count(*) from record where version <> 1 or current <> 1",
            ),
            (
                "wrong summaries",
                "select count(*) from archive a where a.records <> (select count(*) from record r
                 where r.device_id = a.device_id and r.kind = a.kind)",
            ),
            (
                "values of no record or no series",
                "select count(*) from value v where not exists (select 1 from record r where r.id = v.record_id)
                 or not exists (select 1 from series s where s.id = v.series_id)",
            ),
            (
                "records without cells",
                "select count(*) from record r where not exists (select 1 from value v where v.record_id = r.id)",
            ),
        ] {
            let count: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.expect("a database");
            assert_eq!(count, 0, "{what}");
        }
        let content = Self {
            records: records(&pool).await,
            running: sessions(&pool, "select id from session where outcome is null").await,
            interrupted: sessions(&pool, "select id from session where outcome = 'interrupted'").await,
        };
        pool.close().await;
        content
    }

    /// Nothing is in the store that the meters do not hold.
    fn assert_part_of(&self, whole: &Self, round: usize) {
        for (key, record) in &self.records {
            assert_eq!(Some(record), whole.records.get(key), "round {round}: {key:?}");
        }
    }

    /// What was durable before is there, and sessions that were cut are called so.
    fn assert_follows(&self, before: Option<&Self>, round: usize) {
        let Some(before) = before else {
            assert_eq!(
                self.interrupted,
                BTreeSet::new(),
                "round {round}: interrupted sessions in a new store"
            );
            return;
        };
        for key in before.records.keys() {
            assert!(self.records.contains_key(key), "round {round}: {key:?} is lost");
        }
        let cut: BTreeSet<i64> = before.interrupted.union(&before.running).copied().collect();
        assert_eq!(
            self.interrupted, cut,
            "round {round}: interrupted sessions, and those that were cut"
        );
    }
}

async fn sessions(pool: &SqlitePool, sql: &'static str) -> BTreeSet<i64> {
    sqlx::query_scalar(sql)
        .fetch_all(pool)
        .await
        .expect("a database")
        .into_iter()
        .collect()
}

async fn records(pool: &SqlitePool) -> BTreeMap<(String, String, i64), Stored> {
    let rows = sqlx::query(
        "select d.name, r.kind, r.ends_at, r.starts_at, s.column_id, s.input, s.tariff, v.value,
             coalesce(r.label, '') || ' ' || coalesce((select group_concat(c.code || '/' || c.input, ' ') from
                 (select * from condition where record_id = r.id order by ordinal) c), ''),
             v.quality || coalesce(v.text, '') || coalesce(v.code, '')
         from record r join device d on d.id = r.device_id join value v on v.record_id = r.id
         join series s on s.id = v.series_id order by r.id, s.column_id, s.input, s.tariff",
    )
    .fetch_all(pool)
    .await
    .expect("a database");
    let mut records: BTreeMap<_, Stored> = BTreeMap::new();
    for row in rows {
        let key = (row.get(0), row.get(1), row.get(2));
        let starts_at = row.get(3);
        let record = records.entry(key).or_insert_with(|| Stored {
            starts_at,
            cells: Cells::new(),
            rest: row.get(8),
        });
        assert_eq!(record.starts_at, starts_at, "two intervals end at one moment");
        record.rest.push(' ');
        record.rest.push_str(row.get(9));
        let twice = record.cells.insert((row.get(4), row.get(5), row.get(6)), row.get(7));
        assert!(twice.is_none(), "a cell is there twice");
    }
    records
}
