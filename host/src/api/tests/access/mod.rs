//! Who may do what: two owners in one host, and accounts of every role.

mod audit;
mod credentials;
mod forged;
mod injection;
mod model_samples;
#[cfg(feature = "oidc")]
mod provider;
mod refusals;
mod routes;
mod scope;
mod security;
mod sign_in;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;

use super::*;
use crate::api::access::{Access, Reached};
use crate::api::checked;
use crate::credential;
use crate::model::{
    AccountId, AccountKind, Actor, CallerSeen, Change, ControlId, ControlState, DriverState, Grant, GrantOn, Held,
    Right, Role, Scope,
};
use crate::store::query::{CallerQuery, SeriesQuery};
use crate::store::{AccountChange, ControlEnd, Deed, DriverVersion, NewAccount, NewControl, NewKey, NewSignIn, Object};

/// A host with accounts, and devices of two owners: device 1 of `Heat`, device 2 of `Water`.
struct Town {
    _dir: TempDir,
    store: Store,
    state: ApiState,
}

/// Objects of one owner.
#[derive(Debug, Clone)]
struct Owned {
    organisation: i64,
    site: i64,
    node: i64,
    point: i64,
    device: i64,
    series: i64,
    record: i64,
    session: i64,
    control: i64,
    line: i64,
    caller: i64,
    /// Of a version of a driver.
    digest: String,
}

/// What came back.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    /// Whether the handler was reached.
    is_reached: bool,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Told {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or(Json::Null)
    }

    /// The token of the cookie that came.
    fn token(&self) -> Option<String> {
        let cookie = self.headers.get("set-cookie")?.to_str().unwrap();
        let value = cookie.split(';').next()?.split_once('=')?.1;
        Some(value.to_owned())
    }
}

/// The digests of the two versions of drivers.
const DIGESTS: [&str; 2] = [
    "aa00000000000000000000000000000000000000000000000000000000000000",
    "bb00000000000000000000000000000000000000000000000000000000000000",
];

impl Town {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("uzel.sqlite");
        let store = Store::open(&Config { path }).await.unwrap();
        let (handle, _board, commands) = Handle::new();
        tokio::spawn(answer_commands(commands));
        let access = Access::without_accounts().with_accounts();
        let state = ApiState::new(
            store.clone(),
            handle,
            Arc::new(OneDriver),
            None,
            CancellationToken::new(),
        );
        let town = Self {
            _dir: dir,
            store,
            state: state.with_access(access),
        };
        town.fill().await;
        town
    }

    async fn fill(&self) {
        let store = &self.store;
        let device = |index: u16, organisation: &str, caller: &str| NewDevice {
            organisation: organisation.to_owned(),
            driver: "other".to_owned(),
            routes: vec![
                NewRoute {
                    line: None,
                    address: LineAddress::Tcp(format!("127.0.0.1:{index}")),
                    settings: None,
                    options: None,
                },
                NewRoute {
                    line: None,
                    address: LineAddress::Incoming(format!("gprs/{caller}")),
                    settings: None,
                    options: None,
                },
            ],
            ..new_device(index)
        };
        store
            .import(vec![device(2, "Heat", "m1"), device(4, "Water", "m2")])
            .await
            .unwrap();
        let seen = |identity: &str| CallerSeen {
            listener: "gprs".to_owned(),
            identity: identity.to_owned(),
            source: "10.0.0.1".to_owned(),
            seen_at: Timestamp::UNIX_EPOCH,
            connects: 1,
            greeting: None,
            fault: None,
            signal_csq: None,
            bytes_received: 1,
            bytes_sent: 0,
        };
        store.saw_callers(vec![seen("m1"), seen("m2")]).await.unwrap();
        for (device, digest, vendor) in [(1, DIGESTS[0], "ours"), (2, DIGESTS[1], "theirs")] {
            let device = DeviceId(device);
            let new = NewSession {
                line: LineId(device.0 * 2 - 1),
                driver_digest: digest.to_owned(),
                ..new_session(device)
            };
            let session = store.begin_session(new).await.unwrap();
            store
                .put_records(batch(device, session, vec![hour(1, 4200)]))
                .await
                .unwrap();
            self.control(device, session).await;
            self.version(digest, vendor).await;
        }
    }

    /// An order that waits to be confirmed.
    async fn control(&self, device: DeviceId, session: SessionId) -> ControlId {
        let new = NewControl {
            device,
            change: Change::Setting {
                id: "comfort".to_owned(),
                value: "21.5".to_owned(),
            },
            why: "cold".to_owned(),
            by: Actor::host(),
        };
        let id = self.store.ask_control(new).await.unwrap();
        let end = ControlEnd {
            id,
            session: Some(session),
            state: ControlState::Shown,
            shown: vec![Held {
                id: "comfort".to_owned(),
                title: "Comfort".to_owned(),
                unit: None,
                value: "20.0".to_owned(),
            }],
            held: Vec::new(),
            written_at: None,
            text: String::new(),
        };
        self.store.end_control(end).await.unwrap();
        id
    }

    async fn version(&self, digest: &str, vendor: &str) {
        let now = self.store.now();
        let version = DriverVersion {
            digest: digest.to_owned(),
            driver: format!("of-{vendor}"),
            version: "1.0.0".to_owned(),
            vendor: vendor.to_owned(),
            origin: "package".to_owned(),
            manifest: None,
            signed_by: None,
            granted: Vec::new(),
            state: DriverState::SelfTested,
            since: now,
            why: String::new(),
            installed_at: now,
            report: None,
            shadow: None,
            canary: None,
        };
        let deed = Deed {
            who: Actor::host(),
            why: "a test".to_owned(),
        };
        assert!(self.store.add_driver_version(version, Vec::new(), deed).await.unwrap());
    }

    /// The objects of the owner of device 1 or 2.
    async fn owned(&self, device: i64) -> Owned {
        let store = &self.store;
        let info = store.device(DeviceId(device)).await.unwrap().unwrap();
        let sites = store.sites(Scope::EVERYTHING, None, 0, 10).await.unwrap();
        let site = sites.iter().find(|site| site.id == info.site.0).unwrap();
        let wanted = SeriesQuery {
            device: Some(device),
            limit: 1,
            ..SeriesQuery::default()
        };
        let callers = store
            .callers(
                Scope::EVERYTHING,
                &CallerQuery {
                    identity: Some(format!("m{device}")),
                    limit: 1,
                    ..CallerQuery::default()
                },
            )
            .await
            .unwrap();
        Owned {
            organisation: site.organisation.0,
            site: site.id,
            node: info.node.0,
            point: info.points[0].id,
            device,
            series: store.series(Scope::EVERYTHING, &wanted).await.unwrap()[0].id,
            record: device,
            session: device,
            control: device,
            line: device * 2 - 1,
            caller: callers[0].id,
            digest: DIGESTS[usize::try_from(device).unwrap() - 1].to_owned(),
        }
    }

    /// An account without a password.
    async fn account(&self, name: &str, kind: AccountKind, grants: &[(Role, GrantOn)]) -> AccountId {
        let grants = grants.iter().cloned().map(|(role, on)| Grant { role, on }).collect();
        let new = NewAccount {
            name: name.to_owned(),
            kind,
            title: name.to_owned(),
            grants,
            one_time: None,
        };
        self.store.create_account(new, &Actor::host()).await.unwrap().unwrap()
    }

    /// An account that is signed in already; its token.
    async fn signed_in(&self, name: &str, role: Role, on: GrantOn) -> String {
        let account = self.account(name, AccountKind::Person, &[(role, on)]).await;
        self.sign_in(account).await
    }

    async fn sign_in(&self, account: AccountId) -> String {
        let token = credential::token().unwrap();
        let new = NewSignIn {
            account,
            token: credential::digest(&token),
            ends_at: self.store.now().as_second() + 3600,
            from: String::new(),
            agent: String::new(),
            by_provider: false,
        };
        self.store.sign_in(new, &Actor::host()).await.unwrap();
        token
    }

    /// A person with a password.
    async fn person(&self, name: &str, password: &str, role: Role) -> AccountId {
        let account = self
            .account(name, AccountKind::Person, &[(role, GrantOn::Everything)])
            .await;
        let change = AccountChange::Password {
            hash: credential::hash(password).unwrap(),
            stays: None,
        };
        let changed = self.store.change_account(account, change, &Actor::host()).await;
        changed.unwrap().unwrap();
        account
    }

    /// A program with a key; the key.
    async fn program(&self, rights: &[Right], addresses: &[&str]) -> String {
        let everything = [(Role::Administrator, GrantOn::Everything)];
        let account = self.account("program", AccountKind::Machine, &everything).await;
        let key = format!("uzk_{}", credential::token().unwrap());
        let new = NewKey {
            name: "key".to_owned(),
            token: credential::digest(&key),
            shown: key[..12].to_owned(),
            rights: rights.iter().map(|right| right.word().to_owned()).collect(),
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            ends_at: None,
        };
        let added = self
            .store
            .change_account(account, AccountChange::AddKey(new), &Actor::host())
            .await;
        added.unwrap().unwrap();
        key
    }

    /// Asks as a browser does that has this token.
    async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Json>) -> Told {
        self.request(router(self.state.clone()), method, path, token, body)
            .await
    }

    /// The same, and whether the handler was reached, but problems have no body.
    async fn reach(&self, method: &str, path: &str, token: Option<&str>) -> Told {
        let router = checked(&self.state).with_state(self.state.clone());
        self.request(router, method, path, token, None).await
    }

    async fn request(
        &self,
        router: Router,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Json>,
    ) -> Told {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("host", "localhost")
            .header("x-uzel", "test");
        if let Some(token) = token {
            request = match token.strip_prefix("uzk_") {
                Some(_) => request.header("authorization", format!("Bearer {token}")),
                None => request.header("cookie", format!("uzel={token}")),
            };
        }
        let request = match body {
            // What is no JSON: a table, a package.
            Some(Json::String(text)) => request.body(Body::from(text.clone())),
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(router, request.unwrap()).await
    }

    async fn send(&self, router: Router, request: Request<Body>) -> Told {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_stream = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let body = if is_stream {
            Vec::new()
        } else {
            axum::body::to_bytes(body, 1 << 24).await.unwrap().to_vec()
        };
        Told {
            status: parts.status,
            is_reached: parts.extensions.get::<Reached>().is_some(),
            headers: parts.headers,
            body,
        }
    }
}

impl Owned {
    /// The key of an object.
    fn id(&self, object: Object) -> i64 {
        match object {
            Object::Organisation => self.organisation,
            Object::Site => self.site,
            Object::Node => self.node,
            Object::Point => self.point,
            Object::Device => self.device,
            Object::Series => self.series,
            Object::Record => self.record,
            Object::Session => self.session,
            Object::Control => self.control,
            Object::Line => self.line,
            Object::Caller => self.caller,
        }
    }
}

fn new_session(device: DeviceId) -> NewSession {
    NewSession {
        device,
        line: LineId(1),
        driver: "other".to_owned(),
        driver_version: "1.0.0".to_owned(),
        driver_digest: "d1".to_owned(),
        reason: Reason::Schedule,
        started_at: ago(1),
    }
}

/// Method and path of every route of the document.
fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(super::super::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Json)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}
