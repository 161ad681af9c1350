//! Somebody changes a weather controller: its present value is shown, confirmed, written, read back, and journalled.

use meter_sim::{Handle, Mbus, ModbusFraming, ModbusSlave};
use serde_json::{Value as Json, json};
use system_tests::{TestHost, parts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::devices::{ON_DEMAND, devices, tcp};

/// Comfort room temperature of circuit 1: parameter and register.
const COMFORT: (&str, u16) = ("11180", 11_179);

/// A host that reads the controller and what else is given.
async fn hosted(regulator: &Handle, more: &[[&str; 6]]) -> (TestHost, i64) {
    let ecl = "map=ecl-comfort framing=tcp timeout_ms=500";
    let line = tcp(regulator);
    let row = ["ecl", "modbus", &line, "123456", "clock", ecl];
    let host = TestHost::start_with(&devices(&[&[row], more].concat()), ON_DEMAND);
    let device = host.device("ecl").await;
    (host, device)
}

async fn regulator() -> Handle {
    let builder = ModbusSlave::regulator().framing(ModbusFraming::Tcp);
    builder.start_tcp().await.unwrap()
}

/// A register as somebody else's program reads or, with a value, writes it.
async fn register(regulator: &Handle, at: u16, value: Option<u16>) -> u16 {
    let [high, low] = at.to_be_bytes();
    let [x, y] = value.unwrap_or(1).to_be_bytes();
    let function = if value.is_some() { 6 } else { 3 };
    let mut line = TcpStream::connect(regulator.addr()).await.unwrap();
    line.write_all(&[0, 1, 0, 0, 0, 6, 1, function, high, low, x, y])
        .await
        .unwrap();
    let mut answer = [0; 32];
    let came = line.read(&mut answer).await.unwrap();
    assert_eq!(answer[7], function, "{:?}", &answer[..came]);
    u16::from_be_bytes([answer[came - 2], answer[came - 1]])
}

/// An order as it stands once it has left these states.
async fn left(host: &TestHost, order: &Json, states: &[&str]) -> Json {
    let path = format!("/api/v1/control/{}", order["id"]);
    host.until("a step of an order", async |host| {
        let order = host.get(&path).await;
        (!states.contains(&order["state"].as_str().unwrap())).then_some(order)
    })
    .await
}

/// Posts until the device is not busy with what was before.
async fn post(host: &TestHost, path: &str, body: &Json) -> (u16, Json) {
    host.until("the device to be free", async |host| {
        let (status, answer) = host.post(path, body).await;
        (answer["code"] != "already-reading").then_some((status, answer))
    })
    .await
}

/// Asks for a change and waits until the device was looked at.
async fn ask(host: &TestHost, device: i64, mut what: Json) -> Json {
    what["why"] = "complaint 118".into();
    let (status, order) = post(host, &format!("/api/v1/devices/{device}/control"), &what).await;
    assert_eq!(status, 202, "{order}");
    left(host, &order, &["asked"]).await
}

fn set(value: &str) -> Json {
    json!({"setting": COMFORT.0, "value": value})
}

async fn confirm(host: &TestHost, order: &Json, token: &Json) -> (u16, Json) {
    let path = format!("/api/v1/control/{}/confirm", order["id"]);
    post(host, &path, &json!({"token": token})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_point_is_shown_then_confirmed_then_written_and_read_back() {
    let regulator = regulator().await;
    let (host, device) = hosted(&regulator, &[]).await;
    let order = ask(&host, device, set("21.5")).await;
    assert_eq!(order["state"], "shown", "{order}");
    let shown = &order["shown"][0];
    assert_eq!(
        (&shown["title"], &shown["value"]),
        (&"Comfort room T".into(), &"20.0".into())
    );
    assert_eq!(
        register(&regulator, COMFORT.1, None).await,
        200,
        "nothing is written by looking"
    );

    let (status, wrong) = confirm(&host, &order, &"0".repeat(32).into()).await;
    assert_eq!((status, &wrong["code"]), (409, &"conflict".into()), "{wrong}");
    let (status, taken) = confirm(&host, &order, &order["token"]).await;
    assert_eq!((status, &taken["token"]), (202, &Json::Null), "{taken}");
    let done = left(&host, &taken, &["confirmed"]).await;
    assert_eq!(
        (&done["state"], &done["held"][0]["value"]),
        (&"done".into(), &"21.5".into()),
        "{done}"
    );
    assert_eq!(register(&regulator, COMFORT.1, None).await, 215);
    let (status, again) = confirm(&host, &order, &order["token"]).await;
    assert_eq!(status, 409, "a token is good once: {again}");

    // What was done stands in the journal, with its bytes.
    let session = host.get(&format!("/api/v1/sessions/{}", done["wrote_session"])).await;
    assert_eq!(
        (&session["reason"], &session["outcome"]),
        (&"control".into(), &"complete".into()),
        "{session}"
    );
    let phases: Vec<&str> = session["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase["name"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["open", "identify", "settings", "write", "read-back", "close"]);
    let replayed = host.uzel(&[
        "replay",
        "--session",
        &done["wrote_session"].to_string(),
        "--config",
        "uzel.toml",
        "--driver",
        parts::driver_file("modbus").to_str().unwrap(),
    ]);
    assert!(replayed.contains("same") || replayed.is_empty(), "{replayed}");
    let listed = host.get(&format!("/api/v1/devices/{device}/control")).await;
    assert_eq!(listed["items"][0], done);
    assert_eq!(
        (&done["why"], &done["asked_by"], &done["confirmed_by"]),
        (&"complaint 118".into(), &"nobody signed in".into(), &"nobody signed in".into())
    );
    let settings = host.get(&format!("/api/v1/devices/{device}/settings")).await;
    let settings = settings["items"].as_array().unwrap();
    let comfort = settings.iter().find(|setting| setting["id"] == COMFORT.0).unwrap();
    assert_eq!(comfort["value"], json!(21.5), "{comfort}");
    let pool = host.pool().await;
    let incidents: i64 = sqlx::query_scalar("select count(*) from incident")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(incidents, 0, "what was ordered is no incident");

    // Memory that wears out is not written twice in a minute, nor with what it holds.
    let order = ask(&host, device, set("22")).await;
    let (status, soon) = confirm(&host, &order, &order["token"]).await;
    assert_eq!(status, 409, "{soon}");
    assert!(soon["detail"].as_str().unwrap().contains("within a minute"), "{soon}");
    let order = ask(&host, device, set("21,50")).await;
    assert_eq!(order["state"], "refused", "{order}");
    assert!(order["text"].as_str().unwrap().contains("is 21.5 already"), "{order}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_written_is_refused_by_name() {
    let regulator = regulator().await;
    let meter = Mbus::heat().primary(3).start_tcp().await.unwrap();
    let more = [
        ["mbus", "mbus", &tcp(&meter), "", "clock", "address=3"],
        ["gone", "vkt7", "tcp:127.0.0.1:9", "", "clock", ""],
    ];
    let (host, device) = hosted(&regulator, &more).await;
    let cases = [
        (set("45"), "is to be 45.0 , expected 5.0 to 40.0"),
        (set("21.55"), "is no number with 1 decimals"),
        (set("warm"), "is no number with 1 decimals"),
        (
            json!({"setting": "11184", "value": "81"}),
            "setting 11184 is not written",
        ),
        (
            json!({"setting": "1", "value": "170"}),
            "the device has no setting \"1\"",
        ),
        (json!({"command": "restart"}), "there is no command \"restart\""),
    ];
    for (what, want) in cases {
        let order = ask(&host, device, what).await;
        let is_right = order["state"] == "refused" && order["text"].as_str().unwrap().contains(want);
        // What is no command of the driver is found out when it is carried out.
        let is_late = order["state"] == "shown" && order["command"] == "restart";
        assert!(is_right || is_late, "{want}: {order}");
        if is_late {
            let (_, taken) = confirm(&host, &order, &order["token"]).await;
            let done = left(&host, &taken, &["confirmed"]).await;
            assert_eq!(done["state"], "refused", "{done}");
            assert!(done["text"].as_str().unwrap().contains(want), "{done}");
        }
    }
    // Somebody turned the knob while the order waited.
    let order = ask(&host, device, set("21.5")).await;
    register(&regulator, COMFORT.1, Some(190)).await;
    let (_, taken) = confirm(&host, &order, &order["token"]).await;
    let refused = left(&host, &taken, &["confirmed"]).await;
    assert_eq!(
        (&refused["state"], &refused["written_at"]),
        (&"refused".into(), &Json::Null),
        "{refused}"
    );
    assert!(
        refused["text"]
            .as_str()
            .unwrap()
            .contains("is 19.0 now, 20.0 was shown"),
        "{refused}"
    );
    assert_eq!(register(&regulator, COMFORT.1, None).await, 190);

    // A driver that tells no settings cannot show what would be changed; a device that is not there is not looked at.
    for (name, state, want) in [
        ("mbus", "refused", "no such interface"),
        ("gone", "failed", "line-refused"),
    ] {
        let order = ask(&host, host.device(name).await, set("21.5")).await;
        assert_eq!(order["state"], state, "{order}");
        assert!(order["text"].as_str().unwrap().contains(want), "{order}");
    }
    let mut what = set("21.5");
    what["why"] = "".into();
    let (status, _) = host.post(&format!("/api/v1/devices/{device}/control"), &what).await;
    assert_eq!(status, 400, "who changes something says why");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_another_value_is_an_alarm() {
    let clipping = ModbusSlave::regulator().framing(ModbusFraming::Tcp).clipping();
    let regulator = clipping.start_tcp().await.unwrap();
    let (host, device) = hosted(&regulator, &[]).await;
    let order = ask(&host, device, set("21.5")).await;
    let (_, taken) = confirm(&host, &order, &order["token"]).await;
    let differs = left(&host, &taken, &["confirmed"]).await;
    assert_eq!(
        (&differs["state"], &differs["held"][0]["value"]),
        (&"differs".into(), &"21.4".into()),
        "{differs}"
    );
    assert_eq!(
        register(&regulator, COMFORT.1, None).await,
        214,
        "it is not tried again"
    );
    let pool = host.pool().await;
    let incident: Vec<(String, String)> = sqlx::query_as("select kind, text from incident where kind like 'control%'")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(incident.len(), 1, "{incident:?}");
    assert_eq!(incident[0].0, "control-differs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curve_is_written_from_the_command_line() {
    let regulator = regulator().await;
    let (host, _) = hosted(&regulator, &[]).await;
    let run = |first: &str, more: &[&str]| {
        let begin = [
            "control",
            "run",
            "--host",
            host.address(),
            "--why",
            "autumn",
            "ecl",
            "curve",
            "circuit=1",
            first,
        ];
        let points = ["y2=64", "y3=50", "y4=45", "y5=40", "y6=30"];
        host.try_uzel(&[&begin[..], &points, more].concat())
    };
    let refused = run("y1=95", &["--yes"]);
    let text = String::from_utf8_lossy(&refused.stdout);
    assert!(
        text.contains("refused") && text.contains("outside the flow limits 10 to 90"),
        "{text}"
    );
    assert_eq!(refused.status.code(), Some(1));
    // Nobody answers the question.
    let unanswered = run("y1=80", &[]);
    let text = String::from_utf8_lossy(&unanswered.stdout);
    assert!(text.contains("11400") && text.contains("nothing was written"), "{text}");
    assert_eq!(register(&regulator, 11_399, None).await, 75);

    let done = run("y1=80", &["--yes"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{text}");
    let mut points = Vec::new();
    for at in 11_399..11_405 {
        points.push(register(&regulator, at, None).await);
    }
    assert_eq!(points, [80, 64, 50, 45, 40, 30]);
    let listed = host.uzel(&["control", "list", "ecl", "--host", host.address()]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
}
