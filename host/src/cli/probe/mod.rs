//! `uzel probe`: who is on a line.
//!
//! Each driver is asked to identify a device at each address, in a session of its own without any task. By the contract
//! that starts the conversation and says who answers: it reads. Drivers that would need a password, or more than an address,
//! are not tried.

mod plan;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::args::ProbeArgs;
use super::read::progress_bar;
use crate::driver::Driver;
use crate::driver::env::Budget;
use crate::limits;
use crate::model::{ClockRule, Outcome};
use crate::session::{Desk, Keep, Order, Over, Report, Transport, Way, run};

use plan::{Try, plan};

/// Why nobody was looked for.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing can be tried.
    #[error("no driver can be tried{}", if .0.is_empty() { String::new() } else { format!(": {}", .0.join("; ")) })]
    Nothing(Vec<String>),
    /// The line cannot be used.
    #[error("{0}: {1}")]
    Line(Outcome, String),
    /// The result could not be printed.
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

/// What came of a search.
#[derive(Debug, Default)]
struct Search {
    tried: usize,
    found: usize,
    /// What answered and was not known, in words.
    strange: Vec<String>,
    /// Tries for which there was no time.
    untried: usize,
}

/// Looks, and tells who was found. Gives the exit code: 0 somebody, 1 nobody.
pub async fn probe(
    args: &ProbeArgs,
    drivers: &[Arc<Driver>],
    transport: Arc<Transport>,
    out: &mut (dyn Write + Send),
) -> Result<u8, ProbeError> {
    let plan = plan(drivers, args);
    if plan.tries.is_empty() {
        return Err(ProbeError::Nothing(plan.left_out));
    }
    for left_out in &plan.left_out {
        writeln!(out, "not tried: {left_out}")?;
    }
    out.flush()?;
    let cancel = CancellationToken::new();
    let interrupted = cancel.clone();
    let watcher = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let bar = progress_bar();
    let begun = Instant::now();
    let searched = search(args, plan.tries, &transport, &cancel, &bar, out).await;
    transport.modems().hung_up().await;
    watcher.abort();
    bar.finish_and_clear();
    let search = searched?;
    for strange in &search.strange {
        writeln!(out, "answers, but is not known: {strange}")?;
    }
    let (found, tried, seconds) = (search.found, search.tried, begun.elapsed().as_secs());
    writeln!(out, "{found} found in {tried} tries, {seconds} s")?;
    if search.untried > 0 {
        writeln!(out, "{} more were not tried: the time was over", search.untried)?;
    }
    Ok(u8::from(search.found == 0))
}

async fn search(
    args: &ProbeArgs,
    mut tries: Vec<Try>,
    transport: &Arc<Transport>,
    cancel: &CancellationToken,
    bar: &ProgressBar,
    out: &mut (dyn Write + Send),
) -> Result<Search, ProbeError> {
    let until = Instant::now() + Duration::from_secs(args.limit_s);
    let mut search = Search::default();
    bar.set_length(tries.len().try_into().unwrap_or(u64::MAX));
    tries.reverse();
    while let Some(attempt) = tries.pop() {
        if cancel.is_cancelled() || Instant::now() >= until {
            search.untried = tries.len() + 1;
            break;
        }
        bar.set_message(format!("{} {}", attempt.driver.describe.id, attempt.entered()));
        let report = ask(args, &attempt, transport, cancel).await;
        search.tried += 1;
        bar.inc(1);
        let words = report.detail.clone().unwrap_or_default();
        let at = format!("{} {}", attempt.driver.describe.id, attempt.entered());
        match report.outcome {
            Outcome::Complete => {
                search.found += 1;
                bar.suspend(|| tell(&attempt, &report, out))?;
            }
            Outcome::NoRoute
            | Outcome::LineRefused
            | Outcome::LineBusy
            | Outcome::NoCarrier
            | Outcome::ModemSilent
            | Outcome::ModemFault => return Err(ProbeError::Line(report.outcome, words)),
            // It must be told more than a choice.
            Outcome::BadConfig => {
                let before = tries.len();
                let id = &attempt.driver.describe.id;
                if attempt.choice.is_none() {
                    bar.suspend(|| writeln!(out, "not tried: {id}: {words}"))?;
                }
                tries.retain(|other| other.driver.describe.id != *id || other.choice != attempt.choice);
                bar.inc((before - tries.len()).try_into().unwrap_or_default());
            }
            Outcome::WrongDevice | Outcome::Refused | Outcome::Unsupported | Outcome::Garbled => {
                let note = format!("{at}: {}: {words}", report.outcome);
                if search.strange.len() < limits::PROBE_STRANGE && !search.strange.contains(&note) {
                    search.strange.push(note);
                }
            }
            _ => {}
        }
        let is_settled = matches!(report.outcome, Outcome::Complete | Outcome::NoAnswer);
        while tries.last().is_some_and(|next| is_settled && next.is_like(&attempt)) {
            tries.pop();
            bar.inc(1);
        }
        let pause = if matches!(report.outcome, Outcome::NoAnswer | Outcome::BadConfig) {
            limits::PROBE_PAUSE
        } else {
            limits::PROBE_PAUSE_ANSWERED
        };
        sleep(pause).await;
    }
    Ok(search)
}

/// A session that only identifies.
async fn ask(args: &ProbeArgs, attempt: &Try, transport: &Arc<Transport>, cancel: &CancellationToken) -> Report {
    let within = Duration::from_secs(args.within_s);
    let way = Way {
        address: args.line.clone(),
        settings: attempt.settings,
        options: args.options.unwrap_or_default(),
    };
    let order = Order {
        config: attempt.config.clone(),
        over: Over::Line(transport.clone(), way),
        driver: attempt.driver.clone(),
        clock: ClockRule::Standard(TimeZone::UTC),
        serial: None,
        model: None,
        tasks: Vec::new(),
        set_clock: None,
        act: None,
        memory: BTreeMap::new(),
        budget: Budget {
            // The device is left properly, too.
            wall: within * 2,
            ..attempt.driver.budget()
        },
        answers_within: Some(within),
        cancel: cancel.clone(),
        started_at: Timestamp::now(),
    };
    let desk = Desk::new(1);
    match desk.turn(&args.line).await {
        Ok(turn) => run(turn, order, Box::new(Keep::default()), &|_, _| {}).await,
        Err(full) => Report::failed(Outcome::NoSlot, full.to_string()),
    }
}

/// Says who was found, and what to enter for it.
fn tell(attempt: &Try, report: &Report, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let describe = &attempt.driver.describe;
    let identity = report.identity.as_ref();
    let id = identity.map_or("", |identity| identity.model.as_str());
    let model = describe.models.iter().find(|model| model.id == id);
    let name = model.and_then(|model| model.names.first()).map_or(id, String::as_str);
    let serial = identity.and_then(|identity| identity.serial.as_deref());
    writeln!(
        out,
        "{name}\t{} {}\tNo. {}\t{}",
        describe.id,
        attempt.entered(),
        serial.unwrap_or("?"),
        attempt.settings
    )?;
    out.flush()
}
