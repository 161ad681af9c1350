//! The device's clock, and the dates between which it has archives.

use uzel_driver_sdk::{CivilTime, ClockReading, Failure, Instant, Port};

use crate::calendar;
use crate::config::ClockRequest;
use crate::message::{self, Range, register};
use crate::meter::{Meter, Shown, firmware, refused};

impl Meter {
    /// The clock. Before firmware 1.9 only its hour is told.
    ///
    /// On a line with faults two readings must run as the host's clock does.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let mut last: Option<ClockReading> = None;
        for _ in 0..=2 * self.talk.attempts() {
            let reading = self.one_clock(port)?;
            let agrees = last.is_some_and(|last| runs_evenly(last, reading));
            if agrees || !self.suspects() {
                self.clock = Some(reading.shown);
                return Ok(reading);
            }
            last = Some(reading);
        }
        Err(Failure::Garbled("no two readings of the clock agree".to_owned()))
    }

    pub fn one_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let shown = if self.has(firmware::WITH_CLOCK) {
            let count = (self.config.clock_request == ClockRequest::Full).then_some(0);
            let clock = self.learn(port, register::DATE, count, message::clock)?;
            clock.map_err(|code| refused("clock", code))?
        } else {
            let range = self.learn(port, register::RANGE, Some(0), message::range)?;
            range.map_err(|code| refused("date interval", code))?.now
        };
        let (sent, came) = (self.talk.sent_at(), port.now());
        let coarse = !self.has(firmware::WITH_SECONDS) || self.service.firmware.is_none() && on_the_hour(shown);
        let resolution_ms = if coarse { 3_600_000 } else { 1_000 };
        let half_ms = u32::try_from((came - sent) / 2).unwrap_or_default();
        port.note(&format!("clock {}", Shown(shown)));
        Ok(ClockReading {
            shown,
            at: sent + i64::from(half_ms),
            uncertainty_ms: half_ms + resolution_ms,
        })
    }

    /// Date and hour of the device, and where its archives begin if it tells.
    pub fn range(&mut self, port: &mut dyn Port) -> Result<(CivilTime, Option<Range>), Failure> {
        if self.range.is_none() && self.config.archive_range && self.has(firmware::WITH_RANGE) {
            match self.learn(port, register::RANGE, Some(0), message::range)? {
                Ok(range) => {
                    port.note(&format!(
                        "archive since {}, clock {}",
                        Shown(range.hourly),
                        Shown(range.now)
                    ));
                    self.range = Some(range);
                }
                Err(3) => return Err(refused("date interval", 3)),
                Err(code) => port.note(&format!("date interval refused with {code}")),
            }
        }
        if let Some(range) = self.range {
            return Ok((range.now, Some(range)));
        }
        match self.clock {
            Some(clock) => Ok((clock, None)),
            None => Ok((self.read_clock(port)?.shown, None)),
        }
    }
}

fn on_the_hour(time: CivilTime) -> bool {
    time.minute == 0 && time.second == 0
}

/// Whether two readings of a clock are as far apart as the host's clock says.
fn runs_evenly(first: ClockReading, second: ClockReading) -> bool {
    let ms = |reading: ClockReading| {
        let time = reading.shown;
        calendar::hours(time) * 3_600_000 + (i64::from(time.minute) * 60 + i64::from(time.second)) * 1000
    };
    let drift: Instant = (ms(second) - ms(first)) - (second.at - first.at);
    drift.abs() <= i64::from(first.uncertainty_ms) + i64::from(second.uncertainty_ms)
}
