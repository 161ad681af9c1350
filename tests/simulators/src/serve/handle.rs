//! The hold on a meter that is being served.

use super::talk::{Shared, lock};
use crate::bus::Owners;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::meter::Meter;
use crate::truth::{Truth, TruthKind, TruthRecord};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// How a meter is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Tcp(SocketAddr),
    Udp(SocketAddr),
    /// A pseudo-terminal, to be opened like a serial port.
    Pty(PathBuf),
    /// A modem that calls this address.
    Calls(SocketAddr),
    /// The other end of a wire in this process.
    Wire,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => write!(formatter, "tcp {addr}"),
            Self::Udp(addr) => write!(formatter, "udp {addr}"),
            Self::Pty(path) => write!(formatter, "pty {}", path.display()),
            Self::Calls(addr) => write!(formatter, "calls {addr}"),
            Self::Wire => formatter.write_str("a wire"),
        }
    }
}

/// A meter, or a bus of meters, on its line. Dropping it ends the service.
pub struct Handle {
    endpoint: Endpoint,
    device: Shared,
    truths: Vec<Arc<dyn Truth>>,
    clocks: Vec<SimClock>,
    owners: Owners,
    cancel: DropGuard,
    tasks: TaskTracker,
}

impl Handle {
    pub(super) fn new(
        endpoint: Endpoint,
        device: Shared,
        truths: Vec<Arc<dyn Truth>>,
        clocks: Vec<SimClock>,
        owners: Owners,
        cancel: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            endpoint,
            device,
            truths,
            clocks,
            owners,
            cancel: cancel.drop_guard(),
            tasks,
        }
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where the meter listens, or what its modem calls. Panics on what has no address.
    pub fn addr(&self) -> SocketAddr {
        match &self.endpoint {
            Endpoint::Tcp(addr) | Endpoint::Udp(addr) | Endpoint::Calls(addr) => *addr,
            Endpoint::Pty(_) | Endpoint::Wire => panic!("{} has no address", self.endpoint),
        }
    }

    /// The device file of the meter's serial line. Panics on what has none.
    pub fn path(&self) -> &Path {
        match &self.endpoint {
            Endpoint::Pty(path) => path,
            Endpoint::Tcp(_) | Endpoint::Udp(_) | Endpoint::Calls(_) | Endpoint::Wire => {
                panic!("{} has no path", self.endpoint)
            }
        }
    }

    /// Whole requests that the meters took for their own.
    pub fn requests(&self) -> u64 {
        lock(&self.device).requests()
    }

    /// Requests that a replayed recording did not hold, oldest first.
    pub fn unmatched(&self) -> Vec<Vec<u8>> {
        lock(&self.device).unmatched()
    }

    /// Replaces the faults of the line, for example to let it recover.
    pub fn set_faults(&self, faults: Faults) {
        lock(&self.device).set_faults(faults);
    }

    /// What the (first) meter's archive holds now, oldest first.
    pub fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        self.truth_of(0, kind)
    }

    /// The same for meter `place` of a bus, counted from 0. Empty when it has no such archive.
    pub fn truth_of(&self, place: usize, kind: TruthKind) -> Vec<TruthRecord> {
        self.truths
            .get(place)
            .map(|truth| truth.truth(kind))
            .unwrap_or_default()
    }

    /// The clock of the (first) meter. Panics when there is none, as in a replay.
    pub fn clock(&self) -> &SimClock {
        self.clock_of(0)
    }

    /// The clock of meter `place` of a bus, counted from 0. Panics when it has none.
    pub fn clock_of(&self, place: usize) -> &SimClock {
        self.clocks.get(place).expect("this device has a clock")
    }

    /// Which meters of a bus took requests, by place, one owner after the other, and how many each in a row.
    pub fn owners(&self) -> Vec<(usize, u64)> {
        self.owners.list()
    }

    /// Ends the service and waits until every connection is closed.
    pub async fn shutdown(self) {
        drop(self.cancel);
        self.tasks.close();
        self.tasks.wait().await;
    }
}
