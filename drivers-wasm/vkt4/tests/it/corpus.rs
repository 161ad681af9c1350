//! Every vector passes through the driver: the same values.

use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Fixed, Row, Value};
use vkt4::field::{self, Field};
use vkt4::frame::{self, Frame, Scan};
use vkt4::layout;
use vkt4::model::Model;
use vkt4::question;
use vkt4::settings::Settings;

pub fn vectors() -> Vec<Json> {
    serde_json::from_str(include_str!("../data/vectors-vkt4.json")).unwrap()
}

/// Request and answer bytes of a vector.
pub fn bytes(name: &str) -> (Vec<u8>, Vec<u8>) {
    let vectors = vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector["name"] == name)
        .unwrap_or_else(|| panic!("{name}"));
    let hex = |key: &str| unhex(vector[key].as_str().unwrap()).unwrap();
    (hex("request_hex"), hex("response_hex"))
}

fn decoded(name: &str) -> Json {
    let vectors = vectors();
    vectors.into_iter().find(|vector| vector["name"] == name).unwrap()["decoded"].clone()
}

/// The frames of an answer.
fn frames(bytes: &[u8]) -> Vec<Frame<'_>> {
    let device = bytes[1];
    let mut rest = bytes;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let Scan::Whole(frame) = frame::scan(rest, device) else {
            panic!("no frame in {rest:02x?}");
        };
        rest = &rest[frame.data.len() + 7..];
        frames.push(frame);
    }
    frames
}

pub fn cell<'a>(fields: &[Field], row: &'a Row, id: &str, point: u8) -> &'a Value {
    let at = fields
        .iter()
        .position(|field| (field.id.as_str(), field.point) == (id, point));
    &row.values[at.unwrap_or_else(|| panic!("{id} of {point}"))]
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Fixed(Fixed { digits, decimals }) => *digits as f64 / 10f64.powi((*decimals).into()),
        Value::Float(number) => *number,
        Value::Bits(bits) => *bits as f64,
        other => panic!("{other:?}"),
    }
}

/// Four values, or two, of pipes or inputs.
fn assert_listed(fields: &[Field], row: &Row, name: &str, want: &Json) {
    for (at, want) in (1u8..).zip(want.as_array().unwrap()) {
        let id = format!("{name}{at}");
        let point = if name == "W" { at } else { at.div_ceil(2) };
        assert_eq!(Some(number(cell(fields, row, &id, point))), want.as_f64(), "{id}");
    }
}

fn assert_record(model: Model, is_day: bool, data: &[u8], want: &Json) -> Row {
    let layout = layout::record(model, is_day);
    let data = &data[question::DATE..];
    assert!(layout.lengths.contains(&data.len()));
    let row = field::row(&layout.fields, data).unwrap();
    for name in ["V", "M", "t", "W", "P"] {
        if !want[name].is_null() {
            assert_listed(&layout.fields, &row, name, &want[name]);
        }
    }
    for (name, id) in [("ns", "НС"), ("ns2", "НС2")] {
        for (input, want) in (1u8..).zip(want[name].as_array().unwrap_or(&Vec::new())) {
            assert_eq!(
                Some(number(cell(&layout.fields, &row, id, input))),
                want.as_f64(),
                "{id}"
            );
        }
    }
    if let Some(scheme) = want["scheme"].as_f64() {
        assert!((number(cell(&layout.fields, &row, "СП", 0)) - scheme).abs() < f64::EPSILON);
    }
    row
}

#[test]
fn every_check_byte_is_right_and_every_answer_fits_its_request() {
    for vector in vectors() {
        let (asked, answered) = bytes(vector["name"].as_str().unwrap());
        let &[_, device, code, d0, d1, d2, d3, d4, d5, ..] = asked.as_slice() else {
            panic!("{asked:02x?}");
        };
        let data = [d0, d1, d2, d3, d4, d5];
        assert_eq!(frame::request(device, code, data).as_slice(), asked);
        let first = frames(&answered)[0];
        let said = question::Said {
            code: first.code,
            data: first.data.to_vec(),
        };
        assert!(question::Question { code, data }.fits(&said), "{}", vector["name"]);
    }
}

#[test]
fn records_have_the_values_of_the_vectors() {
    let (_, two) = bytes("hourly_4M_two_records");
    let want = decoded("hourly_4M_two_records");
    let frames_4m = frames(&two);
    assert_eq!(frames_4m.len(), 2);
    let rows: Vec<Row> = frames_4m
        .iter()
        .zip(want["records"].as_array().unwrap())
        .map(|(frame, want)| assert_record(Model::Pressures, false, frame.data, want))
        .collect();
    assert!(rows[0].conditions.is_empty());
    let told: Vec<_> = rows[1]
        .conditions
        .iter()
        .map(|condition| (condition.code.as_str(), condition.point, condition.duration_s))
        .collect();
    assert_eq!(told, [("НС.4", 1, Some(720)), ("НС2.4", 1, Some(420))]);
    for (name, is_day) in [("hourly_vkt4", false), ("daily_vkt4", true)] {
        let (_, answered) = bytes(name);
        assert_record(Model::Vkt4, is_day, frames(&answered)[0].data, &decoded(name));
    }
}

#[test]
fn totals_settings_and_pressures_have_the_values_of_the_vectors() {
    let (_, answered) = bytes("totals_4M");
    let fields = layout::totals(Model::Pressures);
    let row = field::row(&fields, frames(&answered)[0].data).unwrap();
    let want = &decoded("totals_4M")["to_hour_start"];
    assert_listed(&fields, &row, "V", &want["V"]);
    assert_listed(&fields, &row, "W", &want["W"]);
    let (_, answered) = bytes("current_4M");
    let fields = layout::current(Model::Pressures);
    let row = field::row(&fields, frames(&answered)[0].data).unwrap();
    assert_listed(&fields, &row, "P", &decoded("current_4M")["P"]);
    let (_, answered) = bytes("settings_4M");
    let settings = Settings::parse(frames(&answered)[0].data).unwrap();
    assert_eq!(settings.object(), "123456");
    assert_eq!(Model::of_version(settings.version), Ok(Model::Pressures));
    let told = settings.list();
    let days = told.iter().find(|setting| setting.id == "report_day").unwrap();
    assert!((number(&days.value) - 25.0).abs() < f64::EPSILON);
}

/// Rows of all tables.
pub fn rows(collected: &Collected) -> Vec<Row> {
    collected.tables.iter().flat_map(|table| table.rows.clone()).collect()
}
