//! Every vector and every table of the corpus agrees with the driver.

use logika_spbus::frame::{self, Addresses, Frame, Scan};
use logika_spbus::link::Question;
use logika_spbus::message::{self, Slice};
use logika_spbus::model::{MODELS, Model, model};
use logika_spbus::{ident, number, stamp, text};
use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Fixed, Value};

pub fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn vectors() -> Vec<Json> {
    let all = json(include_str!("../data/vectors-spbus.json"));
    all["vectors"].as_array().unwrap().clone()
}

fn vector(name: &str) -> Json {
    let found = vectors().into_iter().find(|vector| vector["name"] == name);
    found.unwrap_or_else(|| panic!("no vector {name}"))
}

fn records(fields: &Json) -> Vec<Vec<String>> {
    let texts = |block: &Json| {
        let fields = block.as_array().unwrap().iter();
        fields.map(|field| field.as_str().unwrap().to_owned()).collect()
    };
    fields["records"].as_array().unwrap().iter().map(texts).collect()
}

/// The frame in bytes of a vector, and what is said of it.
fn frames(vector: &Json) -> Vec<(Vec<u8>, Json)> {
    let sides = [("request_hex", "request_fields"), ("response_hex", "response_fields")];
    let sides = sides.iter().filter(|(hex, _)| vector[hex].is_string());
    sides
        .map(|(hex, fields)| (unhex(vector[hex].as_str().unwrap()).unwrap(), vector[fields].clone()))
        .collect()
}

#[test]
fn every_frame_reads_and_is_built_as_recorded() {
    let all = vectors();
    assert_eq!(all.len(), 48);
    for vector in &all {
        for (bytes, said) in frames(vector) {
            let name = &vector["name"];
            let Scan::Whole(frame, used) = frame::scan(&bytes) else {
                panic!("{name}: {:?}", frame::scan(&bytes));
            };
            assert_eq!(used, bytes.len(), "{name}");
            let byte = |key: &str| said[key].as_u64().map(|byte| u8::try_from(byte).unwrap());
            let addresses = byte("DAD").zip(byte("SAD")).map(|(dad, sad)| Addresses { dad, sad });
            assert_eq!(frame.addresses, addresses, "{name}");
            assert_eq!(
                format!("0x{:02X}", frame.function),
                said["FNC"].as_str().unwrap(),
                "{name}"
            );
            assert_eq!(text::decode(&frame.head), said["head"].as_str().unwrap(), "{name}");
            let blocks = text::blocks(&frame.data).unwrap();
            assert_eq!(blocks, records(&said), "{name}");
            let junk = unhex(said["leading_garbage"].as_str().unwrap()).unwrap();
            let built = Frame {
                data: text::data(&blocks),
                ..frame
            };
            assert_eq!([junk, frame::encode(&built)].concat(), bytes, "{name}");
        }
    }
}

/// The question that a vector's request is, if the driver asks such.
fn question(name: &Json, said: &Json) -> Option<Question> {
    let blocks = records(said);
    let number = |block: usize, field: usize| -> u16 { blocks[block][field].parse().unwrap() };
    match said["FNC"].as_str().unwrap() {
        "0x1D" => {
            let pointers: Vec<_> = blocks
                .iter()
                .map(|block| (block[0].parse().unwrap(), block[1].parse().unwrap()))
                .collect();
            Some(message::ask_parameters(&pointers))
        }
        "0x0C" => Some(message::ask_elements(number(0, 1), number(0, 2), number(0, 3))),
        "0x19" => Some(message::ask_structure(number(0, 1))),
        "0x18" => Some(message::ask_slice(number(0, 1), stamp::pointer(&blocks[1]).unwrap())),
        "0x03" if name != "stuffing_in_value" => Some(message::write(number(0, 1), None, &blocks[1][0])),
        "0x14" => Some(message::write(number(0, 1), Some(number(0, 2)), &blocks[1][0])),
        _ => None,
    }
}

#[test]
fn every_question_of_the_driver_is_asked_as_recorded() {
    let mut asked = 0;
    for vector in vectors() {
        let said = &vector["request_fields"];
        if !vector["request_hex"].is_string() {
            continue;
        }
        let Some(question) = question(&vector["name"], said) else {
            continue;
        };
        let numbers = |blocks: &[Vec<String>]| -> Vec<Vec<String>> {
            let plain = |field: &String| field.parse::<u32>().map_or(field.clone(), |number| number.to_string());
            blocks.iter().map(|block| block.iter().map(plain).collect()).collect()
        };
        assert_eq!(numbers(&question.blocks), numbers(&records(said)), "{}", vector["name"]);
        assert_eq!(format!("0x{:02X}", question.function), said["FNC"].as_str().unwrap());
        asked += 1;
    }
    assert_eq!(asked, 35);
}

/// What the reply of a vector with both sides holds, as the driver reads it.
fn fields(name: &str) -> Result<Vec<String>, String> {
    let vector = vector(name);
    let asked = question(&vector["name"], &vector["request_fields"]).unwrap();
    let blocks = records(&vector["response_fields"]);
    let answer = u8::from_str_radix(&vector["response_fields"]["FNC"].as_str().unwrap()[2..], 16).unwrap();
    assert_eq!(asked.answer, answer, "{name}");
    let read = match answer {
        0x03 => message::parameters(&asked, &blocks)?,
        _ => message::elements(&asked, &blocks)?,
    };
    Ok(read
        .into_iter()
        .map(|field| format!("{} {}", field.value, field.unit).trim().to_owned())
        .collect())
}

#[test]
fn replies_hold_what_is_said_of_them() {
    assert_eq!(fields("ident_reply"), Ok(vec!["961.1v01".into()]));
    assert_eq!(fields("headed_request"), Ok(vec!["962v01".into()]));
    let several = ["15-01-24", "13:45:30", "88.97 'C", "12.5 т"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(fields("read_several_params"), Ok(several));
    assert_eq!(fields("param_error_text"), Ok(vec!["Нет данных?".into()]));
    assert_eq!(
        fields("read_array_count_form"),
        Ok(vec!["961.2V01".into(), "1-00123-0000".into()])
    );
    let map = ["000000000000", "000000000000", "001000000000"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(fields("read_current_ns_map"), Ok(map));
    assert_eq!(fields("addr_needs_stuffing"), Ok(vec!["15-01-24".into()]));
    for (name, want) in [
        ("write_param_time", None),
        ("write_element", None),
        ("write_param_refused", Some("Ошибка формата?".to_owned())),
    ] {
        let vector = vector(name);
        let asked = question(&vector["name"], &vector["request_fields"]).unwrap();
        assert_eq!(
            message::written(&asked, &records(&vector["response_fields"])),
            Ok(want),
            "{name}"
        );
    }
}

#[test]
fn captured_values_are_numbers_with_units_and_times() {
    let cell = |name: &str| {
        let block = &records(&vector(name)["response_fields"])[1];
        (number::cell(&block[0]).value, logika_spbus::column::unit(&block[1]))
    };
    let fixed = |digits, decimals| format!("{:?}", Value::Fixed(Fixed { digits, decimals }));
    let shown = |(value, unit): (Value, String)| (format!("{value:?}"), unit);
    assert_eq!(
        shown(cell("value_reply_155_pressure")),
        (fixed(2_874, 3), "kgf/cm2".to_owned())
    );
    for name in [
        "value_reply_063_sad0_dad80",
        "value_reply_063_prefix_FFFF",
        "value_reply_063_sad11",
    ] {
        assert_eq!(shown(cell(name)), (fixed(20, 0), "Cel".to_owned()), "{name}");
    }
    let [date, time] = ["value_reply_060_date_mask", "value_reply_061_time_mask"]
        .map(|name| records(&vector(name)["response_fields"])[1][0].clone());
    let shown = stamp::date_and_time(&date, &time).unwrap();
    assert_eq!((shown.year, shown.month, shown.day), (2011, 5, 27));
    assert_eq!((shown.hour, shown.minute, shown.second), (11, 30, 40));
    for (name, count) in [
        ("read_time_array_072", 6),
        ("time_array_hour_082_gap", 17),
        ("time_array_empty", 0),
    ] {
        let blocks = records(&vector(name)["response_fields"]);
        let stamps: Vec<_> = blocks[3..]
            .iter()
            .map(|block| stamp::stamp(&block[2]).unwrap())
            .collect();
        assert_eq!(stamps.len(), count, "{name}");
        assert!(stamps.iter().all(|at| at.minute == 0 && at.second == 0), "{name}");
    }
}

#[test]
fn structure_and_slices_read_as_said() {
    let asked = |name: &str| {
        let vector = vector(name);
        let asked = question(&vector["name"], &vector["request_fields"]).unwrap();
        (asked, records(&vector["response_fields"]))
    };
    let (question, blocks) = asked("archive_structure_reply");
    let slots = message::structure(&question, &blocks).unwrap().unwrap();
    let slots: Vec<_> = slots
        .iter()
        .map(|slot| (slot.channel, slot.number, slot.unit.as_str()))
        .collect();
    assert_eq!(
        slots,
        [(0, 72, "'C"), (0, 75, "кгс/см2"), (1, 201, "'C"), (1, 211, "т")]
    );
    let at = |day| CivilTime {
        year: 2024,
        month: 1,
        day,
        hour: 0,
        minute: 0,
        second: 0,
    };
    let (question, blocks) = asked("archive_slice_reply");
    let record = Slice::Record {
        label: at(15),
        previous: Some(at(14)),
        values: ["5.0", "2.5", "88.97", "120.5"].map(str::to_owned).to_vec(),
    };
    assert_eq!(message::slice(&question, 4, &blocks), Ok(record));
    let (question, blocks) = asked("archive_slice_none");
    assert_eq!(
        message::slice(&question, 4, &blocks),
        Ok(Slice::None { previous: None })
    );
}

/// The model of this driver for a device of the database.
fn of_device(device: &str) -> &'static Model {
    let id = match device.split_once('_') {
        Some((name, revision)) => format!("{name}.{revision}"),
        None => device.to_owned(),
    };
    model(&id.to_lowercase()).unwrap_or_else(|| panic!("no model for {device}"))
}

fn kind(name: &str) -> ArchiveKind {
    match name {
        "Hour" => ArchiveKind::Hourly,
        "Day" => ArchiveKind::Daily,
        "Decade" => ArchiveKind::TenDays,
        "HalfHour" => ArchiveKind::EveryMinutes(30),
        _ => ArchiveKind::Monthly,
    }
}

#[test]
fn rings_are_as_deep_as_the_database_says() {
    let rows = json(include_str!("../data/archives-spbus.json"))["rows"].clone();
    let mut rings = 0;
    for row in rows.as_array().unwrap() {
        let (device, archive) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
        let depth = row[4].as_u64().unwrap();
        let model = of_device(device);
        // An archive of an hour of minutes is none that is kept.
        if archive == "Minute" {
            continue;
        }
        if archive.ends_with("Log") {
            let number = u16::try_from(row[2].as_u64().unwrap()).unwrap();
            assert!(model.journals.contains(&number), "{device} {archive}");
            assert_eq!(u64::from(model.journal_depth), depth, "{device} {archive}");
            continue;
        }
        let ring = model
            .archive_of(kind(archive))
            .unwrap_or_else(|| panic!("{device} {archive}"));
        let references: Vec<String> = ring.references.iter().map(u16::to_string).collect();
        let theirs = row[2].as_str().map_or_else(|| row[2].to_string(), str::to_owned);
        assert_eq!(references.join(" "), theirs, "{device} {archive}");
        // The table gives months of СПЕ the depth of days; that of the parameters themselves has twelve.
        let is_electric_month = model.is_electric && archive == "Month";
        let want = if is_electric_month { 12 } else { depth };
        assert_eq!(u64::from(ring.depth), want, "{device} {archive}");
        rings += 1;
    }
    assert_eq!(rings, MODELS.iter().map(|model| model.archives.len()).sum::<usize>());
}

/// Names that one table has for models which differ in them only.
fn is_same_name(ours: &str, theirs: &str) -> bool {
    let pairs = [
        ("M", "dM"),
        ("W", "dW"),
        ("Mи", "dMи"),
        ("Wи", "dWи"),
        ("Mи", "Ми"),
        ("V", "Vo"),
        ("Vo", "V"),
        ("Д1", "ДТ1"),
        ("Д2", "ДТ2"),
        ("Tнв", "ДС1"),
        ("tgб", "tmax"),
        ("tgм", "tmin"),
        ("tнсф", "tф"),
        ("tнсdT", "tни"),
        ("hг/Vр", "hг"),
        ("hг/Vр", "Vр"),
    ];
    ours == theirs || pairs.contains(&(ours, theirs))
}

#[test]
fn every_archive_parameter_of_the_database_is_known_by_its_name() {
    let rows = json(include_str!("../data/archive-fields-spbus.json"))["rows"].clone();
    let mut known = 0;
    for row in rows.as_array().unwrap() {
        let [device, archive, channel, _, _, name] = [0, 1, 2, 3, 4, 5].map(|at| row[at].as_str().unwrap_or(""));
        if !["Hour", "Day", "Decade", "Month"].contains(&archive) {
            continue;
        }
        let model = of_device(device);
        let is_half_hour = model.is_electric && archive == "Hour";
        let kind = kind(if is_half_hour { "HalfHour" } else { archive });
        let ring = model.archive_of(kind).unwrap();
        let number = u16::try_from(row[3].as_u64().unwrap()).unwrap();
        let base = number - ring.offset;
        let found = model.known(model.archive, base);
        let found = found.unwrap_or_else(|| panic!("{device} {archive} {number} {name} is not known"));
        let theirs = name.split('(').next().unwrap();
        assert!(
            is_same_name(found.name, theirs),
            "{device} {archive} {number}: {} is {name}",
            found.name
        );
        let group = logika_spbus::model::group(number);
        let letter = match model.letter(group) {
            "" => "0",
            letter => letter,
        };
        assert_eq!(letter, channel, "{device} {number}");
        known += 1;
    }
    assert!(known > 400, "{known}");
}

#[test]
fn types_of_the_vectors_are_told_apart() {
    for (text, id) in [
        ("961.1v01", "spt961.1"),
        ("961.2V01", "spt961.1m"),
        ("962v01", "spt962"),
    ] {
        assert!(
            matches!(ident::device(text), ident::Device::Known(model) if model.id == id),
            "{text}"
        );
    }
}
