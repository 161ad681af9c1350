//! Each profile's greeting, whole, cut, split, glued and false.

use proptest::prelude::*;

use crate::transport::incoming::config::{GreetingKind, ListenerConfig};
use crate::transport::incoming::greeting::{BadGreeting, Recipe, Verdict};
use crate::transport::incoming::octets::Octets;
use crate::transport::incoming::{assv, wrx};

/// Captured form: ends with a comma and no line end (channels of dispatching systems, iRZ ATM21).
const IRZ: &str = "AT$IMEI=868441036775234,PSW=0000,TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,SIM=0,CSQ=16,\
                   COLPROT=1.3,ATP=1.2,INT=485+232,";

/// A Teleofis WRX's answer to the request for authorisation, IMEI 868441036775234; its check was computed.
const WRX: &str = "C0 00 07 00 3F 01 38 36 38 34 34 31 30 33 36 37 37 35 32 33 34 57 52 58 37 30 30 2D 56 32 20 30 31 2E 30 \
                   32 2E 30 48 57 31 2E 30 30 30 30 30 30 30 31 32 33 34 35 36 37 38 39 41 42 43 44 45 46 00 00 00 01 B3 F1 \
                   C2";

/// An adapter's data; built from the published layout.
const ASSV: &str = "10 01 00 00 10 1F 3F 10 02 31 30 30 30 00 00 00 00 00 25 0E 0F 0B 18 1A 21 0B C0 00 0C 10 03 6B D1";

fn bytes(hex: &str) -> Vec<u8> {
    format!("hex:{hex}").parse::<Octets>().unwrap().0
}

fn recipe(greeting: GreetingKind, change: impl FnOnce(&mut ListenerConfig)) -> Recipe {
    let mut config = ListenerConfig {
        name: "l".to_owned(),
        greeting,
        ..ListenerConfig::default()
    };
    change(&mut config);
    assert_eq!(
        crate::transport::incoming::check(&[config.clone()]),
        Vec::<String>::new()
    );
    Recipe::new(&config).unwrap()
}

/// Every profile with a greeting of it, its identity, and whether it ends without a pause.
fn profiles() -> Vec<(Recipe, Vec<u8>, &'static str, bool)> {
    let octets = |text: &str| Some(text.parse::<Octets>().unwrap());
    let imei = "868441036775234";
    vec![
        (
            recipe(GreetingKind::Fixed, |c| c.length = Some(8)),
            b"12345678".to_vec(),
            "12345678",
            true,
        ),
        (
            recipe(GreetingKind::Text, |c| c.delimiter = octets("\r\n")),
            b" boiler-7\r\n".to_vec(),
            "boiler-7",
            true,
        ),
        (
            recipe(GreetingKind::Text, |_| {}),
            b"boiler-7\r\n".to_vec(),
            "boiler-7",
            false,
        ),
        (
            recipe(GreetingKind::Pattern, |c| {
                c.prefix = octets("hex:02");
                c.pattern = Some("ID=(?<id>[0-9]+);V=[0-9]\n".to_owned());
            }),
            b"\x02ID=4711;V=2\n".to_vec(),
            "4711",
            false,
        ),
        (
            recipe(GreetingKind::IrzAtm, |_| {}),
            IRZ.as_bytes().to_vec(),
            imei,
            false,
        ),
        (
            recipe(GreetingKind::IrzAtm, |_| {}),
            format!("{IRZ}\n").into_bytes(),
            imei,
            true,
        ),
        (
            recipe(GreetingKind::IrzAtm, |_| {}),
            format!("{IRZ}\r\n").into_bytes(),
            imei,
            true,
        ),
        (recipe(GreetingKind::TeleofisWrx, |_| {}), bytes(WRX), imei, true),
        (recipe(GreetingKind::Assv030, |_| {}), bytes(ASSV), "1000", true),
        (
            recipe(GreetingKind::Dtu, |c| c.prefix = octets("LOGIN:")),
            b"LOGIN:1001".to_vec(),
            "1001",
            false,
        ),
        (recipe(GreetingKind::Dtu, |_| {}), vec![1, 0xab], "hex-01AB", false),
    ]
}

fn named(recipe: &Recipe, bytes: &[u8], paused: bool) -> Option<(String, usize)> {
    match recipe.judge(bytes, paused) {
        Verdict::Named(named) => Some((named.identity, named.length)),
        Verdict::More => None,
        Verdict::Bad(bad) => panic!("{bad}: {bytes:02x?}"),
    }
}

#[test]
fn a_greeting_is_read_however_it_comes() {
    for (recipe, greeting, identity, ends) in profiles() {
        let kind = recipe.config().greeting;
        let all = greeting.len();
        // Byte by byte; of the two line ends of one profile the second is no longer waited for.
        for count in 0..all - 1 {
            if let Some((early, _)) = named(&recipe, &greeting[..count], false) {
                assert_eq!(
                    (early.as_str(), count),
                    (identity, all - 1),
                    "{kind:?} after {count} bytes"
                );
            }
        }
        let whole = Some((identity.to_owned(), all));
        assert_eq!(named(&recipe, &greeting, true), whole, "{kind:?}, then a pause");
        let early = whole.clone().filter(|_| ends);
        assert_eq!(named(&recipe, &greeting, false), early, "{kind:?}, without a pause");
        if ends {
            let glued = [&greeting[..], &[0xff, 0xff, 1]].concat();
            assert_eq!(
                named(&recipe, &glued, false),
                whole,
                "{kind:?} with bytes of the stream behind it"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_text_end_the_greeting_of_an_irz_modem() {
    let recipe = recipe(GreetingKind::IrzAtm, |_| {});
    let glued = [IRZ.as_bytes(), &[0xb5, 0xbc, 0xbd, 0xbe, 0xbf]].concat();
    let Verdict::Named(named) = recipe.judge(&glued, false) else {
        panic!("not named");
    };
    assert_eq!((named.identity.as_str(), named.length), ("868441036775234", IRZ.len()));
    assert_eq!(named.signal_csq, Some(16));
    let before = [&[0xb5, 0xbc, 0xbd, 0xbe, 0xbf], IRZ.as_bytes(), b"\n"].concat();
    let Verdict::Named(named) = recipe.judge(&before, false) else {
        panic!("not named");
    };
    assert_eq!((named.begin, named.length), (5, before.len()), "a heartbeat before it");
}

#[test]
fn heartbeats_within_the_pause_are_no_part_of_an_identity() {
    let recipe = recipe(GreetingKind::Dtu, |c| {
        c.heartbeats = vec![Octets(b"ping".to_vec()), Octets(b"1".to_vec())]
    });
    assert_eq!(
        named(&recipe, b"pingLOGIN:1001pingping", true),
        Some(("LOGIN:1001".to_owned(), 14))
    );
}

#[test]
fn what_is_no_greeting_is_refused_by_name() {
    let long = recipe(GreetingKind::Text, |c| c.delimiter = Some(Octets(b"\n".to_vec())));
    let bad = |recipe: &Recipe, bytes: &[u8]| match recipe.judge(bytes, true) {
        Verdict::Bad(bad) => bad.to_string(),
        verdict => panic!("{verdict:?}"),
    };
    assert_eq!(
        bad(&long, &[b'x'; 512]),
        "no identity in the first 512 bytes, at most 512 are read"
    );
    assert!(bad(&long, b"a b\n").contains("printable characters without blanks"));
    let irz = recipe(GreetingKind::IrzAtm, |_| {});
    assert!(bad(&irz, b"GET / HTTP/1.1\r\n").contains("expected AT$IMEI="));
    assert!(bad(&irz, b"AT$IMEI=86844103677523X,CSQ=1\n").contains("expected 15 digits"));
    let fleet = recipe(GreetingKind::TeleofisWrx, |_| {});
    let mut damaged = bytes(WRX);
    damaged[10] ^= 1;
    assert!(bad(&fleet, &damaged).contains("check"), "{}", bad(&fleet, &damaged));
    let pattern = recipe(GreetingKind::Pattern, |c| {
        c.pattern = Some("ID=(?<id>[0-9]+);".to_owned())
    });
    assert!(matches!(
        pattern.judge(b"ID=x;", true),
        Verdict::Bad(BadGreeting::Start { .. })
    ));
}

#[test]
fn what_the_server_says_is_as_captured() {
    let zeros = "00 ".repeat(20);
    assert_eq!(wrx::hello(), bytes(&format!("C0 00 06 00 14 {zeros} E7 48 C2")));
    let Verdict::Named(named) = recipe(GreetingKind::TeleofisWrx, |_| {}).judge(&bytes(WRX), false) else {
        panic!("not named");
    };
    assert_eq!(named.reply, bytes(&format!("C0 00 06 01 14 {zeros} 3F 25 C2")));
    assert_eq!(assv::hello(), bytes("10 01 00 00 10 1F 3E 00 10 02 00 10 03 06 AF"));
}

#[test]
fn envelopes_of_the_adapter_are_as_captured() {
    // A ВКТ-7's "read data", captured.
    assert_eq!(
        assv::question(&bytes("FF FF 00 03 3F FE 00 00 29 FF")),
        bytes("10 01 00 00 10 1F 28 00 10 02 FF FF 00 03 3F FE 00 00 29 FF 10 03 11 19")
    );
    // Each 10 of the data is doubled.
    assert_eq!(
        assv::question(&bytes("01 04 10 00 00 02 75 0B")),
        bytes("10 01 00 00 10 1F 28 00 10 02 01 04 10 10 00 00 02 75 0B 10 03 8C 7A")
    );
    let answer = "10 01 00 00 10 1F 29 8A 10 02 01 04 04 00 0C 3E B5 EA 50 10 03 92 14";
    let busy = "10 01 00 00 10 1F 7F 10 02 09 87 A0 AD EF E2 AE 0C 10 03 99 BF";
    let failed = "10 01 00 00 10 1F 7F 10 02 09 8E E8 A8 A1 AA A0 0C 10 03 91 62";
    let ok = "10 01 00 00 10 1F 7F 10 02 09 0C 10 03 52 01";
    let want = [
        assv::Said::Data(bytes("01 04 04 00 0C 3E B5 EA 50")),
        assv::Said::Busy,
        assv::Said::Own,
        assv::Said::Failed("Ошибка".to_owned()),
        assv::Said::Own,
        assv::Said::Data(bytes("01 04 04 00 0C 3E B5 EA 50")),
    ];
    let stream: Vec<u8> = [answer, busy, ok, failed, ASSV, "00 10 01 00", answer]
        .iter()
        .flat_map(|frame| bytes(frame))
        .collect();
    assert_eq!(assv::Decoder::default().take(&stream), want);
    let mut split = assv::Decoder::default();
    let came: Vec<_> = stream.iter().flat_map(|byte| split.take(&[*byte])).collect();
    assert_eq!(came, want, "byte by byte");
}

proptest! {
    #[test]
    fn no_bytes_panic_or_hang(came: Vec<u8>, paused: bool) {
        for (recipe, greeting, ..) in profiles() {
            recipe.judge(&came, paused);
            recipe.judge(&[&greeting[..greeting.len() / 2], &came].concat(), paused);
        }
        assv::Decoder::default().take(&came);
    }

    #[test]
    fn an_envelope_gives_back_what_was_put_in(data: Vec<u8>, cut in 0usize..64) {
        let mut frame = assv::question(&data);
        frame[6] = 0x29;
        // The function is inside the check.
        let check = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM).checksum(&frame[2..frame.len() - 2]);
        let at = frame.len() - 2;
        frame[at..].copy_from_slice(&check.to_be_bytes());
        let mut decoder = assv::Decoder::default();
        let (first, second) = frame.split_at(cut.min(frame.len()));
        let mut said = decoder.take(first);
        said.extend(decoder.take(second));
        prop_assert_eq!(said, vec![assv::Said::Data(data)]);
    }
}
