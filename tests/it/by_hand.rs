//! `uzel read`: somebody beside a meter reads it without any database, as a table, CSV or JSON.

use std::process::{Command, Output};

use jiff::civil::{DateTime, date};
use meter_sim::{Faults, Handle, Recording, TruthKind, TruthRecord, Vkt7};
use serde_json::Value as Json;
use system_tests::parts;

const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);

/// Runs the program; gives its exit code, what it printed, and its complaints.
fn uzel(args: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(parts::uzel())
        .args(args)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("it was not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Reads a ВКТ-7 at `line`.
fn read(line: &str, more: &[&str]) -> (i32, String, String) {
    let driver = parts::driver_file("vkt7");
    let begin = ["read", "--driver", driver.to_str().unwrap(), "--line", line];
    uzel(&[&begin, more].concat())
}

async fn meter() -> (Handle, String) {
    let meter = Vkt7::builder()
        .seed(71)
        .serial("00247792")
        .clock(NOW)
        .start_tcp()
        .await
        .unwrap();
    let line = format!("tcp:{}", meter.addr());
    (meter, line)
}

/// Three hours of a day.
const HOURS: [&str; 6] = [
    "--what",
    "hourly",
    "--from",
    "2026-11-19T05:00",
    "--to",
    "2026-11-19T08:00",
];

fn truth(meter: &Handle) -> Vec<TruthRecord> {
    let from = date(2026, 11, 19).at(5, 0, 0, 0);
    let hours = meter
        .truth(TruthKind::Hourly)
        .into_iter()
        .filter(|hour| hour.start >= from);
    hours.take(3).collect()
}

/// Digits as a person writes them.
fn shown((digits, decimals): (i64, u8)) -> String {
    let divisor = 10i64.pow(decimals.into());
    let sign = if digits < 0 { "-" } else { "" };
    match usize::from(decimals) {
        0 => digits.to_string(),
        width => format!("{sign}{}.{:0width$}", digits.abs() / divisor, digits.abs() % divisor),
    }
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_a_row_a_record_with_the_digits_of_the_meter() {
    let (meter, line) = meter().await;
    let (code, csv, complaints) = read(
        &line,
        &[&HOURS[..], &["--set", "address=1", "--format", "csv"]].concat(),
    );
    assert_eq!((code, &*complaints), (0, ""), "{csv}");
    let mut lines = csv.lines().map(cells);
    let head = lines.next().unwrap();
    let rows: Vec<_> = lines.collect();
    let truth = truth(&meter);
    assert_eq!((rows.len(), truth.len()), (3, 3));
    for (row, hour) in rows.iter().zip(&truth) {
        let get = |name: &str| {
            let at = head.iter().position(|column| column == name);
            row[at.unwrap_or_else(|| panic!("no column {name:?} in {head:?}"))].as_str()
        };
        assert_eq!((get("archive"), get("label")), ("hourly", &*hour.start.to_string()));
        // Moscow is three hours ahead.
        let utc = format!("2026-11-19T{:02}:00:00Z", hour.start.hour() - 3);
        assert_eq!(get("start_utc"), utc);
        for value in &hour.values {
            let column = head
                .iter()
                .find(|column| column.split(", ").next() == Some(&*format!("1.{}", value.name)));
            assert_eq!(get(column.unwrap()), shown(value.digits.unwrap()), "{}", value.name);
        }
    }
    let units: Vec<_> = head
        .iter()
        .filter(|column| column.contains(", "))
        .map(String::as_str)
        .collect();
    assert!(
        units.contains(&"1.t1, Cel") && units.contains(&"1.Qо, Gcal"),
        "{units:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_everything_and_the_trace_every_byte() {
    let (meter, line) = meter().await;
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("session.txt");
    let more = [
        "--set",
        "address=1",
        "--format",
        "json",
        "--serial",
        "247792",
        "--trace",
        trace.to_str().unwrap(),
    ];
    let what = ["--what", "clock,hourly", "--from", HOURS[3], "--to", HOURS[5]];
    let (code, text, complaints) = read(&line, &[&what[..], &more].concat());
    assert_eq!((code, &*complaints), (0, ""), "{text}");
    let document: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&document["outcome"], &document["detail"]),
        (&"complete".into(), &Json::Null)
    );
    assert_eq!(document["identity"]["serial"], "00247792");
    assert_eq!(document["clock"]["shown"], NOW.to_string());
    let table = &document["tables"][0];
    let columns = table["columns"].as_array().unwrap();
    let truth = truth(&meter);
    assert_eq!(table["records"].as_array().unwrap().len(), truth.len());
    for (record, hour) in table["records"].as_array().unwrap().iter().zip(&truth) {
        for value in &hour.values {
            let at = columns
                .iter()
                .position(|column| column["id"] == value.name && column["point"] == value.input);
            assert_eq!(
                record["values"][at.unwrap()].as_f64(),
                value.value,
                "{} {}",
                hour.start,
                value.name
            );
        }
    }
    let trace = std::fs::read_to_string(trace).unwrap();
    let bytes = |mark| {
        let lines = trace
            .lines()
            .filter_map(|line| line.split_once(' ')?.1.strip_prefix(mark));
        lines
            .map(|hex| hex.chars().filter(char::is_ascii_hexdigit).count() / 2)
            .sum::<usize>()
    };
    let usage = &document["usage"];
    let moved = (
        usage["bytes_sent"].as_u64().unwrap(),
        usage["bytes_received"].as_u64().unwrap(),
    );
    assert_eq!((bytes("> ") as u64, bytes("< ") as u64), moved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_for_people() {
    let (meter, line) = meter().await;
    let what = [
        "--what",
        "clock,hourly",
        "--from",
        HOURS[3],
        "--to",
        HOURS[5],
        "--set",
        "address=1",
    ];
    let (code, table, complaints) = read(&line, &what);
    assert_eq!((code, &*complaints), (0, ""), "{table}");
    for words in [
        "ВКТ-7, No. 00247792, firmware 2.7",
        "clock shows 2026-11-20T10:20:00",
        "\nhourly\n",
        "\ncomplete\n",
    ] {
        assert!(table.contains(words), "{words:?} is not in\n{table}");
    }
    for hour in truth(&meter) {
        let row = table
            .lines()
            .find(|line| line.trim_start().starts_with(&hour.start.to_string()))
            .unwrap_or_else(|| panic!("{table}"));
        let digits = hour.values.iter().map(|value| shown(value.digits.unwrap()));
        for digits in digits {
            assert!(
                row.split_whitespace().any(|word| word.trim_end_matches('?') == digits),
                "{digits} is not in {row}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_all_part_or_nothing() {
    let (meter, line) = meter().await;
    let (code, text, _) = read(&line, &["--what", "clock,totals", "--set", "address=1"]);
    assert_eq!(code, 0, "{text}");

    let (code, text, _) = read(&line, &["--what", "totals", "--set", "address=1", "--serial", "11111"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("wrong-device: serial number 00247792 answers, expected 11111"),
        "{text}"
    );

    let (code, _, complaints) = read(&line, &["--set", "address=999"]);
    assert_eq!(code, 1);
    assert!(complaints.contains("address"), "{complaints}");

    meter.shutdown().await;
    let (code, text, _) = read(&line, &["--what", "totals", "--set", "address=1"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("line-refused"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_meter_refuses_leaves_the_rest() {
    // A captured session, and behind it what it does not have: the refusal of the hourly archive, constructed.
    let sessions = include_str!("../simulators/data/teplocom/vkt7_sessions_captured.json");
    let captured = Recording::parse_json(sessions, 0).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let exchanges = captured
        .exchanges()
        .iter()
        .map(|one| format!("> {}\n< {}\n", hex(&one.request), hex(&one.answer)));
    let text = exchanges.collect::<String>() + "> 00103FFD000002000070D2\n< 0090023F4179\n";
    let meter = Recording::parse(&text)
        .unwrap()
        .link(Faults::new())
        .start_tcp()
        .await
        .unwrap();
    let line = format!("tcp:{}", meter.addr());
    let config = [
        "attempts=1",
        "timeout_ms=1000",
        "server_version=1",
        "service_info=false",
        "archive_range=false",
        "units=usual",
        "clock_request=short",
        "confirm=false",
        "elements=0 1 3 4 6 7 9 10 11 12 13 14 17 18 19 20 77",
    ];
    let set = config.iter().flat_map(|pair| ["--set", pair]);
    let what = [
        "--what",
        "current,totals,clock,hourly",
        "--from",
        "2016-12-01",
        "--to",
        "2016-12-02",
    ];
    let more: Vec<&str> = what.into_iter().chain(set).collect();
    let (code, table, _) = read(&line, &more);
    assert_eq!(code, 2, "{table}");
    for words in [
        "65.18",
        "5140.08",
        "clock shows 2016-12-01T15:43:03",
        "partial: hourly: refused: value type hour: 2",
    ] {
        assert!(table.contains(words), "{words:?} is not in\n{table}");
    }
}
