//! Webhooks over real sockets: signed, at least once, in order, and nowhere but where they may lead.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::*;
use crate::api::webhook::{WebhookConfig, WebhookTimes, run};
use crate::limits;
use crate::model::{Actor, Change, ControlState};
use crate::store::{ControlEnd, DeliveryState, NewControl, NewWebhook, WebhookChange};

const SECRET: &str = "uzh_secret";

/// A program that is told.
struct Receiver {
    address: std::net::SocketAddr,
    got: mpsc::UnboundedReceiver<Got>,
    /// What it answers next; 200 when nothing is said. 0: nothing.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

#[derive(Debug)]
struct Got {
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let of_name = |line: &'_ str| line.to_lowercase().starts_with(&format!("{name}: "));
        let line = self.head.lines().find(|line| of_name(line)).unwrap_or_default();
        line.split_once(": ").map_or("", |(_, value)| value)
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    async fn start(location: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, got) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (next, location) = (answers.clone(), location.to_owned());
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
                while !is_whole(&bytes) {
                    match stream.read(&mut part).await {
                        Ok(0) | Err(_) => break,
                        Ok(count) => bytes.extend_from_slice(&part[..count]),
                    }
                }
                let text = String::from_utf8(bytes).unwrap();
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
                let (head, body) = (head.to_owned(), body.to_owned());
                let status = next.lock().unwrap().pop_front().unwrap_or(200);
                let _ = told.send(Got { head, body });
                if status == 0 {
                    silent.push(stream);
                    continue;
                }
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, got, answers }
    }

    fn answers(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    async fn next(&mut self) -> Got {
        let got = tokio::time::timeout(Duration::from_secs(60), self.got.recv()).await;
        got.expect("it is told").unwrap()
    }
}

/// A host that tells.
struct Teller {
    store: Store,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Teller {
    async fn start(dir: &TempDir, networks: &[&str]) -> Self {
        let path = dir.path().join("uzel.sqlite");
        let store = Store::open(&Config { path }).await.unwrap();
        let (handle, _, commands) = Handle::new();
        tokio::spawn(answer_commands(commands));
        let config = WebhookConfig {
            insecure: true,
            networks: networks.iter().map(|&network| network.to_owned()).collect(),
        };
        let cancel = CancellationToken::new();
        let state = ApiState::new(store.clone(), handle, Arc::new(OneDriver), None, cancel.clone());
        let times = WebhookTimes {
            look: Duration::from_millis(10),
            nodes: Duration::from_millis(20),
            wait: Duration::ZERO,
            request: Duration::from_millis(500),
        };
        let task = tokio::spawn(run(state, config, times, cancel.clone()));
        Self { store, cancel, task }
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
        self.store.close().await;
    }

    async fn hook(&self, url: String, kinds: &[&str]) -> i64 {
        let new = NewWebhook {
            name: url.clone(),
            url,
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
            secret: SECRET.to_owned(),
        };
        self.store.add_webhook(new, &Actor::host()).await.unwrap().unwrap()
    }

    /// Until a delivery of the webhook stands so; what was wrong with it.
    async fn until(&self, hook: i64, state: DeliveryState) -> (i64, String) {
        for _ in 0..6_000 {
            let rows = self.store.deliveries(hook, Some(state), i64::MAX, 1).await.unwrap();
            if let Some(row) = rows.first() {
                return (row.id, row.fault.clone().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no delivery is {}", state.word());
    }
}

async fn device(store: &Store) -> SessionId {
    store.import(vec![new_device(1)]).await.unwrap();
    begin(store, DeviceId(1)).await
}

const LOCAL: &[&str] = &["127.0.0.0/8", "::1"];

#[tokio::test]
async fn records_and_ends_of_sessions_are_told_signed_and_until_they_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    receiver.answers([500, 404]);
    let host = Teller::start(&dir, LOCAL).await;
    let session = device(&host.store).await;
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(9, 1)]))
        .await
        .unwrap();
    let hook = host
        .hook(format!("http://{}/in?a=1", receiver.address), &["record", "session"])
        .await;
    let stored = batch(DeviceId(1), session, vec![hour(1, 4217), hour(9, 2)]);
    host.store.put_records(stored).await.unwrap();
    let first = receiver.next().await;
    let (second, third) = (receiver.next().await, receiver.next().await);
    assert!(first.head.starts_with("POST /in?a=1 HTTP/1.1"), "{first:?}");
    assert_eq!(
        (&first.body, &first.body),
        (&second.body, &third.body),
        "the same until it is taken"
    );
    let told = third.json();
    assert_eq!((&told["webhook"], &told["kind"]), (&json!(hook), &json!("records")));
    assert_eq!(third.header("x-uzel-delivery"), told["delivery"].to_string());
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "what came before the webhook is not told: {told}");
    assert_eq!(items[0]["values"][0]["value"], json!(42.17));
    assert_eq!((&items[1]["version"], &items[1]["record"]), (&json!(2), &json!(3)));
    assert_eq!(told["series"].as_array().unwrap().len(), 3);
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}", third.header("x-uzel-timestamp"), third.body).as_bytes());
    let signature: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(third.header("x-uzel-signature"), format!("sha256={signature}"));
    host.store.end_session(end(session)).await.unwrap();
    let ended = receiver.next().await.json();
    assert_eq!(
        (&ended["kind"], &ended["items"][0]["kind"]),
        (&json!("events"), &json!("session"))
    );
    assert_eq!(ended["items"][0]["session"]["outcome"], "complete");
    host.until(hook, DeliveryState::Done).await;
    host.stop().await;
}

#[tokio::test]
async fn what_was_not_told_is_told_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    // The first request is never answered: the host ends meanwhile.
    receiver.answers([0]);
    let host = Teller::start(&dir, LOCAL).await;
    let session = device(&host.store).await;
    host.hook(format!("http://{}/", receiver.address), &["record"]).await;
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(3, 1)]))
        .await
        .unwrap();
    let cut = receiver.next().await.json();
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(2, 2)]))
        .await
        .unwrap();
    host.stop().await;
    let host = Teller::start(&dir, LOCAL).await;
    let again = receiver.next().await.json();
    assert_eq!(again, cut, "the one that was cut is sent again");
    let next = receiver.next().await.json();
    assert_eq!(next["items"][0]["start"], ago(2).to_string());
    assert_ne!(next["delivery"], again["delivery"]);
    host.stop().await;
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_holds_up_nothing_and_is_sent_again_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    receiver.answers((0..limits::WEBHOOK_ATTEMPTS).map(|_| 503));
    let host = Teller::start(&dir, LOCAL).await;
    let session = device(&host.store).await;
    let hook = host.hook(format!("http://{}/", receiver.address), &["record"]).await;
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(3, 1)]))
        .await
        .unwrap();
    let (dead, fault) = host.until(hook, DeliveryState::Dead).await;
    assert!(fault.contains("503"), "{fault}");
    let mut refused = Vec::new();
    for _ in 0..limits::WEBHOOK_ATTEMPTS {
        refused.push(receiver.next().await.json());
    }
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(2, 2)]))
        .await
        .unwrap();
    assert_eq!(receiver.next().await.json()["items"][0]["start"], ago(2).to_string());
    host.until(hook, DeliveryState::Done).await;
    let actor = Actor::host();
    let again = host.store.change_webhook(hook, WebhookChange::Again(dead), &actor);
    again.await.unwrap().unwrap();
    assert_eq!(receiver.next().await.json(), refused[0]);
    let twice = host.store.change_webhook(hook, WebhookChange::Again(dead + 1), &actor);
    assert!(twice.await.unwrap().is_err(), "that one was taken");
    host.stop().await;
}

#[tokio::test]
async fn a_webhook_leads_nowhere_inside() {
    let dir = tempfile::tempdir().unwrap();
    let mut inside = Receiver::start("/").await;
    let mut outside = Receiver::start(&format!("http://{}/stolen", inside.address)).await;
    outside.answers([302, 307]);
    let port = inside.address.port();
    // Nothing inside may be reached, whatever it is called.
    let host = Teller::start(&dir, &[]).await;
    let session = device(&host.store).await;
    let mut hooks = Vec::new();
    for name in ["localhost", "127.0.0.1", "0x7f000001", "[::ffff:127.0.0.1]"] {
        hooks.push(host.hook(format!("http://{name}:{port}/"), &["record"]).await);
    }
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(3, 1)]))
        .await
        .unwrap();
    for hook in hooks {
        let (_, fault) = host.until(hook, DeliveryState::Dead).await;
        assert!(fault.contains("is not public"), "{fault}");
    }
    host.stop().await;
    // A receiver that may be reached leads nowhere else.
    let host = Teller::start(&dir, LOCAL).await;
    let hook = host.hook(format!("http://{}/", outside.address), &["record"]).await;
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(2, 1)]))
        .await
        .unwrap();
    host.until(hook, DeliveryState::Done).await;
    assert_eq!(outside.next().await.json(), outside.next().await.json());
    assert!(outside.next().await.head.starts_with("POST / "));
    while let Ok(got) = inside.got.try_recv() {
        assert!(!got.head.contains("stolen"), "a redirection was followed: {got:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_test_overtakes_what_waits_is_sent_once_and_is_nothing_that_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    receiver.answers([0, 404]);
    let host = Teller::start(&dir, LOCAL).await;
    let hook = host.hook(format!("http://{}/", receiver.address), &["record"]).await;
    let change = async |change| host.store.change_webhook(hook, change, &Actor::host()).await.unwrap();
    let describe = WebhookChange::Describe {
        name: None,
        url: None,
        kinds: None,
        enabled: Some(false),
    };
    change(describe).await.unwrap();
    change(WebhookChange::Test).await.unwrap();
    let first = receiver.next().await.json();
    assert_eq!((&first["kind"], &first["items"]), (&json!("test"), &json!([])));
    assert!(
        change(WebhookChange::Test).await.is_err(),
        "the first one has no answer yet"
    );
    let (dead, _) = host.until(hook, DeliveryState::Dead).await;
    assert_eq!(first["delivery"], json!(dead));
    change(WebhookChange::Test).await.unwrap();
    assert_ne!(
        receiver.next().await.json()["delivery"],
        first["delivery"],
        "it is not sent again"
    );
    for _ in 0..6_000 {
        if host
            .store
            .deliveries(hook, Some(DeliveryState::Dead), i64::MAX, 2)
            .await
            .unwrap()
            .len()
            == 2
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(host.store.webhook(hook).await.unwrap().unwrap().waiting, (0, 0));
    change(WebhookChange::Test).await.unwrap();
    receiver.next().await;
    host.until(hook, DeliveryState::Done).await;
    host.stop().await;
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    receiver.answers([0]);
    let host = Teller::start(&dir, LOCAL).await;
    let session = device(&host.store).await;
    let hook = host.hook(format!("http://{}/", receiver.address), &["record"]).await;
    host.store
        .put_records(batch(DeviceId(1), session, vec![hour(3, 1)]))
        .await
        .unwrap();
    assert_eq!(receiver.next().await.json(), receiver.next().await.json());
    host.until(hook, DeliveryState::Done).await;
    host.stop().await;
}

#[tokio::test]
async fn another_state_of_a_node_and_the_end_of_an_order_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start("/").await;
    let host = Teller::start(&dir, LOCAL).await;
    let session = device(&host.store).await;
    host.hook(format!("http://{}/", receiver.address), &["node", "control"])
        .await;
    while host.store.nodes_told().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let fault = SessionEnd {
        outcome: Outcome::DriverTrap,
        ..end(session)
    };
    host.store.end_session(fault).await.unwrap();
    let told = receiver.next().await.json();
    let event = &told["items"][0];
    assert_eq!(
        (&event["kind"], &event["state"]),
        (&json!("node"), &json!("driver-fault")),
        "{told}"
    );
    assert_eq!(
        (&event["node"]["name"], &event["site"]),
        (&json!("Подвал"), &json!("Школа 0"))
    );
    assert!(event["was"].is_string(), "{told}");
    let new = NewControl {
        device: DeviceId(1),
        change: Change::Setting {
            id: "comfort".to_owned(),
            value: "21.5".to_owned(),
        },
        why: "cold".to_owned(),
        by: Actor::host(),
    };
    let order = host.store.ask_control(new).await.unwrap();
    let ended = ControlEnd {
        id: order,
        session: Some(session),
        state: ControlState::Done,
        shown: Vec::new(),
        held: Vec::new(),
        written_at: None,
        text: "as wanted".to_owned(),
    };
    host.store.end_control(ended).await.unwrap();
    let told = receiver.next().await.json();
    let event = &told["items"][0];
    assert_eq!(
        (&event["kind"], &event["state"]),
        (&json!("control"), &json!("done")),
        "{told}"
    );
    assert_eq!((&event["order"], &event["device"]), (&json!(order.0), &json!(1)));
    host.stop().await;
}

#[tokio::test]
async fn webhooks_are_kept_and_their_secrets_shown_once() {
    let api = TestApi::start().await;
    let body = json!({ "name": "erp", "url": "https://erp.example/uzel", "kinds": ["session", "record", "record"] });
    let made = api.post("/api/v1/webhooks", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("uzh_") && secret.len() > 40);
    let twice = api.post("/api/v1/webhooks", &body).await;
    assert_eq!((twice.status, &twice.json()["code"]), (409, &json!("conflict")));
    let list = api.get("/api/v1/webhooks").await;
    assert!(!list.body.contains(&secret));
    assert_eq!(list.json()["items"][0]["kinds"], json!(["record", "session"]));
    let another = api.post("/api/v1/webhooks/1/secret", &Json::Null).await.json();
    assert_ne!(another["secret"], json!(secret));
    let json_type = "content-type: application/json\r\n";
    let patch = json!({ "enabled": false, "kinds": ["node"] }).to_string();
    let changed = api.ask("PATCH", "/api/v1/webhooks/1", json_type, &patch).await.json();
    assert_eq!(
        (&changed["enabled"], &changed["kinds"], &changed["name"]),
        (&json!(false), &json!(["node"]), &json!("erp"))
    );
    for (body, field) in [
        (
            json!({ "name": "", "url": "https://a.example/", "kinds": ["node"] }),
            "name",
        ),
        (
            json!({ "name": "a\u{202e}", "url": "https://a.example/", "kinds": ["node"] }),
            "name",
        ),
        (
            json!({ "name": "a", "url": "http://a.example/", "kinds": ["node"] }),
            "url",
        ),
        (
            json!({ "name": "a", "url": "https://10.0.0.1/", "kinds": ["node"] }),
            "url",
        ),
        (
            json!({ "name": "a", "url": "https://a.example/", "kinds": [] }),
            "kinds",
        ),
        (
            json!({ "name": "a", "url": "https://a.example/", "kinds": ["all"] }),
            "kinds",
        ),
    ] {
        let refused = api.post("/api/v1/webhooks", &body).await;
        assert_eq!(
            (refused.status, &refused.json()["faults"][0]["field"]),
            (422, &json!(field)),
            "{body}"
        );
    }
    assert_eq!(
        api.json("/api/v1/webhooks/1/deliveries?state=dead").await["items"],
        json!([])
    );
    assert_eq!(api.get("/api/v1/webhooks/1/deliveries?state=lost").await.status, 400);
    assert_eq!(api.get("/api/v1/webhooks/2/deliveries").await.status, 404);
    assert_eq!(
        api.post("/api/v1/webhooks/1/deliveries/1/again", &Json::Null)
            .await
            .status,
        404
    );
    assert_eq!(api.ask("DELETE", "/api/v1/webhooks/1", "", "").await.status, 204);
    assert_eq!(api.get("/api/v1/webhooks/1").await.status, 404);
}
