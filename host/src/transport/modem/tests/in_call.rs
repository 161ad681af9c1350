//! A call that is up, and its end.

use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::*;
use crate::model::{LineOptions, LineSettings};
use crate::transport::carrier::Carrier as _;
use crate::transport::modem::call::Call;
use crate::transport::modem::engaged::Engaged;
use crate::transport::modem::pool::Pool;
use crate::transport::{Line, ReadFault, Until};

const SECOND: Duration = Duration::from_secs(1);

/// A call that came up a moment ago, its far end, its modem lines, its pool, and those who hang up in the background.
async fn call(dcd: Option<bool>) -> (Call, DuplexStream, Arc<Mutex<Lines>>, Arc<Pool>, TaskTracker) {
    let pool = Arc::new(Pool::new(&pool(1)));
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

fn line(call: Call) -> Line {
    let settings: LineSettings = "9600-8N1".parse().unwrap();
    Line::new(Box::new(call), settings, LineOptions::default())
}

fn closed(fault: Result<Vec<u8>, ReadFault>) -> String {
    match fault {
        Err(ReadFault::Closed(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn pluses_in_data_go_through_and_the_end_keeps_its_guard_times() {
    let (call, mut far, ..) = call(None).await;
    let mut line = line(call);
    let data = b"\x01+++\x02+++ATH\r";
    line.write(data, SECOND).await.unwrap();
    let mut got = vec![0; data.len()];
    far.read_exact(&mut got).await.unwrap();
    assert_eq!(got, data);
    let script = scripted(far, &[("+++", 1_000, "\r\nOK\r\n"), ("ATH\r", 0, "\r\nOK\r\n")]);
    let begun = Instant::now();
    line.close().await;
    assert!(begun.elapsed() < 4 * SECOND, "{:?}", begun.elapsed());
    let on_line = line.on_line();
    sleep(SECOND).await;
    assert_eq!(line.on_line(), on_line, "nothing is paid for any more");
    assert!(on_line >= 2 * SECOND, "{on_line:?}");
    drop(line);
    let at = script.await.unwrap();
    assert!(at[0] >= SECOND && at[1] - at[0] >= SECOND, "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_cannot_be_escaped_from_is_hung_up_by_its_wire() {
    let (mut call, far, lines, pool, _) = call(Some(true)).await;
    // It is deaf until DTR falls.
    let script = scripted(far, &[("+++", 0, ""), ("ATH\r", 0, ""), ("ATH\r", 0, "\r\nOK\r\n")]);
    call.close().await;
    assert_eq!(lines.lock().unwrap().dtr, [false, true]);
    assert!(pool.resting().is_empty(), "{:?}", pool.resting());
    drop(call);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_does_not_confirm_the_end_rests_and_is_named() {
    let (mut call, _far, _, pool, _) = call(None).await;
    let begun = Instant::now();
    call.close().await;
    assert!(begun.elapsed() < 15 * SECOND, "{:?}", begun.elapsed());
    let resting = pool.resting();
    assert_eq!((resting.len(), resting[0].modem.as_str()), (1, "tcp:127.0.0.1:1"));
    assert!(resting[0].fault.contains("does not reply to ATH"), "{resting:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_ended_in_the_background() {
    let (call, far, lines, pool, tracker) = call(Some(true)).await;
    let script = scripted(far, &[("+++", 1_000, "\r\nOK\r\n"), ("ATH\r", 0, "\r\nOK\r\n")]);
    drop(call);
    assert_eq!(lines.lock().unwrap().dtr, [false], "DTR falls at once");
    tracker.close();
    tracker.wait().await;
    script.await.unwrap();
    pool.lease().await.expect("the modem is free again");
}

#[tokio::test(start_paused = true)]
async fn a_fallen_dcd_closes_the_line_while_an_answer_is_awaited() {
    let (call, far, lines, ..) = call(Some(true)).await;
    let mut line = line(call);
    line.write(b"ask", SECOND).await.unwrap();
    let (dropped, drop_it) = oneshot::channel();
    let dropping = tokio::spawn(async move {
        sleep(SECOND).await;
        lines.lock().unwrap().dcd = Some(false);
        dropped.send(Instant::now()).unwrap();
    });
    let text = closed(line.read(Until::Length(10), 10, 60 * SECOND).await);
    assert!(text.contains("modem m1 lost the carrier: DCD fell"), "{text}");
    assert!(drop_it.await.unwrap().elapsed() <= Duration::from_millis(250));
    dropping.await.unwrap();
    // There is no call to escape from.
    let mut after = [0; 3];
    let script = tokio::spawn(async move {
        let mut far = far;
        far.read_exact(&mut after).await.unwrap();
        assert_eq!(&after, b"ask");
        scripted(far, &[("ATH\r", 0, "\r\nOK\r\n")]).await.unwrap();
    });
    line.close().await;
    drop(line);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wire_without_dcd_is_not_taken_for_a_lost_carrier() {
    let (call, mut far, ..) = call(Some(false)).await;
    let mut line = line(call);
    line.write(b"ask", SECOND).await.unwrap();
    sleep(SECOND).await;
    far.write_all(b"answer").await.unwrap();
    assert_eq!(line.read(Until::Length(6), 6, 60 * SECOND).await.unwrap(), b"answer");
}

#[tokio::test(start_paused = true)]
async fn no_carrier_alone_closes_the_line_and_as_a_part_of_data_does_not() {
    let (call, mut far, ..) = call(None).await;
    let mut line = line(call);
    line.write(b"ask", SECOND).await.unwrap();
    far.write_all(b"\x01\r\nNO CARRIER\r\n").await.unwrap();
    let got = line.read(Until::Length(15), 15, SECOND).await.unwrap();
    assert_eq!(got, b"\x01\r\nNO CARRIER\r\n");
    line.write(b"ask", SECOND)
        .await
        .expect("asked again at once, the line is up");

    far.write_all(b"\x01\r\nNO CARRIER\r\n").await.unwrap();
    let half = line.read(Until::Length(40), 40, SECOND).await;
    assert!(matches!(half, Err(ReadFault::Timeout(_))), "{half:?}");
    let fault = line.write(b"ask", SECOND).await.map(|()| Vec::new());
    assert!(closed(fault).contains("it said NO CARRIER"));
}

#[tokio::test(start_paused = true)]
async fn no_carrier_instead_of_an_answer_ends_the_wait() {
    let (call, mut far, ..) = call(None).await;
    let mut line = line(call);
    line.write(b"ask", SECOND).await.unwrap();
    far.write_all(b"\r\nNO CARRIER\r\n").await.unwrap();
    let begun = Instant::now();
    let text = closed(line.read(Until::Length(40), 40, 60 * SECOND).await);
    assert!(text.contains("it said NO CARRIER"), "{text}");
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
}
