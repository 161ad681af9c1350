//! The readout: link reset or selection, then telegram by telegram until the meter has no more (EN 13757-2).
//!
//! The frame count bit tells the meter whether to go on or to repeat. After a reset it is 1; it changes for the next
//! telegram and stays for a repetition. That is also how a telegram is proved: it is asked for again with the same
//! bit until two answers are equal.

use uzel_driver_sdk::{Failure, Instant, Port};

use crate::address::{SELECTED, Target};
use crate::config::Config;
use crate::data::Coding;
use crate::frame;
use crate::header::Header;
use crate::judge;
use crate::link::{Link, Trouble, complaint};
use crate::radio::Listener;
use crate::record::Record;
use crate::search::{self, Found};
use crate::telegram::Telegram;
use crate::verify;

/// Telegrams of a readout at most: a meter that never ends is cut here.
const MAX_TELEGRAMS: usize = 64;
/// Control information: data for the meter.
const CI_DATA: u8 = 0x51;
/// Control information: application reset, with the code of a set of data behind it.
const CI_RESET: u8 = 0x50;
/// Different answers to one request that are gathered before they are compared record by record: on a clean line a
/// meter that does not repeat itself is the reason, on a disturbed one it takes more.
const READS_CLEAN: usize = 3;
const READS_SUSPECT: usize = 5;

/// One telegram and the host's time when it was first asked for and when it came.
#[derive(Debug)]
pub struct Answer {
    pub telegram: Telegram<'static>,
    pub asked: Instant,
    pub came: Instant,
}

/// What has been read of a meter in this session.
#[derive(Debug)]
pub struct Readout {
    target: Target,
    config: Config,
    link: Link,
    frame_count_bit: bool,
    last_frame: Vec<u8>,
    answers: Vec<Answer>,
    /// The meter repeats itself, or sends without end: what it has beyond is out of reach.
    cut: bool,
    /// Whether the meters that fit the secondary address have been looked for.
    searched: bool,
}

/// How a request for the next telegram ended.
enum Next {
    Telegram(Answer, Vec<u8>),
    /// The meter gave the one before again, as often as it was asked.
    Repeats,
}

impl Readout {
    /// Nothing is read yet.
    pub fn new(config: Config, target: Target) -> Self {
        Self {
            link: Link::new(config.timeout_ms),
            target,
            config,
            frame_count_bit: true,
            last_frame: Vec::new(),
            answers: Vec::new(),
            cut: false,
            searched: false,
        }
    }

    /// The telegrams read so far.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// All records read so far, in their order.
    pub fn records(&self) -> Vec<Record<'static>> {
        let records = self.answers.iter().flat_map(|answer| &answer.telegram.records);
        records.cloned().collect()
    }

    /// Whether the meter has shown all that it has to show, and all of it for certain.
    pub fn is_whole(&self) -> bool {
        let mut records = self.answers.iter().flat_map(|answer| &answer.telegram.records);
        !self.cut && !self.more() && records.all(|record| record.coding != Coding::Unsettled)
    }

    /// Whether the meter can be spoken to at all: by radio it is only listened to.
    pub fn is_wired(&self) -> bool {
        !self.config.receiver
    }

    /// Whether the meter is spoken to by its secondary address.
    pub fn is_selected(&self) -> bool {
        self.target.address == SELECTED
    }

    fn more(&self) -> bool {
        self.answers.last().is_none_or(|answer| answer.telegram.more)
    }

    /// Reads the first telegram, or with `all` every one. What is read already is not read again.
    pub fn read(&mut self, port: &mut dyn Port, all: bool) -> Result<(), Failure> {
        if self.config.receiver {
            return self.listen(port);
        }
        if self
            .target
            .secondary
            .is_some_and(|secondary| secondary.has_open_digits())
        {
            self.search(port)?;
        }
        let mut trouble = Trouble::Silent;
        for _ in 0..self.config.attempts {
            let is_first = self.answers.is_empty();
            trouble = match self.go_on(port, all) {
                Ok(()) => return Ok(()),
                Err(Trouble::Fatal(failure)) => return Err(failure),
                Err(trouble) => trouble,
            };
            if is_first && self.answers.is_empty() {
                // Damaged answers of the first telegram may be those of several meters with this number.
                self.search(port)?;
            }
            // Meter and driver may differ about the frame count bit now: begin anew.
            self.answers.clear();
            self.last_frame.clear();
            self.link.drain(port)?;
        }
        Err(trouble.into())
    }

    /// Waits for a telegram by radio, unless one has come.
    fn listen(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let Some(meter) = self.target.secondary.filter(|_| self.answers.is_empty()) else {
            return Ok(());
        };
        let listener = Listener {
            meter: &meter,
            context: &self.config.context,
            verify: self.config.verify,
            listen_ms: i64::from(self.config.listen_s) * 1_000,
        };
        self.answers.push(listener.listen(port)?);
        Ok(())
    }

    /// Looks for the meters that fit the secondary address, once: there must be one, and its number is used from then
    /// on.
    fn search(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let Some(pattern) = self.target.secondary.filter(|_| self.is_selected() && !self.searched) else {
            return Ok(());
        };
        self.searched = true;
        match search::find(&mut self.link, port, pattern)? {
            Found::One(narrowed) => {
                self.target.secondary = Some(narrowed);
                Ok(())
            }
            Found::Several(failure) => Err(failure),
            // Whose number is known is asked again, as often as configured.
            Found::Nobody | Found::Unclear if !pattern.has_open_digits() => Ok(()),
            Found::Nobody => Err(Failure::NoAnswer),
            Found::Unclear => Err(Failure::Garbled(format!(
                "answers of meters that fit {pattern} are damaged and cannot be told apart"
            ))),
        }
    }

    fn go_on(&mut self, port: &mut dyn Port, all: bool) -> Result<(), Trouble> {
        if self.answers.is_empty() {
            self.open(port)?;
            self.frame_count_bit = true;
            self.next(port)?;
        }
        while all && self.more() && !self.cut {
            if self.answers.len() >= MAX_TELEGRAMS {
                port.note("64 telegrams and no end: the rest is left");
                self.cut = true;
                break;
            }
            self.frame_count_bit = !self.frame_count_bit;
            self.next(port)?;
        }
        Ok(())
    }

    /// Resets the link, or selects the meter anew. What was read is forgotten: it may not hold any more.
    pub fn begin_anew(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        self.answers.clear();
        self.last_frame.clear();
        self.open(port).map_err(Failure::from)
    }

    /// Sends the meter `data` (CI 51), once, as the first frame behind [`Self::begin_anew`].
    pub fn send(&mut self, port: &mut dyn Port, data: &[u8]) -> Result<(), Failure> {
        // The first frame behind a reset carries the frame count bit 1.
        let request = frame::long(frame::SND_UD | frame::FCB, self.target.address, CI_DATA, data);
        self.link.acknowledged(port, &request).map_err(Failure::from)
    }

    /// Makes the meter listen, and tells it which set of data to give where one is configured.
    fn open(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        self.address(port)?;
        if let Some(set) = self.config.data_set {
            self.choose(port, &[set])?;
            // So that the frame count bit is known again.
            self.address(port)?;
        }
        Ok(())
    }

    /// Application reset: with the code of a set, or without for what the meter usually gives.
    fn choose(&mut self, port: &mut dyn Port, set: &[u8]) -> Result<(), Trouble> {
        let request = frame::long(frame::SND_UD | frame::FCB, self.target.address, CI_RESET, set);
        self.command(port, &request, "application reset")
    }

    /// Resets the link of a meter with a primary address; deselects all and selects one with a secondary address.
    fn address(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let reset = frame::short(frame::SND_NKE, self.target.address);
        if self.target.address != SELECTED {
            return self.command(port, &reset, "link reset");
        }
        // Only a meter that was selected answers, so silence is as good.
        match self.link.acknowledged(port, &reset) {
            Err(Trouble::Fatal(failure)) => return Err(Trouble::Fatal(failure)),
            _ => port.note("deselected"),
        }
        match self.target.secondary {
            Some(secondary) => self.command(port, &secondary.select(), "selected"),
            None => Ok(()),
        }
    }

    fn command(&mut self, port: &mut dyn Port, request: &[u8], done: &str) -> Result<(), Trouble> {
        let mut trouble = Trouble::Silent;
        for _ in 0..self.config.attempts {
            match self.link.acknowledged(port, request) {
                Ok(()) => {
                    port.note(done);
                    return Ok(());
                }
                Err(Trouble::Fatal(failure)) => return Err(Trouble::Fatal(failure)),
                Err(Trouble::Silent) => self.link.distrust(),
                Err(garbled) => trouble = garbled,
            }
        }
        // A meter that says nothing at all is not there: to begin anew would only take time.
        Err(match trouble {
            Trouble::Silent => Trouble::Fatal(Failure::NoAnswer),
            trouble => trouble,
        })
    }

    /// Reads the next telegram and proves it.
    fn next(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        match self.prove(port)? {
            Next::Telegram(answer, frame) => {
                self.answers.push(answer);
                self.last_frame = frame;
            }
            Next::Repeats => {
                port.note("the meter repeats its telegram instead of the next: the rest is out of reach");
                self.cut = true;
            }
        }
        Ok(())
    }

    fn prove(&mut self, port: &mut dyn Port) -> Result<Next, Trouble> {
        let asked = port.now();
        let mut reads: Vec<(Vec<u8>, Telegram<'static>)> = Vec::new();
        let mut repeats = 0;
        loop {
            let (frame, telegram) = self.fetch(port)?;
            if frame == self.last_frame {
                repeats += 1;
                if repeats >= self.config.attempts {
                    return Ok(Next::Repeats);
                }
                continue;
            }
            let is_proved = !self.config.verify || reads.iter().any(|(other, _)| *other == frame);
            let came = port.now();
            if is_proved {
                return Ok(Next::Telegram(Answer { telegram, asked, came }, frame));
            }
            reads.push((frame.clone(), telegram));
            if reads.len() >= 2 {
                // One of the two may be false and have a late copy, which must not come to prove it.
                self.link.drain(port)?;
            }
            let enough = if self.link.is_suspect() {
                READS_SUSPECT
            } else {
                READS_CLEAN
            };
            if reads.len() >= enough {
                let telegrams: Vec<_> = reads.into_iter().map(|(_, telegram)| telegram).collect();
                let what = "answers to one request differ: a meter that always goes on is read with verify = false";
                let telegram = verify::settle(&telegrams, self.link.is_suspect())
                    .ok_or_else(|| Trouble::Garbled(what.to_owned()))?;
                port.note("answers differ, settled record by record");
                return Ok(Next::Telegram(Answer { telegram, asked, came }, frame));
            }
        }
    }

    /// One whole telegram of the right meter; the request is repeated with the same frame count bit.
    fn fetch(&mut self, port: &mut dyn Port) -> Result<(Vec<u8>, Telegram<'static>), Trouble> {
        let bit = if self.frame_count_bit { frame::FCB } else { 0 };
        let request = frame::short(frame::REQ_UD2 | bit, self.target.address);
        let mut trouble = Trouble::Silent;
        let mut refused_before: Vec<u8> = Vec::new();
        for _ in 0..self.config.attempts {
            let frame = match self.link.response(port, &request) {
                Ok(frame) => frame,
                Err(Trouble::Fatal(failure)) => return Err(Trouble::Fatal(failure)),
                Err(Trouble::Silent) => {
                    self.link.distrust();
                    continue;
                }
                Err(garbled) => {
                    trouble = garbled;
                    continue;
                }
            };
            let failure = match judge::judge(&frame, &self.target, &self.config.context, self.first_header()) {
                Ok(telegram) => {
                    port.note(&self.describe(&telegram));
                    return Ok((frame, telegram));
                }
                Err(failure) => failure,
            };
            port.note(complaint(&failure));
            // The same bytes again are what the meter means; a fault of its records may yet be one of the line.
            let is_meant = frame == refused_before;
            trouble = match failure {
                Failure::Garbled(what) if !is_meant => Trouble::Garbled(what),
                failure if is_meant => return Err(Trouble::Fatal(failure)),
                failure => Trouble::Fatal(failure),
            };
            refused_before = frame;
        }
        Err(trouble)
    }

    /// The header of the first telegram.
    fn first_header(&self) -> Option<&Header> {
        self.answers.first()?.telegram.header.as_ref()
    }

    fn describe(&self, telegram: &Telegram<'_>) -> String {
        let (number, count) = (self.answers.len() + 1, telegram.records.len());
        let more = if telegram.more { ", more follow" } else { "" };
        let id = telegram.header.as_ref().map_or("", |header| header.id.as_str());
        format!("telegram {number} of {id}: {count} records{more}")
    }

    /// Has the meter give again what it usually gives, and deselects it, so that it answers nobody who means another one.
    pub fn close(&mut self, port: &mut dyn Port) {
        if self.is_wired() && self.config.data_set.is_some() {
            // Nobody waits for the outcome: the session is over.
            let _ = self.address(port).and_then(|()| self.choose(port, &[]));
        }
        if self.target.address == SELECTED {
            // Nobody waits for the outcome: the session is over.
            let _ = self.link.acknowledged(port, &frame::short(frame::SND_NKE, SELECTED));
        }
    }
}
