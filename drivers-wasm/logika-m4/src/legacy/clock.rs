//! The meter's clock in RAM: YY MM DD HH mm SS in binary (M4 note, section 7).

use uzel_driver_sdk::{ClockReading, Instant, Port};

use super::link::Link;
use super::memory::ram_question;
use super::question::{Answer, Reply, Verdict};
use super::trouble::Trouble;
use uzel_driver_sdk::calendar;

/// What a clock that shows whole seconds may be off by.
const RESOLUTION_MS: i64 = 1_000;

/// What the clock showed, in seconds of the meter's scale, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub shown: i64,
    pub at: Instant,
    pub uncertainty_ms: u32,
}

impl Reading {
    /// What the clock shows at host time `now`.
    pub fn shown_at(&self, now: Instant) -> i64 {
        self.shown + now.saturating_sub(self.at).max(0) / 1_000
    }
}

impl From<Reading> for ClockReading {
    fn from(reading: Reading) -> Self {
        Self {
            shown: calendar::civil(reading.shown),
            at: reading.at,
            uncertainty_ms: reading.uncertainty_ms,
        }
    }
}

/// Reads the clock until two readings lie as far apart as the moments at which they were read.
pub fn read(link: &mut Link, port: &mut dyn Port, clock: u16) -> Result<Reading, Trouble> {
    let reading = link.agreed(port, 0, &ram_question(clock, 6), |answers, _| {
        let mut readings = answers.iter().map(decode);
        match readings.next_back().flatten() {
            Some(last) if readings.flatten().any(|before| follows(before, last)) => Verdict::Agreed(last),
            Some(_) if answers.len() == 1 => Verdict::More,
            _ => Verdict::Clash,
        }
    })?;
    port.note(&format!("clock {}", text(reading.shown)));
    Ok(reading)
}

/// A date and time for notes.
pub fn text(seconds: i64) -> String {
    let at = calendar::civil(seconds);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

fn decode(answer: &Answer) -> Option<Reading> {
    let Reply::Data(data) = &answer.reply else { return None };
    let &[year, month, day, hour, minute, second] = data.as_slice() else {
        return None;
    };
    let civil = uzel_driver_sdk::CivilTime {
        year: 2_000 + u16::from(year),
        month,
        day,
        hour,
        minute,
        second,
    };
    let half_ms = answer.heard.saturating_sub(answer.sent).max(0) / 2;
    Some(Reading {
        shown: calendar::seconds(civil).filter(|_| year < 100)?,
        at: answer.sent.saturating_add(half_ms),
        uncertainty_ms: u32::try_from(half_ms + RESOLUTION_MS).unwrap_or(u32::MAX),
    })
}

/// Whether the second reading is the first one plus the time between them. A clock that stands is one, too.
fn follows(first: Reading, second: Reading) -> bool {
    let passed_s = second.at.saturating_sub(first.at).max(0) / 1_000 + 2;
    (0..=passed_s).contains(&(second.shown - first.shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(data: &[u8], sent: Instant) -> Answer {
        Answer {
            reply: Reply::Data(data.to_vec()),
            sent,
            heard: sent + 80,
        }
    }

    #[test]
    fn the_captured_clock_reads_as_captured() {
        let reading = decode(&answer(&[0x0f, 4, 9, 0x0e, 0x31, 0x2b], 1_000)).unwrap();
        assert_eq!(text(reading.shown), "2015-04-09 14:49:43");
        assert_eq!((reading.at, reading.uncertainty_ms), (1_040, 1_040));
    }

    #[test]
    fn a_clock_that_cannot_be_is_none() {
        for wrong in [
            [0x0f, 13, 9, 0, 0, 0],
            [0x0f, 2, 30, 0, 0, 0],
            [0x0f, 4, 9, 24, 0, 0],
            [100, 4, 9, 0, 0, 0],
        ] {
            assert_eq!(decode(&answer(&wrong, 0)), None, "{wrong:?}");
        }
    }

    #[test]
    fn two_readings_must_lie_as_far_apart_as_they_were_read() {
        let at = |shown, at| Reading {
            shown,
            at,
            uncertainty_ms: 0,
        };
        let cases = [
            (0, 500, true),
            (1, 500, true),
            (3, 500, false),
            (-1, 500, false),
            (60, 500, false),
            (5, 4_000, true),
        ];
        for (later, passed_ms, want) in cases {
            assert_eq!(
                follows(at(1_000, 0), at(1_000 + later, passed_ms)),
                want,
                "{later} s in {passed_ms} ms"
            );
        }
    }
}
