//! On a line with every fault no value, no absence and no clock is ever wrong; and most readings still succeed.

use logika_m4::LogikaM4;
use logika_m4::legacy::interval::window;
use uzel_driver_sdk::calendar::{HOUR, civil, seconds};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, CivilTime, Driver, Failure, Row, Value, Window};

use crate::chance::{Chance, Faults};
use crate::meter::Meter;

pub const CONFIG: &str = r#"{"address": 5, "timeout_ms": 1000, "attempts": 5}"#;

pub fn at(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> i64 {
    seconds(CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second: 0,
    })
    .unwrap()
}

/// Puts an r32 into bytes.
pub fn put(bytes: &mut [u8], at: usize, value: f32) {
    let bits = value.to_bits();
    let [b0, b1, b2, _] = bits.to_le_bytes();
    bytes[at..at + 4].copy_from_slice(&[
        b0,
        b1,
        (b2 & 0x7f) | (value.is_sign_negative() as u8) << 7,
        (bits >> 23) as u8,
    ]);
}

/// A record that no other label and no other input has.
fn record(chance: &mut Chance, input: u8) -> Vec<u8> {
    let mut bytes = vec![0; 68];
    bytes[3] = 9 * (input - 1);
    if chance.next(4) == 0 {
        bytes[1] = 1 << chance.next(5);
    }
    for place in 1..17 {
        put(&mut bytes, 4 * place, chance.next(1_000_000) as f32 / 997.0);
    }
    bytes
}

/// A СПТ943 with its settings, three days of hours on two inputs with holes, five days, live values and totals.
pub fn spt943() -> Meter {
    let mut meter = Meter::new([0x54, 0x2b, 0x03], at(2024, 3, 15, 10, 20));
    for (number, text) in [
        (0, "1"),
        (1, "10-00-00"),
        (2, "15-03-24"),
        (3, "25"),
        (4, "10"),
        (7, "77"),
    ] {
        meter.set(0x200 + 16 * number, text);
    }
    meter.set(0x520, "0");
    meter.set(0x840, "9");
    meter.flash[0x28..0x31].copy_from_slice(&[0x57, 0xd7, 0x01, 0x99, 0, 0, 0, 0, b'1']);
    let mut chance = Chance(7);
    for hour in 0..72 {
        let end = at(2024, 3, 12, 11, 0) + hour * HOUR;
        let label = civil(end);
        let label = [124, label.month, label.day, label.hour];
        for input in [1, 2] {
            if (20..25).contains(&hour) || (input == 2 && hour == 40) {
                continue;
            }
            meter.records.insert((0x48, input, label), record(&mut chance, input));
        }
    }
    for day in 11..=15 {
        for input in [1, 2] {
            meter
                .records
                .insert((0x59, input, [124, 3, day, 0]), record(&mut chance, input));
        }
    }
    for input in [1, 2] {
        let block = record(&mut chance, input);
        let from = 0x200 + 48 * usize::from(input - 1);
        meter.ram[from..from + 48].copy_from_slice(&block[..48]);
        let growth = 0x520 + 72 * usize::from(input - 1);
        meter.ram[growth..growth + 36].copy_from_slice(&record(&mut chance, 1)[4..40]);
        let totals = 0x424a + 9_521 * usize::from(input - 1);
        for place in 0..9 {
            meter.flash[totals + 8 * place..][..4].copy_from_slice(&[place as u8, input, 0, 0]);
            put(
                &mut meter.flash,
                totals + 8 * place + 4,
                chance.next(1_000) as f32 / 1_000.0,
            );
        }
    }
    meter
}

pub const NOISE: Faults = Faults {
    flips: 3,
    sly_flips: 1,
    dropped: 1,
    inserted: 1,
    late: 1,
    doubled: 2,
    lost: 1,
};

/// Everything one session reads, with how it ended.
struct Session {
    hours: Collected,
    days: Collected,
    current: Collected,
    totals: Collected,
    failures: Vec<Failure>,
    /// The clock read, and the one of the meter at that moment.
    clock: Option<(i64, i64)>,
}

fn read(meter: &mut Meter) -> Session {
    let [hours, days, current, totals] = std::array::from_fn(|_| Collected::default());
    let mut session = Session {
        hours,
        days,
        current,
        totals,
        failures: Vec::new(),
        clock: None,
    };
    let mut driver = LogikaM4::default();
    let mut ended = Vec::new();
    match driver.identify(meter, CONFIG) {
        Ok(identity) => {
            assert_eq!(
                (identity.model.as_str(), identity.serial.as_deref()),
                ("spt943", Some("120663"))
            );
            assert_eq!(identity.details[1], ("ЕИ".to_owned(), "MPa, GJ".to_owned()));
        }
        Err(failure) => {
            session.failures.push(failure);
            return session;
        }
    }
    match driver.read_clock(meter) {
        Ok(reading) => {
            let truth = meter.clock + reading.at.div_euclid(1_000);
            session.clock = Some((seconds(reading.shown).unwrap(), truth));
        }
        Err(failure) => ended.push(failure),
    }
    let hours = [window(at(2024, 3, 13, 3, 0), at(2024, 3, 14, 12, 0))];
    let days = [window(at(2024, 3, 10, 0, 0), at(2024, 3, 16, 0, 0))];
    let mut run = |result: Result<(), Failure>| ended.extend(result.err());
    run(driver.read_archive(meter, ArchiveKind::Hourly, &hours, None, &mut session.hours));
    run(driver.read_archive(meter, ArchiveKind::Daily, &days, None, &mut session.days));
    run(driver.read_current(meter, &mut session.current));
    run(driver.read_totals(meter, &mut session.totals));
    driver.close(meter);
    session.failures = ended;
    session
}

fn rows(collected: &Collected) -> Vec<&Row> {
    collected.tables.iter().flat_map(|table| &table.rows).collect()
}

/// Hours and days said to be absent, one by one.
fn absent(collected: &Collected, step: i64) -> Vec<i64> {
    let whole = |window: &Window, why: &Absence| {
        assert_eq!(*why, Absence::NeverWritten);
        (seconds(window.begin).unwrap()..seconds(window.end).unwrap()).step_by(usize::try_from(step).unwrap())
    };
    collected
        .absent
        .iter()
        .flat_map(|(window, why)| whole(window, why))
        .collect()
}

/// Everything but the label must be as in the quiet session.
fn assert_same_moment(name: &str, seed: u64, got: &Collected, truth: &Collected) {
    for row in rows(got) {
        let want = rows(truth)[0];
        let same = format!("{:?}{:?}{:?}", row.values, row.marks, row.conditions)
            == format!("{:?}{:?}{:?}", want.values, want.marks, want.conditions);
        assert!(same, "seed {seed}: {name} {row:?}, expected {want:?}");
    }
}

fn assert_rows(name: &str, seed: u64, got: &Collected, truth: &Collected) {
    for row in rows(got) {
        let text = format!("{row:?}");
        // A row with one input only is the quiet one cut short: the other input was not seen yet.
        let found = rows(truth)
            .into_iter()
            .find(|want| format!("{:?}", want.label) == format!("{:?}", row.label));
        let want = found.unwrap_or_else(|| panic!("seed {seed}: {name} row that does not exist {text}"));
        assert_eq!(text, format!("{want:?}"), "seed {seed}: {name}");
    }
}

#[test]
fn no_seed_of_noise_gives_a_wrong_value() {
    let quiet = read(&mut spt943());
    assert!(quiet.failures.is_empty(), "{:?}", quiet.failures);
    assert_eq!((rows(&quiet.hours).len(), rows(&quiet.days).len()), (28, 5));
    assert_eq!(absent(&quiet.hours, HOUR).len(), 5);
    assert_eq!((rows(&quiet.current).len(), rows(&quiet.totals).len()), (1, 1));
    let (mut ended_well, mut hours_read) = (0, 0);
    for seed in 0..SEEDS {
        let mut meter = spt943();
        (meter.faults, meter.chance) = (NOISE, Chance(seed * 0x1234_5678_9abc));
        let noisy = read(&mut meter);
        assert_rows("hour", seed, &noisy.hours, &quiet.hours);
        assert_rows("day", seed, &noisy.days, &quiet.days);
        assert_same_moment("current", seed, &noisy.current, &quiet.current);
        assert_same_moment("totals", seed, &noisy.totals, &quiet.totals);
        for (got, want, step) in [
            (&noisy.hours, &quiet.hours, HOUR),
            (&noisy.days, &quiet.days, 24 * HOUR),
        ] {
            let truth = absent(want, step);
            assert!(
                absent(got, step).iter().all(|hour| truth.contains(hour)),
                "seed {seed}: {:?}",
                got.absent
            );
        }
        if let Some((shown, truth)) = noisy.clock {
            assert!(
                (shown - truth).abs() <= 1,
                "seed {seed}: the clock is {} s wrong",
                shown - truth
            );
        }
        for failure in &noisy.failures {
            let honest = matches!(
                failure,
                Failure::NoAnswer | Failure::Garbled(_) | Failure::Refused(_) | Failure::WrongDevice(_)
            );
            assert!(honest, "seed {seed}: {failure:?}");
        }
        ended_well += u64::from(noisy.failures.is_empty());
        hours_read += rows(&noisy.hours).len();
    }
    assert!(
        ended_well * 10 >= SEEDS * 8,
        "{ended_well} of {SEEDS} noisy sessions read everything"
    );
    assert!(
        hours_read as u64 * 10 >= 28 * SEEDS * 9,
        "{hours_read} hours in {SEEDS} sessions"
    );
}

const SEEDS: u64 = 400;

#[test]
fn numbers_that_move_are_read_between_their_bounds() {
    let mut meter = spt943();
    // The lowest byte of G1, t1 and of the growth of V1.
    meter.moving = vec![0x204, 0x218, 0x520];
    let mut driver = LogikaM4::default();
    driver.identify(&mut meter, CONFIG).unwrap();
    let first = meter.ram.clone();
    let mut current = Collected::default();
    driver.read_current(&mut meter, &mut current).unwrap();
    let word = |ram: &[u8]| logika_m4::numbers::r32(ram[0x204..0x208].try_into().unwrap());
    let (least, most) = (f64::from(word(&first)), f64::from(word(&meter.ram)));
    match rows(&current)[0].values[2] {
        Value::Float(flow) => assert!(least < flow && flow <= most, "{least} < {flow} <= {most}"),
        ref other => panic!("{other:?}"),
    }
    let mut totals = Collected::default();
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!(rows(&totals).len(), 1);
}
