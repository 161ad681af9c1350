//! One session with one meter: who answers, and its registers, read once.

use uzel_driver_sdk::calendar::{DAY, reckon};
use uzel_driver_sdk::{CivilTime, ClockReading, Failure, Identity, Instant, Port};

use crate::config::{Config, Mode};
use crate::dataset::{self, Item, Set};
use crate::ident::Ident;
use crate::link::{Link, Readout};
use crate::model;
use crate::register::{self, Register};
use crate::settle::{Moving, is_open, settle};
use crate::trouble::Trouble;

/// Readouts that came whole, at most: more would not agree either.
const READOUTS_MAX: usize = 5;
/// What two readings of a clock may differ by besides the time between them.
const APART_MS: i64 = 2_500;
/// Date and time are two registers: so near to midnight they may be of two days.
const NEAR_MIDNIGHT_S: i64 = 3;
const PAST_MIDNIGHT_MS: u32 = 8_000;

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub link: Link,
    /// The sets of a readout or a telegram; none where only profiles are read.
    pub sets: Option<Vec<Set>>,
    /// What the clock showed at which host time, give or take milliseconds.
    pub clock: Option<ClockReading>,
    /// Periods of profiles that were seen, minutes.
    pub periods: Vec<(String, u32)>,
}

impl Session {
    /// Signs on, and takes the readout where it is wanted.
    pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Self, Identity), Failure> {
        if config.mode == Mode::Listen {
            return crate::push::identify(port, config);
        }
        let mut session = Self {
            link: Link::new(config),
            sets: None,
            clock: None,
            periods: Vec::new(),
        };
        let (ident, serial) = match session.link.config.readout {
            true => session.read_out(port)?,
            false => session.look(port)?,
        };
        session.link.known = Some(ident.text());
        let identity = Identity {
            model: model::of(&ident)?.to_owned(),
            serial,
            firmware: None,
            details: vec![
                ("identification".to_owned(), ident.text()),
                ("enhancements".to_owned(), ident.enhancements.clone()),
            ],
        };
        port.note(&format!(
            "{} serial {}",
            ident.text(),
            identity.serial.as_deref().unwrap_or("not given")
        ));
        Ok((session, identity))
    }

    /// Its registers.
    pub fn registers(&self) -> Result<Vec<Register>, Failure> {
        match &self.sets {
            Some(sets) => Ok(register::registers(sets)),
            None => Err(Failure::Unsupported(
                "the readout is switched off in the configuration".to_owned(),
            )),
        }
    }

    /// Takes readouts until they settle.
    fn read_out(&mut self, port: &mut dyn Port) -> Result<(Ident, Option<String>), Failure> {
        let mut readouts: Vec<Vec<Set>> = Vec::new();
        let mut clocks: Vec<ClockReading> = Vec::new();
        let mut failures = 0;
        loop {
            let (ident, sets) = match self.link.readout(port) {
                Ok((ident, readout)) => {
                    let mut sets = vec![whose(&ident)];
                    sets.extend(dataset::parse(&readout.text));
                    clocks.extend(clock(&readout, &sets));
                    (ident, sets)
                }
                Err(trouble) => {
                    self.fail(port, trouble, &mut failures)?;
                    continue;
                }
            };
            readouts.push(sets);
            let is_last = readouts.len() >= READOUTS_MAX;
            let Some(settled) = self.settled(&readouts) else {
                if is_last {
                    return Err(Failure::Garbled("no two readouts are alike".to_owned()));
                }
                continue;
            };
            self.clock = agreed(&clocks, self.link.proves());
            let is_clock_open = self.clock.is_none() && !clocks.is_empty();
            if !is_last && (is_clock_open || is_open(&readouts, &settled)) {
                continue;
            }
            let who = settled.first().and_then(|set| Ident::parse(&set.values.first()?.text));
            let ident = who.filter(|who| who.text() != ident.text()).unwrap_or(ident);
            let sets: Vec<Set> = settled.into_iter().skip(1).collect();
            let serial = register::serial(&register::registers(&sets));
            self.sets = Some(sets);
            return Ok((ident, serial));
        }
    }

    fn settled(&self, readouts: &[Vec<Set>]) -> Option<Vec<Set>> {
        if !self.link.proves() {
            return readouts.last().cloned();
        }
        let moving = if self.link.is_disturbed {
            Moving::None
        } else {
            Moving::Last
        };
        settle(readouts, moving)
    }

    /// Signs on to the programming mode and asks for the number alone.
    fn look(&mut self, port: &mut dyn Port) -> Result<(Ident, Option<String>), Failure> {
        let mut failures = 0;
        let ident = loop {
            match self.link.enter(port) {
                Ok(ident) => break ident,
                Err(trouble) => self.fail(port, trouble, &mut failures)?,
            }
        };
        model::of(&ident)?;
        let serial = self.ask_register(port, "0.0.0")?;
        Ok((ident, serial))
    }

    /// What the meter answers to a question for one register; none where it has no such one.
    fn ask_register(&mut self, port: &mut dyn Port, name: &str) -> Result<Option<String>, Failure> {
        let question = format!("{name}()");
        let mut judge = |answer: &str| about(answer, name);
        let answer = match self.link.ask(port, *b"R5", &question, &mut judge) {
            Ok(answer) => answer,
            Err(Trouble::Nak(_)) => return Ok(None),
            Err(trouble) => return Err(trouble.into()),
        };
        let sets = dataset::parse(&answer);
        let text = sets
            .first()
            .and_then(|set| set.values.first())
            .map(|item| item.text.clone());
        Ok(text.filter(|text| !text.is_empty() && dataset::error(&answer).is_none()))
    }

    /// Counts a failure; the error ends the session.
    fn fail(&mut self, port: &mut dyn Port, trouble: Trouble, failures: &mut u32) -> Result<(), Failure> {
        *failures += 1;
        if !trouble.may_pass() || *failures >= self.link.config.attempts.saturating_mul(2) {
            return Err(trouble.into());
        }
        self.link.is_disturbed = true;
        port.note(&format!("{trouble}; begun anew"));
        self.link.leave(port)?;
        Ok(())
    }

    /// The clock of the readout, or of two registers asked for.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        if let Some(reading) = self.clock {
            return Ok(reading);
        }
        let is_listened = self.link.config.mode == Mode::Listen;
        if is_listened || self.sets.is_some() {
            return Err(Failure::Unsupported("the readout shows no clock".to_owned()));
        }
        let mut reading = self.ask_clock(port)?;
        let of_day = reckon(reading.shown).rem_euclid(DAY);
        if !(NEAR_MIDNIGHT_S..DAY - NEAR_MIDNIGHT_S).contains(&of_day) {
            port.sleep(PAST_MIDNIGHT_MS);
            reading = self.ask_clock(port)?;
        }
        self.clock = Some(reading);
        Ok(reading)
    }

    fn ask_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let none = || Failure::Unsupported("the meter shows no clock".to_owned());
        let date = self.ask_register(port, "0.9.2")?.ok_or_else(none)?;
        let asked = port.now();
        // The clock goes on between two questions: it is not waited for that two answers are alike.
        let answer = self.ask_time(port)?;
        let heard = port.now();
        let sets = dataset::parse(&answer);
        let time = sets
            .first()
            .and_then(|set| set.values.first())
            .map(|item| item.text.as_str());
        let shown = time.and_then(|time| crate::stamp::date_and_time(&date, time));
        let shown = shown.ok_or_else(|| Failure::Refused(format!("the clock shows {date:?} {answer:?}")))?;
        Ok(between(shown, asked, heard))
    }

    fn ask_time(&mut self, port: &mut dyn Port) -> Result<String, Failure> {
        let verify = std::mem::replace(&mut self.link.config.verify, false);
        let answer = self
            .link
            .ask(port, *b"R5", "0.9.1()", &mut |answer| about(answer, "0.9.1"));
        self.link.config.verify = verify;
        answer.map_err(Failure::from)
    }

    /// What the meter's clock shows now, seconds; none where it has none.
    pub fn now(&mut self, port: &mut dyn Port) -> Result<Option<i64>, Failure> {
        match self.read_clock(port) {
            Ok(ClockReading { shown, at, .. }) => Ok(Some(reckon(shown) + port.now().saturating_sub(at) / 1_000)),
            Err(Failure::Unsupported(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// The identification as a set, so that it is settled with the rest.
fn whose(ident: &Ident) -> Set {
    let text = format!("/{}", ident.text());
    Set {
        id: "/".to_owned(),
        values: vec![Item {
            text,
            unit: String::new(),
        }],
    }
}

/// Whether an answer is about the register asked for.
fn about(answer: &str, name: &str) -> Result<(), String> {
    let sets = dataset::parse(answer);
    let id = sets.first().map(|set| set.id.as_str()).unwrap_or_default();
    let is_it = id.is_empty() || id == name || id.ends_with(&format!(":{name}"));
    if is_it || dataset::error(answer).is_some() {
        return Ok(());
    }
    Err(format!("an answer about {id:?} came, expected {name:?}"))
}

/// The clock of one readout. Date and time may be of two days when midnight fell into it; then it shows none.
fn clock(readout: &Readout, sets: &[Set]) -> Option<ClockReading> {
    let shown = register::clock(&register::registers(sets))?;
    let place = ["0.9.1(", "0.9.2(", "1.0.0("]
        .iter()
        .filter_map(|name| readout.text.find(name))
        .max()?;
    let reading = between(shown, readout.asked, readout.heard(place));
    let spread_s = i64::from(reading.uncertainty_ms) * 2 / 1_000;
    let of_day = reckon(shown).rem_euclid(DAY);
    let is_apart = readout.text.contains("0.9.2(") && !(spread_s..DAY - spread_s).contains(&of_day);
    (!is_apart).then_some(reading)
}

/// A clock that was shown at some time between two.
pub fn between(shown: CivilTime, asked: Instant, heard: Instant) -> ClockReading {
    let half = heard.saturating_sub(asked).max(0) / 2;
    ClockReading {
        shown,
        at: asked.saturating_add(half),
        uncertainty_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(1_000),
    }
}

/// The last clock that another agrees with.
fn agreed(clocks: &[ClockReading], proves: bool) -> Option<ClockReading> {
    let (last, before) = clocks.split_last()?;
    let ahead = |reading: &ClockReading| reckon(reading.shown).saturating_mul(1_000).saturating_sub(reading.at);
    let agrees = |other: &ClockReading| {
        let apart = ahead(other).saturating_sub(ahead(last)).abs();
        apart <= APART_MS + i64::from(other.uncertainty_ms) + i64::from(last.uncertainty_ms)
    };
    (!proves || before.iter().any(agrees)).then_some(*last)
}
