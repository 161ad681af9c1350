//! Who may hold a conversation now: one a line, and so many in all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits;
use crate::model::LineAddress;
use crate::transport::{Lines, Owned};

/// Lines and slots.
#[derive(Debug)]
pub struct Desk {
    lines: Lines,
    taken: Arc<AtomicUsize>,
    most: AtomicUsize,
}

/// A slot, until this is dropped.
#[derive(Debug)]
struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A line and a slot, until this is dropped.
#[derive(Debug)]
pub struct Turn {
    _line: Owned,
    _slot: Slot,
}

/// All slots are taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{most} sessions are open, which is the most that there may be: raise polling.sessions, and vm.max_map_count with it"
)]
pub struct DeskFull {
    most: usize,
}

impl Desk {
    /// A desk for `most` sessions at once.
    pub fn new(most: usize) -> Self {
        Self {
            lines: Lines::default(),
            taken: Arc::default(),
            most: AtomicUsize::new(most),
        }
    }

    /// Waits for the line, then takes a slot or is refused.
    pub async fn turn(&self, address: &LineAddress) -> Result<Turn, DeskFull> {
        let line = self.lines.own(address).await;
        let most = self.most();
        let slot = Slot(self.taken.clone());
        if self.taken.fetch_add(1, Ordering::AcqRel) >= most {
            // Dropping the slot gives it back.
            return Err(DeskFull { most });
        }
        Ok(Turn {
            _line: line,
            _slot: slot,
        })
    }

    /// Sessions that may be open at once.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Acquire)
    }

    /// From now on `most` sessions may be open. Those that are stay.
    pub fn resize(&self, most: usize) {
        self.most.store(most, Ordering::Release);
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
        let second = desk.turn(&line(2)).await.unwrap();
        desk.resize(2);
        let third = desk.turn(&line(3)).await.unwrap();
        desk.resize(1);
        drop(second);
        assert!(
            desk.turn(&line(4)).await.is_err(),
            "the third still holds the only slot"
        );
        drop(third);
        desk.turn(&line(4)).await.unwrap();
    }
}
