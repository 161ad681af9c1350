//! Meters of three makers on one pair of wires.

use jiff::civil::DateTime;
use meter_sim::{Faults, Handle, Link, Mbus, Spt};
use serde_json::json;
use system_tests::TestHost;
use uzel::model::{ArchiveKind, RecordKind};

use crate::devices::{
    ARCHIVES, ON_DEMAND, assert_no_incident, kept, may_lack, moscow, standing_clock, tcp, usual, word, young,
};
use crate::judge::{Judge, Model, from_store};

const HEAD: &str = "name,driver,line,settings,line_options,tasks,config,zone\n";

/// Driver, settings of its line, configuration, tasks. Their speeds are their own.
const METERS: [(Model, &str, &str, &str, &str); 3] = [
    (
        Model::Vkt7,
        "vkt7",
        "19200-8N2",
        "address=1",
        "clock totals hourly daily",
    ),
    (
        Model::Spt943,
        "logika-m4",
        "57600-8N1",
        "address=2 wake=fast",
        "clock totals hourly daily",
    ),
    (Model::Mbus, "mbus", "2400-8E1", "address=3", "clock totals monthly"),
];

fn links() -> [Link; 3] {
    let clock = standing_clock();
    let installed = clock.date().saturating_sub(jiff::ToSpan::days(1)).at(0, 0, 0, 0);
    [
        young(1).seed(81).address(1).rs485().link(),
        Spt::spt943()
            .seed(82)
            .clock(clock)
            .installed(installed)
            .network(2)
            .link(),
        Mbus::heat().seed(83).clock(clock).primary(3).link(),
    ]
}

fn rows(line: &str, options: &str) -> String {
    let row = |meter: &(Model, &str, &str, &str, &str)| {
        let (_, driver, settings, config, tasks) = meter;
        format!("{driver},{driver},{line},{settings},{options},{tasks},{config},Europe/Moscow\n")
    };
    HEAD.to_owned() + &METERS.iter().map(row).collect::<String>()
}

/// All three, due at the same moment, are read whole in these archives, and each had the bus for itself.
async fn assert_each_alone(bus: &Handle, host: &TestHost, archives: &[ArchiveKind]) {
    let pool = host.pool().await;
    for (place, (model, driver, ..)) in METERS.iter().enumerate() {
        let device = host.device(driver).await;
        let session = host.session_ended(device).await;
        assert_eq!(word(&session), "complete", "{driver}: {session}");
        let judge = Judge::of_place(*model, bus, place);
        let mut records = 0;
        for kind in archives.iter().filter(|kind| kept(*model).contains(kind)) {
            let seen = from_store(&pool, device, RecordKind::Archive(*kind), &moscow()).await;
            assert_eq!(judge.wrong(&seen), Vec::<String>::new(), "{driver}");
            let held = judge.held(RecordKind::Archive(*kind));
            let first = held.get(may_lack(held.len())).map_or(DateTime::MIN, |held| held.start);
            let missing = judge.unread(*kind, first, DateTime::MAX, &seen);
            assert_eq!(missing, Vec::new(), "{driver} {kind}");
            records += seen.len();
        }
        assert!(records > 0, "{driver}");
    }
    assert_no_incident(&pool).await;
    let mut owners: Vec<usize> = bus.owners().iter().map(|(place, _)| *place).collect();
    owners.sort_unstable();
    assert_eq!(owners, [0, 1, 2], "each had the bus once: {:?}", bus.owners());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_serial_port_each_is_read_whole_at_its_own_settings() {
    let [vkt7, spt, mbus] = links();
    let links = [vkt7.baud(19_200), spt.baud(57_600), mbus.baud(2_400)];
    let bus = Link::bus(links, Faults::new()).start_pty().unwrap();
    let line = format!("serial:{}", bus.path().display());
    // Of an СПТ every hour of its ring is asked for, whether it has one or not, which takes its time on a serial line.
    let rows = rows(&line, "gap=1").replace("hourly ", "");
    let host = TestHost::start(&rows);
    assert_each_alone(&bus, &host, &[ArchiveKind::Daily, ArchiveKind::Monthly]).await;
    // The way back: settings are changed for each session anew.
    for (_, driver, ..) in METERS {
        let session = host
            .read_now(host.device(driver).await, &json!({"what": ["clock"]}))
            .await;
        assert_eq!(word(&session), "complete", "{driver}: {session}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_one_converter_each_hears_what_the_others_are_asked() {
    let bus = Link::bus(links(), Faults::new()).start_tcp().await.unwrap();
    let host = TestHost::start(&rows(&tcp(&bus), ""));
    assert_each_alone(&bus, &host, &ARCHIVES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_wrong_settings_a_meter_is_silent() {
    let [vkt7, ..] = links();
    let bus = Link::bus([vkt7.baud(2_400)], Faults::new()).start_pty().unwrap();
    let line = format!("serial:{}", bus.path().display());
    let rows = format!("{HEAD}vkt7,vkt7,{line},9600-8N2,,clock,address=1 attempts=1 timeout_ms=500,Europe/Moscow\n");
    let host = TestHost::start_with(&rows, ON_DEMAND);
    let session = host.read_now(host.device("vkt7").await, &usual()).await;
    assert_eq!((word(&session), bus.requests()), ("no-answer", 0), "{session}");
}
