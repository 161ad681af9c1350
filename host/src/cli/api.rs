//! The API of a running host, as the command line uses it.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Variable that has the key of a program, for a host with accounts. A list of processes shows arguments, not this.
const KEY: &str = "UZEL_KEY";

/// Longest answer of the host.
const ANSWER: Duration = Duration::from_secs(20);

/// Why the running host did not do it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The host does not answer.
    #[error("{url}: the host does not answer: is it running?")]
    NoHost {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The host refuses.
    #[error("{url}: {text}")]
    Refused {
        /// What was asked.
        url: String,
        /// The stable code of the refusal.
        code: String,
        /// In its words.
        text: String,
    },
    /// The host says something else than expected.
    #[error("{url}: the answer is not that of a host of this version")]
    Answer {
        /// What was asked.
        url: String,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no such device.
    #[error("there is no device {0:?}")]
    NoDevice(String),
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// A device.
#[derive(Debug, Deserialize)]
pub(super) struct Device {
    pub(super) id: i64,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
struct Problem {
    title: String,
    code: String,
    detail: Option<String>,
}

/// The API of a running host.
pub(super) struct Api {
    client: reqwest::Client,
    /// Of a program, for a host with accounts.
    key: Option<String>,
    base: String,
}

impl Api {
    /// The API at `url`, or else where the host of the configuration listens.
    pub(super) fn new(url: Option<&str>, listen: SocketAddr) -> Result<Self, HostError> {
        let base = url.map_or_else(|| format!("http://{listen}"), str::to_owned);
        let base = base.trim_end_matches('/').to_owned();
        // The host is on this machine: no proxy is between.
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER).build();
        let client = client.map_err(|source| HostError::NoHost {
            url: base.clone(),
            source,
        })?;
        let key = std::env::var(KEY).ok().filter(|key| !key.is_empty());
        Ok(Self { client, key, base })
    }

    /// Sends a request below `/api/v1`. None: there is no such thing.
    pub(super) async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<Option<Vec<u8>>, HostError> {
        let url = format!("{}/api/v1{path}", self.base);
        let no_host = |source| HostError::NoHost {
            url: url.clone(),
            source,
        };
        let request = change(self.client.request(method, &url));
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let answer = request.send().await.map_err(no_host)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(no_host)?.to_vec();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if status.is_success() {
            return Ok(Some(body));
        }
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let (code, text) = problem.map_or_else(
            || (String::new(), status.to_string()),
            |told| (told.code, told.detail.unwrap_or(told.title)),
        );
        Err(HostError::Refused { url, code, text })
    }

    /// Asks for a document below `/api/v1`. None: there is no such thing.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, HostError> {
        let body = self
            .send(reqwest::Method::GET, path, |request| request.query(query))
            .await?;
        body.map(|body| self.read(path, &body)).transpose()
    }

    /// Posts a document below `/api/v1` and gives the one that is answered. None: there is no such thing.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Option<T>, HostError> {
        let body = body.to_string();
        let with = |request: reqwest::RequestBuilder| request.header("content-type", "application/json").body(body);
        let answer = self.send(reqwest::Method::POST, path, with).await?;
        answer.map(|answer| self.read(path, &answer)).transpose()
    }

    fn read<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, HostError> {
        serde_json::from_slice(body).map_err(|source| HostError::Answer {
            url: format!("{}/api/v1{path}", self.base),
            source,
        })
    }

    /// The device of this name, or else of this number.
    pub(super) async fn device(&self, name: &str) -> Result<Device, HostError> {
        let mut after = String::new();
        loop {
            let mut query = vec![("q", name), ("limit", "1000")];
            query.extend((!after.is_empty()).then_some(("after", after.as_str())));
            let page: Option<Page<Device>> = self.get("/devices", &query).await?;
            let Some(page) = page else { break };
            if let Some(device) = page.items.into_iter().find(|device| device.name == name) {
                return Ok(device);
            }
            let Some(next) = page.next else { break };
            after = next;
        }
        let none = || HostError::NoDevice(name.to_owned());
        let id: i64 = name.parse().map_err(|_| none())?;
        self.get(&format!("/devices/{id}"), &[]).await?.ok_or_else(none)
    }
}
