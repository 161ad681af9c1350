//! A meter that knows only what a recording holds, on a line with one thing wrong.
//!
//! What it answers is looked up in the recording ([`Memory`]), so a driver that asks again, or goes on elsewhere after a
//! fault, gets what the real meter gave. Time is the line's own: nothing waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::memory::Memory;
use crate::driver::env::{Medium, Port, PortFault, Reading, Until};
use crate::model::LineSettings;
use crate::session::Exchange;

/// What is wrong with the line.
#[derive(Debug, Clone)]
pub(super) enum Twist {
    /// Nothing.
    Nothing,
    /// No answer ever.
    Silence,
    /// Some answers lose, gain or change a byte, or end early.
    Noise(Chance),
    /// The far end closes the line at this question, from 0.
    CutAt(usize),
    /// Each byte comes by itself.
    Split,
    /// The first answer to each question comes after the driver has given it up.
    Late,
    /// Every answer comes twice.
    Twice,
    /// Somebody stops the session at this question, from 0.
    StopAt(usize, CancellationToken),
}

/// A piece of an answer and when it comes; none: after the read that waits for it has ended.
type Piece = (Option<Duration>, Vec<u8>);

/// What is between the pieces of a split answer.
const SPLIT: Duration = Duration::from_millis(1);

/// How long after an answer its copy comes, and a late answer after it was given up.
const AFTER: Duration = Duration::from_millis(20);

/// The line. Clones are the same one: one goes to the session, one tells afterwards how it went.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    medium: Medium,
    memory: Memory,
    twist: Twist,
    /// Those whose first answer was late already.
    late: Vec<bool>,
    coming: VecDeque<Piece>,
    held: Vec<u8>,
    clock: Duration,
    asked: usize,
    closed: bool,
    asked_closed: usize,
    /// The meter speaks as soon as somebody listens.
    speaks: bool,
}

impl Line {
    /// `guesses`: whether the meter answers also where it cannot know what is meant.
    pub(super) fn new(medium: Medium, exchanges: Arc<[Exchange]>, twist: Twist, guesses: bool) -> Self {
        let late = vec![false; exchanges.len()];
        let speaks = exchanges.first().is_some_and(Exchange::is_unasked);
        Self(Arc::new(Mutex::new(State {
            medium,
            memory: Memory::new(exchanges, guesses),
            twist,
            late,
            coming: VecDeque::new(),
            held: Vec::new(),
            clock: Duration::ZERO,
            asked: 0,
            closed: false,
            asked_closed: 0,
            speaks,
        })))
    }

    /// Questions so far, those after the line was closed included.
    pub(super) fn asked(&self) -> usize {
        self.state().asked
    }

    /// Questions after the one that found the line closed.
    pub(super) fn asked_closed(&self) -> usize {
        self.state().asked_closed
    }

    /// Questions that the recording could not answer.
    pub(super) fn unanswered(&self) -> usize {
        self.state().memory.unanswered()
    }

    /// Answers that may have been meant for something else.
    pub(super) fn guessed(&self) -> usize {
        self.state().memory.guessed()
    }

    /// The line's own time.
    pub(super) fn clock(&self) -> Duration {
        self.state().clock
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, question: &[u8]) -> Result<(), PortFault> {
        let number = self.asked;
        self.asked += 1;
        if self.closed {
            self.asked_closed += 1;
            return Err(closed());
        }
        match &self.twist {
            Twist::CutAt(at) if number >= *at => {
                self.closed = true;
                return Err(closed());
            }
            Twist::StopAt(at, cancel) if number == *at => cancel.cancel(),
            _ => {}
        }
        if let Some((index, exchange)) = self.memory.find(question) {
            let pieces = self.pieces(index, exchange);
            self.coming.extend(pieces);
        }
        Ok(())
    }

    /// How the answer comes.
    fn pieces(&mut self, index: usize, exchange: Exchange) -> Vec<Piece> {
        let Exchange { answer, took, .. } = exchange;
        let at = self.clock + took;
        if answer.is_empty() {
            return Vec::new();
        }
        match &mut self.twist {
            Twist::Nothing | Twist::CutAt(_) | Twist::StopAt(..) => vec![(Some(at), answer)],
            Twist::Silence => Vec::new(),
            Twist::Noise(chance) => vec![(Some(at), chance.damage(answer))],
            Twist::Split => (0u32..)
                .zip(answer)
                .map(|(count, byte)| (Some(at + SPLIT * count), vec![byte]))
                .collect(),
            Twist::Twice => vec![(Some(at), answer.clone()), (Some(at + AFTER), answer)],
            Twist::Late => {
                let was = self
                    .late
                    .get_mut(index)
                    .is_none_or(|late| std::mem::replace(late, true));
                vec![(was.then_some(at), answer)]
            }
        }
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault> {
        if std::mem::take(&mut self.speaks) {
            self.write(&[])?;
        }
        if self.closed {
            return Err(closed());
        }
        let end = self.clock + how.deadline;
        loop {
            self.arrive();
            let next = self.coming.iter().filter_map(|(at, _)| *at).min();
            if let Some(count) = complete(&self.held, how, next.map(|next| next.saturating_sub(self.clock))) {
                if let Until::Silence(gap) = how.until {
                    self.clock = (self.clock + gap).min(end);
                }
                let rest = self.held.split_off(count);
                return Ok(std::mem::replace(&mut self.held, rest));
            }
            match next {
                Some(at) if at <= end => self.clock = at,
                _ => break,
            }
        }
        self.clock = end;
        for (at, _) in &mut self.coming {
            at.get_or_insert(end + AFTER);
        }
        Err(PortFault::Timeout(std::mem::take(&mut self.held)))
    }

    /// Takes in what has come by now.
    fn arrive(&mut self) {
        let clock = self.clock;
        let (came, coming): (VecDeque<Piece>, _) = std::mem::take(&mut self.coming)
            .into_iter()
            .partition(|(at, _)| at.is_some_and(|at| at <= clock));
        self.coming = coming;
        self.held.extend(came.into_iter().flat_map(|(_, bytes)| bytes));
    }
}

fn closed() -> PortFault {
    PortFault::Closed("the conformance kit closed it".to_owned())
}

/// How many of the held bytes complete the read; `next` is how long the next piece is away.
fn complete(held: &[u8], how: Reading, next: Option<Duration>) -> Option<usize> {
    let have = held.len();
    let count = match how.until {
        Until::Length(length) => (have >= length).then_some(length),
        Until::Delimiter(byte) => held.iter().position(|held| *held == byte).map(|at| at + 1),
        Until::Silence(gap) => (have > 0 && next.is_none_or(|next| next > gap)).then_some(have),
        Until::Any => (have > 0).then_some(have),
    };
    count
        .map(|count| count.min(how.max))
        .or((have >= how.max).then_some(how.max))
}

#[async_trait]
impl Port for Line {
    fn medium(&self) -> Medium {
        self.state().medium
    }

    async fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<(), PortFault> {
        self.state().write(bytes)
    }

    async fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault> {
        self.state().read(how)
    }

    async fn purge(&mut self) -> usize {
        let mut state = self.state();
        state.arrive();
        std::mem::take(&mut state.held).len()
    }

    async fn configure(&mut self, _settings: LineSettings) -> Result<(), PortFault> {
        match self.state().medium {
            Medium::Serial => Ok(()),
            Medium::Tcp | Medium::Replay => Err(PortFault::Denied),
        }
    }

    fn elapsed(&self) -> Option<Duration> {
        Some(self.state().clock)
    }

    fn pass(&mut self, wait: Duration) -> bool {
        self.state().clock += wait;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(twist: Twist) -> Line {
        let exchange = |question: u8, answer: &[u8]| Exchange {
            question: vec![question],
            answer: answer.to_vec(),
            took: Duration::from_millis(100),
        };
        let exchanges = [exchange(1, b"one"), exchange(2, b"two")];
        Line::new(Medium::Tcp, exchanges.into(), twist, false)
    }

    fn how(until: Until) -> Reading {
        Reading {
            until,
            max: 64,
            deadline: Duration::from_secs(1),
        }
    }

    async fn ask(line: &mut Line, question: u8, until: Until) -> Result<String, PortFault> {
        line.write(&[question], Duration::ZERO).await?;
        let bytes = line.read(how(until)).await?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[tokio::test]
    async fn split_answers_come_byte_by_byte_and_silence_ends_them() {
        let mut split = line(Twist::Split);
        assert_eq!(ask(&mut split, 1, Until::Any).await.unwrap(), "o");
        assert_eq!(
            split.read(how(Until::Silence(Duration::from_millis(5)))).await,
            Ok(b"ne".to_vec())
        );
    }

    #[tokio::test]
    async fn a_late_answer_comes_before_the_one_to_the_second_question() {
        let mut late = line(Twist::Late);
        let first = ask(&mut late, 1, Until::Any).await;
        assert_eq!(first, Err(PortFault::Timeout(Vec::new())));
        assert_eq!(late.purge().await, 0, "it has not come yet");
        assert_eq!(ask(&mut late, 1, Until::Any).await.unwrap(), "one");
        assert_eq!(
            late.read(how(Until::Any)).await,
            Ok(b"one".to_vec()),
            "the answer to the second"
        );
    }

    #[tokio::test]
    async fn a_meter_that_speaks_by_itself_is_heard_without_a_question() {
        let said = Exchange {
            question: Vec::new(),
            answer: b"here I am".to_vec(),
            took: Duration::from_millis(100),
        };
        let line = |twist| Line::new(Medium::Tcp, [said.clone()].into(), twist, false);
        assert_eq!(
            line(Twist::Nothing).read(how(Until::Any)).await,
            Ok(b"here I am".to_vec())
        );
        assert!(matches!(
            line(Twist::CutAt(0)).read(how(Until::Any)).await,
            Err(PortFault::Closed(_))
        ));
        assert_eq!(
            line(Twist::Silence).read(how(Until::Any)).await,
            Err(PortFault::Timeout(Vec::new()))
        );
    }

    #[tokio::test]
    async fn a_cut_line_stays_cut() {
        let mut cut = line(Twist::CutAt(1));
        assert_eq!(ask(&mut cut, 1, Until::Any).await.unwrap(), "one");
        assert!(matches!(ask(&mut cut, 2, Until::Any).await, Err(PortFault::Closed(_))));
        assert!(matches!(cut.read(how(Until::Any)).await, Err(PortFault::Closed(_))));
        ask(&mut cut, 2, Until::Any).await.unwrap_err();
        assert_eq!((cut.asked(), cut.asked_closed()), (3, 1));
    }
}
