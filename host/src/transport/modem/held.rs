//! Calls whose session is over, kept up for a moment: the next device behind the number may be read in the same call.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::call::Call;
use crate::limits;

/// Who wants a held call gets it here.
type Taker = oneshot::Sender<Call>;

/// The calls of one pool that are held, by number.
#[derive(Debug, Default)]
pub(super) struct HeldCalls {
    calls: Mutex<HashMap<String, Held>>,
}

/// Dropped, it has its call hung up.
#[derive(Debug)]
struct Held {
    since: Instant,
    wanted: oneshot::Sender<Taker>,
}

/// What ends the holding of a call.
#[derive(Debug)]
pub(super) struct Wanted(oneshot::Receiver<Taker>);

impl HeldCalls {
    /// Makes a call to `number` known to those who want it; [`hold`] waits for them.
    pub(super) fn keep(&self, number: &str) -> Wanted {
        let (wanted, asked) = oneshot::channel();
        let since = Instant::now();
        let mut calls = self.lock();
        // Calls that are over: what is left has a modem each.
        calls.retain(|_, held| !held.wanted.is_closed());
        calls.insert(number.to_owned(), Held { since, wanted });
        Wanted(asked)
    }

    /// The call to `number` that is held.
    pub(super) async fn take(&self, number: &str) -> Option<Call> {
        let held = self.lock().remove(number)?;
        let (taker, given) = oneshot::channel();
        held.wanted.send(taker).ok()?;
        given.await.ok()
    }

    /// Has the call hung up that is held for longest, when the next device behind its number had its time to come:
    /// another number needs the modem. Otherwise gives the instant at which that will be so.
    pub(super) fn give_up(&self) -> GivenUp {
        let mut calls = self.lock();
        calls.retain(|_, held| !held.wanted.is_closed());
        let Some((number, held)) = calls.iter().min_by_key(|(_, held)| held.since) else {
            return GivenUp::Nothing;
        };
        let at = held.since + limits::MODEM_HELD_AT_LEAST;
        if at > Instant::now() {
            return GivenUp::Later(at);
        }
        let number = number.clone();
        calls.remove(&number);
        GivenUp::One
    }

    /// Has all of them hung up.
    pub(super) fn give_up_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        // Every change is whole in itself, whoever panicked.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of the wish that a held call be hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// No call is held.
    Nothing,
    /// Not before this instant.
    Later(Instant),
    /// One is being hung up.
    One,
}

/// Holds `call` until somebody takes it, its carrier is lost, it is given up, or `hold` is over; but for the first case
/// it is hung up then.
pub(super) async fn hold(mut call: Call, wanted: Wanted, hold: Duration) {
    let taker = tokio::select! {
        biased;
        taker = wanted.0 => taker.ok(),
        () = sleep(hold) => None,
        () = call.carrier_lost() => None,
    };
    if let Some(taker) = taker {
        match taker.send(call) {
            Ok(()) => return,
            // Who wanted it has gone.
            Err(back) => call = back,
        }
    }
    call.end().await;
}
