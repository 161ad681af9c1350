//! A meter behind a serial server that is set over telnet (RFC 2217): as the standard says, and as servers are.

use std::time::Duration;

use meter_sim::{Faults, Handle, Quirk, Recording, Told};
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Taken};
use uzel::model::{LineAddress, LineOptions, Outcome, Task};
use uzel::session::{Report, Way};
use uzel::transport::{OpenError, ReadFault, Transport, Until};

use crate::devices::{standing_clock, young};
use crate::judge::{Judge, Model, from_taken};

fn address(meter: &Handle) -> LineAddress {
    LineAddress::Rfc2217(meter.addr().to_string())
}

/// Reads a ВКТ-7 behind such a server, whose line runs at 2400 baud.
async fn read(quirk: Quirk) -> (Report, Taken, Handle, Told) {
    let (meter, told) = young(1).link().baud(2_400).start_rfc2217(quirk).await.unwrap();
    let day = standing_clock().date().at(0, 0, 0, 0);
    let read = Read::new(parts::driver("vkt7"), address(&meter), json!({"address": 1}))
        .settings("2400-8N2")
        .task(Task::Clock)
        .task(Task::Totals)
        .archive(uzel::model::ArchiveKind::Hourly, day, standing_clock());
    let (report, taken) = read.run().await;
    (report, taken, meter, told)
}

/// Everything asked for is there and right, at the first try; but one answer is taken for a stale one where the server
/// stops to tell them apart, and that makes the driver ask twice.
fn assert_read(quirk: &Quirk, report: &Report, taken: &Taken, meter: &Handle) {
    assert_eq!(report.outcome, Outcome::Complete, "{quirk:?}: {:?}", report.detail);
    if *quirk != Quirk::PurgesOnce {
        assert_eq!(report.usage.retries, 0, "{quirk:?}: {}", report.trace);
    }
    let seen = from_taken(taken);
    assert!(seen.len() >= 2, "{quirk:?}: {seen:?}");
    assert_eq!(
        Judge::of(Model::Vkt7, meter).wrong(&seen),
        Vec::<String>::new(),
        "{quirk:?}"
    );
}

/// What the standard has for 2400-8N2.
const SETTINGS: [&[u8]; 4] = [&[1, 0, 0, 0x09, 0x60], &[2, 8], &[3, 1], &[4, 2]];

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_behind_a_server_is_read_with_its_own_settings() {
    let (report, taken, meter, told) = read(Quirk::None).await;
    assert_read(&Quirk::None, &report, &taken, &meter);
    let told = told.list();
    for setting in SETTINGS {
        assert!(
            told.iter().any(|said| said == setting),
            "{setting:?} is not in {told:?}"
        );
    }
    // Signature asked, DTR and RTS on, what was received before dropped.
    for wish in [&[0][..], &[5, 8], &[5, 11], &[12, 1]] {
        assert!(told.iter().any(|said| said == wish), "{wish:?} is not in {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_not_as_the_standard_says_are_read_too() {
    for quirk in [
        Quirk::Torn,
        Quirk::Stale,
        Quirk::PurgesOnce,
        Quirk::Contradicts,
        Quirk::ConfirmsNothing,
    ] {
        let (report, taken, meter, told) = read(quirk.clone()).await;
        assert_read(&quirk, &report, &taken, &meter);
        let baud = told.list().iter().filter(|said| said[..] == *SETTINGS[0]).count();
        assert_eq!(baud, 1, "{quirk:?}: {:?}", told.list());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_port_cannot_be_set_is_a_line_without_settings() {
    let (report, taken, meter, told) = read(Quirk::RefusesPort).await;
    assert_read(&Quirk::RefusesPort, &report, &taken, &meter);
    assert_eq!(told.list(), Vec::<Vec<u8>>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sets_something_else_is_told_apart_from_a_silent_meter() {
    let (report, _, meter, _) = read(Quirk::SetsBaud(9_600)).await;
    let detail = report.detail.unwrap_or_default();
    assert_eq!(report.outcome, Outcome::BadConfig, "{detail}");
    assert!(
        detail.ends_with("cannot be set to 2400-8N2: it has set 9600 baud"),
        "{detail}"
    );
    assert_eq!(meter.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_only_passes_bytes_is_named_as_what_it_is() {
    let (report, ..) = read(Quirk::NotTelnet).await;
    let detail = report.detail.unwrap_or_default();
    assert_eq!(report.outcome, Outcome::BadConfig, "{detail}");
    assert!(detail.contains("does not speak telnet"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_serves_another_is_busy() {
    for (says, expected) in [
        ("Port already in use\r\n", "is busy: Port already in use"),
        ("", "is busy: it closed the connection at once"),
    ] {
        let (report, ..) = read(Quirk::Says(says)).await;
        let detail = report.detail.unwrap_or_default();
        assert_eq!(report.outcome, Outcome::LineBusy, "{detail}");
        assert!(detail.contains(expected), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_passes_and_settings_change_in_the_middle() {
    let all: Vec<u8> = (0..=255).collect();
    let hex: String = all.iter().map(|byte| format!("{byte:02X} ")).collect();
    let text = format!("> {hex}\n< {hex}FF FF FF\n");
    let recording = Recording::parse(&text).unwrap();
    let (meter, told) = recording.link(Faults::new()).start_rfc2217(Quirk::None).await.unwrap();
    let way = Way {
        address: address(&meter),
        settings: "9600-8N1".parse().unwrap(),
        options: LineOptions {
            settle_ms: Some(0),
            ..LineOptions::default()
        },
    };
    let mut line = Transport::default().open(&way).await.unwrap();
    assert!(line.is_serial());
    let patience = Duration::from_secs(20);
    for settings in ["9600-8N1", "300-7E1"] {
        line.configure(settings.parse().unwrap()).await.unwrap();
        line.write(&all, patience).await.unwrap();
        let answer = line.read(Until::Length(259), 1_000, patience).await.unwrap();
        assert_eq!(answer, [&*all, &[255; 3]].concat(), "{settings}");
        line.purge().await;
    }
    let told = told.list();
    for setting in [&[1, 0, 0, 1, 0x2C][..], &[2, 7], &[3, 3], &[4, 1]] {
        assert!(
            told.iter().any(|said| said == setting),
            "{setting:?} is not in {told:?}"
        );
    }
    meter.shutdown().await;
    let lost = line.read(Until::Any, 10, patience).await;
    assert!(matches!(lost, Err(ReadFault::Closed(_))), "{lost:?}");
    let gone = Transport::default().open(&way).await;
    assert!(matches!(gone, Err(OpenError::Refused { .. })), "{gone:?}");
}
