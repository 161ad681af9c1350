//! A far end of a TCP connection that vanishes without a word: a cut cable, a modem that lost its network.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::limits;

/// Has the system find out that the far end is gone: in silence by its probes, the first after `idle` and four more in
/// its quarters; with bytes under way by the acknowledgement that does not come.
pub fn watch(stream: &TcpStream, idle: Duration) {
    let probes = TcpKeepalive::new()
        .with_time(idle)
        .with_interval((idle / 4).max(Duration::from_secs(1)))
        .with_retries(4);
    let socket = SockRef::from(stream);
    // A system that knows one of these options not costs time at a loss, not the connection.
    let _ = socket.set_tcp_keepalive(&probes);
    let _ = socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED));
}
