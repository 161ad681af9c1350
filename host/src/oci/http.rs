//! Requests about one repository: with a token where the registry wants one, bounded in time and length.

use std::time::Duration;

use http_auth::parse_challenges;
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Request, Response, StatusCode, Url};
use serde::Deserialize;

use super::reference::is_loopback;
use super::{Logins, OciError, Reference, Times};
use crate::foreign::shown;
use crate::limits;

/// Characters of what a registry says when it refuses.
const SAID: usize = 300;

/// A repository that is being talked to.
pub(super) struct Repository<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) times: Times,
    pub(super) logins: &'a Logins,
    pub(super) reference: &'a Reference,
    /// `pull`, or `pull,push`.
    pub(super) actions: &'static str,
    pub(super) authorization: Option<HeaderValue>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// How a registry wants to know who asks.
enum Challenge {
    Bearer { realm: String, service: Option<String> },
    Basic,
}

/// Those of a refusal that can be met.
fn challenges(refusal: &Response) -> Vec<Challenge> {
    let mut met = Vec::new();
    for header in refusal.headers().get_all(WWW_AUTHENTICATE) {
        let parsed = header.to_str().ok().and_then(|text| parse_challenges(text).ok());
        for challenge in parsed.unwrap_or_default() {
            let value = |name: &str| {
                let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                met.push(Challenge::Bearer {
                    realm: value("realm").unwrap_or_default(),
                    service: value("service"),
                });
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                met.push(Challenge::Basic);
            }
        }
    }
    met
}

impl Repository<'_> {
    fn host(&self) -> String {
        self.reference.host.clone()
    }

    fn line(&self, what: &str) -> impl FnOnce(reqwest::Error) -> OciError + use<> {
        let (host, what) = (self.host(), what.to_owned());
        // An address may hold a token that a storage behind the registry was given.
        move |source| OciError::Line {
            host,
            what,
            source: source.without_url(),
        }
    }

    fn denied(&self, what: &str) -> OciError {
        let why = match self.logins.of(&self.reference.host) {
            None => "there is no login for it",
            Some(_) => "the login does not do",
        };
        OciError::Denied {
            host: self.host(),
            what: what.to_owned(),
            why,
        }
    }

    async fn within<T>(
        &self,
        what: &str,
        most: Duration,
        work: impl Future<Output = Result<T, reqwest::Error>>,
    ) -> Result<T, OciError> {
        let done = tokio::time::timeout(most, work).await;
        let slow = |_| OciError::Slow {
            host: self.host(),
            what: what.to_owned(),
            most,
        };
        done.map_err(slow)?.map_err(self.line(what))
    }

    /// Sends a request that is answered at once.
    ///
    /// # Errors
    /// No answer, or one that does not let us in.
    pub(super) async fn send(&mut self, request: Request, what: &str) -> Result<Response, OciError> {
        self.send_within(request, what, self.times.silence).await
    }

    /// Sends a request that may take so long; once more when the registry first wants to know who asks.
    pub(super) async fn send_within(
        &mut self,
        request: Request,
        what: &str,
        most: Duration,
    ) -> Result<Response, OciError> {
        let again = request.try_clone();
        let mut response = self.once(request, what, most).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.authorize(&response, what).await?;
            let again = again.ok_or_else(|| self.denied(what))?;
            response = self.once(again, what, most).await?;
        }
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied(what)),
            _ => Ok(response),
        }
    }

    async fn once(&self, mut request: Request, what: &str, most: Duration) -> Result<Response, OciError> {
        let own = self.reference.url("")?;
        // A registry may send an upload elsewhere: what lets us in here is for here only.
        if request.url().origin() == own.origin()
            && let Some(authorization) = &self.authorization
        {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        self.within(what, most, self.http.execute(request)).await
    }

    /// Takes what lets us in, as the registry's refusal says (RFC 9110, section 11; Docker Registry token authentication).
    async fn authorize(&mut self, refusal: &Response, what: &str) -> Result<(), OciError> {
        for challenge in challenges(refusal) {
            let authorization = match challenge {
                Challenge::Bearer { realm, service } => {
                    Some(format!("Bearer {}", self.token(&realm, service, what).await?))
                }
                Challenge::Basic => self.login(&self.reference.url("")?),
            };
            let secret = authorization.and_then(|text| HeaderValue::from_str(&text).ok());
            if let Some(mut secret) = secret {
                secret.set_sensitive(true);
                self.authorization = Some(secret);
                return Ok(());
            }
        }
        Err(self.denied(what))
    }

    /// Name and password as a header, for an address where nobody on the way can read them.
    fn login(&self, url: &Url) -> Option<String> {
        let is_private = url.scheme() == "https" || is_loopback(url);
        let login = self.logins.of(&self.reference.host).filter(|_| is_private);
        login.map(|login| format!("Basic {login}"))
    }

    /// Asks the registry's own giver of tokens. For what is ours to say: a registry that asks for more gets no more.
    async fn token(&self, realm: &str, service: Option<String>, what: &str) -> Result<String, OciError> {
        let content = |text: &str| OciError::Content {
            host: self.host(),
            what: text.to_owned(),
        };
        let mut url = Url::parse(realm).map_err(|_| content("it names no giver of tokens"))?;
        let is_fit = url.scheme() == "https" || self.reference.url("")?.scheme() == "http";
        if !is_fit {
            return Err(content("its giver of tokens has no TLS, expected https"));
        }
        let scope = format!("repository:{}:{}", self.reference.repository, self.actions);
        let service = service.map(|service| ("service".to_owned(), service));
        url.query_pairs_mut().extend_pairs(service).append_pair("scope", &scope);
        let login = self.login(&url);
        let mut request = Request::new(reqwest::Method::GET, url);
        let login = login.and_then(|login| HeaderValue::from_str(&login).ok());
        request.headers_mut().extend(login.map(|mut login| {
            login.set_sensitive(true);
            (AUTHORIZATION, login)
        }));
        let response = self
            .within(what, self.times.silence, self.http.execute(request))
            .await?;
        if response.status() != StatusCode::OK {
            return Err(self.denied(what));
        }
        let bytes = self.bytes(response, limits::OCI_ANSWER_BYTES, "the token").await?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| content("its token cannot be read"))?;
        token
            .token
            .or(token.access_token)
            .ok_or_else(|| content("it gives no token"))
    }

    /// The answer, if it is the one that was wanted.
    pub(super) async fn wanted(
        &self,
        response: Response,
        status: StatusCode,
        want: &'static str,
        what: &str,
    ) -> Result<Response, OciError> {
        let got = response.status();
        if got == status {
            return Ok(response);
        }
        if got == StatusCode::NOT_FOUND {
            return Err(OciError::NotFound {
                host: self.host(),
                what: what.to_owned(),
            });
        }
        // It need not say anything, nor in time.
        let text = self
            .bytes(response, limits::OCI_ANSWER_BYTES, what)
            .await
            .unwrap_or_default();
        let text: String = String::from_utf8_lossy(&text).chars().take(SAID).collect();
        Err(OciError::Status {
            host: self.host(),
            what: what.to_owned(),
            status: got.as_u16(),
            want,
            text: shown(text.trim()),
        })
    }

    /// What an answer holds, at most so much of it.
    pub(super) async fn bytes(&self, mut response: Response, most: usize, what: &str) -> Result<Vec<u8>, OciError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.within(what, self.times.silence, response.chunk()).await? {
            if bytes.len().saturating_add(piece.len()) > most {
                return Err(OciError::Large {
                    host: self.host(),
                    what: what.to_owned(),
                    most,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}
