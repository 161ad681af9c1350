//! Runs the tools that xtask drives, and says which one failed, where, and what to do.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Prints what is being done now, apart from the tools' own output.
pub fn say(text: impl AsRef<str>) {
    eprintln!("xtask: {}", text.as_ref());
}

/// A command that runs in `dir` without standard input.
pub fn command(program: impl AsRef<OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    command
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs `command` to its end; its output goes to the terminal.
///
/// # Errors
/// The program cannot be started, or ends with anything but success. `advice` says what to do then.
pub fn run(command: &mut Command, advice: &str) -> Result<()> {
    let line = shown(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`: {advice}"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}: {advice}");
    }
    Ok(())
}

/// Runs `command` and returns its standard output as text; standard error goes to the terminal.
///
/// # Errors
/// As [`run`], and when the output is not UTF-8.
pub fn output(command: &mut Command, advice: &str) -> Result<String> {
    let line = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`: {advice}"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}: {advice}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether `command` succeeds within `limit`. Its output is dropped, and it is ended when the time is up.
pub fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    let Ok(mut child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return false;
    };
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if begun.elapsed() < limit => thread::sleep(Duration::from_millis(100)),
            _ => break,
        }
    }
    // Both fail only when the child has already ended.
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// The full path of `program`, looked up in PATH.
pub fn which(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_its_status_and_what_to_do() {
        let error = run(command("sh", Path::new("/")).args(["-c", "exit 3"]), "try again").unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` ended with exit status: 3: try again");
    }

    #[test]
    fn a_program_that_does_not_end_is_cut_off() {
        let mut endless = command("sleep", Path::new("/"));
        assert!(!succeeds_within(endless.arg("1000"), Duration::from_millis(200)));
        assert!(succeeds_within(
            &mut command("true", Path::new("/")),
            Duration::from_secs(10)
        ));
    }
}
