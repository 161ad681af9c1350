//! Every extended vector and every table of the corpus agrees with the driver.

use logika_m4::extended::frame::{self, Scan};
use logika_m4::extended::model::{Group, Medium, Model, model, places_of, settings_of};
use logika_m4::extended::page;
use logika_m4::extended::settings::accepted;
use logika_m4::extended::tags::{self, Tag};
use logika_m4::ident::{Device, Ident};
use logika_m4::legacy::interval::Grid;
use serde_json::Value;
use uzel_driver_sdk::bytes::{hex as shown, unhex};
use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::{Fixed, Value as Cell};

use crate::corpus::json;

pub const DEVICES: [(Device, &str); 7] = [
    (Device::Spt940, "SPT940"),
    (Device::Spt941_20, "SPT941_20"),
    (Device::Spt943rev3, "SPT943rev3"),
    (Device::Spt944, "SPT944"),
    (Device::Spg740, "SPG740"),
    (Device::Spg742, "SPG742"),
    (Device::Lgk410, "LGK410"),
];

fn vectors() -> Vec<Value> {
    let all = json(include_str!("../data/vectors-m4-extended.json"));
    all["vectors"].as_array().unwrap().clone()
}

fn vector(name: &str) -> Value {
    let all = vectors();
    let found = all.into_iter().find(|vector| vector["name"] == name);
    found.unwrap_or_else(|| panic!("no vector {name}"))
}

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap()).unwrap()
}

/// Function and data of a frame that was sent.
fn sent(frame: &[u8]) -> (u8, &[u8]) {
    (frame[7], &frame[8..frame.len() - 2])
}

/// The data of the reply to a vector's request.
fn reply(name: &str) -> Vec<u8> {
    let vector = vector(name);
    let (request, reply) = (hex(&vector["request_hex"]), hex(&vector["response_hex"]));
    match frame::scan(&reply, request[1], request[3], request[7]) {
        Scan::Data(data) => data.to_vec(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_frame_is_built_and_judged_as_recorded() {
    let all = vectors();
    assert_eq!(all.len(), 31);
    for vector in &all {
        let name = &vector["name"];
        let request = hex(&vector["request_hex"]);
        let (function, data) = sent(&request);
        assert_eq!(
            frame::request(request[1], request[3], function, data),
            request,
            "{name}"
        );
        if vector["response_hex"].is_null() {
            continue;
        }
        let reply = hex(&vector["response_hex"]);
        match frame::scan(&reply, request[1], request[3], function) {
            Scan::Data(data) => assert_eq!(sent(&reply), (function, data), "{name}"),
            Scan::Refused(code) => assert_eq!(sent(&reply), (0x21, &[code][..]), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// A tag of the driver against one of the corpus.
fn assert_tag(name: &Value, tag: &Tag, want: &Value) {
    let value = &want["value"];
    assert_eq!(format!("{:02X}", tag.kind), want["tag"].as_str().unwrap(), "{name}");
    assert_eq!(tag.bytes.len() as u64, want["len"].as_u64().unwrap(), "{name}");
    match tag.kind {
        tags::SEQUENCE => {
            let inner = tags::all(tag.bytes).unwrap();
            let wanted = value.as_array().unwrap();
            assert_eq!(inner.len(), wanted.len(), "{name}");
            inner
                .iter()
                .zip(wanted)
                .for_each(|(tag, want)| assert_tag(name, tag, want));
        }
        tags::UNSIGNED => assert_eq!(tag.whole(), value.as_i64(), "{name}"),
        tags::FLOAT | tags::TOTAL => {
            let (got, want) = (tag.number().unwrap(), value.as_f64().unwrap());
            assert!(
                (got - want).abs() <= want.abs() * 1e-6 + 6e-6,
                "{name}: {got}, corpus has {want}"
            );
        }
        tags::TEXT => assert_eq!(tag.text(), value.as_str().unwrap(), "{name}"),
        tags::FLAGS => {
            let flags = tag.flags().unwrap();
            let bits: Vec<u64> = (0..128).filter(|bit| flags & (1 << bit) != 0).collect();
            let wanted = value.get("bits").unwrap_or(value);
            assert_eq!(&serde_json::json!(bits), wanted, "{name}");
        }
        tags::OCTETS => assert_eq!(shown(tag.bytes).to_uppercase(), value.as_str().unwrap(), "{name}"),
        tags::DATE => {
            let (year, month, day) = tag.date().unwrap();
            let text = format!("{year:04}-{month:02}-{day:02} ");
            assert!(value.as_str().unwrap().starts_with(&text), "{name}: {text}");
        }
        tags::TIME => {
            let (hour, minute, second) = tag.time().unwrap();
            assert_eq!(
                format!("{hour:02}:{minute:02}:{second:02}"),
                value.as_str().unwrap(),
                "{name}"
            );
        }
        _ => {}
    }
}

#[test]
fn every_tag_reads_as_decoded() {
    let mut count = 0;
    for vector in vectors() {
        for (frame, list) in [("request_hex", "request_tags"), ("response_hex", "response_tags")] {
            let Some(wanted) = vector[list].as_array().filter(|list| !list.is_empty()) else {
                continue;
            };
            let bytes = hex(&vector[frame]);
            let (_, data) = sent(&bytes);
            let name = &vector["name"];
            if name == "error_reply" {
                continue;
            }
            let found = tags::all(data).unwrap_or_else(|| panic!("{name}: no tags"));
            assert_eq!(found.len(), wanted.len(), "{name}");
            found
                .iter()
                .zip(wanted)
                .for_each(|(tag, want)| assert_tag(name, tag, want));
            count += found.len();
        }
    }
    assert!(count > 200, "{count} tags");
}

/// The cells of `found` against `decoded`, which the corpus has by name.
fn assert_cells(name: &str, group: &Group, found: &[Tag], decoded: &Value) {
    assert_eq!(places_of(group).count(), found.len(), "{name}");
    for ((_, field), tag) in places_of(group).zip(found) {
        let cyrillic = field.replacen('T', "Т", 1);
        let want = decoded.get(field).or_else(|| decoded.get(&cyrillic));
        let Some(want) = want else { continue };
        match tag.value() {
            Cell::Absent => assert!(want.is_null(), "{name} {field}: {want}"),
            Cell::Fixed(Fixed { digits, .. }) => assert_eq!(Some(digits), want.as_i64(), "{name} {field}"),
            Cell::Float(got) => {
                let want = want.as_f64().unwrap();
                assert!(
                    (got - want).abs() <= want.abs() * 1e-5 + 6e-6,
                    "{name} {field}: {got}, corpus has {want}"
                );
            }
            Cell::Bits(bits) => {
                let bits: Vec<u32> = (0..64).filter(|bit| bits & (1 << bit) != 0).collect();
                assert_eq!(&serde_json::json!(bits), want, "{name} {field}");
            }
            Cell::Text(text) => panic!("{name} {field}: {text}"),
        }
    }
}

fn the(device: Device) -> &'static Model {
    model(device).unwrap()
}

#[test]
fn live_values_and_totals_read_as_decoded() {
    let spt941_20 = the(Device::Spt941_20);
    let live = reply("spt941_20_live_values");
    // The capture begins behind СП.
    let names = spt941_20.live[0].names.strip_prefix("СП ").unwrap();
    let behind = Group {
        names,
        ..spt941_20.live[0]
    };
    let decoded = vector("spt941_20_live_values")["decoded"]["values"].clone();
    assert_cells("live", &behind, &tags::all(&live).unwrap(), &decoded);

    let totals = reply("spt941_20_totals");
    let names: Vec<&str> = spt941_20.totals[0].names.split(' ').take(11).collect();
    let first = Group {
        names: names.join(" ").leak(),
        ..spt941_20.totals[0]
    };
    let decoded = vector("spt941_20_totals")["decoded"]["values"].clone();
    assert_cells("totals", &first, &tags::all(&totals).unwrap(), &decoded);
}

#[test]
fn records_read_as_decoded_and_say_what_comes_next() {
    let rev3 = the(Device::Spt943rev3);
    let days = Grid::Days { hour: 0 };
    for (name, group, last) in [
        ("spt943rev3_day_record_tv1", &rev3.record[0], false),
        ("spt943rev3_day_record_tv2_end", &rev3.record[1], true),
    ] {
        let from = days.ending_on(civil(0)).unwrap();
        let page = page::parse(&reply(name), days, from).unwrap();
        let (end, payload) = &page.records[0];
        let decoded = vector(name)["decoded"].clone();
        let label = civil(*end);
        let text = format!("{}-{:02}-{:02}", label.year, label.month, label.day);
        assert!(decoded["label"].as_str().unwrap().starts_with(&text), "{name}: {text}");
        let (moment, values) = page::values(payload, places_of(group).count()).unwrap();
        assert_eq!(moment.map(|at| at.hour), None, "{name}");
        assert_cells(name, group, &values, &decoded["record"]);
        assert_eq!(page.known_until == i64::MAX, last, "{name}");
        if !last {
            assert_eq!(page.known_until, end + 86_400, "{name}");
        }
    }
    let page = page::parse(&reply("hour_archive_spt941_20"), Grid::Hours, 0).unwrap();
    let group = &the(Device::Spt941_20).record[0];
    let hours: Vec<_> = page.records.iter().map(|(end, _)| civil(*end).hour).collect();
    assert_eq!(hours, [18, 19, 20]);
    for (end, payload) in &page.records {
        let (moment, values) = page::values(payload, places_of(group).count()).unwrap();
        assert_eq!(
            moment.map(|at| at.hour),
            Some(civil(*end).hour),
            "the record says its moment, too"
        );
        assert_eq!(values.len(), 41);
    }
    for name in ["archive_empty", "spt943rev3_archive_empty"] {
        let page = page::parse(&reply(name), days, 0).unwrap();
        assert_eq!((page.records.len(), page.known_until), (0, i64::MAX), "{name}");
    }
}

#[test]
fn writes_and_identification_read_as_decoded() {
    assert!(accepted(&reply("write_param_ok")).is_ok());
    assert!(accepted(&reply("write_param_protected")).is_err());
    let ident = reply("session_open_ext_ff_reply");
    let ident = Ident(ident.try_into().unwrap());
    assert_eq!(ident.device(), Some(Device::Spt944));
}

fn rows(text: &str, device: &str) -> Vec<Vec<Value>> {
    let rows = json(text)["rows"].as_array().unwrap().clone();
    let rows = rows.into_iter().map(|row| row.as_array().unwrap().clone());
    rows.filter(|row| row[0] == device).collect()
}

/// A name as the driver has it: one word for the scheme in force, Latin T in timers, no prefix of a heat input.
fn one_name(name: &str) -> String {
    let name = name.trim_start_matches("ТВ1_").trim_start_matches("ТВ2_");
    match name {
        "СПтек" => "СП".to_owned(),
        _ => match name.strip_prefix('Т') {
            Some(rest) => format!("T{rest}"),
            None => name.to_owned(),
        },
    }
}

/// Channel, ordinal and name of the listed tags of a kind; the second heat input has those of the first.
fn listed(device: &str, kind: &str) -> Vec<(u8, u16, String)> {
    let rows = rows(include_str!("../data/tags-4m.json"), device);
    let mut all = Vec::new();
    for row in rows.iter().filter(|row| row[3] == kind) {
        let number = row[2].as_u64().unwrap();
        let (channel, ordinal) = (number / 100_000, u16::try_from(number % 100_000).unwrap());
        let name = row[5].as_str().unwrap();
        let channels = if row[1] == "ТВ" {
            vec![1, 2]
        } else {
            vec![u8::try_from(channel).unwrap()]
        };
        all.extend(channels.into_iter().map(|channel| (channel, ordinal, name.to_owned())));
    }
    all.sort();
    all
}

fn ours(groups: &[Group]) -> Vec<(u8, u16, String)> {
    let places = groups.iter().flat_map(places_of);
    let mut all: Vec<_> = places
        .map(|(place, name)| (place.channel, place.ordinal, name.to_owned()))
        .collect();
    all.sort();
    all
}

#[test]
fn tags_are_those_of_the_tag_database() {
    for (device, name) in DEVICES {
        let model = the(device);
        let settings: Vec<_> = listed(name, "Parameter");
        assert_eq!(ours(model.settings), settings, "{name}");
        for (kind, groups) in [("Realtime", model.live), ("TotalCtr", model.totals)] {
            let mut wanted: Vec<_> = listed(name, kind)
                .into_iter()
                .filter(|(_, _, tag)| !matches!(tag.as_str(), "Т" | "Д"))
                .map(|(channel, ordinal, tag)| (channel, ordinal, one_name(&tag)))
                .collect();
            wanted.sort();
            assert_eq!(ours(groups), wanted, "{name} {kind}");
        }
    }
}

#[test]
fn records_and_depths_are_those_of_the_tag_database() {
    for (device, name) in DEVICES {
        let model = the(device);
        let groups: Vec<&Group> = model.record.iter().collect();
        // Each heat input of СПТ943rev3 has an archive of its own.
        let groups = if model.archive_channels().len() > 1 {
            &groups[..1]
        } else {
            &groups[..]
        };
        let ours: Vec<String> = groups
            .iter()
            .flat_map(|group| places_of(group))
            .map(|(_, name)| name.to_owned())
            .collect();
        let depths = rows(include_str!("../data/archives-4m.json"), name);
        for (archive, depth) in ["Hour", "Day", "Month"].into_iter().zip(model.depths) {
            let wanted: Vec<String> = rows(include_str!("../data/archive-fields-4m.json"), name)
                .iter()
                .filter(|row| row[1] == archive)
                .map(|row| one_name(row[3].as_str().unwrap()))
                .collect();
            assert_eq!(ours, wanted, "{name} {archive}");
            let listed = depths
                .iter()
                .find(|row| row[1] == archive)
                .and_then(|row| row[4].as_u64());
            assert_eq!(u64::from(depth), listed.unwrap_or(0), "{name} {archive}");
        }
    }
}

#[test]
fn settings_in_use_are_in_the_list() {
    for (device, name) in DEVICES {
        let model = the(device);
        let units = model
            .settings
            .iter()
            .flat_map(settings_of)
            .filter(|known| known.name.starts_with('['))
            .count();
        match model.medium {
            Medium::Heat => assert!(model.setting("ЕИ").or(model.setting("ЕИ/P")).is_some(), "{name}"),
            Medium::Gas => assert!(units >= 4, "{name}"),
            Medium::Flow => continue,
        }
        for used in ["СР", "ЧР", "ТО", "ДО", "NT"] {
            assert!(model.setting(used).is_some(), "{name} {used}");
        }
    }
}
