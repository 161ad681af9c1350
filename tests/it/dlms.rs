//! Meters of DLMS/COSEM through the whole host: whole rings behind passwords and keys; a clock that is set.

use jiff::civil::DateTime;
use meter_sim::{Dlms, DlmsTransport};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, RecordKind, Task};
use uzel::session::SetClock;

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, moscow, standing_clock, tcp, usual, word};
use crate::judge::{Judge, Model, from_store};

const DRIVER: &str = "dlms";
const TASKS: &str = "clock current totals hourly daily monthly";
const SERIAL: &str = "40512345";

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
