//! The conversation: open, identify, the tasks in order, close.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::act::act;
use super::asked::Asked;
use super::desk::Turn;
use super::port::LinePort;
use super::replay::Replay;
use super::report::{Phase, Report, Step, Watch, clock_seen};
use super::set_clock::{SetClock, set_clock};
use crate::driver::env::{Budget, Port, Sink};
use crate::driver::{CallError, Driver, Failure, Identity, Running, Secrets, Surroundings};
use crate::model::{Act, Civil, ClockRule, Outcome, Span, Task};
use crate::transport::{OpenError, Transport, Way};

/// What a session has to do, and with what.
pub struct Order {
    /// Speaks the device's protocol.
    pub driver: Arc<Driver>,
    /// Checked by [`crate::driver::check_config`].
    pub config: serde_json::Value,
    /// Where its bytes go and come from.
    pub over: Over,
    /// How its clock relates to UTC.
    pub clock: ClockRule,
    /// The serial number that must answer, where it is known.
    pub serial: Option<String>,
    /// The model that must answer, where it is known.
    pub model: Option<String>,
    /// In this order.
    pub tasks: Vec<Assignment>,
    /// Whether the clock may be set behind them; none: it may not.
    pub set_clock: Option<SetClock>,
    /// A step of changing the device on somebody's order; none: it is only read.
    pub act: Option<Act>,
    /// What the driver remembered of the device.
    pub memory: BTreeMap<String, Vec<u8>>,
    /// What it may use.
    pub budget: Budget,
    /// How long the device may take to say who it is; none: as long as the session.
    pub answers_within: Option<Duration>,
    /// Ends it.
    pub cancel: CancellationToken,
    /// The instant at which it begins.
    pub started_at: Timestamp,
}

/// Where the bytes of a session go and come from.
pub enum Over {
    /// A line to the device, and what opens it.
    Line(Arc<Transport>, Way),
    /// The trace of an earlier session.
    Trace(Replay),
    /// A line that somebody made for this session.
    Made(Box<dyn Fn() -> Box<dyn Port> + Send + Sync>),
}

/// One task, and for an archive which spans of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What.
    pub task: Task,
    /// Which intervals of an archive; events since the start of the first.
    pub spans: Vec<Span>,
    /// Where an earlier session in the same spans was cut.
    pub resume: Option<Vec<u8>>,
}

/// Holds the conversation. `turn` is kept to its end.
pub async fn run(turn: Turn, order: Order, sink: Box<dyn Sink>, watch: Watch<'_>) -> Report {
    let report = replay(order, sink, watch).await;
    drop(turn);
    report
}

/// Holds a conversation that needs no turn: its line is a trace.
pub async fn replay(order: Order, sink: Box<dyn Sink>, watch: Watch<'_>) -> Report {
    let begun = Instant::now();
    let mut report = Report::new();
    if let Err((outcome, text)) = converse(&order, sink, watch, &mut report).await {
        report.outcome = outcome;
        report.detail = Some(text);
    }
    report.wall = begun.elapsed();
    report.hide(&Secrets::of(&order.driver.describe, &order.config));
    report
}

/// How long a line may take to be given back: a modem hangs up in seconds.
pub(super) const CLOSE: Duration = Duration::from_secs(15);

type Ended = (Outcome, String);

async fn converse(order: &Order, sink: Box<dyn Sink>, watch: Watch<'_>, report: &mut Report) -> Result<(), Ended> {
    watch("open", &report.usage);
    let begun = Instant::now();
    let opened = Box::pin(open(order)).await;
    let open_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let failed = opened.as_ref().err().cloned();
    report.phases.push(Phase {
        name: "open".to_owned(),
        started_ms: 0,
        ended_ms: open_ms,
        failed,
        said: None,
        rows: 0,
    });
    let port = opened?;
    report.asked = Some(Asked::of(order, port.medium()));
    let surroundings = Surroundings {
        port,
        sink,
        clock: order.clock.clone(),
        memory: order.memory.clone(),
        budget: Budget {
            wall: order.answers_within.unwrap_or(order.budget.wall).min(order.budget.wall),
            ..order.budget.clone()
        },
        cancel: order.cancel.clone(),
    };
    let mut running = Box::pin(order.driver.start(surroundings, order.started_at))
        .await
        .map_err(|(outcome, text)| (outcome, format!("the driver could not be started: {text}")))?;
    let result = work(order, &mut running, watch, report).await;
    let mut finished = running.finish();
    if tokio::time::timeout(CLOSE, finished.port.close()).await.is_err() {
        finished.faults.push(format!(
            "the line was not given back within {} s and was cut",
            CLOSE.as_secs()
        ));
    }
    report.on_line = finished.port.on_line();
    report.usage = finished.usage;
    report.busy = finished.busy;
    report.faults = finished.faults;
    report.trace = finished.trace;
    report.memory = finished.memory;
    result
}

async fn open(order: &Order) -> Result<Box<dyn Port>, Ended> {
    let (transport, way) = match &order.over {
        Over::Trace(replay) => return Ok(Box::new(replay.clone())),
        Over::Made(make) => return Ok(make()),
        Over::Line(transport, way) => (transport, way),
    };
    tokio::select! {
        biased;
        () = order.cancel.cancelled() => Err((Outcome::Cancelled, "stopped while the line was opened".to_owned())),
        line = transport.open(way) => Ok(Box::new(LinePort(line.map_err(open_failed)?))),
    }
}

pub(super) fn open_failed(error: OpenError) -> Ended {
    let outcome = match error {
        OpenError::NoRoute { .. } => Outcome::NoRoute,
        OpenError::Refused { .. } => Outcome::LineRefused,
        OpenError::Busy { .. } => Outcome::LineBusy,
        OpenError::NoCarrier { .. } => Outcome::NoCarrier,
        OpenError::ModemSilent { .. } => Outcome::ModemSilent,
        OpenError::ModemFault { .. } => Outcome::ModemFault,
        OpenError::Settings { .. } => Outcome::BadConfig,
    };
    (outcome, error.to_string())
}

/// What is left to do for a session once the line is open and the driver started.
async fn work(order: &Order, running: &mut Running, watch: Watch<'_>, report: &mut Report) -> Result<(), Ended> {
    let identity = {
        let step = Step::begin("identify", running, watch);
        let identity = running.identify(&order.config).await;
        let identity = identity.map_err(|error| probed(order, error));
        step.end(running, report, identity)
    };
    running.set_wall(order.budget.wall);
    let identity = match identity {
        Ok(identity) => identity,
        Err(error) => return leave(running, watch, report, error).await,
    };
    let who = right_device(order, &identity);
    report.identity = Some(identity);
    if let Err(ended) = who {
        close(running, watch, report).await;
        return Err(ended);
    }
    let mut failures: Vec<(String, Failure)> = Vec::new();
    let mut done = 0usize;
    for assignment in &order.tasks {
        match carry_out(order, assignment, running, watch, report).await {
            Ok(()) => done += 1,
            // What the device cannot do is no failure of the session: the next would fail alike.
            Err(CallError::Failure(failure)) if failure.outcome == Outcome::Unsupported => done += 1,
            Err(CallError::Failure(failure)) if goes_on(&failure) => {
                failures.push((assignment.task.to_string(), failure))
            }
            Err(error) => return leave(running, watch, report, error).await,
        }
    }
    if failures.is_empty() {
        // What was to be read is read, with the clock that it was written with.
        match set_clock(order, running, watch, report).await {
            Ok(()) => {}
            Err(CallError::Failure(failure)) if failure.line_usable => failures.push(("set-clock".to_owned(), failure)),
            Err(error) => return leave(running, watch, report, error).await,
        }
    }
    match act(order, running, watch, report).await {
        Ok(()) => {}
        Err(CallError::Failure(failure)) if failure.line_usable => failures.push(("control".to_owned(), failure)),
        Err(error) => return leave(running, watch, report, error).await,
    }
    close(running, watch, report).await;
    match failures.first() {
        None => Ok(()),
        Some((name, failure)) => {
            let outcome = if done > 0 { Outcome::Partial } else { failure.outcome };
            let more = failures.len() - 1;
            let more = if more > 0 {
                format!(" (and {more} more)")
            } else {
                String::new()
            };
            Err((outcome, format!("{name}: {}: {}{more}", failure.outcome, failure.text)))
        }
    }
}

/// A device that was only looked for and did not come to speak in the time for that is silent.
fn probed(order: &Order, error: CallError) -> CallError {
    match (order.answers_within, error) {
        (Some(within), CallError::Ended(Outcome::LimitTime, _)) => {
            let text = format!("silent before, and again within the {} s of a look", within.as_secs());
            CallError::Ended(Outcome::NoAnswer, text)
        }
        (_, error) => error,
    }
}

/// Whether the other tasks still make sense after this failure.
fn goes_on(failure: &Failure) -> bool {
    failure.line_usable
        && matches!(
            failure.outcome,
            Outcome::Garbled | Outcome::Refused | Outcome::DriverFault
        )
}

/// The session ends with this error; the device is left properly where that is possible.
async fn leave(running: &mut Running, watch: Watch<'_>, report: &mut Report, error: CallError) -> Result<(), Ended> {
    match error {
        CallError::Ended(outcome, text) => Err((outcome, text)),
        CallError::Failure(failure) => {
            if failure.line_usable {
                close(running, watch, report).await;
            }
            Err((failure.outcome, failure.text))
        }
    }
}

async fn close(running: &mut Running, watch: Watch<'_>, report: &mut Report) {
    let step = Step::begin("close", running, watch);
    let closed = running.close().await;
    // Everything is stored; what goes wrong now is in the phase and costs nothing.
    let _ = step.end(running, report, closed);
}

async fn carry_out(
    order: &Order,
    assignment: &Assignment,
    running: &mut Running,
    watch: Watch<'_>,
    report: &mut Report,
) -> Result<(), CallError> {
    let windows: Vec<(Civil, Civil)> = assignment
        .spans
        .iter()
        .map(|span| (order.clock.civil(span.start), order.clock.civil(span.end)))
        .collect();
    if matches!(assignment.task, Task::Archive(_)) && windows.is_empty() {
        return Ok(());
    }
    let step = Step::begin(&assignment.task.to_string(), running, watch);
    let result = match assignment.task {
        Task::Clock => match running.read_clock().await {
            Ok(reading) => {
                report.clock = clock_seen(&order.clock, reading);
                if let Some(clock) = report.clock {
                    running.clock_seen(clock.offset_ms);
                }
                Ok(())
            }
            Err(error) => Err(error),
        },
        Task::Current => running.read_current().await,
        Task::Totals => running.read_totals().await,
        Task::Archive(kind) => running.read_archive(kind, &windows, assignment.resume.clone()).await,
        Task::Events => {
            let since = windows.first().map(|(begin, _)| *begin);
            running.read_events(since).await.unwrap_or_else(|| Err(no_interface()))
        }
        Task::Settings => match running.read_settings().await {
            Some(Ok(settings)) => {
                report.settings = Some(settings);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err(no_interface()),
        },
    };
    step.end(running, report, result)
}

/// What the driver does not export is unsupported.
pub(super) fn no_interface() -> CallError {
    CallError::Failure(Failure {
        outcome: Outcome::Unsupported,
        text: "the driver has no such interface".to_owned(),
        line_usable: true,
    })
}

/// Whether the device that answers is the one that was meant.
fn right_device(order: &Order, identity: &Identity) -> Result<(), Ended> {
    let known = &order.driver.describe.models;
    if !known.iter().any(|model| model.id == identity.model) {
        let text = format!(
            "the driver identified model {:?}, which it does not describe",
            identity.model
        );
        return Err((Outcome::DriverFault, text));
    }
    if let Some(want) = &order.model
        && *want != identity.model
    {
        return Err((
            Outcome::WrongDevice,
            format!("model {} answers, expected {want}", identity.model),
        ));
    }
    let plain = |serial: &str| serial.trim().trim_start_matches('0').to_ascii_lowercase();
    if let (Some(want), Some(got)) = (&order.serial, &identity.serial)
        && plain(want) != plain(got)
    {
        return Err((
            Outcome::WrongDevice,
            format!("serial number {got} answers, expected {want}"),
        ));
    }
    Ok(())
}
