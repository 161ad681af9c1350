//! The example driver in C: bindings of the contract, clang, Debian's libc for WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wit_bindgen_core::{Files, wit_parser::Resolve};

use crate::packages::{self, C_TOOLCHAIN};
use crate::process;
use crate::workspace::Workspace;
use guest_build::component;

/// The world of the contract that the driver is written for; its bindings have this name.
const WORLD: &str = "driver";

/// Compiles the driver in `source` and returns its component; what comes on the way lies in `work`.
///
/// # Errors
/// No compiler, or it refuses the source, or the result imports what a driver may not.
pub fn build(workspace: &Workspace, source: &Path, work: &Path) -> Result<Vec<u8>> {
    packages::ensure(C_TOOLCHAIN, "the example driver in C")?;
    bindings(&workspace.root.join("wit/v1"), work)?;
    let module = work.join("driver.core.wasm");
    let mut clang = process::command("clang", &workspace.root);
    clang
        // A reactor has no `main`; what its libc is told by the system (arguments, variables) it never asks for.
        .args(["--target=wasm32-wasi", "--sysroot=/usr", "-mexec-model=reactor"])
        .args([
            "-std=c17",
            "-Os",
            "-flto",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wl,--strip-all",
        ])
        // The bindings are the generator's: their warnings are not ours to mend.
        .arg("-isystem")
        .arg(work)
        .args(sources(source)?)
        .args(["-Wno-unused-parameter", "-Wno-unused-function"])
        .arg(work.join(format!("{WORLD}.c")))
        .arg(work.join(format!("{WORLD}_component_type.o")))
        .arg("-o")
        .arg(&module);
    process::run(&mut clang, "repair what the compiler names above")?;
    let bytes = fs::read(&module).with_context(|| format!("cannot read the module {}", module.display()))?;
    component::encode(&bytes).with_context(|| format!("cannot make a component of {}", module.display()))
}

/// Writes `driver.h`, `driver.c` and the object that carries the world, as `wit-bindgen c wit/v1 --world driver` does.
fn bindings(wit: &Path, work: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let shown = || format!("cannot read the contract in {}", wit.display());
    let (package, _) = resolve
        .push_dir(wit)
        .map_err(|error| anyhow!("{error:#}"))
        .with_context(shown)?;
    let world = resolve
        .select_world(&[package], Some(WORLD))
        .map_err(|error| anyhow!("{error:#}"))?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    let generated = generator.generate(&mut resolve, world, &mut files);
    generated
        .map_err(|error| anyhow!("{error:#}"))
        .context("no C bindings came of the contract")?;
    fs::create_dir_all(work).with_context(|| format!("cannot make the folder {}", work.display()))?;
    for (name, content) in files.iter() {
        let path = work.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    found.sort();
    Ok(found)
}
