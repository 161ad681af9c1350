//! A meter that speaks in datagrams.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::ToSpan as _;
use meter_sim::{Faults, Handle, Mbus};
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Taken};
use uzel::model::{ArchiveKind, LineAddress, Outcome, Task};
use uzel::session::Report;

use crate::devices::standing_clock;
use crate::judge::{Judge, Model, from_taken};

fn address(meter: &Handle) -> LineAddress {
    LineAddress::Udp(meter.addr().to_string())
}

async fn read(address: LineAddress) -> (Report, Taken) {
    let config = json!({"address": 1, "timeout_ms": 500});
    let long_ago = standing_clock().saturating_sub(5.years());
    Read::new(parts::driver("mbus"), address, config)
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals)
        .archive(ArchiveKind::Monthly, long_ago, standing_clock())
        .run()
        .await
}

fn assert_read(report: &Report, taken: &Taken, meter: &Handle) {
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let (seen, judge) = (from_taken(taken), Judge::of(Model::Mbus, meter));
    assert_eq!(judge.wrong(&seen), Vec::<String>::new());
    let monthly = uzel::model::RecordKind::Archive(ArchiveKind::Monthly);
    assert_eq!(
        seen.iter().filter(|record| record.kind == monthly).count(),
        judge.held(monthly).len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_is_read_whether_an_answer_comes_in_one_datagram_or_in_many() {
    let link = || Mbus::heat().seed(5).clock(standing_clock()).link();
    let on_tcp = link().start_tcp().await.unwrap();
    let (plain, _) = read(LineAddress::Tcp(on_tcp.addr().to_string())).await;
    for size in [1_500, 100, 20] {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let meter = link().start_udp_at(listen, size).await.unwrap();
        let (report, taken) = read(address(&meter)).await;
        assert_read(&report, &taken, &meter);
        assert_eq!(
            (report.usage.exchanges, report.usage.retries),
            (plain.usage.exchanges, plain.usage.retries),
            "{size}: {}",
            report.trace
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_and_late_datagrams_cost_only_time() {
    // Questions and answers are lost; others come when the next question was asked, and must not answer that.
    let faults = Faults::new().seed(3).deaf(0.1).silence(0.1).late(0.2);
    let meter = Mbus::heat()
        .seed(6)
        .clock(standing_clock())
        .faults(faults)
        .link()
        .start_udp()
        .await
        .unwrap();
    let (report, taken) = read(address(&meter)).await;
    assert_read(&report, &taken, &meter);
    assert!(report.usage.retries > 0, "the line was too good");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_listens_the_meter_is_silent() {
    let meter = Mbus::heat().link().start_udp().await.unwrap();
    let address = address(&meter);
    meter.shutdown().await;
    let (report, _) = read(address).await;
    assert_eq!(report.outcome, Outcome::NoAnswer, "{:?}", report.detail);
}
