//! Passwords and keys, with the simulated meter.

use dlms::Dlms;
use meter_sim::{DlmsQuirk, DlmsTransport};
use uzel_driver_sdk::calendar::DAY;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, Driver, Failure};

use crate::meter::{builder, got, held, now, read, window, wire};

const ENCRYPTION: [u8; 16] = [0x11; 16];
const AUTHENTICATION: [u8; 16] = [0xD0; 16];

fn keys(protection: &str, framing: &str) -> String {
    format!(
        r#"{{"client": 1, "authentication": "gmac", "protection": "{protection}", "framing": "{framing}",
            "encryption_key": "{}", "authentication_key": "{}"}}"#,
        "11".repeat(16),
        "D0".repeat(16)
    )
}

#[test]
fn a_password_opens_what_the_public_client_is_denied() {
    let (from, to) = (now() - 2 * DAY, now());
    for builder in [
        builder().password("12345678"),
        builder().password("12345678").quirk(DlmsQuirk::Terse),
    ] {
        let config = r#"{"client": 32, "authentication": "low", "password": "12345678"}"#;
        let out = read(&mut wire(builder.clone()), config, ArchiveKind::Hourly, from, to);
        assert_eq!(got(&out), held(&builder, ArchiveKind::Hourly, from, to));
    }
    let mut line = wire(builder().password("12345678"));
    let mut driver = Dlms::default();
    driver.identify(&mut line, "{}").unwrap();
    assert!(driver.read_clock(&mut line).is_ok(), "the public client sees the clock");
    let mut out = Collected::default();
    let refused = driver.read_archive(&mut line, ArchiveKind::Hourly, &[window(from, to)], None, &mut out);
    assert!(
        matches!(&refused, Err(Failure::Unsupported(text)) if text.contains("no profile")),
        "{refused:?}"
    );
}

#[test]
fn a_wrong_password_is_refused_at_once_and_never_told() {
    let mut line = wire(builder().password("12345678"));
    let config = r#"{"client": 32, "authentication": "low", "password": "secret99"}"#;
    let refused = Dlms::default().identify(&mut line, config);
    assert!(
        matches!(&refused, Err(Failure::Refused(text)) if text.contains("wrong password or keys")),
        "{refused:?}"
    );
    assert!(line.written.len() <= 3, "asked again: {} frames", line.written.len());
    assert!(line.notes.iter().all(|note| !note.contains("secret99")));
}

#[test]
fn keys_open_the_meter_with_every_protection() {
    let (from, to) = (now() - 2 * DAY, now());
    for protection in ["none", "authenticated", "encrypted", "both"] {
        for (framing, transport) in [("hdlc", DlmsTransport::Hdlc), ("wrapper", DlmsTransport::Wrapper)] {
            let builder = builder().transport(transport).keys(ENCRYPTION, AUTHENTICATION);
            let mut line = wire(builder.clone());
            let out = read(&mut line, &keys(protection, framing), ArchiveKind::Hourly, from, to);
            assert_eq!(
                got(&out),
                held(&builder, ArchiveKind::Hourly, from, to),
                "{protection} {framing}"
            );
            let counter = line.memory.get("counter").cloned().unwrap();
            // The next session counts on, and the meter takes it.
            line.now -= 86_400_000;
            read(&mut line, &keys(protection, framing), ArchiveKind::Hourly, from, to);
            assert!(line.memory["counter"] > counter, "{protection} {framing}");
        }
    }
}

#[test]
fn other_keys_are_refused() {
    for (encryption, authentication) in [([0x12; 16], AUTHENTICATION), (ENCRYPTION, [0xD1; 16])] {
        for protection in ["none", "both"] {
            let mut line = wire(builder().keys(encryption, authentication));
            let refused = Dlms::default().identify(&mut line, &keys(protection, "hdlc"));
            assert!(matches!(refused, Err(Failure::Refused(_))), "{protection}: {refused:?}");
        }
    }
}
