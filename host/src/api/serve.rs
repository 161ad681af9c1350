//! The listener: connections within bounds, encrypted where the configuration says so.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::ApiError;
use crate::limits;

/// How long open answers may take to end when the host goes down.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// Files of the encryption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// The certificate and those that it hangs on, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// A certificate that is in use and can be replaced.
#[derive(Clone)]
pub struct Certificate {
    files: Tls,
    config: RustlsConfig,
}

impl Certificate {
    /// Reads the files.
    pub fn load(files: &Tls) -> Result<Self, ApiError> {
        Ok(Self {
            files: files.clone(),
            config: RustlsConfig::from_config(Arc::new(read(files)?)),
        })
    }

    /// Reads the files again; connections that are open stay as they are. What cannot be used changes nothing.
    pub fn reload(&self) -> Result<(), ApiError> {
        self.config.reload_from_config(Arc::new(read(&self.files)?));
        Ok(())
    }

    /// Reads the files again whenever they change, as a program that renews them leaves them.
    pub async fn watch(self, cancel: CancellationToken) {
        let mut seen = self.changed_at();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(limits::CERTIFICATE_LOOK) => {}
            }
            let now = self.changed_at();
            if now == seen {
                continue;
            }
            // Two files do not change at once: a pair that does not fit is tried again with the next look.
            match self.reload() {
                Ok(()) => {
                    seen = now;
                    info!("the certificate was read anew");
                }
                Err(error) => error!(%error, "the certificate changed and cannot be used: the old one stays"),
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        let at = |file: &Path| std::fs::metadata(file).and_then(|meta| meta.modified()).ok();
        [at(&self.files.certificate), at(&self.files.key)]
    }
}

fn read(files: &Tls) -> Result<ServerConfig, ApiError> {
    let wrong = |file: &Path, why: String| ApiError::Certificate {
        file: file.to_owned(),
        why,
    };
    let certificate = |why: String| wrong(&files.certificate, why);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|error| certificate(error.to_string()))?
        .collect();
    let chain = chain.map_err(|error| certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(certificate("there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| certificate(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| certificate(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Serves until `cancel`; answers that are under way then have a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    certificate: Option<Certificate>,
    cancel: CancellationToken,
) -> Result<(), ApiError> {
    let failed = |source| ApiError::Serve { source };
    let handle = axum_server::Handle::new();
    let ended = handle.clone();
    let closing = async move {
        cancel.cancelled().await;
        ended.graceful_shutdown(Some(SHUTDOWN));
        std::future::pending::<()>().await;
    };
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener)
        .acceptor(Bounded::default())
        .handle(handle)
        .http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HTTP_HEAD_TIME)
        .max_buf_size(limits::HTTP_HEAD_BYTES);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = async {
        match certificate {
            None => server.serve(service).await,
            Some(certificate) => {
                let encrypted = |bounded| {
                    RustlsAcceptor::new(certificate.config)
                        .handshake_timeout(limits::HTTP_HEAD_TIME)
                        .acceptor(bounded)
                };
                server.map(encrypted).serve(service).await
            }
        }
    };
    tokio::select! {
        served = serving => served.map_err(failed),
        () = closing => Ok(()),
    }
}

/// Takes so many connections and not more, so many from one address and not more. One more is closed at once.
#[derive(Debug, Clone, Default)]
struct Bounded(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection among those that are counted.
struct Counted {
    stream: TcpStream,
    from: IpAddr,
    open: Bounded,
}

impl Bounded {
    fn take(&self, stream: TcpStream) -> io::Result<Counted> {
        let from = stream.peer_addr()?.ip().to_canonical();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(&from).copied().unwrap_or_default();
        if all >= limits::HTTP_CONNECTIONS || own >= limits::HTTP_CONNECTIONS_OF_ADDRESS {
            return Err(io::Error::other("too many connections"));
        }
        open.insert(from, own + 1);
        Ok(Counted {
            stream,
            from,
            open: self.clone(),
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.from) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.from);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = S;
    type Future = std::future::Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Answers are small and many: none waits for another.
        let taken = stream.set_nodelay(true).and_then(|()| self.take(stream));
        std::future::ready(taken.map(|taken| (taken, service)))
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
