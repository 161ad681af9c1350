//! A recorded session held natively: the driver's crate over the recorded line, called as the host calls it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use uzel::driver::env::Medium;
use uzel::model::{ArchiveKind as Kind, ClockRule, Task};
use uzel::portable::{Trust, unpack};
use uzel::session::{Asked, Assignment, Replay, Script};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Diagnostics, Driver, Failure, Window};

use super::port::Line;
use crate::native;

/// What was asked in a recorded session, and what the line carried.
pub struct Held {
    config: String,
    tasks: Vec<Assignment>,
    clock: ClockRule,
    started_at: Timestamp,
    medium: Medium,
    script: Script,
}

/// What a driver does beyond the required interface.
type Extra<D> = fn(&mut D, &mut Line, Task, Option<CivilTime>, &mut Collected) -> Result<(), Failure>;

impl Held {
    /// Reads a recording as `uzel read --save` writes it.
    pub fn open(bytes: &[u8]) -> Result<Self> {
        let package = unpack(bytes, Trust::Anybody)?;
        let asked: Asked = serde_json::from_value(package.manifest.asked)?;
        Ok(Self {
            config: asked.config.to_string(),
            tasks: asked.assignments()?,
            clock: asked.clock()?,
            started_at: asked.started_at()?,
            medium: asked.medium()?,
            script: Script::parse(&package.reading.trace)?,
        })
    }

    fn civil(&self, at: Timestamp) -> CivilTime {
        native::civil(self.clock.civil(at))
    }
}

/// The median time of `rounds` sessions, and the values of one.
pub fn measure(held: &Held, hold: fn(&Held) -> Result<usize>, rounds: u32) -> Result<(Duration, usize)> {
    let mut times = Vec::new();
    let mut values = 0;
    for _ in 0..rounds {
        let begun = Instant::now();
        values = hold(held)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().context("at least one round")?;
    Ok((median, values))
}

/// A driver without journals and settings.
pub fn plain<D: Driver>(held: &Held) -> Result<usize> {
    hold::<D>(held, |_, _, _, _, _| {
        Err(Failure::Unsupported("no such interface".to_owned()))
    })
}

/// A driver with them.
pub fn whole<D: Diagnostics>(held: &Held) -> Result<usize> {
    hold::<D>(held, |driver, line, task, since, out| match task {
        Task::Events => driver.read_events(line, since, out),
        _ => driver.read_settings(line).map(drop),
    })
}

fn hold<D: Driver>(held: &Held, extra: Extra<D>) -> Result<usize> {
    let replay = Replay::new(held.script.clone(), held.medium);
    let mut line = Line::new(replay, held.started_at);
    let (mut driver, mut out) = (D::default(), Collected::default());
    let failed = |failure: Failure| anyhow!("the driver says {failure:?}");
    driver.identify(&mut line, &held.config).map_err(failed)?;
    for assignment in &held.tasks {
        let windows: Vec<_> = assignment
            .spans
            .iter()
            .map(|span| Window {
                begin: held.civil(span.start),
                end: held.civil(span.end),
            })
            .collect();
        let done = match assignment.task {
            Task::Clock => driver.read_clock(&mut line).map(drop),
            Task::Current => driver.read_current(&mut line, &mut out),
            Task::Totals => driver.read_totals(&mut line, &mut out),
            Task::Archive(kind) => driver.read_archive(&mut line, archive(kind), &windows, None, &mut out),
            Task::Events | Task::Settings => {
                let since = windows.first().map(|window| window.begin);
                extra(&mut driver, &mut line, assignment.task, since, &mut out)
            }
        };
        match done {
            // A meter may lack a thing: the session goes on, as in the host.
            Ok(()) | Err(Failure::Unsupported(_) | Failure::Refused(_)) => {}
            Err(failure) => return Err(failed(failure)),
        }
    }
    driver.close(&mut line);
    let cells =
        |table: &uzel_driver_sdk::recording::Table| table.rows.iter().map(|row| row.values.len()).sum::<usize>();
    Ok(out.tables.iter().map(cells).sum())
}

fn archive(kind: Kind) -> ArchiveKind {
    match kind {
        Kind::Hourly => ArchiveKind::Hourly,
        Kind::Daily => ArchiveKind::Daily,
        Kind::Monthly => ArchiveKind::Monthly,
        Kind::Yearly => ArchiveKind::Yearly,
        Kind::TenDays => ArchiveKind::TenDays,
        Kind::EveryMinutes(minutes) => ArchiveKind::EveryMinutes(minutes),
    }
}
