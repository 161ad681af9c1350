//! Conversations with meters of the extended dialect: what each gives, and what happens when a meter or a line behaves.

use logika_m4::LogikaM4;
use logika_m4::extended::model::{model, places_of};
use logika_m4::ident::Device;
use logika_m4::legacy::interval::window;
use uzel_driver_sdk::calendar::{HOUR, seconds};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, Diagnostics, Driver, Failure, Quality, Row, Value, Window};

use crate::corpus_extended::DEVICES;
use crate::meter::Meter;
use crate::noise::{CONFIG, at};
use crate::small::meter;
use crate::tagged::{Tagged, text};

fn tagged(meter: &mut Meter) -> &mut Tagged {
    meter.tagged.as_mut().unwrap()
}

fn identified(meter: &mut Meter, config: &str) -> LogikaM4 {
    let mut driver = LogikaM4::default();
    driver.identify(meter, config).unwrap();
    driver
}

fn archive(
    driver: &mut LogikaM4,
    meter: &mut Meter,
    kind: ArchiveKind,
    windows: &[Window],
    resume: Option<&[u8]>,
) -> Collected {
    let mut out = Collected::default();
    driver.read_archive(meter, kind, windows, resume, &mut out).unwrap();
    out
}

fn rows(collected: &Collected) -> Vec<&Row> {
    collected.tables.iter().flat_map(|table| &table.rows).collect()
}

fn labels(collected: &Collected) -> Vec<i64> {
    rows(collected)
        .iter()
        .map(|row| seconds(row.label.unwrap()).unwrap())
        .collect()
}

const ALL_HOURS: (i64, i64) = (1_710_208_800, 1_710_496_800);

#[test]
fn every_model_gives_all_that_it_has() {
    for (device, name) in DEVICES {
        let mut meter = meter(device);
        let mut driver = LogikaM4::default();
        let identity = driver.identify(&mut meter, CONFIG).unwrap();
        assert_eq!(
            (identity.model.as_str(), identity.serial.as_deref()),
            (model(device).unwrap().id, Some("120663"))
        );
        assert!(
            identity
                .details
                .iter()
                .any(|(key, text)| key == "devInfo" && text == "an info")
        );
        let (mut current, mut totals) = (Collected::default(), Collected::default());
        driver.read_current(&mut meter, &mut current).unwrap();
        driver.read_totals(&mut meter, &mut totals).unwrap();
        for (read, groups) in [
            (&current, model(device).unwrap().live),
            (&totals, model(device).unwrap().totals),
        ] {
            let wide = if device == Device::Spt944 && std::ptr::eq(read, &raw const current) {
                4
            } else {
                0
            };
            let count: usize = groups.iter().map(|group| places_of(group).count()).sum();
            assert_eq!(rows(read)[0].values.len(), count + wide, "{name}");
            assert_eq!(read.tables[0].columns.len(), count + wide, "{name}");
        }
        let settings = driver.read_settings(&mut meter).unwrap();
        assert!(settings.len() >= 14, "{name}");
        if device == Device::Lgk410 {
            assert!(rows(&current)[0].label.is_none(), "it has no clock");
            assert!(matches!(driver.read_clock(&mut meter), Err(Failure::Unsupported(_))));
            let windows = [window(0, HOUR)];
            let got = driver.read_archive(
                &mut meter,
                ArchiveKind::Hourly,
                &windows,
                None,
                &mut Collected::default(),
            );
            assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
            continue;
        }
        let shown = driver.read_clock(&mut meter).unwrap().shown;
        assert_eq!(
            (shown.year, shown.day, shown.hour, shown.minute),
            (2024, 15, 10, 20),
            "{name}"
        );
        let windows = [window(ALL_HOURS.0, ALL_HOURS.1)];
        let hours = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
        assert_eq!((rows(&hours).len(), hours.tables.len()), (67, 1), "{name}");
        let days = [window(at(2024, 3, 10, 0, 0), at(2024, 3, 16, 0, 0))];
        let days = archive(&mut driver, &mut meter, ArchiveKind::Daily, &days, None);
        let ends: Vec<i64> = (11..=15).map(|day| at(2024, 3, day, 10, 0)).collect();
        assert_eq!(labels(&days), ends, "{name}: a day ends at ЧР of its date");
        let months = [window(at(2023, 12, 1, 0, 0), at(2024, 4, 1, 0, 0))];
        let months = archive(&mut driver, &mut meter, ArchiveKind::Monthly, &months, None);
        assert_eq!(
            labels(&months),
            [at(2024, 1, 25, 10, 0), at(2024, 2, 25, 10, 0)],
            "{name}"
        );
        let began = rows(&months)[0].other_end.and_then(seconds);
        assert_eq!(began, Some(at(2023, 12, 25, 10, 0)), "{name}");
        let mut journal = Collected::default();
        driver.read_events(&mut meter, None, &mut journal).unwrap();
        let archives = model(device).unwrap().archive_channels().len();
        assert_eq!(journal.events.len(), 12 * archives, "{name}");
        assert!(
            !meter.notes.iter().any(|note| note.contains("asking again")),
            "{name}: {:?}",
            meter.notes
        );
        driver.close(&mut meter);
    }
}

#[test]
fn what_the_meter_does_not_hold_is_said_once_and_with_its_reason() {
    let mut meter = meter(Device::Spt941_20);
    let mut driver = identified(&mut meter, CONFIG);
    let asked = meter.understood;
    let windows = [window(at(2015, 1, 1, 0, 0), at(2024, 3, 16, 0, 0))];
    let read = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    assert_eq!(rows(&read).len(), 67);
    let said: Vec<_> = read
        .absent
        .iter()
        .map(|(gap, why)| (seconds(gap.begin).unwrap(), seconds(gap.end).unwrap(), *why))
        .collect();
    let depth = at(2024, 3, 15, 10, 20) - 2_000 * HOUR;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!((depth..depth + 60).contains(&said[0].1), "{said:?}");
    assert_eq!((said[0].0, said[0].2), (at(2015, 1, 1, 0, 0), Absence::Overwritten));
    assert_eq!((said[1].1, said[1].2), (at(2024, 3, 12, 10, 0), Absence::NeverWritten));
    assert_eq!(
        said[2],
        (at(2024, 3, 13, 6, 0), at(2024, 3, 13, 11, 0), Absence::NeverWritten)
    );
    assert!(meter.understood - asked < 25, "{} questions", meter.understood - asked);
}

#[test]
fn a_record_that_may_not_be_written_yet_is_left_for_the_next_session() {
    let mut meter = meter(Device::Spt943rev3);
    // The hour that ends at 7:00 has no record: it is 20 s after its end.
    meter.clock = at(2024, 3, 13, 7, 0) + 18;
    let mut driver = identified(&mut meter, CONFIG);
    let windows = [window(at(2024, 3, 13, 5, 0), at(2024, 3, 13, 7, 0))];
    let read = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    assert_eq!((rows(&read).len(), read.absent.len()), (1, 0), "{:?}", read.absent);
}

#[test]
fn an_input_that_is_not_in_use_has_no_columns_and_one_without_a_record_empty_cells() {
    let mut meter = meter(Device::Spt943rev3);
    let windows = [window(at(2024, 3, 14, 0, 0), at(2024, 3, 14, 3, 0))];
    let second = tagged(&mut meter).archives.get_mut(&(2, 0)).unwrap();
    second.remove(&vec![24, 3, 14, 2]);
    let mut driver = identified(&mut meter, CONFIG);
    let read = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    let row = rows(&read)[1];
    assert_eq!((rows(&read).len(), row.values.len()), (3, 54));
    assert!(row.values[27..].iter().all(|value| matches!(value, Value::Absent)));
    let marked = row
        .marks
        .iter()
        .filter(|mark| mark.code.as_deref() == Some("no record"));
    assert_eq!(marked.count(), 27);
    // СП 99 (M4 note, section 4.4).
    let unused: Vec<u8> = [&[0x30, 58, 0x41, 4, 99, 0, 0, 0][..], &[5, 0].repeat(26)].concat();
    for record in tagged(&mut meter).archives.get_mut(&(2, 0)).unwrap().values_mut() {
        record.clone_from(&unused);
    }
    let mut driver = identified(&mut meter, CONFIG);
    let read = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    assert_eq!((rows(&read).len(), read.tables[0].columns.len()), (3, 27));
}

#[test]
fn a_cut_reading_goes_on_behind_what_was_stored() {
    let mut meter = meter(Device::Spt944);
    let mut driver = identified(&mut meter, CONFIG);
    let windows = [
        window(at(2024, 3, 14, 0, 0), at(2024, 3, 14, 3, 0)),
        window(at(2024, 3, 13, 20, 0), at(2024, 3, 14, 0, 0)),
    ];
    let mut all = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    assert_eq!(
        (rows(&all).len(), all.resume.take()),
        (7, Some(b"m4x/1 1 1710370800".to_vec()))
    );
    let rest = archive(
        &mut driver,
        &mut meter,
        ArchiveKind::Hourly,
        &windows,
        Some(b"m4x/1 1 1710363600"),
    );
    assert_eq!(labels(&rest), [at(2024, 3, 13, 23, 0), at(2024, 3, 14, 0, 0)]);
    assert!(
        rest.absent.is_empty(),
        "what was stored is not absent: {:?}",
        rest.absent
    );
}

#[test]
fn a_pointer_back_ends_in_no_loop() {
    let mut meter = meter(Device::Spt940);
    let mut driver = identified(&mut meter, CONFIG);
    // The archive ends, and the meter points to where it begins: an entry of length 0 under an old label.
    let hours = tagged(&mut meter).archives.get_mut(&(0, 0)).unwrap();
    let last = hours.keys().next_back().unwrap().clone();
    hours.insert([&last[..], &[0]].concat(), vec![0x30, 0]);
    let windows = [window(at(2024, 3, 15, 6, 0), at(2024, 3, 16, 0, 0))];
    let read = archive(&mut driver, &mut meter, ArchiveKind::Hourly, &windows, None);
    assert_eq!(rows(&read).len(), 4);
}

#[test]
fn a_record_of_another_length_is_refused() {
    let mut meter = meter(Device::Spt940);
    let mut driver = identified(&mut meter, CONFIG);
    let label = vec![24, 3, 14, 2];
    let short = vec![0x30, 4, 0x41, 2, 1, 0];
    tagged(&mut meter)
        .archives
        .get_mut(&(0, 0))
        .unwrap()
        .insert(label, short);
    let mut out = Collected::default();
    let windows = [window(at(2024, 3, 14, 0, 0), at(2024, 3, 14, 3, 0))];
    let got = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(
        matches!(&got, Err(Failure::Garbled(text)) if text == "a record has 1 values, expected 31"),
        "{got:?}"
    );
    assert_eq!(rows(&out).len(), 1, "what was whole is kept");
    assert!(out.absent.is_empty());
}

#[test]
fn too_short_an_answer_is_no_answer() {
    let mut meter = meter(Device::Spt941_20);
    let mut driver = identified(&mut meter, CONFIG);
    tagged(&mut meter).most = 10;
    let got = driver.read_current(&mut meter, &mut Collected::default());
    assert!(
        matches!(&got, Err(Failure::Garbled(text)) if text.starts_with("20 tags were asked for")),
        "{got:?}"
    );
}

#[test]
fn situations_name_what_they_are_about() {
    let mut meter = meter(Device::Spt944);
    let flags = [&[0x4b, 11][..], &[1, 0, 0, 0, 0, 0, 0, 0, 0b1001, 0, 0b10000]].concat();
    tagged(&mut meter).values.insert((0, 1_036), flags);
    let mut driver = identified(&mut meter, CONFIG);
    let mut out = Collected::default();
    driver.read_current(&mut meter, &mut out).unwrap();
    let (columns, row) = (&out.tables[0].columns, rows(&out)[0]);
    let said: Vec<_> = row
        .conditions
        .iter()
        .map(|one| {
            let about = one.column.map(|place| columns[usize::from(place)].id.as_str());
            (one.code.as_str(), one.category.as_deref(), one.point, about)
        })
        .collect();
    let want = [
        ("НС00", Some("battery"), 0, None),
        ("НС64", Some("mass-imbalance"), 1, None),
        ("НС67", Some("negative-heat"), 1, None),
        ("НС84", Some("dt-below-min"), 2, Some("dt")),
    ];
    assert_eq!(said, want);
    let bits = |point: u8| {
        let place = columns
            .iter()
            .position(|column| column.id == "НС" && column.point == point)
            .unwrap();
        row.values[place].clone()
    };
    assert!(matches!(
        (bits(0), bits(1), bits(2)),
        (Value::Bits(1), Value::Bits(9), Value::Bits(16))
    ));
}

#[test]
fn a_sensor_out_of_range_is_marked_and_a_missing_one_is_absent() {
    let mut meter = meter(Device::Spt941_20);
    let values = &mut tagged(&mut meter).values;
    values.insert((0, 1_045), vec![0x4b, 8, 0, 0, 0, 0, 0b1001, 0, 0, 0]);
    values.insert((0, 1_039), vec![5, 0]);
    values.insert((0, 1_033), [&[0x43, 4][..], &175f32.to_le_bytes()].concat());
    let mut driver = identified(&mut meter, CONFIG);
    let mut out = Collected::default();
    driver.read_current(&mut meter, &mut out).unwrap();
    let (columns, row) = (&out.tables[0].columns, rows(&out)[0]);
    let mark = |id: &str| {
        let place = columns.iter().position(|column| column.id == id).unwrap();
        let mark = row.marks.iter().find(|mark| usize::from(mark.column) == place).unwrap();
        (mark.quality, mark.code.as_deref().unwrap())
    };
    assert_eq!(mark("P1"), (Quality::Absent, "НС32"));
    assert_eq!(mark("t1"), (Quality::Doubtful, "НС35"));
}

#[test]
fn gas_pressures_have_the_units_of_their_settings() {
    let mut meter = meter(Device::Spg742);
    let values = &mut tagged(&mut meter).values;
    for (place, unit) in [((0, 14), "0"), ((0, 19), "3"), ((1, 10), "2"), ((1, 15), "7")] {
        values.insert(place, text(unit));
    }
    let mut driver = identified(&mut meter, CONFIG);
    let mut out = Collected::default();
    driver.read_current(&mut meter, &mut out).unwrap();
    let unit = |id: &str| {
        out.tables[0]
            .columns
            .iter()
            .find(|column| column.id == id)
            .unwrap()
            .unit
            .clone()
    };
    assert_eq!(
        ["P3", "dP3", "P1", "dP1", "dP1д", "P2"].map(unit),
        ["kPa", "kgf/m2", "kgf/cm2", "kPa", "kPa", "MPa"]
    );
    let settings = driver.read_settings(&mut meter).unwrap();
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap();
    assert_eq!(find("ВП/P1").unit.as_deref(), Some("kgf/cm2"));
}

#[test]
fn a_meter_that_forgot_the_session_is_woken_again() {
    let mut meter = meter(Device::Spt941_20);
    let mut driver = identified(&mut meter, CONFIG);
    uzel_driver_sdk::Port::sleep(&mut meter, 90_000);
    driver.read_clock(&mut meter).unwrap();
    assert!(
        !meter.notes.iter().any(|note| note.contains("asking again")),
        "{:?}",
        meter.notes
    );
}
