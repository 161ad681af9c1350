//! Packages, whole and hostile.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;
use crate::model::{Aggregate, Cell, Column, Condition, Effect, Quality, Record, Severity, Value};
use crate::signing::{Signer, check_public, key_id, new_key};

fn manifest() -> Manifest {
    Manifest {
        format: String::new(),
        version: 0,
        program: Program {
            name: "uzel".to_owned(),
            version: "0.1.0".to_owned(),
        },
        by: Some("Иванов".to_owned()),
        note: None,
        started_at: "2026-11-20T11:00:00Z".to_owned(),
        ended_at: "2026-11-20T11:01:00Z".to_owned(),
        driver: DriverUsed {
            id: "hm1".to_owned(),
            version: "1.0.0".to_owned(),
            digest: "00".to_owned(),
        },
        device: Device {
            model: "hm1-a".to_owned(),
            serial: Some("0042".to_owned()),
            firmware: None,
            details: vec![("scheme".to_owned(), "2".to_owned())],
        },
        line: "serial:/dev/ttyUSB0".to_owned(),
        zone: "Europe/Moscow".to_owned(),
        clock_rule: "standard".to_owned(),
        clock: None,
        outcome: "complete".to_owned(),
        detail: None,
        faults: Vec::new(),
        asked: serde_json::json!({}),
        moved: Moved {
            exchanges: 3,
            retries: 0,
            bytes_sent: 30,
            bytes_received: 300,
            wall_ms: 60_000,
        },
        files: std::collections::BTreeMap::new(),
    }
}

fn column(id: &str) -> Column {
    Column {
        id: id.to_owned(),
        quantity: "volume".to_owned(),
        unit: "m3".to_owned(),
        point: 1,
        tariff: 0,
        pipe: None,
        aggregate: Aggregate::Sum,
        decimals: Some(2),
    }
}

fn good(value: Value) -> Cell {
    Cell {
        value,
        quality: Quality::Good,
        code: None,
    }
}

/// One hour with these cells, columns to fit.
fn hour(cells: Vec<Cell>) -> Table {
    let columns: Vec<Column> = (0..cells.len()).map(|index| column(&format!("c{index}"))).collect();
    Table {
        kind: "hourly".parse().unwrap(),
        columns: columns.into(),
        records: vec![Record {
            kind: "hourly".parse().unwrap(),
            starts_at: "2026-11-20T10:00:00Z".parse().unwrap(),
            ends_at: "2026-11-20T11:00:00Z".parse().unwrap(),
            label: Some("2026-11-20T13:00:00".parse().unwrap()),
            length_s: Some(3_600),
            cells,
            conditions: vec![Condition {
                code: "21".to_owned(),
                category: Some("power".to_owned()),
                effect: Some(Effect::Stopped),
                point: 1,
                column: Some(0),
                duration_s: None,
            }],
        }],
    }
}

fn reading() -> Reading {
    let (digits, decimals) = (-7, 2);
    let doubtful = Cell {
        value: Value::Float(0.1),
        quality: Quality::Doubtful,
        code: Some("50".to_owned()),
    };
    let absent = Cell {
        value: Value::Absent,
        quality: Quality::Absent,
        code: Some("04".to_owned()),
    };
    let cells = vec![
        good(Value::Fixed { digits, decimals }),
        doubtful,
        absent,
        good(Value::Bits(0x1f)),
        good(Value::Text("ТВ1".to_owned())),
    ];
    let instant = |text: &str| text.parse().unwrap();
    Reading {
        tables: vec![hour(cells)],
        absent: vec![(
            ArchiveKind::Daily,
            Span {
                start: instant("2026-11-01T21:00:00Z"),
                end: instant("2026-11-02T21:00:00Z"),
            },
            Absence::Overwritten,
        )],
        events: vec![DeviceEvent {
            at: instant("2026-11-20T10:30:00Z"),
            label: "2026-11-20T13:30:00".parse().unwrap(),
            code: "E1".to_owned(),
            severity: Severity::Warning,
            began: Some(true),
            point: 0,
            text: "cover opened".to_owned(),
        }],
        settings: vec![Setting {
            id: "scheme".to_owned(),
            title: "Scheme".to_owned(),
            value: Value::Fixed { digits: 2, decimals: 0 },
            unit: None,
            writable: false,
        }],
        trace: "0 > 105b\n184 < 68\n".to_owned(),
    }
}

fn signer() -> Signer {
    Signer::parse(&new_key().unwrap().0).unwrap()
}

/// The files of a package, changed and packed again.
fn changed(package: &[u8], change: impl Fn(&str, Vec<u8>) -> Option<(String, Vec<u8>)>) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(package)).unwrap();
    let mut again = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let name = String::from_utf8(file.name_raw().to_vec()).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if let Some((name, bytes)) = change(&name, bytes) {
            again.start_file(name, SimpleFileOptions::default()).unwrap();
            again.write_all(&bytes).unwrap();
        }
    }
    again.finish().unwrap().into_inner()
}

fn replaced(bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replace(from, to).into_bytes()
}

/// A package whose file `name` holds `bytes`, its digest as the manifest has it.
fn forged(name: &str, content: &[u8]) -> Vec<u8> {
    let whole = pack(manifest(), &reading(), None).unwrap();
    let old = unpack(&whole, Trust::Anybody).unwrap().manifest;
    let old = &old.files[name].sha256;
    changed(&whole, |file, bytes| {
        let bytes = match file {
            "manifest.json" => replaced(bytes, old, &digest(content)),
            _ if file == name => content.to_vec(),
            _ => bytes,
        };
        Some((file.to_owned(), bytes))
    })
}

fn why(package: &[u8], trust: Trust<'_>) -> String {
    let error = unpack(package, trust).unwrap_err();
    let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

#[test]
fn what_was_packed_and_signed_comes_back() {
    let signer = signer();
    let package = pack(manifest(), &reading(), Some(&signer)).unwrap();
    let keys = [signer.public()];
    let back = unpack(&package, Trust::Keys(&keys)).unwrap();
    assert_eq!(back.reading, reading());
    assert_eq!(back.manifest.by.as_deref(), Some("Иванов"));
    assert_eq!(back.signed_by, Some(key_id(&keys[0]).unwrap()));
    let unsigned = pack(manifest(), &reading(), None).unwrap();
    let back = unpack(&unsigned, Trust::KeysOrUnsigned(&[])).unwrap();
    assert_eq!((back.reading, back.signed_by), (reading(), None));
}

#[test]
fn what_nobody_trusts_is_refused_by_name() {
    let (signer, other) = (signer(), signer());
    let package = pack(manifest(), &reading(), Some(&signer)).unwrap();
    let (keys, others) = ([signer.public()], [other.public()]);
    let id = key_id(&keys[0]).unwrap();
    assert_eq!(
        why(&package, Trust::Keys(&others)),
        format!("the package is signed by key {id}, which is not among import.keys")
    );
    // Leave to take what nobody signed is no leave to take what a stranger signed.
    assert!(why(&package, Trust::KeysOrUnsigned(&others)).contains("not among import.keys"));
    let unsigned = changed(&package, |name, bytes| {
        (name != "manifest.json.minisig").then(|| (name.to_owned(), bytes))
    });
    assert!(why(&unsigned, Trust::Keys(&keys)).starts_with("the package is not signed"));
    let edited = changed(&package, |name, bytes| {
        let bytes = match name {
            "manifest.json" => replaced(bytes, "0042", "0043"),
            _ => bytes,
        };
        Some((name.to_owned(), bytes))
    });
    assert!(why(&edited, Trust::Keys(&keys)).starts_with("the signature is not over this manifest.json"));
    let edited = changed(&package, |name, bytes| {
        let bytes = match name {
            "records.jsonl" => replaced(bytes, "-0.07", "-0.08"),
            _ => bytes,
        };
        Some((name.to_owned(), bytes))
    });
    assert!(why(&edited, Trust::Keys(&keys)).starts_with("records.jsonl has SHA-256 "));
}

#[test]
fn hostile_packages_are_refused_by_name() {
    let whole = pack(manifest(), &reading(), None).unwrap();
    let renamed = |to: &str| {
        changed(&whole, |name, bytes| {
            let name = if name == "trace.txt" { to } else { name };
            Some((name.to_owned(), bytes))
        })
    };
    let bomb = vec![b' '; crate::limits::PACKAGE_FILE_BYTES + 1];
    let many = "\n".repeat(3);
    let cases: &[(Vec<u8>, &str)] = &[
        (b"PK\x03\x04 and so on".to_vec(), "the file is no package"),
        (vec![0; crate::limits::PACKAGE_BYTES + 1], "at most 16777216 may be"),
        (
            renamed("../../etc/cron.d/x"),
            "the package has a file \"../../etc/cron.d/x\"",
        ),
        (renamed("/trace.txt"), "the package has a file \"/trace.txt\""),
        (renamed("events.txt"), "the package has a file \"events.txt\""),
        (
            forged("trace.txt", &bomb),
            "trace.txt unpacks to more than 67108864 bytes",
        ),
        (
            changed(&whole, |name, bytes| {
                let bytes = match name {
                    "manifest.json" => replaced(bytes, "\"version\": 1", "\"version\": 2"),
                    _ => bytes,
                };
                Some((name.to_owned(), bytes))
            }),
            "manifest.json is of \"uzel-reading\" version 2, expected \"uzel-reading\" version 1",
        ),
        (
            changed(&whole, |name, bytes| {
                let bytes = match name {
                    "manifest.json" => replaced(bytes, "Иванов", "\\u001b[2J"),
                    _ => bytes,
                };
                Some((name.to_owned(), bytes))
            }),
            "manifest.json has control characters",
        ),
        (
            changed(&whole, |name, bytes| {
                (name != "events.jsonl").then(|| (name.to_owned(), bytes))
            }),
            "the package has no events.jsonl",
        ),
        (forged("events.jsonl", many.as_bytes()), "events.jsonl, line 1: EOF"),
        (forged("trace.txt", b"0 > 10\n\xff"), "trace.txt, line 2: invalid utf-8"),
    ];
    for (package, words) in cases {
        let told = why(package, Trust::KeysOrUnsigned(&[]));
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn rows_that_cannot_be_are_refused_by_file_and_line() {
    let whole = String::from_utf8(super::rows::write_tables(&reading().tables)).unwrap();
    let head = whole.lines().next().unwrap();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from} is not in {whole}");
        whole.replace(from, to)
    };
    let cases = [
        (
            with("\"0.1\"", "\"NaN\""),
            "line 2: value 1: \"NaN\" is no finite number",
        ),
        (with("\"0.1\"", "\"1e999\""), "value 1: \"1e999\" is no finite number"),
        (with("\"0.1\"", "0.1"), "line 2: invalid type"),
        (with("\"-0.07\"", "\"--7\""), "value 0: \"--7\" is no fixed number"),
        (with("\"-0.07\"", "\"1.0000000000000000\""), "is no fixed number"),
        (with("\"-0.07\"", "\"99999999999999999999\""), "is no fixed number"),
        (with("2026-11-20T10:00:00Z", "2026-02-30T10:00:00Z"), "is no instant"),
        (
            with("2026-11-20T10:00:00Z", "2026-11-19T10:00:00Z"),
            "is none of hourly",
        ),
        (
            with("2026-11-20T13:00:00", "2026-11-20T25:00:00"),
            "is no date and time",
        ),
        (
            with("\"hourly\"", "\"minutes-0\""),
            "line 1: \"minutes-0\" is no archive kind",
        ),
        (with("\"column\":1", "\"column\":9"), "a mark names column 9 of 5"),
        (with("\"column\":0", "\"column\":9"), "a condition names column 9 of 5"),
        (with("\"absent\"", "\"good\""), "value 2 is Absent under the mark good"),
        (with(",{\"bits\":\"0x1f\"}", ""), "4 values, 5 columns are declared"),
        (with("\"ТВ1\"", "\"a\\u0007b\""), "has control characters"),
        (with("\"length_s\"", "\"length\""), "line 2: unknown field `length`"),
        (
            whole.lines().nth(1).unwrap().to_owned(),
            "line 1: a record before any table",
        ),
        (
            format!("{head}\n").repeat(crate::limits::PACKAGE_ROWS + 1),
            "line 200001: more than 200000 rows",
        ),
    ];
    for (text, words) in cases {
        let (line, fault) = super::read::tables(&text).unwrap_err();
        let told = format!("line {line}: {fault}");
        assert!(told.contains(words), "{words}: {told}");
    }
}

proptest! {
    #[test]
    fn numbers_come_back_exactly(digits: i64, decimals in 0u8..=15, float in -1e300..1e300f64, bits: u64) {
        let cells = [Value::Fixed { digits, decimals }, Value::Float(float), Value::Bits(bits)].map(good);
        let tables = vec![hour(cells.to_vec())];
        let text = String::from_utf8(super::rows::write_tables(&tables)).unwrap();
        prop_assert_eq!(super::read::tables(&text), Ok(tables));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 0usize..4096, flip: u8) {
        let _ = unpack(&bytes, Trust::Anybody);
        let mut whole = pack(manifest(), &reading(), None).unwrap();
        let at = cut % whole.len();
        whole[at] ^= flip;
        let _ = unpack(&whole, Trust::Anybody);
        whole.truncate(at);
        let _ = unpack(&whole, Trust::Anybody);
    }

    #[test]
    fn no_signature_panics(text in "(untrusted comment: )?[ -~\n]{0,200}", key in "[ -~]{0,60}") {
        let _ = crate::signing::verify(b"manifest", &text, &[signer().public()]);
        let _ = check_public(&key);
    }
}
