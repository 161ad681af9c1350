//! What a meter of a recording answers to a question, whenever it is asked.
//!
//! Many protocols say first what is meant and then ask for "the data", always in the same words. So of all places of
//! the recording where a question stands the one counts before which the most was asked as now; where that is little, as
//! after a driver began anew, the one before which the same had been [said](super::said). Where that leaves none, or two
//! places with different answers, a meter that guesses takes the first of them, and counts it: what a driver makes of a
//! guess speaks for it, never against it. One that does not guess says nothing: silence is never a wrong value.

use std::sync::Arc;

use super::said::{Sayings, State};
use crate::session::Exchange;

/// So many questions in the recording's order, the last included, tell what is meant: what a meter has to be told before
/// it gives a record is said in two.
const CONTEXT: usize = 3;

/// Questions that were asked again at once stand for one.
#[derive(Debug)]
pub(super) struct Memory {
    exchanges: Arc<[Exchange]>,
    /// For each run of one question the number of its first exchange.
    runs: Vec<usize>,
    /// What was asked in this session: numbers of runs with that question; none: the recording has no such question.
    history: Vec<Option<usize>>,
    sayings: Sayings,
    said: State,
    last: Vec<u8>,
    /// How often the last question was asked again.
    again: usize,
    unanswered: usize,
    guesses: bool,
    guessed: usize,
}

impl Memory {
    pub(super) fn new(exchanges: Arc<[Exchange]>, guesses: bool) -> Self {
        let is_first = |index: &usize| {
            let at = |index: usize| exchanges.get(index).map(|exchange| &exchange.question);
            index.checked_sub(1).is_none_or(|before| at(before) != at(*index))
        };
        let runs: Vec<usize> = (0..exchanges.len()).filter(is_first).collect();
        Self {
            sayings: Sayings::of(&exchanges, &runs),
            said: State::default(),
            runs,
            exchanges,
            history: Vec::new(),
            last: Vec::new(),
            again: 0,
            unanswered: 0,
            guesses,
            guessed: 0,
        }
    }

    /// Answers that may have been meant for something else.
    pub(super) fn guessed(&self) -> usize {
        self.guessed
    }

    /// Questions that the recording could not answer.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// The exchange that answers `question` now, and its number.
    pub(super) fn find(&mut self, question: &[u8]) -> Option<(usize, Exchange)> {
        let places: Vec<usize> = (0..self.runs.len())
            .filter(|run| self.question(*run) == Some(question))
            .collect();
        if self.history.is_empty() || self.last != question {
            question.clone_into(&mut self.last);
            self.again = 0;
            self.history.push(places.first().copied());
        } else {
            self.again += 1;
        }
        let found = self.place(&places).and_then(|place| self.of(place));
        if let Some(place) = places.first() {
            self.sayings.say(*place, &mut self.said);
        }
        let found = found.and_then(|index| Some((index, self.exchanges.get(index)?.clone())));
        self.unanswered += usize::from(found.is_none());
        found
    }

    /// The one of these runs that is meant now.
    fn place(&mut self, places: &[usize]) -> Option<usize> {
        if let Some(place) = self.alike(places) {
            return Some(place);
        }
        let most = places.iter().map(|place| self.common(*place)).max()?;
        // What follows the recording from its first question on needs no more.
        let told = most >= CONTEXT || places.iter().any(|place| self.common(*place) > *place);
        let best = places.iter().copied().filter(|place| self.common(*place) == most);
        let best: Vec<usize> = best.collect();
        let known = told.then(|| self.alike(&best)).flatten();
        // What was said before counts from the recording's own beginning on: before it anything may have held.
        let is_begun = self.history.first() == Some(&Some(0));
        let known = known.or_else(|| {
            let said = places
                .iter()
                .copied()
                .filter(|place| self.sayings.before(*place) == self.said.sum());
            self.alike(&said.filter(|_| is_begun).collect::<Vec<_>>())
        });
        let guess = best.first().copied().filter(|_| self.guesses && known.is_none());
        self.guessed += usize::from(guess.is_some());
        known.or(guess)
    }

    /// The first of these runs, if all have the same answer.
    fn alike(&self, places: &[usize]) -> Option<usize> {
        let answer = |place: usize| Some(&self.exchanges.get(self.of(place)?)?.answer);
        let first = *places.first()?;
        let same = places.iter().all(|place| answer(*place) == answer(first));
        same.then_some(first)
    }

    fn question(&self, run: usize) -> Option<&[u8]> {
        let exchange = self.exchanges.get(*self.runs.get(run)?)?;
        Some(&exchange.question)
    }

    /// The exchange of a run for the question as often as it was asked now.
    fn of(&self, run: usize) -> Option<usize> {
        let first = *self.runs.get(run)?;
        let end = self.runs.get(run + 1).copied().unwrap_or(self.exchanges.len());
        Some((first + self.again).min(end.saturating_sub(1)))
    }

    /// How many questions up to the run are the last ones of this session.
    fn common(&self, run: usize) -> usize {
        let recorded = (0..=run).rev().map(|run| self.question(run));
        let asked = self.history.iter().rev().map(|run| self.question((*run)?));
        let same = recorded
            .zip(asked)
            .take_while(|(recorded, asked)| recorded == asked)
            .count();
        same + usize::from(same == run + 1 && same == self.history.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn memory(exchanges: &[(&str, &str)]) -> Memory {
        let exchange = |(question, answer): &(&str, &str)| Exchange {
            question: question.as_bytes().to_vec(),
            answer: answer.as_bytes().to_vec(),
            took: Duration::ZERO,
        };
        Memory::new(exchanges.iter().map(exchange).collect(), false)
    }

    fn ask(memory: &mut Memory, questions: &str) -> String {
        let answers = questions.chars().map(|question| {
            let found = memory.find(question.to_string().as_bytes());
            found.map_or_else(
                || "-".to_owned(),
                |(_, exchange)| String::from_utf8(exchange.answer).unwrap(),
            )
        });
        answers.collect::<Vec<_>>().join(" ")
    }

    /// `a` and `b` say what is meant, `?` asks for it; `l` sets what stays.
    const TWO: &[(&str, &str)] = &[
        ("l", "ok"),
        ("a", "ok"),
        ("?", "A"),
        ("b", "ok"),
        ("?", "B"),
        ("c", "ok"),
        ("?", "C"),
    ];

    #[test]
    fn what_was_said_before_decides() {
        assert_eq!(ask(&mut memory(TWO), "la?b?c?"), "ok ok A ok B ok C");
        assert_eq!(ask(&mut memory(TWO), "llaa??bb??c?"), "ok ok ok ok A A ok ok B B ok C");
    }

    #[test]
    fn what_could_mean_two_things_and_what_is_not_recorded_are_not_answered() {
        let mut bare = memory(TWO);
        assert_eq!(ask(&mut bare, "?"), "-");
        assert_eq!(ask(&mut bare, "x?"), "- -");
        assert_eq!(bare.unanswered(), 3);
        assert_eq!(ask(&mut memory(TWO), "b?"), "ok -", "what was set before is not known");
        assert_eq!(
            ask(&mut memory(TWO), "la?l?"),
            "ok ok A ok -",
            "l may be all of it, or a may still hold"
        );
    }

    #[test]
    fn after_a_new_beginning_what_was_said_last_decides_in_whatever_order() {
        let asked = &[
            ("l", "hello"),
            ("a", "ok"),
            ("x", "done"),
            ("?", "AX"),
            ("b", "ok"),
            ("?", "BX"),
            ("y", "done"),
            ("?", "BY"),
            ("m", "hello"),
        ];
        assert_eq!(
            ask(&mut memory(asked), "laxmlxa?yb?lxb?"),
            "hello ok done hello hello done ok AX done ok BY hello done ok BX"
        );
        assert_eq!(
            ask(&mut memory(asked), "lay?"),
            "hello ok done -",
            "a and y were never said together"
        );
    }

    #[test]
    fn a_guess_is_counted() {
        let mut memory = memory(TWO);
        memory.guesses = true;
        assert_eq!(ask(&mut memory, "la?"), "ok ok A");
        assert_eq!(
            (memory.guessed(), ask(&mut memory, "l?"), memory.guessed()),
            (0, "ok A".to_owned(), 1)
        );
    }

    #[test]
    fn a_question_that_was_asked_again_in_the_recording_is_answered_in_turn() {
        let mut memory = memory(&[("a", ""), ("a", "A"), ("b", "B")]);
        assert_eq!(ask(&mut memory, "aaab"), " A A B");
    }
}
