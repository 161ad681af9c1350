//! Compiling in a process of its own, with bounds on time and memory: a component that is made to be slow or large to
//! compile takes that process and nothing else.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::driver::{Cache, Driver, Runtime};
use crate::foreign::is_active;
use crate::limits;

/// Processor time that the process may take: a driver with an interpreter takes 17 s on a machine of 2024.
const PROCESSOR: Duration = Duration::from_secs(120);

/// How long it may take by the clock: on a machine that is busy with all else it gets little.
const TIME: Duration = Duration::from_secs(300);

/// Words of it that are kept.
const SAID_BYTES: u64 = 4_096;

/// Compiles `component` by the program at `program` into the folder `cache`.
///
/// # Errors
/// What the process said, or which bound it hit.
pub async fn compile(program: &Path, cache: &Path, component: &[u8]) -> Result<(), String> {
    let fault = |what: &str, error: std::io::Error| format!("{what}: {error}");
    let file = tempfile(component).map_err(|error| fault("a temporary file", error))?;
    let mut child = Command::new(program)
        .args(["driver", "compile"])
        .arg(&file)
        .arg("--into")
        .arg(cache)
        // The allocator would reserve more at once than the process may have.
        .env("MIMALLOC_ARENA_RESERVE", "65536")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| fault("the compiling process could not be started", error))?;
    let mut said = Vec::new();
    let stderr = child.stderr.take();
    let ended = tokio::time::timeout(TIME, async {
        if let Some(stderr) = stderr {
            // What it says beyond that is of no interest; it ends for itself.
            let _ = stderr.take(SAID_BYTES).read_to_end(&mut said).await;
        }
        child.wait().await
    })
    .await;
    // A leftover of /tmp is cleaned by the system.
    let _ = std::fs::remove_file(&file);
    let status = match ended {
        Err(_) => return Err(format!("it took longer than {} s", TIME.as_secs())),
        Ok(Err(error)) => return Err(fault("the compiling process", error)),
        Ok(Ok(status)) => status,
    };
    if status.success() {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&said)
        .chars()
        .map(|c| if is_active(c) { ' ' } else { c })
        .collect();
    let said = said.trim();
    Err(match status.code() {
        Some(_) if !said.is_empty() => said.trim_start_matches("uzel: ").to_owned(),
        // A limit that is hit ends it by a signal, and what it says then is for its makers.
        _ => format!(
            "the compiling process ended with {status}: it may have {} MiB and {} s of processor time",
            limits::COMPILE_MEMORY_BYTES >> 20,
            PROCESSOR.as_secs()
        ),
    })
}

fn tempfile(bytes: &[u8]) -> std::io::Result<std::path::PathBuf> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let name = format!("uzel-{}-{}.wasm", std::process::id(), crate::driver::digest(bytes));
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(bytes)?;
    Ok(path)
}

/// What that process does: bounds itself, compiles, asks the component what it says of itself.
///
/// # Errors
/// What is wrong with the component.
pub fn in_child(file: &Path, cache: &Path) -> Result<(), anyhow::Error> {
    let memory = u64::try_from(limits::COMPILE_MEMORY_BYTES).unwrap_or(u64::MAX);
    setrlimit(Resource::RLIMIT_DATA, memory, memory)?;
    setrlimit(Resource::RLIMIT_CPU, PROCESSOR.as_secs(), PROCESSOR.as_secs())?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let runtime = Runtime::new(Some(Cache::open(cache)?))?;
    Driver::load_file(&runtime, file)?;
    Ok(())
}
