//! Bad lines: whatever a line does, what is given is what the meter holds.

use iec62056_21::Iec62056;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Driver, Fixed, Value};

use crate::line::Line;
use crate::meter::{Faults, Meter, now_hour};
use crate::modes::{hours, judged, window};

/// One session: values that came.
fn session(with_parity: bool, faults: Faults) -> usize {
    let gone = now_hour() - 7;
    let mut line = Line::tcp(Meter {
        with_parity,
        faults,
        missing: vec![gone],
        ..Meter::new()
    });
    let mut driver = Iec62056::default();
    let config = r#"{"address": "12345678", "timeout_ms": 100, "attempts": 4}"#;
    let Ok(identity) = driver.identify(&mut line, config) else {
        return 0;
    };
    assert_eq!(identity.serial.as_deref(), Some("12345678"), "seed {}", faults.seed);
    let mut totals = Collected::default();
    driver.read_totals(&mut line, &mut totals).unwrap();
    let mut values = 0;
    for (column, value) in totals
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().zip(&table.rows[0].values))
    {
        let want = match column.id.as_str() {
            "1.8.0" => 12_345_678,
            "1.8.1" => 2_345_678,
            "1.8.0*01" => 1_000,
            other => panic!("seed {}: column {other}", faults.seed),
        };
        let fixed = Value::Fixed(Fixed {
            digits: want,
            decimals: 3,
        });
        assert!(
            *value == fixed || *value == Value::Absent,
            "seed {}: {} {value:?}",
            faults.seed,
            column.id
        );
        values += usize::from(*value == fixed);
    }
    let (out, read) = hours(&mut driver, &mut line, &[window(now_hour() - 150, now_hour())]);
    let hours = judged(&out);
    values += hours.len();
    for (absent, _) in &out.absent {
        assert_eq!(
            *absent,
            window(gone, gone + 1),
            "seed {}:\n{}",
            faults.seed,
            line.notes.join("\n")
        );
    }
    if read.is_ok() {
        assert_eq!(
            (hours.len(), out.absent.len()),
            (149, 1),
            "seed {}: {:?}",
            faults.seed,
            line.notes
        );
    }
    driver.close(&mut line);
    values
}

#[test]
fn a_bad_line_gives_nothing_but_the_truth() {
    const SEEDS: u64 = 150;
    let good = session(false, Faults::default());
    assert_eq!(good, 3 + 149);
    let lossy = Faults {
        lost: 12,
        late: 10,
        twice: 8,
        ..Faults::default()
    };
    let noisy = Faults {
        flip: 7,
        treacherous: 9,
        lost: 25,
        late: 30,
        ..Faults::default()
    };
    for (name, faults, with_parity) in [
        ("lossy", lossy, false),
        ("noisy", noisy, false),
        ("noisy, parity", noisy, true),
    ] {
        let all: usize = (0..SEEDS)
            .map(|seed| session(with_parity, Faults { seed, ..faults }))
            .sum();
        let most = good * usize::try_from(SEEDS).unwrap();
        println!("{name}: {all} of {most} values");
        assert!(all * 2 > most, "{name}: {all} of {most} values are too few to judge by");
    }
}
