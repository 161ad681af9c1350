//! When a device is read, and what.

use std::fmt;
use std::str::FromStr;

use cronexpr::{FallbackTimezoneOption, ParseOptions, parse_crontab_with};
use jiff::{SignedDuration, Timestamp};

use super::archive::ArchiveKind;
use super::task::Task;

/// The longest period, minutes: a month.
const LONGEST_MINUTES: u32 = 31 * 24 * 60;

/// Entries of one schedule: more is a mistake.
const ENTRIES: usize = 16;

/// When something is read again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rhythm {
    /// So many minutes after the start of the last time.
    EveryMinutes(u32),
    /// At the minutes of a crontab expression (five fields, without zone), in the time of the site. `H` stands for a
    /// number of the device's own, so that a thousand devices are not read in the same minute.
    Calendar(String),
}

/// One line of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// When.
    pub rhythm: Rhythm,
    /// What, in this order; the clock is read first in any case.
    pub tasks: Vec<Task>,
    /// Longest session, minutes; none: as long as any may take.
    pub within_minutes: Option<u32>,
}

/// When a device is read, and what.
///
/// As text: `every 60m: clock current hourly; H 2 * * *: daily monthly events within 30m`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schedule {
    entries: Vec<Entry>,
}

/// A schedule could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "schedule entry {entry:?}: {reason}; expected such as `every 60m: clock current hourly` or \
     `H 2 * * *: daily monthly within 30m`, entries separated by `;`"
)]
pub struct BadSchedule {
    entry: String,
    reason: String,
}

impl Schedule {
    /// The usual tasks every so many minutes.
    pub fn every(minutes: u32, tasks: Vec<Task>) -> Result<Self, BadSchedule> {
        Self::of(vec![Entry {
            rhythm: Rhythm::EveryMinutes(minutes),
            tasks,
            within_minutes: None,
        }])
    }

    /// A schedule of these entries.
    ///
    /// # Errors
    /// There is none, or one is not usable.
    pub fn of(entries: Vec<Entry>) -> Result<Self, BadSchedule> {
        let bad = |entry: &Entry, reason: String| BadSchedule {
            entry: entry.to_string(),
            reason,
        };
        if entries.is_empty() || entries.len() > ENTRIES {
            return Err(BadSchedule {
                entry: String::new(),
                reason: format!("{} entries, 1 to {ENTRIES} may be", entries.len()),
            });
        }
        for (index, entry) in entries.iter().enumerate() {
            if entry.tasks.is_empty() {
                return Err(bad(entry, "nothing would be read".to_owned()));
            }
            if entry
                .within_minutes
                .is_some_and(|minutes| !(1..=1_440).contains(&minutes))
            {
                return Err(bad(entry, "within must be 1m to 1440m".to_owned()));
            }
            if entries.iter().take(index).any(|other| other.rhythm == entry.rhythm) {
                return Err(bad(entry, "its time stands twice".to_owned()));
            }
            entry.rhythm.check().map_err(|reason| bad(entry, reason))?;
        }
        Ok(Self { entries })
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Everything that is read at some time, each once.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> = Vec::new();
        for task in self.entries.iter().flat_map(|entry| &entry.tasks) {
            if !tasks.contains(task) {
                tasks.push(*task);
            }
        }
        tasks
    }

    /// The minutes, when it is nothing but a period.
    pub fn every_minutes(&self) -> Option<u32> {
        match &*self.entries {
            [
                Entry {
                    rhythm: Rhythm::EveryMinutes(minutes),
                    ..
                },
            ] => Some(*minutes),
            _ => None,
        }
    }

    /// How long an archive waits for its next reading at most, from `now` on; none: it is not read.
    pub fn wait_for(&self, kind: ArchiveKind, zone: &str, now: Timestamp) -> Option<SignedDuration> {
        let reads = |entry: &&Entry| entry.tasks.contains(&Task::Archive(kind));
        let periods = self
            .entries
            .iter()
            .filter(reads)
            .map(|entry| entry.rhythm.period(zone, now));
        periods.min()
    }
}

impl Rhythm {
    /// The first time after `after`; none when there is none any more (the 30th of February).
    ///
    /// `spread` is the device's own number, `zone` the site's zone by its IANA name.
    pub fn next_after(&self, after: Timestamp, zone: &str, spread: u64) -> Option<Timestamp> {
        match self {
            Self::EveryMinutes(minutes) => after.checked_add(SignedDuration::from_mins((*minutes).into())).ok(),
            Self::Calendar(expression) => {
                let crontab = parse_crontab_with(&format!("{expression} {zone}"), options(spread)).ok()?;
                crontab.find_next(after).ok().map(|next| next.timestamp())
            }
        }
    }

    /// The longest time between two of its next times.
    pub fn period(&self, zone: &str, now: Timestamp) -> SignedDuration {
        const LOOKED_AT: usize = 8;
        if let Self::EveryMinutes(minutes) = self {
            return SignedDuration::from_mins((*minutes).into());
        }
        let mut longest = SignedDuration::ZERO;
        let mut at = now;
        for step in 0..LOOKED_AT {
            let Some(next) = self.next_after(at, zone, 0) else {
                break;
            };
            if step > 0 {
                longest = longest.max(at.duration_until(next));
            }
            at = next;
        }
        longest
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::EveryMinutes(minutes) if (1..=LONGEST_MINUTES).contains(minutes) => Ok(()),
            Self::EveryMinutes(minutes) => Err(format!("{minutes} minutes, expected 1 to {LONGEST_MINUTES}")),
            Self::Calendar(expression) => {
                let fields = expression.split_whitespace().count();
                if fields != 5 {
                    return Err(format!("{fields} fields of a calendar expression, expected 5"));
                }
                parse_crontab_with(&format!("{expression} UTC"), options(0))
                    .map(drop)
                    .map_err(|error| one_line(&error.to_string()))
            }
        }
    }
}

fn options(spread: u64) -> ParseOptions {
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::None;
    options.hashed_value = Some(spread);
    options
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let entries: Result<Vec<Entry>, BadSchedule> = text
            .split(';')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(str::parse)
            .collect();
        Self::of(entries?)
    }
}

impl FromStr for Entry {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let bad = |reason: &str| BadSchedule {
            entry: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (when, what) = text
            .split_once(':')
            .ok_or_else(|| bad("there is no `:` after its time"))?;
        let (what, within) = match what.split_once(" within ") {
            Some((what, within)) => {
                let minutes = minutes(within.trim()).ok_or_else(|| bad("within needs a time such as 30m"))?;
                (what, Some(minutes))
            }
            None => (what, None),
        };
        let rhythm = match when.trim().strip_prefix("every ") {
            Some(period) => {
                Rhythm::EveryMinutes(minutes(period.trim()).ok_or_else(|| bad("every needs a time such as 60m or 2h"))?)
            }
            None => Rhythm::Calendar(one_line(when)),
        };
        let tasks: Result<Vec<Task>, _> = what.split_whitespace().map(str::parse).collect();
        Ok(Self {
            rhythm,
            tasks: tasks.map_err(|error| bad(&error.to_string()))?,
            within_minutes: within,
        })
    }
}

/// `60m`, `2h`, `1d` or a bare number of minutes.
fn minutes(text: &str) -> Option<u32> {
    let (number, factor) = match text.strip_suffix(['m', 'h', 'd']) {
        Some(number) if text.ends_with('h') => (number, 60),
        Some(number) if text.ends_with('d') => (number, 1_440),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    number.trim().parse::<u32>().ok()?.checked_mul(factor)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<String> = self.entries.iter().map(ToString::to_string).collect();
        f.write_str(&entries.join("; "))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rhythm.fmt(f)?;
        f.write_str(":")?;
        for task in &self.tasks {
            write!(f, " {task}")?;
        }
        match self.within_minutes {
            Some(minutes) => write!(f, " within {minutes}m"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryMinutes(minutes) => write!(f, "every {minutes}m"),
            Self::Calendar(expression) => f.write_str(expression),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn schedules_are_read_and_shown_alike() {
        for text in [
            "every 60m: clock current hourly",
            "every 15m: current; H 2 * * *: daily monthly events within 30m",
            "10 6,18 * * MON-FRI: hourly; 0 1 L * *: monthly",
        ] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        assert_eq!(
            "every 2h: clock;".parse::<Schedule>().unwrap().to_string(),
            "every 120m: clock"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, reason) in [
            ("", "0 entries"),
            ("every 60m clock", "no `:`"),
            ("every hour: clock", "every needs a time"),
            ("every 0m: clock", "0 minutes, expected"),
            ("every 60m:", "nothing would be read"),
            ("every 60m: weekly", "weekly"),
            ("every 60m: clock within never", "within needs"),
            ("every 60m: clock within 2d", "within must be"),
            ("0 2 * *: daily", "4 fields"),
            ("0 25 * * *: daily", "25"),
            ("every 60m: clock; every 1h: hourly", "twice"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn calendars_are_meant_in_the_time_of_the_site() {
        let daily = Rhythm::Calendar("10 2 * * *".to_owned());
        let next = |zone| daily.next_after(at("2026-11-20T10:00:00Z"), zone, 0).unwrap();
        assert_eq!(next("Europe/Moscow"), at("2026-11-20T23:10:00Z"));
        assert_eq!(next("Asia/Vladivostok"), at("2026-11-20T16:10:00Z"));
        assert_eq!(
            daily.period("Europe/Moscow", at("2026-11-20T10:00:00Z")),
            SignedDuration::from_hours(24)
        );
        let never = Rhythm::Calendar("0 0 30 2 *".to_owned());
        assert_eq!(never.next_after(at("2026-11-20T10:00:00Z"), "UTC", 0), None);
    }

    #[test]
    fn the_hour_that_never_comes_and_the_one_that_comes_twice_are_read_once() {
        let daily = Rhythm::Calendar("30 2 * * *".to_owned());
        let zone = "Europe/Berlin";
        let times = |from: &str| {
            let first = daily.next_after(at(from), zone, 0).unwrap();
            (first, daily.next_after(first, zone, 0).unwrap())
        };
        // The 29th of March 2026 has no 2:30, the 25th of October has two.
        let (first, second) = times("2026-03-27T12:00:00Z");
        assert_eq!(first, at("2026-03-28T01:30:00Z"));
        assert_eq!(
            second,
            at("2026-03-30T00:30:00Z"),
            "what never comes is not read; the next night brings its gaps"
        );
        let (first, second) = times("2026-10-24T12:00:00Z");
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert!(second >= at("2026-10-25T01:30:00Z"), "{second}");
    }

    #[test]
    fn devices_have_minutes_of_their_own() {
        let rhythm = Rhythm::Calendar("H 2 * * *".to_owned());
        let minutes: std::collections::BTreeSet<_> = (0..200)
            .map(|spread| {
                rhythm
                    .next_after(at("2026-11-20T10:00:00Z"), "UTC", spread * 7_919)
                    .unwrap()
            })
            .collect();
        assert!(minutes.len() > 30, "{} different minutes", minutes.len());
    }

    #[test]
    fn an_archive_waits_as_long_as_its_own_entry_says() {
        let schedule: Schedule = "every 60m: clock hourly; 10 2 * * *: daily".parse().unwrap();
        let wait = |kind| schedule.wait_for(kind, "UTC", at("2026-11-20T10:00:00Z"));
        assert_eq!(wait(ArchiveKind::Hourly), Some(SignedDuration::from_hours(1)));
        assert_eq!(wait(ArchiveKind::Daily), Some(SignedDuration::from_hours(24)));
        assert_eq!(wait(ArchiveKind::Monthly), None);
    }
}
