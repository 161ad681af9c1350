//! From sources to a component.

use std::fs;
use std::path::{Path, PathBuf};

use guest_build::{TARGET, Toolchain, component as encoder};

use super::ProjectError;

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where it is.
    pub file: PathBuf,
    /// How large it is.
    pub bytes: usize,
}

/// Whether `folder` is a project.
pub fn is_project(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file() && folder.join("driver.toml").is_file()
}

/// Where the project's component is, or will be.
///
/// # Errors
/// It is no project.
pub fn component(project: &Path) -> Result<PathBuf, ProjectError> {
    let name = name(project)?;
    Ok(project.join("target/uzel").join(name).with_extension("wasm"))
}

/// Compiles the project and makes its component. What cargo says goes to the terminal.
///
/// # Errors
/// It is no project, nothing compiles for guests here, or the project does not compile to a driver.
pub fn build(project: &Path) -> Result<Built, ProjectError> {
    let (name, file) = (name(project)?, component(project)?);
    let project = project.canonicalize().map_err(ProjectError::file(project))?;
    // Whoever shares one folder among his projects has it here too.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project.join("target"), PathBuf::from);
    let mut command = Toolchain::ready(&project)?.build(&project, &target, None);
    let status = command.status().map_err(ProjectError::file(Path::new("cargo")))?;
    if !status.success() {
        return Err(ProjectError::Cargo { status });
    }
    let module = target.join(TARGET).join("guest").join(name.replace('-', "_"));
    let module = module.with_extension("wasm");
    let bytes = fs::read(&module).map_err(ProjectError::file(&module))?;
    let refused = |source| ProjectError::Component {
        file: module.clone(),
        source,
    };
    let bytes = encoder::encode(&bytes).map_err(refused)?;
    encoder::check_driver(&bytes).map_err(refused)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(ProjectError::file(folder))?;
    }
    fs::write(&file, &bytes).map_err(ProjectError::file(&file))?;
    Ok(Built {
        file,
        bytes: bytes.len(),
    })
}

/// The name of the project's package.
fn name(project: &Path) -> Result<String, ProjectError> {
    let file = project.join("Cargo.toml");
    let text = fs::read_to_string(&file).map_err(ProjectError::file(&file))?;
    let fault = |text: String| ProjectError::Manifest {
        file: file.clone(),
        text,
    };
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| fault(error.message().to_owned()))?;
    let name = table.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(toml::Value::as_str);
    name.map(str::to_owned)
        .ok_or_else(|| fault("it has no package.name".to_owned()))
}
