//! The near end of a tunnel: its port, and who came through.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::limits;

/// A port behind which a device answers for a limited time.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    minutes: u32,
    seen: Mutex<Seen>,
}

/// What is seen of a tunnel from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether its line is open.
    pub is_open: bool,
    /// The last [`limits::TUNNEL_CONNECTIONS`] connections, oldest first.
    pub connections: VecDeque<Connection>,
}

/// One connection to a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// From 1, in the order in which they came.
    pub number: u64,
    /// Who.
    pub from: SocketAddr,
    /// Bytes to the device.
    pub bytes_sent: u64,
    /// Bytes from the device.
    pub bytes_received: u64,
    /// Whether it has ended.
    pub is_over: bool,
}

impl Door {
    /// Listens at `at` for a tunnel of so many minutes.
    ///
    /// # Errors
    /// The port is taken, or the address is not of this machine.
    pub fn open(at: SocketAddr, minutes: u32) -> io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            minutes,
            seen: Mutex::default(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long it stays open, from when its session begins.
    pub fn minutes(&self) -> u32 {
        self.minutes
    }

    /// What is seen of it now.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Its port. Each route of the device has a try of its own with the same one.
    pub(super) fn listener(&self) -> io::Result<tokio::net::TcpListener> {
        self.listener.try_clone().and_then(tokio::net::TcpListener::from_std)
    }

    /// The line opened.
    pub(super) fn line_opened(&self) {
        self.lock().is_open = true;
    }

    /// Somebody connected.
    pub(super) fn connected(&self, from: SocketAddr) {
        let mut seen = self.lock();
        let number = seen.connections.back().map_or(1, |last| last.number.saturating_add(1));
        if seen.connections.len() >= limits::TUNNEL_CONNECTIONS {
            seen.connections.pop_front();
        }
        seen.connections.push_back(Connection {
            number,
            from,
            bytes_sent: 0,
            bytes_received: 0,
            is_over: false,
        });
    }

    /// Changes what is seen of the last connection.
    pub(super) fn change(&self, change: impl FnOnce(&mut Connection)) {
        if let Some(last) = self.lock().connections.back_mut() {
            change(last);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Every change is whole in itself, whoever panicked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
