//! Telegrams that come by themselves, through the whole driver.

use iec62056_21::Iec62056;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{ArchiveKind, CivilTime, Diagnostics, Driver, Failure, Setting, Value, Window};

/// What a session gave.
pub struct Session {
    pub model: String,
    pub serial: Option<String>,
    pub clock: Option<CivilTime>,
    pub moments: Collected,
    pub months: Collected,
    pub events: Collected,
    pub settings: Vec<Setting>,
}

/// Bytes as a recording of a line on which only the meter speaks.
pub fn heard(parts: &[&[u8]]) -> Recording {
    let line = |part: &&[u8]| format!("< {}\n", uzel_driver_sdk::bytes::hex(part));
    let text: String = parts
        .iter()
        .flat_map(|part| part.chunks(97))
        .map(|chunk| line(&chunk))
        .collect();
    Recording::parse(&text)
}

pub fn listen(parts: &[&[u8]]) -> Result<Session, Failure> {
    let mut line = heard(parts);
    let mut driver = Iec62056::default();
    let identity = driver.identify(&mut line, r#"{"mode": "listen", "listen_s": 5}"#)?;
    let mut session = Session {
        model: identity.model,
        serial: identity.serial,
        clock: driver.read_clock(&mut line).ok().map(|reading| reading.shown),
        moments: Collected::default(),
        months: Collected::default(),
        events: Collected::default(),
        settings: Vec::new(),
    };
    driver.read_current(&mut line, &mut session.moments)?;
    driver.read_totals(&mut line, &mut session.moments)?;
    let at = |year| CivilTime {
        year,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
    };
    let all = [Window {
        begin: at(2000),
        end: at(2099),
    }];
    driver.read_archive(&mut line, ArchiveKind::Monthly, &all, None, &mut session.months)?;
    driver.read_events(&mut line, None, &mut session.events)?;
    session.settings = driver.read_settings(&mut line)?;
    Ok(session)
}

impl Session {
    /// A value by the name of its column, or a setting's text.
    pub fn find(&self, id: &str) -> Option<(Value, String)> {
        let tables = self.moments.tables.iter();
        let mut cells = tables.flat_map(|table| table.columns.iter().zip(&table.rows[0].values));
        let cell = cells.find(|(column, _)| column.id == id);
        let setting = || self.settings.iter().find(|setting| setting.id == id);
        cell.map(|(column, value)| (value.clone(), column.unit.clone()))
            .or_else(|| setting().map(|found| (found.value.clone(), found.unit.clone().unwrap_or_default())))
    }
}

/// A telegram without a CRC, with this energy and this power.
fn old(energy: &str, power: &str) -> Vec<u8> {
    format!(
        "/ISk5\\2MT382\r\n\r\n0-0:96.1.1(4B38454730343034)\r\n1-0:1.8.1({energy}*kWh)\r\n1-0:1.7.0({power}*kW)\r\n!\r\n"
    )
    .into_bytes()
}

#[test]
fn a_telegram_without_a_check_is_compared_with_others() {
    let three = [
        old("00001.001", "1.10"),
        old("00001.001", "9.30"),
        old("00001.001", "1.20"),
    ];
    let session = listen(&three.each_ref().map(Vec::as_slice)).unwrap();
    assert_eq!(
        (session.model.as_str(), session.serial.as_deref()),
        ("p1-meter", Some("K8EG0404"))
    );
    let number = |id| match session.find(id) {
        Some((Value::Fixed(number), _)) => number.digits,
        other => panic!("{id}: {other:?}"),
    };
    assert_eq!(
        (number("1-0:1.8.1"), number("1-0:1.7.0")),
        (1_001, 120),
        "the middle one of what moves"
    );
    let damaged = [
        old("00001.001", "1.10"),
        old("00009.001", "1.10"),
        old("00001.001", "1.20"),
    ];
    let session = listen(&damaged.each_ref().map(Vec::as_slice)).unwrap();
    assert!(matches!(session.find("1-0:1.8.1"), Some((Value::Fixed(number), _)) if number.digits == 1_001));
    let two = listen(&damaged[..2].iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(two.is_err(), "two are too few");
}

#[test]
fn characters_with_their_parity_bit_are_read() {
    let even = |byte: &u8| byte | u8::from(byte.count_ones() % 2 == 1) << 7;
    let one: Vec<u8> = old("00001.001", "1.10").iter().map(even).collect();
    let session = listen(&[&one, &one, &one]).unwrap();
    assert!(session.find("1-0:1.8.1").is_some());
}

#[test]
fn a_line_that_says_nothing_or_no_telegram_is_told_apart() {
    assert!(matches!(listen(&[]).err(), Some(Failure::NoAnswer)));
    assert!(matches!(
        listen(&[b"noise\r\nnoise\r\n"]).err(),
        Some(Failure::Garbled(_))
    ));
    let wrong_crc = listen(&[b"/ISk5\\2MT382\r\n\r\n1-0:1.8.1(1*kWh)\r\n!0000\r\n"]);
    assert!(matches!(wrong_crc.err(), Some(Failure::Garbled(text)) if text.contains("CRC")));
}
