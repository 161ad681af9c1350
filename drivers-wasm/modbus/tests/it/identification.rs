//! What devices say of themselves by function 43/14, and that those that do not know it are read all the same.

use modbus::Modbus;
use serde_json::json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::modbus::pdu::Request;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{Driver, Failure, Identity, Port};

use crate::example::{MAP, config, device};
use crate::far::{Device, Framing};

const FRAMINGS: [Framing; 3] = [Framing::Rtu, Framing::Ascii, Framing::Tcp];
const TEXTS: [&str; 3] = ["ABB", "B23 112", "1.07"];

fn identify(line: &mut Wire<Device>, config: &str) -> Result<Identity, Failure> {
    Modbus::default().identify(line, config)
}

/// The map of the example with something required of the texts.
fn requiring(framing: Framing, lines: &str) -> String {
    let map = MAP.replace("\n[serial]", &format!("\n[device]\n{lines}\n[serial]"));
    json!({"map": "own", "map_text": map, "framing": framing.name(), "timeout_ms": 200}).to_string()
}

fn told(identity: &Identity) -> Vec<(&str, &str)> {
    let details = identity.details.iter();
    details
        .map(|(key, text)| (key.as_str(), text.as_str()))
        .skip(1)
        .collect()
}

#[test]
fn the_question_is_the_one_that_others_ask() {
    let lines = include_str!("../data/frames.jsonl").lines();
    let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let asked: Vec<_> = lines.filter(|line| line["fc"] == 43).collect();
    let [line] = asked.as_slice() else { panic!("{asked:?}") };
    let pdu = unhex(line["pdu"].as_str().unwrap()).unwrap();
    assert_eq!(Request::Identification { object: 0 }.encode(), pdu);
}

#[test]
fn maker_product_and_revision_are_told() {
    for framing in FRAMINGS {
        let mut far = device(framing);
        far.texts = TEXTS.to_vec();
        let identity = identify(&mut Wire::new(far), &config(framing)).unwrap();
        let want = [("vendor", TEXTS[0]), ("product", TEXTS[1]), ("revision", TEXTS[2])];
        assert_eq!(told(&identity), want, "{framing:?}");
    }
}

#[test]
fn a_device_that_does_not_know_the_function_is_asked_once() {
    for framing in FRAMINGS {
        for mute in [false, true] {
            let mut far = device(framing);
            far.mute = mute;
            let mut line = Wire::new(far);
            for is_first in [true, false] {
                let began = line.now();
                let identity = identify(&mut line, &config(framing)).unwrap();
                assert_eq!(told(&identity), [], "{framing:?}");
                let took = line.now() - began;
                assert_eq!(took >= 200, is_first && mute, "{framing:?} {mute}: {took} ms");
            }
        }
    }
}

#[test]
fn a_map_may_want_a_maker_and_a_product() {
    for framing in FRAMINGS {
        let try_with = |texts: &[&'static str], lines: &str| {
            let mut far = device(framing);
            far.texts = texts.to_vec();
            identify(&mut Wire::new(far), &requiring(framing, lines)).map(|identity| told(&identity).len())
        };
        assert_eq!(try_with(&TEXTS, "vendor = \"ABB\"\nproduct = \"B23\""), Ok(3));
        for (texts, lines, why) in [
            (&TEXTS[..], "product = \"B24\"", "its product is \"B23 112\""),
            (&TEXTS[..1], "product = \"B23\"", "its product is \"\""),
            (&[], "vendor = \"ABB\"", "exception 1"),
        ] {
            let refused = try_with(texts, lines);
            assert!(
                matches!(&refused, Err(Failure::WrongDevice(text)) if text.contains(why)),
                "{framing:?} {lines}: {refused:?}"
            );
        }
        let config = requiring(framing, "colour = \"red\"");
        assert!(matches!(
            identify(&mut Wire::new(device(framing)), &config),
            Err(Failure::Config(_))
        ));
    }
}
