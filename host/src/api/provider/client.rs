//! The conversation with a provider of identities: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IdToken,
    IdTokenVerifier, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Oidc, Said};
use crate::api::ApiError;
use crate::limits;

/// Signatures that only the provider can make. One by a secret that both know is none of these.
const SIGNATURES: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A provider of identities.
pub struct Provider {
    config: Oidc,
    secret: Option<ClientSecret>,
    http: reqwest::Client,
    /// What it says of itself, and since when that is known.
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

/// Somebody is sent to the provider.
pub(super) struct Begun {
    /// Where to.
    pub(super) url: String,
    /// What the browser keeps until it comes back: state, nonce and verifier.
    pub(super) kept: String,
}

/// Why what a provider says does not sign somebody in.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// It does not answer, or not as one.
    #[error("the provider cannot be asked: {0}")]
    Line(String),
    /// The browser brings something else than it was given.
    #[error("the browser comes back with another state than it was sent with")]
    State,
    /// What proves the identity is not what was asked for.
    #[error("what the provider says proves nothing: {0}")]
    Proof(String),
    /// It does not say the name.
    #[error("the provider does not say {0}, or not as a text that it has verified")]
    Claim(String),
}

/// Why the provider did not answer one request.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer has more than {} bytes", limits::OIDC_ANSWER_BYTES)]
    Large,
    #[error(transparent)]
    Answer(#[from] axum::http::Error),
}

/// Claims that are no standard ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Json>,
}

impl AdditionalClaims for Others {}

type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

impl Provider {
    /// Reads the secret.
    pub(in crate::api) fn new(config: Oidc) -> Result<Self, ApiError> {
        config.check()?;
        let wrong = |why: String| ApiError::Oidc { why };
        let secret = config.secret_file.as_ref().map(|file| {
            let text = std::fs::read_to_string(file);
            text.map_err(|error| wrong(format!("http.oidc.secret_file {}: {error}", file.display())))
        });
        let secret = secret
            .transpose()?
            .map(|text| ClientSecret::new(text.trim().to_owned()));
        // A redirection could lead the secret, or this host, anywhere.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(limits::OIDC_S))
            .build()
            .map_err(|error| wrong(format!("http.oidc: {error}")))?;
        Ok(Self {
            config,
            secret,
            http,
            known: Mutex::default(),
        })
    }

    pub(super) fn config(&self) -> &Oidc {
        &self.config
    }

    /// Sends somebody to the provider.
    pub(super) async fn begin(&self) -> Result<Begun, ProviderError> {
        let client = CoreClient::from_provider_metadata(
            self.metadata().await?.as_ref().clone(),
            ClientId::new(self.config.client_id.clone()),
            self.secret.clone(),
        )
        .set_redirect_uri(self.redirect()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let asked = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let scopes = ["profile", "email"].map(|scope| Scope::new(scope.to_owned()));
        let (url, state, nonce) = asked.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok(Begun {
            url: url.to_string(),
            kept: format!("{}.{}.{}", state.secret(), nonce.secret(), verifier.secret()),
        })
    }

    /// Who somebody is that comes back with `state` and `code`, and brings what he `kept`.
    pub(super) async fn end(&self, kept: &str, (state, code): (&str, &str)) -> Result<Said, ProviderError> {
        let mut parts = kept.splitn(3, '.').map(str::to_owned);
        let (Some(sent), Some(nonce), Some(verifier)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ProviderError::State);
        };
        if sent.is_empty() || sent != state {
            return Err(ProviderError::State);
        }
        let metadata = self.metadata().await?;
        let client = CoreClient::from_provider_metadata(
            metadata.as_ref().clone(),
            ClientId::new(self.config.client_id.clone()),
            self.secret.clone(),
        )
        .set_redirect_uri(self.redirect()?);
        let http = |request| fetch(self.http.clone(), request);
        let exchange = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| ProviderError::Line(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let answer = exchange.request_async(&http).await;
        let answer = answer.map_err(|error| ProviderError::Line(told(&error)))?;
        let token = answer.id_token().map(ToString::to_string);
        let token = token.ok_or_else(|| ProviderError::Proof("there is no ID token".to_owned()))?;
        self.said(&metadata, &token, &Nonce::new(nonce))
    }

    /// What an ID token says, once it is proven to be the provider's answer to this question.
    fn said(&self, metadata: &CoreProviderMetadata, token: &str, nonce: &Nonce) -> Result<Said, ProviderError> {
        let proof = |error: &dyn std::error::Error| ProviderError::Proof(told(error));
        let verifier: IdTokenVerifier<'_, CoreJsonWebKey> = IdTokenVerifier::new_public_client(
            ClientId::new(self.config.client_id.clone()),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(SIGNATURES);
        let token = Token::from_str(token).map_err(|error| proof(&error))?;
        let claims = token.claims(&verifier, nonce).map_err(|error| proof(&error))?;
        let all = serde_json::to_value(claims).map_err(|error| proof(&error))?;
        let name = all.get(&self.config.claim).and_then(Json::as_str);
        // An address of mail that nobody verified is one that anybody may write down.
        let is_verified = self.config.claim != "email" || all.get("email_verified") == Some(&Json::Bool(true));
        let name = name.filter(|name| !name.is_empty() && is_verified);
        let name = name.ok_or_else(|| ProviderError::Claim(self.config.claim.clone()))?;
        Ok(Said {
            issuer: metadata.issuer().to_string(),
            subject: claims.subject().to_string(),
            name: name.to_owned(),
        })
    }

    fn redirect(&self) -> Result<RedirectUrl, ProviderError> {
        RedirectUrl::new(self.config.redirect.clone()).map_err(|error| ProviderError::Line(error.to_string()))
    }

    /// What the provider says of itself, its keys among that.
    async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some((since, metadata)) = known.as_ref()
            && since.elapsed() < Duration::from_secs(limits::OIDC_KNOWN_S)
        {
            return Ok(metadata.clone());
        }
        let issuer =
            IssuerUrl::new(self.config.issuer.clone()).map_err(|error| ProviderError::Line(error.to_string()))?;
        let http = |request| fetch(self.http.clone(), request);
        let found = CoreProviderMetadata::discover_async(issuer, &http).await;
        let found = Arc::new(found.map_err(|error| ProviderError::Line(told(&error)))?);
        *known = Some((Instant::now(), found.clone()));
        Ok(found)
    }
}

/// One request, bounded in time and length.
async fn fetch(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = axum::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        if body.len() + part.len() > limits::OIDC_ANSWER_BYTES {
            return Err(FetchError::Large);
        }
        body.extend_from_slice(&part);
    }
    Ok(response.body(body)?)
}

/// An error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text.chars().take(500).collect()
}
