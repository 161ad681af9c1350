//! A line as a driver's port.

use std::time::Duration;

use async_trait::async_trait;

use crate::driver::env::{Medium, Port, PortFault, Reading, Until};
use crate::model::LineSettings;
use crate::transport::{self, Line, ReadFault};

/// A line that a driver talks over.
pub struct LinePort(pub Line);

#[async_trait]
impl Port for LinePort {
    fn medium(&self) -> Medium {
        if self.0.is_serial() {
            Medium::Serial
        } else {
            Medium::Tcp
        }
    }

    async fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<(), PortFault> {
        self.0.write(bytes, deadline).await.map_err(fault)
    }

    async fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault> {
        let until = match how.until {
            Until::Length(length) => transport::Until::Length(length),
            Until::Delimiter(byte) => transport::Until::Delimiter(byte),
            Until::Silence(gap) => transport::Until::Silence(gap),
            Until::Any => transport::Until::Any,
        };
        self.0.read(until, how.max, how.deadline).await.map_err(fault)
    }

    async fn purge(&mut self) -> usize {
        self.0.purge().await
    }

    async fn configure(&mut self, settings: LineSettings) -> Result<(), PortFault> {
        self.0.configure(settings).await.map_err(fault)
    }

    fn on_line(&self) -> Duration {
        self.0.on_line()
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

fn fault(fault: ReadFault) -> PortFault {
    match fault {
        ReadFault::Timeout(bytes) => PortFault::Timeout(bytes),
        ReadFault::Closed(text) => PortFault::Closed(text),
        ReadFault::Busy(text) => PortFault::Busy(text),
        ReadFault::Silent(text) => PortFault::Silent(text),
        ReadFault::Denied => PortFault::Denied,
    }
}
