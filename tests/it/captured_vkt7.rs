//! Three captured sessions with real ВКТ-7, held again by the compiled driver over TCP: every value, quality and НС is
//! that of the published decoding, in the session and in the database.

use jiff::civil::{DateTime, date};
use meter_sim::{Faults, Handle, Recording};
use serde_json::{Value as Json, json};
use system_tests::session::{Read, Taken};
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockRule, LineAddress, Outcome, Quality, RecordKind, Task};
use uzel::session::Report;

use crate::judge::{Seen, SeenCell, from_store, from_taken};

const SESSIONS: &str = include_str!("../simulators/data/teplocom/vkt7_sessions_captured.json");

/// The 17 elements that these devices measure.
const ELEMENTS: &str = "0 1 3 4 6 7 9 10 11 12 13 14 17 18 19 20 77";

/// Their names in the published decoding; id, unit and decimals of their columns. Decimals are those that the captured
/// properties tell; flows are the device's own floats.
const COLUMNS: [(&str, &str, &str, Option<u8>); 17] = [
    ("t1_1Type", "t1", "Cel", Some(2)),
    ("t2_1Type", "t2", "Cel", Some(2)),
    ("V1_1Type", "V1", "m3", Some(2)),
    ("V2_1Type", "V2", "m3", Some(2)),
    ("M1_1Type", "M1", "t", Some(2)),
    ("M2_1Type", "M2", "t", Some(2)),
    ("P1_1Type", "P1", "kgf/cm2", Some(2)),
    ("P2_1Type", "P2", "kgf/cm2", Some(2)),
    ("Mg_1TypeP", "Мг", "t", Some(2)),
    ("Qo_1TypeP", "Qо", "Gcal", Some(3)),
    ("Qg_1TypeP", "Qг", "Gcal", Some(3)),
    ("dt_1TypeP", "dt", "Cel", Some(2)),
    ("QntType_1HIP", "ВНР", "h", Some(0)),
    ("QntType_1P", "ВОС", "h", Some(0)),
    ("G1Type", "G1", "m3/h", None),
    ("G2Type", "G2", "m3/h", None),
    ("NSPrintTypeM_1", "НС", "", None),
];

/// What makes the driver ask as the recorded master did.
fn config() -> Json {
    json!({
        "address": 0, "attempts": 1, "timeout_ms": 1000, "server_version": "1", "service_info": false,
        "archive_range": false, "units": "usual", "clock_request": "short", "confirm": false, "elements": ELEMENTS,
    })
}

async fn replayed(session: usize) -> Handle {
    let recording = Recording::parse_json(SESSIONS, session).unwrap();
    recording.link(Faults::new()).start_tcp().await.unwrap()
}

/// The published decodings of one value type, in order.
fn published(session: usize, value_type: u64) -> Vec<Json> {
    let sessions: Json = serde_json::from_str(SESSIONS).unwrap();
    let exchanges = sessions[session]["exchanges"].as_array().unwrap();
    let data = exchanges.iter().map(|exchange| &exchange["decoded"]);
    let data = data.filter(|decoded| decoded["op"] == "read data" && decoded["type"] == value_type);
    data.map(|decoded| decoded["values_name_value_quality_ns"].clone())
        .collect()
}

/// Compares one record with its published decoding, cell by cell.
fn assert_record(seen: &Seen, published: &Json) {
    let published = published.as_array().unwrap();
    assert_eq!((seen.cells.len(), published.len()), (COLUMNS.len(), COLUMNS.len()));
    let mut conditions = Vec::new();
    for (want, column) in published.iter().zip(COLUMNS) {
        let (name, id, unit, decimals) = column;
        let what = format!("{} {} {id}: {want}", seen.kind, seen.start);
        let cell = seen.cells.iter().find(|cell| cell.id == id && cell.input == 1);
        let cell = cell.unwrap_or_else(|| panic!("{what}: no such column"));
        assert_eq!(
            (want[0].as_str(), &*cell.unit, cell.decimals),
            (Some(name), unit, decimals),
            "{what}"
        );
        assert_value(cell, want, &what);
        let code = want[3].as_str().unwrap();
        if !matches!(code, "00" | "FF") {
            conditions.push((1, code.to_owned(), Some(id.to_owned())));
        }
    }
    let mut told = seen.conditions.clone();
    told.sort();
    conditions.sort();
    assert_eq!(told, conditions, "{} {}", seen.kind, seen.start);
}

fn assert_value(cell: &SeenCell, want: &Json, what: &str) {
    match &want[1] {
        Json::Null => assert_eq!((cell.value, &cell.text), (None, &None), "{what}"),
        Json::String(sign) => {
            let flags = if sign == "*" { "0x1" } else { "0x0" };
            assert_eq!(cell.text.as_deref(), Some(flags), "{what}");
        }
        number => {
            let (got, want) = (cell.value.unwrap(), number.as_f64().unwrap());
            // Of floats six digits are published; everything else is exact.
            let margin = if cell.decimals.is_none() { 1e-6 } else { 0.0 };
            assert!((got - want).abs() <= margin, "{what}: {got}");
        }
    }
    let quality = match (want[2].as_str().unwrap(), want[3].as_str().unwrap()) {
        ("C0", _) | ("50", "FF") => (Quality::Good, None),
        ("50", _) => (Quality::Doubtful, Some("50")),
        ("04", _) => (Quality::Absent, Some("04")),
        other => panic!("{what}: {other:?}"),
    };
    assert_eq!((cell.quality, cell.code.as_deref()), quality, "{what}");
}

async fn read(meter: &Handle, read: impl FnOnce(Read) -> Read) -> (Report, Taken) {
    let line = LineAddress::Tcp(meter.addr().to_string());
    let (report, taken) = read(Read::new(parts::driver("vkt7"), line, config())).run().await;
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(meter.unmatched(), Vec::<Vec<u8>>::new());
    (report, taken)
}

fn shown(report: &Report) -> DateTime {
    report.clock.unwrap().shown
}

#[tokio::test(flavor = "multi_thread")]
async fn session_1_gives_current_values_totals_and_the_clock() {
    let meter = replayed(0).await;
    let tasks = |read: Read| read.task(Task::Current).task(Task::Totals).task(Task::Clock);
    let (report, taken) = read(&meter, tasks).await;
    assert_eq!(shown(&report), date(2016, 12, 1).at(15, 43, 3, 0));
    let [current, totals] = &from_taken(&taken)[..] else {
        panic!("{taken:?}")
    };
    assert_record(current, &published(0, 4)[0]);
    assert_record(totals, &published(0, 5)[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_2_gives_the_clock_and_fifteen_hours_with_their_conditions() {
    let meter = replayed(1).await;
    let (from, to) = (date(2016, 12, 1).at(0, 0, 0, 0), date(2016, 12, 2).at(0, 0, 0, 0));
    let tasks = |read: Read| read.task(Task::Clock).archive(ArchiveKind::Hourly, from, to);
    let (report, taken) = read(&meter, tasks).await;
    assert_eq!(shown(&report), date(2016, 12, 1).at(15, 50, 57, 0));
    let seen = from_taken(&taken);
    assert_hours(&seen);
    assert_eq!(taken.absent, []);
}

fn assert_hours(seen: &[Seen]) {
    let published = published(1, 0);
    assert_eq!((seen.len(), published.len()), (15, 15));
    assert!(
        published.iter().any(|hour| hour.to_string().contains("\"02\"")),
        "an hour with НС is among them"
    );
    for (hour, (seen, published)) in (0..).zip(seen.iter().zip(&published)) {
        let start = date(2016, 12, 1).at(hour, 0, 0, 0);
        let end = date(2016, 12, 1).at(hour + 1, 0, 0, 0);
        assert_eq!((seen.label, seen.start, seen.end), (Some(start), start, end));
        assert_record(seen, published);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_3_gives_current_values_totals_twice_and_the_clock() {
    let meter = replayed(2).await;
    let tasks = |read: Read| {
        read.task(Task::Current)
            .task(Task::Totals)
            .task(Task::Clock)
            .task(Task::Totals)
    };
    let (report, taken) = read(&meter, tasks).await;
    assert_eq!(shown(&report), date(2016, 2, 9).at(16, 9, 51, 0));
    let [current, totals, again] = &from_taken(&taken)[..] else {
        panic!("{taken:?}")
    };
    assert_record(current, &published(2, 4)[0]);
    let decoded = published(2, 5);
    assert_record(totals, &decoded[0]);
    assert_record(again, &decoded[1]);
}

/// A host, and the three sessions as meters `captured-0` to `captured-2`.
pub async fn host() -> (TestHost, [Handle; 3]) {
    let meters = [replayed(0).await, replayed(1).await, replayed(2).await];
    let config = config().to_string().replace('"', "\"\"");
    let mut devices = "name,driver,line,zone,tasks,config\n".to_owned();
    for (number, meter) in meters.iter().enumerate() {
        let line = meter.addr();
        devices += &format!("captured-{number},vkt7,tcp:{line},Europe/Moscow,clock,\"{config}\"\n");
    }
    (TestHost::start_with(&devices, "[polling]\nscheduled = false"), meters)
}

/// What was asked of each, and what its clock showed.
pub fn cases() -> [(Json, &'static str); 3] {
    let year = ("2016-01-01T00:00:00Z", "2017-01-01T00:00:00Z");
    [
        (json!({"what": ["clock", "current", "totals"]}), "2016-12-01T15:43:03"),
        (
            json!({"what": ["clock", "hourly"], "from": "2016-11-30T21:00:00Z", "to": "2016-12-01T21:00:00Z"}),
            "2016-12-01T15:50:57",
        ),
        (
            json!({"what": ["clock", "current", "totals"], "from": year.0, "to": year.1}),
            "2016-02-09T16:09:51",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_sessions_lie_in_the_database_with_units_decimals_and_intervals() {
    let (host, meters) = host().await;
    let pool = host.pool().await;
    let clock = ClockRule::Standard(jiff::tz::TimeZone::get("Europe/Moscow").unwrap());
    for (number, (body, shown)) in cases().into_iter().enumerate() {
        let device = host.device(&format!("captured-{number}")).await;
        let session = host.read_now(device, &body).await;
        assert_eq!(session["outcome"], "complete", "{session}");
        let session = host.get(&format!("/api/v1/sessions/{}", session["id"])).await;
        assert_eq!(session["clock"]["shown"], shown);
        assert_eq!(session["faults"], json!([]));
        if number == 1 {
            let hourly = RecordKind::Archive(ArchiveKind::Hourly);
            assert_hours(&from_store(&pool, device, hourly, &clock).await);
            continue;
        }
        let moments = from_store(&pool, device, RecordKind::Current, &clock).await;
        let [current, totals] = &moments[..] else {
            panic!("{moments:?}")
        };
        assert_record(current, &published(number, 4)[0]);
        assert_record(totals, &published(number, 5)[0]);
    }
    for meter in &meters {
        assert_eq!(meter.unmatched(), Vec::<Vec<u8>>::new());
    }
}
