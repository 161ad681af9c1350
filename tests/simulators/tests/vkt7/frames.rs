//! Frames of documents and captures, byte by byte.

use crate::host::{Host, builder};
use jiff::civil::datetime;
use meter_sim::{Digits, hex};

/// Name, request and answer, in this order: documents and captures (docs/protocols: ВКТ-7, section 10).
const PUBLISHED: [(&str, &str, &str); 17] = [
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
    for (name, request, answer) in PUBLISHED {
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
