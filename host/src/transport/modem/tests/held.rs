//! A call that is held for the next device behind its number.

use tokio_util::task::TaskTracker;

use super::*;
use crate::limits;
use crate::transport::carrier::Carrier as _;
use crate::transport::modem::call::Call;
use crate::transport::modem::engaged::Engaged;
use crate::transport::modem::pool::Pool;

const SECOND: Duration = Duration::from_secs(1);

const ESCAPE: Step = ("+++", 1_000, "\r\nOK\r\n");
const HANG_UP: Step = ("ATH\r", 0, "\r\nOK\r\n");

/// A call to number 1 over the only modem of a pool that holds calls for half a minute.
async fn call(dcd: Option<bool>) -> (Call, DuplexStream, Arc<Mutex<Lines>>, Arc<Pool>, TaskTracker) {
    let config = Config {
        hold_s: 30,
        pause_s: 0,
        ..pool(1)
    };
    let pool = Arc::new(Pool::new(&config));
    let (mut modem, mut far, lines) = modem(short(), dcd);
    let (connected, _) = tokio::join!(modem.dial("1", Some(Duration::ZERO)), async {
        far.read_exact(&mut [0; 6]).await.unwrap();
        far.write_all(b"\r\nCONNECT\r\n").await.unwrap();
    });
    connected.unwrap();
    let tracker = TaskTracker::new();
    let engaged = Engaged::new(modem, pool.lease().await.unwrap(), tracker.clone());
    (Call::new("1", engaged), far, lines, pool, tracker)
}

async fn all(tracker: &TaskTracker) {
    tracker.close();
    tracker.wait().await;
}

#[tokio::test(start_paused = true)]
async fn each_session_pays_from_where_the_one_before_ended() {
    let (mut first, far, _, pool, tracker) = call(None).await;
    let script = scripted(far, &[ESCAPE, HANG_UP]);
    sleep(20 * SECOND).await;
    first.close().await;
    assert_eq!(first.on_line(), 20 * SECOND, "its call goes on without it");
    sleep(2 * SECOND).await;
    assert!(pool.held.take("2").await.is_none(), "another number");
    let mut second = pool.held.take("1").await.expect("the call is held");
    sleep(10 * SECOND).await;
    assert_eq!((first.on_line(), second.on_line()), (20 * SECOND, 12 * SECOND));
    second.close().await;
    assert!(pool.held.take("2").await.is_none());
    sleep(29 * SECOND).await;
    assert!(!script.is_finished());
    all(&tracker).await;
    script.await.unwrap();
    assert!(pool.held.take("1").await.is_none(), "nobody came, and it is over");
    pool.lease().await.expect("the modem is free again");
}

#[tokio::test(start_paused = true)]
async fn a_carrier_lost_while_nobody_listens_ends_it() {
    for by_wire in [true, false] {
        let (mut held, mut far, lines, pool, tracker) = call(by_wire.then_some(true)).await;
        held.close().await;
        sleep(SECOND).await;
        if by_wire {
            lines.lock().unwrap().dcd = Some(false);
        } else {
            // The rest of an answer that nobody awaits, and then the modem's word.
            far.write_all(&[0x10; 300]).await.unwrap();
            far.write_all(b"\r\nNO CARRIER\r\n").await.unwrap();
        }
        let begun = Instant::now();
        let script = scripted(far, &[HANG_UP]);
        all(&tracker).await;
        assert!(begun.elapsed() <= SECOND, "{:?}", begun.elapsed());
        script.await.unwrap();
        assert!(pool.held.take("1").await.is_none(), "{by_wire}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_number_waits_a_second_for_a_held_call_and_not_for_its_whole_time() {
    let (mut held, far, _, pool, tracker) = call(None).await;
    let script = scripted(far, &[ESCAPE, HANG_UP]);
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.lease().await.unwrap() }
    });
    sleep(5 * SECOND).await;
    let begun = Instant::now();
    held.close().await;
    let _lease = waiting.await.unwrap();
    let waited = begun.elapsed();
    assert!(
        waited >= limits::MODEM_HELD_AT_LEAST,
        "its own number had time to come: {waited:?}"
    );
    assert!(waited < 10 * SECOND, "{waited:?}");
    all(&tracker).await;
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_long_enough_ends_with_its_session() {
    let (mut call, far, _, pool, _) = call(None).await;
    let script = scripted(far, &[ESCAPE, HANG_UP]);
    sleep(limits::MODEM_CALL).await;
    call.close().await;
    assert!(pool.held.take("1").await.is_none());
    drop(call);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_taker_that_went_away_leaves_no_call_behind() {
    let (mut held, far, _, pool, tracker) = call(None).await;
    let script = scripted(far, &[ESCAPE, HANG_UP]);
    held.close().await;
    {
        let take = pool.held.take("1");
        tokio::pin!(take);
        // Asked for, and cancelled before the answer.
        assert!(at_once(take.as_mut()).await.is_none());
    }
    all(&tracker).await;
    script.await.unwrap();
    pool.lease().await.expect("the modem is free again");
}

/// What a future gives at its first poll.
async fn at_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
