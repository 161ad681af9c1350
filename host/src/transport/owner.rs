//! One owner of a line at a time, first come, first served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::model::LineAddress;

/// Every line that somebody owns or waits for.
#[derive(Debug, Default)]
pub struct Lines {
    queues: Mutex<HashMap<LineAddress, Weak<Queue<()>>>>,
}

/// The line is ours until this is dropped.
#[derive(Debug)]
pub struct Owned {
    _turn: OwnedMutexGuard<()>,
}

impl Lines {
    /// Waits for its turn on the line.
    pub async fn own(&self, address: &LineAddress) -> Owned {
        Owned {
            _turn: self.queue(address).lock_owned().await,
        }
    }

    fn queue(&self, address: &LineAddress) -> Arc<Queue<()>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(address).and_then(Weak::upgrade) {
            return queue;
        }
        // Now and then forget the lines that nobody uses.
        if queues.len() >= 64 && queues.len().is_power_of_two() {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(Queue::new(()));
        queues.insert(address.clone(), Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_line_has_one_owner_and_others_come_in_order() {
        let lines = Arc::new(Lines::default());
        let address = LineAddress::Tcp("127.0.0.1:4001".to_owned());
        let first = lines.own(&address).await;
        let turn = Arc::new(AtomicUsize::new(0));
        let mut waiting = Vec::new();
        for expected in 0..3 {
            let (lines, address, turn) = (lines.clone(), address.clone(), turn.clone());
            let begun = Arc::new(tokio::sync::Notify::new());
            let told = begun.clone();
            waiting.push(tokio::spawn(async move {
                told.notify_one();
                let _owned = lines.own(&address).await;
                assert_eq!(turn.fetch_add(1, Ordering::SeqCst), expected);
            }));
            begun.notified().await;
        }
        // Another line is free meanwhile.
        drop(lines.own(&LineAddress::Tcp("127.0.0.1:4002".to_owned())).await);
        assert_eq!(turn.load(Ordering::SeqCst), 0);
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(turn.load(Ordering::SeqCst), 3);
    }
}
