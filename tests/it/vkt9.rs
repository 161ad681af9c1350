//! ВКТ-9 through the whole host: a first read, the night's top-up, what goes wrong, bad lines.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use meter_sim::{Disguise, Faults, Handle, TruthKind, TruthRecord, Vkt9, Vkt9Builder};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::{ON_DEMAND, assert_no_incident, devices, standing_clock, stored, tcp, usual, word};
use crate::judge::{Seen, SeenCell, from_taken};

const DRIVER: &str = "vkt9";
const KINDS: [(ArchiveKind, TruthKind); 2] = [
    (ArchiveKind::Hourly, TruthKind::Hourly),
    (ArchiveKind::Daily, TruthKind::Daily),
];
/// Where the clocks of meters stand that are read without a schedule.
const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);

fn kind_of(seen: &Seen) -> TruthKind {
    match seen.kind {
        RecordKind::Current => TruthKind::Current,
        RecordKind::Totals => TruthKind::TotalsNow,
        RecordKind::Archive(ArchiveKind::Hourly) => TruthKind::Hourly,
        RecordKind::Archive(_) => TruthKind::Daily,
    }
}

/// Everything in which records differ from what the meter holds; what it does not tell has to be zero.
fn wrong(meter: &Handle, seen: &[Seen]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in seen {
        let truth = meter.truth(kind_of(one));
        match truth
            .iter()
            .find(|truth| (truth.start, truth.end) == (one.start, one.end))
        {
            Some(truth) => wrong.extend(differences(truth, one)),
            None => wrong.push(format!("{} {}: the meter has no such record", one.kind, one.start)),
        }
    }
    wrong
}

fn differences(truth: &TruthRecord, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told = 0;
    for cell in &seen.cells {
        let held = truth
            .values
            .iter()
            .find(|value| (value.name, value.input) == (cell.id.as_str(), cell.input));
        told += usize::from(held.is_some());
        let is_right = match held.and_then(|held| held.value) {
            Some(value) => number(cell) == Some(value),
            None => cell.id == "СП" || is_constant(cell) || number(cell) == Some(0.0),
        };
        if !is_right {
            wrong.push(format!("{}: {cell:?}, the meter has {held:?}", seen.start));
        }
    }
    if told < truth.values.len() {
        wrong.push(format!("{}: {told} of {} values", seen.start, truth.values.len()));
    }
    if seen.label != Some(truth.start) {
        wrong.push(format!("{}: label {:?}", seen.start, seen.label));
    }
    let held: BTreeSet<_> = truth
        .ns
        .iter()
        .map(|ns| (ns.input, format!("{} {:X}", ns.name.unwrap_or_default(), ns.code)))
        .collect();
    let conditions: BTreeSet<_> = seen
        .conditions
        .iter()
        .map(|(input, code, _)| (*input, code.clone()))
        .collect();
    let is_archive = matches!(seen.kind, RecordKind::Archive(_));
    if is_archive && held != conditions {
        wrong.push(format!(
            "{}: conditions {conditions:?}, the meter has {held:?}",
            seen.start
        ));
    }
    wrong
}

/// What this simulator always says among the common registers, and heat, which its truth tells by system; codes of now.
fn is_constant(cell: &SeenCell) -> bool {
    cell.input == 0 && matches!(cell.id.as_str(), "W" | "Tвкл" | "Tэп" | "Pхв" | "tвозд" | "Q")
        || cell.id.starts_with("НС")
}

/// A value, or flags as a number.
fn number(cell: &SeenCell) -> Option<f64> {
    let flags = cell
        .text
        .as_ref()
        .and_then(|text| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    cell.value.or(flags.map(f64::from))
}

/// Records that begin from `from` on, before `to`, and that nobody read.
fn unread(meter: &Handle, seen: &[Seen], from: DateTime, to: DateTime) -> Vec<String> {
    let mut unread = Vec::new();
    for (kind, truth) in KINDS {
        let read: BTreeSet<DateTime> = seen
            .iter()
            .filter(|one| one.kind == RecordKind::Archive(kind))
            .map(|one| one.start)
            .collect();
        let held = meter.truth(truth).into_iter().map(|record| record.start);
        let lacking = held.filter(|start| (from..to).contains(start) && !read.contains(start));
        unread.extend(lacking.map(|start| format!("{kind} {start} is missing")));
    }
    unread
}

/// A meter that has been in use for so many days.
fn young(days: i64) -> Vkt9Builder {
    let clock = standing_clock();
    Vkt9::builder()
        .clock(clock)
        .installed(clock.date().saturating_sub(days.days()).at(0, 0, 0, 0))
}

fn reading(meter: &Handle) -> Read {
    let config = json!({"timeout_ms": 100, "attempts": 5});
    Read::new(parts::driver(DRIVER), tcp(meter).parse().unwrap(), config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_and_the_night_brings_what_is_new() {
    let two = young(10).seed(91).start_tcp().await.unwrap();
    let one = young(3).seed(92).one_system().busy(1).start_tcp().await.unwrap();
    let lines = [tcp(&two), tcp(&one)];
    let row = |name, line| [name, DRIVER, line, "123456", "clock totals hourly daily", "address=1"];
    let rows = [
        row("two systems", lines[0].as_str()),
        row("one system", lines[1].as_str()),
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for ([name, ..], meter) in rows.iter().zip([&two, &one]) {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        let evening = stored(&pool, device).await;
        assert_eq!(wrong(meter, &evening), Vec::<String>::new());
        assert_eq!(
            unread(meter, &evening, DateTime::MIN, DateTime::MAX),
            Vec::<String>::new()
        );
        // Into the next day.
        meter.clock().advance(24 * 3_600);
        host.read_now(device, &usual()).await;
        let night = host.read_now(device, &usual()).await;
        assert_eq!(word(&night), "complete", "{night}");
        let morning = stored(&pool, device).await;
        assert_eq!(wrong(meter, &morning), Vec::<String>::new());
        assert_eq!(
            unread(meter, &morning, DateTime::MIN, DateTime::MAX),
            Vec::<String>::new()
        );
        assert!(morning.len() > evening.len());
    }
    // A clock that was reset places nothing.
    let device = host.device("two systems").await;
    let before = stored(&pool, device).await.len();
    two.clock().set(date(2001, 1, 1).at(0, 0, 20, 0));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(stored(&pool, device).await.len(), before, "{session}");
    assert_no_incident(&pool).await;
}

#[tokio::test]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let meter = young(2).start_tcp().await.unwrap();
    let totals = || reading(&meter).serial("123456").task(Task::Totals).run();
    for (other, named) in [(Disguise::Serial, "999999"), (Disguise::Model, "42h")] {
        meter.set_faults(Faults::new().wrong(other));
        let (report, taken) = totals().await;
        assert_eq!(report.outcome, Outcome::WrongDevice, "{:?}", report.detail);
        assert!(report.detail.unwrap().contains(named));
        assert!(taken.tables.is_empty());
    }
    meter.set_faults(Faults::new());
    assert_eq!(totals().await.0.outcome, Outcome::Complete);
    let config = json!({"address": 7, "timeout_ms": 50});
    let nobody = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), config);
    assert_eq!(nobody.task(Task::Clock).run().await.0.outcome, Outcome::NoAnswer);
}

#[tokio::test]
async fn sixty_days_of_hours_and_a_year_of_days_are_as_much_as_the_rings_have() {
    // Two hours pass in the middle: the ring drops its two oldest records.
    for jump in [false, true] {
        let meter = Vkt9::builder().seed(93).clock(NOW);
        let faults = if jump {
            Faults::new().clock_jump(2 * 3_600, 300)
        } else {
            Faults::new()
        };
        let meter = meter.faults(faults).start_tcp().await.unwrap();
        let read = reading(&meter)
            .archive(ArchiveKind::Hourly, NOW.saturating_sub(60.days()), NOW)
            .archive(
                ArchiveKind::Daily,
                NOW.date().saturating_sub(365.days()).at(0, 0, 0, 0),
                NOW,
            );
        let (report, taken) = read.run().await;
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
        let seen = from_taken(&taken);
        let until = NOW.date().at(10, 0, 0, 0);
        assert_eq!(unread(&meter, &seen, DateTime::MIN, until), Vec::<String>::new());
        if !jump {
            assert_eq!(wrong(&meter, &seen), Vec::<String>::new());
        }
    }
}

/// Lines that are tried in the ordinary run.
const SEEDS: u64 = 5;

/// Reads one line, says what is amiss, and whether everything was read.
async fn over(meter: Vkt9Builder, seed: u64) -> (Vec<String>, bool) {
    let faults = Faults::new().seed(seed).noise(0.04).noise_in(0.03).cut(0.02).late(0.03);
    let faults = faults.duplicate(0.03).deaf(0.02).silence(0.02);
    let meter = meter.faults(faults).start_tcp().await.unwrap();
    let midnight = NOW.date().at(0, 0, 0, 0);
    let read = reading(&meter)
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals)
        .archive(ArchiveKind::Hourly, midnight, NOW);
    let (report, taken) = read.run().await;
    let seen = from_taken(&taken);
    let mut amiss = wrong(&meter, &seen);
    for (kind, span, _) in &taken.absent {
        let civil = |at| jiff::tz::TimeZone::UTC.to_datetime(at);
        let held = meter.truth(TruthKind::Hourly);
        let within = held
            .iter()
            .filter(|one| civil(span.start) <= one.start && one.end <= civil(span.end));
        amiss.extend(within.map(|one| format!("{kind} {} was said to be absent", one.start)));
    }
    if report.clock.is_some_and(|clock| clock.shown != NOW) {
        amiss.push("another clock".to_owned());
    }
    let is_complete = report.outcome == Outcome::Complete;
    if is_complete {
        let hours = unread(&meter, &seen, midnight, NOW.date().at(10, 0, 0, 0));
        amiss.extend(hours.into_iter().filter(|what| what.starts_with("hourly")));
    }
    amiss.extend(report.faults.iter().map(ToString::to_string));
    (
        amiss.iter().map(|what| format!("seed {seed}: {what}")).collect(),
        is_complete,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    let seeds = set.map_or(SEEDS, |text| text.parse().expect("UZEL_NOISE_SEEDS is a number"));
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    let meter = Vkt9::builder().seed(94).clock(NOW).without_hours(hole.0, hole.1);
    let meter = meter.clone().history(meter.generate());
    let lines: Vec<_> = (0..seeds).map(|seed| tokio::spawn(over(meter.clone(), seed))).collect();
    let mut complete = 0;
    for line in lines {
        let (amiss, is_complete) = line.await.unwrap();
        assert!(amiss.is_empty(), "{}", amiss.join("\n"));
        complete += u64::from(is_complete);
    }
    assert!(
        complete * 2 > seeds,
        "{complete} of {seeds} sessions complete: too little to judge by"
    );
}
