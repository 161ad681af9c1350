//! Every published exchange with a ВКТ-7 passes through the decoders with the value that its publisher gives.

use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::{Quality, Value};

use crate::config::Listed;
use crate::element::{self, Source};
use crate::frame::{self, Answer};
use crate::message;
use crate::meter::Shown;
use crate::property::{Properties, RECOMMENDED};
use crate::record::Plan;

fn vectors() -> Vec<Json> {
    serde_json::from_str(include_str!("../recordings/vkt7.json")).unwrap()
}

fn bytes(vector: &Json, key: &str) -> Option<Vec<u8>> {
    vector[key].as_str().and_then(unhex)
}

/// Decimals as most devices have them, and as the published three-digit device has them.
fn properties(vector: &Json) -> Properties {
    let mut properties = Properties::usual();
    for index in element::DIGITS {
        let digits = match index {
            66 | 76 => 3,
            _ => 2,
        };
        properties.add(&[index], &[digits, 0xc0, 0], true).unwrap();
    }
    // A vector of one element may say its own decimals.
    let listed = vector["decoded"]["index"]
        .as_u64()
        .and_then(|index| element::find(u8::try_from(index).unwrap()));
    if let (Some(element), Some(digits)) = (listed, vector["decoded"]["digits"].as_u64()) {
        let mut own = Properties::usual();
        own.add(
            &[element.digits.unwrap()[0]],
            &[u8::try_from(digits).unwrap(), 0xc0, 0],
            true,
        )
        .unwrap();
        return own;
    }
    if vector["name"].as_str().unwrap().contains("_digits") {
        let mut own = Properties::usual();
        own.add(&[59, 60, 66], &[3, 0xc0, 0, 3, 0xc0, 0, 4, 0xc0, 0], true)
            .unwrap();
        return own;
    }
    properties
}

#[test]
fn every_frame_is_whole_and_every_request_can_be_asked() {
    let mut asked = 0;
    for vector in vectors() {
        let name = vector["name"].as_str().unwrap();
        let request = bytes(&vector, "request_hex").unwrap();
        let (&[address, function, high, low], rest) = request.split_first_chunk::<4>().unwrap();
        let register = u16::from_be_bytes([high, low]);
        let ours = if function == frame::READ {
            let count = rest
                .first_chunk::<4>()
                .map(|[high, low, ..]| u16::from_be_bytes([*high, *low]));
            frame::read_request(address, register, count)
        } else {
            let payload = &rest[3..rest.len() - 2];
            frame::write_request(address, register, rest[2], payload)
        };
        assert_eq!(ours, request, "{name}");
        asked += 1;
        if let Some(response) = bytes(&vector, "response_hex") {
            let whole = frame::decode(address, &response);
            assert!(whole.is_ok(), "{name}: {whole:?}");
        }
    }
    assert_eq!(asked, 75);
}

#[test]
fn every_answer_means_what_its_publisher_says() {
    let mut judged = 0;
    for vector in vectors() {
        let name = vector["name"].as_str().unwrap();
        let Some(response) = bytes(&vector, "response_hex") else {
            continue;
        };
        let request = bytes(&vector, "request_hex").unwrap();
        let Ok(answer) = frame::decode(response[0], &response) else {
            continue;
        };
        let decoded = &vector["decoded"];
        match answer {
            Answer::Refusal { function, code } => {
                assert_eq!(function, request[1], "{name}");
                assert_eq!(u64::from(code), decoded["exception"].as_u64().unwrap(), "{name}");
            }
            Answer::Echo { register } => assert_eq!(register.to_be_bytes(), request[2..4], "{name}"),
            Answer::Data(data) => data_means(name, u16::from_be_bytes([request[2], request[3]]), data, &vector),
        }
        judged += 1;
    }
    assert!(judged > 60, "{judged}");
}

fn data_means(name: &str, register: u16, data: &[u8], vector: &Json) {
    let decoded = &vector["decoded"];
    let op = decoded["op"].as_str().unwrap();
    match register {
        message::register::ACTIVE => {
            let want: Vec<_> = decoded["elements"].as_array().unwrap().iter().map(listed).collect();
            assert_eq!(message::active_list(data), Ok(want), "{name}");
        }
        message::register::SERVICE => {
            let service = message::service(data).unwrap();
            assert_eq!(service.firmware, Some(0x27), "{name}");
            assert_eq!(
                service.schemes.unwrap().map(message::scheme),
                [(3, 0, 0), (1, 1, 0)],
                "{name}"
            );
            assert_eq!(
                service.subscriber.as_deref(),
                decoded["subscriber_id"].as_str(),
                "{name}"
            );
            assert_eq!(
                (service.network, service.report_day, service.variant),
                (Some(1), 31, Some(4)),
                "{name}"
            );
        }
        message::register::RANGE => {
            let range = message::range(data).unwrap();
            let shown = [range.hourly, range.now, range.daily.unwrap()].map(|time| Shown(time).to_string());
            let want =
                ["hourly_start", "current", "daily_start"].map(|key| decoded[key].as_str().unwrap().replace('T', " "));
            assert_eq!(shown, want, "{name}");
        }
        message::register::DATE => {
            let shown = Shown(message::clock(data).unwrap()).to_string();
            assert_eq!(shown, decoded["value"].as_str().unwrap().replace('T', " "), "{name}");
        }
        message::register::OUTPUTS => assert_eq!(message::outputs(data), Ok([false, true]), "{name}"),
        message::register::SUBSCRIBER => assert_eq!(message::text("id", data).as_deref(), Ok("00247792"), "{name}"),
        message::register::SCHEME_1 => assert_eq!(message::number("scheme", data), Ok(3), "{name}"),
        message::register::DATABASE => assert_eq!(message::number("database", data), Ok(0), "{name}"),
        _ if op.starts_with("properties") => properties_mean(name, data, decoded),
        _ if op.starts_with("read data right after") => {
            assert_eq!(message::server_version(data), Some(1), "{name}");
        }
        _ => values_mean(name, data, vector),
    }
}

fn listed(element: &Json) -> Listed {
    let number = |key: &str| u8::try_from(element[key].as_u64().unwrap()).unwrap();
    Listed {
        index: number("index"),
        size: number("size"),
    }
}

fn properties_mean(name: &str, data: &[u8], decoded: &Json) {
    let counted = !name.contains("server0");
    let mut properties = Properties::default();
    properties.add(&RECOMMENDED, data, counted).unwrap();
    let units = decoded["units"].as_object().unwrap();
    let told: Vec<_> = properties.units().iter().map(|(_, unit)| unit.as_str()).collect();
    for unit in units.values() {
        assert!(told.contains(&unit.as_str().unwrap().trim()), "{name}: {unit}");
    }
    let digits = [57, 59, 60, 61, 66, 70, 69, 76].map(|index| properties.digits(index));
    assert_eq!(digits, [2, 2, 2, 2, 3, 2, 2, 3].map(Some), "{name}");
    // The other layout must not fit by chance.
    assert!(
        Properties::default().add(&RECOMMENDED, data, !counted).is_err(),
        "{name}"
    );
}

/// Data of a read list: the vector's own list, or its one element.
fn values_mean(name: &str, data: &[u8], vector: &Json) {
    let decoded = &vector["decoded"];
    let list: Vec<u8> = match (&decoded["list"], &decoded["index"]) {
        (Json::Array(list), _) => list
            .iter()
            .map(|index| u8::try_from(index.as_u64().unwrap()).unwrap())
            .collect(),
        (_, Json::Number(index)) => vec![u8::try_from(index.as_u64().unwrap()).unwrap()],
        // Two elements of this vector are not known to its publisher.
        _ if name == "read_data_current_addr1" => vec![0, 1, 9, 10, 14, 19, 20, 77],
        _ => panic!("{name} has no list"),
    };
    if list == [57] {
        let mut properties = Properties::default();
        properties.add(&list, data, true).unwrap();
        assert_eq!(
            properties.digits(57).map(u64::from),
            decoded["value"].as_u64(),
            "{name}"
        );
        return;
    }
    let elements = list.iter().map(|index| Listed { index: *index, size: 0 }).collect();
    let plan = Plan::new(elements, Source::Hourly, &properties(vector)).unwrap();
    let cells = plan
        .cells(data, Some(24))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let one = [decoded.clone()];
    let want = decoded["values"].as_array().map_or(one.as_slice(), Vec::as_slice);
    let mut column = 0;
    for want in want {
        if want["index"].as_u64().is_some_and(|index| index == 79 || index == 80) {
            column += 5;
            continue;
        }
        value_means(name, &cells.values[usize::from(column)], want);
        let mark = cells.marks.iter().find(|mark| mark.column == column);
        let (quality, code) = (want["quality"].as_u64().unwrap(), want["ns"].as_u64());
        let kept = match (quality, code) {
            (0xc0, _) | (0x50, Some(0xff)) => None,
            (0x50, _) => Some(Quality::Doubtful),
            _ => Some(Quality::Absent),
        };
        assert_eq!(mark.map(|mark| mark.quality), kept, "{name}: {want}");
        let condition = cells
            .conditions
            .iter()
            .find(|condition| condition.column == Some(column));
        let code = code
            .filter(|code| !matches!(code, 0 | 0xff))
            .map(|code| format!("{code:02X}"));
        assert_eq!(
            condition.map(|condition| condition.code.clone()),
            code,
            "{name}: {want}"
        );
        column += 1;
    }
}

fn value_means(name: &str, value: &Value, want: &Json) {
    let bad = want["quality"].as_u64().is_some_and(|quality| quality < 0x40);
    let number = want["value"].as_f64().or(want["value_f32"].as_f64());
    match value {
        Value::Absent => assert!(bad, "{name}: {want}"),
        _ if bad => panic!("{name}: {want} is kept as {value:?}"),
        Value::Fixed(fixed) => {
            let scale = 10_f64.powi(fixed.decimals.into());
            let raw = want["raw_hex"].as_str().and_then(unhex);
            let got = i32::try_from(fixed.digits).unwrap();
            if let Some(number) = number {
                assert_eq!(got, (number * scale).round() as i32, "{name}: {want}");
            } else {
                let raw = raw.unwrap();
                assert_eq!(got.to_le_bytes()[..raw.len()], raw, "{name}: {want}");
            }
        }
        Value::Float(float) => assert!((float - number.unwrap()).abs() < 1e-6, "{name}: {want}"),
        Value::Bits(bits) => {
            let star = want["value"]
                .as_str()
                .map_or(want["raw_hex"] == "2A", |text| text == "*");
            assert_eq!(*bits == 1, star, "{name}: {want}");
        }
        Value::Text(text) => panic!("{name}: text {text}"),
    }
}
