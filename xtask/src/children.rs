//! Programs that run beside xtask. Each has its own process group and all end together: none is left behind.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How often children and signals are looked at.
const TICK: Duration = Duration::from_millis(100);

/// How much of a log is shown when its program ends.
const SHOWN_LINES: usize = 20;

pub struct Children {
    running: Vec<Running>,
    /// Set by Ctrl-C, SIGTERM or SIGHUP.
    stop: Arc<AtomicBool>,
}

struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Children {
    /// From now on a signal is noted instead of ending xtask at once.
    ///
    /// # Errors
    /// The system refuses signal handlers.
    pub fn new() -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot handle signals")?;
        }
        Ok(Self {
            running: Vec::new(),
            stop,
        })
    }

    /// Starts `command` with all output in `log`.
    ///
    /// # Errors
    /// The log cannot be written, or the program cannot be started.
    pub fn start(&mut self, name: &'static str, mut command: Command, log: &Path) -> Result<()> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = file.try_clone().context("cannot share a log file")?;
        command.stdout(file).stderr(errors);
        self.spawn(name, command, log).map(|_| ())
    }

    /// Starts `command` and waits until it prints the line `word`; its output goes to `log`.
    ///
    /// # Errors
    /// As [`Children::start`]; or `limit` passes, the program ends, or a signal comes before.
    pub fn start_until(
        &mut self,
        name: &'static str,
        mut command: Command,
        log: &Path,
        word: &'static str,
        limit: Duration,
    ) -> Result<()> {
        let mut file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = file.try_clone().context("cannot share a log file")?;
        command.stdout(Stdio::piped()).stderr(errors);
        let output = self
            .spawn(name, command, log)?
            .stdout
            .take()
            .context("a child without standard output")?;
        let (said, heard) = mpsc::channel();
        // Ends with the program, whose output it reads.
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                // A full disk costs the log only.
                let _ = file.write_all(&[line.as_slice(), b"\n"].concat());
                if line == word.as_bytes() {
                    // Nobody listens any more when the limit has passed.
                    let _ = said.send(());
                }
            }
        });
        self.wait_until(limit, &format!("{name} did not say `{word}`"), || {
            heard.try_recv().is_ok()
        })
    }

    fn spawn(&mut self, name: &'static str, mut command: Command, log: &Path) -> Result<&mut Child> {
        let line = crate::process::shown(&command);
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        self.running.push(Running {
            name,
            child,
            log: log.to_path_buf(),
        });
        let running = self.running.last_mut().context("a child was just added")?;
        Ok(&mut running.child)
    }

    /// Waits until `holds`, for `limit` at most.
    ///
    /// # Errors
    /// A program ended, a signal came, or the limit passed: then the text begins with `failure`.
    pub fn wait_until(&mut self, limit: Duration, failure: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !holds() {
            self.check()?;
            if self.stop.load(Ordering::Relaxed) {
                bail!("stopped by a signal");
            }
            if begun.elapsed() > limit {
                bail!("{failure} within {} s: look at {}", limit.as_secs(), self.logs());
            }
            thread::sleep(TICK);
        }
        Ok(())
    }

    /// Returns when a signal asks for the end.
    ///
    /// # Errors
    /// A program ended by itself.
    pub fn wait_for_signal(&mut self) -> Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            self.check()?;
            thread::sleep(TICK);
        }
        Ok(())
    }

    /// Fails when a program has ended, with the end of its log.
    fn check(&mut self) -> Result<()> {
        for running in &mut self.running {
            if let Some(status) = running.child.try_wait().context("cannot look at a child")? {
                let log = fs::read_to_string(&running.log).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let tail = lines
                    .get(lines.len().saturating_sub(SHOWN_LINES)..)
                    .unwrap_or_default()
                    .join("\n");
                bail!(
                    "{} ended with {status}; its log {} ends so:\n{tail}",
                    running.name,
                    running.log.display()
                );
            }
        }
        Ok(())
    }

    fn logs(&self) -> String {
        self.running
            .iter()
            .map(|running| running.log.display().to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Drop for Children {
    /// Asks every group to end, the last started first, and ends what is left after [`GRACE`].
    fn drop(&mut self) {
        for running in self.running.iter_mut().rev() {
            signal_group(&running.child, Signal::TERM);
            let begun = Instant::now();
            while begun.elapsed() < GRACE && !matches!(running.child.try_wait(), Ok(Some(_))) {
                thread::sleep(TICK);
            }
            // The leader may have ended without those that it started.
            signal_group(&running.child, Signal::KILL);
            // Fails only when it has been waited for already.
            let _ = running.child.wait();
        }
    }
}

/// Sends `signal` to the group that `child` leads. A group that is gone has nothing to end.
fn signal_group(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    fn shell(script: &str) -> Command {
        let mut command = process::command("sh", Path::new("/"));
        command.args(["-c", script]);
        command
    }

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("uzel-xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn is_alive(pid: &str) -> bool {
        // A process that ended but was not waited for yet shows as a zombie.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }

    #[test]
    fn grandchildren_end_too_even_those_that_refuse_to() {
        let dir = folder("orphans");
        let mut children = Children::new().unwrap();
        let stubborn = "sh -c 'trap \"\" TERM; echo $$ >stubborn; echo ready; while :; do sleep 1; done' & wait";
        let script = format!("cd {}; {stubborn}", dir.display());
        children
            .start_until(
                "group",
                shell(&script),
                &dir.join("log"),
                "ready",
                Duration::from_secs(60),
            )
            .unwrap();
        let pid = fs::read_to_string(dir.join("stubborn")).unwrap();
        assert!(is_alive(pid.trim()));
        drop(children);
        // The kernel delivers the last signal by itself; this only waits for it.
        let begun = Instant::now();
        while is_alive(pid.trim()) && begun.elapsed() < Duration::from_secs(60) {
            thread::yield_now();
        }
        assert!(!is_alive(pid.trim()));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_program_that_ends_is_reported_with_its_last_words() {
        let dir = folder("dead");
        let log = dir.join("log");
        let mut children = Children::new().unwrap();
        children
            .start("host", shell("echo port 80 is taken; exit 4"), &log)
            .unwrap();
        let error = children.wait_for_signal().unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "host ended with exit status: 4; its log {} ends so:\nport 80 is taken",
                log.display()
            )
        );
        fs::remove_dir_all(dir).unwrap();
    }
}
