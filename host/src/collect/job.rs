//! One job: a device's turn on its line, from the plan to the journal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::control::{ControlJob, keep_control};
use super::handle::{Board, ReadNow};
use super::journal::{begin, keep, session_end};
use super::plan::{Planned, Wanted, assignments, clock_rule, reaches_further};
use super::sink::{Shown, StoreSink};
use super::tally::Tally;
use super::told::{finish, live};
use crate::driver::env::Budget;
use crate::driver::{Driver, Registry, Secrets, check_config};
use crate::limits;
use crate::model::{ClockPolicy, Outcome, Reason, SessionId, Task};
use crate::schedule::Due;
use crate::session::{Assignment, Desk, Door, Order, Over, SetClock, Transport, Turn, Way, run, tunnel};
use crate::store::{ControlEnd, NewSession, Reader, Route, Store, StoreError};

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
    /// Metrics of the drivers.
    pub tally: Arc<Tally>,
    /// Longest session.
    pub wall: Duration,
    /// The host ends.
    pub stopping: CancellationToken,
}

/// What somebody asks of a device.
#[derive(Debug, Clone)]
pub enum Asked {
    /// To be read.
    Read(ReadNow),
    /// To be talked to through this port.
    Tunnel(Arc<Door>),
    /// To be looked at or changed.
    Control(Arc<ControlJob>),
}

/// A job that waits or runs.
#[derive(Debug, Clone)]
pub struct Job {
    /// Of which device.
    pub planned: Planned,
    /// What is asked beyond its schedule.
    pub asked: Option<Asked>,
    /// What its schedule says, when nobody asked.
    pub due: Due,
    /// When entries of its schedule were done before.
    pub done: HashMap<String, Timestamp>,
    /// Whether it only looks if a device that was long silent answers again: then there is little time for that.
    pub probe: bool,
}

impl Job {
    /// What is to be read.
    fn tasks(&self) -> Vec<Task> {
        match &self.asked {
            None => self.due.tasks.clone(),
            Some(Asked::Read(read)) if read.what.is_empty() => self.planned.device.schedule.tasks(),
            Some(Asked::Read(read)) => read.what.clone(),
            Some(Asked::Tunnel(..) | Asked::Control(..)) => Vec::new(),
        }
    }

    /// The archives of it alone, when entries of the schedule are `done`.
    fn of_archives(&self, done: HashMap<String, Timestamp>) -> Self {
        let tasks = self.tasks().into_iter();
        let tasks: Vec<Task> = tasks.filter(|task| matches!(task, Task::Archive(_))).collect();
        let asked = match &self.asked {
            Some(Asked::Read(read)) => Some(Asked::Read(ReadNow {
                what: tasks.clone(),
                ..read.clone()
            })),
            _ => None,
        };
        Self {
            planned: self.planned.clone(),
            asked,
            due: Due {
                tasks,
                ..self.due.clone()
            },
            done,
            probe: self.probe,
        }
    }

    /// When entries of the schedule were done, after a session that began at `started_at` and did this one's. What
    /// somebody asked for need not be read again by an entry that says no more.
    pub fn done_after(&self, started_at: Timestamp) -> HashMap<String, Timestamp> {
        let asked = match &self.asked {
            Some(Asked::Read(read)) if read.span.is_none() => self.tasks(),
            _ => Vec::new(),
        };
        let mut done = HashMap::new();
        for entry in self.planned.device.schedule.entries() {
            let text = entry.to_string();
            let is_done = self.due.entries.contains(&text) || entry.tasks.iter().all(|task| asked.contains(task));
            let at = is_done.then_some(started_at).or(self.done.get(&text).copied());
            done.extend(at.map(|at| (text, at)));
        }
        done
    }
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
    /// Whether it says how the device fares.
    pub tells_of_device: bool,
    /// What came of an order to change the device.
    pub control: Option<ControlEnd>,
    /// When each entry of the schedule was last done, when this job did some.
    pub schedule_done: Option<HashMap<String, Timestamp>>,
}

/// Why a job has no conversation.
pub(super) type Refused = (Outcome, String);

/// Carries a job out: a session over the first route, and over the next while the device is not reached. `begun` is
/// told each session's number.
pub async fn carry_out(tools: Tools, job: Job, cancel: CancellationToken, begun: impl Fn(SessionId)) -> Done {
    let device = &job.planned.device;
    let mut done = Done {
        started_at: tools.store.now(),
        outcome: Outcome::BadConfig,
        offset_ms: None,
        model: None,
        tells_of_device: true,
        control: None,
        schedule_done: None,
    };
    if let Some(Asked::Control(control)) = &job.asked
        && done.started_at > control.until
    {
        done.tells_of_device = false;
        keep_control(&tools, control.too_late()).await;
        return done;
    }
    if device.routes.is_empty() {
        warn!(device.id = %device.id, "device {} has no route", device.name);
    }
    for route in &device.routes {
        let Attempt {
            done: first,
            added,
            reaches_further,
        } = attempt(&tools, &job, route, cancel.clone(), &begun).await;
        done = Done {
            started_at: done.started_at,
            ..first
        };
        if reaches_further && !cancel.is_cancelled() {
            // Once only: a ring that is otherwise each time would be read without end.
            let rest = job.of_archives(done.schedule_done.clone().unwrap_or_default());
            done.outcome = attempt(&tools, &rest, route, cancel.clone(), &begun).await.done.outcome;
        }
        // What may be written is not written again over another route.
        let is_written = done.control.as_ref().is_some_and(|end| end.written_at.is_some());
        if added > 0 || is_written || !done.outcome.is_no_connection() || cancel.is_cancelled() {
            break;
        }
    }
    if let Some(end) = done.control.take() {
        Box::pin(keep_control(&tools, end)).await;
    }
    done
}

/// What a session came to.
struct Attempt {
    done: Done,
    /// Records that it added.
    added: u64,
    /// Whether an archive turned out to reach further back than it was asked for.
    reaches_further: bool,
}

/// A session over `route`.
async fn attempt(
    tools: &Tools,
    job: &Job,
    route: &Route,
    cancel: CancellationToken,
    begun: &impl Fn(SessionId),
) -> Attempt {
    let device = &job.planned.device;
    let chosen = tools.registry.choose(&device.driver, device.id);
    let driver = chosen.as_ref().ok().map(|(driver, _)| driver.clone());
    let on_trial = chosen.as_ref().is_ok_and(|(_, on_trial)| *on_trial);
    let reason = match job.asked {
        None => Reason::Schedule,
        Some(Asked::Read(_)) => Reason::ReadNow,
        Some(Asked::Tunnel(..)) => Reason::Tunnel,
        Some(Asked::Control(..)) => Reason::Control,
    };
    let mut new = NewSession {
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
        started_at: tools.store.now(),
    };
    // What is over before the conversation, comes behind it or is rare is boxed: thousands of sessions wait, and none
    // should carry room for it meanwhile.
    let begun_as = begin(tools, &mut new, &cancel).await;
    let started_at = new.started_at;
    let mut done = Done {
        started_at,
        outcome: Outcome::Storage,
        offset_ms: None,
        model: None,
        tells_of_device: true,
        control: None,
        schedule_done: None,
    };
    let session = match begun_as {
        Ok(session) => session,
        Err(error) => {
            error!(device.id = %device.id, %error, "session with {} did not begin", device.name);
            return Attempt {
                done,
                added: 0,
                reaches_further: false,
            };
        }
    };
    begun(session);
    let mut reaches_further = false;
    let shown = Shown::new(tools.board.clone(), live(session, job, route, &new));
    let secrets = driver
        .as_ref()
        .map_or_else(Secrets::default, |driver| Secrets::of(&driver.describe, &device.config));
    let report = match Box::pin(prepare(tools, job, chosen, route, started_at, cancel)).await {
        Ok((turn, order)) => {
            let sink = StoreSink {
                store: tools.store.clone(),
                shown: shown.clone(),
                assignments: order.tasks.clone().into(),
                offset_ms: job.planned.offset_ms.unwrap_or(0),
                on_trial,
            };
            let asked = order.tasks.clone();
            let watch = |phase: &str, usage: &crate::driver::Usage| shown.phase(phase, usage);
            let report = match &job.asked {
                Some(Asked::Tunnel(door)) => Box::pin(tunnel(turn, order, door, &watch)).await,
                _ => run(turn, order, Box::new(sink), &watch).await,
            };
            match Box::pin(keep(tools, job, session, &asked, &report)).await {
                Ok(()) => {
                    if report.outcome == Outcome::Complete && shown.has_absences() {
                        reaches_further = Box::pin(further(tools, job, driver.as_deref(), &asked, started_at)).await;
                    }
                    Ok(report)
                }
                Err(error) => Err((Outcome::Storage, error.to_string())),
            }
        }
        Err(refused) => Err(refused),
    };
    if let Some(Asked::Control(control)) = &job.asked {
        done.control = Some(control.after(session, &report));
    }
    let after = report
        .as_ref()
        .ok()
        .and_then(|report| report.clock_setting.as_ref()?.after);
    let mut end = session_end(
        session,
        tools.store.now(),
        &shown,
        report.map_err(|(outcome, text)| (outcome, secrets.mask(&text))),
    );
    if matches!(end.outcome, Outcome::Complete | Outcome::Partial) {
        end.schedule_done = Some(job.done_after(done.started_at));
    }
    // The planner goes by the clock as it is now.
    let offset_ms = after.map(|after| after.offset_ms);
    done.offset_ms = offset_ms.or(end.clock.map(|clock| clock.offset_ms));
    done.outcome = end.outcome;
    done.schedule_done.clone_from(&end.schedule_done);
    done.model = end.identity.as_ref().map(|identity| identity.model.clone());
    end.tells_of_device = !matches!(reason, Reason::Tunnel | Reason::Control);
    done.tells_of_device = end.tells_of_device;
    let added = end.counters.records_added;
    Box::pin(finish(tools, job, &shown, &new, end)).await;
    Attempt {
        done,
        added,
        reaches_further,
    }
}

/// Whether an archive that was read from its oldest gap on reaches further back than that.
async fn further(
    tools: &Tools,
    job: &Job,
    driver: Option<&Driver>,
    asked: &[Assignment],
    started_at: Timestamp,
) -> bool {
    let device = &job.planned.device;
    let is_by_gaps = match &job.asked {
        None => true,
        Some(Asked::Read(read)) => read.span.is_none(),
        Some(Asked::Tunnel(..) | Asked::Control(..)) => false,
    };
    let Some((driver, clock)) = driver.and_then(|driver| Some((driver, clock_rule(device, &driver.describe).ok()?)))
    else {
        return false;
    };
    let look = async {
        let mut reader = tools.store.session_reader().await?;
        reaches_further(&mut reader, &job.planned, driver, &clock, started_at, asked).await
    };
    is_by_gaps
        && look.await.unwrap_or_else(|error| {
            warn!(device.id = %device.id, %error, "how far the archives of {} reach is seen at its next session", device.name);
            false
        })
}

/// Everything that the conversation needs, or why there will be none.
async fn prepare(
    tools: &Tools,
    job: &Job,
    chosen: Result<(Arc<Driver>, bool), String>,
    route: &Route,
    started_at: Timestamp,
    cancel: CancellationToken,
) -> Result<(Turn, Order), Refused> {
    let device = &job.planned.device;
    let (driver, on_trial) = chosen.map_err(|why| (Outcome::DriverFault, why))?;
    let bad = |text: String| (Outcome::BadConfig, text);
    let config = check_config(&driver.describe, &device.config).map_err(|fault| bad(fault.to_string()))?;
    let clock = clock_rule(device, &driver.describe).map_err(bad)?;
    let storage = |error: StoreError| (Outcome::Storage, error.to_string());
    let (span, minutes) = match &job.asked {
        Some(Asked::Read(read)) => (read.span, None),
        Some(Asked::Tunnel(door)) => (None, Some(door.minutes())),
        Some(Asked::Control(..)) => (None, None),
        None => (None, job.due.within_minutes),
    };
    let asked_wall = minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let wall = match (&job.asked, asked_wall) {
        (Some(Asked::Tunnel(..)), Some(wall)) => wall,
        (_, wall) => wall.map_or(tools.wall, |wall| wall.min(tools.wall)),
    };
    let (tasks, memory, set_clock) = {
        let mut reader = tools.store.session_reader().await.map_err(storage)?;
        let wanted = Wanted {
            tasks: job.tasks(),
            span,
            on_trial,
        };
        let tasks = assignments(&mut reader, &job.planned, &driver, &clock, started_at, &wanted).await;
        let memory = reader.memory(device.id, &device.driver).await;
        let set_clock = set_clock(&mut reader, job).await;
        (
            tasks.map_err(storage)?,
            memory.map_err(storage)?,
            set_clock.map_err(storage)?,
        )
    };
    let turn = tools
        .desk
        .turn(&route.address)
        .await
        .map_err(|full| (Outcome::NoSlot, full.to_string()))?;
    let settings = route.settings.or(driver.line_settings());
    let settings = settings.ok_or_else(|| bad("neither route nor driver has line settings".to_owned()))?;
    let way = Way {
        address: route.address.clone(),
        settings,
        options: route.options,
    };
    let order = Order {
        config,
        over: Over::Line(tools.transport.clone(), way),
        clock,
        serial: device.serial.clone(),
        model: device.model.clone(),
        tasks,
        set_clock,
        act: match &job.asked {
            Some(Asked::Control(control)) => Some(control.act.clone()),
            _ => None,
        },
        memory,
        budget: Budget {
            wall,
            ..driver.budget()
        },
        answers_within: job.probe.then_some(Duration::from_secs(limits::PROBE_S)),
        cancel,
        started_at,
        driver,
    };
    Ok((turn, order))
}

/// Whether the session may set the clock: one by schedule, where the device's policy says so.
async fn set_clock(reader: &mut Reader, job: &Job) -> Result<Option<SetClock>, StoreError> {
    let device = &job.planned.device;
    match (&job.asked, device.clock_policy) {
        (None, ClockPolicy::Set(limits)) => {
            let set_at = reader.clock_set_at(device.id).await?;
            Ok(Some(SetClock { limits, set_at }))
        }
        _ => Ok(None),
    }
}
