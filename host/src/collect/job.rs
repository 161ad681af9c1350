//! One job: a device's turn on its line, from the plan to the journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, histogram};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::handle::{Board, Live, ReadNow};
use super::plan::{Planned, assignments, clock_rule};
use super::sink::{Shown, StoreSink, used};
use crate::driver::env::Budget;
use crate::driver::{Driver, Registry, check_config};
use crate::model::{Outcome, Reason, SessionId, Task};
use crate::session::{Assignment, Desk, Order, Report, Transport, Way, run};
use crate::store::{self, NewSession, Route, SessionEnd, Store, StoreError};

/// What every job works with.
#[derive(Clone)]
pub struct Tools {
    /// Archives and journals.
    pub store: Store,
    /// Drivers.
    pub registry: Arc<Registry>,
    /// Lines and slots.
    pub desk: Arc<Desk>,
    /// Opens lines.
    pub transport: Arc<Transport>,
    /// Those who watch.
    pub board: Arc<Board>,
    /// Longest session.
    pub wall: Duration,
}

/// A job that waits or runs.
#[derive(Debug, Clone)]
pub struct Job {
    /// Of which device.
    pub planned: Planned,
    /// What is asked beyond its schedule.
    pub asked: Option<ReadNow>,
}

/// How a job ended.
#[derive(Debug)]
pub struct Done {
    /// When its session began.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The device's clock, when it was read.
    pub offset_ms: Option<i64>,
    /// The model that answered.
    pub model: Option<String>,
}

/// Why a job has no conversation.
type Refused = (Outcome, String);

/// Carries a job out: a session over the first route, and over the next while the device is not reached. `begun` is
/// told each session's number.
pub async fn carry_out(tools: Tools, job: Job, cancel: CancellationToken, begun: impl Fn(SessionId)) -> Done {
    let device = &job.planned.device;
    let mut done = Done {
        started_at: Timestamp::now(),
        outcome: Outcome::BadConfig,
        offset_ms: None,
        model: None,
    };
    if device.routes.is_empty() {
        warn!(device.id = %device.id, "device {} has no route", device.name);
    }
    for route in &device.routes {
        let (attempt, added) = attempt(&tools, &job, route, cancel.clone(), &begun).await;
        done = Done {
            started_at: done.started_at,
            ..attempt
        };
        if added > 0 || !done.outcome.is_no_connection() || cancel.is_cancelled() {
            break;
        }
    }
    done
}

/// A session over `route`. Gives how it ended and how many records it added.
async fn attempt(
    tools: &Tools,
    job: &Job,
    route: &Route,
    cancel: CancellationToken,
    begun: &impl Fn(SessionId),
) -> (Done, u64) {
    let device = &job.planned.device;
    let started_at = Timestamp::now();
    let mut done = Done {
        started_at,
        outcome: Outcome::BadConfig,
        offset_ms: None,
        model: None,
    };
    let driver = tools.registry.get(&device.driver);
    let reason = if job.asked.is_some() {
        Reason::ReadNow
    } else {
        Reason::Schedule
    };
    let new = NewSession {
        device: device.id,
        line: route.line,
        driver: device.driver.clone(),
        driver_version: driver
            .as_ref()
            .map(|driver| driver.describe.version.clone())
            .unwrap_or_default(),
        driver_digest: driver
            .as_ref()
            .map(|driver| driver.digest.to_string())
            .unwrap_or_default(),
        reason,
        started_at,
    };
    let session = match tools.store.begin_session(new.clone()).await {
        Ok(session) => session,
        Err(error) => {
            error!(device.id = %device.id, %error, "session with {} did not begin", device.name);
            done.outcome = Outcome::Storage;
            return (done, 0);
        }
    };
    begun(session);
    let shown = Shown::new(tools.board.clone(), live(session, job, route, &new));
    let report = match prepare(tools, job, driver, route, started_at, cancel).await {
        Ok((turn, order)) => {
            let sink = StoreSink {
                store: tools.store.clone(),
                shown: shown.clone(),
                assignments: order.tasks.clone().into(),
            };
            let asked = order.tasks.clone();
            let report = run(turn, order, Box::new(sink), &|phase, usage| shown.phase(phase, usage)).await;
            keep(&tools.store, job, session, &asked, &report)
                .await
                .err()
                .map_or(Ok(report), |error| Err((Outcome::Storage, error.to_string())))
        }
        Err(refused) => Err(refused),
    };
    let end = session_end(session, &shown, report);
    (done.outcome, done.offset_ms) = (end.outcome, end.clock.map(|clock| clock.offset_ms));
    done.model = end.identity.as_ref().map(|identity| identity.model.clone());
    let added = end.counters.records_added;
    finish(tools, job, &shown, end).await;
    (done, added)
}

/// Everything that the conversation needs, or why there will be none.
async fn prepare(
    tools: &Tools,
    job: &Job,
    driver: Option<Arc<Driver>>,
    route: &Route,
    started_at: Timestamp,
    cancel: CancellationToken,
) -> Result<(crate::session::Turn, Order), Refused> {
    let device = &job.planned.device;
    let missing = || (Outcome::DriverFault, format!("there is no driver {:?}", device.driver));
    let driver = driver.ok_or_else(missing)?;
    let bad = |text: String| (Outcome::BadConfig, text);
    let config = check_config(&driver.describe, &device.config).map_err(|fault| bad(fault.to_string()))?;
    let clock = clock_rule(device, &driver.describe).map_err(bad)?;
    let storage = |error: StoreError| (Outcome::Storage, error.to_string());
    let asked = job.asked.as_ref();
    let tasks = assignments(&tools.store, &job.planned, &driver, &clock, started_at, asked)
        .await
        .map_err(storage)?;
    let memory = tools.store.memory(device.id, &device.driver).await.map_err(storage)?;
    let turn = tools
        .desk
        .turn(&route.address)
        .await
        .map_err(|full| (Outcome::NoSlot, full.to_string()))?;
    let settings = route.settings.or(driver.line_settings());
    let settings = settings.ok_or_else(|| bad("neither route nor driver has line settings".to_owned()))?;
    let order = Order {
        config,
        way: Way {
            address: route.address.clone(),
            settings,
            options: route.options,
        },
        transport: tools.transport.clone(),
        clock,
        serial: device.serial.clone(),
        model: device.model.clone(),
        tasks,
        memory,
        budget: Budget {
            wall: tools.wall,
            ..Budget::default()
        },
        cancel,
        started_at,
        driver,
    };
    Ok((turn, order))
}

fn live(session: SessionId, job: &Job, route: &Route, new: &NewSession) -> Live {
    let device = &job.planned.device;
    Live {
        session,
        device: (device.id, device.name.clone()),
        line: (route.line, route.line_name.clone()),
        driver: (new.driver.as_str().into(), new.driver_version.as_str().into()),
        reason: new.reason,
        started_at: new.started_at,
        phase: "open".into(),
        done: 0,
        total: 0,
        bytes_sent: 0,
        bytes_received: 0,
        exchanges: 0,
        records_added: 0,
        outcome: None,
        detail: None,
        ended_at: None,
    }
}

/// Keeps what a session learned beside its records.
async fn keep(
    store: &Store,
    job: &Job,
    session: SessionId,
    asked: &[Assignment],
    report: &Report,
) -> Result<(), StoreError> {
    let device = &job.planned.device;
    if let Some(settings) = &report.settings {
        store
            .put_settings(device.id, session, Timestamp::now(), settings)
            .await?;
    }
    if let Some(clock) = report.clock {
        store
            .put_clock(
                device.id,
                session,
                clock.at,
                clock.offset_ms,
                clock.uncertainty_ms.into(),
            )
            .await?;
    }
    if let Some(memory) = &report.memory {
        store.put_memory(device.id, &device.driver, memory).await?;
    }
    for assignment in asked {
        // Read to its end: where it was cut before is of no use any more.
        if let Task::Archive(kind) = assignment.task
            && assignment.resume.is_some()
            && report
                .phases
                .iter()
                .any(|phase| phase.name == kind.to_string() && phase.failed.is_none())
        {
            store.clear_resume(device.id, kind).await?;
        }
    }
    Ok(())
}

fn session_end(session: SessionId, shown: &Shown, report: Result<Report, Refused>) -> SessionEnd {
    let (records_added, values_added, incidents) = shown.brought();
    let ended_at = Timestamp::now();
    let report = match report {
        Ok(report) => report,
        Err((outcome, text)) => {
            return SessionEnd {
                session,
                ended_at,
                outcome,
                detail: Some(text),
                identity: None,
                phases: Vec::new(),
                counters: store::Counters {
                    records_added,
                    values_added,
                    ..store::Counters::default()
                },
                faults: Vec::new(),
                trace: String::new(),
                clock: None,
            };
        }
    };
    let mut faults = report.faults;
    if incidents > 0 {
        faults.push(format!(
            "{incidents} records came back different from what was stored: see the incidents"
        ));
    }
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let identity = report.identity.map(|identity| store::IdentitySeen {
        model: identity.model,
        serial: identity.serial,
        firmware: identity.firmware,
        details: identity.details,
    });
    let phases = report
        .phases
        .into_iter()
        .map(|phase| store::Phase {
            name: phase.name,
            started_ms: phase.started_ms,
            ended_ms: phase.ended_ms,
            outcome: phase
                .failed
                .map_or_else(|| "ok".to_owned(), |(outcome, text)| format!("{outcome}: {text}")),
            records: phase.rows,
        })
        .collect();
    SessionEnd {
        session,
        ended_at,
        outcome: report.outcome,
        detail: report.detail,
        // A device that is not the one meant must not lend it its name.
        identity: identity.filter(|_| report.outcome != Outcome::WrongDevice),
        phases,
        counters: store::Counters {
            exchanges: report.usage.exchanges.into(),
            retries: report.usage.retries.into(),
            bytes_sent: report.usage.bytes_sent,
            bytes_received: report.usage.bytes_received,
            records_added,
            values_added,
            cpu_ms: millis(report.busy),
            wall_ms: millis(report.wall),
            // Operators count begun seconds.
            on_line_s: millis(report.on_line).div_ceil(1_000),
            memory_peak_bytes: u64::try_from(report.usage.memory_peak_bytes).unwrap_or(u64::MAX),
        },
        faults,
        trace: report.trace,
        clock: report.clock.map(|clock| store::ClockSeen {
            shown: clock.shown,
            offset_ms: clock.offset_ms,
            uncertainty_ms: clock.uncertainty_ms.into(),
        }),
    }
}

/// Writes the journal, tells those who watch, counts.
async fn finish(tools: &Tools, job: &Job, shown: &Shown, end: SessionEnd) {
    let device = &job.planned.device;
    let (id, name, outcome) = (device.id, &device.name, end.outcome);
    let (added, duration_ms) = (end.counters.records_added, end.counters.wall_ms);
    let detail = end.detail.clone();
    let told = end.clone();
    if let Err(error) = tools.store.end_session(end).await {
        error!(device.id = %id, session.id = %told.session, %error, "the journal of a session with {name} was not kept");
    }
    shown.end(|live| {
        used(
            live,
            &crate::driver::Usage {
                bytes_sent: told.counters.bytes_sent,
                bytes_received: told.counters.bytes_received,
                exchanges: u32::try_from(told.counters.exchanges).unwrap_or(u32::MAX),
                ..crate::driver::Usage::default()
            },
        );
        live.outcome = Some(outcome);
        live.detail.clone_from(&told.detail);
        live.ended_at = Some(told.ended_at);
    });
    let labels = [
        ("driver", device.driver.clone()),
        ("outcome", outcome.word().to_owned()),
    ];
    counter!("uzel_sessions_total", &labels).increment(1);
    counter!("uzel_records_added_total", "driver" => device.driver.clone()).increment(added);
    counter!("uzel_bytes_received_total", "driver" => device.driver.clone()).increment(told.counters.bytes_received);
    #[allow(clippy::cast_precision_loss, reason = "a histogram of seconds")]
    histogram!("uzel_session_seconds", "driver" => device.driver.clone()).record(duration_ms as f64 / 1_000.0);
    match outcome {
        Outcome::Complete => info!(
            device.id = %id, session.id = %told.session, records = added, duration_ms,
            "stored {added} records of {name}"
        ),
        Outcome::Storage => error!(
            device.id = %id, session.id = %told.session, detail, "the store did not take what {name} gave"
        ),
        _ => warn!(
            device.id = %id, session.id = %told.session, records = added, duration_ms, outcome = %outcome,
            "session with {name} ended: {outcome}: {}", detail.as_deref().unwrap_or_default()
        ),
    }
}
