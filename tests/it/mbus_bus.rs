//! Several M-Bus meters on one pair of wires, found by their numbers; what they keep in compact profiles, an old fixed
//! structure, and a receiver of wireless telegrams.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Faults, Handle, Link, Mbus, TruthKind};
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Taken};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use uzel::model::{ArchiveKind, LineAddress, Outcome, RecordKind, Task};
use uzel::session::Report;

use crate::devices::standing_clock;
use crate::judge::{Judge, Model, from_taken};

const MONTHLY: RecordKind = RecordKind::Archive(ArchiveKind::Monthly);
/// In January the due date and the last month of a meter with bare dates would lie a day apart.
const JUNE: DateTime = DateTime::constant(2026, 6, 15, 10, 20, 0, 0);

/// Whole addresses of [`bus`], as the driver tells them.
const HEAT: &str = "068558172D2C080C";
const BESIDE: &str = "069558172D2C080C";
const WATER: &str = "1115518577040816";

fn meters() -> [Link; 3] {
    [
        Mbus::heat().seed(31).clock(JUNE).months(6).primary(0).link(),
        Mbus::heat()
            .seed(32)
            .clock(JUNE)
            .months(6)
            .primary(0)
            .id(6_955_817)
            .link(),
        Mbus::water().seed(33).clock(JUNE).months(6).primary(0).link(),
    ]
}

async fn bus(faults: Faults) -> Handle {
    Link::bus(meters(), faults).start_tcp().await.unwrap()
}

/// Reads the meter that fits, with its months.
async fn read(address: String, config: serde_json::Value) -> (Report, Taken) {
    let long_ago = JUNE.saturating_sub(5.years());
    Read::new(parts::driver("mbus"), LineAddress::Tcp(address), config)
        .task(Task::Current)
        .task(Task::Totals)
        .archive(ArchiveKind::Monthly, long_ago, JUNE)
        .run()
        .await
}

async fn select(bus: &Handle, secondary: &str) -> (Report, Taken) {
    let config = json!({"secondary": secondary, "timeout_ms": 60});
    read(bus.addr().to_string(), config).await
}

fn whole_address(report: &Report) -> &str {
    let details = &report.identity.as_ref().unwrap().details;
    let found = details.iter().find(|(name, _)| name == "secondary-address");
    found.map_or("", |(_, address)| address.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_meter_that_fits_is_found_among_others_and_read_whole() {
    let bus = bus(Faults::new()).await;
    for (place, secondary, want) in [
        (0, "06855817", HEAT),
        (1, "0695FFFF", BESIDE),
        (2, "1FFFFFFF", WATER),
        (2, "FFFFFFFFFFFFFF16", WATER),
    ] {
        let (report, taken) = select(&bus, secondary).await;
        assert_eq!(
            report.outcome,
            Outcome::Complete,
            "{secondary}: {:?}\n{}",
            report.detail,
            report.trace
        );
        assert_eq!(whole_address(&report), want, "{secondary}");
        let (seen, judge) = (from_taken(&taken), Judge::of_place(Model::Mbus, &bus, place));
        assert_eq!(judge.wrong(&seen), Vec::<String>::new(), "{secondary}");
        let months = seen.iter().filter(|record| record.kind == MONTHLY).count();
        assert_eq!(months, judge.held(MONTHLY).len(), "{secondary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_fit_are_refused_and_named() {
    let bus = bus(Faults::new()).await;
    for (secondary, want) in [
        ("FFFFFFFF", format!("fits 3 meters: {HEAT}, {BESIDE}, {WATER}")),
        ("06FFFFFF", format!("fits 2 meters: {HEAT}, {BESIDE}")),
    ] {
        let (report, taken) = select(&bus, secondary).await;
        assert_eq!(report.outcome, Outcome::BadConfig, "{secondary}: {}", report.trace);
        let detail = report.detail.unwrap_or_default();
        assert!(detail.contains(&want), "{secondary}: {detail}");
        assert!(taken.tables.is_empty(), "{secondary}");
    }
    let (report, _) = select(&bus, "2FFFFFFF").await;
    assert_eq!(report.outcome, Outcome::NoAnswer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_on_a_bad_line_finds_the_right_meter_or_none() {
    let seeds = std::env::var("UZEL_NOISE_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    let mut complete = 0;
    let seeds: u64 = seeds.unwrap_or(5);
    for seed in 0..seeds {
        let faults = Faults::new()
            .seed(seed)
            .noise(0.03)
            .silence(0.02)
            .late(0.02)
            .noise_in(0.02);
        let bus = bus(faults).await;
        let (report, taken) = select(&bus, "1FFFFFFF").await;
        let judge = Judge::of_place(Model::Mbus, &bus, 2);
        assert_eq!(judge.wrong(&from_taken(&taken)), Vec::<String>::new(), "seed {seed}");
        let serial = report.identity.and_then(|identity| identity.serial);
        assert!(serial.is_none_or(|serial| serial == "11155185"), "seed {seed}");
        complete += u64::from(report.outcome == Outcome::Complete);
    }
    assert!(2 * complete > seeds, "{complete} of {seeds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn months_in_a_compact_profile_are_archived_as_those_of_storage_numbers() {
    for link in [
        Mbus::heat().seed(34).clock(standing_clock()).compact().link(),
        Mbus::electricity().seed(35).clock(JUNE).compact().link(),
    ] {
        let meter = link.start_tcp().await.unwrap();
        let (report, taken) = read(meter.addr().to_string(), json!({"address": 254, "timeout_ms": 300})).await;
        assert_eq!(
            report.outcome,
            Outcome::Complete,
            "{:?}\n{}",
            report.detail,
            report.trace
        );
        let (seen, judge) = (from_taken(&taken), Judge::of(Model::Mbus, &meter));
        assert_eq!(judge.wrong(&seen), Vec::<String>::new());
        let months = seen.iter().filter(|record| record.kind == MONTHLY).count();
        assert_eq!(months, judge.held(MONTHLY).len());
        assert!(months > 10, "{months}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_gives_the_set_of_data_that_it_is_asked_for_and_then_its_usual_one() {
    let meter = Mbus::heat().seed(37).clock(JUNE).months(6).start_tcp().await.unwrap();
    let judge = Judge::of(Model::Mbus, &meter);
    let all = judge.held(MONTHLY).len();
    // Instantaneous values alone, then billing alone, then what the meter usually gives.
    for (set, power, months) in [(Some(80), true, 0), (Some(32), false, all), (None, true, all)] {
        let mut config = json!({"address": 1, "timeout_ms": 300});
        if let Some(set) = set {
            config["data_set"] = set.into();
        }
        let (report, taken) = read(meter.addr().to_string(), config).await;
        assert_eq!(
            report.outcome,
            Outcome::Complete,
            "{set:?}: {:?}\n{}",
            report.detail,
            report.trace
        );
        let monthly = taken.tables.iter().filter(|table| table.kind == MONTHLY);
        assert_eq!(
            monthly.map(|table| table.records.len()).sum::<usize>(),
            months,
            "{set:?}"
        );
        let has_power = |table: &uzel::model::Table| table.columns.iter().any(|column| &*column.id == "power");
        assert_eq!(taken.tables.iter().any(has_power), power, "{set:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_meter_with_the_fixed_structure_gives_its_counters() {
    let meter = Mbus::heat().seed(36).clock(JUNE).fixed().start_tcp().await.unwrap();
    let (report, taken) = read(
        meter.addr().to_string(),
        json!({"secondary": "06855817", "timeout_ms": 300}),
    )
    .await;
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    let truth = &meter.truth(TruthKind::TotalsNow)[0].values;
    let want = [
        truth[0].value,
        truth[1].value.map(|cubic_metres| cubic_metres * 1_000.0),
    ];
    let totals = taken
        .tables
        .iter()
        .find(|table| table.kind == RecordKind::Totals)
        .unwrap();
    let told: Vec<_> = totals
        .columns
        .iter()
        .map(|column| format!("{} {}", column.id, column.unit))
        .collect();
    assert_eq!(told, ["energy kWh", "volume l"]);
    let got: Vec<_> = totals.records[0].cells.iter().map(|cell| cell.value.number()).collect();
    assert_eq!(got, want);
}

/// A receiver that passes on telegrams of other meters and, now and then, of the one that is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_telegram_by_radio_is_waited_for() {
    // The example of EN 13757-4 (format B), and the same of a neighbour without check sums.
    let mine = "14 44 ae 0c 78 56 34 12 01 07 8c 20 27 78 0b 13 43 65 87 7a c5";
    let neighbours = "12 44 ae 0c 79 56 34 12 01 07 8c 20 27 78 0b 13 99 99 99";
    let bytes = |text: &str| meter_sim::hex::bytes(text).unwrap();
    let (mine, neighbours) = (bytes(mine), bytes(neighbours));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let receiver = tokio::spawn(async move {
        let (mut line, _) = listener.accept().await.unwrap();
        for telegram in [&neighbours, &neighbours, &mine] {
            line.write_all(telegram).await.unwrap();
        }
        line
    });
    let config = json!({"receiver": true, "secondary": "12345678", "listen_s": 20});
    let (report, taken) = Read::new(parts::driver("mbus"), LineAddress::Tcp(address), config)
        .task(Task::Totals)
        .run()
        .await;
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    assert_eq!(report.identity.unwrap().serial.as_deref(), Some("12345678"));
    let table = &taken.tables[0];
    assert_eq!((&*table.columns[0].id, &*table.columns[0].unit), ("volume", "m3"));
    assert_eq!(table.records[0].cells[0].value.number(), Some(876.543));
    drop(receiver.await.unwrap());
}
