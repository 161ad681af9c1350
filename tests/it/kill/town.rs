//! Simulated meters of three makers, and what their archives hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use meter_sim::{Faults, Handle, Link, Mbus, SimClock, Spt, TruthKind, TruthRecord, Vkt7};
use system_tests::TestHost;

use super::content::Content;

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Simulated meters whose clocks stand still, and how the host reaches them.
pub struct Town {
    meters: Vec<Meter>,
    lines: Vec<Handle>,
    /// As they are imported.
    pub devices: String,
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
pub type Cells = BTreeMap<(String, i64, i64), Option<f64>>;

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
    pub async fn start() -> Self {
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
    pub fn questions(&self) -> u64 {
        self.lines.iter().map(Handle::requests).sum()
    }

    /// Until the meters have taken so many questions, or every device has been read to its end.
    pub async fn await_moment(&self, host: &TestHost, questions: u64) {
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
    pub fn assert_truth(&self, content: &Content) {
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
