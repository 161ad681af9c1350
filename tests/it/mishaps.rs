//! What goes wrong in the field is told by its name and spoils nothing: another device in the meter's place, a line that
//! drops, a clock that is off.

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan as _};
use meter_sim::{Disguise, Faults, Mbus, SimClock, Spt, Vkt7};
use serde_json::{Value as Json, json};
use sqlx::Row as _;
use system_tests::TestHost;

use crate::devices::{
    ON_DEMAND, amiss, assert_no_incident, assert_whole, devices, moscow, standing_clock, stored, tcp, usual, word,
    young,
};
use crate::judge::{Judge, Model};

#[tokio::test(flavor = "multi_thread")]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let clock = standing_clock();
    let meters = [
        (
            "vkt7",
            "00012345",
            "address=1",
            young(2).serial("00012345").link().start_tcp().await.unwrap(),
        ),
        (
            "logika-m4",
            "77001",
            "address=1 wake=fast",
            Spt::spt943()
                .clock(clock)
                .serial(77_001)
                .link()
                .start_tcp()
                .await
                .unwrap(),
        ),
        (
            "mbus",
            "06855817",
            "address=1",
            Mbus::heat().clock(clock).start_tcp().await.unwrap(),
        ),
    ];
    let lines: Vec<String> = meters.iter().map(|(.., meter)| tcp(meter)).collect();
    let rows = meters.iter().zip(&lines);
    let rows: Vec<_> = rows
        .map(|((driver, serial, config, _), line)| [*driver, *driver, line, *serial, "clock totals", *config])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (driver, serial, _, meter) in &meters {
        let device = host.device(driver).await;
        meter.set_faults(Faults::new().wrong(Disguise::Serial));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{driver}: {session}");
        let detail = session["detail"].as_str().unwrap();
        assert!(
            detail.contains(serial) && detail.contains("9999"),
            "{driver}: both numbers are named: {detail}"
        );
        let count = sqlx::query_scalar::<_, i64>("select count(*) from record where device_id = ?");
        let records = count.bind(device).fetch_one(&pool).await.unwrap();
        assert_eq!(records, 0, "{driver}: what another device counted");
        let shown = host.get(&format!("/api/v1/devices/{device}")).await;
        assert_eq!(
            (&shown["serial"], &shown["clock"]),
            (&json!(serial), &Json::Null),
            "{driver}"
        );

        meter.set_faults(Faults::new());
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{driver}: {session}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_drops_in_the_middle_is_completed_by_the_next_session() {
    let meter = Vkt7::builder()
        .seed(31)
        .clock(standing_clock())
        .start_tcp()
        .await
        .unwrap();
    meter.set_faults(Faults::new().drop_after_bytes(60_000));
    let line = tcp(&meter);
    let rows = [[
        "meter",
        "vkt7",
        &line,
        "",
        "hourly daily monthly",
        "address=1 timeout_ms=500",
    ]];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let judge = Judge::of(Model::Vkt7, &meter);

    let cut = host.read_now(device, &usual()).await;
    assert_eq!(word(&cut), "line-closed", "{cut}");
    let first = stored(&pool, device).await;
    assert_eq!(judge.wrong(&first), Vec::<String>::new());
    assert!(first.len() > 100, "{} records before the line dropped", first.len());
    assert_eq!(
        cut["records_added"].as_u64(),
        u64::try_from(first.len()).ok(),
        "what was read is kept"
    );
    let newest = first.iter().map(|record| record.end).max().unwrap();
    let clock = meter.clock().now();
    assert_eq!(newest, clock.date().at(clock.hour(), 0, 0, 0), "the newest comes first");

    let rest = host.read_now(device, &usual()).await;
    assert_eq!(word(&rest), "complete", "{rest}");
    assert_whole(&judge, &pool, device).await;
    let all = stored(&pool, device).await.len();
    assert_eq!(
        rest["records_added"].as_u64(),
        u64::try_from(all - first.len()).ok(),
        "nothing was read again"
    );
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_and_nothing_is_placed_by_it() {
    let slow = Vkt7::builder()
        .clock(SimClock::running(3 * 3_600, -754))
        .start_tcp()
        .await
        .unwrap();
    let meter = young(3).seed(41).start_tcp().await.unwrap();
    let lines = [tcp(&slow), tcp(&meter)];
    let rows = [
        ["slow", "vkt7", &lines[0], "", "clock", "address=1"],
        [
            "reset",
            "vkt7",
            &lines[1],
            "",
            "clock hourly daily monthly",
            "address=1",
        ],
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    let device = host.device("slow").await;
    let session = host.read_now(device, &usual()).await;
    assert_offset(&host, &session, device, -754.0, 3.0).await;

    let device = host.device("reset").await;
    let right = standing_clock();
    meter.clock().set(right);
    host.read_now(device, &usual()).await;
    let judge = Judge::of(Model::Vkt7, &meter);
    assert_eq!(judge.wrong(&stored(&pool, device).await), Vec::<String>::new());
    let before = stored(&pool, device).await.len();

    // The battery was changed: the clock begins anew, the archive of the time before is out of reach.
    meter.clock().set(DateTime::constant(2000, 1, 1, 0, 0, 5, 0));
    for _ in 0..2 {
        let session = host.read_now(device, &usual()).await;
        let years_s = moscow().instant(DateTime::constant(2000, 1, 1, 0, 0, 5, 0)).unwrap();
        let offset_s = (years_s - Timestamp::now()).total(jiff::Unit::Second).unwrap();
        assert_offset(&host, &session, device, offset_s, 10.0).await;
        assert_eq!(stored(&pool, device).await.len(), before, "{session}");
    }

    // Somebody sets it: the archive goes on where it was left.
    meter.clock().set(right.saturating_add(5.hours()));
    let outcomes = [
        host.read_now(device, &usual()).await,
        host.read_now(device, &usual()).await,
    ];
    let judge = Judge::of(Model::Vkt7, &meter);
    let amiss = amiss(&judge, &stored(&pool, device).await);
    assert!(amiss.is_empty(), "{}\n{outcomes:?}", amiss.join("\n"));
    assert_no_incident(&pool).await;
}

/// The offset is told with the session, with the device and in the table of readings, give or take its uncertainty.
async fn assert_offset(host: &TestHost, session: &Json, device: i64, want_s: f64, margin_s: f64) {
    let told = host.get(&format!("/api/v1/sessions/{}", session["id"])).await["clock"].clone();
    let shown = host.get(&format!("/api/v1/devices/{device}")).await["clock"].clone();
    let query = "select offset_ms, uncertainty_ms from clock_reading where device_id = ? order by id desc limit 1";
    let row = sqlx::query(query)
        .bind(device)
        .fetch_one(&host.pool().await)
        .await
        .unwrap();
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of years are far below 2^53")]
    let kept_s = row.get::<i64, _>(0) as f64 / 1_000.0;
    for offset in [told["offset_s"].as_f64(), shown["offset_s"].as_f64(), Some(kept_s)] {
        let uncertainty_s = told["uncertainty_s"].as_f64().unwrap();
        assert!(uncertainty_s < margin_s, "{told}");
        assert!(
            (offset.unwrap() - want_s).abs() <= margin_s,
            "{offset:?}, the clock is off by {want_s} s: {told} {shown}"
        );
    }
}
