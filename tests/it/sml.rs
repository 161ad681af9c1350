//! A meter that sends SML, through the whole host and over bad lines.

use std::time::Duration;

use jiff::civil::DateTime;
use meter_sim::{Disguise, Faults, Sml};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{LineAddress, Outcome, RecordKind, Task};

use crate::devices::{ON_DEMAND, devices, moscow, standing_clock, tcp, usual, word};
use crate::judge::{Judge, Model, from_store, from_taken, values};

const NOW: DateTime = DateTime::constant(2026, 11, 1, 0, 20, 0, 0);

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(5, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

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

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let mut complete = 0;
    for seed in 0..seeds() {
        let faults = Faults::new()
            .seed(seed)
            .noise(0.4)
            .sly(0.1)
            .cut(0.1)
            .duplicate(0.1)
            .late(0.1);
        let meter = Sml::meter().clock(NOW).every(Duration::from_millis(40)).faults(faults);
        let meter = meter.start_tcp().await.unwrap();
        let line = LineAddress::Tcp(meter.addr().to_string());
        let read = Read::new(parts::driver("sml"), line, json!({"listen_s": 5}));
        let (report, taken) = read.task(Task::Current).task(Task::Totals).run().await;
        let wrong = of_values(Judge::of(Model::Sml, &meter).wrong(&from_taken(&taken)));
        assert_eq!(wrong, Vec::<String>::new(), "seed {seed}");
        complete += u64::from(report.outcome == Outcome::Complete);
    }
    assert!(complete * 2 > seeds(), "{complete} of {} sessions complete", seeds());
}
