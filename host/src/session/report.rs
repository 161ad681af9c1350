//! What is told of a session: its phases, who answered, what it used.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::asked::Asked;
use super::set_clock::ClockSetting;
use crate::driver::{CallError, ClockReading, Identity, Running, Secrets, Usage};
use crate::model::{Acted, Civil, ClockRule, Outcome, Setting};

/// The device's clock beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// What it showed.
    pub shown: Civil,
    /// When, by our clock.
    pub at: Timestamp,
    /// Device minus host, milliseconds.
    pub offset_ms: i64,
    /// Give or take.
    pub uncertainty_ms: u32,
}

/// One step of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// `open`, `identify`, a task's word, `set-clock`, `check`, `write`, `read-back`, `close`.
    pub name: String,
    /// Since the session started.
    pub started_ms: u64,
    /// Since the session started.
    pub ended_ms: u64,
    /// None: done.
    pub failed: Option<(Outcome, String)>,
    /// What it came to, where that is more than done or failed.
    pub said: Option<String>,
    /// Rows and events that it gave.
    pub rows: u64,
}

/// How a session went.
#[derive(Debug)]
pub struct Report {
    /// What was asked of the device; none when the line did not open.
    pub asked: Option<Asked>,
    /// How it ended.
    pub outcome: Outcome,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// Who answered.
    pub identity: Option<Identity>,
    /// Its clock, before it was set.
    pub clock: Option<ClockSeen>,
    /// What was done about its clock, when it was off and there is a policy.
    pub clock_setting: Option<ClockSetting>,
    /// What a step of changing it came to.
    pub acted: Option<Acted>,
    /// Its settings, when they were asked for.
    pub settings: Option<Vec<Setting>>,
    /// Steps in order.
    pub phases: Vec<Phase>,
    /// What it used.
    pub usage: Usage,
    /// Processor time.
    pub busy: Duration,
    /// Wall time.
    pub wall: Duration,
    /// How long a call was up that somebody pays for.
    pub on_line: Duration,
    /// Faults of the driver that did not end it.
    pub faults: Vec<String>,
    /// The wire trace.
    pub trace: String,
    /// What the driver wants remembered, when it changed.
    pub memory: Option<BTreeMap<String, Vec<u8>>>,
}

impl Report {
    /// Of a session that could not begin.
    pub fn failed(outcome: Outcome, text: String) -> Self {
        Self {
            outcome,
            detail: Some(text),
            ..Self::new()
        }
    }

    /// Takes secrets out of all that is written down.
    pub(super) fn hide(&mut self, secrets: &Secrets) {
        let texts = self.detail.iter_mut().chain(&mut self.faults);
        let phases = self.phases.iter_mut();
        let phases = phases.flat_map(|phase| phase.said.iter_mut().chain(phase.failed.as_mut().map(|(_, text)| text)));
        let settings = self.clock_setting.iter_mut().map(|setting| &mut setting.text);
        let acted = self.acted.iter_mut().map(|acted| &mut acted.text);
        for text in texts.chain(phases).chain(settings).chain(acted) {
            *text = secrets.mask(text);
        }
        self.trace = secrets.mask_trace(std::mem::take(&mut self.trace));
    }

    /// Of a session that has done nothing yet.
    pub(super) fn new() -> Self {
        Self {
            asked: None,
            outcome: Outcome::Complete,
            detail: None,
            identity: None,
            clock: None,
            clock_setting: None,
            acted: None,
            settings: None,
            phases: Vec::new(),
            usage: Usage::default(),
            busy: Duration::ZERO,
            wall: Duration::ZERO,
            on_line: Duration::ZERO,
            faults: Vec::new(),
            trace: String::new(),
            memory: None,
        }
    }
}

/// Told at the start of each phase.
pub type Watch<'a> = &'a (dyn Fn(&str, &Usage) + Sync);

pub(super) fn clock_seen(rule: &ClockRule, reading: ClockReading) -> Option<ClockSeen> {
    let shown_at = rule.instant(reading.shown)?;
    Some(ClockSeen {
        shown: reading.shown,
        at: reading.at,
        offset_ms: shown_at.as_millisecond() - reading.at.as_millisecond(),
        uncertainty_ms: reading.uncertainty_ms,
    })
}

/// A phase being measured.
pub(super) struct Step {
    name: String,
    started_ms: u64,
    rows: u64,
}

impl Step {
    pub(super) fn begin(name: &str, running: &Running, watch: Watch<'_>) -> Self {
        let usage = running.usage();
        watch(name, usage);
        Self {
            name: name.to_owned(),
            started_ms: running.at_ms(),
            rows: usage.rows,
        }
    }

    pub(super) fn end<T>(
        self,
        running: &Running,
        report: &mut Report,
        result: Result<T, CallError>,
    ) -> Result<T, CallError> {
        let failed = match &result {
            Ok(_) => None,
            Err(CallError::Failure(failure)) => Some((failure.outcome, failure.text.clone())),
            Err(CallError::Ended(outcome, text)) => Some((*outcome, text.clone())),
        };
        report.phases.push(Phase {
            name: self.name,
            started_ms: self.started_ms,
            ended_ms: running.at_ms(),
            failed,
            said: None,
            rows: running.usage().rows - self.rows,
        });
        result
    }

    /// Ends a phase that is told by more than whether it failed.
    pub(super) fn end_saying<T>(
        self,
        words: String,
        running: &Running,
        report: &mut Report,
        result: Result<T, CallError>,
    ) -> Result<T, CallError> {
        let result = self.end(running, report, result);
        if let Some(phase) = report.phases.last_mut() {
            phase.said = Some(words);
        }
        result
    }
}
