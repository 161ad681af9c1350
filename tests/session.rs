//! One session with one meter, without store and schedule: the driver in its sandbox over a real line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use uzel::driver::env::Budget;
use uzel::driver::{Driver, check_config};
use uzel::model::{ArchiveKind, ClockRule, LineAddress, LineOptions, LineSettings, Parity, Span, Task};
use uzel::session::{Assignment, Desk, Keep, Order, Over, Report, SetClock, Transport, Way, run};

pub use uzel::model::Table;
pub use uzel::session::Taken;

/// A read to be made.
pub struct Read {
    driver: Arc<Driver>,
    address: LineAddress,
    config: serde_json::Value,
    tasks: Vec<Assignment>,
    clock: ClockRule,
    serial: Option<String>,
    settings: Option<LineSettings>,
    options: LineOptions,
    set_clock: Option<SetClock>,
    started_at: Option<Timestamp>,
    /// What it may use.
    pub budget: Budget,
    /// Ends it.
    pub cancel: CancellationToken,
    /// Opens the line.
    pub transport: Arc<Transport>,
}

impl Read {
    /// Of the meter at `address`, whose zone is UTC.
    pub fn new(driver: Arc<Driver>, address: LineAddress, config: serde_json::Value) -> Self {
        Self {
            budget: Budget {
                wall: Duration::from_secs(600),
                ..driver.budget()
            },
            driver,
            address,
            config,
            tasks: Vec::new(),
            clock: ClockRule::Standard(TimeZone::UTC),
            serial: None,
            settings: None,
            // Simulated lines hold nothing for somebody else.
            options: LineOptions {
                settle_ms: Some(0),
                ..LineOptions::default()
            },
            set_clock: None,
            started_at: None,
            cancel: CancellationToken::new(),
            transport: Arc::default(),
        }
    }

    /// Asks for something without a range.
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(Assignment {
            task,
            spans: Vec::new(),
            resume: None,
        });
        self
    }

    /// Asks for a part of an archive, meter time.
    pub fn archive(mut self, kind: ArchiveKind, from: DateTime, to: DateTime) -> Self {
        let instant = |civil| self.clock.instant(civil).expect("test dates are in the calendar");
        let spans = vec![Span {
            start: instant(from),
            end: instant(to),
        }];
        self.tasks.push(Assignment {
            task: Task::Archive(kind),
            spans,
            resume: None,
        });
        self
    }

    /// The serial number that must answer.
    pub fn serial(mut self, serial: &str) -> Self {
        self.serial = Some(serial.to_owned());
        self
    }

    /// How the line is set, if not as the driver says.
    pub fn settings(mut self, settings: &str) -> Self {
        self.settings = Some(settings.parse().unwrap_or_else(|error| panic!("{error}")));
        self
    }

    /// What else the line needs.
    pub fn options(mut self, options: &str) -> Self {
        self.options = options.parse().unwrap_or_else(|error| panic!("{error}"));
        self
    }

    /// Lets the session set the clock behind its tasks, as if it began when a right clock showed `now`.
    pub fn set_clock(mut self, set_clock: SetClock, now: DateTime) -> Self {
        self.started_at = self.clock.instant(now);
        self.set_clock = Some(set_clock);
        self
    }

    /// Reads.
    pub async fn run(self) -> (Report, Taken) {
        let config = check_config(&self.driver.describe, &self.config).unwrap_or_else(|fault| panic!("{fault}"));
        let default = LineSettings {
            baud: 9_600,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
        };
        let keep = Keep::default();
        let way = Way {
            address: self.address.clone(),
            settings: self.settings.or(self.driver.line_settings()).unwrap_or(default),
            options: self.options,
        };
        let order = Order {
            over: Over::Line(self.transport, way),
            driver: self.driver,
            config,
            clock: self.clock,
            serial: self.serial,
            model: None,
            tasks: self.tasks,
            set_clock: self.set_clock,
            act: None,
            memory: BTreeMap::new(),
            budget: self.budget,
            answers_within: None,
            cancel: self.cancel,
            started_at: self.started_at.unwrap_or_else(Timestamp::now),
        };
        let turn = Desk::new(1).turn(&self.address).await.expect("the desk is empty");
        let report = run(turn, order, Box::new(keep.clone()), &|_, _| {}).await;
        (report, keep.take())
    }
}
