//! Identification, the clock, what a device shows now; and what goes wrong, by its name.

use modbus::Modbus;
use serde_json::json;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Diagnostics, Driver, Failure, LabelRule, Value};

use crate::example::{CLOCK, config, device, whole};
use crate::far::{Device, Framing};
use uzel_driver_sdk::wire::Wire;

const FRAMINGS: [Framing; 3] = [Framing::Rtu, Framing::Ascii, Framing::Tcp];

/// Columns and values of the one row that a call gave.
fn row(out: &Collected) -> Vec<(String, String, Value)> {
    let table = out.tables.last().unwrap();
    assert_eq!((table.labels, table.rows.len()), (LabelRule::Moment, 1));
    let columns = table.columns.iter().zip(&table.rows[0].values);
    columns
        .map(|(column, value)| (column.id.clone(), column.unit.clone(), value.clone()))
        .collect()
}

fn of(id: &str, unit: &str, value: Value) -> (String, String, Value) {
    (id.to_owned(), unit.to_owned(), value)
}

#[test]
fn a_device_of_an_own_map_is_read_in_every_framing() {
    for framing in FRAMINGS {
        let mut line = Wire::new(device(framing));
        let mut driver = Modbus::default();
        let identity = driver.identify(&mut line, &config(framing)).unwrap();
        let known = (
            identity.model.as_str(),
            identity.serial.as_deref(),
            identity.firmware.as_deref(),
        );
        assert_eq!(known, ("own", Some("123456"), Some("102")), "{framing:?}");
        let clock = driver.read_clock(&mut line).unwrap();
        assert_eq!(
            [clock.shown.year, clock.shown.minute.into(), clock.shown.second.into()],
            [CLOCK[0], 20, 30]
        );
        let mut out = Collected::default();
        driver.read_current(&mut line, &mut out).unwrap();
        let want = [
            of("t1", "Cel", whole(7_123, 2)),
            of("t2", "Cel", whole(-32_768, 2)),
            of("G", "m3/h", whole(1_234_567, 3)),
            of("state", "", Value::Bits(5)),
        ];
        assert_eq!(row(&out), want, "{framing:?}");
        driver.read_totals(&mut line, &mut out).unwrap();
        assert_eq!(
            row(&out),
            [of("V", "m3", whole(1_234_567, 3)), of("Q", "Gcal", whole(4_217, 4))]
        );
        let settings = driver.read_settings(&mut line).unwrap();
        assert_eq!(
            (settings[0].id.as_str(), &settings[0].value, settings[0].writable),
            ("report-day", &whole(25, 0), true)
        );
    }
}

fn identify(device: Device, config: &str) -> (Result<String, Failure>, Wire<Device>) {
    let mut line = Wire::new(device);
    let identity = Modbus::default().identify(&mut line, config);
    (identity.map(|identity| identity.model), line)
}

/// What is another with a device.
type Change = fn(&mut Device);

#[test]
fn what_is_not_the_device_of_the_map_is_refused() {
    let tests: [(&str, Change, Failure); 4] = [
        (
            "another model",
            |device| device.put(0, &[0x5232]),
            Failure::WrongDevice("h:0x0000 x1 is 21042, a РЕГИСТР-1 has one of [21041]".to_owned()),
        ),
        (
            "another kind of device",
            |device| {
                device.holding.remove(&0);
            },
            Failure::WrongDevice(
                "it answers h:0x0000 x1 with exception 2 (illegal data address): no РЕГИСТР-1".to_owned(),
            ),
        ),
        ("another address", |device| device.unit = 2, Failure::NoAnswer),
        (
            "always busy",
            |device| device.busy = 99,
            Failure::Refused("exception 6 (device busy)".to_owned()),
        ),
    ];
    for (name, change, want) in tests {
        let mut device = device(Framing::Rtu);
        change(&mut device);
        assert_eq!(identify(device, &config(Framing::Rtu)).0, Err(want), "{name}");
    }
    let mut busy = device(Framing::Rtu);
    busy.busy = 2;
    assert_eq!(identify(busy, &config(Framing::Rtu)).0, Ok("own".to_owned()));
}

#[test]
fn a_map_that_is_none_is_a_fault_of_the_configuration() {
    for (text, want) in [
        (
            "version = 1\nname = \"x\"\ncolour = 1",
            "map, line 3: key `colour` is not known here",
        ),
        (
            "version = 1\nname = \"x\"",
            "map: identify: a map needs at least one rule",
        ),
    ] {
        let config = json!({"map": "own", "map_text": text}).to_string();
        let Err(Failure::Config(got)) = identify(device(Framing::Rtu), &config).0 else {
            panic!("{text} was taken")
        };
        assert!(got.contains(want), "{got}");
    }
}

#[test]
fn a_line_that_hears_itself_is_read() {
    let mut echoing = device(Framing::Rtu);
    echoing.echoes = true;
    echoing.texts = vec!["ABB", "B23"];
    let (identity, line) = identify(echoing, &config(Framing::Rtu));
    assert_eq!(identity, Ok("own".to_owned()));
    assert_eq!(line.notes, Vec::<String>::new(), "nothing was taken for noise");
}

#[test]
fn holes_in_a_run_of_registers_cost_only_themselves() {
    let mut holed = device(Framing::Tcp);
    holed.holding.remove(&33);
    let mut line = Wire::new(holed);
    let mut driver = Modbus::default();
    driver.identify(&mut line, &config(Framing::Tcp)).unwrap();
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    let values: Vec<_> = row(&out).into_iter().map(|(_, _, value)| value).collect();
    assert_eq!(
        values,
        [whole(7_123, 2), Value::Absent, whole(1_234_567, 3), Value::Bits(5)]
    );
    let mark = &out.tables[0].rows[0].marks[0];
    assert_eq!(
        (mark.column, mark.code.as_deref()),
        (1, Some("exception 2 (illegal data address)"))
    );
}

fn float(number: f32) -> [u16; 2] {
    let bits = number.to_bits();
    [
        u16::try_from(bits >> 16).unwrap(),
        u16::try_from(bits & 0xffff).unwrap(),
    ]
}

/// Identifies by a shipped map and reads current values, then totals.
pub fn shipped(device: Device, map: &str) -> (Option<String>, Vec<(String, String, Value)>) {
    let framing = device.framing;
    let mut line = Wire::new(device);
    let mut driver = Modbus::default();
    let config = json!({"map": map, "framing": framing.name()}).to_string();
    let identity = driver
        .identify(&mut line, &config)
        .unwrap_or_else(|error| panic!("{map}: {error:?}"));
    assert_eq!(identity.model, map);
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    let mut all = row(&out);
    if driver.read_totals(&mut line, &mut out).is_ok() {
        all.extend(row(&out));
    }
    (identity.serial, all)
}

pub fn value(all: &[(String, String, Value)], id: &str) -> Value {
    let found = all.iter().find(|(known, ..)| known == id);
    found.unwrap_or_else(|| panic!("no {id} in {all:?}")).2.clone()
}

#[test]
fn an_electricity_meter_is_read_by_its_shipped_map() {
    let mut meter = Device::new(Framing::Rtu);
    for at in (0..0x160).step_by(2) {
        let number = if at == 0x46 { 49.98 } else { f32::from(at) + 0.5 };
        for (at, register) in (at..).zip(float(number)) {
            meter.input.insert(at, register);
        }
    }
    meter.put(0xfc00, &[0x0001, 0x0002]);
    let (serial, all) = shipped(meter, "sdm630");
    assert_eq!((serial.as_deref(), all.len()), (Some("65538"), 18));
    assert_eq!(value(&all, "U2"), Value::Float(2.5));
    assert_eq!(value(&all, "A+"), Value::Float(72.5));
    assert_eq!(value(&all, "f"), Value::Float(f64::from(49.98f32)));
}

#[test]
fn a_water_meter_is_read_by_its_shipped_map() {
    let mut meter = Device::new(Framing::Rtu);
    meter.put(0, &[0; 120]);
    let swapped = |[high, low]: [u16; 2]| [low, high];
    meter.put(0, &swapped(float(12.25)));
    meter.put(8, &[0x86a1, 0x0001]);
    meter.put(1_437, &[0, 4]);
    meter.put(52, &[0x5930, 0x2823, 0x2602]);
    let (_, all) = shipped(meter, "tuf-2000m");
    assert_eq!(value(&all, "G"), Value::Float(12.25));
    assert_eq!(value(&all, "V+"), whole(1_000_010, 0), "100001 times ten");
    assert_eq!(value(&all, "V+ fraction"), Value::Float(0.0));
}

#[test]
fn a_device_that_describes_itself_is_read() {
    let mut meter = Device::new(Framing::Tcp);
    meter.put(40_000, &[0x5375, 0x6e53, 1, 66]);
    meter.put(40_004, &[0; 66]);
    meter.put(40_052, &[0x5a2d, 0x3137]);
    // Three-phase meter in delta, 105 registers: current 12.3 A, factor -1; nothing else is implemented.
    meter.put(40_070, &[204, 105]);
    meter.put(40_072, &[0x8000; 105]);
    meter.put(40_072, &[123]);
    meter.put(40_076, &[0xffff]);
    meter.put(40_177, &[0xffff, 0]);
    let (serial, all) = shipped(meter, "sunspec");
    assert_eq!((serial.as_deref(), value(&all, "A")), (Some("Z-17"), whole(123, 1)));
    assert_eq!(value(&all, "W"), Value::Absent);
}
