//! What is told of a version: its statistics, the same in the metrics and on the command line; what it logged; whom it reads.

use meter_sim::Spt;
use serde_json::{Value as Json, json};
use system_tests::TestHost;

use super::kit::{Vendor, component, done, installed, park};
use crate::devices::{ON_DEMAND, devices, standing_clock, tcp, usual};

/// Values of a metric of a driver, by the beginning of the digest, summed up over outcomes.
async fn metric(host: &TestHost, name: &str, digest: &str) -> u64 {
    let url = format!("{}/metrics", host.address());
    let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
    let begin = format!("{name}{{");
    let of_digest = format!("digest=\"{}\"", &digest[..12]);
    let lines = text
        .lines()
        .filter(|line| line.starts_with(&begin) && line.contains(&of_digest));
    lines
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum()
}

async fn statistics(host: &TestHost, digest: &str, query: &str) -> Json {
    host.get(&format!("/api/v1/drivers/versions/{digest}/statistics{query}"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_metrics_and_command_line_tell_the_same() {
    let (mut host, mut meters) = park(2, ON_DEMAND).await;
    let (first, second) = (host.device("meter-0").await, host.device("meter-1").await);
    let read = host.read_now(first, &usual()).await;
    let digest = read["driver"]["digest"].as_str().unwrap().to_owned();
    host.read_now(first, &json!({"what": ["clock", "current"]})).await;
    meters.pop().unwrap().shutdown().await;
    let failed = host.read_now(second, &usual()).await;
    assert_eq!(failed["outcome"], "line-refused", "{failed}");

    let told = statistics(&host, &digest, "").await;
    assert_eq!((&told["sessions"], &told["faults"]), (&json!(3), &json!(0)), "{told}");
    let outcomes = json!([{"outcome": "complete", "cause": null, "sessions": 2}, {"outcome": "line-refused", "cause": "line", "sessions": 1}]);
    assert_eq!(told["outcomes"], outcomes);
    let pool = host.pool().await;
    for (name, sum) in [
        ("cpu_ms", "cpu_ms"),
        ("wall_ms", "wall_ms"),
        ("bytes_sent", "bytes_sent"),
        ("bytes_received", "bytes_received"),
        ("exchanges", "exchanges"),
        ("retries", "retries"),
        ("records", "records_added"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("select sum({sum}) from session"));
        let of_journal: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(told[name], json!(of_journal), "{name} of {told}");
        let of_metric = metric(&host, &format!("uzel_driver_{name}_total"), &digest).await;
        assert_eq!(json!(of_metric), told[name], "metric of {name}");
    }
    assert!(
        told["records"].as_u64() > Some(20) && told["bytes_received"].as_u64() > Some(0),
        "{told}"
    );
    assert_eq!(metric(&host, "uzel_driver_sessions_total", &digest).await, 3);
    let peak = metric(&host, "uzel_driver_memory_peak_bytes", &digest).await;
    assert_eq!(json!(peak), told["memory_peak_bytes"]);
    let usual = told["memory_usual_bytes"].as_u64().unwrap();
    assert!(
        usual > 0 && usual <= peak,
        "the session without a line does not count: {told}"
    );
    let ratio = told["exchanges"].as_f64().unwrap() / told["records"].as_f64().unwrap();
    assert!((told["exchanges_per_record"].as_f64().unwrap() - ratio).abs() < 1e-9);

    let printed = host.uzel(&["driver", "stats", &digest[..8], "--config", "uzel.toml"]);
    assert!(
        printed.contains("sessions\t3\n") && printed.contains("  line-refused\t1\n"),
        "{printed}"
    );
    assert!(
        printed.contains(&format!("records\t{}\n", told["records"])),
        "{printed}"
    );
    let earlier = statistics(&host, &digest, "?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z").await;
    assert_eq!(
        (&earlier["sessions"], &earlier["exchanges_per_record"]),
        (&json!(0), &Json::Null)
    );

    assert!(host.stop());
    host.spawn();
    assert_eq!(
        statistics(&host, &digest, "?period=month").await["sessions"],
        3,
        "a restart forgets nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_which_version_reads_whom() {
    let (host, _meters) = park(2, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let (first, second) = (host.device("meter-0").await, host.device("meter-1").await);
    let old = host.read_now(first, &usual()).await["driver"]["digest"].clone();
    let path = format!("/api/v1/drivers/versions/{}/devices?limit=1", old.as_str().unwrap());
    let page = host.get(&path).await;
    assert_eq!(
        page,
        json!({"items": [{"id": first, "name": "meter-0"}], "next": "meter-0"})
    );
    let last = host.get(&format!("{path}&after=meter-0")).await;
    assert_eq!(
        last,
        json!({"items": [{"id": second, "name": "meter-1"}], "next": null})
    );
    let listed = host.get("/api/v1/drivers").await;
    let vkt7 = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "vkt7");
    assert_eq!(
        (&vkt7.unwrap()["sessions"], &vkt7.unwrap()["failures"]),
        (&json!(1), &json!(0))
    );
    let new = installed(&host, &component("two"), &vendor).await;
    let plan = json!({"why": "a test", "devices": [first], "promote_after": 9, "override": true});
    done(&host, &new, "canary", &plan).await;
    let read_with = async |digest: &str| {
        let devices = host.get(&format!("/api/v1/drivers/versions/{digest}/devices")).await;
        devices["items"].clone()
    };
    host.until("the canary", async |_| {
        (read_with(&new).await != json!([])).then_some(())
    })
    .await;
    assert_eq!(read_with(&new).await, json!([{"id": first, "name": "meter-0"}]));
    assert_eq!(
        read_with(old.as_str().unwrap()).await,
        json!([{"id": second, "name": "meter-1"}])
    );
    let work = host.get("/api/v1/drivers/work").await;
    let of_new = work["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["digest"] == json!(new));
    assert_eq!(
        of_new.unwrap(),
        &json!({"digest": new, "devices": 1, "sessions_open": 0})
    );
    assert_eq!(host.get("/api/v1/health").await["drivers_unsigned"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_driver_logs_is_told_with_its_session() {
    let meter = Spt::spt943().clock(standing_clock()).start_tcp().await.unwrap();
    // The driver says that a socket has no speed to raise.
    let rows = devices(&[[
        "spt",
        "logika-m4",
        &tcp(&meter),
        "",
        "current",
        "address=1 wake=fast speed=19200",
    ]]);
    let host = TestHost::start_with(&rows, "unsigned = true\n[polling]\nscheduled = false");
    let device = host.device("spt").await;
    let first = host.read_now(device, &usual()).await;
    let second = host.read_now(device, &usual()).await;
    let path = format!(
        "/api/v1/drivers/versions/{}/log",
        first["driver"]["digest"].as_str().unwrap()
    );
    let page = host.get(&format!("{path}?limit=1")).await;
    let line = &page["items"][0];
    assert_eq!(
        (&line["level"], &line["session"]),
        (&json!("info"), &second["id"]),
        "{page}"
    );
    assert_eq!(line["device"], json!({"id": device, "name": "spt"}));
    assert_eq!(line["text"], "this line has no speed to change");
    let next = page["next"].as_str().expect("there is an older session");
    let older = host.get(&format!("{path}?limit=1&after={next}")).await;
    assert_eq!(older["items"][0]["session"], first["id"], "{older}");
    assert_eq!(host.get("/api/v1/health").await["drivers_unsigned"], true);
}
