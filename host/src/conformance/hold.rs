//! One session of the kit: the production's own session code and limits, on a line of the kit's.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ConformanceError;
use super::recording::Recording;
use crate::driver::Driver;
use crate::driver::env::Budget;
use crate::limits;
use crate::model::{ArchiveKind, Task};
use crate::session::{Assignment, Keep, Order, Over, Report, Taken, replay};

/// What a session gave.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) report: Report,
    pub(super) given: Taken,
}

/// How a session differs from the recorded one.
pub(super) struct Setup {
    pub(super) over: Over,
    pub(super) tasks: Vec<Assignment>,
    pub(super) budget: Budget,
    pub(super) cancel: CancellationToken,
}

impl Setup {
    /// What was recorded, over another line.
    pub(super) fn new(recording: &Recording, over: Over) -> Result<Self, ConformanceError> {
        Ok(Self {
            over,
            tasks: recording.asked.assignments()?,
            budget: recording.budget.clone(),
            cancel: CancellationToken::new(),
        })
    }

    /// With time enough for a line that makes the driver ask again and again.
    pub(super) fn patient(mut self) -> Self {
        self.budget.wall = limits::REPLAY_WALL;
        self
    }

    /// From the archive that was cut on.
    pub(super) fn resumed(mut self, token: Option<&(ArchiveKind, Vec<u8>)>) -> Self {
        if let Some((kind, token)) = token {
            let cut = self.tasks.iter_mut().find(|one| one.task == Task::Archive(*kind));
            if let Some(cut) = cut {
                cut.resume = Some(token.clone());
            }
        }
        self
    }
}

/// Holds a session as `recording` was held.
pub(super) async fn hold(driver: &Arc<Driver>, recording: &Recording, setup: Setup) -> Result<Held, ConformanceError> {
    let config = recording.config.clone();
    let order = Order {
        tasks: setup.tasks,
        budget: setup.budget,
        cancel: setup.cancel,
        ..recording.asked.order(driver.clone(), config, setup.over)?
    };
    let keep = Keep::default();
    let report = replay(order, Box::new(keep.clone()), &|_, _| {}).await;
    let given = keep.take();
    Ok(Held { report, given })
}
