//! Every published M-Bus telegram of libmbus (38 to be read, 13 to be refused) from a slave on a TCP line, through the
//! compiled driver with `all_records`: value, unit, storage, tariff, subunit and function are those of libmbus' XML.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use meter_sim::{Faults, Handle, Recording};
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Table, Taken};
use uzel::model::{Cell, Column, LineAddress, Outcome, Quality, RecordKind, Task, Value};
use uzel::session::Report;

/// One `DataRecord`, or the head: names of elements to their texts.
type Elements = BTreeMap<String, String>;

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers-wasm/mbus/recordings/libmbus");
    root.join(name)
}

/// Names of the telegrams of a folder, in order.
fn names(of: &str) -> Vec<String> {
    let files = fs::read_dir(folder(of)).unwrap().map(|file| file.unwrap().path());
    let telegrams = files.filter(|file| file.extension().is_some_and(|extension| extension == "hex"));
    let mut names: Vec<_> = telegrams
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// A slave alone on its line: acknowledges a link reset, answers every readout with the telegram.
async fn slave(of: &str, name: &str) -> Handle {
    let telegram = fs::read_to_string(folder(of).join(format!("{name}.hex"))).unwrap();
    let telegram = telegram.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!("> 10 40 fe 3e 16\n< e5\n> 10 7b fe 79 16\n< {telegram}\n> 10 5b fe 59 16\n< {telegram}\n");
    let recording = Recording::parse(&text).unwrap();
    recording.link(Faults::new()).start_tcp().await.unwrap()
}

async fn read(of: &str, name: &str) -> (Report, Taken) {
    let slave = slave(of, name).await;
    let line = LineAddress::Tcp(slave.addr().to_string());
    let config = json!({"address": 254, "all_records": true, "attempts": 2, "timeout_ms": 300});
    let read = Read::new(parts::driver("mbus"), line, config).task(Task::Current);
    let read = read.run().await;
    assert_eq!(slave.unmatched(), Vec::<Vec<u8>>::new(), "{of}/{name}");
    read
}

/// The head of a file of expectations and its records.
fn expected(name: &str) -> (Elements, Vec<Elements>) {
    // The files call themselves ISO-8859-1 but hold UTF-8 in the units; only texts that are no numbers suffer.
    let bytes = fs::read(folder("test-frames").join(name)).unwrap();
    let text = String::from_utf8_lossy(&bytes).replace("&amp;", "&");
    let mut blocks = text.split("<DataRecord").map(|block| {
        let element = |line: &str| {
            let (name, rest) = line.trim().strip_prefix('<')?.split_once('>')?;
            let (value, _) = rest.split_once("</")?;
            Some((name.to_owned(), value.to_owned()))
        };
        block.lines().filter_map(element).collect()
    });
    (blocks.next().unwrap(), blocks.collect())
}

fn text<'a>(elements: &'a Elements, name: &str) -> &'a str {
    elements.get(name).map_or("", String::as_str)
}

/// The base unit of libmbus for one of ours, and how many of it ours is.
fn base_unit(unit: &str) -> (&str, f64) {
    match unit {
        "kWh" => ("Wh", 1e3),
        "MWh" => ("Wh", 1e6),
        "kJ" => ("J", 1e3),
        "MJ" => ("J", 1e6),
        "GJ" => ("J", 1e9),
        "kW" => ("W", 1e3),
        "MW" => ("W", 1e6),
        "m3" => ("m^3", 1.0),
        "m3/h" => ("m^3/h", 1.0),
        "min" => ("s", 60.0),
        "h" => ("s", 3_600.0),
        "d" => ("s", 86_400.0),
        "Cel" => ("°C", 1.0),
        "1" => ("", 1.0),
        same => (same, 1.0),
    }
}

/// Storage, tariff, subunit and function by a column's id: `energy@8/1:2#max`.
fn place(id: &str) -> [&str; 4] {
    let part = |sign| {
        let rest = id.rsplit_once(sign).map_or("", |(_, rest)| rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        &rest[..end]
    };
    let function = match part('#') {
        "" => "Instantaneous value",
        "max" => "Maximum value",
        "min" => "Minimum value",
        _ => "Value during error state",
    };
    [or_zero(part('@')), or_zero(part('/')), or_zero(part(':')), function]
}

/// A part that is left out of a column's name is 0.
fn or_zero(part: &str) -> &str {
    if part.is_empty() { "0" } else { part }
}

/// What is wrong with a cell; `raw` has the meter's digits, `norm` base units.
fn wrong(column: &Column, cell: &Cell, raw: &Elements, norm: &Elements) -> Option<String> {
    let (digits, scaled) = (text(raw, "Value"), text(norm, "Value"));
    let differs = |what| {
        Some(format!(
            "{what}: {} {} {cell:?}, libmbus {raw:?} {norm:?}",
            column.id, column.unit
        ))
    };
    let block = |text: &str| text.replace(' ', "").to_lowercase();
    if matches!(text(raw, "Function"), "Manufacturer specific" | "More records follow") {
        let is_same = column.id == "vendor-data" && cell.value == Value::Text(block(digits));
        return if is_same { None } else { differs("block") };
    }
    let or_zero = |name| {
        if text(raw, name).is_empty() {
            "0"
        } else {
            text(raw, name)
        }
    };
    let at = [
        or_zero("StorageNumber"),
        or_zero("Tariff"),
        or_zero("Device"),
        text(raw, "Function"),
    ];
    if place(&column.id) != at || column.tariff.to_string() != at[1] {
        return differs("place");
    }
    let number = match &cell.value {
        // Digits of invalid BCD, a date that is not set.
        Value::Absent => {
            let is_same = cell.code.as_deref() == Some(digits) || digits == "2000-00-00";
            return if is_same && cell.quality == Quality::Absent {
                None
            } else {
                differs("absence")
            };
        }
        Value::Bits(bits) => u32::try_from(*bits).ok().map(f64::from),
        Value::Text(ours) => match ours.parse() {
            Ok(number) => Some(number),
            Err(_) => {
                return if same_text(ours, digits, scaled) {
                    None
                } else {
                    differs("text")
                };
            }
        },
        value => value.number(),
    };
    let (unit, factor) = base_unit(&column.unit);
    let theirs = scaled.parse::<f64>().or_else(|_| digits.parse());
    let (Some(number), Ok(theirs)) = (number, theirs) else {
        return differs("number");
    };
    // libmbus prints six decimals.
    if (number * factor - theirs).abs() > 1e-6 * theirs.abs().max(0.5) {
        return differs("value");
    }
    if let (Value::Fixed { digits: ours, .. }, Ok(theirs)) = (&cell.value, digits.parse::<i64>())
        && *ours != theirs
    {
        return differs("digits");
    }
    let their_unit = text(norm, "Unit").trim();
    let is_plain_text = column.id.starts_with('\'');
    let is_unit = their_unit == unit || is_plain_text || (their_unit == "-" && unit.is_empty());
    if is_unit { None } else { differs("unit") }
}

/// Whether a text is that of libmbus: a date-time of the meter's clock ends in `Z` there, a block may come backwards.
fn same_text(ours: &str, raw: &str, norm: &str) -> bool {
    let block: String = norm.split_whitespace().collect::<String>().to_lowercase();
    let backwards: String = norm.split_whitespace().rev().collect::<String>().to_lowercase();
    ours == raw || ours == norm.trim_end_matches('Z') || ours == block || ours == backwards
}

#[tokio::test(flavor = "multi_thread")]
async fn every_telegram_means_what_libmbus_says() {
    let names = names("test-frames");
    assert_eq!(names.len(), 38);
    let (mut wrong_records, mut compared) = (Vec::new(), 0);
    for name in names.iter().filter(|name| *name != "manual_frame2") {
        let (head, raw) = expected(&format!("{name}.xml"));
        let (_, norm) = expected(&format!("{name}.norm.xml"));
        let (report, taken) = read("test-frames", name).await;
        assert_eq!(
            report.outcome,
            Outcome::Complete,
            "{name}: {:?}\n{}",
            report.detail,
            report.trace
        );
        assert_eq!(report.faults, Vec::<String>::new(), "{name}");
        let [table] = &taken.tables[..] else {
            panic!("{name}: {} tables", taken.tables.len())
        };
        assert_device(name, &report, table, &head);
        let record = &table.records[0];
        assert_eq!(
            (table.kind, record.cells.len()),
            (RecordKind::Current, raw.len() + 1),
            "{name} and the status"
        );
        for (at, (raw, norm)) in raw.iter().zip(&norm).enumerate() {
            let what = wrong(&table.columns[at], &record.cells[at], raw, norm);
            wrong_records.extend(what.map(|what| format!("{name} {at}: {what}")));
            compared += 1;
        }
    }
    assert!(
        wrong_records.is_empty(),
        "{} differ:\n{}",
        wrong_records.len(),
        wrong_records.join("\n")
    );
    assert_eq!(compared, 493);
}

/// Who answers, and the status byte behind the records.
fn assert_device(name: &str, report: &Report, table: &Table, head: &Elements) {
    let identity = report.identity.as_ref().unwrap();
    let plain = |serial: &str| serial.trim_start_matches('0').to_owned();
    assert_eq!(
        identity.serial.as_deref().map(plain),
        Some(plain(text(head, "Id"))),
        "{name}"
    );
    for (key, element) in [("manufacturer", "Manufacturer"), ("version", "Version")] {
        let detail = identity
            .details
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, text)| text.as_str());
        assert_eq!(detail, Some(text(head, element)), "{name}");
    }
    let status = u64::from_str_radix(text(head, "Status"), 16).unwrap();
    assert_eq!(table.columns.last().unwrap().id, "status");
    assert_eq!(
        table.records[0].cells.last().unwrap().value,
        Value::Bits(status),
        "{name}"
    );
    let told = &table.records[0].conditions;
    assert_eq!(told.is_empty(), status == 0, "{name}: status {status:02x}, {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fixed_structure_gives_both_counters() {
    let (report, taken) = read("test-frames", "manual_frame2").await;
    assert_eq!(report.identity.unwrap().serial.as_deref(), Some("12345678"));
    let table = &taken.tables[0];
    let told = table.columns.iter().zip(&table.records[0].cells);
    let told: Vec<_> = told
        .map(|(column, cell)| (&*column.id, &*column.unit, cell.value.number()))
        .collect();
    // The second counter is "historic" by its unit code and has the unit of the first.
    assert_eq!(
        told,
        [
            ("volume", "l", Some(1.0)),
            ("volume@1", "l", Some(135.0)),
            ("status", "", None)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn telegrams_with_errors_end_by_name_and_give_no_record() {
    let cases = [
        ("error-frames", "buffer_too_long", Outcome::Refused, "buffer too long"),
        (
            "error-frames",
            "premature_end_of_data1",
            Outcome::Garbled,
            "premature end of data",
        ),
        (
            "error-frames",
            "premature_end_of_dif1",
            Outcome::Garbled,
            "premature end of DIFE",
        ),
        (
            "error-frames",
            "premature_end_of_record",
            Outcome::Refused,
            "premature end of record",
        ),
        (
            "error-frames",
            "premature_end_of_vif1",
            Outcome::Garbled,
            "premature end of VIF",
        ),
        ("error-frames", "too_many_dife", Outcome::Garbled, "more than 10 DIFE"),
        (
            "error-frames",
            "too_many_readouts",
            Outcome::Refused,
            "too many readouts",
        ),
        ("error-frames", "too_many_vife", Outcome::Garbled, "more than 10 VIFE"),
        ("error-frames", "too_short_header", Outcome::Garbled, "header"),
        (
            "error-frames",
            "unspecified_error",
            Outcome::Refused,
            "unspecified error",
        ),
        ("unsupported-frames", "invalid_length2", Outcome::Garbled, "expected 16"),
        (
            "unsupported-frames",
            "manual_frame4",
            Outcome::Garbled,
            "control byte is 53",
        ),
        (
            "unsupported-frames",
            "manual_frame6",
            Outcome::Garbled,
            "control byte is 53",
        ),
    ];
    let all: Vec<_> = ["error-frames", "unsupported-frames"].map(names).concat();
    assert_eq!(all, cases.map(|(_, name, ..)| name), "every such telegram has its case");
    for (folder, name, outcome, words) in cases {
        let (report, taken) = read(folder, name).await;
        let detail = report.detail.unwrap_or_default();
        assert_eq!(report.outcome, outcome, "{name}: {detail}");
        assert!(detail.contains(words), "{name}: {detail}");
        assert!(taken.tables.is_empty(), "{name}");
    }
}
