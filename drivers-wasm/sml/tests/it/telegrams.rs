//! Sessions over telegrams made here.

use proptest::prelude::*;
use sml::Sml;
use sml::telegram::{Ear, parse};
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{Diagnostics, Driver, Failure, Fixed, Value};

use crate::build::{bytes_entry, entry, file, telegram};

const PLATE: [u8; 10] = [0x0a, 0x01, 0x44, 0x5a, 0x47, 0x00, 0x03, 0x9e, 0x20, 0x54];

fn one(energy: i64) -> Vec<u8> {
    telegram(&file(&[
        bytes_entry([129, 129, 199, 130, 3, 255], b"DZG"),
        bytes_entry([1, 0, 96, 1, 0, 255], &PLATE),
        entry([1, 0, 1, 8, 0, 255], 30, -1, energy),
        entry([1, 0, 16, 7, 0, 255], 27, 0, -105),
    ]))
}

fn heard(bytes: &[u8]) -> Recording {
    let chunks = bytes
        .chunks(50)
        .map(|chunk| format!("< {}\n", uzel_driver_sdk::bytes::hex(chunk)));
    Recording::parse(&chunks.collect::<String>())
}

fn totals(bytes: &[u8]) -> Result<(Option<String>, Collected), Failure> {
    let mut line = heard(bytes);
    let mut driver = Sml::default();
    let identity = driver.identify(&mut line, r#"{"listen_s": 3}"#)?;
    let mut out = Collected::default();
    driver.read_totals(&mut line, &mut out)?;
    driver.read_current(&mut line, &mut out)?;
    assert!(matches!(driver.read_clock(&mut line), Err(Failure::Unsupported(_))));
    let settings = driver.read_settings(&mut line)?;
    assert_eq!(
        (settings.len(), settings[0].value.clone()),
        (2, Value::Text("DZG".to_owned()))
    );
    driver.close(&mut line);
    Ok((identity.serial, out))
}

#[test]
fn a_telegram_is_found_in_what_the_line_brings() {
    // The end of one, noise, one that is whole.
    let mut bytes = one(7)[60..].to_vec();
    bytes.extend([0xff, 0x1b, 0x1b, 0x00]);
    bytes.extend(one(6_074_471));
    let (serial, out) = totals(&bytes).unwrap();
    assert_eq!(serial.as_deref(), Some("1DZG0060694612"));
    let whole = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
    assert_eq!(out.tables[0].rows[0].values, [whole(6_074_471, 1)]);
    assert_eq!(
        (
            out.tables[0].columns[0].id.as_str(),
            out.tables[0].columns[0].unit.as_str()
        ),
        ("1-0:1.8.0", "Wh")
    );
    assert_eq!(out.tables[1].rows[0].values, [whole(-105, 0), whole(65_536, 0)]);
}

#[test]
fn what_is_no_telegram_is_told_apart() {
    assert!(matches!(totals(&[]).err(), Some(Failure::NoAnswer)));
    assert!(matches!(totals(b"/ISk5\\2MT382\r\n").err(), Some(Failure::Garbled(_))));
    let mut spoilt = one(1);
    spoilt[70] ^= 4;
    assert!(matches!(totals(&spoilt).err(), Some(Failure::Garbled(text)) if text.contains("not as it was sent")));
    let empty = telegram(&[]);
    assert!(matches!(totals(&empty).err(), Some(Failure::Garbled(text)) if text.contains("no list")));
}

fn all(bytes: &[u8]) -> Vec<i128> {
    let mut ear = Ear::default();
    let telegrams = bytes.iter().filter_map(|byte| ear.hear(*byte)?.ok());
    let energy = |telegram: sml::telegram::Telegram| match telegram.entries.get(2).map(|entry| entry.value.clone()) {
        Some(sml::telegram::Value::Number(number)) => number,
        other => panic!("{other:?}"),
    };
    telegrams.map(energy).collect()
}

proptest! {
    #[test]
    fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_damaged_file_panics(place in 0usize..200, byte in any::<u8>()) {
        let mut bytes = file(&[entry([1, 0, 1, 8, 0, 255], 30, -1, 5)]);
        let place = place % bytes.len();
        bytes[place] = byte;
        let _ = parse(&bytes);
    }

    #[test]
    fn noise_gives_nothing_but_the_truth(
        places in proptest::collection::vec((0usize..2_000, any::<u8>(), 0u8..3), 0..12),
    ) {
        let mut bytes: Vec<u8> = (0..5).flat_map(|_| one(6_074_471)).collect();
        for (place, byte, what) in places {
            let place = place % bytes.len();
            match what {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        prop_assert!(all(&bytes).iter().all(|energy| *energy == 6_074_471));
    }
}
