//! Every recorded conversation is read by the driver as it was recorded: the same rows, values, order.

use dlms::Dlms;
use dlms::link::scan::{Scan, scan};
use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, reckon};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Fixed, Value, Window};

use crate::recorded::Recorded;
use conversations::Wire;

const SESSIONS: [&str; 12] = [
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_01_hdlc_all_24_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_02_hdlc_all_24_pdu200.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_03_hdlc_range_72_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_04_hdlc_range_72_pdu200.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_07_hdlc_all_24_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_08_hdlc_all_24_pdu200.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_09_wrapper_all_24_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_10_wrapper_all_24_pdu200.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_11_wrapper_range_72_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_12_wrapper_range_72_pdu200.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_15_wrapper_all_24_pdu65535.json"),
    include_str!("../../../../drivers-wasm/dlms/tests/data/session_16_wrapper_all_24_pdu200.json"),
];

/// `2025-03-29T22:00:00`.
fn seconds(text: &str) -> i64 {
    let numbers: Vec<u16> = text.split(['-', 'T', ':']).map(|part| part.parse().unwrap()).collect();
    let [year, rest @ ..] = numbers.as_slice() else {
        panic!("{text}")
    };
    let small: Vec<u8> = rest.iter().map(|number| u8::try_from(*number).unwrap()).collect();
    let [month, day, hour, minute, second] = small.as_slice() else {
        panic!("{text}")
    };
    reckon(CivilTime {
        year: *year,
        month: *month,
        day: *day,
        hour: *hour,
        minute: *minute,
        second: *second,
    })
}

fn stamp(at: i64) -> [u8; 12] {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = civil(at);
    let [high, low] = year.to_be_bytes();
    [high, low, month, day, 0xFF, hour, minute, second, 0xFF, 0, 0, 0]
}

#[test]
fn every_session_gives_the_rows_that_were_recorded() {
    for text in SESSIONS {
        let session: Json = serde_json::from_str(text).unwrap();
        let name = format!("{} {} {}", session["transport"], session["select"], session["max_pdu"]);
        let want: Vec<(i64, Vec<i64>)> = session["expected_rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let row = row.as_array().unwrap();
                let numbers = row[1..].iter().map(|number| number.as_i64().unwrap());
                (seconds(row[0].as_str().unwrap()), numbers.collect())
            })
            .collect();
        let (first, last) = (want[0].0, want[want.len() - 1].0);
        let (kind, from) = if session["capture_period_s"] == 3_600 {
            (ArchiveKind::Hourly, first - HOUR)
        } else {
            (ArchiveKind::Monthly, first - 31 * DAY)
        };
        let mut line = Wire::new(Recorded::new(&session, stamp(last + 600)));
        let mut driver = Dlms::default();
        let framing = session["transport"].as_str().unwrap();
        let profile = session["profile"].as_str().unwrap();
        let key = if kind == ArchiveKind::Hourly {
            "hourly"
        } else {
            "monthly"
        };
        driver
            .identify(
                &mut line,
                &format!(r#"{{"framing": "{framing}", "{key}": "{profile}"}}"#),
            )
            .unwrap();
        let mut out = Collected::default();
        let window = Window {
            begin: civil(from),
            end: civil(last),
        };
        let read = driver.read_archive(&mut line, kind, &[window], None, &mut out);
        assert_eq!(read, Ok(()), "{name}: {}", line.notes.join("\n"));
        driver.close(&mut line);
        let ids: Vec<&str> = out.tables[0].columns.iter().map(|column| column.id.as_str()).collect();
        assert_eq!(ids, ["0.0.96.10.1", "1.0.1.8.0", "1.0.3.8.0"], "{name}");
        let got: Vec<(i64, Vec<i64>)> = out
            .tables
            .iter()
            .flat_map(|table| &table.rows)
            .map(|row| {
                let numbers = row.values.iter().map(|value| match value {
                    Value::Bits(bits) => i64::try_from(*bits).unwrap(),
                    Value::Fixed(Fixed { digits, decimals: 0 }) => *digits,
                    other => panic!("{other:?}"),
                });
                (reckon(row.label.unwrap()), numbers.collect())
            })
            .collect();
        assert_eq!(got, want, "{name}");
        assert_eq!(out.absent, [], "{name}: every interval has its row");
    }
}

#[test]
fn every_recorded_frame_is_found_whole() {
    let mut frames = 0;
    for text in SESSIONS {
        let session: Json = serde_json::from_str(text).unwrap();
        if session["transport"] != "hdlc" {
            continue;
        }
        for exchange in session["exchanges"].as_array().unwrap() {
            for side in ["tx", "rx"] {
                let bytes = unhex(exchange[side].as_str().unwrap()).unwrap();
                assert!(
                    matches!(scan(&bytes), Scan::Whole(_, used) if used == bytes.len()),
                    "{bytes:x?}"
                );
                frames += 1;
            }
        }
    }
    assert_eq!(frames, 2 * 3 * 34);
}

/// Captured traffic under a licence of its own: read where it lies, and skipped aloud elsewhere.
#[test]
fn captured_traffic_is_cut_into_its_frames() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpus/dlms/ndpi-dlms.pcap"
    );
    let Ok(file) = std::fs::read(path) else {
        println!("skipped: there is no capture beside the repository");
        return;
    };
    let (mut streams, mut rest) = (std::collections::BTreeMap::<(u16, u16), Vec<u8>>::new(), &file[24..]);
    while let Some((head, more)) = rest.split_first_chunk::<16>() {
        let length = usize::try_from(u32::from_le_bytes(*head[8..].first_chunk().unwrap())).unwrap();
        let (packet, more) = more.split_at(length);
        rest = more;
        let ip = &packet[14..];
        let ports = |at: usize| u16::from_be_bytes([ip[20 + at], ip[21 + at]]);
        let head = if ip[9] == 6 { usize::from(ip[32] >> 4) * 4 } else { 8 };
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let payload = &ip[20 + head..total.min(ip.len())];
        let end = if ip[9] == 6 {
            payload.len()
        } else {
            ip[24..26].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) - 8
        };
        streams.entry((ports(0), ports(2))).or_default().extend(&payload[..end]);
    }
    let counts: Vec<(usize, usize)> = streams
        .values()
        .map(|stream| {
            let (mut at, mut frames) = (0, 0);
            while let Scan::Whole(_, used) = scan(&stream[at..]) {
                (at, frames) = (at + used, frames + 1);
            }
            (frames, stream.len() - at)
        })
        .collect();
    assert!(
        counts.iter().map(|(frames, _)| frames).sum::<usize>() > 100,
        "{counts:?}"
    );
    assert!(
        counts.iter().all(|(_, left)| *left == 0),
        "{counts:?}: frames and bytes that are none"
    );
}
