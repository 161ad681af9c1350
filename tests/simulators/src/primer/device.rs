//! A ПРИМЕР-1 in conversation: whole questions in, answers out.

use super::frame;
use super::ring::Ring;
use crate::civil;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

/// Codes of refusal (`examples/meter.md`, "Refusals").
const UNKNOWN: u8 = 1;
const WAS_OFF: u8 = 2;
const NOT_IN_RING: u8 = 3;
const NOT_ENDED: u8 = 4;

/// One meter.
pub struct Device {
    address: String,
    serial: u32,
    ring: Arc<Ring>,
    disguise: Option<Disguise>,
    buffer: Vec<u8>,
    requests: u64,
}

impl Device {
    pub fn new(address: u8, serial: u32, ring: Arc<Ring>) -> Self {
        Self {
            address: format!("{address:02}"),
            serial,
            ring,
            disguise: None,
            buffer: Vec::new(),
            requests: 0,
        }
    }

    fn answer(&self, question: &str) -> Option<Vec<u8>> {
        let command = question.strip_prefix(&self.address)?;
        let (sign, text) = match self.fields(command) {
            Ok(fields) => ('=', fields),
            Err(code) => ('!', code.to_string()),
        };
        Some(frame::answer(&format!("{question}{sign}{text}")))
    }

    fn fields(&self, command: &str) -> Result<String, u8> {
        let clock = || self.ring.clock.now().strftime("%Y-%m-%dT%H:%M:%S");
        match command {
            "I" => Ok(self.identity()),
            "T" => Ok(clock().to_string()),
            "C" => {
                let hour = self.ring.now();
                let (t1, t2, flow) = (shown(hour.t1, 2), shown(Some(hour.t2), 2), shown(Some(hour.volume), 3));
                Ok(format!("{};{t1};{t2};{flow}", clock()))
            }
            "S" => {
                let totals = self.ring.totals();
                let (heat, volume) = (shown(Some(totals.heat), 4), shown(Some(totals.volume), 3));
                Ok(format!("{};{heat};{volume};{}", clock(), totals.hours))
            }
            "R" => {
                let hours = self.ring.hours();
                if hours.is_empty() {
                    return Ok("-;-".to_owned());
                }
                Ok(format!("{};{}", label(hours.start + 1), label(hours.end)))
            }
            _ => self.hour(command.strip_prefix('H').ok_or(UNKNOWN)?),
        }
    }

    fn identity(&self) -> String {
        let model = match self.disguise {
            Some(Disguise::Model) => "PRIMER-2",
            _ => "PRIMER-1",
        };
        let other = u32::from(self.disguise == Some(Disguise::Serial));
        format!("{model};{:08};1.2", self.serial.wrapping_add(other))
    }

    fn hour(&self, argument: &str) -> Result<String, u8> {
        let end = DateTime::strptime("%Y-%m-%dT%H:%M", argument).map_err(|_| UNKNOWN)?;
        let number = civil::hour_of(end) - 1;
        if label(number + 1) != argument {
            return Err(UNKNOWN);
        }
        let hours = self.ring.hours();
        if number >= hours.end {
            return Err(NOT_ENDED);
        }
        if number < hours.start {
            return Err(NOT_IN_RING);
        }
        let hour = self.ring.hour(number).ok_or(WAS_OFF)?;
        let letters = hour.letters();
        let letters = if letters.is_empty() { "-" } else { &letters };
        let (t1, t2) = (shown(hour.t1, 2), shown(Some(hour.t2), 2));
        let (volume, heat) = (shown(Some(hour.volume), 3), shown(Some(hour.heat), 4));
        Ok(format!("{t1};{t2};{volume};{heat};{letters}"))
    }
}

/// A label of the ring by the number of the hour that begins there.
fn label(hour: i64) -> String {
    civil::civil_of_hour(hour).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// A number with so many decimals; the meter shows `-` where it has none.
fn shown(digits: Option<i64>, decimals: usize) -> String {
    let Some(digits) = digits else { return "-".to_owned() };
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0width$}", digits.unsigned_abs(), width = decimals + 1);
    let (whole, part) = text.split_at(text.len() - decimals);
    format!("{sign}{whole}.{part}")
}

impl Meter for Device {
    fn on_bytes(&mut self, _now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.buffer.extend_from_slice(bytes);
        let questions = frame::questions(&mut self.buffer);
        let replies: Vec<_> = questions.iter().filter_map(|question| self.answer(question)).collect();
        self.requests += replies.len() as u64;
        replies.into_iter().map(Reply::now).collect()
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.ring.clock.advance(seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimClock;
    use jiff::civil::datetime;

    #[test]
    fn a_meter_answers_as_its_page_says() {
        let clock = SimClock::fixed(datetime(2026, 2, 1, 10, 20, 30, 0));
        let ring = Ring {
            seed: 1,
            installed_hour: 0,
            clock: clock.clone(),
        };
        let mut device = Device::new(1, 12_345, Arc::new(ring));
        let mut ask = |question: &str| -> String {
            let replies = device.on_bytes(Duration::ZERO, &frame::answer(question));
            let bytes = replies.into_iter().flat_map(|reply| reply.bytes).collect();
            let text = String::from_utf8(bytes).unwrap();
            text.split('*').next().unwrap_or_default().to_owned()
        };
        assert_eq!(ask("01I"), "#01I=PRIMER-1;00012345;1.2");
        assert_eq!(ask("01T"), "#01T=2026-02-01T10:20:30");
        assert_eq!(ask("01R"), "#01R=2026-01-30T11:00;2026-02-01T10:00");
        assert_eq!(ask("02T"), "");
        for (question, refusal) in [
            ("01X", 1),
            ("01H2026-02-01T10:30", 1),
            ("01H2026-01-30T10:00", 3),
            ("01H2026-02-01T11:00", 4),
        ] {
            assert_eq!(ask(question), format!("#{question}!{refusal}"));
        }
        // Hours without power are refused, the others have five fields.
        let hours = (1..=48).map(|number| label(civil::hour_of(datetime(2026, 1, 30, 10, 0, 0, 0)) + number));
        let answers: Vec<_> = hours.map(|hour| ask(&format!("01H{hour}"))).collect();
        let (off, read): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.ends_with("!2"));
        assert!(!off.is_empty() && read.iter().all(|answer| answer.matches(';').count() == 4));
        assert_eq!(
            (shown(Some(-5), 2), shown(Some(12_345), 3)),
            ("-0.05".to_owned(), "12.345".to_owned())
        );
    }
}
