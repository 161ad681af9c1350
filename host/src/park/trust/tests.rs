//! Packages of a vendor, judged.

use std::collections::BTreeMap;

use super::*;
use crate::package::{COMPONENT, FORMAT, FORMAT_VERSION, Manifest, Text, pack, unpack};
use crate::signing::{Signer, key_id, new_key};

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

struct Vendor {
    signer: Signer,
    key: VendorKey,
}

fn vendor() -> Vendor {
    let (secret, _, public) = new_key().unwrap();
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    Vendor {
        signer: Signer::parse(&secret).unwrap(),
        key: VendorKey {
            id: key_id(&public).unwrap(),
            public,
            name: "Works".to_owned(),
            vendor: "Works".to_owned(),
            roles: strings(&["read", "configure"]),
            models: strings(&["vkt7"]),
            valid_from: None,
            valid_to: None,
            revoked_at: None,
            revoked_why: None,
        },
    }
}

fn package(change: impl Fn(&mut Manifest), signer: Option<&Signer>) -> Package {
    let mut manifest = Manifest {
        changelog: Text::default(),
        contract: "1.0.0".to_owned(),
        files: BTreeMap::new(),
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: "vkt7".to_owned(),
        interfaces: Vec::new(),
        models: vec!["vkt7".to_owned()],
        title: Text::default(),
        vendor: "Works".to_owned(),
        version: "1.0.0".to_owned(),
    };
    change(&mut manifest);
    let files = BTreeMap::from([(COMPONENT.to_owned(), b"\0asm".to_vec())]);
    unpack(&pack(manifest, &files, signer).unwrap()).unwrap()
}

fn verdict(package: &Package, keys: &[VendorKey], granted: &[&str], unsigned: bool) -> Result<Option<String>, Refusal> {
    let granted: Vec<String> = granted.iter().map(ToString::to_string).collect();
    let known = Known {
        keys,
        revoked: None,
        digest: "d",
        granted: &granted,
        unsigned,
        now: now(),
    };
    judge(package, known).unwrap()
}

#[test]
fn a_signed_package_of_a_known_vendor_is_taken_and_an_unsigned_one_only_for_development() {
    let vendor = vendor();
    let (signed, plain) = (package(|_| (), Some(&vendor.signer)), package(|_| (), None));
    let keys = [vendor.key.clone()];
    assert_eq!(verdict(&signed, &keys, &[], false), Ok(Some(vendor.key.id.clone())));
    assert_eq!(verdict(&plain, &keys, &[], false), Err(Refusal::Unsigned));
    assert_eq!(verdict(&plain, &keys, &[], true), Ok(None));
    assert_eq!(
        verdict(&signed, &[], &[], true),
        Err(Refusal::UnknownKey(vendor.key.id))
    );
}

#[test]
fn a_manifest_that_was_changed_after_it_was_signed_is_refused() {
    let vendor = vendor();
    let mut signed = package(|_| (), Some(&vendor.signer));
    signed.signed[20] ^= 1;
    let refused = verdict(&signed, &[vendor.key], &[], false).unwrap_err();
    assert!(matches!(refused, Refusal::Broken(_)), "{refused}");
}

#[test]
fn a_key_that_is_revoked_or_does_not_hold_today_signs_nothing() {
    let vendor = vendor();
    let signed = package(|_| (), Some(&vendor.signer));
    let refused = |change: &dyn Fn(&mut VendorKey)| {
        let mut key = vendor.key.clone();
        change(&mut key);
        verdict(&signed, &[key], &[], false).unwrap_err()
    };
    let revoked = refused(&|key| (key.revoked_at, key.revoked_why) = (Some(now()), Some("stolen".to_owned())));
    assert!(revoked.to_string().ends_with("stolen"), "{revoked}");
    let day = jiff::SignedDuration::from_hours(24);
    assert!(matches!(
        refused(&|key| key.valid_to = Some(now())),
        Refusal::Expired { .. }
    ));
    assert!(matches!(
        refused(&|key| key.valid_from = Some(now() + day)),
        Refusal::Expired { .. }
    ));
}

#[test]
fn a_package_gets_what_it_asks_for_only_where_key_and_administrator_agree() {
    let vendor = vendor();
    let keys = [vendor.key.clone()];
    let asks = |interfaces: &[&str]| {
        let interfaces: Vec<String> = interfaces.iter().map(ToString::to_string).collect();
        package(
            |manifest| manifest.interfaces.clone_from(&interfaces),
            Some(&vendor.signer),
        )
    };
    assert!(
        verdict(
            &asks(&["diagnostics", "configure"]),
            &keys,
            &["diagnostics", "configure"],
            false
        )
        .is_ok()
    );
    let refused = verdict(&asks(&["diagnostics", "configure"]), &keys, &["diagnostics"], false).unwrap_err();
    assert_eq!(refused, Refusal::NotGranted(vec!["configure".to_owned()]));
    let refused = verdict(&asks(&["control"]), &keys, &["control"], false).unwrap_err();
    assert!(
        refused.to_string().contains("needs the roles control; key"),
        "{refused}"
    );
}

#[test]
fn nobody_speaks_for_another_vendor_or_claims_his_models() {
    let vendor = vendor();
    let keys = [vendor.key.clone()];
    let other = package(|manifest| manifest.vendor = "Others".to_owned(), Some(&vendor.signer));
    assert!(matches!(
        verdict(&other, &keys, &[], false),
        Err(Refusal::Vendor { .. })
    ));
    let claims = package(
        |manifest| manifest.models.push("spt943".to_owned()),
        Some(&vendor.signer),
    );
    let refused = verdict(&claims, &keys, &[], false).unwrap_err();
    assert!(
        refused.to_string().starts_with("the package claims models spt943, key"),
        "{refused}"
    );
}

#[test]
fn a_revoked_component_is_refused_whoever_signed_it() {
    let vendor = vendor();
    let signed = package(|_| (), Some(&vendor.signer));
    let known = Known {
        keys: &[vendor.key],
        revoked: Some("reads wrong values"),
        digest: "abc",
        granted: &[],
        unsigned: true,
        now: now(),
    };
    let refused = judge(&signed, known).unwrap().unwrap_err();
    assert_eq!(refused.to_string(), "component abc was revoked: reads wrong values");
}
