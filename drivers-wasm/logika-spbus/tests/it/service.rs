//! Journals, settings and the setting of the clock of a scripted meter.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{CivilTime, Configure, Diagnostics, Failure, Fixed, Value};

use crate::conversation::{at, identified, spt961};

#[test]
fn journals_are_read_back_to_the_time_asked_for() {
    let mut meter = spt961();
    let entries = ">-32/т1-Q|gВМ/15-03-24|09:00:00;+32/т1-Q|gВМ/15-03-24|08:00:00;+17/с-Батар/10-03-24|08:00:00";
    meter.far.says.insert("0C 0/98/1/25".to_owned(), entries.to_owned());
    meter
        .far
        .says
        .insert("0C 0/97/1/25".to_owned(), ">0.5/ч/14-03-24|12:00:00".to_owned());
    let mut driver = identified(&mut meter, "{}");
    let mut events = Collected::default();
    driver.read_events(&mut meter, Some(at(3, 12, 0)), &mut events).unwrap();
    let told: Vec<_> = events
        .events
        .iter()
        .map(|event| (event.code.as_str(), event.began, event.point, event.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("32", Some(false), 1, "-32 т1-Q/gВМ"),
            ("32", Some(true), 1, "+32 т1-Q/gВМ"),
            ("tп", None, 0, "0.5 ч"),
        ]
    );
}

#[test]
fn settings_are_shown_written_and_read_back() {
    let mut meter = spt961();
    meter.far.says.insert("0C 0/30/0/1".to_owned(), ">11".to_owned());
    let mut driver = identified(&mut meter, "{}");
    let settings = driver.read_settings(&mut meter).unwrap();
    let ids: Vec<_> = settings
        .iter()
        .map(|setting| (setting.id.as_str(), setting.writable))
        .collect();
    assert_eq!(ids, [("003", false), ("024", true), ("025", true), ("030н00", false)]);

    let eight = || Value::Fixed(Fixed { digits: 8, decimals: 0 });
    meter.far.says.insert("03 0/24;8".to_owned(), "0/024;".to_owned());
    let unheld = driver.write_setting(&mut meter, "024", eight());
    assert!(
        matches!(&unheld, Err(Failure::Refused(text)) if text.contains("holds \"0\"")),
        "{unheld:?}"
    );
    meter.far.says.insert("1D 0/24".to_owned(), ">08".to_owned());
    driver.write_setting(&mut meter, "024", eight()).unwrap();
    meter
        .far
        .says
        .insert("03 0/24;8".to_owned(), "0/024;Защита данных?".to_owned());
    let refused = driver.write_setting(&mut meter, "024", eight());
    assert!(
        matches!(&refused, Err(Failure::Refused(text)) if text.contains("Защита данных?")),
        "{refused:?}"
    );
    for id in ["003", "999"] {
        assert!(
            matches!(
                driver.write_setting(&mut meter, id, eight()),
                Err(Failure::Unsupported(_))
            ),
            "{id}"
        );
    }
}

#[test]
fn a_clock_is_set_once_and_read_again() {
    let to = CivilTime {
        minute: 21,
        ..at(3, 15, 10)
    };
    let mut meter = spt961();
    meter
        .far
        .says
        .insert("03 0/21;10-21-00".to_owned(), "0/021;".to_owned());
    let mut driver = identified(&mut meter, "{}");
    let unheld = driver.set_clock(&mut meter, to);
    assert!(
        matches!(&unheld, Err(Failure::Refused(text)) if text.contains("after it was set")),
        "{unheld:?}"
    );
    assert!(
        meter.far.asked.iter().all(|asked| !asked.starts_with("03 0/20")),
        "the date was right"
    );
    meter.far.says.insert("1D 0/61".to_owned(), ">10:21:01".to_owned());
    driver.set_clock(&mut meter, to).unwrap();
    meter
        .far
        .says
        .insert("03 0/21;10-21-00".to_owned(), "0/021;Защита данных?".to_owned());
    let refused = driver.set_clock(&mut meter, to);
    assert!(
        matches!(&refused, Err(Failure::Refused(text)) if text.contains("Защита")),
        "{refused:?}"
    );
}
