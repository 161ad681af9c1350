//! The telephone book: what happens when a number is dialled.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What stands behind a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Far {
    /// A modem that takes the call, and a meter that listens there.
    Meter(SocketAddr),
    /// The call ends in these words: `BUSY`, `NO ANSWER`, `NO CARRIER`, `NO DIALTONE`, `ERROR`, `+CME ERROR: 30`.
    Says(String),
    /// Nothing ever happens.
    Silent,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub far: Far,
    pub after: Duration,
    /// The carrier drops after so many bytes from the far end, at least and at most, by chance.
    pub drop_bytes: Option<(u64, u64)>,
}

/// Numbers that several modems can dial. Clones are the same book.
#[derive(Clone, Debug, Default)]
pub struct PhoneBook(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    numbers: HashMap<String, Entry>,
    engaged: HashSet<String>,
}

impl PhoneBook {
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `far` is what stands behind the number.
    pub fn put(&self, number: &str, far: Far) {
        let entry = Entry {
            far,
            after: Duration::ZERO,
            drop_bytes: None,
        };
        self.lock().numbers.insert(number.into(), entry);
    }

    /// How long dialling this number takes.
    pub fn set_after(&self, number: &str, after: Duration) {
        if let Some(entry) = self.lock().numbers.get_mut(number) {
            entry.after = after;
        }
    }

    /// Calls to this number lose their carrier after so many bytes from the far end, at least and at most, by chance;
    /// none: they do not.
    pub fn set_drop(&self, number: &str, bytes: Option<(u64, u64)>) {
        if let Some(entry) = self.lock().numbers.get_mut(number) {
            entry.drop_bytes = bytes;
        }
    }

    pub(super) fn entry(&self, number: &str) -> Option<Entry> {
        self.lock().numbers.get(number).cloned()
    }

    /// Takes the far end's line for one call; false while another call has it.
    pub(super) fn engage(&self, number: &str) -> bool {
        self.lock().engaged.insert(number.into())
    }

    pub(super) fn release(&self, number: &str) {
        self.lock().engaged.remove(number);
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
