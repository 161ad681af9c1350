//! Meters of DLMS/COSEM through the whole host: whole rings, the night's top-up, passwords and keys, bad lines.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Dlms, DlmsBuilder, DlmsTransport, Faults, Handle};
use serde_json::{Value as Json, json};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, Outcome, RecordKind, Task};
use uzel::session::SetClock;

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, from_store, from_taken, values};

const DRIVER: &str = "dlms";
const TASKS: &str = "clock current totals hourly daily monthly";
const SERIAL: &str = "40512345";

fn host(meter: &Handle, serial: &str, tasks: &str, config: &str) -> TestHost {
    let line = tcp(meter);
    TestHost::start_with(&devices(&[["meter", DRIVER, &line, serial, tasks, config]]), ON_DEMAND)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_whole_rings_and_a_second_nothing_again() {
    let clock = standing_clock();
    let keys = format!(
        "framing=wrapper client=1 authentication=gmac protection=both encryption_key={} authentication_key={}",
        "11".repeat(16),
        "D0".repeat(16)
    );
    let wrapper = Dlms::builder().transport(DlmsTransport::Wrapper);
    let meters = [
        (
            "password",
            "client=32 authentication=low password=12345678",
            Dlms::builder().seed(201).password("12345678").compact(),
        ),
        ("keys", keys.as_str(), wrapper.seed(202).keys([0x11; 16], [0xD0; 16])),
    ];
    let mut served = Vec::new();
    for (name, config, meter) in meters {
        served.push((name, config, meter.clock(clock).start_tcp().await.unwrap()));
    }
    let lines: Vec<String> = served.iter().map(|(.., meter)| tcp(meter)).collect();
    let rows = served.iter().zip(&lines);
    let rows: Vec<_> = rows
        .map(|((name, config, _), line)| [*name, DRIVER, line, SERIAL, TASKS, *config])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, _, meter) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of(Model::Dlms, meter);
        assert_whole(&judge, &pool, device).await;
        let held = |kind| judge.held(RecordKind::Archive(kind)).len();
        let rings = (held(ArchiveKind::Hourly), held(ArchiveKind::Daily));
        assert_eq!(rings, (1_440, 366), "rings are full");
        let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
        assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()), "{name}");
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        let added = again["records_added"].as_u64().unwrap();
        assert!(word(&again) == "complete" && added <= 3, "{name}: {again}");
        assert!(asked < 100, "{name}: {asked} requests to learn that nothing is new");
    }
    assert_no_incident(&pool).await;
}

/// Reads, lets the meter's clock go on, and reads again.
async fn top_up(meter: DlmsBuilder, start: DateTime, hours: i64) {
    let meter = meter
        .clock(start)
        .installed(start.date().saturating_sub(3.days()).at(0, 0, 0, 0));
    let meter = meter.start_tcp().await.unwrap();
    let host = host(&meter, "", TASKS, "");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let evening = stored(&pool, device).await;
    assert_eq!(Judge::of(Model::Dlms, &meter).wrong(&evening), Vec::<String>::new());
    meter.clock().advance(hours * 3_600);
    host.read_now(device, &usual()).await;
    let night = host.read_now(device, &usual()).await;
    assert_eq!(word(&night), "complete", "{night}");
    let (judge, morning) = (Judge::of(Model::Dlms, &meter), stored(&pool, device).await);
    assert_eq!(judge.wrong(&morning), Vec::<String>::new());
    let amiss = lacking(&judge, &morning);
    assert!(amiss.is_empty(), "from {start} on:\n{}", amiss.join("\n"));
    assert!(morning.len() > evening.len(), "{hours} hours bring records");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_midnight_and_the_end_of_a_month() {
    let yesterday = standing_clock().saturating_sub(1.day());
    top_up(Dlms::builder().seed(203), yesterday, 24).await;
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    top_up(Dlms::builder().seed(204).compact(), month.at(23, 30, 0, 0), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_and_another_password_are_refused_by_name() {
    let meter = Dlms::builder().clock(standing_clock()).password("12345678");
    let meter = meter.start_tcp().await.unwrap();
    let line = tcp(&meter);
    let known = "client=32 authentication=low password=12345678 device_name=SIM";
    let rows = [
        ["meter", DRIVER, &line, SERIAL, "clock totals", known],
        [
            "guest",
            DRIVER,
            &line,
            "",
            "clock",
            "client=32 authentication=low password=00000000",
        ],
        ["lost", DRIVER, &line, "", "clock", "physical=33 timeout_ms=100"],
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    for (other, named) in [(Disguise::Serial, "99999999"), (Disguise::Model, "XYZ0000000000001")] {
        meter.set_faults(Faults::new().wrong(other));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{session}");
        assert!(session["detail"].as_str().unwrap().contains(named), "{session}");
    }
    meter.set_faults(Faults::new());
    for (name, outcome, named) in [
        ("guest", "refused", "wrong password or keys"),
        ("lost", "no-answer", ""),
    ] {
        let session = host.read_now(host.device(name).await, &usual()).await;
        assert_eq!(word(&session), outcome, "{name}: {session}");
        assert!(session.to_string().contains(named), "{name}: {session}");
        assert!(
            !session.to_string().contains("00000000"),
            "the password is told: {session}"
        );
    }
    let records = sqlx::query_scalar::<_, i64>("select count(*) from record");
    assert_eq!(
        records.fetch_one(&pool).await.unwrap(),
        0,
        "what another device counted"
    );
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_reset_places_nothing() {
    let right = standing_clock();
    let meter = Dlms::builder()
        .seed(205)
        .installed(right.date().saturating_sub(3.days()).at(0, 0, 0, 0));
    let meter = meter.clock(right).start_tcp().await.unwrap();
    let host = host(&meter, "", "clock hourly daily", "");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    host.read_now(device, &usual()).await;
    let before = stored(&pool, device).await.len();
    assert!(before > 40, "{before} records before");
    meter.clock().set(date(2000, 1, 1).at(0, 0, 20, 0));
    for _ in 0..2 {
        let session = host.read_now(device, &usual()).await;
        assert_eq!(stored(&pool, device).await.len(), before, "{session}");
    }
    meter.clock().set(right.saturating_add(5.hours()));
    for _ in 0..2 {
        host.read_now(device, &usual()).await;
    }
    let (judge, all) = (Judge::of(Model::Dlms, &meter), stored(&pool, device).await);
    let mut amiss = judge.wrong(&all);
    amiss.extend([ArchiveKind::Hourly, ArchiveKind::Daily].iter().flat_map(|kind| {
        let unread = judge.unread(*kind, DateTime::MIN, DateTime::MAX, &all);
        unread
            .into_iter()
            .map(move |start| format!("{kind} {start} is missing"))
    }));
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
    assert_no_incident(&pool).await;
}

/// Where the clocks of single sessions stand: a month has just ended.
const NOW: DateTime = DateTime::constant(2026, 11, 1, 0, 20, 0, 0);

/// One session over a line: outcome, values, and what is wrong.
async fn session(meter: DlmsBuilder, config: Json, tasks: &[(ArchiveKind, DateTime)]) -> (Outcome, usize, Vec<String>) {
    let meter = meter.start_tcp().await.unwrap();
    // What a ring drops meanwhile was true before, and what comes is true after.
    let before = Judge::of(Model::Dlms, &meter);
    let mut read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), config);
    for (kind, from) in tasks {
        read = read.archive(*kind, *from, NOW);
    }
    let (report, taken) = read.run().await;
    let seen = from_taken(&taken);
    let after = Judge::of(Model::Dlms, &meter);
    let new = seen
        .iter()
        .filter(|record| !after.wrong(std::slice::from_ref(record)).is_empty());
    let mut wrong: Vec<String> = new
        .flat_map(|record| before.wrong(std::slice::from_ref(record)))
        .collect();
    for (kind, span, _) in &taken.absent {
        let civil = |at| TimeZone::UTC.to_datetime(at);
        wrong.extend(before.denied(*kind, civil(span.start), civil(span.end)));
    }
    if report.outcome == Outcome::Complete {
        for (kind, from) in tasks {
            let left = after.unread(*kind, *from, NOW.date().at(0, 0, 0, 0), &seen);
            wrong.extend(left.iter().map(|start| format!("complete without {kind} {start}")));
        }
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
    (report.outcome, values(&seen), wrong)
}

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(5, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let tasks = [
        (ArchiveKind::Hourly, NOW.saturating_sub(4.days())),
        (ArchiveKind::Daily, NOW.saturating_sub(20.days())),
        (ArchiveKind::Monthly, NOW.saturating_sub(120.days())),
    ];
    let mut sessions = tokio::task::JoinSet::new();
    let mut most = 0;
    for (transport, framing) in [(DlmsTransport::Hdlc, "hdlc"), (DlmsTransport::Wrapper, "wrapper")] {
        let config = json!({"framing": framing, "timeout_ms": 150, "attempts": 4});
        let meter = Dlms::builder().transport(transport).seed(206).clock(NOW);
        let (outcome, good, wrong) = session(meter.clone(), config.clone(), &tasks).await;
        assert_eq!(
            (outcome, wrong),
            (Outcome::Complete, Vec::new()),
            "{framing}: a good line"
        );
        for seed in 0..seeds() {
            let late = Faults::new()
                .seed(seed)
                .late(0.05)
                .duplicate(0.05)
                .deaf(0.02)
                .silence(0.02);
            let noisy = Faults::new()
                .seed(seed)
                .noise(0.05)
                .noise_in(0.03)
                .cut(0.03)
                .sly(0.02)
                .late(0.02);
            // TCP repairs what is broken.
            let is_noisy = transport == DlmsTransport::Hdlc && seed % 2 == 1;
            let meter = meter.clone().faults(if is_noisy { noisy } else { late });
            let config = config.clone();
            most += good;
            sessions.spawn(async move {
                let (_, read, wrong) = session(meter, config, &tasks).await;
                assert!(wrong.is_empty(), "{framing}, seed {seed}:\n{}", wrong.join("\n"));
                read
            });
        }
    }
    let mut read = 0;
    while let Some(one) = sessions.join_next().await {
        read += one.unwrap();
    }
    println!("{read} of {most} values over bad lines");
    assert!(read * 2 > most, "{read} of {most} values are too little to judge by");
}

#[tokio::test]
async fn rows_that_are_overwritten_while_they_are_read_are_not_made_up() {
    let config = json!({"timeout_ms": 1000});
    let hours = [(ArchiveKind::Hourly, NOW.saturating_sub(62.days()))];
    // Two hours pass in the middle: the ring drops its two oldest rows.
    let meter = Dlms::builder()
        .seed(207)
        .clock(NOW)
        .faults(Faults::new().clock_jump(2 * 3_600, 60));
    let (outcome, _, wrong) = session(meter, config.clone(), &hours).await;
    assert_eq!((outcome, wrong), (Outcome::Complete, Vec::new()));
    let year = [
        (ArchiveKind::Hourly, NOW.saturating_sub(60.days())),
        (ArchiveKind::Daily, NOW.saturating_sub(365.days())),
    ];
    let (outcome, _, wrong) = session(Dlms::builder().seed(208).clock(NOW), config, &year).await;
    assert_eq!((outcome, wrong), (Outcome::Complete, Vec::new()), "a year of days");
}

#[tokio::test]
async fn a_clock_is_set_where_it_may_be() {
    let now = DateTime::constant(2026, 11, 20, 14, 20, 7, 0);
    let shown = now.saturating_add(jiff::SignedDuration::from_secs(90));
    for is_writable in [true, false] {
        let plain = Dlms::builder().clock(shown);
        let meter = if is_writable { plain } else { plain.password("12345678") };
        let meter = meter.start_tcp().await.unwrap();
        let Ok(ClockPolicy::Set(limits)) = "beyond 30s within 10m".parse() else {
            panic!("the policy is one")
        };
        let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), json!({}));
        let set_clock = SetClock { limits, set_at: None };
        let (report, _) = read.task(Task::Clock).set_clock(set_clock, now).run().await;
        let setting = report.clock_setting.unwrap();
        let want = if is_writable {
            ClockOutcome::Set
        } else {
            ClockOutcome::Failed
        };
        assert_eq!(setting.outcome, want, "{:?}", report.detail);
        let off_s = meter.clock().now().duration_since(now).as_secs();
        assert_eq!((0..=3).contains(&off_s), is_writable, "{off_s}");
    }
}
