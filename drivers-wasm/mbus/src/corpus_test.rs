//! Every telegram of `recordings/libmbus` through the whole driver, compared with what libmbus says of it.

use std::fs;
use std::path::{Path, PathBuf};

use uzel_driver_sdk::bytes::{hex, unhex};
use uzel_driver_sdk::recording::{Collected, Recording, Table};
use uzel_driver_sdk::{Driver, Failure, Fixed, Identity, Value};

use crate::Mbus;
use crate::archive::{self, Kind};
use crate::data::Data;
use crate::telegram::Context;
use uzel_driver_sdk::calendar;

/// Which records a file has: name of an element to its text, in the order of the file.
type Elements = Vec<(String, String)>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("recordings/libmbus")
        .join(name)
}

/// Every telegram of a folder with its name.
fn telegrams(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "hex"));
    files.sort();
    let read = |file: PathBuf| {
        let bytes = unhex(&fs::read_to_string(&file).unwrap()).unwrap();
        (file.file_stem().unwrap().to_str().unwrap().to_owned(), bytes)
    };
    files.into_iter().map(read).collect()
}

/// A meter at any address that answers every request with one telegram, asked for at most `answers` times.
fn line(telegram: &[u8], answers: &[&str]) -> Recording {
    let mut text = "> 10 40 fe 3e 16\n< e5\n".to_owned();
    for request in answers {
        text += &format!("> 10 {request} 16\n< {}\n", hex(telegram));
    }
    Recording::parse(&text)
}

const FIRST: &str = "7b fe 79";
const SECOND: &str = "5b fe 59";

/// Identity and current values, all records, of a meter that sends one telegram.
fn read(telegram: &[u8], more: bool) -> Result<(Identity, Vec<Table>), Failure> {
    // A telegram is proved by two equal answers; one that announces more is then asked for its next in vain.
    let requests = [FIRST, FIRST, SECOND, SECOND, SECOND];
    let mut port = line(telegram, &requests[..if more { 5 } else { 2 }]);
    let mut driver = Mbus::default();
    let identity = driver.identify(&mut port, r#"{"address": 254, "all_records": true}"#)?;
    let mut out = Collected::default();
    driver.read_current(&mut port, &mut out)?;
    driver.close(&mut port);
    port.assert_spent();
    Ok((identity, out.tables))
}

/// The elements of each `DataRecord`, and before them those of `SlaveInformation`.
fn records(name: &str) -> (Elements, Vec<Elements>) {
    // The files call themselves ISO-8859-1; of what is compared here every byte is ASCII.
    let bytes = fs::read(folder("test-frames").join(name)).unwrap();
    let text: String = bytes.into_iter().map(char::from).collect();
    let elements = |block: &str| -> Elements {
        let lines = block.lines().map(str::trim);
        let element = |line: &str| {
            let (name, rest) = line.strip_prefix('<')?.split_once('>')?;
            let (value, _) = rest.split_once("</")?;
            Some((name.to_owned(), value.replace("&amp;", "&")))
        };
        lines.filter_map(element).collect()
    };
    let mut blocks = text.split("<DataRecord");
    let head = elements(blocks.next().unwrap());
    (head, blocks.map(elements).collect())
}

fn get<'a>(elements: &'a Elements, name: &str) -> &'a str {
    let found = elements.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

/// The base unit of libmbus and how many of it one of our units is.
fn base_unit(unit: &str) -> (&str, f64) {
    match unit {
        "Wh" => ("Wh", 1.0),
        "kWh" => ("Wh", 1e3),
        "MWh" => ("Wh", 1e6),
        "J" => ("J", 1.0),
        "kJ" => ("J", 1e3),
        "MJ" => ("J", 1e6),
        "GJ" => ("J", 1e9),
        "W" => ("W", 1.0),
        "kW" => ("W", 1e3),
        "MW" => ("W", 1e6),
        "m3" => ("m^3", 1.0),
        "m3/h" => ("m^3/h", 1.0),
        "s" => ("s", 1.0),
        "min" => ("s", 60.0),
        "h" => ("s", 3_600.0),
        "d" => ("s", 86_400.0),
        "Cel" => ("\u{c2}\u{b0}C", 1.0),
        "1" => ("", 1.0),
        other => (other, 1.0),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Fixed(Fixed { digits, decimals }) => Some(*digits as f64 / 10f64.powi(i32::from(*decimals))),
        Value::Float(float) => Some(*float),
        Value::Bits(bits) => Some(*bits as f64),
        Value::Text(text) => text.parse().ok(),
        Value::Absent => None,
    }
}

/// Storage, tariff, subunit and function by the id of a column.
fn place(id: &str) -> [String; 4] {
    let part = |sign: char| {
        let (_, rest) = id.rsplit_once(sign)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    };
    let zero = || "0".to_owned();
    let function = match part('#').as_deref() {
        None => "Instantaneous value",
        Some("max") => "Maximum value",
        Some("min") => "Minimum value",
        Some("error") => "Value during error state",
        Some(other) => panic!("{other}"),
    };
    let storage = part('@').unwrap_or_else(zero);
    [
        storage,
        part('/').unwrap_or_else(zero),
        part(':').unwrap_or_else(zero),
        function.to_owned(),
    ]
}

/// Compares one record; says what differs.
fn compare(table: &Table, at: usize, raw: &Elements, norm: &Elements) -> Result<(), String> {
    let (column, value) = (&table.columns[at], &table.rows[0].values[at]);
    let (text, scaled) = (get(raw, "Value"), get(norm, "Value"));
    let is = |same: bool, what: &str| {
        let words = || {
            format!(
                "{}: {what}: {value:?} {}, libmbus {text} {norm:?}",
                column.id, column.unit
            )
        };
        if same { Ok(()) } else { Err(words()) }
    };
    if matches!(get(raw, "Function"), "Manufacturer specific" | "More records follow") {
        let same = matches!(value, Value::Text(block) if *block == text.replace(' ', "").to_lowercase());
        return is(column.id == "vendor-data" && same, "block");
    }
    let or_zero = |name| {
        Some(get(raw, name))
            .filter(|text| !text.is_empty())
            .unwrap_or("0")
            .to_owned()
    };
    let want = [
        or_zero("StorageNumber"),
        or_zero("Tariff"),
        or_zero("Device"),
        get(raw, "Function").to_owned(),
    ];
    is(place(&column.id) == want, "place")?;
    if let Value::Absent = value {
        let mark = table.rows[0].marks.iter().find(|mark| usize::from(mark.column) == at);
        let code = mark.and_then(|mark| mark.code.clone()).unwrap_or_default();
        return is(text == code || text == "2000-00-00", "absence");
    }
    if let (Value::Text(ours), None) = (value, number(value)) {
        let date = scaled.trim_end_matches('Z');
        let block = scaled.replace(' ', "").to_lowercase();
        let reversed = || hex(&unhex(&block).unwrap().into_iter().rev().collect::<Vec<_>>()).replace(' ', "");
        return is(
            ours == date || ours == text || *ours == block || *ours == reversed(),
            "text",
        );
    }
    let (unit, factor) = base_unit(&column.unit);
    let (ours, theirs) = (number(value).unwrap() * factor, scaled.parse::<f64>());
    let theirs = theirs
        .or_else(|_| text.parse())
        .map_err(|error| format!("{}: {error}", column.id))?;
    // Six decimals are printed, so small numbers come rounded.
    is((ours - theirs).abs() <= 1e-6 * theirs.abs().max(0.5), "value")?;
    if let (Value::Fixed(Fixed { digits, .. }), Ok(theirs)) = (value, text.parse::<i64>()) {
        is(*digits == theirs, "digits")?;
    }
    let their_unit = get(norm, "Unit").trim();
    let is_plain_text = column.id.starts_with('\'');
    is(
        their_unit == unit || is_plain_text || (their_unit == "-" && unit.is_empty()),
        "unit",
    )
}

#[test]
fn every_telegram_means_what_libmbus_says() {
    let telegrams = telegrams("test-frames");
    assert_eq!(telegrams.len(), 38);
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, telegram) in telegrams.iter().filter(|(name, _)| name != "manual_frame2") {
        let (head, raw) = records(&format!("{name}.xml"));
        let (_, norm) = records(&format!("{name}.norm.xml"));
        let more = raw
            .iter()
            .any(|record| get(record, "Function") == "More records follow");
        let (identity, tables) = read(telegram, more).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let [table] = tables.as_slice() else {
            panic!("{name}: {} tables", tables.len())
        };
        assert_eq!(table.columns.len(), raw.len() + 1, "{name}: records and the status");
        assert_eq!(
            identity.serial.unwrap().trim_start_matches('0'),
            get(&head, "Id").trim_start_matches('0'),
            "{name}"
        );
        let detail = |key: &str| {
            identity
                .details
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, text)| text.as_str())
        };
        assert_eq!(detail("manufacturer"), Some(get(&head, "Manufacturer")), "{name}");
        assert_eq!(detail("version"), Some(get(&head, "Version")), "{name}");
        let status = u64::from_str_radix(get(&head, "Status"), 16).unwrap();
        assert!(
            matches!(table.rows[0].values[raw.len()], Value::Bits(bits) if bits == status),
            "{name}"
        );
        for (at, (raw, norm)) in raw.iter().zip(&norm).enumerate() {
            wrong.extend(
                compare(table, at, raw, norm)
                    .err()
                    .map(|what| format!("{name} {at}: {what}")),
            );
            compared += 1;
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared} records differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(compared, 493);
}

/// What the driver stores of each telegram: totals, current values, and intervals by the dates.
#[test]
fn archives_hold_what_the_dates_decide() {
    let mut told = String::new();
    for (name, telegram) in telegrams("test-frames") {
        let frame = crate::frame::decode(&telegram).unwrap();
        let records = crate::telegram::decode(&frame, &Context::default()).unwrap().records;
        let entries = crate::entry::entries(&records);
        let is_clock = |entry: &&crate::entry::Entry<'_>| entry.id(true) == "date-time";
        let clock = entries.iter().find(is_clock).and_then(|entry| match entry.data {
            Data::Stamp(stamp) => Some(calendar::reckon(stamp.time)),
            _ => None,
        });
        let archives = archive::build(&entries, clock, clock.unwrap_or(i64::MAX));
        if entries.iter().any(|entry| entry.record.storage > 0) {
            told += &format!("{name}\n");
        }
        for kind in [Kind::Hourly, Kind::Daily, Kind::Monthly] {
            for interval in archives.intervals(kind) {
                let (begin, end) = (calendar::civil(interval.begin), calendar::civil(interval.end));
                let ids: Vec<_> = interval.values.iter().map(|at| entries[*at].id(true)).collect();
                let dates = [begin, end].map(|time| format!("{}-{:02}-{:02}", time.year, time.month, time.day));
                told += &format!("  {kind:?} {} {}\n", dates.join(" "), ids.join(" "));
            }
        }
        told.extend(archives.remarks.iter().map(|remark| format!("  {remark}\n")));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_fixed_structure_means_what_libmbus_says() {
    let telegrams = telegrams("test-frames");
    let (_, telegram) = telegrams.iter().find(|(name, _)| name == "manual_frame2").unwrap();
    let (identity, tables) = read(telegram, false).unwrap();
    assert_eq!(identity.serial.as_deref(), Some("12345678"));
    let told: Vec<_> = tables[0]
        .columns
        .iter()
        .zip(&tables[0].rows[0].values)
        .map(|(column, value)| format!("{} {} {:?}", column.id, column.unit, number(value)))
        .collect();
    assert_eq!(
        told,
        ["volume l Some(1.0)", "volume@1 l Some(135.0)", "status  Some(0.0)"]
    );
}

#[test]
fn telegrams_with_errors_are_refused_by_name() {
    let cases = [
        (
            "error-frames",
            "buffer_too_long",
            "refused: application error 2: buffer too long, truncated",
        ),
        (
            "error-frames",
            "premature_end_of_data1",
            "garbled: record at byte 10: premature end of data, needs 3 bytes at offset 13, 0 left",
        ),
        (
            "error-frames",
            "premature_end_of_dif1",
            "garbled: record at byte 10: premature end of DIFE, needs 1 bytes at offset 11, 0 left",
        ),
        (
            "error-frames",
            "premature_end_of_record",
            "refused: application error 4: premature end of record",
        ),
        (
            "error-frames",
            "premature_end_of_vif1",
            "garbled: record at byte 10: premature end of VIF, needs 1 bytes at offset 12, 0 left",
        ),
        (
            "error-frames",
            "too_many_dife",
            "garbled: record at byte 10: more than 10 DIFE",
        ),
        (
            "error-frames",
            "too_many_readouts",
            "refused: application error 9: too many readouts",
        ),
        (
            "error-frames",
            "too_many_vife",
            "garbled: record at byte 10: more than 10 VIFE",
        ),
        (
            "error-frames",
            "too_short_header",
            "garbled: header of CI 72: needs 2 bytes at offset 4, 1 left",
        ),
        (
            "error-frames",
            "unspecified_error",
            "refused: application error 0: unspecified error",
        ),
        (
            "unsupported-frames",
            "invalid_length2",
            "garbled: fixed structure has 15 bytes, expected 16",
        ),
        (
            "unsupported-frames",
            "manual_frame4",
            "garbled: control byte is 53, expected RSP_UD 08, 18, 28 or 38",
        ),
        (
            "unsupported-frames",
            "manual_frame6",
            "garbled: control byte is 53, expected RSP_UD 08, 18, 28 or 38",
        ),
    ];
    let all = [telegrams("error-frames"), telegrams("unsupported-frames")].concat();
    assert_eq!(all.len(), cases.len());
    for (folder, name, want) in cases {
        let (_, telegram) = all.iter().find(|(other, _)| other == name).unwrap();
        let mut port = line(telegram, &[FIRST]);
        let got = match Mbus::default().identify(&mut port, r#"{"address": 254, "attempts": 1}"#) {
            Err(Failure::Garbled(what)) => format!("garbled: {what}"),
            Err(Failure::Refused(what)) => format!("refused: {what}"),
            other => panic!("{folder}/{name}: {other:?}"),
        };
        assert_eq!(got, want, "{folder}/{name}");
    }
}
