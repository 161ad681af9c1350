//! Time that runs as fast as everything that has to be done at an instant is done.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use uzel::model::Clock;

/// The instants of a world. Clones show the same.
#[derive(Clone)]
pub struct Time(Arc<Hands>);

struct Hands {
    /// An instant of the world, and of the runtime that runs since then.
    anchor: Mutex<(Timestamp, Option<Instant>)>,
    began: Timestamp,
    /// By how much somebody set the host's clock, milliseconds.
    host_set_by_ms: AtomicI64,
}

impl Time {
    pub fn from(began: Timestamp) -> Self {
        Self(Arc::new(Hands {
            anchor: Mutex::new((began, None)),
            began,
            host_set_by_ms: AtomicI64::new(0),
        }))
    }

    /// The instant that it is.
    pub fn now(&self) -> Timestamp {
        let (at, since) = *self.0.anchor.lock().expect("nobody panics while it is held");
        let passed = since.map_or(Duration::ZERO, |since| since.elapsed());
        at + SignedDuration::try_from(passed).expect("a world does not last so long")
    }

    /// How long this world is there.
    pub fn elapsed(&self) -> Duration {
        self.0.began.duration_until(self.now()).unsigned_abs()
    }

    /// The clock of the host, which somebody may set.
    pub fn host_clock(&self) -> Clock {
        let time = self.clone();
        Clock::of(move || time.by_host_clock())
    }

    /// What the host's clock shows.
    pub fn by_host_clock(&self) -> Timestamp {
        self.now() + SignedDuration::from_millis(self.0.host_set_by_ms.load(Ordering::Relaxed))
    }

    /// The host's clock goes so far ahead of the world's from now on, or behind it.
    pub fn set_host_clock(&self, ahead: SignedDuration) {
        let ahead_ms = i64::try_from(ahead.as_millis()).expect("nobody sets a clock so far");
        self.0.host_set_by_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// Time passes while nothing runs.
    pub fn pass(&self, duration: SignedDuration) {
        self.0.anchor.lock().expect("nobody panics while it is held").0 += duration;
    }

    /// Carries `work` out in this time, on a runtime of its own; what `work` leaves running is cut when it ends.
    ///
    /// Time goes on when everything waits for time. While `is_busy` says that something works outside of the runtime (a
    /// thread of SQLite), time stands.
    pub fn run<T>(&self, is_busy: impl Fn() -> bool + Send + Sync + 'static, work: impl Future<Output = T>) -> T {
        let awake: Arc<Mutex<Option<Waker>>> = Arc::default();
        let before_park = {
            let awake = awake.clone();
            move || {
                if is_busy() {
                    std::thread::yield_now();
                    if let Some(waker) = &*awake.lock().expect("nobody panics while it is held") {
                        waker.wake_by_ref();
                    }
                }
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .on_thread_park(before_park)
            .build()
            .expect("a runtime");
        let ended = runtime.block_on(async {
            // Keeps the runtime from parking when it is woken before that: then time does not go on.
            tokio::spawn(poll_fn(move |context| {
                *awake.lock().expect("nobody panics while it is held") = Some(context.waker().clone());
                Poll::<()>::Pending
            }));
            self.0.anchor.lock().expect("nobody panics while it is held").1 = Some(Instant::now());
            let ended = work.await;
            let now = self.now();
            *self.0.anchor.lock().expect("nobody panics while it is held") = (now, None);
            ended
        });
        drop(runtime);
        ended
    }
}
