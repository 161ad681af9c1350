//! Bytes from outside through the whole decoder: arbitrary ones, and telegrams of the corpus with some bytes changed. What
//! comes out must keep the bounds of the contract, whatever went in.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use uzel_driver_sdk::bytes::{hex, unhex};
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{Driver, Value};

use crate::archive::{self, Kind};
use crate::entry::{self, Entry};
use crate::telegram::{self, Context};
use crate::{Mbus, frame, profile};

/// Control information and data of every telegram of the corpus.
static CORPUS: LazyLock<Vec<(u8, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/libmbus/test-frames");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let telegrams = files.filter(|file| file.extension().is_some_and(|extension| extension == "hex"));
    let read = |file| {
        let bytes = unhex(&fs::read_to_string(file).unwrap()).unwrap();
        let response = frame::decode(&bytes).unwrap();
        (response.ci, response.data.to_vec())
    };
    telegrams.map(read).collect()
});

/// Everything that is made of a telegram.
fn digest(ci: u8, data: &[u8]) {
    let Ok(telegram) = telegram::decode_data(ci, data, &Context::default()) else {
        return;
    };
    let mut records = telegram.records;
    records.extend(profile::expand(&records));
    let entries = entry::entries(&records);
    for entry in &entries {
        check(entry);
    }
    for clock in [None, Some(1_773_000_000)] {
        let archives = archive::build(&entries, clock, clock.unwrap_or(i64::MAX));
        for kind in [Kind::Hourly, Kind::Daily, Kind::Monthly] {
            for interval in archives.intervals(kind) {
                assert!(interval.begin < interval.end);
                assert!(interval.values.iter().all(|at| *at < entries.len()));
            }
        }
    }
}

fn check(entry: &Entry<'_>) {
    let column = entry.column(true, Some(4));
    assert!(!column.id.is_empty() && column.id.len() <= 64, "{}", column.id);
    match entry.cell() {
        (Value::Float(float), _) => assert!(float.is_finite()),
        (Value::Fixed(fixed), _) => assert!(fixed.decimals <= 15),
        (Value::Text(text), _) => assert!(text.len() <= 256, "{text}"),
        (value, mark) => assert_eq!(matches!(value, Value::Absent), mark.is_some()),
    }
}

proptest! {
    #[test]
    fn no_data_break_the_decoder(ci in prop_oneof![Just(0x72), Just(0x78), Just(0x8c), any::<u8>()],
                                 data in proptest::collection::vec(any::<u8>(), 0..252)) {
        digest(ci, &data);
    }

    #[test]
    fn no_changed_telegram_breaks_the_decoder(at in any::<prop::sample::Index>(),
                                              changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
        let (ci, mut data) = CORPUS[at.index(CORPUS.len())].clone();
        for (place, byte) in changes {
            let place = place.index(data.len());
            data[place] = byte;
        }
        digest(ci, &data);
    }

    #[test]
    fn no_receiver_breaks_the_driver(heard in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
                                     ci in prop_oneof![Just(0x72), Just(0x7a), Just(0x78), any::<u8>()]) {
        let mut text = String::new();
        for body in &heard {
            let length = u8::try_from(body.len() + 10).unwrap();
            let head = [length, 0x44, 0x2d, 0x2c, 0x78, 0x56, 0x34, 0x12, 1, 7, ci];
            text += &format!("< {} {}\n", hex(&head), hex(body));
        }
        let mut port = Recording::parse(&text);
        let mut driver = Mbus::default();
        let config = r#"{"receiver": true, "secondary": "12345678", "listen_s": 20, "all_records": true}"#;
        if driver.identify(&mut port, config).is_ok() {
            prop_assert!(driver.read_current(&mut port, &mut Collected::default()).is_ok());
        }
    }
}
