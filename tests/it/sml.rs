//! A meter that sends SML, through the whole host.

use std::time::Duration;

use meter_sim::{Disguise, Faults, Sml};
use system_tests::TestHost;
use uzel::model::RecordKind;

use crate::devices::{ON_DEMAND, devices, moscow, standing_clock, tcp, usual, word};
use crate::judge::{Judge, Model, from_store, values};

/// What is wrong but the times, which are the host's own: the meter shows none.
fn of_values(wrong: Vec<String>) -> Vec<String> {
    let is_of_time = |wrong: &String| wrong.contains(": label ") || wrong.ends_with(" lasts");
    wrong.into_iter().filter(|wrong| !is_of_time(wrong)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telegram_is_stored_and_another_meter_is_refused() {
    let meter = Sml::meter().clock(standing_clock()).every(Duration::from_millis(200));
    let meter = meter.start_tcp().await.unwrap();
    let row = [
        "sml",
        "sml",
        &tcp(&meter),
        "1DZG0060694612",
        "current totals",
        "listen_s=10",
    ];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("sml").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let seen = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    let wrong = of_values(Judge::of(Model::Sml, &meter).wrong(&seen));
    assert_eq!((seen.len(), values(&seen), wrong), (2, 5, Vec::new()));
    meter.set_faults(Faults::new().wrong(Disguise::Serial));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "wrong-device", "{session}");
    meter.set_faults(Faults::new().silence(1.0));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "no-answer", "{session}");
}
