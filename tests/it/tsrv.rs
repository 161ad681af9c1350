//! ТСРВ of Взлёт through the whole host and over bad lines: what each model has, the night's top-up, journals, framings.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Faults, Handle, ModbusFraming, Tsrv, TsrvBuilder, TsrvModel};
use serde_json::{Value as Json, json};
use system_tests::session::{Read, Taken};
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, LineAddress, Outcome, RecordKind, Task};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, Seen, from_store, from_taken, values};

const DRIVER: &str = "vzlet-tsrv";
const TASKS: &str = "clock current totals hourly daily monthly";

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_whole_rings_and_a_second_nothing_again() {
    let clock = standing_clock();
    let recently = clock.date().saturating_sub(10.days()).at(0, 0, 0, 0);
    let meters = [
        (TsrvModel::Tsrv024m, TASKS, Tsrv::tsrv024m().seed(21).contract(25, 8)),
        (
            TsrvModel::Tsrv024mPlus,
            TASKS,
            Tsrv::tsrv024m_plus().seed(22).installed(recently),
        ),
        (TsrvModel::Tsrv034, TASKS, Tsrv::tsrv034().seed(23)),
        (TsrvModel::Tsrv043, TASKS, Tsrv::tsrv043().seed(24).installed(recently)),
        (
            TsrvModel::Tsrv023,
            "clock current hourly daily monthly",
            Tsrv::tsrv023().seed(25).installed(recently),
        ),
    ];
    let mut served = Vec::new();
    for (model, tasks, meter) in meters {
        served.push((model, tasks, meter.clock(clock).start_tcp().await.unwrap()));
    }
    let named: Vec<_> = served
        .iter()
        .map(|(model, _, meter)| (format!("{model:?}"), tcp(meter)))
        .collect();
    let rows = named.iter().zip(&served);
    let rows: Vec<_> = rows
        .map(|((name, line), (_, tasks, _))| [name.as_str(), DRIVER, line.as_str(), "802485", *tasks, ""])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for ((name, _), (model, _, meter)) in named.iter().zip(&served) {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of(Model::Tsrv(*model), meter);
        assert_whole(&judge, &pool, device).await;
        let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
        let count = if *model == TsrvModel::Tsrv023 { 1 } else { 2 };
        assert_eq!((moments.len(), judge.wrong(&moments)), (count, Vec::new()), "{name}");
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        // Of full rings the oldest, now that the meter's clock is known: two hours, and a day if it is behind midnight.
        let added = again["records_added"].as_u64().unwrap();
        assert!(word(&again) == "complete" && added <= 3, "{name}: {again}");
        assert!(asked < 100, "{name}: {asked} requests to learn that nothing is new");
    }
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_every_kind_of_midnight() {
    let yesterday = standing_clock().saturating_sub(1.day());
    let contract = yesterday.date().at(7, 40, 0, 0).saturating_sub(1.day());
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    let day = month.with().day(25).build().unwrap();
    let meters = [
        ("midnight", Tsrv::tsrv034().seed(31), TsrvModel::Tsrv034, yesterday, 24),
        // Into the contract hour.
        (
            "contract hour",
            Tsrv::tsrv024m().seed(32).contract(1, 8),
            TsrvModel::Tsrv024m,
            contract,
            1,
        ),
        (
            "month",
            Tsrv::tsrv043().seed(33),
            TsrvModel::Tsrv043,
            month.at(23, 30, 0, 0),
            2,
        ),
        // Over the contract day of another month.
        (
            "contract day",
            Tsrv::tsrv024m_plus().seed(34).contract(25, 10),
            TsrvModel::Tsrv024mPlus,
            day.at(9, 40, 0, 0),
            1,
        ),
    ];
    let mut served = Vec::new();
    for (name, meter, model, start, hours) in meters {
        let installed = start.date().saturating_sub(3.days()).at(0, 0, 0, 0);
        let meter = meter.clock(start).installed(installed).start_tcp().await.unwrap();
        served.push((name, tcp(&meter), meter, model, hours));
    }
    let rows: Vec<_> = served
        .iter()
        .map(|(name, line, ..)| [*name, DRIVER, line.as_str(), "", TASKS, ""])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, _, meter, model, hours) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let evening = stored(&pool, device).await;
        let judge = Judge::of(Model::Tsrv(*model), meter);
        assert_eq!(judge.wrong(&evening), Vec::<String>::new(), "{name}");
        meter.clock().advance(hours * 3_600);
        host.read_now(device, &usual()).await;
        let night = host.read_now(device, &usual()).await;
        assert_eq!(word(&night), "complete", "{name}: {night}");
        let (judge, morning) = (Judge::of(Model::Tsrv(*model), meter), stored(&pool, device).await);
        let mut amiss = judge.wrong(&morning);
        amiss.extend(lacking(&judge, &morning));
        assert!(amiss.is_empty(), "{name}:\n{}", amiss.join("\n"));
        assert!(morning.len() > evening.len(), "{name}: {hours} hours bring records");
    }
    assert_no_incident(&pool).await;
}

fn config(framing: &str) -> Json {
    json!({"framing": framing, "timeout_ms": 150, "attempts": 4})
}

async fn read(meter: &Handle, framing: &str, tasks: &[(ArchiveKind, DateTime, DateTime)]) -> (Outcome, Taken, String) {
    let line = LineAddress::Tcp(meter.addr().to_string());
    let mut read = Read::new(parts::driver(DRIVER), line, config(framing))
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals);
    for (kind, from, to) in tasks {
        read = read.archive(*kind, *from, *to);
    }
    let (report, taken) = read.run().await;
    assert_eq!(report.faults, Vec::<String>::new(), "faults of the driver");
    (report.outcome, taken, report.trace)
}

/// Records that are held and were said to be absent.
fn denied(judge: &Judge, taken: &Taken) -> Vec<String> {
    let civil = |at| TimeZone::UTC.to_datetime(at);
    let absent = taken.absent.iter();
    absent
        .flat_map(|(kind, span, _)| judge.denied(*kind, civil(span.start), civil(span.end)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_days_and_sixty_days_of_hours_are_asked_for_once() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let hole = now.date().saturating_sub(9.days()).at(2, 0, 0, 0);
    let meter = Tsrv::tsrv024m()
        .seed(51)
        .clock(now)
        // The clock was moved forward.
        .without_hours(hole, hole.saturating_add(3.hours()))
        .start_tcp()
        .await
        .unwrap();
    let tasks = [
        (ArchiveKind::Hourly, now.saturating_sub(60.days()), now),
        (ArchiveKind::Daily, now.saturating_sub(365.days()), now),
    ];
    let (outcome, taken, _) = read(&meter, "rtu", &tasks).await;
    assert_eq!(outcome, Outcome::Complete);
    let (judge, seen) = (Judge::of(Model::Tsrv(TsrvModel::Tsrv024m), &meter), from_taken(&taken));
    assert_eq!(judge.wrong(&seen), Vec::<String>::new());
    for (kind, from, to) in tasks {
        assert_eq!(judge.unread(kind, from, to, &seen), [], "{kind}");
    }
    assert_eq!(denied(&judge, &taken), Vec::<String>::new());
    let said = taken.absent.iter().any(|(kind, span, _)| {
        let start = TimeZone::UTC.to_datetime(span.start);
        *kind == ArchiveKind::Hourly && start <= hole && hole < TimeZone::UTC.to_datetime(span.end)
    });
    assert!(said, "the hours that the clock skipped are said to be absent");
    // Two systems a record, a summary and three totals every eight hours.
    let intervals = 60 * 24 + 365;
    assert!(meter.requests() < intervals * 11 / 4, "{} requests", meter.requests());
}

#[tokio::test]
async fn records_that_are_overwritten_while_they_are_read_are_not_made_up() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    // Two hours pass in the middle: the ring drops its two oldest records.
    let meter = Tsrv::tsrv034()
        .seed(52)
        .clock(now)
        .faults(Faults::new().clock_jump(2 * 3_600, 60))
        .start_tcp()
        .await
        .unwrap();
    let before = Judge::of(Model::Tsrv(TsrvModel::Tsrv034), &meter);
    let line = LineAddress::Tcp(meter.addr().to_string());
    let read = Read::new(parts::driver(DRIVER), line, config("rtu"));
    let (report, taken) = read
        .archive(ArchiveKind::Hourly, now.saturating_sub(1_080.hours()), now)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let seen = from_taken(&taken);
    assert_eq!(before.wrong(&seen), Vec::<String>::new());
    assert_eq!(meter.clock().now(), now.saturating_add(2.hours()));
    let after = Judge::of(Model::Tsrv(TsrvModel::Tsrv034), &meter);
    let whole = now.date().at(10, 0, 0, 0);
    let first = after.held(RecordKind::Archive(ArchiveKind::Hourly))[0].start;
    let from = first.max(now.saturating_sub(1_079.hours()));
    assert_eq!(after.unread(ArchiveKind::Hourly, from, whole, &seen), []);
}

#[tokio::test]
async fn journals_and_settings_come_with_their_texts() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Tsrv::tsrv024m().seed(53).clock(now).start_tcp().await.unwrap();
    let line = LineAddress::Tcp(meter.addr().to_string());
    let read = Read::new(parts::driver(DRIVER), line, config("rtu"));
    let (report, taken) = read.task(Task::Events).task(Task::Settings).run().await;
    let told = (report.outcome, report.faults.as_slice());
    assert_eq!(told, (Outcome::Complete, &[][..]), "{:?}", report.detail);
    let with = |code: &str, point| {
        let events = taken.events.iter();
        events
            .filter(|event| event.code == code && event.point == point)
            .count()
    };
    for point in [1, 2] {
        assert!(with("НС25", point) > 1 && with("НС26", point) > 1, "system {point}");
        assert_eq!(with("НС25", point) % 2, 0, "each began and ended");
    }
}

#[tokio::test]
async fn a_wrong_address_or_framing_is_silence_and_ascii_is_read_on_a_serial_port() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Tsrv::tsrv043().framing(ModbusFraming::Ascii).address(9).clock(now);
    let meter = meter.start_pty().unwrap();
    let line = LineAddress::Serial(meter.path().display().to_string());
    let read = async |config: Json| {
        let read = Read::new(parts::driver(DRIVER), line.clone(), config).task(Task::Clock);
        let read = read.archive(ArchiveKind::Hourly, now.saturating_sub(6.hours()), now);
        let (report, taken) = read.run().await;
        (report.outcome, taken)
    };
    let mut config = config("ascii");
    assert_eq!(read(config.clone()).await.0, Outcome::NoAnswer, "address 1 of 9");
    config["address"] = json!(9);
    let (outcome, taken) = read(config.clone()).await;
    let judge = Judge::of(Model::Tsrv(TsrvModel::Tsrv043), &meter);
    let seen = from_taken(&taken);
    assert_eq!((outcome, judge.wrong(&seen)), (Outcome::Complete, Vec::new()));
    assert!(seen.len() >= 5, "{} hours", seen.len());
    config["framing"] = json!("rtu");
    assert_eq!(read(config).await.0, Outcome::NoAnswer, "RTU to ASCII");
}

/// Where the meters' clocks stand over bad lines: a month has just ended.
const NOW: DateTime = DateTime::constant(2026, 11, 1, 0, 20, 0, 0);

const WINDOWS: [(ArchiveKind, DateTime, DateTime); 3] = [
    (ArchiveKind::Hourly, DateTime::constant(2026, 10, 31, 5, 0, 0, 0), NOW),
    (ArchiveKind::Daily, DateTime::constant(2026, 10, 25, 0, 0, 0, 0), NOW),
    (ArchiveKind::Monthly, DateTime::constant(2026, 7, 1, 0, 0, 0, 0), NOW),
];

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(5, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

fn faults(seed: u64) -> Faults {
    let faults = Faults::new().seed(seed);
    match seed % 2 {
        0 => faults.late(0.06).duplicate(0.05).deaf(0.02).silence(0.02),
        _ => faults.noise(0.05).noise_in(0.03).cut(0.03).sly(0.01).late(0.02),
    }
}

/// One session: what was read, and what is wrong with it.
async fn session(model: TsrvModel, meter: TsrvBuilder, framing: &str) -> (Outcome, Vec<Seen>, Vec<String>) {
    let meter = meter.start_tcp().await.unwrap();
    let (outcome, taken, trace) = read(&meter, framing, &WINDOWS).await;
    let (judge, seen) = (Judge::of(Model::Tsrv(model), &meter), from_taken(&taken));
    let mut wrong = judge.wrong(&seen);
    wrong.extend(denied(&judge, &taken));
    if outcome == Outcome::Complete {
        for (kind, from, to) in WINDOWS {
            let left = judge.unread(kind, from, to, &seen);
            wrong.extend(left.iter().map(|start| format!("complete without {kind} {start}")));
        }
    }
    if !wrong.is_empty() {
        wrong.push(trace);
    }
    (outcome, seen, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let kinds = [
        (TsrvModel::Tsrv024m, ModbusFraming::Rtu, "rtu"),
        (TsrvModel::Tsrv034, ModbusFraming::Rtu, "rtu"),
        (TsrvModel::Tsrv034, ModbusFraming::Ascii, "ascii"),
    ];
    let mut sessions = tokio::task::JoinSet::new();
    for (model, framing, name) in kinds {
        let meter = Tsrv::builder(model).framing(framing).seed(61).clock(NOW);
        let meter = meter.clone().history(meter.generate());
        let (outcome, seen, wrong) = session(model, meter.clone(), name).await;
        assert_eq!(
            (outcome, wrong),
            (Outcome::Complete, Vec::new()),
            "{model:?}: a good line"
        );
        let good = values(&seen);
        for seed in 0..seeds() {
            let meter = meter.clone().faults(faults(seed));
            sessions.spawn(async move {
                let (_, seen, wrong) = session(model, meter, name).await;
                assert!(wrong.is_empty(), "{model:?} {name}, seed {seed}:\n{}", wrong.join("\n"));
                (values(&seen), good)
            });
        }
    }
    let (mut read, mut most) = (0, 0);
    while let Some(one) = sessions.join_next().await {
        let (values, good) = one.unwrap();
        (read, most) = (read + values, most + good);
    }
    println!("{read} of {most} values over bad lines");
    assert!(read * 2 > most, "{read} of {most} values are too little to judge by");
}
