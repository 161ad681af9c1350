//! What happened in a world, by the host's clock: that is what its journal goes by.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::world::{Time, Trouble};

/// Time during which the host's clock was not set.
#[derive(Debug)]
struct Reach {
    from: Timestamp,
    to: Option<Timestamp>,
    /// What befell which line when.
    troubles: Vec<(Timestamp, &'static str, Trouble)>,
}

/// Everything that happened.
pub struct Chronicle {
    time: Time,
    reaches: Vec<Reach>,
    notes: Vec<String>,
    current: Vec<(&'static str, Trouble)>,
    killed: bool,
}

/// What is known of the time of a session.
#[derive(Debug, Default)]
pub struct Circumstances {
    /// What its line had, at one time or another.
    pub troubles: BTreeSet<String>,
    pub all: Vec<Trouble>,
    /// Whether the host was ever killed.
    pub killed: bool,
}

impl Chronicle {
    pub fn new(time: &Time) -> Self {
        let reach = Reach {
            from: Timestamp::MIN,
            to: None,
            troubles: Vec::new(),
        };
        Self {
            time: time.clone(),
            reaches: vec![reach],
            notes: Vec::new(),
            current: Vec::new(),
            killed: false,
        }
    }

    pub fn note(&mut self, text: &str) {
        self.notes.push(format!(
            "{} (host: {}): {text}",
            self.time.now(),
            self.time.by_host_clock()
        ));
    }

    fn reach(&mut self) -> &mut Reach {
        self.reaches.last_mut().expect("there is always one")
    }

    pub fn befell(&mut self, line: &'static str, trouble: Trouble) {
        self.note(&format!("{line} has {trouble:?}"));
        let now = self.time.by_host_clock();
        self.reach().troubles.push((now, line, trouble));
        self.current.retain(|(other, _)| *other != line);
        self.current.push((line, trouble));
    }

    /// The host's clock will go so far ahead.
    pub fn clock_set(&mut self, ahead: SignedDuration) {
        self.note(&format!("the host's clock goes {ahead:#} ahead"));
        let (now, true_now) = (self.time.by_host_clock(), self.time.now());
        self.reach().to = Some(now);
        let from = true_now + ahead;
        let troubles = self
            .current
            .iter()
            .map(|(line, trouble)| (from, *line, *trouble))
            .collect();
        self.reaches.push(Reach {
            from,
            to: None,
            troubles,
        });
    }

    /// The host was killed, and is started again.
    pub fn killed(&mut self) {
        self.killed = true;
        self.note("started again");
    }

    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What may have concerned a session on `line` between two instants of the host's clock.
    pub fn during(&self, line: &str, from: Timestamp, to: Timestamp) -> Circumstances {
        // A clock that was set in the middle may have made the end come before the begin.
        let (from, to) = (from.min(to), from.max(to) + SignedDuration::from_millis(1));
        let mut found = Circumstances {
            // The journal's times do not say it where the clock was set, too.
            killed: self.killed,
            ..Circumstances::default()
        };
        for reach in &self.reaches {
            if reach.from > to || reach.to.is_some_and(|end| end < from) {
                continue;
            }
            let mut current = Trouble::None;
            let mut seen = Vec::new();
            for (at, of, trouble) in &reach.troubles {
                if *of != line {
                    continue;
                }
                if *at > to {
                    break;
                }
                if *at >= from {
                    seen.push(current);
                }
                current = *trouble;
            }
            seen.push(current);
            found.all.extend(seen);
        }
        found.troubles = found.all.iter().map(|trouble| format!("{trouble:?}")).collect();
        found
    }
}
