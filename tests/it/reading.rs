//! The host reads meters by itself: everything at first, then what is new; on sockets, on a serial port, and several on
//! one line.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Faults, Link, Mbus, Spt, Vkt7};
use serde_json::json;
use sqlx::Row as _;
use system_tests::TestHost;
use uzel::model::{ArchiveKind, RecordKind};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, kept, lacking, may_lack, moscow, standing_clock, stored, tcp,
    usual, word, young,
};
use crate::judge::{Judge, Model, Seen, from_store};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_whole_rings_and_a_second_nothing_again() {
    let clock = standing_clock();
    // In January its due date and its last month would lie a day apart, of which the driver makes nothing.
    let june = DateTime::constant(2026, 6, 15, 10, 20, 0, 0);
    let meters = [
        (
            Model::Vkt7,
            "vkt7",
            "address=1",
            Vkt7::builder().seed(11).clock(clock).two_inputs().link(),
        ),
        (
            Model::Spt943,
            "logika-m4",
            "address=1 wake=fast",
            Spt::spt943().seed(12).clock(clock).link(),
        ),
        (
            Model::Mbus,
            "mbus",
            "address=1",
            Mbus::heat().seed(13).clock(clock).link(),
        ),
        (
            Model::Mbus,
            "mbus",
            "address=3",
            Mbus::electricity().seed(14).clock(june).link(),
        ),
    ];
    let mut served = Vec::new();
    for (model, driver, config, link) in meters {
        served.push((model, driver, config, link.start_tcp().await.unwrap()));
    }
    let tasks = "clock current totals hourly daily monthly";
    let names: Vec<String> = (0..served.len()).map(|number| format!("meter-{number}")).collect();
    let lines: Vec<String> = served.iter().map(|(.., meter)| tcp(meter)).collect();
    let rows = served.iter().zip(names.iter().zip(&lines));
    let rows: Vec<_> = rows
        .map(|((_, driver, config, _), (name, line))| [name, *driver, line, "", tasks, *config])
        .collect();
    // By its schedule: a device that was never read is due at once.
    let host = TestHost::start(&devices(&rows));
    let pool = host.pool().await;
    for (name, (model, _, _, meter)) in names.iter().zip(&served) {
        let device = host.device(name).await;
        let session = host.session_ended(device).await;
        assert_eq!(
            (word(&session), session["reason"].as_str()),
            ("complete", Some("schedule")),
            "{name}: {session}"
        );
        let judge = Judge::of(*model, meter);
        assert_whole(&judge, &pool, device).await;
        let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
        assert_eq!(
            (moments.len(), judge.wrong(&moments)),
            (2, Vec::new()),
            "{name}: current values and totals"
        );
        assert_shown(&host, device, &judge).await;
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        // Of full rings the oldest, now that the meter's clock is known: two hours, and a day if it is behind midnight.
        let added = again["records_added"].as_u64().unwrap();
        assert!(word(&again) == "complete" && added <= 3, "{name}: {again}");
        assert!(asked < 100, "{name}: {asked} requests to learn that nothing is new");
    }
    let hours = Judge::of(Model::Vkt7, &served[0].3)
        .held(RecordKind::Archive(ArchiveKind::Hourly))
        .len();
    assert_eq!(hours, 1_151, "as deep as the ring of a ВКТ-7 is");
    assert_no_incident(&pool).await;
}

/// The API tells as many records of each archive as the meter holds, but for the oldest of a full ring, and their ends.
async fn assert_shown(host: &TestHost, device: i64, judge: &Judge) {
    let shown = host.get(&format!("/api/v1/devices/{device}")).await;
    for kind in kept(judge.model()) {
        let held = judge.held(RecordKind::Archive(*kind));
        let archives = shown["archives"].as_array().unwrap();
        let archive = archives.iter().find(|archive| archive["kind"] == kind.to_string());
        let archive = archive.unwrap_or_else(|| panic!("{kind} is not in {shown}"));
        let lacking = u64::try_from(held.len()).unwrap() - archive["records"].as_u64().unwrap();
        let first = usize::try_from(lacking).unwrap();
        assert!(
            first <= may_lack(held.len()),
            "{kind}: {lacking} records are not in {shown}"
        );
        let instant = |civil: DateTime| json!(moscow().instant(civil).unwrap().to_string());
        assert_eq!(archive["first_start"], instant(held[first].start), "{kind}");
        assert_eq!(archive["last_end"], instant(held.last().unwrap().end), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_and_only_that() {
    let yesterday = standing_clock().saturating_sub(1.day());
    let meters = [
        (
            Model::Vkt7,
            Vkt7::builder()
                .seed(21)
                .clock(yesterday)
                .link()
                .start_tcp()
                .await
                .unwrap(),
        ),
        (
            Model::Spt943,
            Spt::spt943()
                .seed(22)
                .clock(yesterday)
                .link()
                .start_tcp()
                .await
                .unwrap(),
        ),
    ];
    let lines: Vec<String> = meters.iter().map(|(_, meter)| tcp(meter)).collect();
    let host = TestHost::start_with(
        &devices(&[
            [
                "meter-0",
                "vkt7",
                &lines[0],
                "",
                "clock hourly daily monthly",
                "address=1",
            ],
            [
                "meter-1",
                "logika-m4",
                &lines[1],
                "",
                "clock hourly daily",
                "address=1 wake=fast",
            ],
        ]),
        ON_DEMAND,
    );
    let pool = host.pool().await;
    for (number, (model, meter)) in meters.iter().enumerate() {
        let device = host.device(&format!("meter-{number}")).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        let evening = stored(&pool, device).await;
        let wrong = Judge::of(*model, meter).wrong(&evening);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));

        // A day passes on the meter's clock. The first session after it learns that, the next one reads by it.
        meter.clock().advance(24 * 3_600);
        let learned = host.read_now(device, &usual()).await;
        let before = meter.requests();
        let night = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        let judge = Judge::of(*model, meter);
        let morning = stored(&pool, device).await;
        // The ring has moved on meanwhile: of what it dropped, the judge knows nothing.
        let recent: Vec<Seen> = morning
            .iter()
            .filter(|record| record.end > yesterday)
            .cloned()
            .collect();
        assert_eq!(judge.wrong(&recent), Vec::<String>::new());
        let amiss = lacking(&judge, &morning);
        assert!(amiss.is_empty(), "{}", amiss.join("\n"));
        let new = morning.len() - evening.len();
        // A day of hours and a day, but for hours without power, of which a meter has no record.
        let archives = kept(*model).iter().map(|kind| judge.held(RecordKind::Archive(*kind)));
        let fresh = archives.flatten().filter(|held| held.end > yesterday).count();
        assert!(fresh > 1 && new >= fresh, "{new} records were stored, {fresh} are new");
        let added = [&learned, &night]
            .map(|session| session["records_added"].as_u64().unwrap())
            .iter()
            .sum::<u64>();
        assert_eq!(added, u64::try_from(new).unwrap(), "{learned} {night}");
        // Some exchanges for the session itself, and a few a record.
        assert!(
            asked < 40 + 10 * u64::try_from(new).unwrap(),
            "{asked} requests for {new} records"
        );
    }
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_on_a_serial_port_is_read() {
    let meter = young(1).seed(51).start_pty().unwrap();
    let line = format!("serial:{}", meter.path().display());
    let head = "name,driver,line,settings,tasks,config,zone\n";
    let rows = format!("{head}meter,vkt7,{line},19200-8N2,clock current totals hourly daily,address=1,Europe/Moscow\n");
    let host = TestHost::start_with(&rows, ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let judge = Judge::of(Model::Vkt7, &meter);
    assert_whole(&judge, &pool, device).await;
    let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()));
    assert!(judge.held(RecordKind::Archive(ArchiveKind::Hourly)).len() >= 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn meters_on_one_line_are_read_one_after_the_other() {
    let meter = |address: u8| {
        young(1)
            .seed(60 + u64::from(address))
            .address(address)
            .rs485()
            .serial(format!("0000060{address}"))
    };
    let slow = Faults::new().delay(Duration::from_millis(3));
    let bus = Link::bus([1, 2, 3].map(|address| meter(address).link()), slow)
        .start_tcp()
        .await
        .unwrap();
    let line = tcp(&bus);
    let rows = [
        [
            "meter-1",
            "vkt7",
            &line,
            "601",
            "clock totals hourly daily",
            "address=1",
        ],
        [
            "meter-2",
            "vkt7",
            &line,
            "602",
            "clock totals hourly daily",
            "address=2",
        ],
        [
            "meter-3",
            "vkt7",
            &line,
            "603",
            "clock totals hourly daily",
            "address=3",
        ],
    ];
    // All three are due at the same moment.
    let host = TestHost::start(&devices(&rows));
    let pool = host.pool().await;
    for place in 0..3 {
        let device = host.device(&format!("meter-{}", place + 1)).await;
        let session = host.session_ended(device).await;
        assert_eq!(word(&session), "complete", "{session}");
        assert_whole(&Judge::of_place(Model::Vkt7, &bus, place), &pool, device).await;
    }
    let query = "select device_id, started_at_ms, ended_at_ms from session order by started_at_ms";
    let rows = sqlx::query(query).fetch_all(&pool).await.unwrap();
    let devices: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!((rows.len(), devices.len()), (3, 3));
    for pair in rows.windows(2) {
        let (end, start): (i64, i64) = (pair[0].get(2), pair[1].get(1));
        assert!(
            end <= start,
            "a session began at {start} ms, the one before ended at {end} ms"
        );
    }
}
