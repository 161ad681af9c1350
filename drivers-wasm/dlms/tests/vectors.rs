//! APDUs and notifications whose meaning somebody else wrote down.

use dlms::tree;
use dlms_cosem_rs::acse::{Aare, Aarq, AssociationResult, AuthMechanism};
use dlms_cosem_rs::axdr::DataBuf;
use dlms_cosem_rs::codec::{Decode, Encode};
use dlms_cosem_rs::transport::hdlc::{Control, decode_frame};
use dlms_cosem_rs::xdlms::{Apdu, GetResponse, InitiateResponse};
use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vectors(kind: &str) -> Vec<(Vec<u8>, String)> {
    let all = lines(include_str!("data/apdu-vectors.jsonl"));
    let of_kind = all.iter().filter(|vector| vector["type"] == kind);
    of_kind
        .map(|vector| {
            let said = vector["dlms_cosem_repr"].as_str().unwrap_or_default().to_owned();
            (unhex(vector["hex"].as_str().unwrap()).unwrap(), said)
        })
        .collect()
}

#[test]
fn associations_are_read_as_others_read_them() {
    let mut results = Vec::new();
    for (bytes, said) in vectors("ApplicationAssociationResponse") {
        let aare = Aare::from_bytes(&bytes).unwrap();
        assert_eq!(
            aare.is_accepted(),
            said.contains("AssociationResult.ACCEPTED"),
            "{said}"
        );
        assert_eq!(
            aare.mechanism_name == Some(AuthMechanism::HighGmac),
            said.contains("HLS_GMAC"),
            "{said}"
        );
        if said.contains("system_title=b'") {
            assert_eq!(aare.responding_ap_title, Some(&b"uti123457"[..]));
        }
        if said.contains("server_max_receive_pdu_size=500") {
            let initiate = aare.user_information.unwrap();
            let negotiated = InitiateResponse::from_bytes(&initiate[1..]).unwrap();
            assert_eq!(negotiated.server_max_receive_pdu_size, 500);
        }
        results.push(aare.result);
    }
    let refused = results
        .iter()
        .filter(|result| **result == AssociationResult::RejectedPermanent);
    assert_eq!((results.len(), refused.count()), (4, 2));
    for (bytes, said) in vectors("ApplicationAssociationRequest") {
        let aarq = Aarq::from_bytes(&bytes).unwrap();
        let secret = aarq.calling_authentication_value;
        assert_eq!(secret == Some(&b"12345678"[..]), said.contains("b'12345678'"), "{said}");
    }
}

#[test]
fn answers_have_the_values_that_others_read() {
    let (bytes, _) = &vectors("GetResponseNormal")[0];
    let Apdu::GetResponse(GetResponse::Normal { result, .. }) = Apdu::from_bytes(bytes).unwrap() else {
        panic!("{bytes:x?}")
    };
    assert_eq!(
        tree::own(&result.value().unwrap()),
        Ok(DataBuf::DoubleLongUnsigned(5_009))
    );
    let lists = vectors("GetResponseWithList");
    let Apdu::GetResponse(GetResponse::WithList { results, .. }) = Apdu::from_bytes(&lists[1].0).unwrap() else {
        panic!("{lists:x?}")
    };
    let values: Vec<DataBuf> = results
        .iter()
        .map(|one| tree::own(&one.unwrap().value().unwrap()).unwrap())
        .collect();
    let numbers: Vec<Option<i128>> = values.iter().map(tree::integer).collect();
    assert_eq!(numbers[..7], [50, 0, 0, 0, 0, 0, 2_302].map(Some));
    let inner: Vec<Option<i128>> = tree::parts(&values[7]).unwrap().iter().map(tree::integer).collect();
    assert_eq!(inner, [26_236_427, 806, 17, 2, 240, 1, 0].map(Some));
    let last: Vec<Option<i128>> = tree::parts(&values[8]).unwrap().iter().map(tree::integer).collect();
    assert_eq!(last, [720, 3_240, 24, 32, -64].map(Some));
    for (kind, size) in [("GetResponseWithBlock", 0x49E), ("GetResponseLastBlock", 0x17C)] {
        let (bytes, _) = &vectors(kind)[0];
        let Apdu::GetResponse(GetResponse::WithDataBlock { block, .. }) = Apdu::from_bytes(bytes).unwrap() else {
            panic!("{kind}")
        };
        assert_eq!(block.result.map(<[u8]>::len), Ok(size), "{kind}");
        assert_eq!(block.last_block, kind == "GetResponseLastBlock");
    }
}

#[test]
fn every_other_apdu_is_known() {
    for kind in [
        "GetRequestNext",
        "GetRequestNormal",
        "GetRequestWithList",
        "SetRequestNormal",
        "ActionRequestNormal",
        "ActionResponseNormal",
        "ActionResponseNormalWithData",
        "ActionResponseNormalWithError",
        "GeneralGlobalCipher",
        "ReleaseRequest",
        "ReleaseResponse",
    ] {
        for (bytes, _) in vectors(kind) {
            let read = Apdu::from_bytes(&bytes);
            assert!(read.is_ok(), "{kind}: {read:?}");
        }
    }
}

#[test]
fn frames_of_others_are_frames() {
    let (ua, _) = &vectors("UnNumberedAcknowledgmentFrame")[0];
    assert_eq!(decode_frame(ua).unwrap().0.control, Control::Ua);
    for frame in lines(include_str!("data/hdlc-frames.jsonl")) {
        let body = unhex(frame["frame_without_flags"].as_str().unwrap()).unwrap();
        let whole = [&[0x7E], &body[..], &[0x7E]].concat();
        assert!(decode_frame(&whole).is_ok(), "{frame}");
    }
}

#[test]
fn a_selection_by_number_is_asked_for_as_others_ask() {
    for request in lines(include_str!("data/selective-entry-requests.jsonl")) {
        let bytes = unhex(request["request"].as_str().unwrap()).unwrap();
        let wanted = unhex("02 0204 06 00000005 06 0000000e 12 0001 12 0000").unwrap();
        assert!(bytes.windows(wanted.len()).any(|part| part == wanted), "{request}");
    }
}

/// Whole numbers and texts anywhere in a value.
fn leaves(value: &DataBuf, into: &mut Vec<String>) {
    match tree::parts(value) {
        Some(parts) => parts.iter().for_each(|part| leaves(part, into)),
        None => {
            let mut bytes = Vec::new();
            value.encode(&mut bytes).unwrap();
            into.extend(tree::text(&tree::lent(&bytes)));
        }
    }
}

/// Notifications of meters: behind the number of the message a date-time, plain or under its tag, or none; then a value.
#[test]
fn values_of_captured_notifications_are_those_that_they_mean() {
    for push in lines(include_str!("data/push-notifications.jsonl")) {
        let bytes = unhex(push["llc_pdu"].as_str().unwrap()).unwrap();
        let body = &bytes[8..];
        let value = match body {
            [0x00, rest @ ..] => rest,
            [0x0C, rest @ ..] | [0x09, 0x0C, rest @ ..] => &rest[12..],
            _ => panic!("{push}"),
        };
        let mut found = Vec::new();
        leaves(&tree::parse(value).unwrap(), &mut found);
        for (key, want) in push["expected"].as_object().unwrap() {
            let is_raw = key.contains("power") && !key.ends_with("_total") || key == "meter_id" || key == "list_ver_id";
            let want = want.as_str().map_or_else(|| want.to_string(), str::to_owned);
            assert!(!is_raw || found.contains(&want), "{key} {want}: {found:?}");
        }
    }
}
