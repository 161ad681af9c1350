//! A trace read back as the steps of a conversation.
//!
//! Two writings are read: the trace as the store and `uzel read --trace` keep it (`crate::model::trace`), and the
//! recording that the API exports and drivers are tested with: `> hex`, `< hex`, `~`, with comments such as `# 184 ms`
//! before the steps of that time. A line `# asked: {…}` says in both what the session was asked.

use std::time::Duration;

use super::asked::{Asked, unhex};
use super::request::Request;
use crate::limits;
use crate::model::trace::{self, EntryKind};

/// One step, at its time since the session started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at_ms: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The driver sent this.
    Sent(Request),
    /// One read gave this.
    Came(Vec<u8>),
    /// A read ended by its deadline; true: with what came before it.
    Timeout(bool),
    /// The line was closed, in these words.
    Closed(String),
    /// The driver was told the time.
    Moment,
}

/// A trace, and what its session was asked where that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// None: somebody has to say it.
    pub asked: Option<Asked>,
    pub(super) steps: Vec<Step>,
}

/// A question of a trace and what came after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What the driver sent; empty: nothing, the meter speaks by itself.
    pub question: Vec<u8>,
    /// All that came before the next question; empty: nothing.
    pub answer: Vec<u8>,
    /// From the question to the last byte of the answer.
    pub took: Duration,
}

/// Why a text is no trace.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Too long for one session.
    #[error("the trace has {got} bytes, at most {} may be", limits::TRACE_FILE_BYTES)]
    Size {
        /// Its size.
        got: usize,
    },
    /// A line that says nothing.
    #[error("line {line} of the trace is {got:?}, expected an entry such as `184 > 10 5b`, `> 10 5b` or a comment")]
    Line {
        /// From 1.
        line: usize,
        /// Its beginning.
        got: String,
    },
    /// What was asked cannot be read.
    #[error("line {line} of the trace says what was asked, but cannot be read")]
    Asked {
        /// From 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// There is nothing in it.
    #[error("the trace has no bytes, neither sent nor received: there is nothing to replay")]
    Empty,
}

impl Exchange {
    /// Whether the meter said this without a question.
    pub fn is_unasked(&self) -> bool {
        self.question.is_empty()
    }
}

impl Script {
    /// The questions in order, each with its answer. A trace without questions is one exchange: what the meter said unasked.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        let mut asked_ms = 0;
        for step in &self.steps {
            match (&step.what, exchanges.last_mut()) {
                (What::Sent(question), _) => {
                    // What came before the first question belongs to none.
                    exchanges.retain(|exchange| !exchange.is_unasked());
                    asked_ms = step.at_ms;
                    exchanges.push(Exchange {
                        question: question.known(),
                        answer: Vec::new(),
                        took: Duration::ZERO,
                    });
                }
                (What::Came(bytes), Some(exchange)) => {
                    exchange.answer.extend_from_slice(bytes);
                    exchange.took = Duration::from_millis(step.at_ms.saturating_sub(asked_ms));
                }
                (What::Came(bytes), None) => exchanges.push(Exchange {
                    question: Vec::new(),
                    answer: bytes.clone(),
                    took: Duration::from_millis(step.at_ms),
                }),
                _ => {}
            }
        }
        exchanges
    }

    /// Reads a trace.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > limits::TRACE_FILE_BYTES {
            return Err(ScriptError::Size { got: text.len() });
        }
        let mut script = Self {
            asked: None,
            steps: Vec::new(),
        };
        let mut at_ms = 0;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if let Some(json) = text.strip_prefix("# asked:") {
                let asked = serde_json::from_str(json).map_err(|source| ScriptError::Asked { line, source })?;
                script.asked = Some(asked);
            } else if let Some(comment) = text.strip_prefix('#') {
                at_ms = script.comment(comment.trim(), at_ms);
            } else if !text.is_empty() {
                script.entry(text, &mut at_ms).ok_or_else(|| ScriptError::Line {
                    line,
                    got: text.chars().take(60).collect(),
                })?;
            }
        }
        if script
            .steps
            .iter()
            .any(|step| matches!(step.what, What::Sent(_) | What::Came(_)))
        {
            Ok(script)
        } else {
            Err(ScriptError::Empty)
        }
    }

    /// `184 ms`, `184 ms moment` and `184 ms closed …` are steps; other comments only tell the time. Gives the time.
    fn comment(&mut self, text: &str, before_ms: u64) -> u64 {
        let mut parts = text.splitn(4, ' ');
        let (at, unit, word) = (parts.next(), parts.next(), parts.next());
        let (Some(Ok(at_ms)), Some("ms")) = (at.map(str::parse), unit) else {
            return before_ms;
        };
        match word {
            Some("moment") => self.add(at_ms, What::Moment),
            Some("closed") => self.add(at_ms, What::Closed(parts.next().unwrap_or_default().to_owned())),
            _ => {}
        }
        at_ms
    }

    /// An entry of either writing. None: it is neither.
    fn entry(&mut self, text: &str, at_ms: &mut u64) -> Option<()> {
        let timed = text.starts_with(|c: char| c.is_ascii_digit());
        let (kind, rest) = if timed {
            let entry = trace::parse(text).next()?;
            *at_ms = entry.at_ms;
            (entry.kind, entry.rest)
        } else {
            let entry = trace::parse(&format!("0 {} {}", text.get(..1)?, text.get(1..)?.trim())).next()?;
            (entry.kind, entry.rest)
        };
        match kind {
            EntryKind::Sent => self.add(*at_ms, What::Sent(Request::parse(&rest)?)),
            // A blank is the end of a read in a trace, and only a blank in a recording.
            EntryKind::Received if timed => {
                for part in rest.split_whitespace() {
                    self.add(*at_ms, What::Came(unhex(part)?));
                }
            }
            EntryKind::Received => self.add(*at_ms, What::Came(unhex(&rest)?)),
            EntryKind::Timeout => self.add(*at_ms, What::Timeout(rest.contains("bytes"))),
            EntryKind::Closed => self.add(*at_ms, What::Closed(rest)),
            EntryKind::Moment => self.add(*at_ms, What::Moment),
            EntryKind::Settings | EntryKind::Note | EntryKind::Log => {}
        }
        Some(())
    }

    fn add(&mut self, at_ms: u64, what: What) {
        self.steps.push(Step { at_ms, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_writings_give_the_same_steps() {
        let trace = "0 > 105b\n3 ! info: hello\n184 < 6803 16\n190 @ \n400 ~ timeout, 2 bytes\n401 x gone\n";
        let recording = "# source: a test\n> 10 5b\n# 184 ms\n< 68 03\n< 16\n# 190 ms moment\n# 400 ms\n~ timeout, 2 bytes\n# 401 ms closed gone\n";
        let script = Script::parse(trace).unwrap();
        assert_eq!(script, Script::parse(recording).unwrap());
        let at = |at_ms, what| Step { at_ms, what };
        assert_eq!(
            script.steps,
            [
                at(0, What::Sent(Request::parse("105b").unwrap())),
                at(184, What::Came(vec![0x68, 3])),
                at(184, What::Came(vec![0x16])),
                at(190, What::Moment),
                at(400, What::Timeout(true)),
                at(401, What::Closed("gone".to_owned())),
            ]
        );
    }

    #[test]
    fn an_answer_is_all_that_came_before_the_next_question() {
        let script = Script::parse("0 > 105b\n184 < 6803 16\n400 ~ timeout\n410 > 01\n500 > 02\n530 < aa\n").unwrap();
        let exchange = |question: &[u8], answer: &[u8], took| Exchange {
            question: question.to_vec(),
            answer: answer.to_vec(),
            took: Duration::from_millis(took),
        };
        assert_eq!(
            script.exchanges(),
            [
                exchange(&[0x10, 0x5b], &[0x68, 3, 0x16], 184),
                exchange(&[1], &[], 0),
                exchange(&[2], &[0xaa], 30),
            ]
        );
    }

    #[test]
    fn what_a_meter_says_unasked_is_one_exchange_where_nothing_is_asked() {
        let unasked = Exchange {
            question: Vec::new(),
            answer: vec![0x1b, 3, 0x16],
            took: Duration::from_millis(184),
        };
        let script = Script::parse("90 < 1b\n184 < 03 16\n").unwrap();
        assert_eq!(script.exchanges(), [unasked]);
        let script = Script::parse("90 < 1b\n184 > 01\n200 < aa\n").unwrap();
        let questions: Vec<_> = script
            .exchanges()
            .into_iter()
            .map(|exchange| exchange.question)
            .collect();
        assert_eq!(questions, [[1]]);
    }

    #[test]
    fn what_is_no_trace_is_refused_by_its_line() {
        for (text, words) in [
            ("0 > 10\n5 > 1\n", "line 2 of the trace is \"5 > 1\""),
            ("> 10\nhello\n", "line 2 of the trace is \"hello\""),
            ("> 10\nё\n", "line 2 of the trace is \"ё\""),
            ("# asked: {}\n> 10\n", "line 1 of the trace says what was asked"),
            ("# nothing\n~ timeout\n", "nothing to replay"),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
