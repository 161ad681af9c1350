//! Jobs that wait for their lines: one at a time on a line, lines in turn, a person's request first.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::LineId;

/// Jobs by line.
#[derive(Debug)]
pub struct Queue<J> {
    waiting: HashMap<LineId, VecDeque<J>>,
    /// Free lines with waiting jobs, longest-waiting first.
    ready: VecDeque<LineId>,
    busy: HashSet<LineId>,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            ready: VecDeque::new(),
            busy: HashSet::new(),
        }
    }
}

impl<J> Queue<J> {
    /// Adds a job for a line. An urgent one goes ahead of those that wait, never into a running session.
    pub fn push(&mut self, line: LineId, job: J, urgent: bool) {
        let waiting = self.waiting.entry(line).or_default();
        let first = waiting.is_empty();
        if urgent {
            waiting.push_front(job);
        } else {
            waiting.push_back(job);
        }
        if self.busy.contains(&line) {
            return;
        }
        if urgent {
            self.ready.retain(|other| *other != line);
            self.ready.push_front(line);
        } else if first {
            self.ready.push_back(line);
        }
    }

    /// The next job whose line is free and which `may` run now; its line is busy from now on. One that may not keeps
    /// its place and lets the other lines go ahead.
    pub fn pop(&mut self, may: impl Fn(&J) -> bool) -> Option<(LineId, J)> {
        let mut held = Vec::new();
        let mut found = None;
        while let Some(line) = self.ready.pop_front() {
            let waiting = self.waiting.get_mut(&line);
            match waiting.and_then(|jobs| jobs.iter().position(&may).and_then(|at| jobs.remove(at))) {
                Some(job) => {
                    self.busy.insert(line);
                    found = Some((line, job));
                    break;
                }
                None if self.waiting.get(&line).is_some_and(|jobs| !jobs.is_empty()) => held.push(line),
                None => {
                    self.waiting.remove(&line);
                }
            }
        }
        for line in held.into_iter().rev() {
            self.ready.push_front(line);
        }
        found
    }

    /// The line is free again.
    pub fn free(&mut self, line: LineId) {
        self.busy.remove(&line);
        match self.waiting.get(&line) {
            Some(waiting) if !waiting.is_empty() => self.ready.push_back(line),
            Some(_) => {
                self.waiting.remove(&line);
            }
            None => {}
        }
    }

    /// Drops every waiting job for which `gone` holds.
    pub fn drop_where(&mut self, gone: impl Fn(&J) -> bool) {
        for waiting in self.waiting.values_mut() {
            waiting.retain(|job| !gone(job));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_job_a_line_lines_in_turn_urgent_first() {
        let (a, b) = (LineId(1), LineId(2));
        let mut queue = Queue::default();
        queue.push(a, "a1", false);
        queue.push(a, "a2", false);
        queue.push(b, "b1", false);
        assert_eq!(queue.pop(|_| true), Some((a, "a1")));
        assert_eq!(queue.pop(|_| true), Some((b, "b1")));
        assert_eq!(queue.pop(|_| true), None, "line a is busy");
        queue.push(a, "now", true);
        assert_eq!(queue.pop(|_| true), None, "a running session is not broken");
        queue.free(a);
        assert_eq!(queue.pop(|_| true), Some((a, "now")));
        queue.free(b);
        queue.free(a);
        assert_eq!(queue.pop(|_| true), Some((a, "a2")));
        queue.free(a);
        assert_eq!(queue.pop(|_| true), None);
        queue.push(b, "b2", false);
        queue.push(a, "a3", true);
        assert_eq!(queue.pop(|_| true), Some((a, "a3")), "the urgent line goes first");
    }

    #[test]
    fn a_job_that_may_not_run_keeps_its_place_and_holds_nobody_up() {
        let (a, b) = (LineId(1), LineId(2));
        let mut queue = Queue::default();
        queue.push(a, "gsm 1", false);
        queue.push(a, "tcp 1", false);
        queue.push(b, "gsm 2", false);
        let not_gsm = |job: &&str| !job.starts_with("gsm");
        assert_eq!(queue.pop(not_gsm), Some((a, "tcp 1")));
        assert_eq!(queue.pop(not_gsm), None);
        queue.free(a);
        assert_eq!(queue.pop(|_| true), Some((b, "gsm 2")));
        assert_eq!(queue.pop(|_| true), Some((a, "gsm 1")));
        assert_eq!(queue.pop(|_| true), None);
    }
}
