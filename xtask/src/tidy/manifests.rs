//! Which crate of the workspace may depend on which: the rows of the import table that are about folders.

use super::Finding;
use crate::workspace::{Package, Workspace};

/// What a driver may use of ours: the SDK and its half that runs in build scripts.
const SDK: &[&str] = &["uzel-driver-sdk", "uzel-driver-build"];

const SIMULATORS: &str = "meter-sim";

/// Drivers that depend on the host or on each other, and simulators that depend on a driver or the SDK.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let guests = workspace.packages_in("drivers-wasm");
    let ours: Vec<_> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let guest_names: Vec<_> = guests.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &guests {
        let rule = "a driver may use the SDK only, never the host or another driver";
        findings.extend(refused(workspace, package, rule, |name| {
            ours.contains(&name) && !SDK.contains(&name)
        }));
    }
    for package in workspace.packages.iter().filter(|package| package.name == SIMULATORS) {
        let rule = "a mistake that simulators and drivers share would pass every test";
        findings.extend(refused(workspace, package, rule, |name| guest_names.contains(&name)));
    }
    findings
}

fn refused(workspace: &Workspace, package: &Package, rule: &str, is_refused: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = package.dir.strip_prefix(&workspace.root).unwrap_or(&package.dir);
    let names = package.dependencies.iter().filter(|name| is_refused(name));
    let finding = |name: &String| Finding {
        path: format!("{}/Cargo.toml", folder.display()),
        line: 0,
        text: format!("{} depends on {name}: {rule}", package.name),
    };
    names.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_dependencies_are_found() {
        let package = |name: &str, folder: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            dir: std::path::Path::new("/r").join(folder),
            cdylib: None,
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
        };
        let workspace = Workspace {
            root: "/r".into(),
            cargo_target: "/r/target".into(),
            packages: vec![
                package("uzel-driver-sdk", "drivers-wasm/sdk", &["serde"]),
                package(
                    "vkt7",
                    "drivers-wasm/vkt7",
                    &["uzel-driver-sdk", "uzel-driver-build", "serde"],
                ),
                package("hm1", "drivers-wasm/hm1", &["uzel", "vkt7"]),
                package("uzel", "host", &["serde"]),
                package("meter-sim", "tests/simulators", &["vkt7", "serde"]),
            ],
        };
        let found: Vec<_> = check(&workspace).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "drivers-wasm/hm1/Cargo.toml: hm1 depends on uzel: a driver may use the SDK only, never the host or another driver",
                "drivers-wasm/hm1/Cargo.toml: hm1 depends on vkt7: a driver may use the SDK only, never the host or another driver",
                "tests/simulators/Cargo.toml: meter-sim depends on vkt7: a mistake that simulators and drivers share would pass every test",
            ]
        );
    }
}
