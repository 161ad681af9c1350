//! A meter, or several on one bus, ready to be put on a line.

use super::datagrams;
use super::handle::{Endpoint, Handle};
use super::serial_server::{self, Quirk, Told};
use super::talk::{Shared, next_client, talk};
use super::wire::Wire;
use crate::bus::{Bus, Owners, Tuned};
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::meter::Meter;
use crate::truth::Truth;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;
use tokio_serial::{SerialPort, SerialStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What stands behind one line.
pub struct Link {
    meter: Box<dyn Meter>,
    faults: Faults,
    truths: Vec<Arc<dyn Truth>>,
    clocks: Vec<SimClock>,
    owners: Owners,
}

impl Link {
    pub fn new(meter: Box<dyn Meter>, faults: Faults) -> Self {
        Self {
            meter,
            faults,
            truths: Vec::new(),
            clocks: Vec::new(),
            owners: Owners::default(),
        }
    }

    pub fn with_truth(mut self, truth: Arc<dyn Truth>) -> Self {
        self.truths.push(truth);
        self
    }

    pub fn with_clock(mut self, clock: SimClock) -> Self {
        self.clocks.push(clock);
        self
    }

    /// The meter hears only what comes at this speed, where the line has one: on a pseudo-terminal.
    pub fn baud(mut self, baud: u32) -> Self {
        self.meter = Box::new(Tuned::new(self.meter, baud));
        self
    }

    /// Several meters on one line. Each keeps its own faults; `faults` are of the shared line.
    pub fn bus(links: impl IntoIterator<Item = Link>, faults: Faults) -> Self {
        let (mut truths, mut clocks, mut meters) = (Vec::new(), Vec::new(), Vec::<Box<dyn Meter>>::new());
        for link in links {
            truths.extend(link.truths);
            clocks.extend(link.clocks);
            meters.push(Box::new(Faulty::new(link.meter, link.faults)));
        }
        let owners = Owners::default();
        Self {
            meter: Box::new(Bus::new(meters, owners.clone())),
            faults,
            truths,
            clocks,
            owners,
        }
    }

    /// The device without transport: bytes in, replies out, faults applied.
    pub fn into_meter(self) -> Faulty<Box<dyn Meter>> {
        Faulty::new(self.meter, self.faults)
    }

    /// Serves on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.start_tcp_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Serves on this address; port 0 takes a free one. Every connection reaches the same device.
    pub async fn start_tcp_at(self, listen: SocketAddr) -> io::Result<Handle> {
        let listener = TcpListener::bind(listen).await?;
        let endpoint = Endpoint::Tcp(listener.local_addr()?);
        let (handle, device, cancel, tasks) = self.parts(endpoint);
        tasks.spawn(accept(listener, device, cancel, tasks.clone()));
        Ok(handle)
    }

    /// Serves datagrams on a free port of the loopback interface.
    pub async fn start_udp(self) -> io::Result<Handle> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.start_udp_at(listen, datagrams::WHOLE).await
    }

    /// Serves datagrams on this address; answers leave in datagrams of at most `size` bytes.
    pub async fn start_udp_at(self, listen: SocketAddr, size: usize) -> io::Result<Handle> {
        let socket = UdpSocket::bind(listen).await?;
        let endpoint = Endpoint::Udp(socket.local_addr()?);
        let (handle, device, cancel, tasks) = self.parts(endpoint);
        tasks.spawn(datagrams::serve(socket, device, size, cancel));
        Ok(handle)
    }

    /// Serves behind a serial server (RFC 2217) on a free port of the loopback interface; gives also what the server was
    /// told.
    pub async fn start_rfc2217(self, quirk: Quirk) -> io::Result<(Handle, Told)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = Endpoint::Tcp(listener.local_addr()?);
        let (handle, device, cancel, tasks) = self.parts(endpoint);
        let told = Told::default();
        tasks.spawn(serial_server::serve(listener, device, quirk, told.clone(), cancel));
        Ok((handle, told))
    }

    /// Serves on a new pseudo-terminal in raw mode; the handle tells its path. Needs a tokio runtime.
    pub fn start_pty(self) -> io::Result<Handle> {
        self.start_pty_after(&[])
    }

    /// The same on a line that still has these bytes for somebody else.
    pub fn start_pty_after(self, left: &[u8]) -> io::Result<Handle> {
        let (mut near, far) = SerialStream::pair()?;
        io::Write::write_all(&mut near, left)?;
        let path = far
            .name()
            .ok_or_else(|| io::Error::other("the pseudo-terminal has no name"))?;
        let (handle, device, cancel, tasks) = self.parts(Endpoint::Pty(path.into()));
        tasks.spawn(async move {
            // The far end stays open here, so that the line survives between two openings by the host.
            let _far = far;
            let speed = |near: &&mut SerialStream| near.baud_rate().ok();
            let begun = Instant::now();
            while !cancel.is_cancelled() {
                // A wire cannot hang up: after a dropped answer the conversation goes on.
                talk(&mut near, &device, || begun.elapsed(), &cancel, speed, |_| ()).await;
            }
        });
        Ok(handle)
    }

    /// Serves whoever takes an end of its wire: within this process, without any socket. `elapsed` tells the time.
    pub fn start_wire(self, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> (Handle, Wire) {
        let (handle, device, cancel, tasks) = self.parts(Endpoint::Wire);
        (handle, Wire::new(device, Arc::new(elapsed), cancel, tasks))
    }

    pub(crate) fn parts(self, endpoint: Endpoint) -> (Handle, Shared, CancellationToken, TaskTracker) {
        let device = Arc::new(Mutex::new(Faulty::new(self.meter, self.faults)));
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let handle = Handle::new(
            endpoint,
            Arc::clone(&device),
            self.truths,
            self.clocks,
            self.owners,
            cancel.clone(),
            tasks.clone(),
        );
        (handle, device, cancel, tasks)
    }
}

async fn accept(listener: TcpListener, device: Shared, cancel: CancellationToken, tasks: TaskTracker) {
    let begun = Instant::now();
    while let Some(stream) = next_client(&listener, &cancel).await {
        let (device, cancel) = (Arc::clone(&device), cancel.clone());
        tasks.spawn(async move {
            talk(stream, &device, || begun.elapsed(), &cancel, |_| None, |_| ()).await;
        });
    }
}
