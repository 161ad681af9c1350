//! The conversation over one stream, whatever the stream is.

use crate::faulty::Faulty;
use crate::meter::{Meter, Reply};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A device that several connections may reach.
pub type Shared = Arc<Mutex<Faulty<Box<dyn Meter>>>>;

/// Locks a device. A panic elsewhere leaves it usable: its state is only a conversation's.
pub fn lock(device: &Shared) -> MutexGuard<'_, Faulty<Box<dyn Meter>>> {
    device.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes taken from a stream at once: about the longest frame of any protocol here.
const READ_BYTES: usize = 512;

/// Pause after a failed accept: out of descriptors, trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The next client of a listener; none once `cancel` falls.
pub async fn next_client(listener: &TcpListener, cancel: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        // An accept fails for want of descriptors or because the peer left: the next one may succeed.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Small answers must not wait for more bytes; a refusal of the option costs only time.
        let _ = stream.set_nodelay(true);
        return Some(stream);
    }
}

/// Serves until the far end closes, the device hangs up or `cancel` falls.
///
/// `speed` tells how fast the line runs, where that means something; `heard` is called after each arrival with the
/// count of requests that it completed.
pub async fn talk<S>(
    mut stream: S,
    device: &Shared,
    elapsed: impl Fn() -> Duration,
    cancel: &CancellationToken,
    speed: impl Fn(&S) -> Option<u32>,
    heard: impl Fn(u64),
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = [0u8; READ_BYTES];
    let mut ticks = lock(device).sends_every().map(tokio::time::interval);
    loop {
        let read = tokio::select! {
            () = cancel.cancelled() => return,
            read = stream.read(&mut buffer) => read,
            () = tick(&mut ticks) => {
                let sent = lock(device).send();
                if !given(&mut stream, sent, cancel).await {
                    return;
                }
                continue;
            }
        };
        let bytes = match read {
            Ok(0) | Err(_) => return,
            Ok(count) => buffer.get(..count).unwrap_or_default(),
        };
        let (replies, new) = {
            let mut device = lock(device);
            let before = device.requests();
            if let Some(baud) = speed(&stream) {
                device.tune(baud);
            }
            (
                device.on_bytes(elapsed(), bytes),
                device.requests().saturating_sub(before),
            )
        };
        heard(new);
        if !given(&mut stream, replies, cancel).await {
            return;
        }
    }
}

/// The next time that the device sends by itself; never for most.
async fn tick(ticks: &mut Option<tokio::time::Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// False when the service ends or the line has dropped.
async fn given<S: AsyncWrite + Unpin>(stream: &mut S, replies: Vec<Reply>, cancel: &CancellationToken) -> bool {
    tokio::select! {
        () = cancel.cancelled() => false,
        sent = send(stream, replies) => sent,
    }
}

/// False when the line has dropped.
async fn send<S: AsyncWrite + Unpin>(stream: &mut S, replies: Vec<Reply>) -> bool {
    for reply in replies {
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        if stream.write_all(&reply.bytes).await.is_err() || stream.flush().await.is_err() || reply.hang_up {
            return false;
        }
    }
    true
}
