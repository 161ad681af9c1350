//! Who gets which modem.

use super::*;
use crate::transport::modem::Modems;
use crate::transport::modem::pool::{NoModem, Pool, Refusal};

#[tokio::test(start_paused = true)]
async fn modems_are_given_in_the_order_of_asking_and_pause_between_calls() {
    let pool = Arc::new(Pool::new(&pool(2)));
    let first = pool.lease().await.unwrap();
    let second = pool.lease().await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let begun = Instant::now();
    let mut waiting = Vec::new();
    for number in 0..3 {
        let (pool, order) = (pool.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let lease = pool.lease().await.unwrap();
            order.lock().unwrap().push((number, begun.elapsed().as_secs()));
            sleep(Duration::from_secs(10)).await;
            drop(lease);
        }));
        // The next one asks after this one waits.
        tokio::task::yield_now().await;
    }
    drop(first);
    sleep(Duration::from_secs(1)).await;
    drop(second);
    for task in waiting {
        task.await.unwrap();
    }
    // Five seconds after each end; the third gets what the first gave back.
    assert_eq!(*order.lock().unwrap(), [(0, 5), (1, 6), (2, 20)]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_modem_is_bounded() {
    let config = Config { wait_s: 60, ..pool(1) };
    let pool = Arc::new(Pool::new(&config));
    let _taken = pool.lease().await.unwrap();
    let begun = Instant::now();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            tokio::spawn({
                let pool = pool.clone();
                async move { pool.lease().await }
            })
        })
        .collect();
    for task in waiting {
        let refused = task.await.unwrap().unwrap_err();
        let text = "1 modems of pool p were in other calls for 60 s".to_owned();
        assert_eq!(refused, NoModem::AllBusy(text));
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(60), "both at once");
}

#[tokio::test(start_paused = true)]
async fn a_modem_at_fault_rests_longer_each_time_and_a_good_call_forgives() {
    let pool = Arc::new(Pool::new(&pool(1)));
    for rest_s in [30, 60, 120, 240, 480, 900, 900] {
        let lease = pool.lease().await.unwrap();
        lease.release(Some("modem m1: no reply".to_owned()));
        let refused = pool.lease().await.unwrap_err();
        assert!(
            matches!(&refused, NoModem::AllFaulty(text) if text.starts_with("modem m1: no reply; it rests until")),
            "{refused:?}"
        );
        assert_eq!(pool.resting()[0].fault, "modem m1: no reply");
        sleep(Duration::from_secs(rest_s - 1)).await;
        pool.lease().await.unwrap_err();
        sleep(Duration::from_secs(1)).await;
    }
    pool.lease().await.unwrap().release(None);
    assert!(pool.resting().is_empty());
    sleep(Duration::from_secs(5)).await;
    pool.lease().await.unwrap().release(Some("again".to_owned()));
    sleep(Duration::from_secs(30)).await;
    pool.lease().await.expect("the count began anew");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_failed_often_is_left_alone_for_an_hour() {
    let pool = Arc::new(Pool::new(&pool(1)));
    for call in 0..4 {
        assert!(pool.too_many("1").is_none(), "call {call}");
        pool.remember("1", Some((Refusal::Busy, format!("call {call}"))));
        sleep(Duration::from_secs(600)).await;
    }
    let (last, count) = pool.too_many("1").unwrap();
    assert_eq!((last.how, last.text.as_str(), count), (Refusal::Busy, "call 3", 4));
    assert!(pool.too_many("2").is_none(), "another number");
    sleep(Duration::from_secs(1_200)).await;
    assert!(pool.too_many("1").is_none(), "the first is an hour ago");
    pool.remember("1", Some((Refusal::Silent, "call 4".to_owned())));
    assert_eq!(pool.too_many("1").unwrap().0.how, Refusal::Silent);
    pool.remember("1", None);
    assert!(pool.too_many("1").is_none(), "it answered");
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_told_with_those_that_are() {
    let modems = Modems::new(&[pool(1)]).unwrap();
    let address = "modem:gsm/123".parse().unwrap();
    let error = modems.call(&address, None).await.unwrap_err().to_string();
    assert!(
        error.contains("there is no pool of modems \"gsm\", the configuration has these: p"),
        "{error}"
    );
}
