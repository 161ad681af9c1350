//! Writing: ranges, read-back, and that a curve is written whole or not at all.

use modbus::Modbus;
use serde_json::json;
use uzel_driver_sdk::{Control, Diagnostics, Driver, Failure, Fixed, Value};

use crate::far::{Device, Framing};
use uzel_driver_sdk::wire::Wire;

/// An ECL 310 with A266.1; registers are one less than the maker's numbers.
fn ecl() -> Device {
    let mut device = Device::new(Framing::Tcp);
    device.put(2_059, &[65, 266, 1, 5]);
    device.put(35, &[0x0012, 0xd687]);
    device.put(64_044, &[13, 45, 10, 3, 2024]);
    device.put(10_200, &[0xfe3e, 0x0843, 0x197d, 0x4b00, 0x10d6, 0xe700]);
    device.put(4_200, &[1, 2]);
    device.put(4_210, &[2, 0]);
    device.put(11_176, &[10, 90]);
    device.put(11_179, &[200, 160]);
    device.put(11_183, &[80]);
    device.put(11_251, &[2_000, 6_480]);
    device.put(11_399, &[75, 60, 50, 45, 40, 28]);
    for (at, range) in [
        (4_200, (1, 4)),
        (11_179, (50, 400)),
        (11_180, (50, 400)),
        (11_183, (5, 250)),
    ] {
        device.ranges.insert(at, range);
    }
    for at in 11_399..11_405 {
        device.ranges.insert(at, (10, 150));
    }
    device
}

fn begun(device: Device, map: &str) -> (Modbus, Wire<Device>) {
    let mut line = Wire::new(device);
    let mut driver = Modbus::default();
    let framing = line.far.framing.name();
    let config = json!({"map": map, "framing": framing}).to_string();
    driver
        .identify(&mut line, &config)
        .unwrap_or_else(|error| panic!("{map}: {error:?}"));
    (driver, line)
}

fn fixed(digits: i64, decimals: u8) -> Value {
    Value::Fixed(Fixed { digits, decimals })
}

fn set(driver: &mut Modbus, line: &mut Wire<Device>, id: &str, value: Value) -> Result<Value, Failure> {
    let arguments = [
        ("setting".to_owned(), Value::Text(id.to_owned())),
        ("value".to_owned(), value),
    ];
    driver.command(line, "set", &arguments)
}

fn refused(result: Result<Value, Failure>, want: &str) {
    match result {
        Err(Failure::Refused(text)) => assert!(text.contains(want), "{want}: {text}"),
        other => panic!("{want}: {other:?}"),
    }
}

#[test]
fn an_unknown_application_is_refused() {
    let mut device = ecl();
    device.put(2_060, &[999]);
    let mut line = Wire::new(device);
    let config = json!({"map": "ecl-comfort", "framing": "tcp"}).to_string();
    let result = Modbus::default()
        .identify(&mut line, &config)
        .map(|identity| identity.model);
    let want = "application A999.1 is not in the tables of this driver";
    assert_eq!(result, Err(Failure::WrongDevice(want.to_owned())));
}

#[test]
fn settings_are_those_of_the_application_that_answer() {
    let (mut driver, mut line) = begun(ecl(), "ecl-comfort");
    let settings = driver.read_settings(&mut line).unwrap();
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap();
    let comfort = find("11180");
    assert_eq!(
        (comfort.title.as_str(), &comfort.value, comfort.writable),
        ("Comfort room T", &fixed(200, 1), true)
    );
    assert!(!find("11184").writable, "constants of the motor are for an adjuster");
    assert_eq!(find("4201").value, fixed(1, 0));
}

#[test]
fn a_set_point_is_written_once_within_its_range_and_read_back() {
    let (mut driver, mut line) = begun(ecl(), "ecl-comfort");
    assert_eq!(set(&mut driver, &mut line, "11180", fixed(21, 0)), Ok(fixed(210, 1)));
    assert_eq!(line.far.written, [(11_179, 210)]);
    assert_eq!(
        set(&mut driver, &mut line, "11180", fixed(210, 1)),
        Ok(fixed(210, 1)),
        "it is so already"
    );
    refused(
        set(&mut driver, &mut line, "11180", fixed(220, 1)),
        "within the last minute",
    );
    line.now += 61_000;
    refused(
        set(&mut driver, &mut line, "11180", fixed(450, 1)),
        "is to be 45.0 , expected 5.0 to 40.0",
    );
    refused(set(&mut driver, &mut line, "11180", fixed(2_105, 2)), "with 1 decimals");
    refused(set(&mut driver, &mut line, "4201", fixed(0, 0)), "expected 1 to 4");
    refused(set(&mut driver, &mut line, "11184", fixed(81, 0)), "is not written");
    assert_eq!(line.far.written.len(), 1, "nothing else was sent");
    assert_eq!(set(&mut driver, &mut line, "11180", fixed(205, 1)), Ok(fixed(205, 1)));
}

#[test]
fn a_check_says_what_a_command_would_change_and_writes_nothing() {
    let (mut driver, mut line) = begun(ecl(), "ecl-comfort");
    let mut check = |command: &str, arguments: &[(&str, Value)]| {
        let mut all = vec![("command".to_owned(), Value::Text(command.to_owned()))];
        all.extend(
            arguments
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        driver.command(&mut line, "check", &all)
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let set = |value| [("setting", text("11180")), ("value", value)];
    assert_eq!(check("set", &set(fixed(21, 0))), Ok(text("11180")));
    refused(check("set", &set(fixed(45, 0))), "expected 5.0 to 40.0");
    let curve = |y1| {
        let points = [y1, 64, 50, 45, 40, 30].map(|point| fixed(point, 0));
        let [y1, y2, y3, y4, y5, y6] = points;
        let points = [("y1", y1), ("y2", y2), ("y3", y3), ("y4", y4), ("y5", y5), ("y6", y6)];
        [&points[..], &[("circuit", fixed(1, 0))]].concat()
    };
    assert_eq!(
        check("curve", &curve(80)),
        Ok(text("11400 11401 11402 11403 11404 11405"))
    );
    refused(check("curve", &curve(95)), "outside the flow limits 10 to 90");
    let unknown = check("restart", &[]);
    assert!(matches!(unknown, Err(Failure::Unsupported(_))), "{unknown:?}");
    assert!(line.far.written.is_empty());
}

#[test]
fn a_device_that_takes_another_value_is_an_alarm() {
    let mut clipping = ecl();
    clipping.clipped.insert(11_179);
    let (mut driver, mut line) = begun(clipping, "ecl-comfort");
    refused(
        set(&mut driver, &mut line, "11180", fixed(210, 1)),
        "holds 20.9 after 21.0 was written and taken",
    );
    assert_eq!(line.far.written.len(), 1, "it is not tried again");
}

#[test]
fn no_more_than_twenty_writes_are_made_in_a_day() {
    let (mut driver, mut line) = begun(ecl(), "ecl-comfort");
    for number in 0..20 {
        line.now += 61_000;
        set(&mut driver, &mut line, "11181", fixed(170 + number, 1)).unwrap();
    }
    line.now += 61_000;
    refused(
        set(&mut driver, &mut line, "11181", fixed(200, 1)),
        "20 writes were made within a day",
    );
    line.now += 24 * 3_600_000;
    set(&mut driver, &mut line, "11181", fixed(200, 1)).unwrap();
}

fn curve(driver: &mut Modbus, line: &mut Wire<Device>, points: [i64; 6]) -> Result<Value, Failure> {
    let mut arguments = vec![("circuit".to_owned(), fixed(1, 0))];
    arguments.extend(
        (1..)
            .zip(points)
            .map(|(number, point)| (format!("y{number}"), fixed(point, 0))),
    );
    driver.command(line, "curve", &arguments)
}

fn points(line: &Wire<Device>) -> Vec<u16> {
    (11_399..11_405).map(|at| line.far.holding[&at]).collect()
}

#[test]
fn a_curve_is_written_whole() {
    let (mut driver, mut line) = begun(ecl(), "ecl-comfort");
    refused(curve(&mut driver, &mut line, [75, 60, 50, 52, 40, 28]), "must not rise");
    refused(
        curve(&mut driver, &mut line, [95, 60, 50, 45, 40, 28]),
        "outside the flow limits 10 to 90",
    );
    assert!(line.far.written.is_empty());
    curve(&mut driver, &mut line, [80, 64, 50, 45, 40, 30]).unwrap();
    assert_eq!(points(&line), [80, 64, 50, 45, 40, 30]);
    assert_eq!(
        line.far.written,
        [(11_399, 80), (11_400, 64), (11_404, 30)],
        "only what changes"
    );
}

#[test]
fn a_curve_that_fails_in_the_middle_is_taken_back() {
    let mut device = ecl();
    device.ranges.insert(11_401, (10, 51));
    let (mut driver, mut line) = begun(device, "ecl-comfort");
    refused(curve(&mut driver, &mut line, [80, 64, 54, 48, 42, 30]), "exception 3");
    assert_eq!(points(&line), [75, 60, 50, 45, 40, 28]);
}

#[test]
fn the_limits_of_a_set_point_may_stand_in_the_device() {
    let mut device = Device::new(Framing::Rtu);
    device.put(0x0202, &[1]);
    device.put(0x1009, &[0x4282, 0x8000]);
    device.put(0x0002, &[650]);
    device.put(0x0004, &[500]);
    device.put(0x0400, &[100, 900]);
    device.ranges.insert(0x0002, (100, 900));
    let (mut driver, mut line) = begun(device, "trm201");
    assert_eq!(set(&mut driver, &mut line, "SP", fixed(70, 0)), Ok(fixed(700, 1)));
    refused(set(&mut driver, &mut line, "SP", fixed(91, 0)), "expected 10.0 to 90.0");
    assert_eq!(line.far.written, [(2, 700)]);
}
