//! The first СПТ941 and the gas meter СПГ741, which keep things in places of their own.

use logika_m4::LogikaM4;
use logika_m4::legacy::interval::window;
use uzel_driver_sdk::calendar::seconds;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, Configure, Diagnostics, Driver, Failure, Quality, Value};

use crate::chance::Chance;
use crate::meter::Meter;
use crate::noise::{CONFIG, NOISE, at, put};

/// Values of the only row by name.
fn value(read: &Collected, id: &str) -> Value {
    let place = read.tables[0].columns.iter().position(|column| column.id == id);
    read.tables[0].rows[0].values[place.unwrap_or_else(|| panic!("no {id}"))].clone()
}

fn float(read: &Collected, id: &str) -> f64 {
    match value(read, id) {
        Value::Float(number) => number,
        other => panic!("{id} is {other:?}"),
    }
}

fn unit(read: &Collected, id: &str) -> String {
    let column = read.tables[0].columns.iter().find(|column| column.id == id);
    column.unwrap_or_else(|| panic!("no {id}")).unit.clone()
}

fn identified(meter: &mut Meter) -> LogikaM4 {
    let mut driver = LogikaM4::default();
    driver.identify(meter, CONFIG).unwrap();
    driver
}

fn spt941() -> Meter {
    let mut meter = Meter::new([0x54, 0x29, 0x03], at(2017, 1, 17, 14, 22));
    meter.session_s = 1_800;
    meter.ram[91] = 0b10;
    for (place, number) in [(232, -238.5), (236, 43.25), (328, 2.5), (332, 1.5)] {
        put(&mut meter.ram, place, number);
    }
    meter.flash[..320].fill(0);
    for total in 0..8 {
        for part in 0..3 {
            put(
                &mut meter.flash,
                192 + 12 * total + 4 * part,
                (100 * (total + 1)) as f32 / 8f32.powi(part as i32),
            );
        }
    }
    put(&mut meter.flash, 8, 0.025);
    meter.flash[60..63].copy_from_slice(&[17, 1, 16]);
    let mut hour = vec![0; 32];
    hour[..4].copy_from_slice(&[0xb0, 0xa4, 3, 0b1000]);
    for (at, number) in [
        (4, 48.5),
        (8, 43.5),
        (12, 10.5),
        (16, 9.5),
        (20, 10.25),
        (24, 9.25),
        (28, 0.5),
    ] {
        put(&mut hour, at, number);
    }
    meter.records.insert((0x48, 0, [117, 1, 17, 14]), hour);
    let mut day = vec![0xff; 64];
    day[..44].fill(0);
    put(&mut day, 40, 24.0);
    meter.records.insert((0x59, 0, [117, 1, 16, 0]), day);
    meter
}

#[test]
fn the_first_spt941_is_read_from_its_own_places() {
    let mut meter = spt941();
    let mut driver = identified(&mut meter);
    let (mut current, mut totals) = (Collected::default(), Collected::default());
    driver.read_current(&mut meter, &mut current).unwrap();
    assert!(matches!(value(&current, "t1"), Value::Absent), "no thermometer");
    let mark = &current.tables[0].rows[0].marks[0];
    assert_eq!((mark.quality, mark.code.as_deref()), (Quality::Absent, Some("НС01")));
    assert_eq!(
        [float(&current, "t2"), float(&current, "G1"), float(&current, "G2")],
        [43.25, 2.5, 1.5]
    );
    assert!(matches!(value(&current, "НС"), Value::Bits(0b10)));
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!(float(&totals, "V1"), 100.0 + 12.5 + 1.5625);
    assert_eq!(float(&totals, "Tи"), 800.0 + 100.0 + 12.5);

    let mut hours = Collected::default();
    let windows = [window(at(2017, 1, 17, 13, 0), at(2017, 1, 17, 14, 0))];
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert_eq!(
        [float(&hours, "V12"), float(&hours, "M23"), float(&hours, "Q")],
        [10.5, 9.25, 0.5]
    );
    let said = &hours.tables[0].rows[0].conditions[0];
    assert_eq!((said.code.as_str(), said.point), ("НС03", 0));
    let mut days = Collected::default();
    let windows = [window(at(2017, 1, 16, 0, 0), at(2017, 1, 17, 0, 0))];
    driver
        .read_archive(&mut meter, ArchiveKind::Daily, &windows, None, &mut days)
        .unwrap();
    let label = days.tables[0].rows[0].label.and_then(seconds);
    assert_eq!(
        label,
        Some(at(2017, 1, 17, 0, 0)),
        "asked for by its own date, given by its end"
    );
    assert_eq!(float(&days, "Tи"), 24.0);

    let settings = driver.read_settings(&mut meter).unwrap();
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap().value.clone();
    assert!(matches!(find("C1"), Value::Float(number) if (number - 0.025).abs() < 1e-7));
    assert!(matches!(find("ДО"), Value::Text(text) if text == "16-01-17"));
    let got = driver.write_setting(&mut meter, "C1", Value::Text("1".to_owned()));
    assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
    let to = uzel_driver_sdk::calendar::civil(at(2017, 1, 18, 0, 0));
    let got = driver.set_clock(&mut meter, to);
    assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
}

fn spg741() -> Meter {
    let mut meter = Meter::new([0x47, 0x29, 0x15], at(2024, 3, 15, 10, 20));
    meter.session_s = 1_800;
    meter.has_months = true;
    meter.flash[..16].fill(0);
    meter.flash[0x2100..0x2128].fill(0);
    for (number, text) in [(14, "25"), (15, "10"), (0, "2")] {
        meter.set(0x200 + 16 * number, text);
    }
    for (number, unit) in [(54, 1), (55, 0), (62, 2), (63, 3), (74, 0), (75, 7), (76, 1), (77, 1)] {
        meter.set(0x200 + 16 * number, "");
        meter.flash[0x200 + 16 * number + 12] = unit;
    }
    meter.ram[0x224..0x228].copy_from_slice(&[0, 0, 1, 2]);
    for (place, number) in [(0x228, 0.25), (0x234, 12.5), (0x260, 7.5), (0x270, 21.5)] {
        put(&mut meter.ram, place, number);
    }
    meter.flash[0x2118..0x211c].copy_from_slice(&5_000i32.to_le_bytes());
    put(&mut meter.flash, 0x211c, 0.5);
    put(&mut meter.ram, 0x2da, 0.25);
    let mut record = vec![0; 64];
    record[4..8].copy_from_slice(&[0, 0, 0, 4]);
    for (at, number) in [(0, 1.0), (8, 0.25), (12, 15.5), (44, 300.5)] {
        put(&mut record, at, number);
    }
    for (function, label) in [(0x48, [124, 3, 15, 9]), (0x59, [124, 3, 15, 0]), (0x4d, [124, 2, 0, 0])] {
        meter.records.insert((function, 0, label), record.clone());
    }
    meter
}

#[test]
fn a_spg741_is_read_from_its_own_places_and_in_its_own_units() {
    let mut meter = spg741();
    let mut driver = identified(&mut meter);
    let (mut current, mut totals) = (Collected::default(), Collected::default());
    driver.read_current(&mut meter, &mut current).unwrap();
    let read = ["P1", "Qp1", "dP3", "t3"].map(|id| float(&current, id));
    assert_eq!(read, [0.25, 12.5, 7.5, 21.5]);
    let units = ["P1", "dP1", "P2", "dP2", "Pб"].map(|id| unit(&current, id));
    assert_eq!(units, ["MPa", "kPa", "kgf/cm2", "kgf/m2", "kgf/m2"]);
    let codes: Vec<_> = current.tables[0].rows[0]
        .conditions
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["НС16", "НС25"]);
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!([float(&totals, "V"), float(&totals, "Vр1")], [5_000.75, 0.0]);
    for (kind, from, to) in [
        (ArchiveKind::Hourly, at(2024, 3, 15, 8, 0), at(2024, 3, 15, 9, 0)),
        (ArchiveKind::Daily, at(2024, 3, 14, 10, 0), at(2024, 3, 15, 10, 0)),
        (ArchiveKind::Monthly, at(2024, 1, 25, 10, 0), at(2024, 2, 25, 10, 0)),
    ] {
        let mut out = Collected::default();
        driver
            .read_archive(&mut meter, kind, &[window(from, to)], None, &mut out)
            .unwrap();
        assert_eq!(
            [float(&out, "ТС"), float(&out, "P1"), float(&out, "V")],
            [1.0, 0.25, 300.5],
            "{kind:?}"
        );
        assert_eq!(out.tables[0].rows[0].label.and_then(seconds), Some(to), "{kind:?}");
        assert_eq!(out.tables[0].rows[0].conditions[0].code, "НС26", "{kind:?}");
        assert!(out.tables[0].columns.iter().all(|column| column.id != "СП"));
    }
    let settings = driver.read_settings(&mut meter).unwrap();
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap();
    assert_eq!(find("P2к").unit.as_deref(), Some("kgf/cm2"));
}

/// A СПГ741 with the decades that end on these dates of 2024 and hold so many hours.
fn with_decades(ends: &[(u8, u8, f32)]) -> Meter {
    let mut meter = spg741();
    for (month, day, hours) in ends {
        let mut record = vec![0; 64];
        for (at, number) in [(0, *hours), (12, 15.5), (44, 10.0 * hours)] {
            put(&mut record, at, number);
        }
        meter.records.insert((0x41, 0, [124, *month, *day, 0]), record);
    }
    meter
}

/// Start, end and hours of a decade.
type Decade = (i64, i64, f64);

/// The decades of a window, all that was said, and how the call ended.
fn decades(meter: &mut Meter, from: i64, to: i64) -> (Vec<Decade>, Collected, Result<(), Failure>) {
    let mut driver = LogikaM4::default();
    let mut out = Collected::default();
    let ended = driver.identify(meter, CONFIG).and_then(|_| {
        let windows = [window(from, to)];
        driver.read_archive(meter, ArchiveKind::TenDays, &windows, None, &mut out)
    });
    let rows = out.tables.iter().flat_map(|table| &table.rows);
    let read = rows.map(|row| {
        let [start, end] = [row.other_end, row.label].map(|at| at.and_then(seconds).unwrap());
        let Value::Float(hours) = row.values[1] else {
            panic!("{:?}", row.values)
        };
        (start, end, hours)
    });
    (read.collect(), out, ended)
}

/// Of the leap year 2024; the report hour is 10.
const ENDS: [(u8, u8, f32); 5] = [
    (2, 1, 264.0),
    (2, 11, 240.0),
    (2, 21, 240.0),
    (3, 1, 216.0),
    (3, 11, 240.0),
];

#[test]
fn decades_of_a_spg741_end_on_the_11th_the_21st_and_the_1st() {
    let mut meter = with_decades(&ENDS);
    let (read, out, ended) = decades(&mut meter, at(2024, 1, 15, 0, 0), at(2024, 3, 15, 0, 0));
    ended.unwrap();
    let day = |month, day| at(2024, month, day, 10, 0);
    let bounds = [day(1, 21), day(2, 1), day(2, 11), day(2, 21), day(3, 1), day(3, 11)];
    let pairs = bounds.windows(2).map(|pair| (pair[0], pair[1]));
    let want: Vec<_> = pairs
        .map(|(start, end)| (start, end, (end - start) as f64 / 3_600.0))
        .collect();
    assert_eq!(read, want, "the running decade is not asked for");
    assert!(out.absent.is_empty(), "{:?}", out.absent);
    let table = &out.tables[0];
    assert_eq!(
        (table.columns[1].id.as_str(), table.columns[1].unit.as_str()),
        ("ТС", "h")
    );

    let mut meter = with_decades(&[ENDS[4]]);
    let (read, out, ended) = decades(&mut meter, at(2024, 2, 1, 0, 0), at(2024, 3, 15, 0, 0));
    ended.unwrap();
    assert_eq!(read.len(), 1);
    let [(gap, why)] = out.absent.as_slice() else {
        panic!("{:?}", out.absent)
    };
    let gap = [gap.begin, gap.end].map(|side| seconds(side).unwrap());
    assert_eq!((gap, *why), ([day(2, 1), day(3, 1)], Absence::NeverWritten));
}

#[test]
fn no_noise_gives_a_wrong_decade_and_others_keep_none() {
    let (from, to) = (at(2024, 1, 15, 0, 0), at(2024, 3, 15, 0, 0));
    let (truth, ..) = decades(&mut with_decades(&ENDS), from, to);
    let mut whole = 0;
    for seed in 0..100 {
        let mut meter = with_decades(&ENDS);
        (meter.faults, meter.chance) = (NOISE, Chance(seed * 0x1234_5678_9abc));
        let (read, out, _) = decades(&mut meter, from, to);
        assert!(read.iter().all(|row| truth.contains(row)), "seed {seed}: {read:?}");
        assert!(out.absent.is_empty(), "seed {seed}: {:?}", out.absent);
        whole += usize::from(read.len() == truth.len());
    }
    assert!(whole > 80, "{whole} of 100 sessions read every decade");
    let mut driver = identified(&mut spt941());
    let got = driver.read_archive(
        &mut spt941(),
        ArchiveKind::TenDays,
        &[],
        None,
        &mut Collected::default(),
    );
    assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
}
