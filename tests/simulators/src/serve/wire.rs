//! A line within this process: for whoever lets time run faster than sockets do.

use super::talk::{Shared, talk};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes that may be under way in one direction.
const UNDER_WAY_BYTES: usize = 4_096;

/// The meter's end of a line. Clones lead to the same meter.
#[derive(Clone)]
pub struct Wire {
    device: Shared,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Wire {
    pub(super) fn new(
        device: Shared,
        elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
        cancel: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            device,
            elapsed,
            cancel,
            tasks,
        }
    }

    /// Takes an end, which is torn off when `torn` falls. Needs a tokio runtime.
    pub fn connect(&self, torn: CancellationToken) -> DuplexStream {
        let (near, far) = tokio::io::duplex(UNDER_WAY_BYTES);
        let Self { device, elapsed, .. } = self.clone();
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = torn.cancelled() => {}
                () = talk(near, &device, || elapsed(), &cancel, |_| None, |_| ()) => {}
            }
        });
        far
    }
}
