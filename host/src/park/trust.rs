//! Whether a package may be taken in: who signed it, what that key may, what the package asks for. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::package::Package;
use crate::signing::{KeyError, Verdict, verify};
use crate::store::VendorKey;

/// What a key may do.
pub struct Roles;

impl Roles {
    /// Reading, and the device's own journals.
    pub const READ: &'static str = "read";
    /// Setting the clock, writing settings.
    pub const CONFIGURE: &'static str = "configure";
    /// Acting through the device.
    pub const CONTROL: &'static str = "control";
    /// All of them.
    pub const ALL: [&'static str; 3] = [Self::READ, Self::CONFIGURE, Self::CONTROL];

    /// The role that an interface needs.
    fn of(interface: &str) -> &'static str {
        match interface {
            "configure" => Self::CONFIGURE,
            "control" => Self::CONTROL,
            _ => Self::READ,
        }
    }
}

/// Why a package is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody signed it.
    #[error(
        "the package is not signed: only a signed one is taken; drivers.unsigned = true takes others, for development"
    )]
    Unsigned,
    /// Nobody here knows the key.
    #[error(
        "the package is signed by key {0}, which is not among the vendors' keys: add it with uzel driver trust add"
    )]
    UnknownKey(String),
    /// The signature is not of this manifest.
    #[error("the signature is not over this manifest: {0}")]
    Broken(String),
    /// The key was revoked.
    #[error("key {id} of {name} was revoked on {at}: {why}")]
    RevokedKey {
        /// Its number.
        id: String,
        /// Whose it was.
        name: String,
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// The key does not hold today.
    #[error("key {id} of {name} holds from {from} to {to}, not today")]
    Expired {
        /// Its number.
        id: String,
        /// Whose it is.
        name: String,
        /// Since when.
        from: String,
        /// Until when.
        to: String,
    },
    /// The component was revoked.
    #[error("component {digest} was revoked: {why}")]
    RevokedDigest {
        /// Which.
        digest: String,
        /// Why.
        why: String,
    },
    /// The package speaks for another vendor.
    #[error("the package names {got:?} as vendor, key {id} belongs to {want:?}")]
    Vendor {
        /// Whom it names.
        got: String,
        /// Whose key it is.
        want: String,
        /// The key.
        id: String,
    },
    /// The package claims what is not its vendor's.
    #[error("the package claims models {}, key {id} may claim {}", .models.join(", "), .may.join(", "))]
    Models {
        /// What it claims too much.
        models: Vec<String>,
        /// What it may.
        may: Vec<String>,
        /// The key.
        id: String,
    },
    /// The key may not sign for what the package asks.
    #[error("the package asks for {}, which needs the roles {}; key {id} has {}", .asked.join(", "), .roles.join(", "), .has.join(", "))]
    RolesMissing {
        /// What it asks for.
        asked: Vec<String>,
        /// What that needs and is missing.
        roles: Vec<String>,
        /// What the key has.
        has: Vec<String>,
        /// The key.
        id: String,
    },
    /// The administrator does not grant what the package asks for.
    #[error("the package asks for {}, which is not granted: grant it when it is installed, or take a package that does not ask", .0.join(", "))]
    NotGranted(Vec<String>),
}

/// What is known when a package is judged.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The vendors' keys.
    pub keys: &'a [VendorKey],
    /// Why its component is revoked, if it is.
    pub revoked: Option<&'a str>,
    /// Digest of its component.
    pub digest: &'a str,
    /// What the administrator grants.
    pub granted: &'a [String],
    /// Whether unsigned packages are taken.
    pub unsigned: bool,
    /// Today.
    pub now: Timestamp,
}

/// The number of the key that signed; none: nobody did, and that is allowed.
///
/// # Errors
/// The refusal; a key of the store that is none.
pub fn judge(package: &Package, known: Known<'_>) -> Result<Result<Option<String>, Refusal>, KeyError> {
    if let Some(why) = known.revoked {
        let (digest, why) = (known.digest.to_owned(), why.to_owned());
        return Ok(Err(Refusal::RevokedDigest { digest, why }));
    }
    let asked: BTreeSet<&str> = package.manifest.interfaces.iter().map(String::as_str).collect();
    let granted: BTreeSet<&str> = known.granted.iter().map(String::as_str).collect();
    let missing: Vec<String> = asked.difference(&granted).map(ToString::to_string).collect();
    let Some(signature) = &package.signature else {
        return Ok(match (known.unsigned, missing.is_empty()) {
            (false, _) => Err(Refusal::Unsigned),
            (true, false) => Err(Refusal::NotGranted(missing)),
            (true, true) => Ok(None),
        });
    };
    let publics: Vec<String> = known.keys.iter().map(|key| key.public.clone()).collect();
    let id = match verify(&package.signed, signature, &publics)? {
        Verdict::Signed(id) => id,
        Verdict::Unknown(id) => return Ok(Err(Refusal::UnknownKey(id))),
        Verdict::Broken(text) => return Ok(Err(Refusal::Broken(text))),
    };
    let Some(key) = known.keys.iter().find(|key| key.id == id) else {
        return Ok(Err(Refusal::UnknownKey(id)));
    };
    if let Err(refusal) = of_key(package, key, known.now, &asked) {
        return Ok(Err(refusal));
    }
    if !missing.is_empty() {
        return Ok(Err(Refusal::NotGranted(missing)));
    }
    Ok(Ok(Some(id)))
}

/// Whether the key holds, and may what the package asks and claims.
fn of_key(package: &Package, key: &VendorKey, now: Timestamp, asked: &BTreeSet<&str>) -> Result<(), Refusal> {
    let (id, name) = (key.id.clone(), key.name.clone());
    if let Some(at) = key.revoked_at {
        let why = key.revoked_why.clone().unwrap_or_default();
        return Err(Refusal::RevokedKey { id, name, at, why });
    }
    if key.valid_from.is_some_and(|from| now < from) || key.valid_to.is_some_and(|to| now >= to) {
        let shown = |at: Option<Timestamp>| at.map_or_else(|| "ever".to_owned(), |at| at.to_string());
        let (from, to) = (shown(key.valid_from), shown(key.valid_to));
        return Err(Refusal::Expired { id, name, from, to });
    }
    let manifest = &package.manifest;
    if manifest.vendor != key.vendor {
        let (got, want) = (manifest.vendor.clone(), key.vendor.clone());
        return Err(Refusal::Vendor { got, want, id });
    }
    let any = key.models.iter().any(|model| model == "*");
    let models: Vec<String> = manifest
        .models
        .iter()
        .filter(|model| !any && !key.models.contains(model))
        .cloned()
        .collect();
    if !models.is_empty() {
        let may = key.models.clone();
        return Err(Refusal::Models { models, may, id });
    }
    let needed: BTreeSet<&str> = asked.iter().map(|one| Roles::of(one)).chain([Roles::READ]).collect();
    let roles: Vec<String> = needed
        .into_iter()
        .filter(|role| !key.roles.iter().any(|has| has == role))
        .map(str::to_owned)
        .collect();
    if !roles.is_empty() {
        let asked = asked
            .iter()
            .map(ToString::to_string)
            .chain(["reading".to_owned()])
            .collect();
        let has = key.roles.clone();
        return Err(Refusal::RolesMissing { asked, roles, has, id });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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

    fn verdict(
        package: &Package,
        keys: &[VendorKey],
        granted: &[&str],
        unsigned: bool,
    ) -> Result<Option<String>, Refusal> {
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
}
