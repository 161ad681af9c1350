//! What can be said of a package before anybody installs it.

use std::io::Write;
use std::path::Path;

use super::subject::package;
use super::{VendorError, runtime, say};
use crate::conformance::Report;
use crate::driver::Driver;
use crate::foreign::shown;
use crate::package::{Package, REPORT};
use crate::portable::{Trust, unpack};
use crate::signing::{self, Verdict};

/// Says everything that it finds. Gives the exit code.
pub(super) fn verify(file: &Path, key: Option<&str>, out: &mut (dyn Write + Send)) -> Result<u8, VendorError> {
    let package = package(file)?;
    let manifest = &package.manifest;
    say(
        out,
        format_args!("{} {}, {}", manifest.id, manifest.version, manifest.vendor),
    )?;
    for (name, sum) in &manifest.files {
        say(out, format_args!("  {:>9} {} {name}", sum.bytes, sum.sha256))?;
    }
    let mut findings = vec![signature(&package, key)];
    match Driver::load(&runtime(file)?, package.component(), file) {
        Ok(driver) => {
            findings.extend(contradictions(&package, &driver));
            findings.push(report(&package, &driver));
        }
        Err(error) => findings.push(Err(error.to_string())),
    }
    findings.extend(package.recordings().map(|(name, bytes)| recording(name, bytes)));
    let mut code = 0;
    for finding in findings {
        match finding {
            Ok(text) => say(out, format_args!("ok     {}", shown(&text)))?,
            Err(text) => {
                say(out, format_args!("WRONG  {}", shown(&text)))?;
                code = 2;
            }
        }
    }
    Ok(code)
}

type Finding = Result<String, String>;

/// `key` is a public key, or names a file that holds one.
fn signature(package: &Package, key: Option<&str>) -> Finding {
    let Some(signature) = &package.signature else {
        return Err("nobody signed it".to_owned());
    };
    let keys: Vec<String> = match key {
        Some(key) => vec![public(key)?],
        None => Vec::new(),
    };
    match signing::verify(&package.signed, signature, &keys).map_err(|error| error.to_string())? {
        Verdict::Signed(id) => Ok(format!("signed by the key {id}")),
        Verdict::Unknown(id) if key.is_none() => Ok(format!("names the key {id}; with --key it is checked")),
        Verdict::Unknown(id) => Err(format!("it names the key {id}, which is another than that of --key")),
        Verdict::Broken(text) => Err(format!("the signature is not of this manifest: {text}")),
    }
}

fn public(key: &str) -> Result<String, String> {
    if signing::check_public(key).is_ok() {
        return Ok(key.to_owned());
    }
    let text = std::fs::read_to_string(key).map_err(|error| format!("public key {key}: {error}"))?;
    // A file of minisign has a comment, then the key.
    let line = text.lines().find(|line| signing::check_public(line).is_ok());
    line.map(str::to_owned)
        .ok_or_else(|| format!("{key} holds no public key"))
}

/// Manifest and component say the same.
fn contradictions(package: &Package, driver: &Driver) -> Vec<Finding> {
    let (manifest, describe) = (&package.manifest, &driver.describe);
    let models: Vec<_> = describe.models.iter().map(|model| model.id.clone()).collect();
    let asked: Vec<_> = driver
        .interfaces()
        .iter()
        .filter(|name| **name != "meter")
        .copied()
        .collect();
    let pairs = [
        ("id", manifest.id.clone(), describe.id.clone()),
        ("version", manifest.version.clone(), describe.version.clone()),
        ("vendor", manifest.vendor.clone(), describe.vendor.clone()),
        ("models", manifest.models.join(", "), models.join(", ")),
        ("interfaces", manifest.interfaces.join(", "), asked.join(", ")),
    ];
    let findings = pairs
        .into_iter()
        .filter(|(_, manifest, component)| manifest != component);
    let mut findings: Vec<Finding> = findings
        .map(|(what, manifest, component)| {
            Err(format!(
                "{what}: the manifest says {manifest:?}, the component {component:?}"
            ))
        })
        .collect();
    if findings.is_empty() {
        findings.push(Ok("the component loads and says what the manifest says".to_owned()));
    }
    findings
}

fn report(package: &Package, driver: &Driver) -> Finding {
    let Some(bytes) = package.files.get(REPORT) else {
        return Ok(format!("has no {REPORT}"));
    };
    let report: Report = serde_json::from_slice(bytes).map_err(|error| format!("{REPORT}: {error}"))?;
    if report.component != *driver.digest {
        return Err(format!(
            "{REPORT} is of component {}, expected {}",
            report.component, driver.digest
        ));
    }
    if report.passed() {
        Ok(format!("{REPORT}: {} checks, none failed", report.checks.len()))
    } else {
        Err(format!("{REPORT} tells of checks that failed"))
    }
}

fn recording(name: &str, bytes: &[u8]) -> Finding {
    let reading = unpack(bytes, Trust::Anybody).map_err(|error| format!("recording {name}: {error}"))?;
    let (model, outcome) = (&reading.manifest.device.model, &reading.manifest.outcome);
    Ok(format!("recording {name}: {model}, {outcome}"))
}
