//! `uzel read`: one meter, one session, no database.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tokio_util::sync::CancellationToken;

use super::args::{ReadArgs, config_json};
use super::print;
use super::save::{self, SaveError};
use crate::driver::describe::ClockRuleWord;
use crate::driver::env::Budget;
use crate::driver::{ConfigFault, Driver, LoadError, Runtime, Usage, check_config};
use crate::model::{ArchiveKind, Civil, ClockRule, Outcome, Span, Task};
use crate::session::{Assignment, Desk, Keep, Order, Over, Report, Transport, Way, run};

/// Why a read did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The driver did not load.
    #[error("driver {file}")]
    Driver {
        /// Which.
        file: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// Its configuration is not usable.
    #[error("the configuration of the driver is not usable")]
    Config(#[from] ConfigFault),
    /// There is no such zone.
    #[error("time zone {zone:?} is not known, expected a name such as Europe/Moscow")]
    Zone {
        /// What was given.
        zone: String,
        /// Why.
        source: jiff::Error,
    },
    /// The range is none.
    #[error("the range from {from} to {to} is empty")]
    Range {
        /// Its start.
        from: jiff::civil::DateTime,
        /// Its end.
        to: jiff::civil::DateTime,
    },
    /// What was read could not be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The trace could not be kept, or the result not printed.
    #[error("{what}")]
    Write {
        /// What was to be written.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

impl ReadError {
    fn writing(what: String) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Write { what, source }
    }
}

/// Reads and prints. Gives the exit code: 0 all, 2 part, 1 nothing.
pub async fn read(args: ReadArgs, transport: Arc<Transport>, out: &mut (dyn Write + Send)) -> Result<u8, ReadError> {
    let load = |source| ReadError::Driver {
        file: args.driver.clone(),
        source,
    };
    let runtime = Runtime::new(None).map_err(load)?;
    let driver = Arc::new(Driver::load_file(&runtime, &args.driver).map_err(load)?);
    let config = check_config(&driver.describe, &config_json(&driver.describe, &args.set))?;
    let zone = TimeZone::get(&args.zone).map_err(|source| ReadError::Zone {
        zone: args.zone.clone(),
        source,
    })?;
    let follows = args.summer_time
        || driver
            .describe
            .models
            .first()
            .is_some_and(|model| model.clock_rule == ClockRuleWord::Zone);
    let clock = if follows {
        ClockRule::Zone(zone)
    } else {
        ClockRule::Standard(zone)
    };
    let signer = save::signer(&args)?;
    let started_at = Timestamp::now();
    let tasks = assignments(&args, &clock, started_at)?;
    let cancel = CancellationToken::new();
    let way = Way {
        address: args.line.clone(),
        settings: args.settings.or(driver.line_settings()).unwrap_or(DEFAULT_LINE),
        options: args.options.unwrap_or_default(),
    };
    let order = Order {
        set_clock: None,
        act: None,
        config,
        over: Over::Line(transport.clone(), way),
        driver: driver.clone(),
        clock: clock.clone(),
        serial: args.serial.clone(),
        model: None,
        tasks,
        memory: BTreeMap::new(),
        budget: Budget {
            wall: Duration::from_secs(args.limit_s),
            ..driver.budget()
        },
        answers_within: None,
        cancel: cancel.clone(),
        started_at,
    };
    let bar = progress_bar();
    let shown = bar.clone();
    let keep = Keep::telling(move |done, total| {
        shown.set_length(total.into());
        shown.set_position(done.into());
    });
    // Ctrl-C ends the session properly: what was read is printed.
    let watcher = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let desk = Desk::new(1);
    let report = match desk.turn(&args.line).await {
        Ok(turn) => {
            let watch = |phase: &str, _usage: &Usage| {
                bar.set_length(0);
                bar.set_position(0);
                bar.set_message(phase.to_owned());
            };
            run(turn, order, Box::new(keep.clone()), &watch).await
        }
        Err(full) => unreachable!("the only session on its own desk was refused: {full}"),
    };
    // A call that was given up while it was dialled ends before we do.
    transport.modems().hung_up().await;
    watcher.abort();
    bar.finish_and_clear();
    if let Some(file) = &args.trace {
        let asked = report
            .asked
            .as_ref()
            .map(|asked| format!("# asked: {}\n", asked.to_text()));
        let text = asked.unwrap_or_default() + &report.trace;
        std::fs::write(file, text).map_err(ReadError::writing(format!("trace file {}", file.display())))?;
    }
    let taken = keep.take();
    print::result(out, args.format, &report, &taken, &driver.describe, &clock)
        .map_err(ReadError::writing("the result".to_owned()))?;
    if let Some(file) = &args.save {
        save::save(file, &args, signer.as_ref(), &driver, &report, &taken)?;
    }
    Ok(exit_code(&report))
}

const DEFAULT_LINE: crate::model::LineSettings = crate::model::LineSettings {
    baud: 9_600,
    data_bits: 8,
    parity: crate::model::Parity::None,
    stop_bits: 1,
};

pub(super) fn exit_code(report: &Report) -> u8 {
    match report.outcome {
        Outcome::Complete => 0,
        Outcome::Partial => 2,
        _ => 1,
    }
}

/// The tasks of the arguments, the spans of the archives filled in.
fn assignments(args: &ReadArgs, clock: &ClockRule, now: Timestamp) -> Result<Vec<Assignment>, ReadError> {
    let assignment = |task: &Task| {
        Ok(Assignment {
            task: *task,
            spans: spans(*task, args.from, args.to, clock, now)?,
            resume: None,
        })
    };
    args.what.iter().map(assignment).collect()
}

/// What of a task is asked for `from` and `to`, meter time, or without them lately.
pub(super) fn spans(
    task: Task,
    from: Option<Civil>,
    to: Option<Civil>,
    clock: &ClockRule,
    now: Timestamp,
) -> Result<Vec<Span>, ReadError> {
    let device_now = clock.civil(now);
    Ok(match task {
        Task::Archive(kind) => {
            let back = match kind {
                ArchiveKind::Hourly | ArchiveKind::EveryMinutes(_) => 1.day(),
                ArchiveKind::Daily | ArchiveKind::TenDays => 1.month(),
                ArchiveKind::Monthly | ArchiveKind::Yearly => 1.year(),
            };
            let to = to.unwrap_or(device_now);
            let from = from.unwrap_or_else(|| to.saturating_sub(back));
            vec![span(from, to, clock)?]
        }
        Task::Events => from
            .map(|from| span(from, device_now, clock))
            .transpose()?
            .into_iter()
            .collect(),
        _ => Vec::new(),
    })
}

fn span(from: jiff::civil::DateTime, to: jiff::civil::DateTime, clock: &ClockRule) -> Result<Span, ReadError> {
    match (clock.instant(from), clock.instant(to)) {
        (Some(start), Some(end)) if start < end => Ok(Span { start, end }),
        _ => Err(ReadError::Range { from, to }),
    }
}

pub(super) fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
