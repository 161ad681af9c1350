//! Who may hold a conversation now: one a line, and so many in all.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;
use crate::model::LineAddress;
use crate::transport::{Lines, Owned};

/// Lines and slots.
#[derive(Debug)]
pub struct Desk {
    lines: Lines,
    slots: Arc<Semaphore>,
    most: usize,
}

/// A line and a slot, until this is dropped.
#[derive(Debug)]
pub struct Turn {
    _line: Owned,
    _slot: OwnedSemaphorePermit,
}

/// All slots are taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{most} sessions are open, which is the most that there may be: raise limits.sessions, and vm.max_map_count with it"
)]
pub struct DeskFull {
    most: usize,
}

impl Desk {
    /// A desk for `most` sessions at once.
    pub fn new(most: usize) -> Self {
        Self {
            lines: Lines::default(),
            slots: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// Waits for the line, then takes a slot or is refused.
    pub async fn turn(&self, address: &LineAddress) -> Result<Turn, DeskFull> {
        let line = self.lines.own(address).await;
        let slot = self
            .slots
            .clone()
            .try_acquire_owned()
            .map_err(|_| DeskFull { most: self.most })?;
        Ok(Turn {
            _line: line,
            _slot: slot,
        })
    }

    /// Sessions that may be open at once.
    pub fn most(&self) -> usize {
        self.most
    }
}

/// How many sessions the kernel's limit of memory mappings allows: the wall that a process meets first.
pub fn sessions_allowed() -> usize {
    let mappings = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok())
        .unwrap_or(65_530);
    (mappings.saturating_sub(limits::MAPPINGS_RESERVED) / limits::MAPPINGS_A_SESSION).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_more_than_the_most_is_refused_by_name() {
        let desk = Desk::new(1);
        let line = |port| LineAddress::Tcp(format!("127.0.0.1:{port}"));
        let first = desk.turn(&line(1)).await.unwrap();
        let refused = desk.turn(&line(2)).await.unwrap_err();
        assert!(refused.to_string().starts_with("1 sessions are open"), "{refused}");
        drop(first);
        desk.turn(&line(2)).await.unwrap();
    }
}
