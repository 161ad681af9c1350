//! What tests of the whole host share: a file of devices, a clock that stands, what the store has of a meter.
//!
//! The meters' clocks stand, near the host's own, so that what they hold stays the same while a test looks at it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use meter_sim::{Handle, Vkt7, Vkt7Builder};
use serde_json::{Value as Json, json};
use sqlx::{Row as _, SqlitePool};
use uzel::model::{ArchiveKind, ClockRule, RecordKind};

use crate::judge::{HALF_HOURS, Judge, Model, Seen, from_store};

/// The archives that any of the meters keeps.
pub const ARCHIVES: [ArchiveKind; 3] = [ArchiveKind::Hourly, ArchiveKind::Daily, ArchiveKind::Monthly];

/// Only what a test asks for is read.
pub const ON_DEMAND: &str = "[polling]\nscheduled = false";

/// Everything that a device's schedule reads.
pub fn usual() -> Json {
    json!({"what": []})
}

/// The zone of all sites here; the meters keep its standard time.
pub fn moscow() -> ClockRule {
    ClockRule::Standard(TimeZone::get("Europe/Moscow").unwrap())
}

/// Half past the hour before this one, by a clock of Moscow; but never in the first hour of a day, in which a ВКТ-7
/// closes its month and is not asked for it.
pub fn standing_clock() -> DateTime {
    let before = moscow().civil(Timestamp::now()).saturating_sub(1.hour());
    let before = if before.hour() == 0 {
        before.saturating_sub(1.hour())
    } else {
        before
    };
    before.date().at(before.hour(), 30, 0, 0)
}

/// A file of devices; rows are name, driver, line, serial number, tasks, configuration.
pub fn devices(rows: &[[&str; 6]]) -> String {
    let rows = rows.iter().map(|[name, driver, line, serial, tasks, config]| {
        format!("{name},{driver},{line},{serial},{tasks},{config},Europe/Moscow\n")
    });
    format!(
        "name,driver,line,serial,tasks,config,zone\n{}",
        rows.collect::<String>()
    )
}

/// The line of a meter on a socket.
pub fn tcp(meter: &Handle) -> String {
    format!("tcp:{}", meter.addr())
}

/// A ВКТ-7 that has been in use for so many days.
pub fn young(days: i64) -> Vkt7Builder {
    let clock = standing_clock();
    Vkt7::builder()
        .clock(clock)
        .installed(clock.date().saturating_sub(days.days()).at(0, 0, 0, 0))
}

/// All archive records of a device.
pub async fn stored(pool: &SqlitePool, device: i64) -> Vec<Seen> {
    let mut all = Vec::new();
    for kind in ARCHIVES {
        all.extend(from_store(pool, device, RecordKind::Archive(kind), &moscow()).await);
    }
    all
}

/// The archives that a meter of this model is known to keep.
pub fn kept(model: Model) -> &'static [ArchiveKind] {
    match model {
        Model::Vkt7 | Model::Spbus | Model::Tagged | Model::Register | Model::Tsrv(_) | Model::Dlms => &ARCHIVES,
        Model::Spe => &[HALF_HOURS, ArchiveKind::Daily, ArchiveKind::Monthly],
        Model::Spt943 | Model::Vkt5 | Model::Vkt4 | Model::Vkt9 => &[ArchiveKind::Hourly, ArchiveKind::Daily],
        Model::Mbus => &[ArchiveKind::Monthly],
        Model::Primer => &[ArchiveKind::Hourly],
        Model::Sml => &[],
        Model::Iec => &[ArchiveKind::Hourly, ArchiveKind::Monthly],
    }
}

/// How many records of an archive may be missing: of a ring that is full the oldest, which are beyond the ring's depth by
/// the host's clock, an hour or two ahead of the meter's.
pub fn may_lack(records: usize) -> usize {
    const SMALLEST_RING: usize = 360;
    if records >= SMALLEST_RING { 2 } else { 0 }
}

/// What differs from the meter and what is missing, in the archives.
pub fn amiss(judge: &Judge, seen: &[Seen]) -> Vec<String> {
    let mut amiss = judge.wrong(seen);
    amiss.extend(lacking(judge, seen));
    amiss
}

/// What is missing in the archives.
pub fn lacking(judge: &Judge, seen: &[Seen]) -> Vec<String> {
    let mut lacking = Vec::new();
    for kind in kept(judge.model()) {
        let held = judge.held(RecordKind::Archive(*kind));
        let first = held.get(may_lack(held.len())).map_or(DateTime::MIN, |held| held.start);
        let unread = judge.unread(*kind, first, DateTime::MAX, seen);
        lacking.extend(unread.iter().map(|start| format!("{kind} {start} is missing")));
    }
    lacking
}

/// Everything that the meter holds is stored, and nothing else.
pub async fn assert_whole(judge: &Judge, pool: &SqlitePool, device: i64) {
    let amiss = amiss(judge, &stored(pool, device).await);
    assert!(amiss.is_empty(), "{} amiss:\n{}", amiss.len(), amiss.join("\n"));
}

/// Every incident and every second version would mean that something was read differently twice.
pub async fn assert_no_incident(pool: &SqlitePool) {
    let query = "select (select count(*) from incident), (select count(*) from record where version > 1)";
    let row = sqlx::query(query).fetch_one(pool).await.unwrap();
    assert_eq!(
        (row.get::<i64, _>(0), row.get::<i64, _>(1)),
        (0, 0),
        "incidents and second versions"
    );
}

/// How a session ended.
pub fn word(session: &Json) -> &str {
    session["outcome"].as_str().unwrap_or("none")
}
