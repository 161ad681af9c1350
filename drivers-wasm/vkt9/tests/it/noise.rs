//! On a bad line no value, no absence and no clock is ever wrong; and most readings still succeed.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, Driver, Failure, Window};
use vkt9::Vkt9;

use crate::conversation::rows;
use crate::script::{Chance, Faults, Script, march};

const NOISE: Faults = Faults {
    flips: 4,
    cuts: 2,
    late: 3,
    doubled: 4,
    again: 3,
    lost: 3,
};

/// What one session gave, as text, and how its calls ended.
fn read(meter: &mut Wire<Script>) -> (Vec<String>, Vec<Failure>) {
    let mut driver = Vkt9::default();
    let (mut given, mut ended) = (Vec::new(), Vec::new());
    match driver.identify(meter, r#"{"timeout_ms": 1000, "attempts": 5}"#) {
        Ok(identity) => given.push(format!(
            "{} {:?} {:?}",
            identity.model, identity.serial, identity.details
        )),
        Err(failure) => return (given, vec![failure]),
    }
    let windows = [Window {
        begin: march(20, 20),
        end: march(21, 14),
    }];
    let (mut hours, mut moments) = (Collected::default(), Collected::default());
    let read = driver.read_archive(meter, ArchiveKind::Hourly, &windows, None, &mut hours);
    ended.extend(read.err());
    ended.extend(driver.read_current(meter, &mut moments).err());
    ended.extend(driver.read_totals(meter, &mut moments).err());
    given.extend(hours.absent.iter().map(|absent| format!("{absent:?}")));
    given.extend(
        [rows(&hours), rows(&moments)]
            .concat()
            .iter()
            .map(|row| format!("{row:?}")),
    );
    (given, ended)
}

fn meter() -> Wire<Script> {
    let mut meter = Script::new();
    meter.far.pages.retain(|page| !matches!(page, (21, 3 | 4)));
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

/// A gateway that repeats old answers: each question has its own answer all the same, or none.
#[test]
fn what_comes_again_later_answers_nothing_else() {
    let (truth, _) = read(&mut meter());
    for seed in 0..60 {
        let mut meter = meter();
        meter.far.faults.again = 25;
        meter.far.chance = Chance(seed);
        let (got, _) = read(&mut meter);
        assert!(got.iter().all(|value| truth.contains(value)), "seed {seed}: {got:?}");
    }
}
