//! Every legacy vector and every table of the corpus agrees with the driver.

use logika_m4::ident::Device;
use logika_m4::legacy::frame::{self, Scan};
use logika_m4::legacy::model::{Field, Kept, Kind, Model, Scattered, model};
use logika_m4::legacy::settings;
use logika_m4::legacy::table::{Block, ns_bits};
use logika_m4::numbers::{i32r32, r32};
use serde_json::Value;
use uzel_driver_sdk::bytes::unhex;

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn vectors() -> Vec<Value> {
    json(include_str!("../data/vectors-m4-legacy.json"))["vectors"]
        .as_array()
        .unwrap()
        .clone()
}

fn vector(name: &str) -> Value {
    vectors()
        .into_iter()
        .find(|vector| vector["name"] == name)
        .unwrap_or_else(|| panic!("no vector {name}"))
}

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap()).unwrap()
}

/// The replies of a vector: none, one, or one for each page.
fn replies(vector: &Value) -> Vec<Vec<u8>> {
    match &vector["response_hex"] {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().map(hex).collect(),
        one => vec![hex(one)],
    }
}

/// The data of the reply to a vector's request.
fn data(name: &str) -> Vec<u8> {
    let vector = vector(name);
    let (request, reply) = (hex(&vector["request_hex"]), replies(&vector).remove(0));
    match frame::scan(&reply, request[1], request[2], reply.len() - 5) {
        Scan::Data(data) => data.to_vec(),
        other => panic!("{name}: {other:?}"),
    }
}

fn the(device: Device) -> &'static Model {
    model(device).unwrap()
}

#[test]
fn every_frame_is_built_and_judged_as_recorded() {
    let all = vectors();
    assert_eq!(all.len(), 35);
    for vector in &all {
        let name = &vector["name"];
        let request = hex(&vector["request_hex"]);
        let (nt, function) = (request[1], request[2]);
        let built = match request.len() {
            9 => frame::request(nt, function, request[3..7].try_into().unwrap()).to_vec(),
            _ => frame::block(nt, function, request[3..67].try_into().unwrap()),
        };
        assert_eq!(built, request, "{name}");
        for reply in replies(vector) {
            let refused = reply[2] == frame::REFUSAL;
            match frame::scan(&reply, nt, function, reply.len() - 5) {
                Scan::Data(data) => assert!(!refused && data == &reply[3..reply.len() - 2], "{name}"),
                Scan::Refused(code) => assert!(refused && code == reply[3], "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// The decoded numbers of a vector against those that `fields` find in `block`.
fn assert_numbers(name: &str, block: &[u8], fields: &[Field], decoded: &Value) {
    for field in fields {
        let got = f64::from(r32(block[field.at..field.at + 4].try_into().unwrap()));
        let want = decoded[field.id]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} has no {}", field.id));
        // The corpus rounds: five decimals in records, four in live values.
        assert!(
            (got - want).abs() <= 6e-5,
            "{name} {}: got {got}, corpus has {want}",
            field.id
        );
    }
}

fn assert_head(name: &str, block: &[u8], decoded: &Value) {
    let ns = hex(&decoded["НС_raw"]);
    let got = ns_bits(the(Device::Spt943), Block::Record, block);
    assert_eq!(got, u32::from_le_bytes([ns[0], ns[1], ns[2], 0]), "{name}");
    assert_eq!(u64::from(block[3]), decoded["СП"].as_u64().unwrap(), "{name}");
    let bits: Vec<u64> = (0..24).filter(|bit| got & (1 << bit) != 0).collect();
    if let Some(want) = decoded["НС_bits"].as_array() {
        assert_eq!(
            bits,
            want.iter().map(|bit| bit.as_u64().unwrap()).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[test]
fn records_read_as_decoded() {
    let model = the(Device::Spt943);
    for name in [
        "hour_record",
        "hour_record_sp7",
        "hour_record_ns21",
        "day_record",
        "day_record_2",
    ] {
        let block = data(name);
        assert_eq!(block.len(), model.record_len, "{name}");
        let decoded = &vector(name)["decoded"]["record"];
        assert_head(name, &block, decoded);
        assert_numbers(name, &block, model.record, decoded);
    }
}

#[test]
fn a_record_of_the_first_spt941_reads_as_decoded() {
    let model = the(Device::Spt941);
    let block = data("spt941_old_day_record");
    assert_eq!(block.len(), model.record_len);
    assert_eq!(ns_bits(model, Block::Record, &block), 0);
    let decoded = &vector("spt941_old_day_record")["decoded"]["record"];
    assert_numbers("spt941_old_day_record", &block, model.record, decoded);
}

#[test]
fn live_blocks_read_as_decoded() {
    for (device, name) in [
        (Device::Spt943, "ram_read_currents_tv1"),
        (Device::Spt943, "ram_read_currents_tv2_sensor_fault"),
        (Device::Spt942, "spt942_ram_currents_tv1"),
    ] {
        let (block, decoded) = (data(name), &vector(name)["decoded"]);
        assert_eq!(block.len(), usize::from(the(device).live.pieces[0].1), "{name}");
        assert_head(name, &block, decoded);
        assert_numbers(name, &block, the(device).live.fields, decoded);
    }
}

#[test]
fn totals_read_as_decoded() {
    let totals = &the(Device::Spt943).totals;
    let pages = [data("flash_read_page_0x109"), data("flash_read_page_0x10A")].concat();
    let decoded = &vector("flash_read_page_0x10A")["decoded"]["with_previous_page"];
    let growth = data("ram_read_totals_increment_tv1");
    let grown = &vector("ram_read_totals_increment_tv1")["decoded"];
    for field in totals.fields {
        let at = usize::from(totals.flash % 64) + 8 * field.at;
        let got = i32r32(pages[at..at + 8].try_into().unwrap());
        let want = decoded[field.id].as_f64().unwrap();
        assert!((got - want).abs() <= 1e-5, "{}: got {got}, corpus has {want}", field.id);
        // The capture of the growth ends before Qг.
        if let Some(bytes) = growth.get(4 * field.at..4 * field.at + 4) {
            let (got, want) = (
                f64::from(r32(bytes.try_into().unwrap())),
                grown[field.id].as_f64().unwrap(),
            );
            assert!(
                (got - want).abs() <= 6e-5,
                "growth of {}: got {got}, corpus has {want}",
                field.id
            );
        }
    }
}

#[test]
fn settings_read_as_decoded() {
    let pages: Vec<u8> = replies(&vector("spt943_settings_6_pages"))
        .iter()
        .flat_map(|reply| reply[3..67].to_vec())
        .collect();
    let decoded = &vector("spt943_settings_6_pages")["decoded"]["entries"];
    let known = the(Device::Spt943).settings.iter().filter(|known| known.number < 50);
    for known in known {
        let entry = settings::entry(&pages, known.number).unwrap();
        assert_eq!(
            entry.text,
            decoded[known.name]["text"].as_str().unwrap(),
            "{}",
            known.name
        );
        assert!(!entry.operative);
    }
    assert_eq!(
        settings::entry(&pages, 22),
        None,
        "the place behind the last entry was never set"
    );
}

fn rows(text: &str, device: &str) -> Vec<Vec<Value>> {
    let rows = json(text)["rows"].as_array().unwrap().clone();
    rows.into_iter()
        .map(|row| row.as_array().unwrap().clone())
        .filter(|row| row[0] == device)
        .collect()
}

/// Those that keep things in places of their own stand last.
pub const DEVICES: [(Device, &str); 5] = [
    (Device::Spt941_10, "SPT941_10"),
    (Device::Spt942, "SPT942"),
    (Device::Spt943, "SPT943"),
    (Device::Spt941, "SPT941"),
    (Device::Spg741, "SPG741"),
];
const USUAL: usize = 3;

#[test]
fn record_layouts_are_those_of_the_tag_database() {
    for (device, name) in DEVICES {
        let model = the(device);
        let [_, _, decades, _] = model.depths;
        let kept = |archive: &&str| decades > 0 || *archive != "Decade";
        for archive in ["Hour", "Day", "Decade", "Month"].into_iter().filter(kept) {
            let listed: Vec<(String, u64)> = rows(include_str!("../data/archive-fields-4l.json"), name)
                .into_iter()
                .filter(|row| row[1] == archive)
                .map(|row| (row[3].as_str().unwrap().to_owned(), row[2].as_u64().unwrap()))
                .collect();
            let fields = if archive == "Hour" { model.hour } else { model.record };
            let mut ours: Vec<_> = fields
                .iter()
                .map(|field| (field.id.to_owned(), field.at as u64))
                .collect();
            ours.push(("НС".to_owned(), model.head.ns as u64));
            ours.extend(model.head.scheme.map(|at| ("СП".to_owned(), at as u64)));
            ours.sort_by_key(|(_, at)| *at);
            assert_eq!(ours, listed, "{name} {archive}");
        }
    }
}

#[test]
fn settings_live_values_and_totals_lie_where_the_tag_database_has_them() {
    for (device, name) in DEVICES {
        let model = the(device);
        let tags = rows(include_str!("../data/tags-4l.json"), name);
        let of = |kind: &str| tags.iter().filter(|row| row[3] == kind).cloned().collect::<Vec<_>>();
        // Numbers from 200 on are sensors of СПГ741, whose places depend on its scheme.
        let listed: Vec<(u64, String, u64)> = of("Parameter")
            .iter()
            .filter(|row| row[8].is_u64())
            .map(|row| {
                let name = row[4].as_str().unwrap().to_owned();
                (row[2].as_u64().unwrap(), name, row[8].as_u64().unwrap())
            })
            .collect();
        let place = |number: u16| match model.kept {
            Kept::Words => 4 * number,
            _ => settings::address(number, 1),
        };
        let ours: Vec<_> = model
            .settings
            .iter()
            .map(|known| (known.number.into(), known.name.to_owned(), place(known.number).into()))
            .collect();
        assert_eq!(ours, listed, "{name}");

        for row in of("Realtime").iter().filter(|row| row[6] == "r32") {
            let field = model.live.fields.iter().find(|field| row[4] == field.id).unwrap();
            assert_eq!(
                u64::from(model.live.ram) + field.at as u64,
                row[8].as_u64().unwrap(),
                "{name} {}",
                field.id
            );
            assert_eq!(
                u64::from(model.live.step),
                row[9].as_u64().unwrap_or(0),
                "{name} {}",
                field.id
            );
        }
        let totals = of("TotalCtr");
        assert_eq!(totals.len(), model.totals.fields.len(), "{name}");
        for (row, field) in totals.iter().zip(model.totals.fields) {
            let (at, places) = (field.at as u64, &model.totals);
            let (flash, ram) = match places.scattered {
                Some(Scattered::Threes) => (u64::from(places.flash) + 12 * at, None),
                Some(Scattered::Places(all)) => (all[field.at].0.into(), Some(all[field.at].1.into())),
                None => (u64::from(places.flash) + 8 * at, Some(u64::from(places.ram) + 4 * at)),
            };
            assert_eq!(row[4], field.id, "{name}");
            assert_eq!(
                (row[8].as_u64(), row[10].as_u64()),
                (Some(flash), ram),
                "{name} {}",
                field.id
            );
            let steps = [places.flash_step, places.ram_step].map(u64::from);
            let listed = [9, 11].map(|column| row[column].as_u64().unwrap_or(0));
            assert_eq!(steps, listed, "{name} {}", field.id);
        }
        let clock = tags.iter().find(|row| row[4] == "Д").unwrap();
        assert_eq!(u64::from(model.clock), clock[8].as_u64().unwrap(), "{name}");
        let ns = of("Realtime")
            .into_iter()
            .find(|row| row[4] == "НС" && row[6] != "bitArray16")
            .unwrap();
        if model.live.ns.is_none() && name != "SPT943" {
            let place = usize::from(model.live.ram) + model.live.head.ns;
            assert_eq!(place as u64, ns[8].as_u64().unwrap(), "{name}");
        }
    }
}

#[test]
fn names_of_numbers_in_use_are_those_of_the_list() {
    for (device, name) in DEVICES.into_iter().take(USUAL) {
        let model = the(device);
        let called = |number: u16| {
            model
                .settings
                .iter()
                .find(|known| known.number == number)
                .map(|known| known.name)
        };
        let numbers = &model.numbers;
        let used = [0, numbers.report_day, numbers.report_hour, numbers.date, numbers.time].map(called);
        assert_eq!(
            used,
            [Some("ЕИ"), Some("СР"), Some("ЧР"), Some("ДО"), Some("ТО")],
            "{name}"
        );
        assert!(model.record.iter().all(|field| field.kind != Kind::Flow));
    }
}
