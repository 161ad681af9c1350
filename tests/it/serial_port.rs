//! A serial port that goes away, as those on USB do.

use std::os::unix::fs::symlink;
use std::time::Duration;

use meter_sim::{Faults, Handle};
use serde_json::json;
use system_tests::parts;
use system_tests::session::Read;
use uzel::model::{ArchiveKind, LineAddress, Outcome};

use crate::devices::{standing_clock, young};
use crate::judge::{Judge, Model, from_taken};

fn plug_in() -> Handle {
    let slow = Faults::new().delay(Duration::from_millis(5));
    young(3).faults(slow).start_pty().unwrap()
}

fn read(path: &str) -> Read {
    let line = LineAddress::Serial(path.to_owned());
    let today = standing_clock().date();
    let first = today.saturating_sub(jiff::ToSpan::days(2)).at(0, 0, 0, 0);
    Read::new(parts::driver("vkt7"), line, json!({"address": 1})).archive(ArchiveKind::Hourly, first, standing_clock())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_vanishes_closes_the_line_and_is_read_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttyUSB0");
    let port = path.to_str().unwrap();
    let meter = plug_in();
    symlink(meter.path(), &path).unwrap();
    let reading = tokio::spawn(read(port).run());
    while meter.requests() < 20 {
        assert!(!reading.is_finished(), "the session ended before it was disturbed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    meter.shutdown().await;
    let (report, taken) = reading.await.unwrap();
    assert_eq!(report.outcome, Outcome::LineClosed, "{:?}", report.detail);
    let before = from_taken(&taken).len();

    let (report, _) = read(port).run().await;
    assert_eq!(report.outcome, Outcome::NoRoute, "{:?}", report.detail);

    let meter = plug_in();
    std::fs::remove_file(&path).unwrap();
    symlink(meter.path(), &path).unwrap();
    let (report, taken) = read(port).run().await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let seen = from_taken(&taken);
    assert!(seen.len() > before, "{before} records before, {} after", seen.len());
    assert_eq!(Judge::of(Model::Vkt7, &meter).wrong(&seen), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_another_program_is_refused() {
    let meter = plug_in();
    let path = meter.path().to_str().unwrap().to_owned();
    let line = uzel::session::Way {
        address: LineAddress::Serial(path.clone()),
        settings: "9600-8N1".parse().unwrap(),
        options: uzel::model::LineOptions::default(),
    };
    let transport = uzel::transport::Transport::default();
    let held = transport.open(&line).await.unwrap();
    let (report, _) = read(&path).run().await;
    assert_eq!(report.outcome, Outcome::LineRefused, "{:?}", report.detail);
    drop(held);
    let (report, _) = read(&path).run().await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
}
