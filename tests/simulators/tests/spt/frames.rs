//! Frames of the corpus byte by byte, and who answers when.

use crate::host::{Host, NOW, framed};
use jiff::civil::datetime;
use meter_sim::{Link, Spt, hex};
use serde_json::Value;
use std::time::Duration;

fn corpus(name: &str) -> (String, Vec<String>) {
    let file: Value = serde_json::from_str(include_str!("../../data/logika/vectors-m4-legacy.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    let request = vector["request_hex"].as_str().unwrap().to_owned();
    let answers = match &vector["response_hex"] {
        Value::Array(answers) => answers
            .iter()
            .map(|answer| answer.as_str().unwrap().to_owned())
            .collect(),
        answer => vec![answer.as_str().unwrap().to_owned()],
    };
    (request, answers)
}

#[test]
fn frames_of_the_corpus_are_answered_byte_by_byte() {
    let clock = datetime(2015, 4, 9, 14, 49, 43, 0);
    let captured = || {
        Spt::spt943()
            .clock(clock)
            .inputs(1)
            .network(0)
            .settlement(24, 0)
            .serial(350)
            .installed(datetime(2015, 4, 9, 11, 0, 0, 0))
    };
    let cases = [
        ("session_open_addressless", captured()),
        ("session_open_input1", captured()),
        ("session_open_input2", captured()),
        ("ram_read_clock", captured()),
        ("ram_read_currents_tv2_sensor_fault", captured()),
        ("hour_record_missing", captured()),
        ("day_record_missing", captured()),
        ("set_speed_19200", captured()),
        ("bad_request_error", captured()),
        ("month_record_spt943", captured()),
        ("write_param_step1", captured().writable()),
        ("write_param_protected", captured()),
        ("spt943_settings_6_pages", captured()),
        ("session_open_nt5", Spt::spt941_10().clock(clock).network(5)),
    ];
    for (name, builder) in cases {
        let mut host = Host::at(builder);
        let (request, answers) = corpus(name);
        host.ask("10 FF 3F 00 00 00 00 C1 16");
        assert_eq!(host.ask(&request), answers, "{name}");
    }
}

#[test]
fn a_legacy_meter_answers_the_extended_session_and_refuses_extended_reads() {
    let mut host = Host::at(Spt::spt943().clock(NOW));
    let crc = |body: &[u8]| {
        let crc = body.iter().fold(0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 8, |crc, _| {
                if crc & 0x8000 == 0 {
                    crc << 1
                } else {
                    (crc << 1) ^ 0x1_1021
                }
            })
        });
        [&[0x10], body, &(crc as u16).to_be_bytes()].concat()
    };
    let opened = host.ask("10 FF 90 00 00 05 00 3F 00 00 00 00 D9 19");
    assert_eq!(
        opened,
        [hex::text(&crc(&[0xFF, 0x90, 0, 0, 4, 0, 0x3F, 0x54, 0x2B, 0x03]))]
    );
    let refused = host.ask("10 FF 90 4F 00 0B 00 72 4A 03 00 01 04 4A 03 00 00 04 27 0E");
    assert_eq!(refused, [hex::text(&crc(&[0xFF, 0x90, 0x4F, 0, 2, 0, 0x21, 0]))]);
}

#[test]
fn attention_follows_the_session_request_and_the_wake_sequence() {
    let mut host = Host::at(Spt::spt943().clock(NOW));
    let (mine, other) = (framed(&[1, 0x3F, 0, 0, 0, 0]), framed(&[2, 0x3F, 0, 0, 0, 0]));
    let read = framed(&[1, 0x52, 0xF3, 0, 6, 0]);
    let mut count = |bytes: &[u8]| host.raw(bytes).len();
    assert_eq!(count(&read), 0, "no session yet");
    assert_eq!(count(&mine), 1, "the first session request after power-up");
    assert_eq!(count(&read), 1);
    assert_eq!(count(&other), 0);
    assert_eq!(count(&read), 0, "another meter was addressed");
    assert_eq!(count(&mine), 0, "deaf without the sequence");
    assert_eq!(count(&[0xFF; 15]), 0);
    assert_eq!(count(&mine), 0, "fifteen are too few");
    assert_eq!(count(&[vec![0xFF; 16], mine.clone()].concat()), 1);
    assert_eq!(count(&framed(&[1, 0x71, 0, 0, 0, 0])), 1);
    assert_eq!(count(&read), 0, "the session is closed");
    host.wake();
    host.open(0);
    host.now += Duration::from_secs(121);
    assert_eq!(host.raw(&read).len(), 0, "the session is forgotten after two minutes");
    assert_eq!(host.ask("10 01 3F 00 00 00 00 BE 16").len(), 0);
    host.wake();
    host.open(0);
    assert_eq!(
        host.ask("10 01 52 F3 00 06 00 00 16"),
        ["10 01 21 00 DD 16"],
        "a wrong checksum"
    );
    assert_eq!(
        host.ask("10 01 52 F3 00 06 00 B3 17"),
        ["10 01 21 00 DD 16"],
        "a wrong end"
    );
    assert_eq!(host.ask("11 01 52 F3 00 06 00 B3 16").len(), 0, "a wrong start");
}

#[test]
fn meters_on_a_bus_answer_one_at_a_time() {
    let bus = [
        Spt::spt943().clock(NOW).link(),
        Spt::spt942().network(2).clock(NOW).link(),
    ];
    let mut host = Host {
        meter: Link::bus(bus, meter_sim::Faults::new()).into_meter(),
        now: Duration::ZERO,
    };
    assert_eq!(host.ask("10 01 3F 00 00 00 00 BF 16"), ["10 01 3F 54 2B 03 3D 16"]);
    assert_eq!(
        host.ask("10 02 3F 00 00 00 00 BE 16").len(),
        0,
        "it has heard of the other one"
    );
    host.wake();
    assert_eq!(host.ask("10 02 3F 00 00 00 00 BE 16"), ["10 02 3F 54 2A 01 3F 16"]);
}

#[test]
fn no_bytes_make_the_meter_panic_or_grow() {
    let mut host = Host::at(Spt::spt943().clock(NOW).writable());
    let mut random = 99u64;
    for _ in 0..20_000 {
        let mut byte = || {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (random >> 56) as u8
        };
        let functions = [0x3F, 0x45, 0x48, 0x52, 0x59, 0x4D, 0x44, 0x42, byte()];
        let function = functions[usize::from(byte()) % functions.len()];
        let body = [0xFF, function, byte(), byte(), byte(), byte()];
        let bytes = if byte() < 200 {
            framed(&body)
        } else {
            vec![0x10, byte(), 0x90, byte(), byte(), byte(), byte()]
        };
        host.raw(&bytes);
    }
}
