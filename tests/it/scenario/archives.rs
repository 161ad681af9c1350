//! Scenarios of archives and clocks.

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use uzel::model::ClockRule;

use super::stage::{Stage, line, moscow};
use super::{Make, Row};
use crate::judge::Judge;

/// Most requests of a session that learns that nothing is new.
const NOTHING_NEW: u64 = 100;
/// Most records that are new when everything was read a moment before: current values, and the oldest of full rings once the
/// meter's clock is known.
const FEW: u64 = 4;

fn at(rule: &ClockRule, civil: DateTime) -> Timestamp {
    rule.instant(civil).expect("it is in the calendar")
}

/// In use since the midnight so many days before.
fn young(seed: u64, now: DateTime, days: i64) -> Make {
    Make {
        seed,
        installed: Some(now.date().saturating_sub(days.days()).at(0, 0, 0, 0)),
        hole: None,
    }
}

fn assert_nothing(amiss: &[String], what: &str) {
    assert!(
        amiss.is_empty(),
        "{what}: {} amiss:\n{}",
        amiss.len(),
        amiss[..amiss.len().min(20)].join("\n")
    );
}

/// Full rings, sixty days of hours and a year of days as far as they reach, are read by one order; then nothing again.
pub fn first_read(row: &Row) {
    let noon = at(&moscow(), date(2026, 11, 20).at(10, 25, 0, 0));
    let stage = Stage::at(
        noon,
        &moscow(),
        row,
        Make {
            seed: 11,
            ..Make::default()
        },
        &[],
    );
    let before = stage.judge();
    // A ring without the hours of no power takes a second session, before anybody asks for more.
    let settled = stage.settle();
    let late = settled.records_added;
    assert!(late <= FEW, "{late} records are only read when asked for again");
    assert_nothing(&stage.amiss(&before), "after a first read");
    let told = stage.moments();
    assert!(!told.is_empty(), "neither current values nor totals");
    if row.archives().next().is_none() {
        // Its clock went on since, and what it counts does so by the hour.
        let wrong = stage.judge().wrong(&told).into_iter();
        let wrong: Vec<_> = wrong.filter(|wrong| !is_of_time(wrong)).collect();
        assert_nothing(&wrong, "current values and totals");
    }
    let asked = stage.meter.requests();
    // What shows no time of its own is placed by the host's second.
    stage.pass(SignedDuration::from_mins(1));
    let again = stage.read_well();
    assert!(
        again.records_added <= FEW,
        "{} records are new at once",
        again.records_added
    );
    assert_nothing(&stage.amiss(&before), "after a second read");
    let asked = stage.meter.requests() - asked;
    assert!(asked < NOTHING_NEW, "{asked} requests to learn that nothing is new");
    overwritten(row, stage.meter.requests() - asked);
}

pub fn is_of_time(wrong: &str) -> bool {
    wrong.contains(": label ") || wrong.ends_with(" lasts")
}

/// Two hours pass in the middle of a first read: the rings drop their oldest records while they are read.
fn overwritten(row: &Row, requests: u64) {
    if row.archives().next().is_none() {
        return;
    }
    let noon = at(&moscow(), date(2026, 11, 20).at(10, 25, 0, 0));
    let make = Make {
        seed: 12,
        ..Make::default()
    };
    let stage = Stage::at(noon, &moscow(), row, make, &[]);
    let before = stage.judge();
    let jump = line().clock_jump(2 * 3_600, requests / 2);
    stage.meter.set_faults(jump);
    stage.read_well();
    stage.settle();
    assert!(
        stage.meter.clock().now() > date(2026, 11, 20).at(12, 25, 0, 0),
        "the clock jumped"
    );
    assert_nothing(&stage.amiss(&before), "of rings that went on while they were read");
}

/// Evening by evening and night by night, over the end of a month; a clock that is reset in between places nothing.
pub fn nights(row: &Row) {
    let evening = date(2026, 10, 29).at(20, 20, 0, 0);
    let stage = Stage::at(at(&moscow(), evening), &moscow(), row, young(13, evening, 3), &[]);
    let first = stage.judge();
    stage.read_well();
    assert_nothing(&stage.amiss(&first), "in the evening");
    for night in [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)] {
        let before = stage.stored().len();
        let hence = stage.time.now().duration_until(at(&moscow(), night.at(1, 20, 0, 0)));
        stage.pass(hence);
        let asked = stage.meter.requests();
        let live = stage.read_well();
        let asked = stage.meter.requests() - asked;
        assert_nothing(&stage.amiss(&first), &format!("in the night of {night}"));
        let new = stage.stored().len() - before;
        let enough = asked < NOTHING_NEW + 14 * u64::try_from(new).expect("a count");
        assert!(enough, "{asked} requests for {new} new records");
        assert!(live.records_added >= u64::try_from(new).expect("a count"));
    }
    reset(&stage, &first);
}

/// The clock begins anew, the archive of the time before is out of reach; then somebody sets it.
fn reset(stage: &Stage, first: &Judge) {
    let before = stage.stored().len();
    stage.meter.clock().set(date(2000, 1, 1).at(0, 0, 20, 0));
    for _ in 0..2 {
        let live = stage.read();
        let stored = stage.stored().len();
        assert_eq!(stored, before, "placed by a clock of the year 2000: {live:?}");
    }
    stage.pass(SignedDuration::from_hours(5));
    stage.set_right();
    stage.settle();
    assert_nothing(&stage.amiss(first), "after the clock was set right");
}

/// Sessions during which a month ends, and the day and the month of report.
pub fn across(row: &Row) {
    let mut crossings = vec![date(2026, 3, 1).at(0, 0, 0, 0), date(2026, 3, 12).at(0, 0, 0, 0)];
    if let Some((day, hour)) = row.report {
        let (day, hour) = (i8::try_from(day).expect("a day"), i8::try_from(hour).expect("an hour"));
        crossings.push(date(2026, 3, day).at(hour, 0, 0, 0));
    }
    let mut crossed = 0;
    for crossing in crossings {
        let instant = at(&moscow(), crossing);
        let make = young(14, crossing, 34);
        let calm = Stage::at(instant - SignedDuration::from_hours(10), &moscow(), row, make, &[]);
        let live = calm.read_well();
        let took = live.started_at.duration_until(live.ended_at.expect("it has ended"));
        for part in [8, 2] {
            let stage = Stage::at(instant - took / part, &moscow(), row, make, &[]);
            let before = stage.judge();
            let live = stage.read();
            crossed += u32::from(live.started_at < instant && live.ended_at.is_some_and(|ended| ended > instant));
            // A ВКТ-7 closes days and months in the hour after their end.
            stage.pass(SignedDuration::from_mins(130));
            let last = stage.settle();
            assert_nothing(
                &stage.amiss(&before),
                &format!("a session across {crossing}, after {part}: {live:?}, then {last:?}"),
            );
        }
    }
    assert!(crossed > 0, "no session lasted across anything");
}

/// A firmware that follows summer time by itself: an hour never comes, another comes twice.
pub fn summer_time(row: &Row) {
    let berlin = ClockRule::Zone(TimeZone::get("Europe/Berlin").expect("a zone"));
    let spring = date(2026, 3, 29).at(2, 0, 0, 0);
    let autumn = date(2026, 10, 25).at(2, 0, 0, 0);
    for (change, never) in [(spring, true), (autumn, false)] {
        if never && !row.has_holes {
            continue;
        }
        let evening = change.saturating_sub(8.hours());
        let mut make = young(15, evening, 3);
        if never {
            make.hole = Some((change, change.saturating_add(1.hour())));
        }
        let stage = Stage::at(at(&berlin, evening), &berlin, row, make, &[]);
        let before = stage.judge();
        stage.read_well();
        for minutes in [7 * 60 + 30, 80, 60, 60, 24 * 60] {
            stage.pass(SignedDuration::from_mins(minutes));
            stage.read_well();
        }
        assert_nothing(&stage.amiss(&before), &format!("over the change of {change}"));
    }
}
