//! Whether a package may be taken in: who signed it, what that key may, what the package asks for. Pure.

mod refusal;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use refusal::Refusal;

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
