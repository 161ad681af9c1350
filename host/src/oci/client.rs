//! Fetching a package by its digest, sending one under a tag.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Method, Request, StatusCode, Url};

use super::http::Repository;
use super::manifest::{self, EMPTY_CONFIG, MANIFEST, digest};
use super::{Logins, OciError, Reference, Target};
use crate::limits;

/// How long a registry may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Until it is connected.
    pub connect: Duration,
    /// Between two pieces of an answer, and before the first.
    pub silence: Duration,
    /// Everything together: the largest package in ten minutes is 84 kB a second.
    pub all: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            all: Duration::from_secs(600),
        }
    }
}

/// The way to registries.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    times: Times,
    logins: Logins,
}

/// Not too often, and never from a connection that nobody can read to one that everybody can.
fn redirect(attempt: Attempt) -> reqwest::redirect::Action {
    let is_private = |url: &Url| url.scheme() == "https";
    if attempt.previous().len() > limits::OCI_REDIRECTIONS {
        let text = format!("it redirects more than {} times", limits::OCI_REDIRECTIONS);
        return attempt.error(text);
    }
    if attempt.previous().iter().any(is_private) && !is_private(attempt.url()) {
        return attempt.error("it redirects from https to http");
    }
    attempt.follow()
}

impl Client {
    /// A client with these logins.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(times: Times, logins: Logins) -> Result<Self, OciError> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("uzel/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(times.connect)
            .redirect(Policy::custom(redirect));
        let http = builder.build().map_err(OciError::Client)?;
        Ok(Self { http, times, logins })
    }

    fn repository<'a>(&'a self, reference: &'a Reference, actions: &'static str) -> Repository<'a> {
        Repository {
            http: &self.http,
            times: self.times,
            logins: &self.logins,
            reference,
            actions,
            authorization: None,
        }
    }

    async fn in_time<T>(
        &self,
        reference: &Reference,
        work: impl Future<Output = Result<T, OciError>>,
    ) -> Result<T, OciError> {
        let done = tokio::time::timeout(self.times.all, work).await;
        done.unwrap_or_else(|_| {
            Err(OciError::Slow {
                host: reference.host.clone(),
                what: "everything together".to_owned(),
                most: self.times.all,
            })
        })
    }

    /// The bytes of a package file. They have the digest that was asked for; who signed them is for others to judge.
    ///
    /// # Errors
    /// It is not named by digest, is not there, is something else, or is too large; the registry cannot be reached.
    pub async fn pull(&self, reference: &Reference) -> Result<Vec<u8>, OciError> {
        self.in_time(reference, self.pulled(reference)).await
    }

    async fn pulled(&self, reference: &Reference) -> Result<Vec<u8>, OciError> {
        let mut repository = self.repository(reference, "pull");
        let name = match &reference.target {
            Target::Digest(digest) => digest,
            Target::Tag(tag) => tag,
            Target::None => {
                return Err(OciError::Reference {
                    got: reference.to_string(),
                    what: "it names no digest",
                });
            }
        };
        let what = format!("manifest {name}");
        let mut request = Request::new(Method::GET, reference.url(&format!("manifests/{name}"))?);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(MANIFEST));
        let response = repository.send(request, &what).await?;
        let response = repository.wanted(response, StatusCode::OK, "200", &what).await?;
        let bytes = repository.bytes(response, limits::OCI_MANIFEST_BYTES, &what).await?;
        let differs = |what: String, got: String, want: &str| OciError::Digest {
            host: reference.host.clone(),
            what,
            got,
            want: want.to_owned(),
        };
        let got = digest(&bytes);
        match &reference.target {
            Target::Digest(want) if *want != got => return Err(differs(what, got, want)),
            Target::Tag(tag) => {
                let tag = tag.clone();
                let reference = reference.with(Target::Digest(got)).to_string();
                return Err(OciError::Tag { tag, reference });
            }
            _ => {}
        }
        let layer = manifest::read(&bytes).map_err(|what| OciError::Content {
            host: reference.host.clone(),
            what,
        })?;
        let what = format!("package {}", layer.digest);
        let request = Request::new(Method::GET, reference.url(&format!("blobs/{}", layer.digest))?);
        let response = repository.send(request, &what).await?;
        let response = repository.wanted(response, StatusCode::OK, "200", &what).await?;
        let bytes = repository.bytes(response, layer.bytes, &what).await?;
        let got = digest(&bytes);
        if got != layer.digest {
            return Err(differs(what, got, &layer.digest));
        }
        Ok(bytes)
    }

    /// Sends the bytes of a package file called `name` under the tag of `reference`, or under `tag`. Gives the reference
    /// by digest.
    ///
    /// # Errors
    /// The registry cannot be reached, or does not take it.
    pub async fn push(
        &self,
        reference: &Reference,
        package: Vec<u8>,
        name: &str,
        tag: &str,
    ) -> Result<Reference, OciError> {
        let tag = match &reference.target {
            Target::Digest(_) => return Err(OciError::PushByDigest(reference.clone())),
            Target::Tag(tag) => tag,
            Target::None => tag,
        };
        self.in_time(reference, self.pushed(reference, package, name, tag))
            .await
    }

    async fn pushed(
        &self,
        reference: &Reference,
        package: Vec<u8>,
        name: &str,
        tag: &str,
    ) -> Result<Reference, OciError> {
        let mut repository = self.repository(reference, "pull,push");
        let manifest = manifest::write(&package, name);
        upload(&mut repository, EMPTY_CONFIG.to_vec()).await?;
        upload(&mut repository, package).await?;
        let what = format!("sending manifest {tag}");
        let digest = digest(&manifest);
        let mut request = Request::new(Method::PUT, reference.url(&format!("manifests/{tag}"))?);
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(MANIFEST));
        *request.body_mut() = Some(manifest.into());
        let response = repository.send(request, &what).await?;
        repository.wanted(response, StatusCode::CREATED, "201", &what).await?;
        Ok(reference.with(Target::Digest(digest)))
    }
}

/// Sends some bytes unless they are there (OCI Distribution Specification 1.1, "POST then PUT").
async fn upload(repository: &mut Repository<'_>, bytes: Vec<u8>) -> Result<(), OciError> {
    let digest = digest(&bytes);
    let what = format!("sending {digest}");
    let (reference, all) = (repository.reference, repository.times.all);
    let there = Request::new(Method::HEAD, reference.url(&format!("blobs/{digest}"))?);
    if repository.send(there, &what).await?.status() == StatusCode::OK {
        return Ok(());
    }
    let mut begin = Request::new(Method::POST, reference.url("blobs/uploads/")?);
    begin
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    let begun = repository.send(begin, &what).await?;
    let begun = repository.wanted(begun, StatusCode::ACCEPTED, "202", &what).await?;
    let place = begun.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let place = place.and_then(|place| begun.url().join(place).ok());
    let mut place = place.ok_or_else(|| OciError::Content {
        host: reference.host.clone(),
        what: "it does not say where a package is sent to".to_owned(),
    })?;
    place.query_pairs_mut().append_pair("digest", &digest);
    let mut put = Request::new(Method::PUT, place);
    let octets = HeaderValue::from_static("application/octet-stream");
    put.headers_mut().insert(CONTENT_TYPE, octets);
    *put.body_mut() = Some(bytes.into());
    let response = repository.send_within(put, &what, all).await?;
    repository.wanted(response, StatusCode::CREATED, "201", &what).await?;
    Ok(())
}
