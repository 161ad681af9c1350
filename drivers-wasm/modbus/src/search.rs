//! Where in an archive a window begins: sought by the dates of few records.

use uzel_driver_sdk::modbus::talk::Talk;
use uzel_driver_sdk::{Failure, Port};

use crate::record::{At, Head, Record, intervals};

/// Damaged records in a row that a search steps over.
const STEPS: u32 = 8;
/// Guesses by the length of intervals before the search halves what is left: dates may lie as they like.
const GUESSES: u32 = 6;

/// A record whose begin is known: how many are newer, and the begin.
pub type Seen = (u32, i64);

impl At<'_> {
    /// How many records are newer than the first that begins before `end`. `seen` are records that were read before; those
    /// that the search reads are added.
    pub fn first_before(
        self,
        talk: &mut Talk,
        port: &mut dyn Port,
        head: Head,
        seen: &mut Vec<Seen>,
        end: i64,
    ) -> Result<u32, Failure> {
        // What is sought lies from `low` to `high`: the record before `low` begins too late.
        let (mut low, mut high) = (0, head.held);
        let mut guess: Option<u32> = None;
        let intervals = |seconds| intervals(self.archive.kind, seconds);
        let narrow = |low: &mut u32, high: &mut u32, (back, begin): Seen| {
            if begin >= end {
                *low = back.saturating_add(1).max(*low);
                // Holes only bring an older record nearer: between lie no more records than intervals.
                let furthest = back.saturating_add(intervals(begin - end)).saturating_add(1);
                *high = furthest.min(*high);
                None
            } else {
                *high = back.min(*high);
                (begin > i64::MIN).then(|| back.saturating_sub(intervals(end - begin)))
            }
        };
        for known in seen.iter() {
            narrow(&mut low, &mut high, *known);
        }
        let mut probes = 0;
        while low < high {
            let probe = match guess {
                _ if probes >= GUESSES => low + (high - low) / 2,
                Some(guess) => u32::clamp(guess, low, high - 1),
                None => high - 1,
            };
            probes += 1;
            let begin = self.begin_near(talk, port, head, probe)?;
            seen.push((probe, begin));
            guess = narrow(&mut low, &mut high, (probe, begin));
        }
        Ok(high)
    }

    /// Begin of a record, or of the next older one whose date is a date.
    fn begin_near(self, talk: &mut Talk, port: &mut dyn Port, head: Head, back: u32) -> Result<i64, Failure> {
        for back in back..head.held.min(back.saturating_add(STEPS)) {
            let record = self.record(talk, port, head, back)?;
            if record != Record::Damaged {
                return Ok(record.begin());
            }
        }
        Ok(i64::MIN)
    }
}
