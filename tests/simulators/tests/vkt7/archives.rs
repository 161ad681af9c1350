//! Every archive against the truth.

use crate::host::{Host, NOW, builder, cells};
use jiff::civil::datetime;
use meter_sim::TruthKind;
use std::time::Duration;

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
