//! On a bad line no value, no absence and no clock is ever wrong; and most readings still succeed.

use logika_spbus::LogikaSpbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, Driver, Failure};

use crate::conversation::{at, rows, spt961, window};
use crate::script::{Chance, Faults, Script};

const NOISE: Faults = Faults {
    flips: 5,
    cuts: 3,
    late: 4,
    doubled: 4,
    lost: 3,
};

/// What one session gave, as text, and how its calls ended.
fn read(meter: &mut Wire<Script>) -> (Vec<String>, Vec<Failure>) {
    let mut driver = LogikaSpbus::default();
    let mut ended = Vec::new();
    let mut given = Vec::new();
    match driver.identify(meter, r#"{"address": 1, "timeout_ms": 1000, "attempts": 4}"#) {
        Ok(identity) => given.push(format!("{} {:?}", identity.model, identity.serial)),
        Err(failure) => return (given, vec![failure]),
    }
    match driver.read_clock(meter) {
        Ok(reading) => given.push(format!("{:?}", reading.shown)),
        Err(failure) => ended.push(failure),
    }
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    let mut hours = Collected::default();
    ended.extend(
        driver
            .read_archive(meter, ArchiveKind::Hourly, &windows, None, &mut hours)
            .err(),
    );
    given.extend(hours.absent.iter().map(|absent| format!("{absent:?}")));
    let mut moments = Collected::default();
    ended.extend(driver.read_current(meter, &mut moments).err());
    ended.extend(driver.read_totals(meter, &mut moments).err());
    let all = rows(&hours).into_iter().chain(rows(&moments));
    given.extend(all.map(|row| format!("{row:?}")));
    (given, ended)
}

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn no_seed_of_noise_gives_a_wrong_value() {
    let (truth, failures) = read(&mut spt961());
    assert!(failures.is_empty(), "{failures:?}");
    let (mut ended_well, mut given) = (0, 0);
    for seed in 0..seeds() {
        let mut meter = spt961();
        (meter.far.faults, meter.far.chance) = (NOISE, Chance(seed * 0x1234_5678_9abc));
        let (got, failures) = read(&mut meter);
        for value in &got {
            // The clock stands, so that a moment is the same however late it is read.
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
    let mut deaf = spt961();
    deaf.far.faults.lost = 100;
    let silent = LogikaSpbus::default().identify(&mut deaf, "{}");
    assert!(matches!(silent, Err(Failure::NoAnswer)), "{silent:?}");
    let mut garbled = spt961();
    garbled.far.faults.flips = 100;
    let said = LogikaSpbus::default().identify(&mut garbled, "{}");
    assert!(matches!(said, Err(Failure::Garbled(_))), "{said:?}");
}

#[test]
fn an_answer_to_something_else_is_passed_over() {
    let mut meter = spt961();
    meter.far.faults = Faults {
        late: 30,
        doubled: 30,
        ..Faults::default()
    };
    let (truth, _) = read(&mut spt961());
    let (got, _) = read(&mut meter);
    assert!(got.iter().all(|value| truth.contains(value)), "{got:?}");
}

#[test]
fn a_record_with_another_count_of_labels_is_not_guessed_at() {
    let mut meter = spt961();
    let says = meter.far.says.clone();
    for (asked, said) in says.iter().filter(|(asked, _)| asked.starts_with("18")) {
        let (_, rest) = said[1..].split_once(';').unwrap();
        meter.far.says.insert(asked.clone(), format!(">{rest}"));
    }
    let mut driver = LogikaSpbus::default();
    driver.identify(&mut meter, "{}").unwrap();
    let mut hours = Collected::default();
    let read = driver.read_archive(
        &mut meter,
        ArchiveKind::Hourly,
        &[window(at(3, 15, 4), at(3, 15, 6))],
        None,
        &mut hours,
    );
    assert!(
        matches!(&read, Err(Failure::Garbled(text)) if text.contains("1 labels, expected 2")),
        "{read:?}"
    );
    assert!(rows(&hours).is_empty() && hours.absent.is_empty());
}

#[test]
fn labels_that_go_in_circles_end() {
    let mut meter = spt961();
    let says = meter.far.says.clone();
    for asked in says.keys().filter(|asked| asked.starts_with("18")) {
        let said = ">15/3/2024/23/0/0;15/3/2024/9/0/0;1;1;1;1;1";
        meter.far.says.insert(asked.clone(), said.to_owned());
    }
    let mut driver = LogikaSpbus::default();
    driver.identify(&mut meter, "{}").unwrap();
    let mut hours = Collected::default();
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    // Newer than asked for, and nothing older than that: no record, and nothing to follow.
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert!(rows(&hours).is_empty());
    assert!(meter.far.asked.len() < 20, "{}", meter.far.asked.len());
}
