//! The ВКТ-7 as a host meets it: published frames byte by byte, and every archive against the truth.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Digits, Faulty, Meter, TruthKind, Vkt7, Vkt7Builder, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 2, 3, 10, 20, 30, 0);

fn builder() -> Vkt7Builder {
    Vkt7::builder().clock(NOW).seed(11)
}

/// A host at the transport-free meter. Each exchange happens a second after the one before.
struct Host {
    meter: Faulty<Box<dyn Meter>>,
    now: Duration,
}

impl Host {
    fn at(builder: Vkt7Builder) -> Self {
        Self {
            meter: builder.link().into_meter(),
            now: Duration::ZERO,
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.now += Duration::from_secs(1);
        self.meter
            .on_bytes(self.now, bytes)
            .into_iter()
            .flat_map(|reply| reply.bytes)
            .collect()
    }

    /// Sends a request given in hexadecimal behind FF FF.
    fn ask(&mut self, request: &str) -> String {
        let mut bytes = vec![0xFF, 0xFF];
        bytes.extend(hex::bytes(request).unwrap());
        hex::text(&self.raw(&bytes))
    }

    /// Sends a body (without CRC) to address 1 and takes the body of the answer.
    fn body(&mut self, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xFF];
        bytes.extend(sealed(body));
        let answer = self.raw(&bytes);
        let (body, _) = answer.split_at(answer.len().saturating_sub(2));
        assert_eq!(sealed(body), answer, "the answer's crc");
        body.to_vec()
    }

    fn start(&mut self) {
        let echo = self.body(&[1, 0x10, 0x3F, 0xFF, 0, 0, 0xCC, 0x80, 0, 0, 0]);
        assert_eq!(echo, [1, 0x10, 0x3F, 0xFF, 0, 0]);
    }

    fn set_type(&mut self, value_type: u8) {
        assert_eq!(
            self.body(&[1, 0x10, 0x3F, 0xFD, 0, 0, 2, value_type, 0]),
            [1, 0x10, 0x3F, 0xFD, 0, 0]
        );
    }

    fn set_list(&mut self, list: &[u8]) -> Vec<u8> {
        let entries = list.iter().flat_map(|index| [*index, 0, 0, 0x40, 0, 0]);
        let mut body = vec![1, 0x10, 0x3F, 0xFF, 0, 0, u8::try_from(list.len() * 6).unwrap()];
        body.extend(entries);
        self.body(&body)
    }

    fn set_date(&mut self, date: DateTime, hour: u8) -> Vec<u8> {
        let byte = |n: i16| u8::try_from(n).unwrap();
        let (day, month, year) = (
            byte(date.day().into()),
            byte(date.month().into()),
            byte(date.year() - 2000),
        );
        self.body(&[1, 0x10, 0x3F, 0xFB, 0, 0, 4, day, month, year, hour])
    }

    fn read(&mut self) -> Vec<u8> {
        self.body(&[1, 3, 0x3F, 0xFE, 0, 0])
    }

    fn active(&mut self) -> Vec<u8> {
        let answer = self.body(&[1, 3, 0x3F, 0xFC, 0, 0]);
        answer[3..].chunks(6).map(|entry| entry[0]).collect()
    }
}

/// CRC-16 of Modbus, bit by bit, written apart from the meter's table.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut crc = 0xFFFFu16;
    for byte in body {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
        }
    }
    [body, &crc.to_le_bytes()].concat()
}

#[test]
fn published_frames_are_answered_byte_by_byte() {
    let digits = Digits {
        volume: [2, 2],
        mass: [2, 2],
        heat: [3, 3],
        ..Digits::default()
    };
    let mut host = Host::at(
        builder()
            .digits(digits)
            .clock(datetime(2024, 3, 21, 14, 30, 45, 0))
            .outputs([1, 1]),
    );
    let cases = [
        (
            "session start",
            "00 10 3F FF 00 00 CC 80 00 00 00 64 54",
            "00 10 3F FF 00 00 FD FC",
        ),
        (
            "service",
            "01 03 3F F9 00 00 99 EF",
            "01 03 10 27 08 06 98 02 30 30 32 34 37 37 39 32 01 1F 04 AE 1E",
        ),
        ("type", "00 10 3F FD 00 00 02 06 00 73 72", "00 10 3F FD 00 00 5C 3C"),
        (
            "active elements",
            "01 03 3F FC 00 00 89 EE",
            "01 03 66 00 00 00 40 02 00 01 00 00 40 02 00 03 00 00 40 04 00 04 00 00 40 04 00 06 00 00 40 04 00 \
             07 00 00 40 04 00 09 00 00 40 02 00 0A 00 00 40 02 00 0B 00 00 40 04 00 0C 00 00 40 04 00 0D 00 00 40 \
             04 00 0E 00 00 40 02 00 11 00 00 40 04 00 12 00 00 40 04 00 13 00 00 40 04 00 14 00 00 40 04 00 4D 00 \
             00 40 01 00 07 A1",
        ),
        (
            "property list",
            "01 10 3F FF 00 00 60 2C 00 00 40 07 00 2D 00 00 40 07 00 2E 00 00 40 07 00 2F 00 00 40 07 00 30 00 00 \
             40 07 00 35 00 00 40 07 00 37 00 00 40 07 00 38 00 00 40 07 00 39 00 00 40 01 00 3B 00 00 40 01 00 3C \
             00 00 40 01 00 3D 00 00 40 01 00 42 00 00 40 01 00 46 00 00 40 01 00 45 00 00 40 01 00 4C 00 00 40 01 \
             00 22 58",
            "01 10 3F FF 00 00 FC 2D",
        ),
        (
            "properties",
            "01 03 3F FE 00 00 28 2E",
            "01 03 4F 02 00 F8 43 C0 00 04 00 AC 33 2F E7 C0 00 03 00 20 AC 33 C0 00 02 00 20 E2 C0 00 06 00 AA A3 \
             2F E1 AC 32 C0 00 04 00 83 AA A0 AB C0 00 01 00 E7 C0 00 01 00 E7 C0 00 02 C0 00 02 C0 00 02 C0 00 02 \
             C0 00 03 C0 00 02 C0 00 02 C0 00 03 C0 00 91 C0",
        ),
        ("scheme", "00 03 3E CD 00 01 19 CC", "00 03 03 03 C0 00 E4 5F"),
        ("database", "00 03 3F E9 00 01 58 3B", "00 03 03 00 C0 00 14 5F"),
        (
            "subscriber",
            "00 03 3E A6 00 08 A8 16",
            "00 03 0C 08 00 30 30 32 34 37 37 39 32 C0 00 1C 8F",
        ),
        (
            "clock",
            "00 03 3F FB 00 00 39 FE",
            "00 03 08 15 03 18 0E 1E 2D C0 00 CF 20",
        ),
        (
            "clock without count",
            "00 03 3F FB A0 57",
            "00 03 08 15 03 18 0E 1E 2D C0 00 CF 20",
        ),
        (
            "outputs are set",
            "00 10 3F EE 00 00 01 00 01 43 B1",
            "00 10 3F EE 00 00 AD F9",
        ),
        ("outputs are read", "00 03 3F EE 00 00 28 3A", "00 03 02 00 01 44 44"),
        (
            "date under properties",
            "00 10 3F FB 00 00 04 1E 01 03 00 FA AF",
            "00 90 03 3F 40 E9",
        ),
        (
            "foreign list",
            "00 10 3F FF 00 00 0C 00 00 00 40 02 00 03 00 00 40 04 00 A2 5C",
            "00 10 3F FF 00 00 FD FC",
        ),
        (
            "values under properties",
            "00 03 3F FE 00 00 29 FF",
            "00 83 02 3F B0 BC",
        ),
        ("other address", "07 10 3F FF 00 00 CC 80 00 00 00 7E 20", ""),
    ];
    for (name, request, answer) in cases {
        assert_eq!(host.ask(request), hex::text(&hex::bytes(answer).unwrap()), "{name}");
    }
}

#[test]
fn a_date_interval_is_that_of_a_full_ring() {
    // The captured device answered 2017-07-03 17h for this moment.
    let mut host = Host::at(builder().clock(datetime(2017, 8, 20, 16, 5, 0, 0)));
    let answer = host.body(&[1, 3, 0x3F, 0xF6, 0, 0]);
    assert_eq!(hex::text(&answer[3..11]), "03 07 11 11 14 08 11 10");
    assert_eq!(hex::text(&answer[11..]), "0F 04 11 17");
    assert_eq!(
        Host::at(builder().firmware(16)).body(&[1, 3, 0x3F, 0xF6, 0, 0]).len(),
        3 + 8
    );
    assert_eq!(
        Host::at(builder().firmware(15)).body(&[1, 3, 0x3F, 0xF6, 0, 0]),
        [1, 0x83, 6, 0x3F]
    );
    assert_eq!(
        Host::at(builder().firmware(18)).body(&[1, 3, 0x3F, 0xFB, 0, 0]),
        [1, 3, 0]
    );
}

#[test]
fn the_version_block_follows_the_session_start() {
    for version in [0, 1] {
        let mut host = Host::at(builder().server_version(version));
        host.start();
        let block = host.read();
        assert_eq!((block.len(), block[2], block[64]), (3 + 0xAE, 0xAE, version));
    }
}

#[test]
fn server_version_0_pads_units_to_seven_characters() {
    let mut host = Host::at(builder().server_version(0));
    host.start();
    host.set_type(6);
    host.set_list(&[44, 53, 60]);
    assert_eq!(
        hex::text(&host.read()[3..]),
        "F8 43 20 20 20 20 20 C0 00 83 AA A0 AB 20 20 20 C0 00 03 C0 00"
    );
}

/// A parsed value with its quality and НС bytes.
type Cell = (i64, u8, u8);

fn cells(data: &[u8], sizes: &[usize]) -> Vec<Cell> {
    let mut rest = data;
    let cells = sizes.iter().map(|size| {
        let (value, tail) = rest.split_at(*size);
        let fill = if value.last().is_some_and(|byte| byte & 0x80 != 0) {
            0xFF
        } else {
            0
        };
        let mut wide = [fill; 8];
        wide[..*size].copy_from_slice(value);
        rest = &tail[2..];
        (i64::from_le_bytes(wide), tail[0], tail[1])
    });
    let cells = cells.collect();
    assert!(rest.is_empty(), "bytes behind the list: {rest:?}");
    cells
}

#[test]
fn every_record_of_every_archive_reads_as_the_truth() {
    let list = [0u8, 1, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 22, 26, 29, 31, 34];
    let sizes = [2usize, 2, 4, 4, 4, 4, 2, 2, 4, 4, 4, 2, 4, 4, 2, 4, 4, 2, 4];
    let elements = [list.as_slice(), &[77, 78]].concat();
    let link = builder().elements(elements).report_day(25).link();
    let truth_source = builder().elements([list.as_slice(), &[77, 78]].concat()).report_day(25);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let truth = runtime.block_on(async { truth_source.start_tcp().await.unwrap() });
    let mut host = Host {
        meter: link.into_meter(),
        now: Duration::ZERO,
    };
    host.start();
    let mut with_ns = 0;
    for (value_type, kind, hour) in [
        (0, TruthKind::Hourly, None),
        (1, TruthKind::Daily, Some(0)),
        (2, TruthKind::Monthly, Some(23)),
    ] {
        host.set_type(value_type);
        host.set_list(&list);
        let records = truth.truth(kind);
        assert!(records.len() >= 36, "{kind:?} has {}", records.len());
        for record in records {
            let last = record.end.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
            let hour = hour.unwrap_or(u8::try_from(record.start.hour()).unwrap());
            assert_eq!(
                host.set_date(last, hour),
                [1, 0x10, 0x3F, 0xFB, 0, 0],
                "{}",
                record.start
            );
            let got = cells(&host.read()[3..], &sizes);
            let want: Vec<i64> = record.values.iter().map(|value| value.digits.unwrap().0).collect();
            assert_eq!(
                got.iter().map(|cell| cell.0).collect::<Vec<_>>(),
                want,
                "{kind:?} {}",
                record.start
            );
            for value in &record.values {
                let (digits, decimals) = value.digits.unwrap();
                assert_eq!(value.value, Some(digits as f64 / 10f64.powi(decimals.into())));
            }
            let qualities: Vec<u8> = got.iter().map(|cell| cell.1).collect();
            let codes = got.iter().filter(|cell| !matches!(cell.2, 0 | 0xFF)).count();
            assert_eq!(codes, record.ns.len());
            for (index, cell) in list.iter().zip(&got).filter(|(_, cell)| !matches!(cell.2, 0 | 0xFF)) {
                // As captured: 02 stands on Qо alone, 04 on volumes, masses and Qо of uncounted time.
                let of_pipes = [3, 4, 6, 7, 26, 29].contains(index);
                assert!(
                    cell.2 == 4 && of_pipes || [12, 34].contains(index),
                    "code {} on {index}",
                    cell.2
                );
                assert!(
                    cell.2 != 2 || value_type != 0 || *index != 12 || got[4].0 < got[5].0,
                    "M1 < M2"
                );
            }
            if codes > 0 {
                assert!(qualities.iter().all(|quality| *quality == 0x50), "{qualities:02X?}");
                with_ns += 1;
            }
        }
    }
    assert!(with_ns > 5, "{with_ns} records with НС");
}

#[test]
fn current_values_and_totals_read_as_the_truth() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let meter = || builder().two_inputs().uneventful();
    let truth = runtime.block_on(async { meter().start_tcp().await.unwrap() });
    let mut host = Host::at(meter());
    host.start();
    let totals: (&[u8], &[usize]) = (&[3, 4, 6, 7, 11, 12, 13, 17, 18, 25, 34, 40], &[4; 12]);
    let current: (&[u8], &[usize]) = (&[0, 1, 9, 10, 14, 22, 23, 31, 32, 36], &[2; 10]);
    for (value_type, kind, (list, sizes)) in [
        (3, TruthKind::TotalsArchive, totals),
        (4, TruthKind::Current, current),
        (5, TruthKind::TotalsNow, totals),
    ] {
        host.set_type(value_type);
        host.set_list(list);
        for record in truth.truth(kind) {
            if value_type == 3 {
                let last = record.end.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
                assert_eq!(host.set_date(last, 23)[1], 0x10, "{last}");
            }
            let got = cells(&host.read()[3..], sizes);
            assert!(got.iter().all(|cell| (cell.1, cell.2) == (0xC0, 0)), "{got:?}");
            for (index, cell) in list.iter().zip(&got) {
                let (name, input) = NAMES
                    .iter()
                    .find(|(_, indices)| indices.contains(index))
                    .map_or(("", 0), |(name, indices)| {
                        (*name, if indices[1] == *index { 2 } else { 1 })
                    });
                let value = record
                    .values
                    .iter()
                    .find(|value| (value.name, value.input) == (name, input))
                    .unwrap();
                assert_eq!(value.digits.unwrap().0, cell.0, "{kind:?} {name} of ТВ{input}");
            }
        }
    }
}

/// Maker's names with the elements of ТВ1 and ТВ2.
const NAMES: [(&str, [u8; 2]); 14] = [
    ("t1", [0, 22]),
    ("t2", [1, 23]),
    ("V1", [3, 25]),
    ("V2", [4, 26]),
    ("M1", [6, 28]),
    ("M2", [7, 29]),
    ("P1", [9, 31]),
    ("P2", [10, 32]),
    ("Мг", [11, 33]),
    ("Qо", [12, 34]),
    ("Qг", [13, 35]),
    ("dt", [14, 36]),
    ("ВНР", [17, 39]),
    ("ВОС", [18, 40]),
];

#[test]
fn all_digits_are_answered_as_a_captured_device_does() {
    let digits = Digits {
        volume: [2, 2],
        mass: [2, 2],
        heat: [3, 3],
        ..Digits::default()
    };
    let mut host = Host::at(builder().digits(digits));
    host.start();
    host.set_type(6);
    let list: Vec<u8> = (57..=76).collect();
    host.set_list(&list);
    // The answer of session_20161201_1, at address 1 instead of 0.
    let captured = "01 03 3C 02 C0 00 00 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 03 C0 00 \
                    02 C0 00 00 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 02 C0 00 03 C0 00";
    assert_eq!(hex::text(&host.read()), hex::text(&hex::bytes(captured).unwrap()));
}

#[test]
fn totals_are_the_running_sum_of_the_hours() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let meter = runtime.block_on(async { builder().start_tcp().await.unwrap() });
    let total = |name: &str| {
        let now = meter.truth(TruthKind::TotalsNow);
        now[0]
            .values
            .iter()
            .find(|value| value.name == name)
            .unwrap()
            .digits
            .unwrap()
            .0
    };
    for name in ["V1", "M2", "Qо", "ВНР"] {
        let before = total(name);
        meter.clock().advance(50 * 3600);
        let hours = meter.truth(TruthKind::Hourly);
        let last = hours.iter().rev().take(50);
        let grown: i64 = last
            .flat_map(|record| &record.values)
            .filter(|value| value.name == name)
            .map(|value| value.digits.unwrap().0)
            .sum();
        assert_eq!(total(name) - before, grown, "{name}");
    }
}

#[test]
fn a_record_exists_only_when_its_interval_is_closed_and_in_the_ring() {
    let mut host =
        Host::at(builder().without_hours(datetime(2026, 1, 20, 5, 0, 0, 0), datetime(2026, 1, 20, 7, 0, 0, 0)));
    host.start();
    let refused = [1, 0x90, 3, 0x3F];
    let taken = [1, 0x10, 0x3F, 0xFB, 0, 0];
    let cases = [
        (0, NOW, 9, true),
        (0, NOW, 10, false),
        (0, NOW, 24, false),
        (0, datetime(2026, 1, 20, 0, 0, 0, 0), 4, true),
        (0, datetime(2026, 1, 20, 0, 0, 0, 0), 5, false),
        (0, datetime(2025, 12, 17, 0, 0, 0, 0), 11, true),
        (0, datetime(2025, 12, 17, 0, 0, 0, 0), 10, false),
        (1, datetime(2026, 2, 2, 0, 0, 0, 0), 0, true),
        (1, datetime(2026, 2, 2, 0, 0, 0, 0), 23, true),
        (1, datetime(2026, 2, 2, 0, 0, 0, 0), 12, false),
        (1, NOW, 23, false),
        (1, datetime(2025, 9, 29, 0, 0, 0, 0), 23, true),
        (1, datetime(2025, 9, 28, 0, 0, 0, 0), 23, false),
        (2, datetime(2026, 1, 31, 0, 0, 0, 0), 23, true),
        (2, datetime(2026, 1, 31, 0, 0, 0, 0), 0, false),
        (2, datetime(2026, 1, 30, 0, 0, 0, 0), 23, false),
        (3, datetime(2025, 2, 28, 0, 0, 0, 0), 0, true),
        (3, datetime(2026, 2, 28, 0, 0, 0, 0), 23, false),
    ];
    for (value_type, date, hour, exists) in cases {
        host.set_type(value_type);
        let want: &[u8] = if exists { &taken } else { &refused };
        assert_eq!(host.set_date(date, hour), want, "type {value_type}, {date} {hour}h");
    }
    assert_eq!(
        host.body(&[1, 0x10, 0x3F, 0xFB, 0, 0, 4, 31, 2, 26, 23]),
        refused,
        "no such day"
    );
}

#[test]
fn inactive_elements_come_with_their_own_size_and_quality_04() {
    let mut host = Host::at(builder());
    host.start();
    host.set_type(5);
    host.set_list(&[3, 13, 14, 17, 18, 19, 77, 37]);
    let cells = cells(&host.read()[3..], &[4, 4, 2, 4, 4, 4, 1, 2]);
    let qualities: Vec<u8> = cells.iter().map(|cell| cell.1).collect();
    assert_eq!(qualities, [0xC0, 0xC0, 4, 0xC0, 0xC0, 4, 4, 4]);
    // As captured: G1, senseless for totals, repeats ВОС.
    assert_eq!(cells[5].0, cells[4].0);
}

#[test]
fn foreign_elements_are_refused_once_per_record_source() {
    let mut host = Host::at(builder());
    host.start();
    let changed = [1, 0x83, 5, 0x3F];
    host.set_list(&[0, 22]);
    host.set_type(4);
    assert_eq!(host.read(), changed);
    assert_eq!(host.read().len(), 3 + 8);
    host.set_type(5);
    assert_eq!(host.read().len(), 3 + 8, "totals are the same source as current");
    host.set_type(1);
    host.set_date(datetime(2026, 2, 1, 0, 0, 0, 0), 23);
    assert_eq!(host.read(), changed);
    assert_eq!(host.read().len(), 3 + 8);
    host.set_date(datetime(2026, 1, 31, 0, 0, 0, 0), 23);
    assert_eq!(host.read().len(), 3 + 8);
}

#[test]
fn a_changed_scheme_is_told_once_and_the_mask_follows() {
    let change = datetime(2026, 1, 15, 12, 0, 0, 0);
    let mut host = Host::at(builder().scheme_change(change, [0, 3, 17, 18, 77]));
    host.start();
    host.set_type(0);
    let list = host.active();
    assert_eq!(list.len(), 17);
    host.set_list(&list);
    host.set_date(change, 12);
    assert_eq!(host.read()[..2], [1, 3]);
    host.set_date(change, 11);
    assert_eq!(host.read(), [1, 0x83, 5, 0x3F]);
    assert_eq!(host.active(), [0, 3, 17, 18, 77]);
    let old = host.read();
    assert_eq!(old[..2], [1, 3]);
    // t2, the second element, has vanished: its quality is 04.
    assert_eq!(old[3 + 4 + 2], 4);
    host.set_date(change, 12);
    assert_eq!(host.read(), [1, 0x83, 5, 0x3F]);
    assert_eq!(host.active(), list);
}

#[test]
fn lists_and_types_that_the_meter_does_not_know_are_refused() {
    let mut host = Host::at(builder());
    host.start();
    assert_eq!(host.set_list(&[83]), [1, 0x90, 2, 0x3F]);
    assert_eq!(host.set_list(&[0; 42])[1], 0x10);
    assert_eq!(host.set_list(&[3; 42]), [1, 0x10, 0x3F, 0xFF, 0, 0]);
    assert_eq!(host.set_list(&[79; 42]), [1, 0x90, 5, 0x3F]);
    assert_eq!(host.body(&[1, 0x10, 0x3F, 0xFD, 0, 0, 2, 7, 0]), [1, 0x90, 2, 0x3F]);
}

#[test]
fn a_sleeping_meter_needs_two_wake_bytes_unless_behind_rs485() {
    let service = hex::bytes("01 03 3F F9 00 00 99 EF").unwrap();
    let woken = [vec![0xFF, 0xFF], service.clone()].concat();
    let mut meter = builder().link().into_meter();
    let mut at = |second, bytes: &[u8]| meter.on_bytes(Duration::from_secs(second), bytes).len();
    assert_eq!(at(0, &service), 0);
    assert_eq!(at(10, &woken), 1);
    assert_eq!(at(12, &service), 1);
    assert_eq!(at(60, &service), 0);
    assert_eq!(at(100, &[&[0xFF], service.as_slice()].concat()), 0);
    assert_eq!(at(200, &woken), 1);
    let mut rs485 = builder().rs485().link().into_meter();
    assert_eq!(rs485.on_bytes(Duration::ZERO, &service).len(), 1);
    let to_zero = hex::bytes("00 03 3F F9 00 00 98 3E").unwrap();
    assert_eq!(rs485.on_bytes(Duration::from_secs(1), &to_zero).len(), 0);
}

#[test]
fn a_failed_sensor_has_no_value() {
    let mut host = Host::at(builder().failed([10]));
    host.start();
    host.set_type(4);
    host.set_list(&[9, 10]);
    let cells = cells(&host.read()[3..], &[2, 2]);
    assert_eq!((cells[1].0, cells[1].1), (30000, 0x0C));
}

#[test]
fn no_bytes_make_the_meter_panic_or_grow() {
    let mut host = Host::at(builder());
    let mut random = 12345u64;
    for length in (0..3000usize).map(|n| n % 300) {
        let mut byte = || {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (random >> 56) as u8
        };
        let mut bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
        if length > 8 {
            // A right beginning gets further into the meter than noise does.
            bytes[..4].copy_from_slice(&[1, if byte() & 1 == 0 { 3 } else { 0x10 }, 0x3F, 0xF6 + byte() % 10]);
            bytes = sealed(&bytes[..length - 2]);
        }
        host.raw(&bytes);
    }
    host.start();
}
