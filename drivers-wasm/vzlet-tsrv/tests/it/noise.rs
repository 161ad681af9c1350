//! Bad lines: whatever a line does, what is given is what the meter holds.

use std::collections::BTreeMap;

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Row, Window};

use crate::far::{Far, Faults};
use crate::meters::{Talked, at, rows, time_of, tsrv024m, tsrv034, window};

const NOISY: Faults = Faults {
    lost: 20,
    flipped: 30,
    cut: 20,
    late: 15,
    repeated: 20,
};
const LATE: Faults = Faults {
    lost: 20,
    flipped: 0,
    cut: 0,
    late: 80,
    repeated: 50,
};

fn windows() -> [(ArchiveKind, Window); 3] {
    let july = CivilTime { month: 7, ..at(1, 0) };
    [
        (ArchiveKind::Hourly, window(at(14, 3), at(15, 14))),
        (ArchiveKind::Daily, window(at(1, 0), at(15, 0))),
        (ArchiveKind::Monthly, window(july, at(1, 0))),
    ]
}

/// One session: what came of each archive.
fn session(far: Far) -> Vec<Collected> {
    let Ok((mut talked, _)) = Talked::identify(far) else {
        return Vec::new();
    };
    windows().map(|(kind, window)| talked.read(kind, &[window]).0).into()
}

type Held = BTreeMap<i64, Row>;

fn held(out: &Collected) -> Held {
    rows(out)
        .map(|row| (time_of(row.label.unwrap()), row.clone()))
        .collect()
}

fn all(meter: fn() -> Far, is_ascii: bool, faults: Faults, seeds: u64, least_share: usize) {
    let far = || Far { is_ascii, ..meter() };
    let good: Vec<Held> = session(far()).iter().map(held).collect();
    let most: usize = good.iter().map(BTreeMap::len).sum();
    assert_eq!(most, 35 + 14 + 4, "a good line gives everything");
    let mut read = 0;
    for seed in 1..=seeds {
        for (out, good) in session(Far { faults, ..far() }.seed(seed)).iter().zip(&good) {
            let came = held(out);
            assert_eq!(came.len(), rows(out).count(), "seed {seed}: no row twice");
            for (time, row) in &came {
                assert_eq!(good.get(time), Some(row), "seed {seed}, {time}");
            }
            assert!(out.absent.is_empty(), "seed {seed}: {:?}", out.absent);
            read += came.len();
        }
    }
    let most = most * usize::try_from(seeds).unwrap();
    println!("{read} of {most} rows");
    assert!(read * 100 > most * least_share, "{read} of {most} rows");
}

#[test]
fn a_noisy_line_gives_nothing_but_the_truth() {
    all(tsrv024m, false, NOISY, 40, 60);
    all(tsrv034, false, NOISY, 40, 60);
    all(tsrv034, true, NOISY, 40, 60);
}

#[test]
fn a_late_and_repeating_gateway_gives_nothing_but_the_truth() {
    all(tsrv024m, false, LATE, 40, 50);
    all(tsrv034, false, LATE, 40, 50);
}
