//! A meter behind a datagram socket: each datagram is a request or a part of one, each answer goes to who asked.

use super::talk::{Shared, lock};
use crate::meter::Meter as _;
use tokio::net::UdpSocket;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// An answer in one datagram, whatever its length: the largest that there is.
pub const WHOLE: usize = 65_507;

/// Serves until `cancel` falls. What cannot be sent is lost, as datagrams are.
pub async fn serve(socket: UdpSocket, device: Shared, size: usize, cancel: CancellationToken) {
    let begun = Instant::now();
    let mut buffer = vec![0; WHOLE];
    loop {
        let received = tokio::select! {
            () = cancel.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        // An error tells of a datagram that did not arrive somewhere before.
        let Ok((count, from)) = received else { continue };
        let bytes = buffer.get(..count).unwrap_or_default();
        let replies = lock(&device).on_bytes(begun.elapsed(), bytes);
        for reply in replies {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(reply.delay) => {}
            }
            for part in reply.bytes.chunks(size.max(1)) {
                let _ = socket.send_to(part, from).await;
            }
        }
    }
}
