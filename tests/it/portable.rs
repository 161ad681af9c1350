//! A meter without a line to the dispatcher is read beside it, and what was read is brought by hand.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::Handle;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Row as _, SqlitePool};
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, RecordKind};

use crate::devices::{ON_DEMAND, devices, moscow, standing_clock, tcp, young};
use crate::judge::{Judge, Model, from_store};
use crate::replay::uzel;

const PACKAGE: &str = "boiler.uzel-reading";

/// Makes a key and gives its public half.
fn key(folder: &Path, name: &str) -> String {
    let (code, text, complaints) = uzel(folder, &["key", "new", name]);
    assert_eq!((code, &*complaints), (0, ""), "{text}");
    let public = std::fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
    let line = public.lines().nth(1).unwrap().to_owned();
    assert!(text.contains(&format!("keys = [\"{line}\"]")), "{text}");
    line
}

/// Six hours of a ВКТ-7, and more with `what`.
fn read(folder: &Path, meter: &Handle, what: &str, file: &str, more: &[&str]) {
    let driver = parts::driver_file("vkt7");
    let (line, (from, to)) = (tcp(meter), hours());
    let (from, to) = (from.to_string(), to.to_string());
    let begin = [
        "read",
        "--driver",
        driver.to_str().unwrap(),
        "--line",
        &line,
        "--set",
        "address=1",
    ];
    let what = ["--what", what, "--from", &from, "--to", &to, "--save", file];
    let (code, text, complaints) = uzel(folder, &[&begin[..], &what, more].concat());
    assert_eq!((code, &*complaints), (0, ""), "{text}");
}

fn hours() -> (DateTime, DateTime) {
    let to = standing_clock().with().minute(0).build().unwrap();
    (to.saturating_sub(6.hours()), to)
}

/// A host that trusts `keys`, with a device that it cannot reach.
fn host(keys: &str, serial: &str, zone: &str, config: &str) -> TestHost {
    let row = ["boiler", "vkt7", "tcp:127.0.0.1:9", serial, "clock", "address=1"];
    let devices = devices(&[row]).replace("Europe/Moscow", zone);
    TestHost::prepare(&devices, &format!("{ON_DEMAND}\n[import]\nkeys = [{keys}]\n{config}"))
}

fn import(host: &TestHost, folder: &Path, file: &str, more: &[&str]) -> (i32, String, String) {
    let file = folder.join(file);
    let begin = ["import", file.to_str().unwrap(), "--config", "uzel.toml"];
    uzel(host.folder(), &[&begin[..], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_is_stored_once_as_brought_by_hand() {
    let meter = young(1).seed(91).serial("00247791").start_tcp().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let public = key(folder.path(), "ivanov.key");
    let signed = ["--key", "ivanov.key", "--by", "Ivanov"];
    let what = "clock,current,totals,hourly,settings";
    read(folder.path(), &meter, what, PACKAGE, &signed);
    let mut host = host(&format!("'{public}'"), "247791", "Europe/Moscow", "");
    host.spawn();
    let (code, text, complaints) = import(&host, folder.path(), PACKAGE, &[]);
    assert_eq!((code, &*complaints), (0, ""), "{text}");
    assert!(text.contains("by Ivanov, signed with key "), "{text}");
    assert!(
        text.contains("device boiler, session 1: 8 records, 8 new, 0 the same, 0 in conflict"),
        "{text}"
    );

    let (device, pool) = (host.device("boiler").await, host.pool().await);
    let hourly = RecordKind::Archive(ArchiveKind::Hourly);
    let judge = Judge::of(Model::Vkt7, &meter);
    let seen = from_store(&pool, device, hourly, &moscow()).await;
    let (from, to) = hours();
    assert_eq!((seen.len(), judge.wrong(&seen)), (6, Vec::new()));
    assert_eq!(judge.unread(ArchiveKind::Hourly, from, to, &seen), []);
    let session = host.get("/api/v1/sessions/1").await;
    assert_eq!(
        (&session["reason"], &session["outcome"]),
        (&"by-hand".into(), &"complete".into())
    );
    assert_eq!(session["identity"]["serial"], "00247791");
    assert_eq!(session["records_added"], 8);
    let trace = host.get("/api/v1/sessions/1/trace").await;
    assert!(trace["entries"].as_array().unwrap().len() > 10, "{trace}");
    // It is no session of this host's: the planner knows nothing of it.
    assert_eq!(count(&pool, "device_state").await, 0);

    let before = [
        count(&pool, "record").await,
        count(&pool, "value").await,
        count(&pool, "session").await,
    ];
    let (code, text, _) = import(&host, folder.path(), PACKAGE, &[]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        text,
        "this package was imported before, as session 1: nothing was added\n"
    );
    let after = [
        count(&pool, "record").await,
        count(&pool, "value").await,
        count(&pool, "session").await,
    ];
    assert_eq!(before, after);

    let driver = parts::driver_file("vkt7");
    let replay = [
        "replay",
        "--session",
        "1",
        "--config",
        "uzel.toml",
        "--driver",
        driver.to_str().unwrap(),
    ];
    let (code, text, complaints) = uzel(host.folder(), &replay);
    assert_eq!((code, &*complaints), (0, ""), "{text}");
}

async fn count(pool: &SqlitePool, table: &str) -> i64 {
    let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_there_otherwise_is_listed_and_becomes_a_version() {
    let meter = young(1).seed(92).serial("00247792").start_tcp().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let public = key(folder.path(), "ivanov.key");
    let host = host(&format!("'{public}'"), "", "Europe/Moscow", "");
    for file in ["first.uzel-reading", "second.uzel-reading"] {
        read(folder.path(), &meter, "hourly", file, &["--key", "ivanov.key"]);
    }
    // The device has no serial number yet: it has to be named.
    let (code, _, complaints) = import(&host, folder.path(), "first.uzel-reading", &[]);
    assert_eq!(code, 1);
    assert!(
        complaints.contains("no device of driver vkt7 has serial number 00247792"),
        "{complaints}"
    );
    let (code, text, _) = import(&host, folder.path(), "first.uzel-reading", &["--device", "boiler"]);
    assert!(
        code == 0 && text.contains("6 records, 6 new, 0 the same, 0 in conflict"),
        "{text}"
    );

    let options = SqliteConnectOptions::new().filename(host.database());
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let query = "select v.record_id, v.series_id, c.column_id, v.value, r.starts_at from value v
        join series c on c.id = v.series_id join record r on r.id = v.record_id where v.value > 0 limit 1";
    let row = sqlx::query(query).fetch_one(&pool).await.unwrap();
    let (column, value): (String, f64) = (row.get(2), row.get(3));
    let changed = sqlx::query("update value set value = ? where record_id = ? and series_id = ?");
    let changed = changed
        .bind(value + 1.0)
        .bind(row.get::<i64, _>(0))
        .bind(row.get::<i64, _>(1));
    changed.execute(&pool).await.unwrap();
    let (code, text, _) = import(&host, folder.path(), "second.uzel-reading", &[]);
    assert!(
        code == 0 && text.contains("6 records, 0 new, 5 the same, 1 in conflict"),
        "{text}"
    );
    let start = jiff::Timestamp::from_second(row.get(4)).unwrap();
    let conflict = format!(
        "conflict: record-changed hourly {start}: {column} was {}, is {value}",
        value + 1.0
    );
    assert!(text.contains(&conflict), "{conflict} is not in {text}");
    assert_eq!(count(&pool, "record where version = 2").await, 1);
    assert_eq!(count(&pool, "incident where session_id = 2").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_may_not_be_taken_is_refused_by_its_reason() {
    let meter = young(1).seed(93).serial("00247793").start_tcp().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (key(folder.path(), "ours.key"), key(folder.path(), "theirs.key"));
    read(folder.path(), &meter, "hourly", "theirs", &["--key", "theirs.key"]);
    read(folder.path(), &meter, "hourly", "ours", &["--key", "ours.key"]);
    read(folder.path(), &meter, "hourly", "unsigned", &[]);
    let mut broken = std::fs::read(folder.path().join("ours")).unwrap();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    std::fs::write(folder.path().join("broken"), broken).unwrap();
    let keys = format!("'{ours}'");
    let strict = host(&keys, "247793", "Europe/Moscow", "");
    let lax = host(&keys, "247793", "Europe/Moscow", "unsigned = true");
    let other = host(&keys, "11111", "Europe/Moscow", "");
    let east = host(&keys, "247793", "Asia/Yekaterinburg", "");
    let none: [&str; 0] = [];
    let cases: [(&TestHost, &str, &[&str], &str); 8] = [
        (&strict, "theirs", &none, "which is not among import.keys"),
        (&strict, "unsigned", &none, "the package is not signed"),
        (&strict, "unsigned", &["--unsigned"], "--unsigned is not allowed here"),
        (&lax, "unsigned", &none, "the package is not signed"),
        (&lax, "theirs", &["--unsigned"], "which is not among import.keys"),
        (&strict, "broken", &none, "is refused: "),
        (
            &other,
            "ours",
            &["--device", "boiler"],
            "has serial number 11111, the package is of 00247793",
        ),
        (
            &east,
            "ours",
            &none,
            "the package was read with zone Europe/Moscow (standard)",
        ),
    ];
    for (host, file, more, words) in cases {
        let (code, text, complaints) = import(host, folder.path(), file, more);
        assert_eq!((code, &*text), (1, ""), "{file}: {words}");
        assert!(complaints.contains(words), "{words}: {complaints}");
        assert_eq!(count(&host.pool().await, "session").await, 0, "{file}: {words}");
    }
    let (code, text, complaints) = import(&lax, folder.path(), "unsigned", &["--unsigned"]);
    assert_eq!((code, &*complaints), (0, ""), "{text}");
    assert!(
        text.contains("by somebody, not signed") && !text.contains(&theirs),
        "{text}"
    );

    // A key that is there is not written over, and no key is told before anybody goes to the meter.
    let (code, _, complaints) = uzel(folder.path(), &["key", "new", "ours.key"]);
    assert!(
        code == 1 && complaints.contains("key file ours.key: File exists"),
        "{complaints}"
    );
    let driver = parts::driver_file("vkt7");
    let read = [
        "read",
        "--driver",
        driver.to_str().unwrap(),
        "--line",
        "tcp:127.0.0.1:9",
    ];
    let save = ["--save", "x", "--key", "ours.key.pub"];
    let (code, _, complaints) = uzel(folder.path(), &[&read[..], &save].concat());
    assert!(code == 1 && complaints.contains("it is no secret key"), "{complaints}");
}
