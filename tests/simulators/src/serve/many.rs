//! One listener, one meter per connection: thousands of meters in one process for benchmarks.

use super::link::Link;
use super::talk::{next_client, talk};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A listener behind which every connection finds a meter of its own. Dropping it ends the service.
pub struct Many {
    addr: SocketAddr,
    connections: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
    cancel: DropGuard,
    tasks: TaskTracker,
}

impl Many {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Requests that all meters took so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Ends the service and waits until every connection is closed.
    pub async fn shutdown(self) {
        drop(self.cancel);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Serves `factory(n)` to the n-th connection, counted from 0.
///
/// The factory runs in the accept loop: give all meters one generated history
/// ([`crate::Vkt7Builder::history`]) so that it costs next to nothing.
pub async fn serve_many<F>(listen: SocketAddr, factory: F) -> io::Result<Many>
where
    F: Fn(u64) -> Link + Send + 'static,
{
    let listener = TcpListener::bind(listen).await?;
    let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
    let many = Many {
        addr: listener.local_addr()?,
        connections: Arc::default(),
        requests: Arc::default(),
        cancel: cancel.clone().drop_guard(),
        tasks: tasks.clone(),
    };
    let (connections, requests) = (Arc::clone(&many.connections), Arc::clone(&many.requests));
    many.tasks.spawn(async move {
        let begun = Instant::now();
        while let Some(stream) = next_client(&listener, &cancel).await {
            let device = Arc::new(Mutex::new(
                factory(connections.fetch_add(1, Ordering::Relaxed)).into_meter(),
            ));
            let (cancel, requests) = (cancel.clone(), Arc::clone(&requests));
            tasks.spawn(async move {
                let heard = |new| {
                    requests.fetch_add(new, Ordering::Relaxed);
                };
                talk(stream, &device, || begun.elapsed(), &cancel, |_| None, heard).await;
            });
        }
    });
    Ok(many)
}
