//! Packages of the ВКТ-7's driver, changed at will.

use std::collections::BTreeMap;

use uzel::driver::Driver;
use uzel::package::{COMPONENT, FORMAT, FORMAT_VERSION, Manifest, Text, pack};
use uzel::signing::Signer;

use crate::parts;

/// The component of the driver, with something more in it that changes nothing but its digest.
pub fn component(more: &str) -> Vec<u8> {
    with_section(std::fs::read(parts::driver_file("vkt7")).unwrap(), more)
}

/// The driver with a planted fault, by its digit.
pub fn planted(fault: u8) -> Vec<u8> {
    let mut bytes = std::fs::read(parts::hostile_file("planted")).unwrap();
    let words = b"planted fault: ";
    let at = bytes.windows(words.len()).position(|window| window == words);
    let digit = at.expect("the words are in the component") + words.len();
    bytes[digit] = fault;
    bytes
}

/// Adds a custom section: its id, its length, its name, its content.
fn with_section(mut component: Vec<u8>, more: &str) -> Vec<u8> {
    let name = b"note";
    component.push(0);
    component.push(u8::try_from(1 + name.len() + more.len()).unwrap());
    component.push(u8::try_from(name.len()).unwrap());
    component.extend(name);
    component.extend(more.as_bytes());
    component
}

/// What the manifest of a package of `component` says.
pub fn manifest(component: &[u8]) -> Manifest {
    let driver = Driver::load(parts::runtime(), component, std::path::Path::new("a test"));
    let driver = driver.unwrap_or_else(|error| panic!("{error}"));
    let describe = &driver.describe;
    let interfaces = driver.interfaces().iter().filter(|name| **name != "meter");
    Manifest {
        changelog: Text::default(),
        contract: "1.0.0".to_owned(),
        files: BTreeMap::new(),
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: describe.id.clone(),
        interfaces: interfaces.map(ToString::to_string).collect(),
        models: describe.models.iter().map(|model| model.id.clone()).collect(),
        title: Text::default(),
        vendor: describe.vendor.clone(),
        version: describe.version.clone(),
    }
}

/// A package of `component` alone.
pub fn package(component: &[u8], signer: Option<&Signer>) -> Vec<u8> {
    package_of(manifest(component), component, signer)
}

/// The same with another manifest.
pub fn package_of(manifest: Manifest, component: &[u8], signer: Option<&Signer>) -> Vec<u8> {
    let files = BTreeMap::from([(COMPONENT.to_owned(), component.to_vec())]);
    pack(manifest, &files, signer).unwrap()
}
