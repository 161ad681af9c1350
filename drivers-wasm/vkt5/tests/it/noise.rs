//! Bad lines: whatever a line does, what is given is what the device holds.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, Driver, Value, Window, calendar};
use vkt5::Vkt5;

use crate::far::{Device, Faults, at, temperature};

const SEEDS: u64 = 300;

/// One session over a bad line: rows, and calls that failed.
fn session(faults: Faults, seed: u64) -> (usize, usize) {
    let mut device = Device::new().seed(seed);
    device.faults = faults;
    let hole = calendar::reckon(at(11, 20, 3, 0)) / 3_600;
    device.hole = hole..hole + 2;
    let mut line = Wire::new(device);
    let mut driver = Vkt5::default();
    let config = r#"{"address": 1, "timeout_ms": 100, "attempts": 4}"#;
    let Ok(identity) = driver.identify(&mut line, config) else {
        return (0, 1);
    };
    assert_eq!(identity.serial.as_deref(), Some("1234567890123-2-7"), "seed {seed}");
    let (mut rows, mut failed) = (0, 0);
    match driver.read_clock(&mut line) {
        Ok(clock) => assert_eq!(clock.shown, at(11, 20, 10, 20), "seed {seed}"),
        Err(_) => failed += 1,
    }
    let mut out = Collected::default();
    failed += usize::from(driver.read_totals(&mut line, &mut out).is_err());
    for row in out.tables.iter().flat_map(|table| &table.rows) {
        let totals = [
            1_001.5, 2_002.0, 100.25, 50.5, 0.0, 0.5, 1_002.5, 100.25, 50.5, 0.0, 0.5,
        ];
        assert_eq!(row.values, totals.map(Value::Float), "seed {seed}");
    }
    for (kind, begin, end) in [
        (ArchiveKind::Hourly, at(11, 19, 12, 0), at(11, 20, 12, 0)),
        (ArchiveKind::Daily, at(11, 12, 0, 0), at(11, 20, 0, 0)),
    ] {
        let mut out = Collected::default();
        let read = driver.read_archive(&mut line, kind, &[Window { begin, end }], None, &mut out);
        failed += usize::from(read.is_err());
        for (window, why) in &out.absent {
            let is_hole = kind == ArchiveKind::Hourly && (at(11, 20, 3, 0)..=at(11, 20, 5, 0)).contains_window(window);
            assert!(is_hole, "seed {seed}: {window:?} {why:?}");
        }
        let mut labels = std::collections::BTreeSet::new();
        for row in out.tables.iter().flat_map(|table| &table.rows) {
            let label = row.label.unwrap();
            let begin = calendar::reckon(label);
            assert!(labels.insert(begin), "seed {seed}: {label:?} came twice");
            for (place, (input, pipe)) in [(0, (1, 1)), (3, (1, 2)), (13, (2, 1))] {
                let want = Value::Float(temperature(begin, input, pipe).into());
                assert_eq!(
                    row.values[place],
                    want,
                    "seed {seed}: {label:?} {place}\n{}",
                    line.notes.join("\n")
                );
            }
            rows += 1;
        }
    }
    (rows, failed)
}

trait ContainsWindow {
    fn contains_window(&self, window: &Window) -> bool;
}

impl ContainsWindow for std::ops::RangeInclusive<uzel_driver_sdk::CivilTime> {
    fn contains_window(&self, window: &Window) -> bool {
        let bounds = calendar::reckon(*self.start())..=calendar::reckon(*self.end());
        bounds.contains(&calendar::reckon(window.begin)) && bounds.contains(&calendar::reckon(window.end))
    }
}

fn all(faults: Faults, least_share: usize) {
    let (good, failed) = session(Faults::default(), 1);
    assert_eq!((good, failed), (20 + 8, 0), "a good line gives everything");
    let mut sum = (0, 0);
    for seed in 1..=SEEDS {
        let (rows, failed) = session(faults, seed);
        sum = (sum.0 + rows, sum.1 + failed);
    }
    let most = good * usize::try_from(SEEDS).unwrap();
    println!("{} of {most} rows, {} calls failed", sum.0, sum.1);
    assert!(sum.0 * 100 > most * least_share, "{} of {most} rows", sum.0);
}

#[test]
fn a_noisy_line_gives_nothing_but_the_truth() {
    let faults = Faults {
        lost_request: 15,
        lost_answer: 15,
        flipped: 40,
        late: 15,
        repeated: 20,
    };
    all(faults, 90);
}

#[test]
fn a_late_and_repeating_gateway_gives_nothing_but_the_truth() {
    let faults = Faults {
        lost_request: 30,
        late: 80,
        repeated: 80,
        ..Faults::default()
    };
    all(faults, 50);
}

#[test]
fn a_gateway_that_always_repeats_itself_gives_everything() {
    let faults = Faults {
        repeated: 1_000,
        ..Faults::default()
    };
    all(faults, 99);
}
