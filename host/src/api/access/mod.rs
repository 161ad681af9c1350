//! Who asks, and whether he may: every request is checked against the table of routes before its handler sees it.

mod credential;
mod cross_site;
mod judge;
mod rate;
mod refused;
mod table;
mod tries;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{Semaphore, watch};

pub(super) use credential::{KEY, Token, cookie, cookie_gone, old_token};
#[cfg(test)]
pub(super) use table::TABLE;
pub(super) use table::{Needs, needs};
pub(super) use tries::Tries;

use super::ApiState;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::limits;
use crate::store::{Known, Store, StoreError};
use rate::Rate;
use refused::Refusals;

/// How the host is reached, and what it remembers of those who ask.
pub struct Access {
    /// Whether people and programs sign in; otherwise whoever asks may do everything.
    has_accounts: bool,
    /// Whether the way to here is encrypted.
    is_secure: bool,
    /// Whether only this machine can connect.
    is_local: bool,
    /// Names that a request may call this host by, beside those of this machine.
    hosts: Vec<String>,
    /// Who the tokens belong to that were seen lately.
    known: Mutex<HashMap<Token, (i64, Arc<Known>)>>,
    /// Counts up with every change of an account.
    changes: watch::Sender<u64>,
    pub(super) tries: Tries,
    rate: Rate,
    pub(super) refusals: Refusals,
    hashing: Semaphore,
    /// Hashes so far.
    #[cfg(test)]
    pub(super) hashes: AtomicUsize,
    hashes_waiting: AtomicUsize,
}

/// The handler was reached: for tests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached;

impl Access {
    /// Whoever asks may do everything: for development, on this machine.
    pub fn without_accounts() -> Self {
        Self {
            has_accounts: false,
            is_secure: false,
            is_local: true,
            hosts: Vec::new(),
            known: Mutex::default(),
            changes: watch::Sender::new(0),
            tries: Tries::default(),
            rate: Rate::default(),
            refusals: Refusals::default(),
            hashing: Semaphore::new(limits::HASHES_AT_ONCE),
            #[cfg(test)]
            hashes: AtomicUsize::new(0),
            hashes_waiting: AtomicUsize::new(0),
        }
    }

    /// People and programs sign in.
    pub fn with_accounts(mut self) -> Self {
        self.has_accounts = true;
        self
    }

    /// How the host is reached.
    pub fn reached_as(mut self, config: &super::Config) -> Self {
        self.is_secure = config.tls.is_some();
        self.is_local = config.listen.ip().is_loopback();
        self.hosts.clone_from(&config.hosts);
        self
    }

    pub(super) fn has_accounts(&self) -> bool {
        self.has_accounts
    }

    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }

    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether a request may call this host so. A name that somebody else points here must not be one: a page of his
    /// would be of the same origin. An address cannot be pointed elsewhere.
    pub(super) fn is_host(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().ok();
        let is_here = bare.eq_ignore_ascii_case("localhost") || address.is_some_and(|ip| ip.is_loopback());
        is_here
            || (!self.is_local && address.is_some())
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// What was believed of tokens is asked for anew: an account was changed.
    pub(super) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// What was believed of a token is asked for anew with its next request.
    fn believe_anew(&self, asks: &SignedIn) {
        if let Some(token) = asks.token() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(token);
        }
    }

    /// Tells of changes of accounts.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Who a token belongs to; none: nobody, or it holds no more.
    pub(super) async fn who(&self, store: &Store, token: &Token) -> Result<Option<Arc<Known>>, StoreError> {
        let now = store.now().as_second();
        let believed = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(token).cloned()
        };
        if let Some((since, known)) = believed
            && (0..limits::KNOWN_S).contains(&(now - since))
        {
            return Ok(Some(known));
        }
        let asked_at = *self.changes.borrow();
        let found = match token {
            Token::SignIn(digest) => store.known_by_sign_in(digest).await?,
            Token::Key(digest) => store.known_by_key(digest).await?,
        };
        let found = found.map(Arc::new);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(token);
        if known.len() >= limits::KNOWN_TOKENS {
            known.clear();
        }
        // What changed while the store was asked is not believed for longer than this request.
        if let Some(found) = &found
            && asked_at == *self.changes.borrow()
        {
            known.insert(token.clone(), (now, found.clone()));
        }
        Ok(found)
    }

    /// Does the work of a hash, a few at once; too many more are sent away.
    pub(super) async fn hashed<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::busy("too many sign in at once");
        let _waiting = Waiting::new(&self.hashes_waiting).ok_or_else(busy)?;
        #[cfg(test)]
        self.hashes.fetch_add(1, Ordering::Relaxed);
        let _turn = self.hashing.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| busy())
    }
}

/// A place among those who wait for a hash, given back when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Option<Self> {
        let place = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < limits::HASHES_WAITING).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets a request through to its handler, with who asks beside it.
pub(super) async fn check(
    State(state): State<ApiState>,
    path: Option<MatchedPath>,
    params: Result<RawPathParams, axum::extract::rejection::RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    // What is no route is the web client, or nothing.
    let Some(path) = path else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let from = from(&parts);
    let asks = if state.access.has_accounts {
        let id = params.ok().and_then(|params| named(&params));
        match allowed(&state, path.as_str(), id.as_deref(), from, &parts).await {
            Ok(asks) => asks,
            Err(problem) => return problem.into_response(),
        }
    } else {
        SignedIn::nobody(shown(from))
    };
    parts.extensions.insert(asks);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(Reached);
    response
}

/// Who asks, when he may.
async fn allowed(
    state: &ApiState,
    path: &str,
    id: Option<&str>,
    from: IpAddr,
    request: &Parts,
) -> Result<SignedIn, Problem> {
    let method = match request.method {
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let needs = needs(method, path).ok_or_else(|| Problem::of_status(axum::http::StatusCode::METHOD_NOT_ALLOWED))?;
    let token = credential::token(&request.headers, state.access.is_secure)?;
    let is_command = !matches!(*method, Method::GET | Method::OPTIONS);
    if is_command && !matches!(token, Some(Token::Key(_))) {
        cross_site::check(&request.headers)?;
    }
    let known = match &token {
        Some(token) => state.access.who(&state.store, token).await?,
        None => None,
    };
    state
        .access
        .rate
        .check(known.as_deref().map(|known| known.account), from)?;
    let asks = SignedIn::account(known, token, shown(from));
    credential::check_address(&asks, from)?;
    judge::judge(state, &asks, needs, id).await?;
    credential::seen(state, &asks).await?;
    Ok(asks)
}

/// Where a request comes from. A proxy's word for it is not believed.
fn from(request: &Parts) -> IpAddr {
    let address = request.extensions.get::<ConnectInfo<SocketAddr>>();
    address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
        address.ip().to_canonical()
    })
}

fn shown(from: IpAddr) -> String {
    if from.is_unspecified() {
        String::new()
    } else {
        from.to_string()
    }
}

/// What the path names: its first varying part.
fn named(params: &RawPathParams) -> Option<String> {
    params.iter().next().map(|(_, value)| value.to_owned())
}
