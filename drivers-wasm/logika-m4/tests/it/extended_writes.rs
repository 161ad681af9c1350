//! Settings and the clock of meters of the extended dialect.

use logika_m4::LogikaM4;
use logika_m4::ident::Device;
use uzel_driver_sdk::calendar::{DAY, civil};
use uzel_driver_sdk::{Configure, Diagnostics, Driver, Failure, Fixed, Medium, Value};

use crate::meter::Meter;
use crate::noise::{CONFIG, at};
use crate::small::meter;
use crate::tagged::{Tagged, text};

fn tagged(meter: &mut Meter) -> &mut Tagged {
    meter.tagged.as_mut().unwrap()
}

fn identified(meter: &mut Meter) -> LogikaM4 {
    let mut driver = LogikaM4::default();
    driver.identify(meter, CONFIG).unwrap();
    driver
}

#[test]
fn a_written_setting_is_read_back_and_keeps_its_flag() {
    let mut meter = meter(Device::Spt943rev3);
    let mut driver = identified(&mut meter);
    tagged(&mut meter)
        .values
        .insert((2, 12), [text("0.025"), vec![0x45, 1, 1]].concat());
    let value = Value::Fixed(Fixed {
        digits: 10,
        decimals: 2,
    });
    driver.write_setting(&mut meter, "ТВ2.C1", value).unwrap();
    assert_eq!(
        tagged(&mut meter).values[&(2, 12)],
        [text("0.10"), vec![0x45, 1, 1]].concat()
    );
    for id in ["ТВ3.C1", "NT"] {
        let got = driver.write_setting(&mut meter, id, Value::Text("1".to_owned()));
        assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
    }
    tagged(&mut meter).write_protected = true;
    let got = driver.write_setting(&mut meter, "ЧР", Value::Text("0".to_owned()));
    assert!(
        matches!(&got, Err(Failure::Refused(text)) if text.contains("write protected")),
        "{got:?}"
    );
}

#[test]
fn the_clock_is_set_by_its_two_settings() {
    let mut meter = meter(Device::Spt941_20);
    let mut driver = identified(&mut meter);
    let wanted = at(2024, 3, 16, 0, 0) + DAY / 4;
    // This small meter keeps what is written and does not turn its clock: that is seen.
    let got = driver.set_clock(&mut meter, civil(wanted));
    assert!(
        matches!(&got, Err(Failure::Garbled(text)) if text.contains("off after it was set")),
        "{got:?}"
    );
    let values = &tagged(&mut meter).values;
    assert_eq!(values[&(0, 4)], text("16-03-24"));
    assert!(values[&(0, 3)].starts_with(&[0x16, 8, b'0', b'6', b'-', b'0', b'0', b'-']));
}

#[test]
fn passwords_are_not_read() {
    let mut meter = meter(Device::Spt944);
    let mut driver = identified(&mut meter);
    let settings = driver.read_settings(&mut meter).unwrap();
    assert!(settings.iter().any(|setting| setting.id == "PLG"));
    assert!(
        !settings
            .iter()
            .any(|setting| matches!(setting.id.as_str(), "PPW" | "SPW"))
    );
}

#[test]
fn a_serial_line_is_raised_and_put_back() {
    let mut meter = meter(Device::Spt941_20);
    meter.medium = Medium::Serial;
    let mut driver = LogikaM4::default();
    let config = r#"{"address": 5, "timeout_ms": 1000, "baud": 2400, "speed": 57600}"#;
    driver.identify(&mut meter, config).unwrap();
    assert_eq!(meter.bauds, (57_600, 57_600));
    driver.read_clock(&mut meter).unwrap();
    driver.close(&mut meter);
    assert_eq!(meter.bauds, (2_400, 2_400));
}
