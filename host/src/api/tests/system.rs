//! The host itself over HTTP, and what its lines do.

use std::time::Duration;

use super::*;
use crate::api::{ConfigKey, HostFacts, InEffect};
use crate::model::{Figure, Figures};
use crate::store::copy::Backups;

/// What a host knows of itself: one key, one look at its figures, a folder for backups.
pub(super) fn facts(store: &Store, dir: &TempDir) -> HostFacts {
    let key = ConfigKey {
        section: "polling".to_owned(),
        key: "sessions".to_owned(),
        value: "7".to_owned(),
        is_default: false,
        is_live: true,
    };
    let told = InEffect {
        keys: vec![key],
        retention: (30, 0, 3),
        sessions: 7,
        ..InEffect::default()
    };
    let figures = Figures::default();
    let mut point = [None; Figure::ALL.len()];
    point[0] = Some(3.0);
    figures.note(Timestamp::from_second(600).unwrap(), point);
    HostFacts {
        config: Some(tokio::sync::watch::channel(Arc::new(told)).1),
        backups: Some(Backups::new(store.clone(), dir.path().join("backups"))),
        figures,
    }
}

#[tokio::test]
async fn the_host_tells_how_it_fares() {
    let api = TestApi::start().await;
    let system = api.json("/api/v1/system").await;
    assert_eq!(system["sessions_most"], 7);
    assert_eq!(
        system["retention"],
        json!({ "traces_days": 30, "sessions_days": 0, "hour": 3 })
    );
    assert!(system["store"]["database_bytes"].as_u64().unwrap() > 0);
    assert!(system["store"]["disk_bytes"].as_u64() > system["store"]["disk_free_bytes"].as_u64());
    assert_eq!(system["store"]["growth_a_day"], Json::Null, "nobody looked twice");
    let config = api.json("/api/v1/system/config").await;
    assert_eq!(
        (&config["file"], &config["keys"][0]["value"]),
        (&Json::Null, &json!("7"))
    );
    let metrics = api.json("/api/v1/system/metrics").await;
    assert_eq!(
        (&metrics["from"], &metrics["step_s"]),
        (&json!("1970-01-01T00:10:00Z"), &json!(60))
    );
    assert_eq!(
        metrics["series"][0],
        json!({ "name": "sessions-running", "is_sum": false, "values": [3.0] })
    );
    assert_eq!(api.get("/api/v1/system/metrics?hours=25").await.status, 400);
}

/// Waits for the copy that is being made.
async fn made(api: &TestApi) -> Json {
    loop {
        let list = api.json("/api/v1/system/backups").await;
        if list["running"].is_null() {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_backup_is_made_listed_and_taken_away_and_that_is_written_down() {
    let api = TestApi::start().await;
    assert_eq!(made(&api).await["items"], json!([]));
    let begun = api.post("/api/v1/system/backup", &json!({})).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let file = begun.json()["file"].as_str().unwrap().to_owned();
    let list = made(&api).await;
    let backup = &list["items"][0];
    assert_eq!((&backup["file"], &backup["integrity"]), (&json!(file), &json!("whole")));
    let folder = std::path::PathBuf::from(list["folder"].as_str().unwrap());
    let size = std::fs::metadata(folder.join(&file)).unwrap().len();
    assert_eq!(backup["bytes"], size);
    let taken = api.get(&format!("/api/v1/system/backups/{file}")).await;
    assert_eq!(taken.status, 200);
    assert_eq!(taken.header("content-length"), Some(size.to_string().as_str()));
    assert!(taken.body.starts_with("SQLite format 3"));
    assert_eq!(api.json("/api/v1/system").await["last_good_backup"]["file"], file);
    let audit: Vec<(String, String)> = sqlx::query_as("select deed, subject_id from audit order by id")
        .fetch_all(
            &sqlx::SqlitePool::connect(api.store.path().to_str().unwrap())
                .await
                .unwrap(),
        )
        .await
        .unwrap();
    let deed = |deed: &str| (deed.to_owned(), file.clone());
    assert_eq!(audit, [deed("backup.make"), deed("backup.download")]);
}

#[tokio::test]
async fn only_files_of_the_folder_of_backups_are_given_away() {
    let api = TestApi::start().await;
    let list = made(&api).await;
    let folder = std::path::PathBuf::from(list["folder"].as_str().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("left.sqlite"), "SQLite").unwrap();
    std::fs::write(folder.join("notes.txt"), "no").unwrap();
    std::fs::write(folder.join(".hidden.sqlite"), "no").unwrap();
    std::os::unix::fs::symlink(api.store.path(), folder.join("link.sqlite")).unwrap();
    let list = made(&api).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        (&list["items"][0]["integrity"], &list["items"][0]["who"]),
        (&json!("unknown"), &Json::Null)
    );
    for name in [
        "..%2Fuzel.sqlite",
        "%2E%2E%2Fuzel.sqlite",
        "link.sqlite",
        "notes.txt",
        ".hidden.sqlite",
        "none.sqlite",
        "%00.sqlite",
    ] {
        assert_eq!(
            api.get(&format!("/api/v1/system/backups/{name}")).await.status,
            404,
            "{name}"
        );
    }
    assert_eq!(api.get("/api/v1/system/backups/left.sqlite").await.status, 200);
}

#[tokio::test]
async fn lines_tell_what_they_do_and_how_they_fare() {
    let api = TestApi::start().await;
    assert_eq!(api.json("/api/v1/lines/work").await["items"], json!([]));
    assert_eq!(api.json("/api/v1/tunnels").await["items"], json!([]));
    assert_eq!(api.json("/api/v1/modems").await["items"], json!([]));
    api.store.add_device(&new_device(7)).await.unwrap();
    api.board.set_waiting(DeviceId(1), Some(LineId(1)));
    let work = api.json("/api/v1/lines/work").await;
    assert_eq!(
        work["items"],
        json!([{ "line": 1, "session": null, "waiting": [{ "id": 1, "name": "Котёл 007" }] }])
    );
    api.board.set_waiting(DeviceId(1), None);
    assert_eq!(api.json("/api/v1/lines/health?hours=2").await["items"], json!([]));
    let session = begin(&api.store, DeviceId(1)).await;
    api.store.end_session(end(session)).await.unwrap();
    let fared = &api.json("/api/v1/lines/health").await["items"];
    assert_eq!((fared.as_array().unwrap().len(), &fared[0]["sessions"]), (1, &json!(1)));
    let of_line = api.json("/api/v1/lines/1/health?zone=Asia/Tokyo").await;
    assert_eq!(of_line["by_day"].as_array().unwrap().len(), 1, "{of_line}");
    assert_eq!(of_line["by_day"][0]["sessions"], 1);
    assert_eq!(api.get("/api/v1/lines/health?hours=0").await.status, 400);
    assert_eq!(api.get("/api/v1/lines/1/health?zone=Nowhere/City").await.status, 400);
}
