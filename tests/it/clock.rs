//! A clock that is off is set where a person has allowed it, within limits, and never near an hour's end.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use meter_sim::{Handle, Mbus, SimClock, Spt, SptBuilder, Vkt7};
use serde_json::{Value as Json, json};
use sqlx::{Row as _, SqlitePool};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, ClockRule, Outcome, RecordKind, Task};
use uzel::session::{Report, SetClock};

use crate::devices::{assert_no_incident, lacking, tcp, word};
use crate::judge::{Judge, Model, from_store};

const POLICY: &str = "beyond 30s within 10m";
const SPT_CONFIG: &str = "address=1 wake=fast";

/// A writable СПТ943 whose clock stands.
fn standing(shown: DateTime) -> SptBuilder {
    Spt::spt943().clock(shown).writable()
}

/// A session with the meter that begins when a right clock shows `now`, and what it did about the clock.
async fn session(meter: &Handle, driver: &str, config: Json, now: DateTime) -> Report {
    let Ok(ClockPolicy::Set(limits)) = POLICY.parse() else {
        panic!("{POLICY}")
    };
    let read = Read::new(parts::driver(driver), tcp(meter).parse().unwrap(), config);
    let set_clock = SetClock { limits, set_at: None };
    let (report, _) = read.task(Task::Clock).set_clock(set_clock, now).run().await;
    report
}

async fn spt_session(meter: &Handle, now: DateTime) -> Report {
    session(meter, "logika-m4", json!({"address": 1, "wake": "fast"}), now).await
}

fn outcome(report: &Report) -> Option<ClockOutcome> {
    report.clock_setting.as_ref().map(|setting| setting.outcome)
}

/// How the phase of the setting ended.
fn said(report: &Report) -> &str {
    let phase = report.phases.iter().find(|phase| phase.name == "set-clock");
    phase.and_then(|phase| phase.said.as_deref()).unwrap_or("no such phase")
}

#[tokio::test]
async fn a_clock_is_set_in_the_middle_of_an_hour_and_not_at_its_end() {
    for (off_s, minute, want) in [
        (90, 20, Some(ClockOutcome::Set)),
        (-90, 20, Some(ClockOutcome::Set)),
        (90, 59, Some(ClockOutcome::NearHour)),
        (-90, 0, Some(ClockOutcome::NearHour)),
        (900, 20, Some(ClockOutcome::TooFar)),
        (10, 20, None),
    ] {
        let now = DateTime::constant(2026, 11, 20, 14, minute, 7, 0);
        let shown = now.saturating_add(jiff::SignedDuration::from_secs(off_s));
        let meter = standing(shown).start_tcp().await.unwrap();
        let report = spt_session(&meter, now).await;
        let name = format!("{off_s} s at minute {minute}: {} {:?}", said(&report), report.detail);
        assert_eq!((report.outcome, outcome(&report)), (Outcome::Complete, want), "{name}");
        let after = meter.clock().now();
        if want == Some(ClockOutcome::Set) {
            let off_s = after.duration_since(now).as_secs();
            assert!((0..=3).contains(&off_s), "{name}: {after}");
            assert!(said(&report).starts_with(&format!("set: {:+}.", report.clock.unwrap().offset_ms / 1_000)));
        } else {
            assert_eq!(after, shown, "{name}");
        }
    }
}

#[tokio::test]
async fn a_meter_that_does_not_take_the_time_says_so() {
    let now = DateTime::constant(2026, 11, 20, 14, 20, 7, 0);
    let shown = DateTime::constant(2026, 11, 20, 14, 22, 7, 0);
    let locked = Spt::spt943().clock(shown).start_tcp().await.unwrap();
    let report = spt_session(&locked, now).await;
    assert_eq!(
        (report.outcome, outcome(&report)),
        (Outcome::Partial, Some(ClockOutcome::Failed))
    );
    let detail = report.detail.unwrap();
    assert!(detail.starts_with("set-clock: refused: "), "{detail}");
    let after = report.clock_setting.unwrap().after.unwrap();
    assert_eq!(after.shown, shown, "what it shows is known all the same");

    // The protocol of a ВКТ-7 has no such command.
    let meter = Vkt7::builder().clock(shown).start_tcp().await.unwrap();
    let report = session(&meter, "vkt7", json!({"address": 1}), now).await;
    assert_eq!(
        (report.outcome, outcome(&report)),
        (Outcome::Complete, Some(ClockOutcome::Unsupported))
    );
    assert_eq!(said(&report), "unsupported: the driver has no such interface");
}

#[tokio::test]
async fn an_mbus_clock_is_set_in_the_type_in_which_it_is_shown() {
    let now = DateTime::constant(2026, 11, 20, 14, 20, 50, 0);
    let config = || json!({"address": 1});
    for (off_s, meter, want, shown) in [
        (90, Mbus::heat().seconds(), ClockOutcome::Set, "2026-11-20T14:20:5"),
        // To the minute: what is shown is off by up to a minute more, and a new minute is waited for.
        (150, Mbus::heat(), ClockOutcome::Set, "2026-11-20T14:21:00"),
        (
            90,
            Mbus::heat().seconds().clock_locked(),
            ClockOutcome::NotHeld,
            "2026-11-20T14:22:20",
        ),
    ] {
        let clock = SimClock::fixed(now.saturating_add(jiff::SignedDuration::from_secs(off_s)));
        let meter = meter.clock(clock.clone()).start_tcp().await.unwrap();
        let report = session(&meter, "mbus", config(), now).await;
        let name = format!("{off_s} s: {} {:?}", said(&report), report.detail);
        assert_eq!(outcome(&report), Some(want), "{name}");
        assert!(clock.now().to_string().starts_with(shown), "{name}: {}", clock.now());
        let is_held = want == ClockOutcome::Set;
        assert_eq!(
            report.outcome,
            if is_held { Outcome::Complete } else { Outcome::Partial },
            "{name}"
        );
        let told = report.detail.unwrap_or_default();
        assert_eq!(told.is_empty(), is_held, "{name}");
        assert!(
            is_held || told.contains(" does not show so: +") && told.contains(" before, +8"),
            "{name}"
        );
    }
}

/// A site whose clocks are far from an hour's end now: zone and its offset in seconds.
fn calm_zone() -> (&'static str, i64) {
    let minute = Timestamp::now().as_second().rem_euclid(3_600) / 60;
    if (5..45).contains(&minute) {
        ("Europe/Moscow", 3 * 3_600)
    } else {
        ("Asia/Kolkata", 5 * 3_600 + 1_800)
    }
}

/// What was done about the clock of a device, oldest first: outcome, offsets before and after.
async fn settings(pool: &SqlitePool, device: i64) -> Vec<(String, i64, Option<i64>)> {
    let query = "select outcome, before_offset_ms, after_offset_ms from clock_setting where device_id = ? order by id";
    let rows = sqlx::query(query).bind(device).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Whether the device's archives hold what its meter holds, once each.
async fn assert_whole(pool: &SqlitePool, device: i64, meter: &Handle, zone: &str) {
    let rule = ClockRule::Standard(TimeZone::get(zone).unwrap());
    let judge = Judge::of(Model::Spt943, meter);
    let mut seen = Vec::new();
    for kind in [ArchiveKind::Hourly, ArchiveKind::Daily] {
        seen.extend(from_store(pool, device, RecordKind::Archive(kind), &rule).await);
    }
    assert!(seen.len() > 24, "{} records", seen.len());
    let mut amiss = judge.wrong(&seen);
    amiss.extend(lacking(&judge, &seen));
    assert!(amiss.is_empty(), "{} amiss:\n{}", amiss.len(), amiss.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_are_set_once_by_policy_and_the_archives_stay_whole() {
    let (zone, offset_s) = calm_zone();
    let meter = |error_s: i64| {
        let clock = SimClock::running(offset_s, error_s);
        let installed = clock.now().date().saturating_sub(jiff::ToSpan::days(2)).at(0, 0, 0, 0);
        Spt::spt943().clock(clock).installed(installed).writable().start_tcp()
    };
    let [fast, far, free] = [meter(90).await, meter(900).await, meter(90).await].map(Result::unwrap);
    let csv = |attempts: u32| {
        let config = format!("{SPT_CONFIG} attempts={attempts}");
        format!(
            "name,driver,line,group,clock_policy,zone,tasks,config\n\
             fast,logika-m4,{},set,,{zone},clock hourly daily,{config}\n\
             far,logika-m4,{},,,{zone},clock,{config}\n\
             free,logika-m4,{},set,off,{zone},clock,{config}\n",
            tcp(&fast),
            tcp(&far),
            tcp(&free)
        )
    };
    let mut host = TestHost::prepare("name,driver,line\n", "");
    let config = ["--config", "uzel.toml"];
    let group = [
        "group",
        "set",
        "set",
        "--schedule",
        "every 60m: clock",
        "--clock-policy",
        POLICY,
    ];
    host.uzel(&[&group[..], &config].concat());
    let list = host.uzel(&[&["group", "list"][..], &config].concat());
    assert!(
        list.ends_with("\tclocks are set beyond 30s within 10m every 1d\n"),
        "{list}"
    );
    std::fs::write(host.folder().join("devices.csv"), csv(3)).unwrap();
    host.uzel(&[&["device", "import", "devices.csv"][..], &config].concat());
    host.uzel(&[&["device", "set-clock-policy", "far", POLICY][..], &config].concat());
    host.spawn();
    let pool = host.pool().await;

    let device = host.device("fast").await;
    let ended = host.session_ended(device).await;
    assert_eq!(word(&ended), "complete", "{ended}");
    let done = settings(&pool, device).await;
    let [(outcome, before_ms, Some(after_ms))] = done.as_slice() else {
        panic!("{done:?}")
    };
    assert_eq!(outcome, "set");
    assert!(
        (87_000..=92_000).contains(before_ms) && after_ms.abs() < 3_000,
        "{done:?}"
    );
    let shown = host.get(&format!("/api/v1/devices/{device}")).await;
    assert_eq!(shown["poll"]["clock_policy"], "beyond 30s within 10m every 1d");
    assert!(shown["clock"]["offset_s"].as_f64().unwrap().abs() < 3.0, "{shown}");
    assert_eq!(phase(&host, &ended).await.split(':').next(), Some("set"));
    assert_whole(&pool, device, &fast, zone).await;
    assert_replayed(&host, &ended);

    let other = host.device("far").await;
    let ended = host.session_ended(other).await;
    assert_eq!(word(&ended), "complete", "{ended}");
    let refused = phase(&host, &ended).await;
    assert!(refused.starts_with("too-far: the clock is off by +"), "{refused}");
    assert_eq!(settings(&pool, other).await[0].0, "too-far");
    let other = host.device("free").await;
    let ended = host.session_ended(other).await;
    assert_eq!(
        (word(&ended), phase(&host, &ended).await.as_str()),
        ("complete", ""),
        "{ended}"
    );
    assert_eq!(settings(&pool, other).await, []);
    for meter in [&far, &free] {
        let off_s = meter.clock().now_s() - Timestamp::now().as_second() - offset_s;
        assert!(off_s >= 89, "{off_s} s: somebody set it");
    }

    // Off again within the day: a changed device is read at once, and its clock left.
    fast.clock().advance(90);
    std::fs::write(host.folder().join("devices.csv"), csv(4)).unwrap();
    host.uzel(&[&["device", "import", "devices.csv"][..], &config].concat());
    let again = host
        .until("a second setting", async |_| {
            settings(&pool, device).await.get(1).cloned()
        })
        .await;
    assert_eq!((again.0.as_str(), again.2), ("too-soon", None));
    host.session_ended(device).await;
    assert_whole(&pool, device, &fast, zone).await;
    assert_no_incident(&pool).await;
}

/// How the phase in which the clock was to be set ended; empty when there was none.
async fn phase(host: &TestHost, session: &Json) -> String {
    let session = host.get(&format!("/api/v1/sessions/{}", session["id"])).await;
    let phases = session["phases"].as_array().unwrap();
    let phase = phases.iter().find(|phase| phase["name"] == "set-clock");
    phase.map_or("", |phase| phase["outcome"].as_str().unwrap()).to_owned()
}

/// The same conversation again from its trace: the driver asks the same, the setting included.
fn assert_replayed(host: &TestHost, session: &Json) {
    let driver = parts::drivers_folder().join("logika-m4.wasm");
    let id = session["id"].to_string();
    let told = host.uzel(&[
        "replay",
        "--session",
        &id,
        "--driver",
        driver.to_str().unwrap(),
        "--config",
        "uzel.toml",
    ]);
    assert!(
        told.starts_with(&format!("session {id}: the same to the last digit")),
        "{told}"
    );
}
