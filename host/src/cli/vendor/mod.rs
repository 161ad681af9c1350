//! `uzel driver new|build|test|pack|sign|push|verify|bench`: for those who make drivers.

pub mod args;
mod pack;
mod push;
mod subject;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};

pub use args::{TestArgs, VendorCommand};

use super::args::config_json;
use super::save::SaveError;
use crate::conformance::{self, ConformanceError, Subject};
use crate::driver::{Driver, LoadError, Runtime};
use crate::oci::OciError;
use crate::package::{PackageError, REPORT};
use crate::project::{self, ProjectError};
use subject::Sources;

/// Why a command for vendors did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// A project could not be made or built.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A file could not be read or written.
    #[error("{what}")]
    File {
        /// Which.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what was expected.
    #[error("{file}: {text}")]
    Content {
        /// Which.
        file: PathBuf,
        /// What is wrong, and what was expected.
        text: String,
    },
    /// It is no package, or none can be made.
    #[error("package {file}")]
    Package {
        /// Which.
        file: PathBuf,
        /// Why.
        source: PackageError,
    },
    /// It is no driver.
    #[error("driver {file}")]
    Load {
        /// Which.
        file: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] SaveError),
    /// It could not be sent.
    #[error(transparent)]
    Push(#[from] OciError),
    /// It could not be tried.
    #[error(transparent)]
    Conformance(#[from] ConformanceError),
}

impl VendorError {
    /// Of a file that is read or written.
    fn file(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File {
            what: what.to_string(),
            source,
        }
    }
}

/// Carries out a command. Gives the exit code.
pub async fn run(command: VendorCommand, out: &mut (dyn Write + Send)) -> Result<u8, VendorError> {
    let code = match command {
        VendorCommand::New {
            name,
            models,
            vendor,
            folder,
        } => {
            let folder = folder.unwrap_or_else(|| PathBuf::from(&name));
            project::new(&folder, &name, &models, &vendor)?;
            say(
                out,
                format_args!(
                    "{}: a driver; in it\n  uzel driver build   makes its component\n  uzel driver test    tries it\n  \
                     uzel driver pack    makes its package",
                    folder.display()
                ),
            )?;
            0
        }
        VendorCommand::Build { project } => {
            let built = project::build(&project)?;
            say(out, format_args!("{}: {} bytes", built.file.display(), built.bytes))?;
            0
        }
        VendorCommand::Test(args) => test(args, out).await?,
        VendorCommand::Pack {
            project,
            component,
            report,
            key,
            out: folder,
        } => {
            let sources = subject::project(&project, component.as_deref())?;
            let report = report.unwrap_or_else(|| project.join(REPORT));
            let packed = pack::pack(&project, sources, &report, key.as_deref())?;
            let file = pack::keep(&packed, folder.as_deref().unwrap_or(&project))?;
            say(out, format_args!("{}", file.display()))?;
            0
        }
        VendorCommand::Sign { package, key } => {
            let public = pack::sign(&package, &key)?;
            say(out, format_args!("{}: signed by {public}", package.display()))?;
            0
        }
        VendorCommand::Push { package, to, logins } => {
            let sent = push::push(&package, &to, logins).await?;
            say(out, format_args!("{sent}"))?;
            0
        }
        VendorCommand::Verify { package, key } => verify::verify(&package, key.as_deref(), out)?,
        VendorCommand::Bench {
            file,
            recordings,
            set,
            rounds,
        } => bench(&file, &recordings, &set, rounds, out).await?,
    };
    Ok(code)
}

fn say(out: &mut (dyn Write + Send), text: std::fmt::Arguments<'_>) -> Result<(), VendorError> {
    writeln!(out, "{text}").map_err(VendorError::file("the output"))
}

/// A running engine, as production has it.
fn runtime(file: &Path) -> Result<Runtime, VendorError> {
    Runtime::new(None).map_err(|source| VendorError::Load {
        file: file.to_owned(),
        source,
    })
}

/// What the arguments say of the configuration, with the types that the driver's keys have. A component that is no
/// driver has no keys: the kit says why.
fn config(runtime: &Runtime, sources: &Sources, set: &[(String, String)]) -> serde_json::Value {
    let driver = Driver::load(runtime, &sources.component, &sources.file).ok();
    let given = driver.map(|driver| config_json(&driver.describe, set));
    given.unwrap_or_else(|| serde_json::json!({}))
}

async fn test(args: TestArgs, out: &mut (dyn Write + Send)) -> Result<u8, VendorError> {
    let sources = subject::sources(&args.file, args.component.as_deref(), &args.recordings)?;
    let runtime = runtime(&sources.file)?;
    let config = config(&runtime, &sources, &args.set);
    let subject = Subject {
        component: &sources.component,
        file: &sources.file,
        recordings: sources.recordings,
        config,
        seeds: args.seeds,
    };
    let report = conformance::run(&runtime, &subject).await?;
    write!(out, "{report}").map_err(VendorError::file("the output"))?;
    if let Some(file) = &args.json {
        let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
        text.push('\n');
        std::fs::write(file, text).map_err(VendorError::file(file.display()))?;
    }
    Ok(if report.passed() { 0 } else { 2 })
}

async fn bench(
    file: &Path,
    recordings: &[PathBuf],
    set: &[(String, String)],
    rounds: u32,
    out: &mut (dyn Write + Send),
) -> Result<u8, VendorError> {
    let sources = subject::sources(file, None, recordings)?;
    let runtime = runtime(&sources.file)?;
    let config = config(&runtime, &sources, set);
    let (component, file) = (&sources.component, &sources.file);
    let measures = conformance::measure(&runtime, component, file, &sources.recordings, &config, rounds).await?;
    for measure in measures {
        let value = measure
            .a_value()
            .map(|value| format!("{:.2} µs a value", micros(value)));
        say(
            out,
            format_args!(
                "{}: {} questions, {} values; {:.1} µs a question, {}; memory {} KiB; median of {} rounds",
                measure.recording,
                measure.exchanges,
                measure.values,
                micros(measure.an_exchange()),
                value.as_deref().unwrap_or("no values"),
                measure.memory_bytes.div_ceil(1024),
                measure.rounds
            ),
        )?;
    }
    Ok(0)
}

fn micros(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
