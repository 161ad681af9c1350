//! `NO CARRIER` among the bytes of a call: the modem's word, or a meter's bytes that look like it? Pure.
//!
//! Where there is no DCD, the text is all that tells of a lost carrier, and an answer may hold the same bytes. So it only
//! counts as a whole line at the end of what came, with silence after it: then a modem said it, for a meter that has more
//! to say goes on, and one that is done is asked again sooner.

use std::time::Duration;

use tokio::time::Instant;

const TEXT: &[u8] = b"\r\nNO CARRIER\r\n";

/// What a modem in command mode says to a question that was meant for the meter.
const AFTERWARDS: &[u8] = b"\r\nERROR\r\n";

/// Silence after the text.
pub(super) const QUIET: Duration = Duration::from_millis(500);

/// The end of what came.
#[derive(Debug, Default)]
pub(super) struct Tail {
    last: Vec<u8>,
    /// Bytes since the last question.
    since_question: usize,
    /// When the text was complete.
    said_at: Option<Instant>,
}

impl Tail {
    /// Bytes came.
    pub(super) fn received(&mut self, bytes: &[u8], now: Instant) {
        if self.said_at.is_some() && bytes == AFTERWARDS {
            return;
        }
        self.since_question = self.since_question.saturating_add(bytes.len());
        self.last
            .extend(bytes.iter().skip(bytes.len().saturating_sub(TEXT.len())));
        let surplus = self.last.len().saturating_sub(TEXT.len());
        self.last.drain(..surplus);
        self.said_at = (self.last == TEXT).then_some(now);
    }

    /// A question is about to be sent. True: the modem has said that the carrier is lost.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        self.since_question = 0;
        self.said_at.is_some_and(|at| now >= at + QUIET)
    }

    /// The instant at which a read that still waits may take the text for the modem's: the text is all that came since
    /// the question.
    pub(super) fn alone_until(&self) -> Option<Instant> {
        let at = self.said_at.filter(|_| self.since_question <= TEXT.len())?;
        Some(at + QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a carrier counts as lost, after these pieces one millisecond apart and so long a silence: for a read that
    /// waits, and for the next question.
    fn judged(pieces: &[&[u8]], silence_ms: u64) -> (bool, bool) {
        let begun = Instant::now();
        let mut tail = Tail::default();
        tail.ask(begun);
        let mut now = begun;
        for piece in pieces {
            now += Duration::from_millis(1);
            tail.received(piece, now);
        }
        now += Duration::from_millis(silence_ms);
        (tail.alone_until().is_some_and(|at| now >= at), tail.ask(now))
    }

    #[test]
    fn only_a_line_of_its_own_with_silence_after_it_counts() {
        type Case<'a> = (&'a str, &'a [&'a [u8]], u64, (bool, bool));
        let cases: &[Case] = &[
            ("nothing", &[], 9_000, (false, false)),
            ("alone", &[b"\r\nNO CARRIER\r\n"], 500, (true, true)),
            ("alone, in pieces", &[b"\r\nNO CA", b"RRIER\r\n"], 500, (true, true)),
            ("too early", &[b"\r\nNO CARRIER\r\n"], 400, (false, false)),
            (
                "after half an answer",
                &[b"\x01\x03\x10", b"\r\nNO CARRIER\r\n"],
                500,
                (false, true),
            ),
            (
                "inside an answer",
                &[b"\x01\r\nNO CARRIER\r\n", b"\x10"],
                9_000,
                (false, false),
            ),
            ("without its ends", &[b"NO CARRIER"], 9_000, (false, false)),
            ("glued to an answer", &[b"\x01NO CARRIER\r\n"], 9_000, (false, false)),
            (
                "and then an error",
                &[b"\r\nNO CARRIER\r\n", b"\r\nERROR\r\n"],
                500,
                (true, true),
            ),
        ];
        for (name, pieces, silence_ms, want) in cases {
            assert_eq!(judged(pieces, *silence_ms), *want, "{name}");
        }
    }
}
