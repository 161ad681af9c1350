//! The storage fails in the ways in which storages fail: no room, locked by another program, read-only. The host says
//! which, rests, loses nothing that it acknowledged, and goes on by itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use meter_sim::{Faults, Vkt7};
use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use system_tests::{TestHost, parts};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, standing_clock, stored, tcp, usual, word, young,
};
use crate::judge::{Judge, Model};

/// The host's health once its storage is `state`.
async fn storage(host: &TestHost, state: &str) -> Json {
    host.until(&format!("a storage that is {state}"), async |host| {
        let health = host.get("/api/v1/health").await;
        (health["storage"] == state).then_some(health)
    })
    .await
}

/// Bounds the size of every file that the host writes, as a full disk does; the host may be given room again.
fn limit_files(host: &TestHost, bytes: &str) {
    let (pid, size) = (host.pid().to_string(), format!("--fsize={bytes}:unlimited"));
    let limited = Command::new("prlimit").args(["--pid", &pid, &size]).status();
    assert!(limited.expect("prlimit is there, from util-linux").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_pauses_polling_and_the_archive_is_whole_once_there_is_room() {
    let meter = Vkt7::builder()
        .seed(61)
        .clock(standing_clock())
        .start_tcp()
        .await
        .unwrap();
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "hourly daily monthly", "address=1"]];
    // One driver, for the database has the components, and what is read has to be more than all that is there.
    let driver = parts::driver_file("vkt7");
    let mut host = TestHost::prepare_with_drivers(&[driver], &devices(&rows), ON_DEMAND);
    // A write beyond the limit is an error then, and not a signal that ends the process.
    host.spawn_with(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"], &[]);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let mut log = host.database().into_os_string();
    log.push("-wal");
    let size = |path: &std::ffi::OsStr| std::fs::metadata(path).map_or(0, |found| found.len());
    let room = size(host.database().as_os_str()).max(size(&log)) + 200_000;
    limit_files(&host, &room.to_string());

    let (status, answer) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202, "{answer}");
    let health = storage(&host, "paused").await;
    assert_eq!(
        (&health["status"], &health["polling"]),
        (&json!("degraded"), &json!("paused"))
    );
    assert_eq!(
        health["storage_pause"]["cause"], "failing",
        "SQLite's word for it: {health}"
    );
    assert!(
        health["storage_pause"]["detail"].as_str().unwrap().contains("I/O"),
        "{health}"
    );
    let judge = Judge::of(Model::Vkt7, &meter);
    let acknowledged = stored(&pool, device).await;
    assert_eq!(judge.wrong(&acknowledged), Vec::<String>::new());
    assert!(
        !acknowledged.is_empty() && acknowledged.len() < 1_000,
        "{}",
        acknowledged.len()
    );

    limit_files(&host, "unlimited");
    let health = storage(&host, "ok").await;
    assert_eq!(
        (&health["polling"], &health["storage_pause"]),
        (&json!("running"), &Json::Null)
    );
    let cut = host.session_ended(device).await;
    assert_eq!(
        (word(&cut), &cut["cause"]),
        ("storage", &json!("host")),
        "the journal has it: {cut}"
    );
    assert_eq!(
        cut["records_added"].as_u64(),
        u64::try_from(acknowledged.len()).ok(),
        "{cut}"
    );
    let rest = host.read_now(device, &usual()).await;
    assert_eq!(word(&rest), "complete", "{rest}");
    assert_whole(&judge, &pool, device).await;
    assert_no_incident(&pool).await;
    assert!(
        host.log().contains("polling rests until the storage takes data again"),
        "{}",
        host.log()
    );
    assert!(host.stop(), "{}", host.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_locked_by_another_program_is_told_and_what_was_asked_for_is_read_when_it_is_free() {
    let meter = young(3).seed(62).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "hourly daily monthly", "address=1"]];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let mut other = SqliteConnectOptions::new()
        .filename(host.database())
        .connect()
        .await
        .unwrap();
    sqlx::query("begin exclusive").execute(&mut other).await.unwrap();
    let (status, answer) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202, "{answer}");
    let health = storage(&host, "paused").await;
    assert_eq!(health["storage_pause"]["cause"], "locked", "{health}");
    assert!(
        host.log().contains("the storage takes nothing (locked)"),
        "{}",
        host.log()
    );
    assert_eq!(meter.requests(), 0, "nothing is asked that nobody could keep");

    sqlx::query("rollback").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let session = host.session_ended(device).await;
    assert_eq!(
        (word(&session), &session["reason"]),
        ("complete", &json!("read-now")),
        "{session}"
    );
    storage(&host, "ok").await;
    assert_whole(&Judge::of(Model::Vkt7, &meter), &pool, device).await;
    assert_no_incident(&pool).await;
}

/// Every write of a running host to its database ends as on a file system that turned read-only (`EROFS`), which no
/// mount does while files are open for writing: only a kernel that found an error. Over when dropped.
struct ReadOnly {
    tracer: Child,
    /// Open as long as it may say something.
    said: Box<dyn Iterator<Item = String> + Send>,
}

impl ReadOnly {
    /// None: this machine lets nobody do that; said aloud.
    fn turn(host: &TestHost) -> Option<Self> {
        let (pid, database) = (host.pid().to_string(), host.database().canonicalize().unwrap());
        let mut tracer = Command::new("strace");
        tracer.args(["--follow-forks", "--attach", &pid, "--quiet=exit", "--output=/dev/null"]);
        tracer.arg("--trace=pwrite64,write,ftruncate,fallocate,fdatasync,fsync,openat");
        for ending in ["", "-wal", "-shm"] {
            let mut path = database.clone().into_os_string();
            path.push(ending);
            tracer.arg("--trace-path").arg(path);
        }
        tracer.arg("--inject=pwrite64,write,ftruncate,fallocate,fdatasync,fsync,openat:error=EROFS");
        // As the host names it where it looks whether it may write.
        tracer.args(["--trace-path", "uzel.sqlite"]).current_dir(host.folder());
        let started = tracer.stderr(Stdio::piped()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                println!("SKIPPED: strace cannot be started: {error}");
                return None;
            }
        };
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut read_only = Self {
            tracer: child,
            said: Box::new(said.map_while(Result::ok)),
        };
        let attached = read_only.said.by_ref().any(|line| line.contains("attached"));
        if !attached {
            println!("SKIPPED: this machine lets nobody trace a program");
        }
        attached.then_some(read_only)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let pid = self.tracer.id().to_string();
        // Interrupted, it lets the host go on as if nothing had been. Without right to trace it has ended by itself.
        let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status();
        let _ = self.tracer.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_that_turns_read_only_pauses_polling_and_nothing_acknowledged_is_lost() {
    // Slow enough that its reading is under way for a while.
    let slow = Faults::new().delay(Duration::from_millis(20));
    let meter = young(20).seed(63).faults(slow).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "hourly daily monthly", "address=1"]];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let (status, answer) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202, "{answer}");
    host.until("the first records", async |_| {
        (!stored(&pool, device).await.is_empty()).then_some(())
    })
    .await;
    let Some(read_only) = ReadOnly::turn(&host) else {
        return;
    };
    let health = storage(&host, "paused").await;
    assert_eq!(
        (&health["storage_pause"]["cause"], &health["polling"]),
        (&json!("read-only"), &json!("paused")),
        "{health}"
    );
    let judge = Judge::of(Model::Vkt7, &meter);
    let acknowledged = stored(&pool, device).await;
    assert_eq!(judge.wrong(&acknowledged), Vec::<String>::new());
    assert!((1..480).contains(&acknowledged.len()), "{} records", acknowledged.len());

    drop(read_only);
    let health = storage(&host, "ok").await;
    assert_eq!(health["polling"], "running", "{health}");
    let cut = host.session_ended(device).await;
    let added = cut["records_added"].as_u64();
    assert_eq!(
        (word(&cut), added),
        ("storage", u64::try_from(acknowledged.len()).ok()),
        "{cut}"
    );
    let rest = host.read_now(device, &usual()).await;
    assert_eq!(word(&rest), "complete", "{rest}");
    assert_whole(&judge, &pool, device).await;
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_read_only_file_system_says_so() {
    let host = TestHost::prepare(&devices(&[]), ON_DEMAND);
    let folder = host.folder().display();
    let script = format!(
        "mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && cd {folder} && echo mounted && exec \"$@\""
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .arg(system_tests::parts::uzel())
        .args(["serve", "--without-accounts", "--config", "uzel.toml"])
        .current_dir(host.folder())
        .output()
        .expect("unshare is there, from util-linux");
    let error = String::from_utf8_lossy(&output.stderr);
    if !String::from_utf8_lossy(&output.stdout).contains("mounted") {
        println!("SKIPPED: this machine lets nobody mount: {error}");
        return;
    }
    assert!(!output.status.success(), "{error}");
    assert!(error.contains("Read-only file system"), "{error}");
}
