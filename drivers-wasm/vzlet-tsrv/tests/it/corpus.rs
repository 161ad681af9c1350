//! Every frame of the corpus: our question is its question, and its answer is read. What is in it: `values`.

use serde_json::Value as Json;
use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::modbus::frame::{Scan, ascii, rtu};
use uzel_driver_sdk::modbus::pdu::{Answer, Area, Exception, Request, Span};
use vzlet_tsrv::ident::{Family, Name};

use vzlet_tsrv::{Told, ask};

const FILES: [&str; 6] = [
    include_str!("../data/tsrv024.json"),
    include_str!("../data/tsrv034.json"),
    include_str!("../data/tsrv043.json"),
    include_str!("../data/tsrv023.json"),
    include_str!("../data/fn65-common.json"),
    include_str!("../data/ivk-ter.json"),
];

fn vectors() -> Vec<Json> {
    let files = FILES.iter().map(|text| serde_json::from_str::<Json>(text).unwrap());
    files
        .flat_map(|file| file["vectors"].as_array().unwrap().clone())
        .collect()
}

pub fn vector(id: &str) -> Json {
    let found = vectors().into_iter().find(|vector| vector["id"] == id);
    found.unwrap_or_else(|| panic!("there is no vector {id}"))
}

fn bytes(json: &Json) -> Option<Vec<u8>> {
    json.as_str().map(|text| unhex(text).unwrap())
}

/// The request as this driver makes it, from what the frame asks for.
fn ours(frame: &[u8]) -> Request {
    let word = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    match frame[1] {
        0x11 => ask::identify(),
        0x41 if frame[6] == 0 => ask::by_index(word(2), word(4), word(7)),
        0x41 => {
            let [second, minute, hour, day, month, year] = *frame[7..].first_chunk().unwrap();
            let century = if year >= 70 { 1_900 } else { 2_000 };
            let from = CivilTime {
                year: century + u16::from(year),
                month,
                day,
                hour,
                minute,
                second,
            };
            ask::by_time(word(2), word(4), from).unwrap()
        }
        function => Request::Read(Span {
            area: if function == 3 { Area::Holding } else { Area::Input },
            at: word(2),
            count: word(4),
        }),
    }
}

/// Question and answer of a vector, in RTU or ASCII.
fn exchange(vector: &Json) -> (Option<Request>, Option<Answer>) {
    let id = vector["id"].as_str().unwrap();
    let is_ascii = id.contains("ascii");
    let open = |frame: &[u8]| match is_ascii {
        true => match ascii::scan(1, frame) {
            Scan::Pdu(pdu) => [vec![1], pdu].concat(),
            other => panic!("{id}: {other:?}"),
        },
        false => frame.to_vec(),
    };
    let request = bytes(&vector["request"]).map(|frame| {
        let request = ours(&open(&frame));
        let made = if is_ascii {
            ascii::wrap(1, &request.encode())
        } else {
            rtu::wrap(frame[0], &request.encode())
        };
        assert_eq!(made, frame, "{id}");
        request
    });
    let answer = bytes(&vector["response"]).map(|frame| {
        let function = open(&frame)[1] & 0x7f;
        let of_length = |count| {
            Request::Read(Span {
                area: if function == 3 { Area::Holding } else { Area::Input },
                at: 0,
                count,
            })
        };
        let asked = request.clone().unwrap_or_else(|| of_length(u16::from(frame[2]) / 2));
        let found = if is_ascii {
            ascii::scan(1, &frame)
        } else {
            rtu::scan(1, &asked, &frame)
        };
        let Scan::Pdu(pdu) = found else {
            panic!("{id}: {found:?}")
        };
        asked.judge(&pdu).unwrap_or_else(|error| panic!("{id}: {error}"))
    });
    (request, answer)
}

pub fn data(id: &str) -> Vec<u8> {
    match exchange(&vector(id)).1 {
        Some(Answer::Data(data)) => data,
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn every_frame_is_made_or_read() {
    let (mut made, mut read) = (0, 0);
    for vector in vectors() {
        let (request, answer) = exchange(&vector);
        made += usize::from(request.is_some());
        read += usize::from(answer.is_some());
        if let Some(code) = vector["decoded"]["exception"].as_u64() {
            let code = u8::try_from(code).unwrap();
            assert_eq!(answer, Some(Answer::Refused(Exception(code))), "{}", vector["id"]);
        }
    }
    assert_eq!((made, read), (38, 39));
}

#[test]
fn names_of_the_corpus_are_known() {
    let model = |id: &str, size| {
        let name = Name::parse(&data(id));
        let family = Family::of(Some(&name), Told::Nothing).unwrap();
        (family.model(Some(size)).unwrap().id, name.number.unwrap())
    };
    assert_eq!(model("024-fn17", 172), ("tsrv024m", "76.30.03.19".to_owned()));
    assert_eq!(model("034-fn17", 53), ("tsrv034", "63.01.03.35".to_owned()));
    assert_eq!(model("034-fn17-old", 53), ("tsrv034", "63.01.03.02".to_owned()));
    assert_eq!(model("043-fn17", 149), ("tsrv043", "76.30.04.05".to_owned()));
    // A flow computer of the same maker answers function 65, too: its records are of none of these sizes.
    let flow = data("ter-hour");
    for told in [Told::Nothing, Told::Tsrv02x] {
        let family = Family::of(Some(&Name::parse(b"VZLJOT 76.30.03.01")), Told::Nothing).unwrap();
        assert!(family.model(Some(flow.len())).is_err(), "{told:?}");
    }
    assert!(Family::of(Some(&Name::parse(b"VZLJOT 76.63.00.08\0")), Told::Nothing).is_err());
}
