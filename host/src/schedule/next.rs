//! When a device is read again, and what then.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{DeviceId, Outcome, Schedule, Task};

/// First wait after a failure; it doubles with each further one, up to the device's own period.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// The longest wait after failures of a device that is read by a calendar only.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);

/// What is known of a device's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// When the last began; none: never.
    pub started_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Sessions in a row that brought nothing.
    pub failures: u32,
    /// Start of the last session that did what an entry of the schedule says, by the entry's text.
    pub done: HashMap<String, Timestamp>,
}

/// A device as its next session is found.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// Which.
    pub device: DeviceId,
    /// When it is read, and what.
    pub schedule: &'a Schedule,
    /// Zone of its site, IANA name.
    pub zone: &'a str,
    /// How its sessions went.
    pub past: &'a Past,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Texts of the entries whose time has come.
    pub entries: Vec<String>,
    /// Their tasks, each once.
    pub tasks: Vec<Task>,
    /// The longest that one of them allows; none: no bound of its own.
    pub within_minutes: Option<u32>,
}

impl Read<'_> {
    /// When the next session is due; none: never again.
    ///
    /// A period is counted from the start of the last session that did the same, so that missed ones come to one; a
    /// failure is tried again sooner, ever more rarely, and never at the same moment as its neighbours. A session that
    /// the host's own end or its storage cut goes on at once: the device did nothing wrong.
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let first = self.times(now).map(|(_, at)| at).min()?;
        let held = self.held_until(now).unwrap_or(Timestamp::MIN);
        Some(first.max(held).max(now))
    }

    /// Everything whose time has come: what several entries ask for becomes one session.
    pub fn due(&self, now: Timestamp) -> Due {
        let mut due = Due {
            entries: Vec::new(),
            tasks: Vec::new(),
            within_minutes: Some(0),
        };
        for (index, at) in self.times(now) {
            let Some(entry) = self.schedule.entries().get(index).filter(|_| at <= now) else {
                continue;
            };
            due.entries.push(entry.to_string());
            for task in &entry.tasks {
                if !due.tasks.contains(task) {
                    due.tasks.push(*task);
                }
            }
            due.within_minutes = due.within_minutes.zip(entry.within_minutes).map(|(a, b)| a.max(b));
        }
        due.within_minutes = due.within_minutes.filter(|minutes| *minutes > 0);
        due
    }

    /// Each entry by its place, with the instant at which it is due.
    fn times(&self, now: Timestamp) -> impl Iterator<Item = (usize, Timestamp)> {
        self.schedule
            .entries()
            .iter()
            .enumerate()
            .filter_map(move |(index, entry)| {
                let at = match self.past.done.get(&entry.to_string()) {
                    None => now,
                    // Our clock was set back since: how long ago it was read, nobody knows.
                    Some(done) if *done > now => now,
                    Some(done) => entry
                        .rhythm
                        .next_after(*done, self.zone, self.spread(0).unsigned_abs())?,
                };
                Some((index, at))
            })
    }

    /// How long a failure keeps the device from being read.
    fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let Past {
            started_at,
            outcome,
            failures,
            ..
        } = self.past;
        let (started_at, outcome) = ((*started_at)?.min(now), (*outcome)?);
        if matches!(outcome, Outcome::Complete | Outcome::Partial)
            || (matches!(outcome, Outcome::Interrupted | Outcome::Storage) && *failures == 0)
        {
            return None;
        }
        let doubled = FIRST_WAIT
            .checked_mul(1 << failures.saturating_sub(1).min(16))
            .unwrap_or(LONGEST_WAIT);
        let jitter = self.spread(*failures) % (doubled.as_secs() / 4 + 1);
        let wait = (doubled + SignedDuration::from_secs(jitter)).min(self.longest_wait(now));
        started_at.checked_add(wait).ok()
    }

    fn longest_wait(&self, now: Timestamp) -> SignedDuration {
        let periods = self
            .schedule
            .entries()
            .iter()
            .map(|entry| entry.rhythm.period(self.zone, now));
        periods.min().unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
    }

    /// A number that differs between devices and between tries, and is the same whenever it is asked for.
    fn spread(&self, failures: u32) -> i64 {
        let mixed = (self.device.0 ^ (i64::from(failures) << 32)).wrapping_mul(0x5851_f42d_4c95_7f2d);
        mixed.rotate_left(23).wrapping_abs().max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hourly() -> Schedule {
        "every 60m: clock hourly".parse().unwrap()
    }

    fn past(schedule: &Schedule, started_at: Timestamp, outcome: Outcome, failures: u32) -> Past {
        let good = matches!(outcome, Outcome::Complete | Outcome::Partial);
        Past {
            started_at: Some(started_at),
            outcome: Some(outcome),
            failures,
            done: schedule
                .entries()
                .iter()
                .filter(|_| good)
                .map(|entry| (entry.to_string(), started_at))
                .collect(),
        }
    }

    fn read<'a>(device: i64, schedule: &'a Schedule, past: &'a Past) -> Read<'a> {
        Read {
            device: DeviceId(device),
            schedule,
            zone: "Europe/Moscow",
            past,
        }
    }

    #[test]
    fn a_device_is_read_in_its_period_and_sooner_after_a_failure() {
        let (start, schedule) = (at("2026-11-20T10:00:00Z"), hourly());
        let wait = |outcome, failures| {
            let past = past(&schedule, start, outcome, failures);
            let next = read(7, &schedule, &past)
                .next_at(start + SignedDuration::from_secs(1))
                .unwrap();
            (next - start).get_seconds()
        };
        assert_eq!(wait(Outcome::Complete, 0), 3_600);
        assert_eq!(wait(Outcome::Partial, 0), 3_600);
        assert!((60..=75).contains(&wait(Outcome::NoAnswer, 1)));
        assert!((240..=300).contains(&wait(Outcome::NoAnswer, 3)));
        assert_eq!(wait(Outcome::NoAnswer, 60), 3_600, "never rarer than its period");
    }

    #[test]
    fn a_new_device_and_one_long_overdue_are_read_now_and_once() {
        let (now, schedule) = (at("2026-11-20T10:00:00Z"), hourly());
        assert_eq!(read(1, &schedule, &Past::default()).next_at(now), Some(now));
        let long_ago = past(&schedule, now - SignedDuration::from_hours(50), Outcome::Complete, 0);
        assert_eq!(read(1, &schedule, &long_ago).next_at(now), Some(now));
        let after = past(&schedule, now, Outcome::Complete, 0);
        assert_eq!(
            read(1, &schedule, &after).next_at(now),
            Some(now + SignedDuration::from_hours(1)),
            "missed ones come to one"
        );
    }

    #[test]
    fn what_was_done_in_the_future_by_a_clock_that_was_set_back_is_done_again_now() {
        let (now, schedule) = (at("2026-11-20T10:00:00Z"), hourly());
        let ahead = now + SignedDuration::from_hours(50);
        let next = |outcome| {
            let past = past(&schedule, ahead, outcome, 1);
            read(1, &schedule, &past).next_at(now).unwrap()
        };
        assert_eq!(next(Outcome::Complete), now);
        assert!(next(Outcome::NoAnswer) <= now + SignedDuration::from_mins(2));
    }

    #[test]
    fn a_session_cut_by_the_host_goes_on_at_once_unless_the_device_failed_before() {
        let (now, schedule) = (at("2026-11-20T10:00:00Z"), hourly());
        let next = |outcome, failures| {
            let past = past(&schedule, now, outcome, failures);
            read(1, &schedule, &past).next_at(now).unwrap()
        };
        for outcome in [Outcome::Interrupted, Outcome::Storage] {
            assert_eq!(next(outcome, 0), now);
            assert!(next(outcome, 1) > now);
        }
    }

    #[test]
    fn entries_that_are_due_together_become_one_session() {
        let schedule: Schedule = "every 60m: clock hourly; 10 2 * * *: clock daily within 30m"
            .parse()
            .unwrap();
        let night = at("2026-11-20T23:10:00Z");
        let mut past = past(&schedule, at("2026-11-20T22:10:00Z"), Outcome::Complete, 0);
        let read_at = |past: &Past, now| {
            let read = read(1, &schedule, past);
            (read.next_at(now), read.due(now))
        };
        let (next, due) = read_at(&past, at("2026-11-20T22:30:00Z"));
        assert_eq!((next, due.tasks.len()), (Some(night), 0));
        let (_, due) = read_at(&past, night);
        let words: Vec<String> = due.tasks.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["clock", "hourly", "daily"]);
        assert_eq!(due.within_minutes, None, "the hourly entry has no bound");
        past.done.insert("every 60m: clock hourly".to_owned(), night);
        let (_, due) = read_at(&past, night);
        assert_eq!(due.entries, ["10 2 * * *: clock daily within 30m"]);
        assert_eq!(due.within_minutes, Some(30));
    }

    #[test]
    fn a_night_that_failed_is_tried_again_before_the_next() {
        let schedule: Schedule = "10 2 * * *: daily".parse().unwrap();
        let night = at("2026-11-20T23:10:00Z");
        let mut past = past(&schedule, night - SignedDuration::from_hours(24), Outcome::Complete, 0);
        (past.started_at, past.outcome, past.failures) = (Some(night), Some(Outcome::NoAnswer), 1);
        let again = read(1, &schedule, &past).next_at(night).unwrap();
        assert!(
            again > night && again <= night + SignedDuration::from_mins(2),
            "{again}"
        );
        past.failures = 40;
        assert_eq!(read(1, &schedule, &past).next_at(night), Some(night + LONGEST_WAIT));
    }
}
