//! Devices of register maps through the whole host and over bad lines: an invented heat meter whose map is a text of its
//! configuration, and a weather controller.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Faults, Link, ModbusFraming, ModbusSlave};
use serde_json::{Value as Json, json};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, LineAddress, Outcome, RecordKind, Task};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, Seen, from_store, from_taken, values};

const MAP: &str = include_str!("../../examples/modbus-map.toml");

/// Where the meters' clocks stand: a month has just ended.
const NOW: DateTime = DateTime::constant(2026, 11, 1, 0, 20, 0, 0);

fn config(framing: &str) -> Json {
    json!({"map": "own", "map_text": MAP, "framing": framing, "timeout_ms": 150, "attempts": 4})
}

/// Adds the heat meter to the host, as a person does whose map is in a file.
async fn add(host: &TestHost, line: &str, serial: &str) -> i64 {
    let map = format!("map_text={MAP}");
    let mut words = vec![
        "device",
        "add",
        "--name",
        "register",
        "--driver",
        "modbus",
        "--config",
        "uzel.toml",
    ];
    words.extend(["--line", line, "--serial", serial, "--zone", "Europe/Moscow"]);
    words.extend(["--what", "clock,current,totals,hourly,daily,monthly"]);
    words.extend(["--set", "map=own", "--set", "framing=tcp", "--set", &map]);
    host.uzel(&words);
    host.device("register").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_and_the_night_what_is_new() {
    let clock = standing_clock();
    let meter = ModbusSlave::heat().framing(ModbusFraming::Tcp).seed(5).clock(clock);
    let meter = meter.start_tcp().await.unwrap();
    let mut host = TestHost::prepare(&devices(&[]), ON_DEMAND);
    let device = add(&host, &tcp(&meter), "123456").await;
    host.spawn();
    let pool = host.pool().await;

    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let judge = Judge::of(Model::Register, &meter);
    // Its ring reaches further back than its depth in hours by those without power: a second session follows.
    let is_whole = async |_: &TestHost| lacking(&judge, &stored(&pool, device).await).is_empty().then_some(());
    host.until("all that the ring holds", is_whole).await;
    assert_whole(&judge, &pool, device).await;
    let hours = judge.held(RecordKind::Archive(ArchiveKind::Hourly)).len();
    assert_eq!(hours, 1_488, "as many as the ring has, which is 62 days");
    let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()));

    // A day passes, and midnight with it.
    meter.clock().advance(24 * 3_600);
    host.read_now(device, &usual()).await;
    let before = meter.requests();
    let again = host.read_now(device, &usual()).await;
    assert_eq!(word(&again), "complete", "{again}");
    let asked = meter.requests() - before;
    assert!(asked < 100, "{asked} requests to learn that nothing is new");
    let judge = Judge::of(Model::Register, &meter);
    let recent: Vec<Seen> = stored(&pool, device)
        .await
        .into_iter()
        .filter(|record| record.end > clock)
        .collect();
    assert!(recent.len() >= 20, "{} records are new", recent.len());
    assert_eq!(judge.wrong(&recent), Vec::<String>::new());
    let kinds = [ArchiveKind::Hourly, ArchiveKind::Daily];
    for kind in kinds {
        let lacking = judge.unread(kind, clock, DateTime::MAX, &recent);
        assert_eq!(lacking, Vec::<DateTime>::new(), "{kind}");
    }
    assert_no_incident(&pool).await;

    // Another meter in its place is refused by its number, another model by its map.
    for (disguise, named) in [(Disguise::Serial, "99999999"), (Disguise::Model, "РЕГИСТР-1")] {
        meter.set_faults(Faults::new().wrong(disguise));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{session}");
        assert!(session["detail"].as_str().unwrap().contains(named), "{session}");
    }
}

/// One session over a line: outcome and what is wrong.
async fn session(link: Link, framing: &str, tasks: &[(ArchiveKind, DateTime)]) -> (Outcome, Vec<Seen>, Vec<String>) {
    let meter = link.start_tcp().await.unwrap();
    let line = LineAddress::Tcp(meter.addr().to_string());
    let mut read = Read::new(parts::driver("modbus"), line, config(framing))
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals);
    for (kind, from) in tasks {
        read = read.archive(*kind, *from, NOW);
    }
    let (report, taken) = read.run().await;
    let judge = Judge::of(Model::Register, &meter);
    let seen = from_taken(&taken);
    let mut wrong = judge.wrong(&seen);
    for (kind, span, _) in &taken.absent {
        let civil = |at| TimeZone::UTC.to_datetime(at);
        wrong.extend(judge.denied(*kind, civil(span.start), civil(span.end)));
    }
    if report.outcome == Outcome::Complete {
        for (kind, from) in tasks {
            let left = judge.unread(*kind, *from, NOW, &seen);
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
    (report.outcome, seen, wrong)
}

const WINDOWS: [(ArchiveKind, DateTime); 3] = [
    (ArchiveKind::Hourly, DateTime::constant(2026, 10, 31, 5, 0, 0, 0)),
    (ArchiveKind::Daily, DateTime::constant(2026, 10, 25, 0, 0, 0, 0)),
    (ArchiveKind::Monthly, DateTime::constant(2026, 7, 1, 0, 0, 0, 0)),
];

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(10, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

/// Loss and lateness, or damage, in turn.
fn faults(seed: u64) -> Faults {
    let late = Faults::new()
        .seed(seed)
        .late(0.06)
        .duplicate(0.05)
        .deaf(0.02)
        .silence(0.02);
    match seed % 2 {
        0 => late,
        _ => Faults::new()
            .seed(seed)
            .noise(0.05)
            .noise_in(0.03)
            .cut(0.03)
            .sly(0.01)
            .late(0.02),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    // RTU and TCP are read over many lines in virtual time.
    let kinds = [(ModbusFraming::Ascii, "ascii")];
    let mut sessions = tokio::task::JoinSet::new();
    for (framing, name) in kinds {
        let link = move |faults| {
            ModbusSlave::heat()
                .framing(framing)
                .seed(7)
                .clock(NOW)
                .faults(faults)
                .link()
        };
        let (outcome, seen, wrong) = session(link(Faults::new()), name, &WINDOWS).await;
        assert_eq!((outcome, wrong), (Outcome::Complete, Vec::new()), "{name}: a good line");
        let good = values(&seen);
        for seed in 0..seeds() {
            sessions.spawn(async move {
                let (_, seen, wrong) = session(link(faults(seed)), name, &WINDOWS).await;
                assert!(wrong.is_empty(), "{name}, seed {seed}:\n{}", wrong.join("\n"));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_and_a_wrong_framing_are_silence_or_noise_and_a_wrong_map_is_named() {
    let meter = ModbusSlave::heat().address(9).clock(NOW).start_tcp().await.unwrap();
    let read = async |config: Json| {
        let line = LineAddress::Tcp(meter.addr().to_string());
        let (report, _) = Read::new(parts::driver("modbus"), line, config)
            .task(Task::Clock)
            .run()
            .await;
        (report.outcome, report.detail.unwrap_or_default())
    };
    let mut other = config("rtu");
    assert_eq!(read(other.clone()).await.0, Outcome::NoAnswer, "address 1 of 9");
    other["address"] = json!(9);
    assert_eq!(read(other.clone()).await.0, Outcome::Complete);
    other["framing"] = json!("tcp");
    assert_eq!(read(other.clone()).await.0, Outcome::NoAnswer, "TCP to RTU");
    other["framing"] = json!("rtu");
    other["map_text"] = json!("version = 1\nname = \"x\"\ncolour = 1");
    let (outcome, detail) = read(other).await;
    assert_eq!(outcome, Outcome::BadConfig, "{detail}");
    assert!(detail.contains("line 3") && detail.contains("colour"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weather_controller_is_read_on_a_serial_port() {
    let clock = standing_clock();
    let regulator = ModbusSlave::regulator().clock(clock).start_pty().unwrap();
    let line = format!("serial:{}", regulator.path().display());
    let row = ["ecl", "modbus", &line, "123456", "clock current", "map=ecl-comfort"];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("ecl").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let current = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    let find = |id: &str| current[0].cells.iter().find(|cell| cell.id == id).unwrap();
    assert_eq!((find("S2").value, find("S2").unit.as_str()), (Some(21.15), "Cel"));
    assert_eq!(
        (find("S4").value, find("S4").code.as_deref()),
        (None, Some("4B00")),
        "no sensor"
    );
    assert_eq!(find("S7").code.as_deref(), Some("exception 2 (illegal data address)"));
    assert_eq!(find("11253 Des. flow T").value, Some(64.8));

    regulator.set_faults(Faults::new().wrong(Disguise::Model));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "wrong-device", "{session}");
    let detail = session["detail"].as_str().unwrap();
    assert!(detail.contains("A999.1"), "{detail}");
}
