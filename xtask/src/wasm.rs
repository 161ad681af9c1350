//! `cargo xtask wasm`: guest crates become components.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use guest_build::component;

use crate::files;
use crate::process::{self, say};
use crate::toolchain::{self, TARGET, Toolchain};
use crate::workspace::{Package, Workspace};

/// The default folder of the drivers' components.
pub fn drivers_dir(workspace: &Workspace) -> PathBuf {
    workspace.target().join("drivers")
}

/// The folder of the components of the hostile guests, which the host's tests run.
pub fn hostile_dir(workspace: &Workspace) -> PathBuf {
    workspace.target().join("hostile")
}

/// One guest crate, and what has to hold for its component.
struct Guest<'a> {
    package: &'a Package,
    out: PathBuf,
    /// Hostile guests ask for what a driver must not have: that is what they are for.
    checked: bool,
}

/// Builds the drivers called `names` (all when there are none) into `out`, and with `hostile` the hostile guests.
///
/// # Errors
/// An unknown name, no toolchain, a failing build, or a component that the host could not run.
pub fn run(workspace: &Workspace, names: &[String], out: Option<&Path>, hostile: bool) -> Result<()> {
    let out = out.map_or_else(|| drivers_dir(workspace), Path::to_path_buf);
    let guests = select(workspace, names, &out, hostile)?;
    if guests.is_empty() {
        say("there are no guests to build: no folder in drivers-wasm has a driver.toml");
        return Ok(());
    }
    let toolchain = toolchain::prepare(&workspace.root)?;
    say(format!(
        "building {} guests with {}",
        guests.len(),
        toolchain.describe()
    ));
    let mut modules = PathBuf::new();
    for guest in &guests {
        modules = build(workspace, toolchain, guest)?;
    }
    // One driver that cannot be used is no reason to keep the others from being tried.
    let mut failed = Vec::new();
    for guest in &guests {
        if let Err(error) = finish(workspace, guest, &modules) {
            eprintln!("error: {error:#}");
            failed.push(guest.package.folder());
        }
    }
    if !failed.is_empty() {
        bail!(
            "no component was made of {}: repair what stands above",
            failed.join(", ")
        );
    }
    Ok(())
}

/// Builds the example driver whose folder is `source` and returns its component.
///
/// # Errors
/// The folder is no package of the workspace, there is no toolchain, or the build fails.
pub fn example(workspace: &Workspace, source: &Path) -> Result<Vec<u8>> {
    let package = workspace.packages.iter().find(|package| package.dir == source);
    let package = package.with_context(|| format!("{} is no package of the workspace", source.display()))?;
    let guest = Guest {
        package,
        out: PathBuf::new(),
        checked: true,
    };
    let toolchain = toolchain::prepare(&workspace.root)?;
    let modules = build(workspace, toolchain, &guest)?;
    encode(&guest, &modules).map(|(_, component)| component)
}

/// Builds the guest `name` of the folder tests, which has no host to talk to, and returns its core module.
///
/// # Errors
/// There is no such package, no toolchain, or the build fails.
pub fn module(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let packages = workspace.packages_in("tests");
    let package = packages.into_iter().find(|package| package.folder() == name);
    let guest = Guest {
        package: package.with_context(|| format!("tests has no package {name}"))?,
        out: PathBuf::new(),
        checked: false,
    };
    let toolchain = toolchain::prepare(&workspace.root)?;
    let modules = build(workspace, toolchain, &guest)?;
    Ok(modules.join(name).with_extension("wasm"))
}

fn select<'a>(workspace: &'a Workspace, names: &[String], out: &Path, hostile: bool) -> Result<Vec<Guest<'a>>> {
    let drivers = workspace.packages_in("drivers-wasm").into_iter();
    let mut guests: Vec<_> = drivers
        .filter(|package| package.dir.join("driver.toml").is_file())
        .map(|package| Guest {
            package,
            out: out.to_path_buf(),
            checked: true,
        })
        .collect();
    for name in names {
        if !guests.iter().any(|guest| guest.package.folder() == *name) {
            let known: Vec<_> = guests.iter().map(|guest| guest.package.folder()).collect();
            bail!(
                "there is no driver `{name}` in drivers-wasm: choose among {}",
                known.join(", ")
            );
        }
    }
    guests.retain(|guest| names.is_empty() || names.contains(&guest.package.folder()));
    if hostile {
        let out = hostile_dir(workspace);
        let packages = workspace.packages_in("tests/hostile").into_iter();
        guests.extend(packages.map(|package| Guest {
            package,
            out: out.clone(),
            checked: false,
        }));
    }
    Ok(guests)
}

/// Builds a guest and returns the folder that then holds its core module. Each by itself: what one takes of another is built
/// without the other's exports.
fn build(workspace: &Workspace, toolchain: Toolchain, guest: &Guest) -> Result<PathBuf> {
    let target_dir = workspace.target().join("guest");
    let mut command = toolchain.build(&workspace.root, &target_dir, Some(&guest.package.name));
    process::run(&mut command, "repair what the compiler names above")?;
    Ok(target_dir.join(TARGET).join("guest"))
}

/// The length of a built module, and the component that was made of it.
fn encode(guest: &Guest, modules: &Path) -> Result<(usize, Vec<u8>)> {
    let name = guest.package.folder();
    let manifest = || format!("{}/Cargo.toml", guest.package.dir.display());
    let library = guest.package.cdylib.as_deref();
    let library = library.with_context(|| format!("{} lacks `crate-type = [\"cdylib\", \"rlib\"]`", manifest()))?;
    let path = modules.join(library).with_extension("wasm");
    let module = fs::read(&path).with_context(|| format!("cannot read the module {}", path.display()))?;
    let component = component::encode(&module)
        .with_context(|| format!("cannot make a component of guest {name} from {}", path.display()))?;
    if guest.checked {
        component::check_driver(&component).with_context(|| format!("driver {name} is refused"))?;
    }
    Ok((module.len(), component))
}

fn finish(workspace: &Workspace, guest: &Guest, modules: &Path) -> Result<()> {
    let name = guest.package.folder();
    let (module, component) = encode(guest, modules)?;
    let out = guest.out.join(&name).with_extension("wasm");
    let changed = files::write_if_changed(&out, &component)?;
    say(format!(
        "{name}: module {}, component {} -> {}{}",
        kib(module),
        kib(component.len()),
        out.strip_prefix(&workspace.root).unwrap_or(&out).display(),
        if changed { "" } else { " (unchanged)" },
    ));
    Ok(())
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}
