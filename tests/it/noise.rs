//! Bad lines: whatever a line does to the bytes, what is stored is what the meter holds, and nothing is invented.
//!
//! Every seed is a line of its own with its own mixture of faults; `UZEL_NOISE_SEEDS` sets how many are tried.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Faults, Handle, Link, M4, Mbus, Spbus, SpbusHistory, Spt, SptHistory, Vkt7, Vkt7History};
use serde_json::{Value as Json, json};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uzel::model::{ArchiveKind, ClockRule, LineAddress, Outcome, RecordKind, Task};

use crate::devices::{devices, standing_clock};
use crate::judge::{Judge, Model, Seen, from_store, from_taken, values};

/// Seeds of the ordinary run.
const SEEDS: u64 = 20;

/// Sessions at once: they wait most of their time.
const AT_ONCE: usize = 60;

/// Where the meters' clocks stand.
const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(SEEDS, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

/// Four kinds of bad lines in turn: a little of everything, a gateway that is late and repeats itself, a line full of
/// noise, a line that loses much. All let some damage pass their check bytes. `often` multiplies the faults, for
/// conversations of few exchanges.
fn faults(seed: u64, often: f64) -> Faults {
    let share = |percent: f64| percent / 100.0 * often;
    let faults = Faults::new().seed(seed).sly(share(1.0));
    match seed % 4 {
        0 => {
            let noisy = faults.noise(share(2.0)).noise_in(share(2.0)).cut(share(2.0));
            let late = noisy.late(share(2.0)).duplicate(share(2.0));
            late.deaf(share(2.0)).silence(share(2.0))
        }
        1 => faults.late(share(8.0)).duplicate(share(8.0)).deaf(share(3.0)),
        2 => faults.noise(share(9.0)).noise_in(share(5.0)).cut(share(3.0)),
        _ => faults
            .deaf(share(6.0))
            .silence(share(6.0))
            .late(share(4.0))
            .noise(share(1.0)),
    }
}

/// What a run of many seeds came to.
#[derive(Debug, Default)]
struct Tally {
    sessions: u64,
    complete: u64,
    records: usize,
    values: usize,
    exchanges: u64,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.complete += other.complete;
        self.records += other.records;
        self.values += other.values;
        self.exchanges += other.exchanges;
        self.wrong.extend(other.wrong);
    }

    /// Nothing was wrong; most of what a good line gives was read; and that took more than on a good line.
    fn assert(&self, name: &str, good: &Self) {
        let sessions = usize::try_from(self.sessions).unwrap();
        println!(
            "{name}: {} of {} sessions complete, {} records, {} of {} values, {} exchanges for {}, {} wrong",
            self.complete,
            self.sessions,
            self.records,
            self.values,
            good.values * sessions,
            self.exchanges,
            good.exchanges * self.sessions,
            self.wrong.len()
        );
        assert!(
            self.wrong.is_empty(),
            "{name}: {} wrong:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
        assert!(
            self.values * 2 > good.values * sessions,
            "{name}: {self:?} is too little to judge by"
        );
        assert!(
            self.exchanges * 20 > good.exchanges * self.sessions * 21,
            "{name}: the lines were too good: {self:?}"
        );
    }
}

/// One kind of meter, and how it is read.
struct Fixture {
    model: Model,
    driver: &'static str,
    config: Json,
    /// How often its line fails, as a multiple.
    often: f64,
    /// Lines for each seed: conversations of few exchanges need more of them to meet every fault.
    lines: u64,
    link: Box<dyn Fn(Faults) -> Link + Send + Sync>,
}

fn vkt7() -> Fixture {
    let meter = Vkt7::builder().seed(3).clock(NOW).two_inputs().report_day(25);
    let history: Arc<Vkt7History> = meter.generate();
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    Fixture {
        model: Model::Vkt7,
        driver: "vkt7",
        config: json!({"address": 1, "timeout_ms": 100, "quiet_ms": 25, "attempts": 4}),
        often: 1.0,
        lines: 1,
        link: Box::new(move |faults| {
            meter
                .clone()
                .history(history.clone())
                .without_hours(hole.0, hole.1)
                .faults(faults)
                .link()
        }),
    }
}

fn spt943() -> Fixture {
    let meter = Spt::spt943()
        .seed(5)
        .clock(NOW)
        .network(7)
        .settlement(25, 10)
        .month_archive();
    let history: Arc<SptHistory> = meter.generate();
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    Fixture {
        model: Model::Spt943,
        driver: "logika-m4",
        config: json!({"address": 7, "timeout_ms": 120, "attempts": 5, "wake": "fast"}),
        often: 1.0,
        lines: 1,
        link: Box::new(move |faults| {
            meter
                .clone()
                .history(history.clone())
                .without_hours(hole.0, hole.1)
                .faults(faults)
                .link()
        }),
    }
}

fn spt943rev3() -> Fixture {
    let meter = M4::spt943rev3().seed(8).clock(NOW).network(7).settlement(25, 10);
    let history: Arc<SptHistory> = meter.generate();
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    Fixture {
        model: Model::Tagged,
        driver: "logika-m4",
        config: json!({"address": 7, "timeout_ms": 120, "attempts": 5, "wake": "fast"}),
        often: 2.0,
        lines: 1,
        link: Box::new(move |faults| {
            meter
                .clone()
                .history(history.clone())
                .without_hours(hole.0, hole.1)
                .faults(faults)
                .link()
        }),
    }
}

fn spt961() -> Fixture {
    let meter = Spbus::spt961().seed(6).clock(NOW).address(16).settlement(25, 10);
    let history: Arc<SpbusHistory> = meter.generate();
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    Fixture {
        model: Model::Spbus,
        driver: "logika-spbus",
        config: json!({"address": 16, "source": 1, "timeout_ms": 120, "attempts": 5}),
        often: 2.0,
        lines: 1,
        link: Box::new(move |faults| {
            meter
                .clone()
                .history(history.clone())
                .without_hours(hole.0, hole.1)
                .faults(faults)
                .link()
        }),
    }
}

fn mbus() -> Fixture {
    Fixture {
        model: Model::Mbus,
        driver: "mbus",
        config: json!({"address": 1, "timeout_ms": 100, "attempts": 4}),
        often: 4.0,
        lines: 3,
        link: Box::new(|faults| Mbus::heat().seed(7).clock(NOW).months(36).faults(faults).link()),
    }
}

/// The windows that are asked for: some hours around the hole up to now, some days, some months.
const WINDOWS: [(ArchiveKind, DateTime); 3] = [
    (ArchiveKind::Hourly, DateTime::constant(2026, 11, 20, 2, 0, 0, 0)),
    (ArchiveKind::Daily, DateTime::constant(2026, 11, 17, 0, 0, 0, 0)),
    (ArchiveKind::Monthly, DateTime::constant(2026, 8, 1, 0, 0, 0, 0)),
];

/// One session over one bad line, judged.
async fn session(fixture: &Fixture, faults: Faults, name: &str) -> Tally {
    let meter = (fixture.link)(faults).start_tcp().await.unwrap();
    let line = LineAddress::Tcp(meter.addr().to_string());
    let mut read = Read::new(parts::driver(fixture.driver), line, fixture.config.clone())
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals);
    for (kind, from) in WINDOWS {
        read = read.archive(kind, from, NOW);
    }
    let (report, taken) = read.run().await;
    let judge = Judge::of(fixture.model, &meter);
    let seen = from_taken(&taken);
    let mut wrong = judge.wrong(&seen);
    for (kind, span, _) in &taken.absent {
        let civil = |at| TimeZone::UTC.to_datetime(at);
        wrong.extend(judge.denied(*kind, civil(span.start), civil(span.end)));
    }
    if let Some(clock) = report.clock
        && clock.shown != NOW
    {
        wrong.push(format!("the clock showed {}, it stands at {NOW}", clock.shown));
    }
    if report.outcome == Outcome::Complete {
        wrong.extend(unread(&judge, &seen));
    }
    wrong.extend(
        report
            .faults
            .iter()
            .map(|fault| format!("fault of the driver: {fault}")),
    );
    if !wrong.is_empty() {
        wrong.push(report.trace.clone());
    }
    Tally {
        sessions: 1,
        complete: u64::from(report.outcome == Outcome::Complete),
        records: seen.len(),
        values: values(&seen),
        exchanges: report.usage.exchanges.into(),
        wrong: wrong.iter().map(|what| format!("{name}: {what}")).collect(),
    }
}

/// What a session that says it is complete has left out.
fn unread(judge: &Judge, seen: &[Seen]) -> Vec<String> {
    let mut unread = Vec::new();
    for (kind, from) in WINDOWS {
        let left = judge.unread(kind, from, NOW, seen);
        unread.extend(left.iter().map(|start| format!("complete without {kind} {start}")));
    }
    unread
}

/// Reads a meter of the kind over one good line and over all bad ones.
async fn all_seeds(fixture: Fixture, name: &str) {
    let good = session(&fixture, Faults::new(), "good line").await;
    assert!(good.wrong.is_empty(), "{name}:\n{}", good.wrong.join("\n"));
    assert_eq!(good.complete, 1, "{name}: a good line gives everything");
    let (fixture, slots) = (Arc::new(fixture), Arc::new(Semaphore::new(AT_ONCE)));
    let mut sessions = JoinSet::new();
    for seed in 0..seeds() * fixture.lines {
        let (fixture, slots) = (fixture.clone(), slots.clone());
        sessions.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            session(&fixture, faults(seed, fixture.often), &format!("seed {seed}")).await
        });
    }
    let mut tally = Tally::default();
    while let Some(one) = sessions.join_next().await {
        tally.add(one.unwrap());
    }
    tally.assert(name, &good);
}

#[tokio::test(flavor = "multi_thread")]
async fn vkt7_on_bad_lines_gives_nothing_but_the_truth() {
    all_seeds(vkt7(), "ВКТ-7").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spt943_on_bad_lines_gives_nothing_but_the_truth() {
    all_seeds(spt943(), "СПТ943").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spt943rev3_on_bad_lines_gives_nothing_but_the_truth() {
    all_seeds(spt943rev3(), "СПТ943rev3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spt961_on_bad_lines_gives_nothing_but_the_truth() {
    all_seeds(spt961(), "СПТ961.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mbus_on_bad_lines_gives_nothing_but_the_truth() {
    all_seeds(mbus(), "M-Bus").await;
}

/// Judged by another meter of the kind every value is wrong: a judge that let this pass would let noise pass.
#[tokio::test(flavor = "multi_thread")]
async fn the_judge_sees_every_other_meter() {
    let others = [
        (
            vkt7(),
            Vkt7::builder().seed(4).clock(NOW).two_inputs().report_day(25).link(),
        ),
        (spt943(), Spt::spt943().seed(4).clock(NOW).settlement(25, 10).link()),
        (
            spt943rev3(),
            M4::spt943rev3().seed(4).clock(NOW).settlement(25, 10).link(),
        ),
        (spt961(), Spbus::spt961().seed(4).clock(NOW).settlement(25, 10).link()),
        (mbus(), Mbus::heat().seed(4).clock(NOW).link()),
    ];
    for (fixture, other) in others {
        let meter = (fixture.link)(Faults::new()).start_tcp().await.unwrap();
        let line = LineAddress::Tcp(meter.addr().to_string());
        let read = Read::new(parts::driver(fixture.driver), line, fixture.config.clone()).task(Task::Totals);
        let (_, taken) = read.run().await;
        let other = other.start_tcp().await.unwrap();
        let wrong = Judge::of(fixture.model, &other).wrong(&from_taken(&taken));
        assert!(!wrong.is_empty(), "{} is taken for another meter", fixture.driver);
    }
}

/// A meter in use for a day, behind a line as bad as those above that also drops every few records.
async fn newcomer() -> Handle {
    let clock = standing_clock();
    let installed = clock.date().saturating_sub(1.day()).at(0, 0, 0, 0);
    let meter = Vkt7::builder()
        .seed(9)
        .serial("00700100")
        .clock(clock)
        .installed(installed);
    let faults = faults(4, 1.5).drop_every_bytes(9_000);
    meter.faults(faults).start_tcp().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_line_ends_with_the_whole_archive_after_enough_polls() {
    const POLLS_MOST: usize = 40;
    let meter = newcomer().await;
    let line = format!("tcp:{}", meter.addr());
    let config = "address=1 timeout_ms=100 quiet_ms=25 attempts=4";
    let rows = [["newcomer", "vkt7", &line, "00700100", "hourly daily", config]];
    let host = TestHost::start_with(&devices(&rows), "[polling]\nscheduled = false");
    let (device, pool) = (host.device("newcomer").await, host.pool().await);
    let clock = ClockRule::Standard(TimeZone::get("Europe/Moscow").unwrap());
    let judge = Judge::of(Model::Vkt7, &meter);
    let mut outcomes = Vec::new();
    loop {
        let session = host.read_now(device, &json!({"what": []})).await;
        outcomes.push(session["outcome"].as_str().unwrap().to_owned());
        let mut unread = 0;
        for kind in [ArchiveKind::Hourly, ArchiveKind::Daily] {
            let seen = from_store(&pool, device, RecordKind::Archive(kind), &clock).await;
            let wrong = judge.wrong(&seen);
            assert!(wrong.is_empty(), "after {outcomes:?}:\n{}", wrong.join("\n"));
            unread += judge.unread(kind, DateTime::MIN, DateTime::MAX, &seen).len();
        }
        if unread == 0 {
            break;
        }
        assert!(
            outcomes.len() < POLLS_MOST,
            "{unread} records are missing after {outcomes:?}"
        );
    }
    println!("the archive was whole after {} polls: {outcomes:?}", outcomes.len());
    assert!(
        outcomes.len() > 1,
        "the line was too good to show that a poll completes another"
    );
    let hours = judge.held(RecordKind::Archive(ArchiveKind::Hourly)).len();
    assert!(hours >= 24, "{hours} hours");
}
