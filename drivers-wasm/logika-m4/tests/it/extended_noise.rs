//! On a line with every fault no value and no absence of a meter of the extended dialect is ever wrong.

use logika_m4::LogikaM4;
use logika_m4::ident::Device;
use logika_m4::legacy::interval::window;
use uzel_driver_sdk::calendar::seconds;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, Driver, Failure, Row};

use crate::chance::{Chance, Faults};
use crate::meter::Meter;
use crate::noise::{CONFIG, NOISE, at};
use crate::small::meter;

const SEEDS: u64 = 150;

fn rows(collected: &Collected) -> Vec<&Row> {
    collected.tables.iter().flat_map(|table| &table.rows).collect()
}

#[test]
fn no_seed_of_noise_gives_a_wrong_value() {
    let windows = [window(at(2024, 3, 13, 3, 0), at(2024, 3, 14, 12, 0))];
    let days = [window(at(2024, 3, 10, 0, 0), at(2024, 3, 16, 0, 0))];
    let read = |meter: &mut Meter| {
        let mut driver = LogikaM4::default();
        let mut all: [Collected; 4] = Default::default();
        let mut failures = Vec::new();
        match driver.identify(meter, CONFIG) {
            Ok(_) => {
                let [hours, daily, current, totals] = &mut all;
                let ended = [
                    driver.read_archive(meter, ArchiveKind::Hourly, &windows, None, hours),
                    driver.read_archive(meter, ArchiveKind::Daily, &days, None, daily),
                    driver.read_current(meter, current),
                    driver.read_totals(meter, totals),
                ];
                failures.extend(ended.into_iter().filter_map(Result::err));
                driver.close(meter);
            }
            Err(failure) => failures.push(failure),
        }
        (all, failures)
    };
    let fixed = |row: &Row| format!("{:?}{:?}{:?}", row.values, row.marks, row.conditions);
    let (truth, failures) = read(&mut meter(Device::Spt943rev3));
    assert!(failures.is_empty(), "{failures:?}");
    let (mut ended_well, mut hours_read) = (0, 0);
    for seed in 0..SEEDS {
        let mut meter = meter(Device::Spt943rev3);
        let sly = Faults { sly_flips: 2, ..NOISE };
        (meter.faults, meter.chance) = (sly, Chance(seed * 0x1234_5678_9abc));
        let (noisy, failures) = read(&mut meter);
        for (number, (got, want)) in noisy.iter().zip(&truth).enumerate() {
            for row in rows(got) {
                let same_label =
                    |other: &&&Row| number > 1 || format!("{:?}", other.label) == format!("{:?}", row.label);
                let wanted = rows(want);
                let wanted = wanted
                    .iter()
                    .find(same_label)
                    .unwrap_or_else(|| panic!("seed {seed}: {row:?}"));
                assert_eq!(fixed(row), fixed(wanted), "seed {seed}");
            }
            for (gap, _) in &got.absent {
                let inside = want.absent.iter().any(|(whole, _)| {
                    seconds(whole.begin) <= seconds(gap.begin) && seconds(gap.end) <= seconds(whole.end)
                });
                assert!(inside, "seed {seed}: {gap:?} is not absent");
            }
        }
        for failure in &failures {
            let honest = matches!(
                failure,
                Failure::NoAnswer | Failure::Garbled(_) | Failure::Refused(_) | Failure::WrongDevice(_)
            );
            assert!(honest, "seed {seed}: {failure:?}");
        }
        ended_well += u64::from(failures.is_empty());
        hours_read += rows(&noisy[0]).len() as u64;
    }
    let whole = rows(&truth[0]).len() as u64;
    assert!(
        ended_well * 10 >= SEEDS * 8,
        "{ended_well} of {SEEDS} noisy sessions read everything"
    );
    assert!(
        hours_read * 10 >= whole * SEEDS * 9,
        "{hours_read} hours in {SEEDS} sessions"
    );
}
