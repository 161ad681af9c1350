//! A session of the journal is held again by the driver alone, and gives what is stored; what is different is named.

use std::path::Path;
use std::process::Command;

use jiff::ToSpan as _;
use meter_sim::{Faults, Mbus, Spt};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Row as _, SqlitePool};
use system_tests::{TestHost, parts};

use crate::captured_vkt7;
use crate::devices::{ON_DEMAND, moscow, standing_clock, tcp, word, young};

/// Runs the program in a folder; gives its exit code, what it printed, and its complaints.
pub fn uzel(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(parts::uzel()).args(args).current_dir(folder).output();
    let output = output.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("it was not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Holds a session of the store again.
fn replay(host: &TestHost, session: i64, driver: &str) -> (i32, String) {
    let driver = parts::driver_file(driver);
    let id = session.to_string();
    let begin = ["replay", "--session", &id, "--config", "uzel.toml", "--driver"];
    let (code, text, complaints) = uzel(host.folder(), &[&begin[..], &[driver.to_str().unwrap()]].concat());
    (code, text + &complaints)
}

/// Every session of the journal replays to what is stored; gives how many records that are.
async fn assert_same(host: &TestHost) -> u64 {
    let pool = host.pool().await;
    let rows = sqlx::query("select id, driver from session order by id").fetch_all(&pool);
    let mut records = 0;
    for row in rows.await.unwrap() {
        let (id, driver): (i64, String) = (row.get(0), row.get(1));
        let (code, text) = replay(host, id, &driver);
        assert_eq!(code, 0, "session {id} of {driver}: {text}");
        let count = text.strip_prefix(&format!("session {id}: the same to the last digit, "));
        let count = count.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        records += count.unwrap_or_else(|| panic!("session {id} of {driver}: {text}"));
    }
    records
}

async fn writing(host: &TestHost) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(host.database());
    SqlitePool::connect_with(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_with_simulated_meters_replay_to_what_is_stored_to_the_last_digit() {
    let clock = standing_clock();
    let vkt7 = young(1).seed(81).start_tcp().await.unwrap();
    let bad = Faults::new().seed(82).cut(0.05).silence(0.05).noise(0.05);
    let noisy = young(1).seed(82).faults(bad).start_pty().unwrap();
    let spt = Spt::spt943().seed(83).clock(clock).link().start_tcp().await.unwrap();
    let mbus = Mbus::heat().seed(84).clock(clock).link().start_tcp().await.unwrap();
    let rows = [
        ("vkt7", tcp(&vkt7), "", "address=1"),
        (
            "vkt7",
            format!("serial:{}", noisy.path().display()),
            "19200-8N2",
            "address=1 timeout_ms=300",
        ),
        ("logika-m4", tcp(&spt), "", "address=1 wake=fast"),
        ("mbus", tcp(&mbus), "", "address=1"),
    ];
    let mut devices = "name,driver,line,settings,tasks,config,zone\n".to_owned();
    for (number, (driver, line, settings, config)) in rows.iter().enumerate() {
        devices += &format!("meter-{number},{driver},{line},{settings},clock,{config},Europe/Moscow\n");
    }
    let host = TestHost::start_with(&devices, ON_DEMAND);
    let instant = |civil| moscow().instant(civil).unwrap().to_string();
    let from = instant(clock.saturating_sub(1.day()));
    let what = [
        "clock", "current", "totals", "hourly", "daily", "monthly", "events", "settings",
    ];
    let mut read = 0;
    for number in 0..rows.len() {
        let device = host.device(&format!("meter-{number}")).await;
        for _ in 0..2 {
            let session = host
                .read_now(device, &json!({"what": what, "from": from, "to": instant(clock)}))
                .await;
            assert!(number == 1 || word(&session) == "complete", "{session}");
            read += session["records_added"].as_u64().unwrap();
        }
    }
    assert!(read > 40, "{read} records were read");
    assert!(assert_same(&host).await >= read);
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_sessions_replay_to_what_is_stored() {
    let (host, meters) = captured_vkt7::host().await;
    for (number, (body, _)) in captured_vkt7::cases().into_iter().enumerate() {
        let device = host.device(&format!("captured-{number}")).await;
        assert_eq!(word(&host.read_now(device, &body).await), "complete");
    }
    assert_eq!(assert_same(&host).await, 2 + 15 + 2);
    drop(meters);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_is_named_with_both_values() {
    let clock = standing_clock();
    let mbus = Mbus::heat().seed(85).clock(clock).link().start_tcp().await.unwrap();
    let devices = format!(
        "name,driver,line,config,zone\nmeter,mbus,{},address=1,Europe/Moscow\n",
        tcp(&mbus)
    );
    let mut host = TestHost::start_with(&devices, ON_DEMAND);
    let device = host.device("meter").await;
    let session = host.read_now(device, &json!({"what": ["current", "totals"]})).await;
    assert_eq!(word(&session), "complete", "{session}");
    let id = session["id"].as_i64().unwrap();
    assert!(host.stop());
    let pool = writing(&host).await;

    // What is stored is changed.
    let query = "select v.record_id, v.series_id, c.column_id, v.value from value v join series c on c.id = v.series_id
        where v.value > 0 order by v.record_id, v.series_id limit 1";
    let row = sqlx::query(query).fetch_one(&pool).await.unwrap();
    let (record, series, column, value): (i64, i64, String, f64) = (row.get(0), row.get(1), row.get(2), row.get(3));
    let set = async |value: f64| {
        let query = sqlx::query("update value set value = ? where record_id = ? and series_id = ?");
        query
            .bind(value)
            .bind(record)
            .bind(series)
            .execute(&pool)
            .await
            .unwrap();
    };
    set(value + 1.0).await;
    let (code, text) = replay(&host, id, "mbus");
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains(&format!("{column} was {}, is {value}", value + 1.0)),
        "{text}"
    );
    assert!(text.ends_with("1 differences in 2 records\n"), "{text}");
    set(value).await;
    assert_eq!(replay(&host, id, "mbus").0, 0);

    // The driver asks for something that the trace has not.
    let trace: Vec<u8> = sqlx::query_scalar("select packed from trace")
        .fetch_one(&pool)
        .await
        .unwrap();
    let trace = uzel::store::unpack(&trace).unwrap();
    let put = async |text: &str| {
        sqlx::query("update trace set text = ?, packed = null")
            .bind(text)
            .execute(&pool)
            .await
            .unwrap();
    };
    let asked = trace.lines().find_map(|line| line.split_once(" > ")).unwrap().1;
    put(&trace.replacen(asked, "1040ff3f16", 1)).await;
    let (code, text) = replay(&host, id, "mbus");
    let words = format!("the driver asks {asked}, where the trace has 1040ff3f16");
    assert!(code == 2 && text.contains(&words), "{words}: {text}");

    // The meter answers otherwise: the trace with another digit and the check byte to it.
    let lines = trace.lines().map(|line| match line.split_once(" < 080172") {
        Some((at, body)) => format!("{at} < 080172{}\n", other_serial(&body.replace(' ', ""))),
        None => format!("{line}\n"),
    });
    put(&lines.collect::<String>()).await;
    let (code, text) = replay(&host, id, "mbus");
    assert!(code == 2 && text.contains("different: device was "), "{text}");
}

/// The rest of an M-Bus telegram after C, A and CI, with another last digit of the serial number. It stands first, BCD
/// with its lowest byte first (EN 13757-3, 6.2); the byte before the last is the sum.
fn other_serial(body: &str) -> String {
    let mut bytes: Vec<u8> = (0..body.len() / 2)
        .map(|at| u8::from_str_radix(&body[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    let check = bytes.len() - 2;
    let change: i8 = if bytes[0] & 0x0f == 9 { -1 } else { 1 };
    bytes[0] = bytes[0].wrapping_add_signed(change);
    bytes[check] = bytes[check].wrapping_add_signed(change);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_was_taken_away_gives_what_was_read() {
    let clock = standing_clock();
    let meter = young(1).seed(86).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let folder = tempfile::tempdir().unwrap();
    let driver = parts::driver_file("vkt7");
    let driver = driver.to_str().unwrap();
    let (from, to) = (clock.saturating_sub(5.hours()).to_string(), clock.to_string());
    let (code, read, complaints) = uzel(
        folder.path(),
        &[
            "read",
            "--driver",
            driver,
            "--line",
            &line,
            "--set",
            "address=1",
            "--what",
            "clock,current,hourly",
            "--from",
            &from,
            "--to",
            &to,
            "--format",
            "csv",
            "--trace",
            "trace.txt",
            "--save",
            "meter.uzel-reading",
        ],
    );
    assert_eq!(code, 0, "{complaints}");
    for file in ["trace.txt", "meter.uzel-reading"] {
        let (code, again, complaints) = uzel(folder.path(), &["replay", file, "--driver", driver, "--format", "csv"]);
        assert_eq!((code, &*complaints), (0, ""), "{file}");
        assert_eq!(again, read, "{file}");
    }

    let devices = format!("name,driver,line,config,zone\nmeter,vkt7,{line},address=1,Europe/Moscow\n");
    let host = TestHost::start_with(&devices, ON_DEMAND);
    let device = host.device("meter").await;
    let session = host.read_now(device, &json!({"what": ["current", "totals"]})).await;
    let url = format!("{}/api/v1/sessions/{}/trace.txt", host.address(), session["id"]);
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    std::fs::write(folder.path().join("exported.txt"), &text).unwrap();
    let table = |file| uzel(folder.path(), &["replay", file, "--driver", driver, "--format", "json"]);
    let (code, exported, complaints) = table("exported.txt");
    assert_eq!((code, &*complaints), (0, ""), "{exported}");
    let document: serde_json::Value = serde_json::from_str(&exported).unwrap();
    let stored = sqlx::query_scalar::<_, f64>(
        "select v.value from value v join record r on r.id = v.record_id
         where r.kind = 'totals' and v.value is not null",
    );
    let mut stored: Vec<f64> = stored.fetch_all(&host.pool().await).await.unwrap();
    let tables = document["tables"].as_array().unwrap();
    let totals = tables.iter().find(|table| table["archive"] == "totals").unwrap();
    let mut given: Vec<f64> = totals["records"][0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    assert!(!given.is_empty());
    // Columns have an order of their own in the store.
    given.sort_by(f64::total_cmp);
    stored.sort_by(f64::total_cmp);
    assert_eq!(given, stored);

    // A recording that says nothing of what was asked.
    let bare = text.replace("# asked:", "# was asked:");
    std::fs::write(folder.path().join("bare.txt"), bare).unwrap();
    let (code, _, complaints) = table("bare.txt");
    assert_eq!(code, 1);
    assert!(complaints.contains("say it with --what"), "{complaints}");
    let (code, text, complaints) = uzel(
        folder.path(),
        &[
            "replay",
            "bare.txt",
            "--driver",
            driver,
            "--set",
            "address=1",
            "--what",
            "current,totals",
        ],
    );
    assert_eq!((code, &*complaints), (0, ""), "{text}");
}
