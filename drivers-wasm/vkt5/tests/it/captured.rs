//! A session with the real device of 2015 (firmware 7.13): its bytes, in the order in which the driver asks for them.

use serde_json::Value as Json;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{CivilTime, Diagnostics, Driver, Quality, Value};
use vkt5::Vkt5;

/// The question for the requisites, which the maker's program did not ask, and the documented refusal of what a firmware
/// does not have.
const NO_REQUISITES: &str = "> 00 03 0f 00 00 00 47 0f\n< 00 83 07 00 f3 fc\n";

fn exchange(vectors: &[Json], name: &str) -> String {
    let found = vectors.iter().find(|vector| vector["name"] == name);
    let vector = found.unwrap_or_else(|| panic!("no vector {name}"));
    assert_eq!(vector["provenance"]["kind"], "captured", "{name}");
    let text = |key: &str| vector[key].as_str().unwrap().to_owned();
    format!("> {}\n< {}\n", text("request_hex"), text("response_hex"))
}

#[test]
fn a_real_device_reads_as_this() {
    let vectors: Vec<Json> = serde_json::from_str(include_str!("../data/vkt5.json")).unwrap();
    let of = |names: &[&str]| names.iter().map(|name| exchange(&vectors, name)).collect::<String>();
    let text = [
        of(&["version_0", "config_18"]),
        NO_REQUISITES.to_owned(),
        of(&["date_3", "date_3", "tv_current_20", "ns_tv_21"]),
        of(&["date_13", "tv_totals_22", "date_17"]),
        NO_REQUISITES.to_owned(),
        of(&["setpoints_14", "programme_15"]),
    ];
    let mut line = Recording::parse(&text.concat());
    let mut driver = Vkt5::default();
    let identity = driver.identify(&mut line, r#"{"pressure_unit": "kgf/cm2"}"#).unwrap();
    assert_eq!((identity.firmware.as_deref(), identity.serial), (Some("7.13"), None));
    assert!(
        identity
            .details
            .contains(&("heat input 1".to_owned(), "pipes 5, 6".to_owned()))
    );
    let clock = driver.read_clock(&mut line).unwrap().shown;
    let want = CivilTime {
        year: 2015,
        month: 6,
        day: 2,
        hour: 16,
        minute: 30,
        second: 0,
    };
    assert_eq!(clock, want);

    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    driver.read_totals(&mut line, &mut out).unwrap();
    let [current, totals] = out.tables.as_slice() else {
        panic!("{} tables", out.tables.len())
    };
    let shown = |table: &uzel_driver_sdk::recording::Table| -> Vec<String> {
        let cells = table.columns.iter().zip(&table.rows[0].values);
        let text = |value: &Value| match value {
            Value::Float(number) => format!("{number:.3}"),
            other => format!("{other:?}"),
        };
        cells
            .map(|(column, value)| format!("{} {} {}", column.id, text(value), column.unit))
            .collect()
    };
    assert_eq!(
        shown(current),
        [
            "T5 25.713 Cel",
            "P5 2.500 kgf/cm2",
            "M5 0.000 t",
            "T6 23.274 Cel",
            "P6 5.800 kgf/cm2",
            "M6 0.000 t",
            "M 0.000 t",
            "W 0.000 GJ",
            "W1 0.000 GJ",
            "W2 0.000 GJ"
        ]
    );
    let row = &current.rows[0];
    let marks: Vec<_> = row.marks.iter().map(|mark| (mark.column, mark.quality)).collect();
    assert_eq!(
        marks,
        [(4, Quality::Substituted)],
        "the pressure of pipe 6 is the contract's"
    );
    let conditions: Vec<_> = row
        .conditions
        .iter()
        .map(|ns| (&*ns.code, ns.point, ns.column))
        .collect();
    assert_eq!(
        conditions,
        [("Pmin", 1, Some(1)), ("GSit", 1, Some(2)), ("GSit", 1, Some(5))]
    );
    // Totals that never counted.
    assert!(totals.rows[0].values.iter().all(|value| *value == Value::Float(0.0)));

    let settings = driver.read_settings(&mut line).unwrap();
    let regulators: Vec<_> = settings.iter().filter(|setting| setting.id.starts_with('r')).collect();
    assert!(
        regulators.iter().all(|setting| !setting.writable),
        "no regulator is configured"
    );
    line.assert_spent();
}
