//! The meter's clock: 060 and 061 show it, 020 and 021 set it.

use uzel_driver_sdk::{CivilTime, ClockReading, Failure, Instant, Port};

use crate::message;
use crate::session::Session;
use crate::stamp::date_and_time;
use crate::trouble::Trouble;
use uzel_driver_sdk::calendar::{DAY, civil, seconds};

const DATE: u16 = 60;
const TIME: u16 = 61;
const SET_DATE: u16 = 20;
const SET_TIME: u16 = 21;
/// Date and time are two values: near midnight they may be of two days.
const NEAR_MIDNIGHT_S: i64 = 5;
const PAST_MIDNIGHT_MS: u32 = 12_000;
/// How far a clock that was set may be from what was asked for, seconds: the answers of a slow line take as long.
const HELD_S: i64 = 10;

impl Session {
    /// What the clock shows.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let mut reading = self.clock_once(port)?;
        let of_day = seconds(reading.shown).unwrap_or(0).rem_euclid(DAY);
        if !(NEAR_MIDNIGHT_S..DAY - NEAR_MIDNIGHT_S).contains(&of_day) {
            port.sleep(PAST_MIDNIGHT_MS);
            reading = self.clock_once(port)?;
        }
        self.shown = Some((reading.shown, reading.at));
        Ok(reading)
    }

    fn clock_once(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let asked = message::ask_parameters(&[(0, DATE), (0, TIME)]);
        let (fields, sent, heard) = self.link.ask(port, &asked, |answer| {
            message::parameters(&asked, &answer.blocks).map(|fields| (fields, answer.sent, answer.heard))
        })?;
        let shown = match fields.as_slice() {
            [date, time] => date_and_time(&date.value, &time.value),
            _ => None,
        };
        let shown = shown.ok_or_else(|| {
            let said: Vec<_> = fields.iter().map(|field| field.value.clone()).collect();
            Failure::Refused(format!("the clock shows {:?}", said.join(" ")))
        })?;
        let trip_ms = heard.saturating_sub(sent).max(0);
        Ok(ClockReading {
            shown,
            at: sent.saturating_add(trip_ms / 2),
            uncertainty_ms: u32::try_from(trip_ms / 2).unwrap_or(u32::MAX).saturating_add(1_000),
        })
    }

    /// What the clock shows now, seconds of its own scale: read once a session, counted on from there.
    pub fn clock_now(&mut self, port: &mut dyn Port) -> Result<i64, Failure> {
        let (shown, at) = match self.shown {
            Some(known) => known,
            None => {
                let reading = self.read_clock(port)?;
                (reading.shown, reading.at)
            }
        };
        Ok(since(shown, at, port.now()))
    }

    /// Sets the clock and reads it again. Each value is sent once: said again, a time would be wrong by then.
    pub fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        let from = port.now();
        let before = self.read_clock(port)?.shown;
        self.shown = None;
        let target = since(to, from, port.now());
        let CivilTime { year, month, day, .. } = civil(target);
        if (before.year, before.month, before.day) != (year, month, day) {
            self.say(port, SET_DATE, &format!("{day:02}-{month:02}-{:02}", year % 100))?;
        }
        let now = civil(since(to, from, port.now()));
        self.say(
            port,
            SET_TIME,
            &format!("{:02}-{:02}-{:02}", now.hour, now.minute, now.second),
        )?;
        let after = self.read_clock(port)?;
        let (shown, want) = (seconds(after.shown).unwrap_or(0), since(to, from, after.at));
        if (shown - want).abs() <= HELD_S {
            return Ok(());
        }
        let (shown, want) = (after.shown, civil(want));
        Err(Failure::Refused(format!(
            "the clock shows {shown:?} after it was set, expected {want:?}"
        )))
    }

    /// Gives a parameter a value once. Without an answer it may have come through: reading again decides.
    fn say(&mut self, port: &mut dyn Port, number: u16, text: &str) -> Result<(), Failure> {
        let asked = message::write(number, None, text);
        match self
            .link
            .ask_once(port, &asked, |answer| message::written(&asked, &answer.blocks))
        {
            Ok(None) => Ok(()),
            Ok(Some(said)) => Err(Failure::Refused(format!(
                "the meter says {said:?} to {number:03} {text}"
            ))),
            Err(Trouble::Silent | Trouble::Garbled(_)) => Ok(()),
            Err(trouble) => Err(trouble.into()),
        }
    }
}

/// Meter time `now`, when it was `shown` at host time `at`.
fn since(shown: CivilTime, at: Instant, now: Instant) -> i64 {
    seconds(shown).unwrap_or(0) + now.saturating_sub(at) / 1_000
}
