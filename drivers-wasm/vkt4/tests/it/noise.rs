//! On a bad line no value, no absence and no clock is ever wrong; and most readings still succeed.

use proptest::prelude::*;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, Driver, Failure, Window};
use vkt4::model::Model;
use vkt4::{Vkt4, field, layout};

use crate::corpus::rows;
use crate::script::{Chance, Faults, Script, march};

const NOISE: Faults = Faults {
    flips: 5,
    sly: 3,
    cuts: 3,
    late: 4,
    doubled: 4,
    again: 2,
    lost: 3,
};

/// What one session gave, as text, and how its calls ended.
fn read(meter: &mut Wire<Script>) -> (Vec<String>, Vec<Failure>) {
    let mut driver = Vkt4::default();
    let (mut given, mut ended) = (Vec::new(), Vec::new());
    match driver.identify(meter, r#"{"timeout_ms": 1000, "attempts": 5}"#) {
        Ok(identity) => given.push(format!("{} {:?}", identity.model, identity.serial)),
        Err(failure) => return (given, vec![failure]),
    }
    match driver.read_clock(meter) {
        Ok(reading) => given.push(format!("{:?}", reading.shown)),
        Err(failure) => ended.push(failure),
    }
    let windows = [Window {
        begin: march(20, 20),
        end: march(21, 14),
    }];
    let mut hours = Collected::default();
    let read = driver.read_archive(meter, ArchiveKind::Hourly, &windows, None, &mut hours);
    ended.extend(read.err());
    let mut days = Collected::default();
    let read = driver.read_archive(meter, ArchiveKind::Daily, &windows, None, &mut days);
    ended.extend(read.err());
    given.extend(hours.absent.iter().map(|absent| format!("{absent:?}")));
    let mut moments = Collected::default();
    ended.extend(driver.read_current(meter, &mut moments).err());
    ended.extend(driver.read_totals(meter, &mut moments).err());
    let all = [rows(&hours), rows(&days), rows(&moments)].concat();
    given.extend(all.iter().map(|row| format!("{row:?}")));
    (given, ended)
}

fn meter() -> Wire<Script> {
    let mut meter = Script::new();
    meter.far.missing = [(21, 3), (21, 4)].into();
    meter
}

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn no_seed_of_noise_gives_a_wrong_value() {
    let (truth, failures) = read(&mut meter());
    assert!(failures.is_empty(), "{failures:?}");
    let (mut ended_well, mut given) = (0, 0);
    for seed in 0..seeds() {
        let mut meter = meter();
        (meter.far.faults, meter.far.chance) = (NOISE, Chance(seed * 0x1234_5678_9abc));
        let (got, failures) = read(&mut meter);
        for value in &got {
            assert!(truth.contains(value), "seed {seed}: {value}");
        }
        for failure in &failures {
            assert!(
                matches!(failure, Failure::NoAnswer | Failure::Garbled(_)),
                "seed {seed}: {failure:?}"
            );
        }
        ended_well += u64::from(failures.is_empty());
        given += got.len();
    }
    assert!(
        ended_well * 10 >= seeds() * 9,
        "{ended_well} of {} sessions read everything",
        seeds()
    );
    assert!(
        given * 10 >= truth.len() * usize::try_from(seeds()).unwrap() * 9,
        "{given}"
    );
}

#[test]
fn a_line_without_a_meter_is_told_from_one_that_garbles() {
    let mut deaf = meter();
    deaf.far.faults.lost = 100;
    let silent = Vkt4::default().identify(&mut deaf, "{}");
    assert!(matches!(silent, Err(Failure::NoAnswer)), "{silent:?}");
    let mut garbled = meter();
    garbled.far.faults.flips = 100;
    let said = Vkt4::default().identify(&mut garbled, "{}");
    assert!(matches!(said, Err(Failure::Garbled(_))), "{said:?}");
}

/// Half of all comes twice, at once or in front of the next answer: each question has its own answer all the same, or none.
#[test]
fn what_comes_twice_counts_once() {
    let (truth, _) = read(&mut meter());
    for seed in 0..60 {
        let mut meter = meter();
        meter.far.faults = Faults {
            doubled: 30 * (seed % 2),
            again: 30 * (1 - seed % 2),
            sly: 30,
            ..Faults::default()
        };
        meter.far.chance = Chance(seed);
        let (got, _) = read(&mut meter);
        assert!(got.iter().all(|value| truth.contains(value)), "seed {seed}: {got:?}");
    }
}

proptest! {
    #[test]
    fn no_record_panics(
        data in proptest::collection::vec(any::<u8>(), 0..90),
        at in 0usize..4,
    ) {
        let model = [Model::Vkt4, Model::TwoPipes, Model::FourPipes, Model::Pressures][at];
        for fields in [layout::record(model, false).fields, layout::record(model, true).fields, layout::totals(model)] {
            if let Some(row) = field::row(&fields, &data) {
                prop_assert_eq!(row.values.len(), fields.len());
                prop_assert!(row.marks.len() <= fields.len() && row.conditions.len() <= 32);
            }
        }
    }
}
