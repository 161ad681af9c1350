//! Bad lines: whatever a line does, what is given is what the meter holds.

use dlms::Dlms;
use meter_sim::{DlmsTransport, Faults};
use uzel_driver_sdk::calendar::DAY;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, Driver};

use crate::meter::{builder, got, held, now, window, wire};

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(20, |text| text.parse().expect("UZEL_NOISE_SEEDS is a number"))
}

/// Rows that came, and rows that there are.
fn session(transport: DlmsTransport, faults: Faults, name: &str) -> (usize, usize) {
    let framing = if transport == DlmsTransport::Hdlc {
        "hdlc"
    } else {
        "wrapper"
    };
    let config = format!(r#"{{"framing": "{framing}", "timeout_ms": 400}}"#);
    let truth = builder().transport(transport).pdu(300);
    let mut line = wire(truth.clone().faults(faults));
    let mut driver = Dlms::default();
    let (from, to) = (now() - 5 * DAY, now());
    let hours = held(&truth, ArchiveKind::Hourly, from, to);
    let months = held(&truth, ArchiveKind::Monthly, now() - 200 * DAY, to);
    let all = hours.len() + months.len();
    if driver.identify(&mut line, &config).is_err() {
        return (0, all);
    }
    let mut came = 0;
    for (kind, from, want) in [
        (ArchiveKind::Hourly, from, hours),
        (ArchiveKind::Monthly, now() - 200 * DAY, months),
    ] {
        let mut out = Collected::default();
        let read = driver.read_archive(&mut line, kind, &[window(from, to)], None, &mut out);
        let got = got(&out);
        for row in &got {
            assert!(
                want.contains(row),
                "{name}: {row:?} is not of the meter\n{}",
                line.notes.join("\n")
            );
        }
        if read.is_ok() {
            assert_eq!(got, want, "{name}");
        }
        for (window, _) in &out.absent {
            let (begin, end) = (
                uzel_driver_sdk::calendar::reckon(window.begin),
                uzel_driver_sdk::calendar::reckon(window.end),
            );
            assert!(
                !want.iter().any(|(label, _)| begin < *label && *label <= end),
                "{name}: {window:?} was denied"
            );
        }
        came += got.len();
    }
    (came, all)
}

#[test]
fn bad_lines_give_nothing_but_the_truth() {
    let (mut came, mut all) = (0, 0);
    for seed in 0..seeds() {
        let late = Faults::new()
            .seed(seed)
            .late(0.05)
            .duplicate(0.05)
            .deaf(0.03)
            .silence(0.03);
        let broken = Faults::new()
            .seed(seed)
            .noise(0.05)
            .noise_in(0.05)
            .cut(0.03)
            .sly(0.02)
            .late(0.02);
        for (transport, faults, name) in [
            (DlmsTransport::Hdlc, late.clone(), "hdlc, late"),
            (DlmsTransport::Hdlc, broken, "hdlc, broken"),
            // TCP repairs what is broken; what is lost and late is between a converter and its meter.
            (DlmsTransport::Wrapper, late, "wrapper, late"),
        ] {
            let (got, held) = session(transport, faults, &format!("{name}, seed {seed}"));
            (came, all) = (came + got, all + held);
        }
    }
    println!("{came} of {all} rows over bad lines");
    assert!(came * 10 > all * 8, "{came} of {all} rows are too little to judge by");
}
