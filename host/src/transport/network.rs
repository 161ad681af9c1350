//! What TCP lines go over.

use std::fmt::Debug;
use std::io;

use async_trait::async_trait;
use tokio::net::TcpStream;

use super::carrier::Carrier;
use super::vanished;
use crate::limits;

/// A network in which hosts are reached by name: the machine's, or one that a simulation makes.
#[async_trait]
pub trait Network: Debug + Send + Sync {
    /// Connects to `host`, a name or an address with its port.
    ///
    /// # Errors
    /// What the system says, or what it would say.
    async fn connect(&self, host: &str) -> io::Result<Box<dyn Carrier>>;
}

/// The machine's.
#[derive(Debug)]
pub(super) struct System;

#[async_trait]
impl Network for System {
    async fn connect(&self, host: &str) -> io::Result<Box<dyn Carrier>> {
        let stream = TcpStream::connect(host).await?;
        // Questions are small and wait for their answers: each must leave at once. A line that cannot be told so
        // works, a little slower.
        let _ = stream.set_nodelay(true);
        vanished::watch(&stream, limits::TCP_IDLE);
        Ok(Box::new(stream))
    }
}
