//! How long a guest may run: ticks of the epoch, the wall, and being told to stop.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Poll_, Poll};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use wasmtime::UpdateDeadline;

use super::context::Context;
use super::env::LimitHit;
use super::judge::{CallError, ended};
use crate::limits;
use crate::model::Outcome;

/// Counts a tick against the guest, unless it comes right after a wait; cuts what is over its budget or told to stop.
pub(super) fn count_tick(context: &mut Context) -> wasmtime::Result<UpdateDeadline> {
    if !std::mem::take(&mut context.parked) {
        context.usage.cpu_ticks += 1;
    }
    let budget = u64::from(context.budget.cpu_ticks) * limits::TICK_MS;
    let most = Duration::from_millis(budget) * limits::BUSY_FACTOR;
    if context.usage.cpu_ticks > context.budget.cpu_ticks || context.busy.time() > most {
        let text = format!("more than {budget} ms of processor time");
        return Err(wasmtime::Error::new(context.limit(Outcome::LimitCpu, text)));
    }
    if context.cancel.is_cancelled() {
        let text = "stopped while computing".to_owned();
        return Err(wasmtime::Error::new(LimitHit {
            outcome: Outcome::Cancelled,
            text,
        }));
    }
    // Plain `Yield` may be taken up again at once; this goes to the end of the queue, so a busy guest starves nobody.
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(Yield(false))))
}

/// Nanoseconds that the polls of an instance took. It is counted outside of the instance and judged inside.
#[derive(Debug, Default)]
pub struct Busy(AtomicU64);

impl Busy {
    /// Adds the time of a poll.
    pub fn add(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// All polls so far.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Lets other tasks run once; needs no runtime of a certain kind.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Poll_<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How long a call of the guest may take.
pub(super) struct Guard {
    cancel: CancellationToken,
    left: Duration,
}

impl Guard {
    pub(super) fn of(context: &Context) -> Self {
        Self {
            cancel: context.cancel.clone(),
            left: context.time_left(),
        }
    }

    /// Runs a call of the guest: counts the time it keeps the processor, and drops it (none) when it does not come
    /// back within [`limits::STOP_GRACE_MS`] after it was told to stop or its wall time ended.
    pub(super) async fn run<T>(
        &self,
        busy: &Busy,
        call: impl Future<Output = wasmtime::Result<T>>,
    ) -> Option<wasmtime::Result<T>> {
        let grace = Duration::from_millis(limits::STOP_GRACE_MS);
        let metered = Metered {
            inner: pin!(call),
            busy,
        };
        tokio::select! {
            biased;
            result = metered => Some(result),
            () = async { self.cancel.cancelled().await; tokio::time::sleep(grace).await } => None,
            () = tokio::time::sleep(self.left.saturating_add(grace)) => None,
        }
    }
}

/// What a call gave, if it came back.
pub(super) fn came_back<T>(context: &Context, result: Option<wasmtime::Result<T>>) -> Result<T, CallError> {
    match result {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => {
            let (outcome, text) = ended(context, &error);
            Err(CallError::Ended(outcome, text))
        }
        None if context.cancel.is_cancelled() => Err(CallError::Ended(
            Outcome::Cancelled,
            "the driver did not stop in time and was dropped".to_owned(),
        )),
        None => {
            let seconds = context.budget.wall.as_secs();
            Err(CallError::Ended(
                Outcome::LimitTime,
                format!("longer than {seconds} s, and the driver did not return"),
            ))
        }
    }
}

/// Adds the time spent in each poll to `busy`.
struct Metered<'a, F> {
    inner: F,
    busy: &'a Busy,
}

impl<F: Future + Unpin> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Poll_<'_>) -> Poll<F::Output> {
        let begun = Instant::now();
        let poll = Pin::new(&mut self.inner).poll(context);
        self.busy.add(begun.elapsed());
        poll
    }
}
