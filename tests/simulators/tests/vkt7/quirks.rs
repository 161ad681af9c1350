//! What a driver has to be ready for.

use crate::host::{Host, builder, cells, sealed};
use jiff::civil::datetime;
use meter_sim::{Meter, hex};
use std::time::Duration;

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
