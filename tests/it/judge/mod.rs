//! Judges what the host read by what the simulated meter holds: every value, label, interval and condition.

mod held;
mod seen;
mod tagged;
mod tsrv;

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use meter_sim::Handle;
use uzel::model::{ArchiveKind, ClockRule, Quality, RecordKind};

pub use held::{HALF_HOURS, Held, Model};
pub use seen::{Seen, SeenCell, from_store, from_store_since, from_taken};

/// The truth about one meter at the moment of the judge's making.
pub struct Judge {
    model: Model,
    held: Vec<(RecordKind, Vec<Held>)>,
    now: DateTime,
    /// How the meter's clock goes, where it follows summer time.
    rule: Option<ClockRule>,
}

const HALF_HOURLY: RecordKind = RecordKind::Archive(HALF_HOURS);
const HOURLY: RecordKind = RecordKind::Archive(ArchiveKind::Hourly);
const DAILY: RecordKind = RecordKind::Archive(ArchiveKind::Daily);
const MONTHLY: RecordKind = RecordKind::Archive(ArchiveKind::Monthly);

impl Judge {
    /// Of the only meter of a line.
    pub fn of(model: Model, meter: &Handle) -> Self {
        Self::of_place(model, meter, 0)
    }

    /// Of meter `place` of a bus, counted from 0.
    pub fn of_place(model: Model, meter: &Handle, place: usize) -> Self {
        let kinds = [
            RecordKind::Current,
            RecordKind::Totals,
            HALF_HOURLY,
            HOURLY,
            DAILY,
            MONTHLY,
        ];
        let held = kinds.map(|kind| (kind, held::records(model, meter, place, kind)));
        Self {
            model,
            held: held.into(),
            now: meter.clock_of(place).now(),
            rule: None,
        }
    }

    /// The same of a meter whose clock goes by this rule: 02:00 and 03:00 of a day of spring are the same.
    pub fn by(mut self, rule: &ClockRule) -> Self {
        self.rule = Some(rule.clone());
        let ends = self.held.iter_mut().flat_map(|(_, held)| held);
        for held in ends {
            held.end = as_shown(rule, held.end);
        }
        self
    }

    /// What kind of meter it is.
    pub fn model(&self) -> Model {
        self.model
    }

    /// What the meter holds of a kind.
    pub fn held(&self, kind: RecordKind) -> &[Held] {
        let found = self.held.iter().find(|(known, _)| *known == kind);
        found.map(|(_, held)| held.as_slice()).unwrap_or_default()
    }

    /// Everything in which records differ from the meter, one sentence each.
    pub fn wrong(&self, seen: &[Seen]) -> Vec<String> {
        seen.iter().flat_map(|record| self.wrong_in(record)).collect()
    }

    fn wrong_in(&self, seen: &Seen) -> Vec<String> {
        let name = format!("{} {} to {}", seen.kind, seen.start, seen.end);
        let held = match seen.kind {
            RecordKind::Archive(_) => {
                let mut held = self.held(seen.kind).iter();
                held.find(|held| (held.start, held.end) == (seen.start, seen.end))
            }
            _ => self.held(seen.kind).first(),
        };
        let Some(held) = held else {
            return vec![format!("{name}: the meter has no such record")];
        };
        let mut wrong = self.wrong_label(seen);
        wrong.extend(seen.cells.iter().filter_map(|cell| held.contradicts(cell)));
        wrong.extend(held.lacking(seen));
        let told: BTreeSet<_> = seen.conditions.iter().cloned().collect();
        if told != held.conditions {
            wrong.push(format!("conditions {told:?}, the meter has {:?}", held.conditions));
        }
        wrong.iter().map(|what| format!("{name}: {what}")).collect()
    }

    fn wrong_label(&self, seen: &Seen) -> Vec<String> {
        let hour = |time: DateTime| time.date().at(time.hour(), 0, 0, 0);
        let want = match (seen.kind, self.model) {
            (RecordKind::Archive(_), Model::Vkt4 | Model::Vkt5 | Model::Vkt7 | Model::Vkt9) => seen.start,
            (RecordKind::Archive(_), _) => seen.end,
            // These totals are those of the last full hour.
            (RecordKind::Totals, Model::Vkt7 | Model::Vkt4) => hour(self.now),
            // Its clock has no minutes: the moment is the host's.
            (RecordKind::Current, Model::Vkt4) => return Vec::new(),
            _ => self.now,
        };
        let is_moment = !matches!(seen.kind, RecordKind::Archive(_));
        let mut wrong = Vec::new();
        let shown = |label| self.rule.as_ref().map_or(label, |rule| as_shown(rule, label));
        if seen.label.map(shown) != Some(want) {
            wrong.push(format!("label {:?}, the meter's is {want}", seen.label));
        }
        if is_moment && (seen.start, seen.end) != (want, want) {
            wrong.push(format!("a moment at {want} lasts"));
        }
        wrong
    }

    /// Archive records that begin from `from` on, before `to`, and that nobody read.
    pub fn unread(&self, kind: ArchiveKind, from: DateTime, to: DateTime, seen: &[Seen]) -> Vec<DateTime> {
        let kind = RecordKind::Archive(kind);
        let read: BTreeSet<DateTime> = seen.iter().filter(|s| s.kind == kind).map(|s| s.start).collect();
        let wanted = self.held(kind).iter().filter(|held| (from..to).contains(&held.start));
        wanted
            .map(|held| held.start)
            .filter(|start| !read.contains(start))
            .collect()
    }

    /// Records that the meter holds within a span that was said to be empty.
    pub fn denied(&self, kind: ArchiveKind, from: DateTime, to: DateTime) -> Vec<String> {
        let held = self.held(RecordKind::Archive(kind)).iter();
        let denied = held.filter(|held| from <= held.start && held.end <= to);
        denied
            .map(|held| format!("{kind} {} was said to be absent", held.start))
            .collect()
    }
}

/// What the clock shows at the instant at which it would show `civil`.
fn as_shown(rule: &ClockRule, civil: DateTime) -> DateTime {
    rule.instant(civil).map_or(civil, |instant| rule.civil(instant))
}

/// How many values records have that are no absence.
pub fn values(seen: &[Seen]) -> usize {
    let cells = seen.iter().flat_map(|record| &record.cells);
    cells.filter(|cell| cell.quality != Quality::Absent).count()
}
