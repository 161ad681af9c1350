//! Bytes to and from the line, within the budgets and into the trace.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::Context;
use crate::driver::env::{PortFault, Reading};
use crate::limits;
use crate::model::trace::EntryKind;
use crate::model::{LineSettings, Outcome};

/// How a transfer ended, before it becomes the contract's words.
#[derive(Debug)]
pub enum Transfer<T> {
    /// Done.
    Done(T),
    /// The line's fault.
    Fault(PortFault),
    /// A budget is spent.
    Budget,
    /// The session must stop.
    Stopped,
}

impl Context {
    /// Whether bytes and time are left.
    fn may_transfer(&mut self) -> bool {
        if self.time_left().is_zero() {
            let text = format!("longer than {} s", self.budget.wall.as_secs());
            self.limit(Outcome::LimitTime, text);
            return false;
        }
        if self.usage.bytes_sent.saturating_add(self.usage.bytes_received) > self.budget.bytes {
            let text = format!("more than {} bytes", self.budget.bytes);
            self.limit(Outcome::LimitBytes, text);
            return false;
        }
        true
    }

    /// Sends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Transfer<()> {
        if !self.may_transfer() {
            return Transfer::Budget;
        }
        if self.cancel.is_cancelled() {
            return Transfer::Stopped;
        }
        self.parked = true;
        self.usage.exchanges += 1;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let question = hasher.finish();
        if self.asked.replace(question) == Some(question) {
            self.usage.retries += 1;
        }
        self.usage.bytes_sent = self
            .usage
            .bytes_sent
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.trace_bytes(EntryKind::Sent, bytes);
        let deadline = self.time_left().min(Duration::from_millis(limits::WAIT_MS.into()));
        // The line first: most writes are done at once, and then nothing is registered with the token.
        let done = tokio::select! {
            biased;
            done = self.port.write(bytes, deadline) => done,
            () = self.cancel.cancelled() => return Transfer::Stopped,
        };
        self.transferred(done)
    }

    /// Reads bytes.
    pub async fn read(&mut self, how: Reading) -> Transfer<Vec<u8>> {
        if !self.may_transfer() {
            return Transfer::Budget;
        }
        self.parked = true;
        let how = Reading {
            deadline: how.deadline.min(self.time_left()),
            ..how
        };
        let done = tokio::select! {
            biased;
            done = self.port.read(how) => done,
            () = self.cancel.cancelled() => return Transfer::Stopped,
        };
        if let Ok(bytes) | Err(PortFault::Timeout(bytes)) = &done {
            let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.usage.bytes_received = self.usage.bytes_received.saturating_add(count);
            if !bytes.is_empty() {
                self.silent = None;
                self.trace_bytes(EntryKind::Received, bytes);
            }
        }
        self.transferred(done)
    }

    fn transferred<T>(&mut self, done: Result<T, PortFault>) -> Transfer<T> {
        match done {
            Ok(value) => Transfer::Done(value),
            Err(fault) => {
                match &fault {
                    PortFault::Timeout(bytes) if bytes.is_empty() => {
                        self.trace_text(EntryKind::Timeout, "timeout");
                    }
                    PortFault::Silent(text) => {
                        self.trace_text(EntryKind::Timeout, text);
                        self.silent = Some(text.clone());
                    }
                    PortFault::Timeout(bytes) => {
                        let text = format!("timeout, {} bytes", bytes.len());
                        self.trace_text(EntryKind::Timeout, &text);
                    }
                    PortFault::Closed(text) => {
                        self.trace_text(EntryKind::Closed, text);
                        self.lost = Some((Outcome::LineClosed, format!("the line was closed: {text}")));
                    }
                    PortFault::Busy(text) => {
                        self.trace_text(EntryKind::Closed, text);
                        self.lost = Some((Outcome::LineBusy, text.clone()));
                    }
                    PortFault::Denied => {}
                }
                Transfer::Fault(fault)
            }
        }
    }

    /// Drops unread bytes; they stay in the trace's count, not in its text.
    pub async fn purge(&mut self) -> usize {
        let dropped = self.port.purge().await;
        if dropped > 0 {
            self.usage.bytes_received = self
                .usage
                .bytes_received
                .saturating_add(u64::try_from(dropped).unwrap_or(u64::MAX));
            self.trace_text(EntryKind::Log, &format!("debug: dropped {dropped} unread bytes"));
        }
        dropped
    }

    /// Changes the line.
    pub async fn configure(&mut self, settings: LineSettings) -> Transfer<()> {
        self.parked = true;
        self.trace_text(EntryKind::Settings, &settings.to_string());
        let done = self.port.configure(settings).await;
        self.transferred(done)
    }

    /// Waits, but not beyond the session.
    pub async fn sleep(&mut self, ms: u32) {
        if !self.may_transfer() {
            return;
        }
        self.parked = true;
        let wait = Duration::from_millis(ms.min(limits::WAIT_MS).into()).min(self.time_left());
        if self.port.pass(wait) {
            return;
        }
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
