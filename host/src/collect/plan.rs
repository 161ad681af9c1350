//! What a session with a device has to do: its tasks with the gaps of its archives.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::driver::Driver;
use crate::driver::describe::{ClockRuleWord, Describe, Model};
use crate::model::{Absence, ArchiveKind, ClockRule, LineId, SessionId, Span, Task, place};
use crate::schedule::{Want, gaps, reach};
use crate::session::Assignment;
use crate::store::{Coverage, PollDevice, Reader, StoreError};

/// A device as the collector knows it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// From the store.
    pub device: Arc<PollDevice>,
    /// Device minus host when its clock was last read, milliseconds; none: it was not read yet.
    pub offset_ms: Option<i64>,
    /// Whether it is read again because its clock was otherwise than its last session had been planned for.
    pub read_again: bool,
}

impl Planned {
    /// The line of the first way to it.
    pub fn line(&self) -> Option<LineId> {
        self.device.routes.first().map(|route| route.line)
    }
}

/// How a device's clock relates to UTC: as the device is configured, else as its model says.
pub fn clock_rule(device: &PollDevice, describe: &Describe) -> Result<ClockRule, String> {
    let rule = (device.clock_rule.as_deref(), device.model.as_deref());
    clock_of(&device.time_zone, rule, describe)
}

/// The same by the zone of the site, what is said of the clock, and the model.
pub fn clock_of(
    zone: &str,
    (rule, model): (Option<&str>, Option<&str>),
    describe: &Describe,
) -> Result<ClockRule, String> {
    let zone = TimeZone::get(zone).map_err(|error| format!("time zone {zone:?} of the site: {error}"))?;
    let follows = match rule {
        Some("zone") => true,
        Some(_) => false,
        None => models(model, describe)
            .next()
            .is_some_and(|model| model.clock_rule == ClockRuleWord::Zone),
    };
    Ok(if follows {
        ClockRule::Zone(zone)
    } else {
        ClockRule::Standard(zone)
    })
}

/// The model that answered before, or all that may answer.
fn models<'a>(model: Option<&'a str>, describe: &'a Describe) -> impl Iterator<Item = &'a Model> {
    let known = model.is_some_and(|id| describe.models.iter().any(|model| model.id == id));
    describe
        .models
        .iter()
        .filter(move |each| !known || model == Some(&*each.id))
}

/// How many intervals of an archive the device holds at most; none: it has no such archive.
pub fn depth(device: &PollDevice, describe: &Describe, kind: ArchiveKind) -> Option<u32> {
    let word = kind.to_string();
    models(device.model.as_deref(), describe)
        .flat_map(|model| &model.archives)
        .filter(|archive| archive.kind == word)
        .map(|archive| archive.depth)
        .max()
}

/// What is wanted of a session.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is read.
    pub tasks: Vec<Task>,
    /// The part of the archives that somebody asked for; none: their gaps.
    pub span: Option<Span>,
    /// Whether the driver is on trial.
    pub on_trial: bool,
}

/// What the session is asked to do: `tasks`, of its archives the `span` that somebody asked for, or their gaps.
pub async fn assignments(
    store: &mut Reader,
    planned: &Planned,
    driver: &Driver,
    clock: &ClockRule,
    now: Timestamp,
    wanted: &Wanted,
) -> Result<Vec<Assignment>, StoreError> {
    let device = &planned.device;
    let Wanted { tasks, span, on_trial } = wanted;
    let mut tasks = tasks.clone();
    // The clock first: it says how far to trust the labels of what follows.
    tasks.sort_by_key(|task| *task != Task::Clock);
    let mut assignments = Vec::with_capacity(tasks.len());
    for task in tasks {
        let Task::Archive(kind) = task else {
            let spans = if task == Task::Events {
                span.iter().copied().collect()
            } else {
                Vec::new()
            };
            assignments.push(Assignment {
                task,
                spans,
                resume: None,
            });
            continue;
        };
        let Some(depth) = depth(device, &driver.describe, kind) else {
            continue;
        };
        let spans = match *span {
            Some(span) => vec![span],
            None => {
                let (gaps, newest) = gaps_of(store, planned, (kind, depth), clock, now).await?;
                // First what is stored: a driver that reads it otherwise is not to be trusted with the rest.
                newest
                    .filter(|_| *on_trial)
                    .map(|span| recheck(kind, span))
                    .into_iter()
                    .chain(gaps)
                    .collect()
            }
        };
        if spans.is_empty() {
            continue;
        }
        let windows_asked = windows_text(&spans);
        let resume = store.resume(device.id, &driver.digest, kind).await?;
        let resume = resume
            .filter(|(windows, _)| *windows == windows_asked)
            .map(|(_, token)| token);
        assignments.push(Assignment { task, spans, resume });
    }
    Ok(assignments)
}

/// The gaps of an archive of `depth` records as the store knows it now, and the newest record.
async fn gaps_of(
    store: &mut Reader,
    planned: &Planned,
    (kind, depth): (ArchiveKind, u32),
    clock: &ClockRule,
    now: Timestamp,
) -> Result<(Vec<Span>, Option<Span>), StoreError> {
    let mut want = Want {
        kind,
        depth,
        clock,
        now,
        offset_ms: planned.offset_ms.unwrap_or(0),
    };
    loop {
        let from = oldest(kind, want.depth, now);
        let Coverage { records, absences } = store.coverage(planned.device.id, kind, from).await?;
        let without: Vec<Span> = absences
            .iter()
            .filter(|(_, why)| matches!(why, Absence::NeverWritten | Absence::DeviceOff))
            .map(|(span, _)| *span)
            .collect();
        let reach = reach(want, depth, &records, &without);
        if reach > want.depth {
            // Further back there may be more of them. It ends: the reach has its limit.
            want.depth = reach;
            continue;
        }
        let absent: Vec<Span> = absences.iter().map(|(span, _)| *span).collect();
        let newest = records.iter().max_by_key(|span| span.end).copied();
        return Ok((gaps(want, &records, &absent), newest));
    }
}

/// Whether an archive turned out to reach further back than where `asked` began, for there are intervals in it without a
/// record: what is there is read before the ring overwrites it.
pub async fn reaches_further(
    store: &mut Reader,
    planned: &Planned,
    driver: &Driver,
    clock: &ClockRule,
    now: Timestamp,
    asked: &[Assignment],
) -> Result<bool, StoreError> {
    for Assignment { task, spans, .. } in asked {
        let first = spans.iter().map(|span| span.start).min();
        let (&Task::Archive(kind), Some(first)) = (task, first) else {
            continue;
        };
        let Some(depth) = depth(&planned.device, &driver.describe, kind) else {
            continue;
        };
        let (gaps, _) = gaps_of(store, planned, (kind, depth), clock, now).await?;
        if gaps.iter().any(|span| span.start < first) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Intervals that a driver on trial reads once more, of each archive.
const RECHECKED: i64 = 3;

/// The last intervals of what is stored.
fn recheck(kind: ArchiveKind, stored: Span) -> Span {
    let from = place::length(kind).checked_mul(RECHECKED).ok();
    let from = from.and_then(|back| stored.end.to_zoned(TimeZone::UTC).checked_sub(back).ok());
    let from = from.map_or(stored.start, |from| from.timestamp());
    Span {
        start: from.max(stored.start),
        end: stored.end,
    }
}

/// Where the ring of an archive began, with an interval to spare.
fn oldest(kind: ArchiveKind, depth: u32, now: Timestamp) -> Timestamp {
    let back = place::length(kind).checked_mul(i64::from(depth).saturating_add(2));
    back.ok()
        .and_then(|back| now.to_zoned(TimeZone::UTC).checked_sub(back).ok())
        .map_or(Timestamp::UNIX_EPOCH, |oldest| oldest.timestamp())
}

/// The spans as text: a resume token is only good for the same ones.
pub fn windows_text(spans: &[Span]) -> String {
    let mut text = String::new();
    for span in spans {
        text.push_str(&format!("{}-{} ", span.start.as_second(), span.end.as_second()));
    }
    text
}

/// A running job, so that it can be found and ended.
#[derive(Debug, Clone)]
pub struct Current {
    /// Its session, once it has one.
    pub session: Option<SessionId>,
    /// Ends it.
    pub cancel: tokio_util::sync::CancellationToken,
    /// The group in which it is counted, once it runs.
    pub group: Option<i64>,
    /// Whether it is counted among the sessions of big drivers.
    pub is_big: bool,
}
