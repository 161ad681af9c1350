//! Bad lines: whatever a line does, what is given is what the device holds.

use modbus::Modbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, Driver, Value, Window};

use crate::example::{at, config, counted, device, hour_values, whole};
use crate::far::{Faults, Framing};
use uzel_driver_sdk::wire::Wire;

/// One session over a bad line: rows, and calls that failed.
fn session(framing: Framing, faults: Faults, seed: u64) -> (usize, usize) {
    let mut device = device(framing).seed(seed);
    device.faults = faults;
    let mut line = Wire::new(device);
    let mut driver = Modbus::default();
    if driver.identify(&mut line, &config(framing)).is_err() {
        return (0, 1);
    }
    let (mut rows, mut failed) = (0, 0);
    let mut out = Collected::default();
    failed += usize::from(driver.read_current(&mut line, &mut out).is_err());
    for row in out.tables.iter().flat_map(|table| &table.rows) {
        let want = [whole(7_123, 2), whole(-32_768, 2), whole(1_234_567, 3), Value::Bits(5)];
        assert_eq!(row.values, want, "seed {seed} {framing:?}");
        rows += 1;
    }
    for (kind, begin, end) in [
        (ArchiveKind::Hourly, at(3, 18, 0), at(3, 19, 12)),
        (ArchiveKind::Daily, at(3, 10, 0), at(3, 18, 0)),
        (ArchiveKind::Monthly, at(1, 1, 0), at(3, 1, 0)),
    ] {
        let mut out = Collected::default();
        failed += usize::from(
            driver
                .read_archive(&mut line, kind, &[Window { begin, end }], None, &mut out)
                .is_err(),
        );
        assert!(out.absent.is_empty(), "seed {seed} {framing:?}: {:?}", out.absent);
        let mut labels = std::collections::BTreeSet::new();
        for row in out.tables.iter().flat_map(|table| &table.rows) {
            let label = row.label.unwrap();
            let is_new = labels.insert((label.month, label.day, label.hour));
            assert!(
                is_new,
                "seed {seed} {framing:?}: {label:?} came twice:\n{}",
                line.notes.join("\n")
            );
            let [volume, heat] = counted(label);
            let want = match kind {
                ArchiveKind::Hourly => hour_values(label).to_vec(),
                _ => vec![whole(volume, 3), whole(heat, 4)],
            };
            assert_eq!(row.values, want, "seed {seed} {framing:?} {label:?}");
            rows += 1;
        }
    }
    (rows, failed)
}

fn all(framing: Framing, faults: Faults, least_share: usize) {
    const SEEDS: u64 = 150;
    let (good, _) = session(framing, Faults::default(), 1);
    assert_eq!(good, 1 + 36 + 8 + 2, "a good line gives everything");
    let mut sum = (0, 0);
    for seed in 1..=SEEDS {
        let (rows, failed) = session(framing, faults, seed);
        sum = (sum.0 + rows, sum.1 + failed);
    }
    let most = good * usize::try_from(SEEDS).unwrap();
    println!("{framing:?}: {} of {most} rows, {} calls failed", sum.0, sum.1);
    assert!(
        sum.0 * 100 > most * least_share,
        "{framing:?}: {} of {most} rows",
        sum.0
    );
}

#[test]
fn a_noisy_line_gives_nothing_but_the_truth() {
    let noisy = Faults {
        lost_request: 15,
        lost_answer: 15,
        flipped: 30,
        late: 15,
        repeated: 20,
    };
    all(Framing::Rtu, noisy, 60);
    all(Framing::Ascii, noisy, 60);
}

#[test]
fn a_late_and_repeating_gateway_gives_nothing_but_the_truth() {
    let late = Faults {
        late: 100,
        repeated: 60,
        lost_request: 20,
        ..Faults::default()
    };
    all(Framing::Rtu, late, 30);
    all(Framing::Tcp, late, 90);
}
