//! A test of a connection: a session with a device that is not kept, of which nothing is stored.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::job::Tools;
use super::plan::clock_of;
use crate::driver::env::Budget;
use crate::driver::{Driver, Identity, Usage, check_config};
use crate::limits;
use crate::model::{AccountId, Column, Outcome, Record, Task};
use crate::session::{Assignment, ClockSeen, Keep, Order, Over, Phase, Report, Way, run};
use crate::store::{NewDevice, NewRoute};

/// A test, and what is seen of it.
#[derive(Debug)]
pub struct Trial {
    /// Its number.
    pub id: u64,
    /// Whose it is; none: of a host without accounts.
    pub asked_by: Option<AccountId>,
    /// When somebody asked for it.
    pub asked_at: Timestamp,
    device: NewDevice,
    cancel: CancellationToken,
    seen: Mutex<TrialSeen>,
}

/// How far a test is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrialState {
    /// Somebody else has the line.
    #[default]
    Waiting,
    /// The line is opened, or open.
    Running,
    /// It is over.
    Ended,
}

impl TrialState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ended => "ended",
        }
    }
}

/// What is seen of a test.
#[derive(Debug, Clone, Default)]
pub struct TrialSeen {
    /// How far it is.
    pub state: TrialState,
    /// The line that is tried.
    pub line: String,
    /// What is done: `open`, `identify`, `clock`, `current`, `close`.
    pub phase: String,
    /// Milliseconds since it has the line at which the phase began.
    pub phase_at_ms: u64,
    /// Bytes to and from the meter until the phase began.
    pub moved: (u64, u64),
    /// What was done, of the last line that was tried.
    pub phases: Vec<Phase>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// Who answered.
    pub identity: Option<Identity>,
    /// Its clock.
    pub clock: Option<ClockSeen>,
    /// Columns and current values.
    pub values: Vec<(Arc<[Column]>, Record)>,
    /// Every byte, wait and remark, without secrets.
    pub trace: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// The tests of late.
#[derive(Debug, Default)]
pub struct Trials {
    number: AtomicU64,
    kept: Mutex<VecDeque<Arc<Trial>>>,
}

impl Trials {
    /// A test that has not begun, unless there are too many.
    pub fn put(&self, device: NewDevice, asked_by: Option<AccountId>, now: Timestamp) -> Option<Arc<Trial>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = |trial: &&Arc<Trial>| trial.lock().state != TrialState::Ended;
        if kept.iter().filter(runs).count() >= limits::TRIALS {
            return None;
        }
        // Those that run are few and new: what is forgotten is over.
        kept.truncate(limits::TRIALS_KEPT - 1);
        let trial = Arc::new(Trial {
            id: self.number.fetch_add(1, Ordering::Relaxed) + 1,
            asked_by,
            asked_at: now,
            device,
            cancel: CancellationToken::new(),
            seen: Mutex::default(),
        });
        kept.push_front(trial.clone());
        Some(trial)
    }

    /// A test of late.
    pub fn get(&self, id: u64) -> Option<Arc<Trial>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|trial| trial.id == id).cloned()
    }
}

impl Trial {
    /// What is seen of it now.
    pub fn seen(&self) -> TrialSeen {
        self.lock().clone()
    }

    /// Ends it.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, TrialSeen> {
        // Every change is whole in itself, whoever panicked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut TrialSeen)) {
        change(&mut self.lock());
    }

    fn end(&self, outcome: Outcome, detail: Option<String>, at: Timestamp) {
        self.change(|seen| {
            seen.state = TrialState::Ended;
            seen.outcome = Some(outcome);
            seen.detail = detail;
            seen.ended_at = Some(at);
        });
    }
}

/// Carries a test out: over the first way, and over the next while the device is not reached.
pub async fn carry_out(tools: Tools, trial: Arc<Trial>) {
    let device = &trial.device;
    let mut ended = (Outcome::BadConfig, Some("there is no way to the device".to_owned()));
    match tools.registry.get(&device.driver) {
        None => {
            let text = format!("driver {:?} is not loaded", device.driver);
            ended = (Outcome::DriverFault, Some(text));
        }
        Some(driver) => {
            for route in &device.routes {
                ended = attempt(&tools, &trial, route, &driver)
                    .await
                    .unwrap_or_else(|(outcome, text)| (outcome, Some(text)));
                if !ended.0.is_no_connection() || trial.cancel.is_cancelled() {
                    break;
                }
            }
        }
    }
    trial.end(ended.0, ended.1, tools.store.now());
}

type Refused = (Outcome, String);

async fn attempt(
    tools: &Tools,
    trial: &Trial,
    route: &NewRoute,
    driver: &Arc<Driver>,
) -> Result<(Outcome, Option<String>), Refused> {
    trial.change(|seen| {
        *seen = TrialSeen {
            line: route.address.to_string(),
            ..TrialSeen::default()
        };
    });
    let order = order(tools, trial, route, driver).map_err(|text| (Outcome::BadConfig, text))?;
    let turn = tokio::select! {
        biased;
        () = tools.stopping.cancelled() => return Err((Outcome::Cancelled, "the host goes down".to_owned())),
        () = trial.cancel.cancelled() => return Err((Outcome::Cancelled, "stopped while the line was awaited".to_owned())),
        turn = timeout(limits::TRIAL_WAIT, tools.desk.turn(&route.address)) => turn,
    };
    let turn = turn.map_err(|_| {
        let seconds = limits::TRIAL_WAIT.as_secs();
        let text = format!(
            "line {} had another session for {seconds} s: try again later",
            route.address
        );
        (Outcome::LineBusy, text)
    })?;
    let turn = turn.map_err(|full| (Outcome::NoSlot, full.to_string()))?;
    trial.change(|seen| seen.state = TrialState::Running);
    let begun = tokio::time::Instant::now();
    let watch = |phase: &str, usage: &Usage| {
        trial.change(|seen| {
            seen.phase = phase.to_owned();
            seen.phase_at_ms = milliseconds(begun.elapsed());
            seen.moved = (usage.bytes_sent, usage.bytes_received);
        });
    };
    let keep = Keep::default();
    let report = run(turn, order, Box::new(keep.clone()), &watch).await;
    Ok(told(trial, report, &keep))
}

fn order(tools: &Tools, trial: &Trial, route: &NewRoute, driver: &Arc<Driver>) -> Result<Order, String> {
    let device = &trial.device;
    let describe = &driver.describe;
    let settings = route.settings.or(driver.line_settings());
    let settings = settings.ok_or("neither route nor driver has line settings")?;
    let rule = (device.clock_rule.as_deref(), device.model.as_deref());
    let task = |task| Assignment {
        task,
        spans: Vec::new(),
        resume: None,
    };
    let budget = driver.budget();
    Ok(Order {
        config: check_config(describe, &device.config).map_err(|fault| fault.to_string())?,
        over: Over::Line(
            tools.transport.clone(),
            Way {
                address: route.address.clone(),
                settings,
                options: route.options.unwrap_or_default(),
            },
        ),
        clock: clock_of(&device.site.time_zone, rule, describe)?,
        serial: device.serial.clone(),
        model: device.model.clone(),
        tasks: vec![task(Task::Clock), task(Task::Current)],
        set_clock: None,
        act: None,
        memory: std::collections::BTreeMap::new(),
        budget: Budget {
            wall: limits::TRIAL_WALL.min(tools.wall),
            ..budget
        },
        answers_within: None,
        cancel: trial.cancel.clone(),
        started_at: tools.store.now(),
        driver: driver.clone(),
    })
}

/// What a session came to.
fn told(trial: &Trial, report: Report, keep: &Keep) -> (Outcome, Option<String>) {
    let taken = keep.take();
    let tables = taken.tables.into_iter();
    let rows = tables.flat_map(|table| {
        let columns = table.columns;
        table.records.into_iter().map(move |record| (columns.clone(), record))
    });
    let values = rows.take(limits::TRIAL_VALUES).collect();
    let mut trace = report.trace;
    if let Some((cut, _)) = trace.char_indices().nth(limits::TRIAL_TRACE_CHARACTERS) {
        trace.truncate(cut);
    }
    let moved = (report.usage.bytes_sent, report.usage.bytes_received);
    trial.change(|seen| {
        seen.phases = report.phases;
        seen.identity = report.identity;
        seen.clock = report.clock;
        seen.values = values;
        seen.moved = moved;
        seen.trace = trace;
    });
    (report.outcome, report.detail)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
