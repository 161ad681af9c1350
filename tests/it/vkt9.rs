//! ВКТ-9 through the whole host: all that meters of one and of two heat systems hold.

use jiff::ToSpan as _;
use meter_sim::{Vkt9, Vkt9Builder};
use system_tests::TestHost;

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, standing_clock, stored, tcp, usual, word};
use crate::judge::{Judge, Model};

const DRIVER: &str = "vkt9";

/// A meter that has been in use for so many days.
fn young(days: i64) -> Vkt9Builder {
    let clock = standing_clock();
    Vkt9::builder()
        .clock(clock)
        .installed(clock.date().saturating_sub(days.days()).at(0, 0, 0, 0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_and_a_day_later_what_is_new() {
    let two = young(10).seed(91).start_tcp().await.unwrap();
    let one = young(3).seed(92).one_system().busy(1).start_tcp().await.unwrap();
    let lines = [tcp(&two), tcp(&one)];
    let row = |name, line| [name, DRIVER, line, "123456", "clock totals hourly daily", "address=1"];
    let rows = [
        row("two systems", lines[0].as_str()),
        row("one system", lines[1].as_str()),
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for ([name, ..], meter) in rows.iter().zip([&two, &one]) {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        assert_whole(&Judge::of(Model::Vkt9, meter), &pool, device).await;
        let evening = stored(&pool, device).await.len();
        // Into the next day.
        meter.clock().advance(24 * 3_600);
        host.read_now(device, &usual()).await;
        let night = host.read_now(device, &usual()).await;
        assert_eq!(word(&night), "complete", "{night}");
        assert_whole(&Judge::of(Model::Vkt9, meter), &pool, device).await;
        assert!(stored(&pool, device).await.len() > evening);
    }
    assert_no_incident(&pool).await;
}
