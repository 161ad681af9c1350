//! Frames and numbers that other programs made or that were captured, as the driver has them.

use std::path::Path;

use modbus::number::{Number, Order, Type, decode};
use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::modbus::frame::{Scan, ascii, rtu, tcp};
use uzel_driver_sdk::modbus::pdu::{Answer, Area, Exception, Request, Span};

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(json: &Json) -> u16 {
    u16::try_from(json.as_u64().unwrap()).unwrap()
}

fn bytes(json: &Json) -> Vec<u8> {
    unhex(json.as_str().unwrap()).unwrap()
}

fn registers(json: &Json) -> Vec<u16> {
    json.as_array().unwrap().iter().map(number).collect()
}

/// The request of a line, where the driver makes requests of its kind.
fn request(line: &Json) -> Option<Request> {
    let at = number(&line["address"]);
    let area = match line["fc"].as_u64().unwrap() {
        1 => Area::Coil,
        2 => Area::Discrete,
        3 => Area::Holding,
        4 => Area::Input,
        6 => {
            return Some(Request::WriteOne {
                at,
                value: registers(&line["registers"])[0],
            });
        }
        16 => {
            return Some(Request::WriteMany {
                at,
                values: registers(&line["registers"]),
            });
        }
        _ => return None,
    };
    let count = number(&line["count"]);
    Some(Request::Read(Span { area, at, count }))
}

#[test]
fn frames_of_pymodbus_are_made_and_read() {
    let (mut made, mut read) = (0, 0);
    let mut asked = None;
    for line in lines(include_str!("../data/frames.jsonl")) {
        let (unit, pdu) = (u8::try_from(number(&line["unit"])).unwrap(), bytes(&line["pdu"]));
        let text = line["ascii"].as_str().unwrap().as_bytes();
        let transaction = number(&line["tid"]);
        if line["dir"] == "req" {
            let Some(request) = line["address"].as_u64().and_then(|_| request(&line)) else {
                continue;
            };
            assert_eq!(request.encode(), pdu);
            assert_eq!(rtu::wrap(unit, &pdu), bytes(&line["rtu"]));
            assert_eq!(ascii::wrap(unit, &pdu), text);
            assert_eq!(tcp::wrap(transaction, unit, &pdu), bytes(&line["tcp"]));
            asked = Some(request);
            made += 1;
            continue;
        }
        assert_eq!(ascii::scan(unit, text), Scan::Pdu(pdu.clone()));
        assert_eq!(
            tcp::scan(transaction, unit, &bytes(&line["tcp"])),
            Scan::Pdu(pdu.clone())
        );
        let request = match line["exception"].as_u64() {
            None => asked.clone().unwrap(),
            Some(_) => exception_request(&line),
        };
        assert_eq!(
            rtu::scan(unit, &request, &bytes(&line["rtu"])),
            Scan::Pdu(pdu.clone()),
            "{line}"
        );
        assert_eq!(request.judge(&pdu), Ok(answer(&line)), "{line}");
        read += 1;
    }
    assert_eq!((made, read), (128, 116));
}

/// A request of the function that an exception is about.
fn exception_request(line: &Json) -> Request {
    let area = match line["fc"].as_u64().unwrap() {
        1 => Area::Coil,
        2 => Area::Discrete,
        4 => Area::Input,
        _ => return Request::WriteOne { at: 0, value: 0 },
    };
    Request::Read(Span { area, at: 0, count: 1 })
}

fn answer(line: &Json) -> Answer {
    if let Some(code) = line["exception"].as_u64() {
        return Answer::Refused(Exception(u8::try_from(code).unwrap()));
    }
    match (&line["registers"], &line["bits"]) {
        (Json::Array(_), _) => {
            let registers = registers(&line["registers"]);
            Answer::Data(registers.iter().flat_map(|register| register.to_be_bytes()).collect())
        }
        (_, Json::Array(bits)) => {
            let bits: Vec<u8> = bits
                .iter()
                .map(|bit| u8::try_from(bit.as_u64().unwrap()).unwrap())
                .collect();
            let byte = |bits: &[u8]| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | bit);
            Answer::Data(bits.chunks(8).map(byte).collect())
        }
        _ => Answer::Done,
    }
}

#[test]
fn numbers_of_pymodbus_are_read() {
    let all = lines(include_str!("../data/typed-values.jsonl"));
    for line in &all {
        let kind = match line["type"].as_str().unwrap() {
            "INT16" => Type::I16,
            "UINT16" => Type::U16,
            "INT32" => Type::I32,
            "UINT32" => Type::U32,
            "INT64" => Type::I64,
            "UINT64" => Type::U64,
            "FLOAT32" => Type::F32,
            _ => Type::F64,
        };
        let order = if line["word_order"] == "big" {
            Order::Abcd
        } else {
            Order::Cdab
        };
        let bytes: Vec<u8> = registers(&line["registers"])
            .iter()
            .flat_map(|register| register.to_be_bytes())
            .collect();
        let got = decode(kind, order, 0, &[], &bytes);
        let is_same = match &got {
            Number::Whole(number) => line["value"].as_i64() == Some(*number),
            Number::Float(number) => line["value"].as_f64() == Some(*number),
            // A number that the contract's 64 signed bits do not hold.
            Number::Nothing(_) => line["value"]
                .as_u64()
                .is_some_and(|number| i64::try_from(number).is_err()),
            _ => false,
        };
        assert!(is_same, "{line}: {got:?}");
    }
    assert_eq!(all.len(), 64);
}

#[test]
fn exchanges_with_an_ecl_comfort_are_made_and_read() {
    let vectors: Vec<Json> = serde_json::from_str(include_str!("../data/ecl-vectors.json")).unwrap();
    for vector in &vectors {
        let (question, answer) = (bytes(&vector["request_hex"]), bytes(&vector["response_hex"]));
        if question[0] == 0 {
            let pdu = answer[7..].to_vec();
            assert_eq!(tcp::scan(1, 254, &answer), Scan::Pdu(pdu), "{vector}");
            continue;
        }
        let word = |at: usize| u16::from_be_bytes([question[at], question[at + 1]]);
        let area = if question[1] == 3 { Area::Holding } else { Area::Input };
        let request = match question[1] {
            6 => Request::WriteOne {
                at: word(2),
                value: word(4),
            },
            _ => Request::Read(Span {
                area,
                at: word(2),
                count: word(4),
            }),
        };
        assert_eq!(rtu::wrap(question[0], &request.encode()), question, "{vector}");
        let Scan::Pdu(pdu) = rtu::scan(question[0], &request, &answer) else {
            panic!("{vector} is not read")
        };
        assert!(request.judge(&pdu).is_ok(), "{vector}");
    }
    assert_eq!(vectors.len(), 29);
}

/// Payloads of TCP segments from or to port 502, in the order of the capture.
fn segments(pcap: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut rest = &pcap[24..];
    let mut found = Vec::new();
    while let Some((head, more)) = rest.split_at_checked(16) {
        let length = usize::try_from(u32::from_le_bytes(head[8..12].try_into().unwrap())).unwrap();
        let (frame, next) = more.split_at(length);
        rest = next;
        let ip = &frame[14..];
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let tcp = &ip[usize::from(ip[0] & 15) * 4..total];
        let is_answer = u16::from_be_bytes([tcp[0], tcp[1]]) == 502;
        let data = &tcp[usize::from(tcp[12] >> 4) * 4..];
        if !data.is_empty() {
            found.push((is_answer, data.to_vec()));
        }
    }
    found
}

/// A capture whose licence keeps it out of this repository: it is looked for beside it.
#[test]
fn a_captured_conversation_on_tcp_is_made_and_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/modbus/ndpi-modbus.pcap");
    let Ok(pcap) = std::fs::read(&file) else {
        println!("skipped: {} is not here", file.display());
        return;
    };
    let mut asked: Vec<(u16, u8, Request)> = Vec::new();
    let mut read = 0;
    for (is_answer, data) in segments(&pcap) {
        let word = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
        if !is_answer {
            assert_eq!(data[7], 3, "the capture asks for holding registers only");
            let span = Span {
                area: Area::Holding,
                at: word(8),
                count: word(10),
            };
            let request = Request::Read(span);
            assert_eq!(tcp::wrap(word(0), data[6], &request.encode()), data);
            asked.push((word(0), data[6], request));
            continue;
        }
        let place = asked.iter().position(|(transaction, ..)| *transaction == word(0));
        let Some((transaction, unit, request)) = place.map(|place| asked.remove(place)) else {
            // The capture begins or ends in the middle of a conversation.
            continue;
        };
        let Scan::Pdu(pdu) = tcp::scan(transaction, unit, &data) else {
            panic!("answer {data:?} is not read")
        };
        assert!(matches!(request.judge(&pdu), Ok(Answer::Data(_))), "{data:?}");
        read += 1;
    }
    assert!(read > 20, "{read} answers");
}
