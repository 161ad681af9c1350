//! What a meter was told and keeps in mind: a register, a date, a list of what to read.
//!
//! A meter acknowledges what it is told, in the same words whatever it was: questions with one answer tell it the same kind
//! of thing, and the last of each kind holds. So the meter of a recording knows what is meant also where a driver tells it
//! again in another order.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::session::Exchange;

/// What each run of questions tells, by its number.
#[derive(Debug)]
pub(super) struct Sayings {
    /// Kind and content.
    runs: Vec<Option<(usize, usize)>>,
    /// What held before each of them.
    before: Vec<u64>,
}

/// What holds now: of each kind the last.
#[derive(Debug, Default)]
pub(super) struct State {
    last: HashMap<usize, usize>,
    sum: u64,
}

impl State {
    /// One number for all that holds, which is another when something else does.
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }

    fn say(&mut self, kind: usize, content: usize) {
        if let Some(before) = self.last.insert(kind, content) {
            self.sum ^= hash(kind, before);
        }
        self.sum ^= hash(kind, content);
    }
}

fn hash(kind: usize, content: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, content).hash(&mut hasher);
    hasher.finish()
}

impl Sayings {
    /// Of a recording whose runs of one question begin at these exchanges.
    pub(super) fn of(exchanges: &[Exchange], runs: &[usize]) -> Self {
        let ends = runs.iter().skip(1).copied().chain([exchanges.len()]);
        // A question that was asked again has its answer at the end.
        let run = |end: usize| end.checked_sub(1).and_then(|last| exchanges.get(last));
        let runs: Vec<&Exchange> = ends.filter_map(run).collect();
        let (mut contents, mut kinds) = (HashMap::new(), HashMap::new());
        for (number, run) in runs.iter().enumerate() {
            let content = *contents.entry(&run.question).or_insert(number);
            let (_, first, is_kind) = kinds.entry(&run.answer).or_insert((number, content, false));
            *is_kind |= *first != content;
        }
        let told = |run: &&Exchange| {
            let (kind, _, is_kind) = kinds.get(&run.answer)?;
            let content = contents.get(&run.question)?;
            (*is_kind && !run.answer.is_empty()).then_some((*kind, *content))
        };
        let told: Vec<Option<(usize, usize)>> = runs.iter().map(told).collect();
        let mut state = State::default();
        let mut before = Vec::with_capacity(told.len());
        for said in &told {
            before.push(state.sum());
            if let Some((kind, content)) = said {
                state.say(*kind, *content);
            }
        }
        Self { runs: told, before }
    }

    /// The question of this run is asked.
    pub(super) fn say(&self, run: usize, state: &mut State) {
        if let Some(Some((kind, content))) = self.runs.get(run) {
            state.say(*kind, *content);
        }
    }

    /// What held before this run.
    pub(super) fn before(&self, run: usize) -> u64 {
        self.before.get(run).copied().unwrap_or_default()
    }
}
