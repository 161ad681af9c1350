//! Notifications that were captured of meters, through the whole driver and in all that they travel in.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, KeyInit, Nonce};
use dlms::Dlms;
use dlms_cosem_rs::codec::Encode;
use dlms_cosem_rs::transport::hdlc::{Address, Control, Frame};
use proptest::prelude::*;
use serde_json::Value as Json;
use uzel_driver_sdk::bytes::{hex, unhex};
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{CivilTime, Driver, Failure, Identity, Value};

/// What the driver made of a meter: itself, and the cells of both rows.
type Heard = (Identity, Vec<(String, f64, String)>, Option<CivilTime>);

/// Listens to telegrams with silences between them.
fn listen(config: &str, telegrams: &[Vec<u8>]) -> Result<Heard, Failure> {
    let text: Vec<String> = telegrams.iter().map(|bytes| format!("< {}\n~\n", hex(bytes))).collect();
    let mut line = Recording::parse(&text.concat());
    let mut driver = Dlms::default();
    let identity = driver.identify(&mut line, config)?;
    let mut out = Collected::default();
    for read in [Dlms::read_current, Dlms::read_totals] {
        match read(&mut driver, &mut line, &mut out) {
            Ok(()) | Err(Failure::Unsupported(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let mut cells = Vec::new();
    for table in &out.tables {
        for (column, value) in table.columns.iter().zip(&table.rows[0].values) {
            let Value::Fixed(fixed) = value else {
                panic!("{column:?} {value:?}")
            };
            let number = fixed.digits as f64 / 10f64.powi(fixed.decimals.into());
            cells.push((column.id.clone(), number, column.unit.clone()));
        }
    }
    Ok((identity, cells, out.tables[0].rows[0].label))
}

fn config(framing: &str) -> String {
    format!(r#"{{"mode": "listen", "listen_s": 30, "framing": "{framing}"}}"#)
}

/// In HDLC frames with so many bytes each.
fn hdlc(lsdu: &[u8], size: usize) -> Vec<u8> {
    let chunks: Vec<&[u8]> = lsdu.chunks(size).collect();
    let frames = chunks.iter().enumerate().map(|(at, information)| {
        let frame = Frame {
            segmented: at + 1 < chunks.len(),
            destination: Address::Single(0),
            source: Address::Double { upper: 1, lower: 0 },
            control: Control::Ui,
            information,
        };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        bytes
    });
    frames.collect::<Vec<_>>().concat()
}

fn mbus(apdu: &[u8]) -> Vec<u8> {
    let chunks: Vec<&[u8]> = apdu.chunks(245).collect();
    let frames = chunks.iter().enumerate().map(|(at, segment)| {
        let information = u8::try_from(at).unwrap() | if at + 1 == chunks.len() { 0x10 } else { 0 };
        let body = [&[0x53, 0xFF, information, 0x01, 0x67], *segment].concat();
        let length = u8::try_from(body.len()).unwrap();
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        [&[0x68, length, length, 0x68], &body[..], &[sum, 0x16]].concat()
    });
    frames.collect::<Vec<_>>().concat()
}

fn wrapper(apdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
    [&[0, 1, 0, 1, 0, 103], &length[..], apdu].concat()
}

fn vectors() -> Vec<Json> {
    let all = include_str!("data/push-notifications.jsonl").lines();
    all.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lsdu(vector: &Json) -> Vec<u8> {
    unhex(vector["llc_pdu"].as_str().unwrap()).unwrap()
}

/// Groups C and D of what the other reader calls so.
fn quantity(key: &str) -> Option<(u8, u8)> {
    let (key, processing) = match key.strip_suffix("_total") {
        Some(key) => (key, 8),
        None => (key, 7),
    };
    let (key, phase) = match key.split_once("_l") {
        Some((key, phase)) => (key, phase.parse::<u8>().ok()? * 20),
        None => (key, 0),
    };
    let quantity = match key {
        "active_power_import" => 1,
        "active_power_export" => 2,
        "reactive_power_import" => 3,
        "reactive_power_export" => 4,
        "current" => 11,
        "voltage" => 12,
        _ => return None,
    };
    Some((quantity + phase, processing))
}

fn assert_said(vector: &Json, (identity, cells, label): &Heard, how: &str) {
    let expected = vector["expected"].as_object().unwrap();
    let mut numbers = 0;
    for (key, want) in expected {
        let detail = |of: &str| {
            identity
                .details
                .iter()
                .find(|(key, _)| key == of)
                .map(|(_, text)| text.as_str())
        };
        match key.as_str() {
            "meter_manufacturer" => {}
            "meter_id" => assert_eq!(identity.serial.as_deref(), want.as_str(), "{how}"),
            "list_ver_id" => assert_eq!(detail("list"), want.as_str(), "{how}"),
            "meter_type" => assert_eq!(detail("type"), want.as_str(), "{how}"),
            "meter_datetime" => {
                let at = label.unwrap();
                let text = format!(
                    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                    at.year, at.month, at.day, at.hour, at.minute, at.second
                );
                assert!(want.as_str().unwrap().starts_with(&text), "{how}: {text} {want}");
            }
            _ => {
                let (c, d) = quantity(key).unwrap_or_else(|| panic!("{key}"));
                let is_it = |id: &str| id == format!("1.0.{c}.{d}.0") || id == format!("1.1.{c}.{d}.0");
                let unit = match (d, c % 20) {
                    (7, 1 | 2) => "W",
                    (7, 3 | 4) => "var",
                    (8, 1 | 2) => "Wh",
                    (8, 3 | 4) => "varh",
                    (_, 11) => "A",
                    _ => "V",
                };
                let found: Vec<_> = cells.iter().filter(|(id, ..)| is_it(id)).collect();
                let [(_, number, of)] = found[..] else {
                    panic!("{how} {key}: {cells:?}")
                };
                assert_eq!((Some(*number), of.as_str()), (want.as_f64(), unit), "{how} {key}");
                numbers += 1;
            }
        }
    }
    assert_eq!(cells.len(), numbers, "{how}: {cells:?}");
    assert_eq!(label.is_some(), expected.contains_key("meter_datetime"), "{how}");
}

#[test]
fn captured_notifications_have_the_same_values_in_all_that_they_travel_in() {
    for vector in vectors() {
        let whole = lsdu(&vector);
        let apdu = &whole[3..];
        let name = format!("{} {}", vector["module"], vector["name"]);
        for (framing, telegram, times) in [
            ("hdlc", hdlc(&whole, 2_000), 1),
            ("hdlc", hdlc(&whole, 120), 1),
            ("wrapper", wrapper(apdu), 1),
            ("mbus", mbus(apdu), 3),
            ("plain", apdu.to_vec(), 3),
            ("plain", whole.clone(), 3),
        ] {
            let how = format!("{name} in {framing}");
            let heard = listen(&config(framing), &vec![telegram.clone(); times]);
            assert_said(
                &vector,
                &heard.unwrap_or_else(|failure| panic!("{how}: {failure:?}")),
                &how,
            );
            if times > 1 {
                let too_few = listen(&config(framing), &vec![telegram; times - 1]);
                assert!(matches!(too_few, Err(Failure::Garbled(_))), "{how}: {too_few:?}");
            }
        }
    }
}

#[test]
fn of_telegrams_without_a_check_the_middle_values_are_taken() {
    let vector = &vectors()[1];
    let good = lsdu(vector)[3..].to_vec();
    // The power 1122 W, and its name.
    for (place, bit) in [(45, 1), (45, 2), (38, 3)] {
        let mut bad = good.clone();
        bad[place] ^= 1 << bit;
        let telegrams = [good.clone(), bad.clone(), good.clone(), good.clone()];
        let heard = listen(&config("plain"), &telegrams).unwrap();
        assert_said(vector, &heard, &format!("{place}"));
    }
}

/// The example of Netz Niederösterreich (description of the customer interface, 2022, with its key): two frames of M-Bus,
/// encrypted without a tag.
const LOWER_AUSTRIA: [&str; 2] = [
    "68FAFA6853FF000167DB084B464D675000000981F8200000002388D5AB4F97515AAFC6B88D2F85DAA7A0E3C0C40D004535C397C9D037AB7DBDA3\
     29107615444894A1A0DD7E85F02D496CECD3FF46AF5FB3C9229CFE8F3EE4606AB2E1F409F36AAD2E50900A4396FC6C2E083F373233A69616950758\
     BFC7D63A9E9B6E99E21B2CBC2B934772CA51FD4D69830711CAB1F8CFF25F0A329337CBA51904F0CAED88D61968743C8454BA922EB00038182C22FE\
     316D16F2A9F544D6F75D51A4E92A1C4EF8AB19A2B7FEAA32D0726C0ED80229AE6C0F7621A4209251ACE2B2BC66FF0327A653BB686C756BE033C7A2\
     81F1D2A7E1FA31C3983E15F8FD16CC5787E6F51716",
    "6814146853FF110167419A3CFDA44BE438C96F0E38BF83D98316",
];
const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";

fn encrypted(framing: &str, protection: &str, key: &str) -> String {
    format!(
        r#"{{"mode": "listen", "framing": "{framing}", "protection": "{protection}", "encryption_key": "{key}"{}}}"#,
        if protection == "both" {
            format!(r#", "authentication_key": "{}""#, "D0".repeat(16))
        } else {
            String::new()
        }
    )
}

#[test]
fn the_example_of_an_operator_is_decrypted() {
    let telegram = unhex(&LOWER_AUSTRIA.concat()).unwrap();
    let three = vec![telegram; 3];
    let (identity, cells, label) = listen(&encrypted("mbus", "encrypted", KEY), &three).unwrap();
    assert_eq!(identity.serial.as_deref(), Some("181220000009"));
    let energy = ("1.0.1.8.0".to_owned(), 12_937.0, "Wh".to_owned());
    let voltage = ("1.0.32.7.0".to_owned(), 233.7, "V".to_owned());
    let factor = ("1.0.13.7.0".to_owned(), 1.0, "1".to_owned());
    assert!(
        [energy, voltage, factor].iter().all(|cell| cells.contains(cell)),
        "{cells:?}"
    );
    assert_eq!(
        (cells.len(), label.map(|at| (at.day, at.hour, at.second))),
        (11, Some((27, 9, 15)))
    );
    for (config, why) in [
        (config("mbus"), "the telegrams are encrypted"),
        (encrypted("mbus", "encrypted", &KEY.replace('3', "4")), "telegram"),
        (encrypted("mbus", "both", KEY), "was agreed on"),
    ] {
        let refused = listen(&config, &three);
        assert!(
            matches!(&refused, Err(Failure::Garbled(text)) if text.contains(why)),
            "{refused:?}"
        );
    }
}

/// In general-glo-ciphering with a tag.
fn protected(apdu: &[u8], counter: u32) -> Vec<u8> {
    let key = <[u8; 16]>::try_from(unhex(KEY).unwrap()).unwrap();
    let number: [u8; 12] = [&b"UZLTEST1"[..], &counter.to_be_bytes()].concat().try_into().unwrap();
    let mut body = apdu.to_vec();
    let more = [&[0x30], &[0xD0; 16][..]].concat();
    let cipher = AesGcm::<Aes128, U12, U12>::new(&key.into());
    let tag = cipher
        .encrypt_in_place_detached(&Nonce::from(number), &more, &mut body)
        .unwrap();
    let length = u16::try_from(body.len() + 17).unwrap().to_be_bytes();
    let head = [
        &[0xDB, 8][..],
        b"UZLTEST1",
        &[0x82],
        &length,
        &[0x30],
        &counter.to_be_bytes(),
    ];
    [&head.concat()[..], &body, &tag].concat()
}

#[test]
fn an_authenticated_telegram_is_taken_at_once_and_a_plain_one_in_its_place_is_not() {
    for vector in vectors() {
        let apdu = &lsdu(&vector)[3..];
        let config = encrypted("mbus", "both", KEY);
        let heard = listen(&config, &[mbus(apdu), mbus(&protected(apdu, 7))]).unwrap();
        assert_said(&vector, &heard, "authenticated");
        let mut broken = protected(apdu, 7);
        broken[60] ^= 1;
        let refused = listen(&config, &[mbus(&broken), mbus(apdu), mbus(apdu), mbus(apdu)]);
        assert!(matches!(refused, Err(Failure::Garbled(_))), "{refused:?}");
    }
}

#[test]
fn values_without_names_are_not_taken_and_silence_is_told() {
    for body in [
        "02 02 06 00000001 06 00000002",
        "02 03 09 06 0100010700FF 06 00000001 06 00000002",
        "02 02 09 06 0100010700FF 02 02 0F 00 16 1B",
        "02 01 09 06 0100010700FF",
        "01 01 02 02 12 0001 06 00000002",
        "06 00000001",
    ] {
        let apdu = unhex(&format!("0F 00000000 00 {body}")).unwrap();
        let refused = listen(&config("hdlc"), &[hdlc(&[&[0xE6, 0xE7, 0], &apdu[..]].concat(), 2_000)]);
        assert!(matches!(&refused, Err(Failure::Garbled(_))), "{body}: {refused:?}");
    }
    assert_eq!(listen(&config("hdlc"), &[]), Err(Failure::NoAnswer));
}

#[test]
fn a_meter_that_sends_lists_by_turns_is_known_by_the_one_with_its_number() {
    let all = vectors();
    let (short, long) = (hdlc(&lsdu(&all[1]), 2_000), hdlc(&lsdu(&all[0]), 2_000));
    let (identity, ..) = listen(&config("hdlc"), &[short.clone(), long]).unwrap();
    assert_eq!(identity.serial.as_deref(), Some("7359992892587665"));
    let heard = listen(&config("hdlc"), &[short]).unwrap();
    assert_said(&all[1], &heard, "none with a number came");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damaged_telegram_has_another_value(number in 0usize..7, at in 0usize..400, with in 1u8.., also in 0u8..) {
        let vector = &vectors()[number];
        let good = lsdu(vector);
        let mut bad = hdlc(&good, 2_000);
        let (at, size) = (at % bad.len(), bad.len());
        bad[at] ^= with;
        bad[(at + 1) % size] ^= also;
        if let Ok(heard) = listen(&config("hdlc"), &[bad]) {
            assert_said(vector, &heard, "damaged");
        }
        let _ = listen(&config("plain"), &[good[..at.min(good.len())].to_vec(), good]);
    }
}
