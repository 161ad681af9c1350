//! Changing set points and programmes.

use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{Control, Failure, Fixed, Value};
use vkt5::Vkt5;

use crate::conversation::start;
use crate::far::Device;

fn fixed(digits: i64, decimals: u8) -> Value {
    Value::Fixed(Fixed { digits, decimals })
}

fn set(driver: &mut Vkt5, line: &mut Wire<Device>, setting: &str, value: Value) -> Result<Value, Failure> {
    let arguments = [
        ("setting".to_owned(), Value::Text(setting.to_owned())),
        ("value".to_owned(), value),
    ];
    driver.command(line, "set", &arguments)
}

fn programme(
    driver: &mut Vkt5,
    line: &mut Wire<Device>,
    regulator: i64,
    begin: &str,
    end: &str,
) -> Result<Value, Failure> {
    let arguments = [
        ("regulator".to_owned(), fixed(regulator, 0)),
        ("begin".to_owned(), Value::Text(begin.to_owned())),
        ("end".to_owned(), Value::Text(end.to_owned())),
    ];
    driver.command(line, "programme", &arguments)
}

#[test]
fn one_value_changes_and_the_others_stay() {
    let (mut driver, mut line) = start(Device::new());
    assert_eq!(
        set(&mut driver, &mut line, "r1.night", fixed(175, 1)).unwrap(),
        Value::Float(17.5)
    );
    assert_eq!(line.far.points, [22.0, 17.5, 21.0, 17.0]);
    assert_eq!(
        set(&mut driver, &mut line, "r2.sat.begin", fixed(8, 0)).unwrap(),
        fixed(8, 0)
    );
    let mut want = [6; 28];
    want[7..14].fill(22);
    want[21..].fill(22);
    want[14 + 5] = 8;
    assert_eq!(line.far.programme, want);
    let week = programme(&mut driver, &mut line, 1, "5 5 5 5 5 7 7", "23,23,23,23,23,23,23").unwrap();
    assert_eq!(week, Value::Text("5 5 5 5 5 7 7 23 23 23 23 23 23 23".to_owned()));
    assert_eq!(line.far.programme[14..], want[14..], "regulator 2 is left alone");
    assert_eq!(line.far.writes, 3);
}

#[test]
fn what_is_so_already_is_not_written() {
    let (mut driver, mut line) = start(Device::new());
    set(&mut driver, &mut line, "r1.day", fixed(22, 0)).unwrap();
    set(&mut driver, &mut line, "r1.mon.end", fixed(22, 0)).unwrap();
    assert_eq!(line.far.writes, 0);
}

#[test]
fn nothing_impossible_is_written() {
    let mut device = Device::new();
    device.regulators = [0, 0xff];
    let (mut driver, mut line) = start(device);
    let cases = [
        ("r1.day", fixed(960, 1), "expected 5 to 95"),
        ("r1.day", Value::Float(f64::NAN), "expected 5 to 95"),
        ("r1.day", Value::Text("22".to_owned()), "no number"),
        ("r2.day", fixed(20, 0), "regulator 2 is not configured"),
        ("r1.mon.begin", fixed(24, 0), "expected 0 to 23"),
        ("r1.mon.begin", fixed(65, 1), "no hour"),
        ("pipe1", fixed(1, 0), "there is no setting"),
    ];
    for (id, value, want) in cases {
        let failure = set(&mut driver, &mut line, id, value).unwrap_err();
        assert!(format!("{failure:?}").contains(want), "{id}: {failure:?}");
    }
    for (begin, want) in [
        ("6 6 6", "3 hours"),
        ("6 6 6 6 6 6 x", "expected an hour"),
        ("6 6 6 6 6 6 25", "0 to 23"),
    ] {
        let failure = programme(&mut driver, &mut line, 1, begin, "22 22 22 22 22 22 22").unwrap_err();
        assert!(format!("{failure:?}").contains(want), "{begin}: {failure:?}");
    }
    assert_eq!(line.far.writes, 0);
}

#[test]
fn a_device_that_refuses_is_believed() {
    let mut device = Device::new();
    device.closed = Some(9);
    let (mut driver, mut line) = start(device);
    let failure = set(&mut driver, &mut line, "r1.day", fixed(20, 0)).unwrap_err();
    assert!(
        format!("{failure:?}").contains("writing of settings is closed"),
        "{failure:?}"
    );
}

#[test]
fn a_write_whose_answer_was_lost_is_read_back_and_not_repeated() {
    let mut device = Device::new();
    device.is_mute = true;
    let (mut driver, mut line) = start(device);
    assert_eq!(
        set(&mut driver, &mut line, "r1.day", fixed(20, 0)).unwrap(),
        Value::Float(20.0)
    );
    assert_eq!(line.far.writes, 1);
}

#[test]
fn one_value_is_not_written_twice_within_a_minute() {
    let (mut driver, mut line) = start(Device::new());
    set(&mut driver, &mut line, "r1.day", fixed(20, 0)).unwrap();
    let failure = set(&mut driver, &mut line, "r1.day", fixed(21, 0)).unwrap_err();
    assert!(format!("{failure:?}").contains("within the last minute"), "{failure:?}");
    assert_eq!((line.far.writes, line.far.points[0]), (1, 20.0));
}
