//! Every vector passes through the driver: the same values.

use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::{Fixed, Row, Value};
use vkt9::field::{self, Field};
use vkt9::question::{Answer, Block, Question, Scan};
use vkt9::table;

fn vector(name: &str) -> (Vec<u8>, Vec<u8>, Json) {
    let vectors: Json = serde_json::from_str(include_str!("../data/vectors-vkt9.json")).unwrap();
    let vector = vectors
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["name"] == name)
        .unwrap()
        .clone();
    let hex = |key: &str| unhex(vector[key].as_str().unwrap()).unwrap();
    (hex("request_hex"), hex("response_hex"), vector["decoded"].clone())
}

/// What is answered to a question whose request is that of a vector.
fn answer(question: Question, name: &str) -> (Answer, Json) {
    let (asked, answered, decoded) = vector(name);
    assert_eq!(question.request(1), asked, "{name}");
    match question.scan(&answered, 1, false) {
        Scan::Whole(answer) => (answer, decoded),
        other => panic!("{name}: {other:?}"),
    }
}

fn data(question: Question, name: &str) -> (Vec<u8>, Json) {
    match answer(question, name) {
        (Answer::Data(data), decoded) => (data, decoded),
        (refused, _) => panic!("{name}: {refused:?}"),
    }
}

fn number(fields: &[Field], row: &Row, id: &str) -> f64 {
    let at = fields
        .iter()
        .position(|field| field.id == id)
        .unwrap_or_else(|| panic!("{id}"));
    match &row.values[at] {
        Value::Fixed(Fixed { digits, decimals }) => *digits as f64 / 10f64.powi((*decimals).into()),
        Value::Float(number) => *number,
        Value::Bits(bits) => *bits as f64,
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn registers_have_the_values_of_the_vectors() {
    let (serial, decoded) = data(Question::registers(40_001, 2), "serial");
    assert_eq!(
        u64::from(u32::from_be_bytes(serial.try_into().unwrap())),
        decoded["serial"].as_u64().unwrap()
    );
    let (common, decoded) = data(Question::registers(30_042, 17), "common_currents");
    // The other blocks are not in the vector.
    let all = [vec![0; table::COMMON], common, vec![0; 522 - 34 - table::COMMON]].concat();
    let (now, totals) = (table::now(), table::totals());
    let (now_row, totals_row) = (field::row(&now, &all).unwrap(), field::row(&totals, &all).unwrap());
    for (id, key) in [("Q", "Q"), ("Tвкл", "T_on_min"), ("Tэп", "T_ep_min")] {
        assert_eq!(Some(number(&totals, &totals_row, id)), decoded[key].as_f64(), "{id}");
    }
    for (id, key) in [
        ("tхв", "t_cold"),
        ("Pхв", "P_cold_MPa"),
        ("tвозд", "t_air"),
        ("НСап", "hw_ns"),
        ("НСобщ", "ns"),
    ] {
        assert_eq!(Some(number(&now, &now_row, id)), decoded[key].as_f64(), "{id}");
    }
    assert!(
        (number(&now, &now_row, "W") - decoded["W"].as_f64().unwrap()).abs() < 1e-7,
        "a float of four bytes"
    );
    assert!(now_row.conditions.is_empty());
}

#[test]
fn the_date_is_that_of_the_vector() {
    let (date, decoded) = data(Question::registers(40_003, 6), "date");
    let at = vkt9::clock_time(&date).unwrap();
    let (day, time) = (
        format!("{}-{:02}-{:02}", at.year, at.month, at.day),
        [at.hour, at.minute, at.second],
    );
    let [hour, minute, second] = time;
    assert_eq!(decoded["date"], format!("{day}T{hour:02}:{minute:02}:{second:02}"));
    assert_eq!(vkt9::clock_time(&[0, 24, 0, 13, 0, 1, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(vkt9::clock_time(&date[..10]), None);
}

#[test]
fn pages_have_the_values_of_the_vectors() {
    let find = Question::Find {
        archive: 1,
        date: [24, 3, 21],
    };
    let (found, decoded) = data(find, "find_page_daily");
    assert_eq!(
        Some(u64::from(u16::from_le_bytes([found[3], found[4]]))),
        decoded["page"].as_u64()
    );
    let page = |page| Question::Page {
        archive: 1,
        page,
        block: Block::Common,
    };
    let (read, decoded) = data(page(42), "read_page_daily_common");
    assert_eq!((Some(u64::from(read[0])), read[2]), (decoded["next_page"].as_u64(), 1));
    let fields = table::record(&[]);
    let row = field::row(&fields, &read[3..]).unwrap();
    for (id, key) in [("Q", "Q"), ("tхв", "t_cold"), ("Tвкл", "T_on")] {
        assert_eq!(Some(number(&fields, &row, id)), decoded[key].as_f64(), "{id}");
    }
    assert_eq!(read[3..7], [24, 3, 21, 24], "the whole day");
    let (end, _) = data(page(43), "read_page_end");
    assert!(end[3..].starts_with(&[0xff; 3]));
    let (refused, _) = answer(Question::registers(40_001, 2), "exception_busy");
    assert_eq!(refused, Answer::Refused(6));
}
