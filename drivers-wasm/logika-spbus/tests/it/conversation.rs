//! Conversations with a scripted meter: who is asked how, and what becomes of the answers.

use logika_spbus::LogikaSpbus;
use logika_spbus::frame::Addresses;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{Absence, ArchiveKind, CivilTime, Driver, Failure, Fixed, Quality, Row, Value, Window};

use crate::script::Script;

pub fn at(month: u8, day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2024,
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

pub fn window(begin: CivilTime, end: CivilTime) -> Window {
    Window { begin, end }
}

/// A СПТ961.2 that stands at 15 March 2024, 10:20, with hours 4 to 10 of that day but for the hour that ended at 7.
pub fn spt961() -> Wire<Script> {
    let mut says: Vec<(String, String)> = [
        ("1D 0/3", ">1050101299"),
        ("1D 0/99", ">961.2v02"),
        ("0C 0/99/1/1", ">1-00123-0000"),
        ("1D 0/24", ">0"),
        ("1D 0/25", ">1"),
        ("1D 0/60", ">15-03-24/дд-мм-гг"),
        ("1D 0/61", ">10:20:00/чч:мм:сс"),
        ("1D 0/63", ">-3.5/'C"),
        ("1D 1/156", ">88.97/'C"),
        ("1D 2/156", ">NaN/'C"),
        ("1D 1/160", ">1200.5/т"),
        (
            "19 0/65530",
            ">Тнв/'C/0/82;Тт01//1/200;Tт02//2/200;M/т/1/210;НСо//1/245",
        ),
        ("0C 0/94/0/50", ">0;0;0;0;1"),
    ]
    .map(|(asked, said)| (asked.to_owned(), said.to_owned()))
    .into();
    for hour in 0..=10 {
        let label = |hour: u8| format!("15/3/2024/{hour}/0/0");
        let previous = if hour > 4 {
            label(hour - 1)
        } else {
            "0/0/0/0/0/0".to_owned()
        };
        let record = match hour {
            ..4 => "Нет данных?".to_owned(),
            7 => "Нет данных?".to_owned(),
            // An НС at 9 o'clock.
            9 => format!("-3.5;8{hour}.5*;5{hour}.5;1.25*;32"),
            _ => format!("-3.5;8{hour}.5;5{hour}.5;1.250;0"),
        };
        let said = format!(">{};{previous};{record}", label(hour));
        for asked in [
            format!("15/3/2024/{hour}/0/0"),
            format!("15/3/2024/{hour}/59/59"),
            format!("15/3/2024/{hour}/20/0"),
        ] {
            says.push((format!("18 0/65530;{asked}"), said.clone()));
        }
    }
    let says: Vec<_> = says
        .iter()
        .map(|(asked, said)| (asked.as_str(), said.as_str()))
        .collect();
    Script::new(&says)
}

pub fn identified(meter: &mut Wire<Script>, config: &str) -> LogikaSpbus {
    let mut driver = LogikaSpbus::default();
    driver.identify(meter, config).unwrap();
    driver
}

pub fn rows(collected: &Collected) -> Vec<&Row> {
    collected.tables.iter().flat_map(|table| &table.rows).collect()
}

#[test]
fn who_is_alone_on_the_line_is_asked_without_addresses() {
    let mut meter = spt961();
    let mut driver = LogikaSpbus::default();
    let identity = driver.identify(&mut meter, "{}").unwrap();
    assert_eq!(identity.model, "spt961.1");
    assert_eq!(identity.serial.as_deref(), Some("1-00123-0000"));
    assert_eq!(identity.firmware.as_deref(), Some("961.2v02"));
    assert_eq!(meter.far.asked, ["1D 0/99", "0C 0/99/1/1", "1D 0/24;0/25"]);
    assert!(meter.far.addressed.iter().all(Option::is_none));
}

#[test]
fn a_meter_behind_another_is_asked_through_it() {
    let mut gateway = spt961();
    gateway.far.address = 2;
    identified(&mut gateway, r#"{"address": 2}"#);
    let through = Some(Addresses { dad: 2, sad: 0x81 });
    assert_eq!(gateway.far.addressed, [None, through, through, through]);

    let mut own = spt961();
    identified(&mut own, r#"{"address": 1}"#);
    assert_eq!(own.far.addressed, [None; 4]);

    let mut bus = spt961();
    (bus.far.address, bus.far.answers_all) = (16, false);
    identified(&mut bus, r#"{"address": 16, "source": 1}"#);
    assert_eq!(bus.far.addressed, [Some(Addresses { dad: 16, sad: 1 }); 3]);

    let mut nobody = spt961();
    let silent = LogikaSpbus::default().identify(&mut nobody, r#"{"address": 3}"#);
    assert!(matches!(silent, Err(Failure::NoAnswer)), "{silent:?}");
    let mut none = spt961();
    none.far.says.remove("1D 0/3");
    let refused = LogikaSpbus::default().identify(&mut none, r#"{"address": 3}"#);
    assert!(
        matches!(&refused, Err(Failure::Refused(text)) if text.contains("Нет данных?")),
        "{refused:?}"
    );
    assert_eq!(none.far.asked.len(), 3, "a gateway is asked again");
}

#[test]
fn other_devices_are_refused_by_name() {
    for (kind, want) in [
        (">544v01", "wrong device \"544v01\""),
        (">943v01", "wrong device \"943v01\""),
        (">963.3", "wrong device \"963.3\""),
    ] {
        let mut meter = spt961();
        meter.far.says.insert("1D 0/99".to_owned(), kind.to_owned());
        let mut driver = LogikaSpbus::default();
        let said = match driver.identify(&mut meter, "{}") {
            Err(Failure::WrongDevice(text)) => format!("wrong device {text}"),
            other => panic!("{other:?}"),
        };
        let (how, name) = want.rsplit_once(' ').unwrap();
        assert!(said.starts_with(how) && said.contains(name), "{said}");
        let unread = driver.read_totals(&mut meter, &mut Collected::default());
        assert!(matches!(unread, Err(Failure::Unsupported(_))), "{unread:?}");
    }
    // A meter that has its type in an array only.
    let mut meter = spt961();
    meter.far.says.remove("1D 0/99");
    meter.far.says.insert("0C 0/99/0/1".to_owned(), ">962v01".to_owned());
    assert_eq!(
        LogikaSpbus::default().identify(&mut meter, "{}").unwrap().model,
        "spt962"
    );
}

#[test]
fn the_clock_of_two_values_is_read_as_one() {
    let mut meter = spt961();
    let mut driver = identified(&mut meter, "{}");
    let reading = driver.read_clock(&mut meter).unwrap();
    assert_eq!(
        reading.shown,
        CivilTime {
            minute: 20,
            ..at(3, 15, 10)
        }
    );
    assert!(reading.uncertainty_ms < 1_100);
    for (time, times) in [("23:59:57", 2), ("00:00:02", 2), ("12:00:00", 1)] {
        meter.far.says.insert("1D 0/61".to_owned(), format!(">{time}"));
        let before = meter.far.asked.len();
        driver.read_clock(&mut meter).unwrap();
        assert_eq!(
            meter.far.asked.len() - before,
            times,
            "{time}: near midnight it is read again"
        );
    }
    meter.far.says.insert("1D 0/61".to_owned(), ">25:00:00".to_owned());
    assert!(matches!(driver.read_clock(&mut meter), Err(Failure::Refused(_))));
}

#[test]
fn what_is_measured_now_comes_with_its_units_and_situations() {
    let mut meter = spt961();
    let mut driver = identified(&mut meter, "{}");
    let mut current = Collected::default();
    driver.read_current(&mut meter, &mut current).unwrap();
    let table = &current.tables[0];
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| (column.id.as_str(), column.unit.as_str(), column.point))
        .collect();
    assert_eq!(columns, [("Tнв", "Cel", 0), ("т1.T", "Cel", 1), ("т2.T", "Cel", 2)]);
    let row = &table.rows[0];
    assert!(matches!(
        row.values[1],
        Value::Fixed(Fixed {
            digits: 8897,
            decimals: 2
        })
    ));
    assert!(matches!(row.values[2], Value::Absent));
    assert_eq!(
        (row.marks[0].column, row.marks[0].quality, row.marks[0].code.as_deref()),
        (2, Quality::Absent, Some("NaN"))
    );
    let conditions: Vec<_> = row
        .conditions
        .iter()
        .map(|c| (c.code.as_str(), c.category.as_deref(), c.point))
        .collect();
    assert_eq!(conditions, [("04", Some("clock"), 0)]);

    let mut totals = Collected::default();
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!(totals.tables[0].columns[0].id, "т1.M");
    assert_eq!(rows(&totals).len(), 1);
}

#[test]
fn hours_are_read_back_from_the_newest_and_holes_are_said() {
    let mut meter = spt961();
    let mut driver = identified(&mut meter, "{}");
    let mut hours = Collected::default();
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    let labels: Vec<_> = rows(&hours).iter().map(|row| row.label.unwrap().hour).collect();
    assert_eq!(labels, [10, 9, 8, 6, 5, 4]);
    let columns: Vec<_> = hours.tables[0]
        .columns
        .iter()
        .map(|column| column.id.as_str())
        .collect();
    assert_eq!(columns, ["Tнв", "т1.T", "т2.T", "т1.M", "т1.НСо"]);
    let starred: Vec<_> = rows(&hours)[1]
        .marks
        .iter()
        .map(|mark| (mark.column, mark.quality))
        .collect();
    assert_eq!(starred, [(1, Quality::Doubtful), (3, Quality::Doubtful)]);
    assert!(matches!(&rows(&hours)[1].values[4], Value::Text(text) if text == "32"));
    // The hour that ended at 7, and all before the oldest record.
    let absent: Vec<_> = hours
        .absent
        .iter()
        .map(|(window, why)| (window.begin.hour, window.end.hour, *why))
        .collect();
    assert_eq!(absent, [(6, 7, Absence::NeverWritten), (0, 3, Absence::NeverWritten)]);
}

#[test]
fn a_cut_session_goes_on_where_it_was() {
    let mut meter = spt961();
    let mut driver = identified(&mut meter, "{}");
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    let mut hours = Collected::default();
    driver
        .read_archive(
            &mut meter,
            ArchiveKind::Hourly,
            &windows,
            Some(b"spbus/1 0 1710475200"),
            &mut hours,
        )
        .unwrap();
    let labels: Vec<_> = rows(&hours).iter().map(|row| row.label.unwrap().hour).collect();
    assert_eq!(labels, [4], "the record that began at 4 was stored");
}

#[test]
fn the_running_hour_is_neither_read_nor_denied() {
    let mut meter = spt961();
    let mut driver = identified(&mut meter, "{}");
    let mut hours = Collected::default();
    let windows = [window(at(3, 15, 9), at(3, 15, 23)), window(at(3, 16, 0), at(3, 17, 0))];
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert_eq!(rows(&hours).len(), 1);
    assert!(hours.absent.is_empty(), "{:?}", hours.absent);
    let monthly = driver.read_archive(&mut meter, ArchiveKind::Monthly, &windows, None, &mut hours);
    assert!(matches!(monthly, Err(Failure::Unsupported(_))), "{monthly:?}");
}

#[test]
fn a_refusal_to_everything_denies_nothing() {
    for diagnostic in ["Нет данных?", "Дата|время?"] {
        let mut meter = spt961();
        let says = meter.far.says.clone();
        for asked in says.keys().filter(|asked| asked.starts_with("18")) {
            meter.far.says.insert(asked.clone(), format!(">{diagnostic}"));
        }
        let mut driver = identified(&mut meter, "{}");
        let mut hours = Collected::default();
        let windows = [window(at(3, 15, 0), at(3, 15, 10))];
        let read = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours);
        assert!(
            matches!(&read, Err(Failure::Refused(text)) if text.contains("10:00:00")),
            "{read:?}"
        );
        assert!(hours.absent.is_empty());
        assert_eq!(
            meter.far.asked.iter().filter(|asked| asked.starts_with("18")).count(),
            3,
            "a gateway is asked again"
        );
    }
    // Behind a record it is the end of the ring.
    let mut meter = spt961();
    meter
        .far
        .says
        .insert("18 0/65530;15/3/2024/8/0/0".to_owned(), ">Нет данных?".to_owned());
    let mut driver = identified(&mut meter, "{}");
    let mut hours = Collected::default();
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert_eq!(rows(&hours).len(), 2);
    assert_eq!(hours.absent.len(), 1);
}

#[test]
fn a_clock_that_was_reset_is_not_asked_for_the_time_before() {
    let mut meter = spt961();
    meter.far.says.insert("1D 0/60".to_owned(), ">01-01-00".to_owned());
    let mut driver = identified(&mut meter, "{}");
    let mut hours = Collected::default();
    let windows = [window(at(3, 15, 0), at(3, 15, 10))];
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert_eq!((rows(&hours).len(), hours.absent.len()), (0, 0));
    assert!(meter.far.asked.iter().all(|asked| !asked.starts_with("18")));
}
