//! Whatever the driver gives over a disturbed line must be what the meter has.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Failure, Fixed, Value, Window};

use crate::Mbus;
use crate::noise::{ENERGY, Faults, Line, Meter};

fn time(year: u16, month: u8) -> CivilTime {
    CivilTime {
        year,
        month,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
    }
}

/// One session: whether all was read, the values given, and how many were false.
struct Outcome {
    whole: bool,
    values: usize,
    absences: usize,
    wrong: Vec<String>,
}

fn session(line: &mut Line, config: &str) -> Outcome {
    let mut driver = Mbus::default();
    let mut out = Collected::default();
    let window = Window {
        begin: time(2013, 3),
        end: time(2014, 3),
    };
    let result: Result<(), Failure> = (|| {
        let identity = driver.identify(line, config)?;
        assert_eq!(identity.serial.as_deref(), Some("12345678"));
        driver.read_current(line, &mut out)?;
        driver.read_totals(line, &mut out)?;
        driver.read_archive(line, ArchiveKind::Monthly, &[window], None, &mut out)
    })();
    driver.close(line);
    let mut outcome = Outcome {
        whole: result.is_ok(),
        values: 0,
        absences: out.absent.len(),
        wrong: Vec::new(),
    };
    for table in &out.tables {
        for row in &table.rows {
            for (column, value) in table.columns.iter().zip(&row.values) {
                let Value::Fixed(Fixed { digits, decimals: 0 }) = value else {
                    continue;
                };
                let label = row.label.unwrap_or(MOMENT);
                let storage = (2014 - i64::from(label.year)) * 12 + 4 - i64::from(label.month);
                let is_true = match (column.id.as_str(), label.day) {
                    ("power", 13) => line.meter.has_shown(*digits),
                    ("energy", 13) => *digits == i64::from(ENERGY),
                    // A value of which the date is not settled is kept apart under its storage number.
                    (id, 13) => id.strip_prefix("energy@").is_some_and(|storage| {
                        storage
                            .parse()
                            .is_ok_and(|storage| *digits == i64::from(Meter::kept(storage)))
                    }),
                    ("energy", 1) => *digits == i64::from(Meter::kept(u8::try_from(storage).unwrap_or(0))),
                    _ => false,
                };
                outcome.values += 1;
                if !is_true {
                    outcome
                        .wrong
                        .push(format!("{} {digits} of {}-{}", column.id, label.year, label.month));
                }
            }
        }
    }
    outcome
}

/// What the clock shows.
const MOMENT: CivilTime = CivilTime {
    year: 2014,
    month: 3,
    day: 13,
    hour: 12,
    minute: 45,
    second: 0,
};

const CLEAN: Faults = Faults {
    flip: 0,
    drop: 0,
    add: 0,
    treacherous: 0,
    lost: 0,
    late: 0,
    twice: 0,
};

const NOISY: Faults = Faults {
    flip: 700,
    drop: 1_500,
    add: 1_500,
    treacherous: 20,
    lost: 20,
    late: 20,
    twice: 15,
};

const CONFIG: &str = r#"{"address": 1, "secondary": "12345678"}"#;

#[test]
fn a_clean_line_gives_everything() {
    for keeps_answers in [true, false] {
        let outcome = session(&mut Line::new(1, CLEAN, keeps_answers), CONFIG);
        assert!(outcome.whole && outcome.wrong.is_empty(), "{:?}", outcome.wrong);
        // Power, energy, and energy of twelve months.
        assert_eq!((outcome.values, outcome.absences), (14, 0));
    }
}

#[test]
fn noise_makes_no_value() {
    let (mut whole, mut values) = (0, 0);
    for seed in 0..600 {
        let outcome = session(&mut Line::new(seed, NOISY, true), CONFIG);
        assert!(outcome.wrong.is_empty(), "seed {seed}: {:?}", outcome.wrong);
        assert!(
            !outcome.whole || outcome.values == 14,
            "seed {seed}: {} values",
            outcome.values
        );
        assert_eq!(outcome.absences, 0, "seed {seed}");
        whole += usize::from(outcome.whole);
        values += outcome.values;
    }
    println!("{whole} of 600 sessions came to their end with {values} values");
    assert!(whole > 500, "{whole} of 600 sessions came to their end");
}

#[test]
fn noise_makes_no_value_of_a_meter_that_measures_anew() {
    for seed in 0..300 {
        let outcome = session(&mut Line::new(seed, NOISY, false), CONFIG);
        assert!(outcome.wrong.is_empty(), "seed {seed}: {:?}", outcome.wrong);
        assert_eq!(outcome.absences, 0, "seed {seed}");
    }
}

#[test]
fn answers_that_are_not_proved_do_make_false_values() {
    let config = r#"{"address": 1, "secondary": "12345678", "verify": false}"#;
    let wrong = (0..100).filter(|seed| !session(&mut Line::new(*seed, NOISY, true), config).wrong.is_empty());
    assert!(wrong.count() > 0, "the noise of these tests is too little");
}
